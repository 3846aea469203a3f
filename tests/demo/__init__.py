"""The demonstration that `make demo` shows, and the pictures that are taken of it."""
