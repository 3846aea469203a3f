"""The program on a real cluster, through the real CLI: what a user does and sees."""
