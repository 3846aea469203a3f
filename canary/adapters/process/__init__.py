"""The provider's process: its sign of life, who drives it, and what so many runs need of it."""
