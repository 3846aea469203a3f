"""Many runs in one process, against fake servers in another: what they cost, and how punctual."""
