"""What comes from outside, spoilt: no traceback, no hang, no secret in what is said about it."""
