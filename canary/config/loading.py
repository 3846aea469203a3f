"""From the stack file's `canary:` keys to one model, or all that is wrong with them at once.

Rules between fields need valid fields. So when some are not, those are taken out, the rest is read
again, and the rules are asked about that: what they conclude from a field that was taken out is
dropped.
"""

from __future__ import annotations

import copy
import itertools
import json
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from canary.config.problems import NAMESPACE, Path, Problem, place, problems_of
from canary.config.rules import broken_rules
from canary.config.stack import StackConfig
from canary.errors import ConfigError

# For required fields that are missing or wrong, so that the rest of their app is still looked at.
_STAND_INS = {"image": "stand-in", "host": "stand-in.invalid", "namespace": "stand-in"}
_TEXT_KEYS = frozenset({"kubeconfig"})  # may look like JSON, but is a document of its own


def load(raw: Mapping[str, Any]) -> StackConfig:
    """Read the `canary` namespace of a stack's configuration: {"apps": {...}, "traefik": {...}}.

    Raises:
        ConfigError: with every problem, each with its path; never with a value of a secret.
    """
    config, problems = _read(raw)
    if config is not None and not problems:
        problems = list(broken_rules(config))
    elif problems:
        problems += _further_problems(raw)
    if config is None or problems:
        raise ConfigError(tuple(dict.fromkeys(str(problem) for problem in problems)))
    return config


def decoded(config: Mapping[str, str]) -> dict[str, Any]:
    """The `canary` namespace out of Pulumi's flat configuration, objects parsed from JSON.

    `config` has keys such as "canary:apps", as `pulumi.runtime.config.CONFIG` and the provider's
    `configure` have it.
    """
    own = f"{NAMESPACE}:"
    keys = {key.removeprefix(own): text for key, text in config.items() if key.startswith(own)}
    return {key: text if key in _TEXT_KEYS else _parsed(text) for key, text in keys.items()}


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text  # a plain text: the model says what it should be


def _read(raw: Mapping[str, Any]) -> tuple[StackConfig | None, list[Problem]]:
    try:
        return StackConfig.model_validate(dict(raw), by_alias=True, by_name=False), []
    except ValidationError as error:
        return None, problems_of(error)


def _further_problems(raw: Mapping[str, Any]) -> list[Problem]:
    rest, taken_out = copy.deepcopy(dict(raw)), list[Path]()
    for _round in range(10):  # a stand-in may be needed for what was taken out
        try:
            config = StackConfig.model_validate(rest, by_alias=True, by_name=False)
        except ValidationError as error:
            # Each path once: for a second problem of one list it would seem to be missing.
            details = error.errors(include_input=False)
            for path in dict.fromkeys(_before_lists(place(detail)) for detail in details):
                taken_out.append(_take_out(rest, path))
        else:
            return [p for p in broken_rules(config) if not _concluded_from(p, taken_out)]
    return []


def _before_lists(path: Path) -> tuple[str, ...]:
    """Up to the first list: no list is taken apart, since the indexes of the rest would move."""
    return tuple(str(part) for part in itertools.takewhile(lambda p: isinstance(p, str), path))


def _take_out(rest: dict[str, Any], path: tuple[str, ...]) -> Path:
    """Remove what is at `path`, or its parent if nothing is there; returns what was removed."""
    *way, last = path
    here: Any = rest
    for part in way:
        if isinstance(here, dict) and part not in here:
            return path  # gone with another problem
        here = here[part] if isinstance(here, dict) else None
    if not isinstance(here, dict):  # a short form: what it stands for is a mapping
        return _take_out(rest, path[:-1])
    if len(path) == 3 and path[0] == "apps" and last in _STAND_INS:
        here[last] = _STAND_INS[last]
    elif last in here:
        del here[last]
    else:
        return _take_out(rest, path[:-1])
    return path


def _concluded_from(problem: Problem, taken_out: list[Path]) -> bool:
    fields = problem.involved or (problem.path,)
    return any(
        gone[: len(field)] == field or field[: len(gone)] == gone
        for gone in taken_out
        for field in fields
    )
