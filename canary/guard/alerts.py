"""Alerts: tells people elsewhere of a restore, or that none can be, in a run's own form.

In a thread for each provider, and after the traffic: an endpoint that is slow, wrong or gone costs
no restore anything. An address is a secret: it is read when something is to be sent, from the one
Secret that the configuration names, and appears in no text.
"""

from __future__ import annotations

import http.client
import json
import logging
import queue
import threading
import time
import urllib.error
import urllib.request
from base64 import b64decode
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlsplit

from canary.adapters.outlets.alertforms import Look, body_of
from canary.core.notice import Notice, Severity
from canary.guard import decisions
from canary.guard.api import Api
from canary.guard.errors import ApiError
from canary.guard.station import CORE, App

TIMEOUT_S = 5.0  # for each of connecting, sending and waiting
PAUSES_S = (1.0, 2.0)  # before the second attempt and the third
FINISH_S = 5.0  # how long the pod's end waits for what is not sent yet
WAITING = 1000  # notices for one provider

log = logging.getLogger("guard")


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One alert of an app; whatever its least severity, a restore is as urgent as can be."""

    alert: str
    provider: str
    look: Look
    secret: str
    key: str

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> Target:
        """As the configuration's mount tells it."""
        kept = told["secret"]
        look = Look(type=told["type"], channel=told["channel"], username=told["username"])
        return cls(
            alert=told["alert"],
            provider=told["provider"],
            look=look,
            secret=f"{CORE.format(kept['namespace'])}/secrets/{kept['name']}",
            key=kept["key"],
        )


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """An address that redirects is a wrong address."""

    def redirect_request(self, *_: object) -> None:
        """Follow none."""


class Outlet:
    """Sends one provider's notices in order; while that fails, each is tried once, quietly."""

    def __init__(self, api: Api, pause: Callable[[float], object]) -> None:
        self._api = api
        self._pause = pause
        self._failing = False
        self._ended = threading.Event()
        self._waiting: queue.Queue[tuple[Target, Notice] | None] = queue.Queue(WAITING)
        self._thread = threading.Thread(target=self._work, daemon=True)
        self._thread.start()

    def tell(self, target: Target, notice: Notice) -> None:
        """Send it soon."""
        try:
            self._waiting.put_nowait((target, notice))
        except queue.Full:
            self._complain(target, "too many wait already")

    def finish(self, within_s: float) -> None:
        """Wait until all is sent, at most so long; what is left then is dropped."""
        with suppress(queue.Full):  # then there is no hope
            self._waiting.put_nowait(None)
            self._thread.join(within_s)
        self._ended.set()

    def _work(self) -> None:
        while (waiting := self._waiting.get()) is not None and not self._ended.is_set():
            self._deliver(*waiting)

    def _deliver(self, target: Target, notice: Notice) -> None:
        why, again = self._attempt(target, notice)
        for pause_s in () if self._failing else PAUSES_S:
            if not why or not again:
                break
            self._pause(pause_s)
            why, again = self._attempt(target, notice)
        if why and not self._failing:
            self._complain(target, why)
        self._failing = bool(why)

    def _complain(self, target: Target, why: str) -> None:
        log.warning("alert %s does not reach provider %s: %s", target.alert, target.provider, why)

    def _attempt(self, target: Target, notice: Notice) -> tuple[str, bool]:
        """Why it failed, "" if it did not, and whether another attempt may help."""
        try:
            address = self._address(target)
            return _posted(address, body_of(notice, target.look, target.alert))
        except ApiError as error:
            return f"its address cannot be read: {error}", error.status != 403
        except Exception as error:  # noqa: BLE001  a bug in here must not end the thread
            return f"could not be sent: {type(error).__name__}", False

    def _address(self, target: Target) -> str:
        data = self._api.call("GET", target.secret).get("data") or {}
        return b64decode(str(data[target.key])).decode().strip()


def _posted(address: str, body: Mapping[str, Any]) -> tuple[str, bool]:
    """Nothing of the answer is told, nor of an error: either may quote the address."""
    if urlsplit(address).scheme not in {"http", "https"}:
        return "its address is not one of http or https", False
    request = urllib.request.Request(  # noqa: S310 - looked at just now
        address,
        data=json.dumps(body).encode(),
        headers={"Content-Type": "application/json", "User-Agent": "canary-guard"},
    )
    try:
        with urllib.request.build_opener(_NoRedirects).open(request, timeout=TIMEOUT_S):
            return "", False
    except urllib.error.HTTPError as error:
        error.close()
        return f"answered {error.code}", error.code == 429 or error.code >= 500
    except (OSError, http.client.HTTPException) as error:
        return f"no answer ({type(error).__name__})", True


@dataclass(slots=True, kw_only=True)
class Alerts:
    """Every app's targets, by namespace and name; each provider's thread begins when it is needed.

    `connect` opens a connection to the API server for one of them.
    """

    connect: Callable[[], Api]
    targets: Mapping[tuple[str, str], tuple[Target, ...]] = field(default_factory=dict)
    pause: Callable[[float], object] = time.sleep
    outlets: dict[tuple[str, str], Outlet] = field(default_factory=dict)

    @classmethod
    def of(cls, text: str, api: Api) -> Alerts:
        """As the mount tells them: JSON, by app."""
        targets: dict[tuple[str, str], tuple[Target, ...]] = {}
        for told in json.loads(text):
            key = (told["namespace"], told["app"])
            targets[key] = (*targets.get(key, ()), Target.of(told))
        return cls(connect=lambda: replace(api), targets=targets)

    def restored(self, app: App) -> None:
        """Tell of a restore; `app` is as it was written."""
        self._tell(app, notice_of(app))

    def kept(self, app: App) -> None:
        """Tell that nobody restores, because there is nothing to go back to."""
        self._tell(app, notice_of_kept(app))

    def _tell(self, app: App, notice: Notice) -> None:
        for target in self.targets.get(app.key, ()):
            place = (target.secret, target.key)
            if place not in self.outlets:
                self.outlets[place] = Outlet(self.connect(), self.pause)
            self.outlets[place].tell(target, notice)

    def finish(self) -> None:
        """Wait for all that is still to be sent, to every provider at the same time."""
        _finish(self.outlets.values(), time.monotonic() + FINISH_S)


def _finish(outlets: Iterable[Outlet], until_s: float) -> None:
    for outlet in outlets:
        outlet.finish(max(0.0, until_s - time.monotonic()))


def notice_of(app: App) -> Notice:
    """What is told of a restore."""
    told = _notice(app, f"{app.record['reason']}; all traffic is back on")
    return replace(told, outcome="restored by guard", text=f"{told.text} {told.from_image}")


def notice_of_kept(app: App) -> Notice:
    """What is told where the weights stay; the run is not over."""
    weight = app.record.get("weight")
    return replace(
        _notice(app, decisions.kept(app.record)),
        weight_percent=weight if isinstance(weight, int) else None,
    )


def _notice(app: App, text: str) -> Notice:
    record = app.record
    return Notice(
        severity=Severity.ERROR,
        app=app.name,
        namespace=app.namespace,
        run=str(record.get("run", "")),
        phase=str(record["phase"]),
        from_image=decisions.image_of(record, str(record["primary"])),
        to_image=decisions.image_of(record, str(record.get("canary", ""))),
        text=text,
    )
