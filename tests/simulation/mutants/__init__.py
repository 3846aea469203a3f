"""Planted bugs: what the swarm must notice."""
