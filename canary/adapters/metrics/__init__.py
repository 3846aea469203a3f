"""What Prometheus knows of a run: counters, and queries of the user's own."""
