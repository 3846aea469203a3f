"""What a release comes to when a part of the machinery dies: `python -m tests.chaos`."""
