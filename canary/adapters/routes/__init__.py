"""Where an app's requests go: the lists and record that say so, and what Traefik makes of them."""
