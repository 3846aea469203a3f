"""The API server: who we are to it, what it is asked, and how everything behind it is reached."""
