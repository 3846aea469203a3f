"""The outside world, one port a module; every error of a library is translated here."""
