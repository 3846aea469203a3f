"""The tests; the embedded cluster that they use is in `bed`."""
