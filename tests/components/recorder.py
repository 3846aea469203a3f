"""Runs a piece of program against a monitor that writes down what is declared."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi.runtime import mocks as pulumi_mocks
from pulumi.runtime import rpc, set_mocks

from canary import program
from canary.config import load
from canary.render import render_version

STACK = "test"


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared:
    """One registration, as the engine would get it."""

    type: str
    name: str
    inputs: dict[str, Any]
    parent: str
    urn: str
    depends_on: frozenset[str]
    provider: str
    retained: bool

    @property
    def kind(self) -> str:
        """The last part of the type token."""
        return self.type.rpartition(":")[2]


class _Created(pulumi_mocks.Mocks):
    def call(self, _args: pulumi_mocks.MockCallArgs) -> tuple[dict[str, Any], None]:
        raise AssertionError("the program calls no function of a provider")

    def new_resource(self, args: pulumi_mocks.MockResourceArgs) -> tuple[str, dict[str, Any]]:
        computed = {"owner": "0" * 32} if args.typ.endswith(":Identity") else {}
        return f"{args.name}-id", {**args.inputs, **computed}


class _Monitor(pulumi_mocks.MockMonitor):
    def __init__(self) -> None:
        super().__init__(_Created())
        self.declared: list[Declared] = []

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802 - gRPC's name
        answer = super().RegisterResource(request)  # type: ignore[no-untyped-call] # Pulumi's mocks are untyped
        if request.type != "pulumi:pulumi:Stack":
            self.declared.append(
                Declared(
                    type=request.type,
                    name=request.name,
                    inputs=rpc.deserialize_properties(request.object),
                    parent=request.parent,
                    urn=answer.urn,
                    depends_on=frozenset(request.dependencies),
                    provider=request.provider,
                    retained=request.retainOnDelete,
                )
            )
        return answer


class Declarations:
    """What was declared, to be asked about."""

    def __init__(self, declared: list[Declared]) -> None:
        self._declared = declared

    def __iter__(self) -> Iterator[Declared]:
        return iter(self._declared)

    def all(self, kind: str) -> list[Declared]:
        """Every resource of a kind."""
        return [item for item in self._declared if item.kind == kind]

    def one(self, kind: str, object_name: str = "") -> Declared:
        """The only resource of a kind, or the one whose object has this name."""
        found = [
            item
            for item in self.all(kind)
            if not object_name or item.inputs["metadata"]["name"] == object_name
        ]
        assert len(found) == 1, f"{len(found)} {kind} {object_name}"
        return found[0]

    def pods(self) -> dict[str, dict[str, Any]]:
        """The pod template of every Deployment by its object's name."""
        return {
            item.inputs["metadata"]["name"]: item.inputs["spec"]["template"]
            for item in self.all("Deployment")
        }

    def before(self, item: Declared) -> set[str]:
        """The URNs of all that `item` directly or indirectly depends on."""
        by_urn = {other.urn: other for other in self._declared}
        seen: set[str] = set()
        waiting = [*item.depends_on]
        while waiting:
            urn = waiting.pop()
            if urn not in seen and urn in by_urn:
                seen.add(urn)
                waiting += by_urn[urn].depends_on
        return seen


def stack(settings: Mapping[str, Any], live: Mapping[str, Any] | None = None) -> Declarations:
    """Declare what a stack file with these `canary:` keys asks for, when `live` serves."""
    config = load(settings)
    rendered = {key: render_version(app) for key, app in config.apps.items()}
    return declared(lambda: program.built(config, rendered, live or {}))


def declared(run: Callable[[], Any]) -> Declarations:
    """Run a piece of program to its end and return what it declared."""
    monitor = _Monitor()
    set_mocks(_Created(), project="canary", stack=STACK, preview=False, monitor=monitor)
    to_the_end: Callable[[Callable[[], None]], Callable[[], None]] = pulumi.runtime.test
    to_the_end(lambda: run() and None)()
    return Declarations(monitor.declared)
