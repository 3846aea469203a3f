"""What a look finds about a run that another driver carries out, or carried out until it died."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from canary.adapters.process.lease import LeaseForm
from canary.core.record import Phase, Record
from canary.errors import PreflightError
from canary.inputs import live_text
from canary.preflight import Doors, Findings, look
from tests.config.readers import (
    OWNER,
    VERSION,
    AskedPrometheus,
    StoredCluster,
    serving,
    traefik_pod,
)
from tests.config.samples import loaded
from tests.fakes.clock import FakeClock

FORM = LeaseForm(namespace="test", name="canary-1", owner=OWNER, holder="process 7 on build")
RUN = Record(
    owner=OWNER,
    run="dev-1",
    phase=Phase.PROGRESSING,
    primary=VERSION,
    canary="9876543210",
    weight_percent=10,
    lease=FORM.reference,
)
HELD = (
    "run dev-1 is under way: process 7 on build has held it since 2023-11-14T22:13:20.000000Z and "
    "is alive; nothing was touched"
)
ENDED = "run dev-1 ended in Progressing at 10 %"


class Stage:
    """A run, and its Lease; what is waited for costs no time."""

    def __init__(self, record: Record = RUN) -> None:
        self.clock = FakeClock()
        self.cluster = StoredCluster(objects=serving(record), pods=[traefik_pod()])
        self.renew(0.0)

    def renew(self, at_s: float, run: str = "dev-1") -> None:
        """Let the Lease say that its holder vouched for the run just now."""
        since_s = self.clock.epoch_s
        body = FORM.body({run}, acquired_s=since_s, renewed_s=since_s + at_s)
        self.cluster.objects[FORM.path] = body

    def renew_at(self, at_s: float) -> None:
        """The same, once it is so late."""
        self.clock.on_tick.append(lambda now_s: self.renew(at_s) if now_s >= at_s else None)

    def look(self) -> Findings:
        doors = Doors(cluster=self.cluster, prometheus=AskedPrometheus())
        return look(loaded(), lambda: doors, owner=OWNER, clock=self.clock)

    def live(self) -> Any:
        return self.look().live["podinfo"]


def test_who_carries_out_a_run_is_told_and_nothing_is_called_damage() -> None:
    stage = Stage()
    stage.renew_at(2.0)
    found = stage.look()
    assert found.held == (f"podinfo: {HELD}",)
    live = found.live["podinfo"]
    assert (live["held"], live["damage"]) == (HELD, "")
    assert live_text(live, VERSION) == HELD
    assert stage.clock.now_s() < 3.0


def test_a_held_run_stops_an_update_and_no_preview() -> None:
    stage = Stage()
    stage.renew_at(2.0)
    found = stage.look()
    found.demand_none(preview=True)
    with pytest.raises(PreflightError) as caught:
        found.demand_none()
    assert str(caught.value) == f"podinfo: {HELD}"


def test_a_run_without_a_sign_of_life_is_to_be_repaired() -> None:
    stage = Stage()
    live = stage.live()
    assert (live["held"], live["damage"]) == ("", ENDED)
    assert live_text(live, VERSION).startswith(f"{ENDED}: repaired first, all traffic goes to")
    assert stage.clock.now_s() == 4.0


def test_the_look_ends_in_time_whatever_was_asked_before_it() -> None:
    stage = Stage()
    doors = Doors(cluster=stage.cluster, prometheus=AskedPrometheus())

    def slow_login() -> Doors:
        stage.clock.advance(3.0)
        return doors

    look(loaded(), slow_login, owner=OWNER, clock=stage.clock)
    assert stage.clock.now_s() == 4.0


@pytest.mark.parametrize("lease", ["gone", "another run's", "none"])
def test_what_nobody_vouches_for_is_not_waited_for(lease: str) -> None:
    stage = Stage(replace(RUN, lease="") if lease == "none" else RUN)
    if lease == "another run's":
        stage.renew(0.0, run="dev-2")
    else:
        del stage.cluster.objects[FORM.path]
    live = stage.live()
    assert (live["held"], live["damage"]) == ("", ENDED)
    assert stage.clock.now_s() == 0.0


def test_an_app_at_rest_is_nobodys_although_its_last_driver_is_alive() -> None:
    stage = Stage(replace(RUN, phase=Phase.SUCCEEDED, weight_percent=0))
    stage.renew_at(2.0)
    found = stage.look()
    assert (found.held, found.live["podinfo"]["damage"]) == ((), "")
