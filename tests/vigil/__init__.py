"""What the guard costs: its looks at many apps, over TLS, from the files that its pod mounts."""
