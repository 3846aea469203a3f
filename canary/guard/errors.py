"""What the guard raises on purpose; the package's own tree is not at hand in the cluster."""

from __future__ import annotations


class ApiError(Exception):
    """The API server refused (`status`) or did not answer (0)."""

    def __init__(self, what: str, status: int = 0) -> None:
        super().__init__(f"{what}: {status or 'no answer'}")
        self.status = status


class TakenOver(Exception):
    """Somebody else decides about the app from now on."""
