"""Takes out what the configuration's own models and rules refuse, and says so in their words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from pydantic import BaseModel, ValidationError

from canary.config.problems import Path, Problem, model_at, path_text, problems_of
from canary.config.rules import broken_rules
from canary.config.stack import StackConfig
from canary.convert.documents import mapping
from canary.convert.draft import Draft
from canary.convert.known import CONSEQUENCES, ESSENTIAL, brief
from canary.convert.remarks import Kind
from canary.errors import ConvertError

# Names that lead nowhere (RFC 2606).
PLACEHOLDERS: Final = {
    "image": "set-the-image.invalid/app:0",
    "host": "set-the-host.invalid",
    "namespace": "default",
}
_MOST_ROUNDS: Final = 100
_STAND_IN: Final = "https://stand-in.invalid/"


def placeholder(field: str, key: str) -> str:
    """What stands in a required field of an app until a person has set it; no two share a host."""
    return f"{key}.{PLACEHOLDERS[field]}" if field == "host" else PLACEHOLDERS[field]


def settle(draft: Draft) -> StackConfig:
    """Remove from the draft, with a remark each, all that could not be loaded; load the rest.

    Raises:
        ConvertError: what is left cannot be loaded either.
    """
    for _round in range(_MOST_ROUNDS):
        config, problems = _read(draft.raw)
        if config is not None and not problems:
            return config
        for path, texts in _removals(draft.raw, problems):
            _remove(draft, path, "; ".join(texts))
    raise ConvertError(
        "cannot be converted: " + "; ".join(str(problem) for problem in _read(draft.raw)[1])
    )


def _read(raw: Mapping[str, Any]) -> tuple[StackConfig | None, list[Problem]]:
    try:
        config = StackConfig.model_validate(_with_addresses(raw), by_alias=True, by_name=False)
    except ValidationError as error:
        return None, problems_of(error)
    return config, list(broken_rules(config))


def _with_addresses(raw: Mapping[str, Any]) -> dict[str, Any]:
    """A person sets the addresses, as secrets; until then something must stand in for them."""
    providers = mapping(raw.get("alertProviders")).items()
    own = {name: _STAND_IN for name, body in providers if "secretRef" not in mapping(body)}
    return {**raw, "alertAddresses": own} if own else dict(raw)


def _removals(
    raw: Mapping[str, Any], problems: list[Problem]
) -> Iterator[tuple[Path, tuple[str, ...]]]:
    """What to take out for which reasons; later list elements first, so that indexes stay true."""
    found: dict[Path, list[str]] = {}
    for problem in problems:
        target = _target(raw, problem.path)
        below = problem.path[len(target) :]
        where = f"{path_text(below).partition(':')[2]}: " if below else ""
        found.setdefault(target, []).append(where + brief(problem.text))
    outermost = [path for path in found if not any(path[:n] in found for n in range(len(path)))]
    for path in sorted(outermost, key=_order, reverse=True):
        yield path, tuple(dict.fromkeys(found[path]))


def _order(path: Path) -> tuple[tuple[int, str], ...]:
    return tuple((part, "") if isinstance(part, int) else (-1, part) for part in path)


def _target(raw: Mapping[str, Any], path: Path) -> Path:
    """The least that can be taken out to be rid of a problem at `path`."""
    for length in range(len(path), 1, -1):
        candidate = path[:length]
        if _exists(raw, candidate) and _removable(candidate):
            return candidate
    return path[:1]


def _exists(raw: Any, path: Path) -> bool:
    here = raw
    for part in path:
        held: Any = dict(enumerate(here)) if isinstance(here, list) else here
        if not isinstance(held, dict) or part not in held:
            return False
        here = held[part]
    return True


def _removable(path: Path) -> bool:
    *way, last = path
    if isinstance(last, int):  # an element that stands for itself; not one of a list of numbers
        return model_at(StackConfig, path) is not None
    if path[0] == "apps" and len(path) == 3 and last in PLACEHOLDERS:
        return True
    if pattern(path[2:]) in ESSENTIAL:
        return False
    model = model_at(StackConfig, tuple(way))
    return model is None or not _required(model, last)


def _required(model: type[BaseModel], key: str) -> bool:
    fields = model.model_fields.items()
    return any(field.is_required() for name, field in fields if key == (field.alias or name))


def _remove(draft: Draft, path: Path, text: str) -> None:
    *way, last = path
    here: Any = draft.raw
    for part in way:
        here = here[part]
    place, value = draft.source(path), here[last]
    if path[0] == "apps" and len(path) == 3 and last in PLACEHOLDERS:
        here[last] = placeholder(str(last), str(path[1]))
        draft.say(Kind.MISSING, place, f"{text}; set {path_text(path)}")
        return
    del here[last]
    draft.forget(path)
    if value or isinstance(last, int):  # false, 0 and empty say nothing
        draft.say(Kind.DROPPED, place, _with_consequence(path, text))


def _with_consequence(path: Path, text: str) -> str:
    consequence = CONSEQUENCES.get(pattern(path[2:]), "")
    return f"{text}; {consequence}" if consequence else text


def pattern(path: Path) -> str:
    """A path in which any index is as good as another: analysis.metrics[].name."""
    return "".join("[]" if isinstance(part, int) else f".{part}" for part in path).removeprefix(".")
