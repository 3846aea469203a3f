"""Canary releases on Kubernetes and Traefik, carried out by `pulumi up`."""
