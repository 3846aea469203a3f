"""Who is told of a run and asked about it: screen, Events, files, alerts and webhooks."""
