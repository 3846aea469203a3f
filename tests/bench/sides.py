"""The two sides of the comparison, with the same verbs: settle on a version, release another."""

from __future__ import annotations

from typing import Protocol

from tests.e2e.probes import Probe


class Side(Protocol):
    """One way to release podinfo through the bed's Traefik."""

    name: str
    service: str
    """The weighted TraefikService that splits users' requests."""
    namespace: str
    """Where the app runs."""

    def install(self, image: str) -> None:
        """Have this version serve, with nothing under way."""

    def settle(self, image: str) -> None:
        """Come to rest on a good version, as quickly as it can be done; not measured."""

    def begin(self, image: str) -> None:
        """Ask for a release."""

    def ended(self) -> bool | None:
        """Whether it was promoted; None while it goes on."""

    def is_canary(self, member: str) -> bool:
        """Whether a member of the weighted list is the version that is being released."""

    def processes(self) -> tuple[str, ...]:
        """What the command lines of its processes contain, for their cost."""

    def user(self, rate: float) -> Probe:
        """Somebody who asks the app through Traefik at a constant rate."""

    def remove(self) -> None:
        """Leave nothing."""
