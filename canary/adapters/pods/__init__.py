"""The pods behind an app's versions, and everything that decides how many there are."""
