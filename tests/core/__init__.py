"""Tests of the pure core: timelines, tables and properties."""
