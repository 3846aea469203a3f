"""Pure release logic: no I/O, no clock, no random number."""
