"""What a stack declares: one ComponentResource a file."""
