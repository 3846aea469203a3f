"""Whole runs of the real engine in a simulated, faulty world."""
