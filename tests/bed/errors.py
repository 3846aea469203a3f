"""The bed's one error: a sentence for the person at the terminal."""


class BedError(Exception):
    """The bed cannot do what was asked; the message is one line that says what to do."""
