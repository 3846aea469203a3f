"""What a look at the cluster came to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from canary.errors import PreflightError

Object = dict[str, Any]


class Reader(Protocol):
    """The API server, read-only; raises ClusterError."""

    def find(self, path: str) -> Object | None:
        """One object, None when there is none."""

    def list_(
        self, path: str, *, label_selector: str = "", field_selector: str = ""
    ) -> list[Object]:
        """The items of a collection."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """Everything that was found, each text one line.

    `problems` stop the operation; `warnings` do not, and what the stack will create is no finding.
    `held` says who carries out which run, `denied` what the deployer may not do, and `miswritten`
    which query no run could use: these stop an update but no preview. `adopted` says what of
    somebody else's is taken over.
    `live` tells by app key what serves: {} when nothing is routed yet, else primary, canary,
    phase, weight, run, apex, `held` and `damage`, one line about what is not as it is at rest.
    """

    problems: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    adopted: tuple[str, ...] = ()
    held: tuple[str, ...] = ()
    denied: tuple[str, ...] = ()
    miswritten: tuple[str, ...] = ()
    live: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def demand_none(self, *, preview: bool = False) -> None:
        """Pass if there is no problem, and nothing that stops an update unless it is a preview.

        Raises:
            PreflightError: with every problem.
        """
        update = () if preview else (*self.held, *self.denied, *self.miswritten)
        problems = (*self.problems, *update)
        if problems:
            raise PreflightError(problems)


def merged(parts: Iterable[Findings]) -> Findings:
    """All findings as one, each text once."""
    every = list(parts)
    return Findings(
        problems=_once(text for part in every for text in part.problems),
        warnings=_once(text for part in every for text in part.warnings),
        adopted=_once(text for part in every for text in part.adopted),
        held=_once(text for part in every for text in part.held),
        denied=_once(text for part in every for text in part.denied),
        miswritten=_once(text for part in every for text in part.miswritten),
        live={key: live for part in every for key, live in part.live.items()},
    )


def _once(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(texts))
