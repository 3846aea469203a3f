"""The dynamic resources: stateless shells around the engine.

`check` and `diff` do no I/O. What Pulumi keeps in its state is a reference to these classes by the
module's path: moving them breaks existing stacks unless a re-export stays here.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import pulumi
from pulumi.dynamic import (
    CheckResult,
    ConfigureRequest,
    CreateResult,
    DiffResult,
    ReadResult,
    Resource,
    ResourceProvider,
    UpdateResult,
)

from canary import wiring
from canary.adapters.outlets.enginelog import EngineLog, request_urn
from canary.adapters.process.orphan import Calls
from canary.adapters.process.room import SMALL, make_room
from canary.adapters.process.thrift import be_thrifty
from canary.errors import CanaryError
from canary.inputs import AS_RECORDED, live_text, parse

PROVIDER_KEY = "__provider"
KUBECONFIG = "canary:kubeconfig"
ALERT_ADDRESSES = "canary:alertAddresses"

_calls = Calls()

_Result = TypeVar("_Result")


class _Shell(ResourceProvider):
    """What both resources share; free of attributes."""

    serialize_as_secret_always = False

    def configure(self, req: ConfigureRequest) -> None:
        """Hand over what is kept as a secret, which may not become an input, and make room.

        Every call begins here, so neither a Diff nor a run ever waits for a run.
        """
        be_thrifty()
        if not make_room() and _calls.crowded:
            EngineLog(sys.argv[-1], request_urn()).say(SMALL, warning=True)
        kubeconfig, addresses = req.config.get(KUBECONFIG), req.config.get(ALERT_ADDRESSES)
        wiring.trust(str(kubeconfig or ""), str(addresses or ""))

    def diff(self, _id: str, olds: dict[str, Any], news: dict[str, Any]) -> DiffResult:
        """Whether any input is another one; `live` counts when it contradicts the state."""
        changed = _plain(olds) != _plain(news) or news.get("live", AS_RECORDED) != AS_RECORDED
        moved = [key for key in ("app", "namespace") if olds.get(key) != news.get(key)]
        return DiffResult(changes=changed, replaces=moved, delete_before_replace=False)


class RolloutProvider(_Shell):
    """Carries out gated traffic shifts."""

    def check(self, olds: dict[str, Any], news: dict[str, Any]) -> CheckResult:
        """Reduce what was read live to one line: what contradicts the state, if anything does."""
        live = news.get("live")
        if isinstance(live, Mapping):
            news = {**news, "live": live_text(live, str(olds.get("version") or ""))}
        return CheckResult(news, [])

    def create(self, props: dict[str, Any]) -> CreateResult:
        """Route everything to the first version once it is ready."""
        outs = cleanly(lambda: wiring.first_release(parse(props)))
        return CreateResult(
            id_=f"{props['namespace']}/{props['app']}", outs={**_echo(props), **outs}
        )

    def update(self, _id: str, _olds: dict[str, Any], news: dict[str, Any]) -> UpdateResult:
        """Run the gated shift, or raise after all traffic is back on the primary."""
        outs = cleanly(lambda: wiring.release(parse(news)))
        return UpdateResult(outs={**_echo(news), **outs})

    def read(self, id_: str, props: dict[str, Any]) -> ReadResult:
        """Report what contradicts the state; never write."""
        live = cleanly(lambda: wiring.live(parse(props)))
        text = live_text(live, str(props.get("version") or ""))
        return ReadResult(id_, {**_plain(props), "live": text})

    def delete(self, _id: str, props: dict[str, Any]) -> None:
        """Remove the route and what runs left behind."""
        cleanly(lambda: wiring.remove(parse(props)))


class RetirementProvider(_Shell):
    """Keeps a version from being deleted while it serves."""

    def create(self, props: dict[str, Any]) -> CreateResult:
        """Only remember."""
        return CreateResult(
            id_=f"{props['namespace']}/{props['app']}-{props['version']}", outs=_echo(props)
        )

    def update(self, _id: str, _olds: dict[str, Any], news: dict[str, Any]) -> UpdateResult:
        """Only remember."""
        return UpdateResult(outs=_echo(news))

    def delete(self, _id: str, props: dict[str, Any]) -> None:
        """Wait until nothing routes to the version and its requests have ended, or raise."""
        cleanly(lambda: wiring.retire(parse(props)))


class Rollout(Resource, module="canary", name="Rollout"):
    """An app's traffic. Its update is a canary release.

    `props`: app, namespace, stack, owner, image, version, podTemplate, release, access (see
    `canary.inputs`) and live (what preflight read). Outputs: the same, and `primary`.
    """

    image: pulumi.Output[str]
    version: pulumi.Output[str]
    primary: pulumi.Output[str]

    def __init__(
        self, name: str, *, props: Mapping[str, Any], opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__(RolloutProvider(), name, {**props, "primary": None}, opts)


class Retirement(Resource, module="canary", name="Retirement"):
    """Stands between a version and its deletion. Declare it as depending on the version's objects.

    `props`: those of the Rollout without podTemplate and live.
    """

    def __init__(
        self, name: str, *, props: Mapping[str, Any], opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__(RetirementProvider(), name, dict(props), opts)


def cleanly(action: Callable[[], _Result]) -> _Result:
    """Run `action`; errors raised on purpose become one line, bugs keep their traceback.

    Every BaseException becomes an Exception: Pulumi's server never answers a SystemExit.
    """
    try:
        with _calls.one():
            return action()
    except CanaryError as error:
        sys.tracebacklimit = 0
        notes = "".join(f" ({note})" for note in getattr(error, "__notes__", ()))
        raise _bare(type(error))(f"{error}{notes}") from None
    except Exception:
        sys.tracebacklimit = 1000
        raise
    except BaseException as error:
        raise RuntimeError(f"the provider was stopped: {type(error).__name__}") from error


def _bare(kind: type[CanaryError]) -> type[Exception]:
    """An exception of the same name that prints as `Rejected: …`, without a module."""
    return type(kind.__name__, (Exception,), {"__module__": "builtins"})


def _plain(props: Mapping[str, Any]) -> dict[str, Any]:
    hidden = {PROVIDER_KEY, "live", "primary"}
    return {key: value for key, value in props.items() if key not in hidden and value is not None}


def _echo(props: Mapping[str, Any]) -> dict[str, Any]:
    return {**_plain(props), "live": AS_RECORDED}
