"""Tests of what the program declares."""
