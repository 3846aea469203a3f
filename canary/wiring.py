"""The composition root: from a resource's inputs to ports, and from there into the engine.

`trust` is called once per process with what is kept as a secret, which may never be an input.
"""

from __future__ import annotations

import os
import sys
import threading
import uuid
from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypedDict

from canary import access, engine
from canary.adapters.clock import SystemClock
from canary.adapters.cluster.kubernetes import Cluster
from canary.adapters.metrics.counters import PrometheusMetrics
from canary.adapters.metrics.readings import PrometheusReadings
from canary.adapters.outlets.alerts import Alerts
from canary.adapters.outlets.enginelog import EngineLog, request_urn
from canary.adapters.outlets.eventhooks import EventHooks
from canary.adapters.outlets.events import ClusterEvents
from canary.adapters.outlets.history import RolloutHistory
from canary.adapters.outlets.hooks import Sender, WebHooks
from canary.adapters.outlets.journal import LINE, Audience, EngineJournal
from canary.adapters.outlets.reports import ReportFiles
from canary.adapters.pods.autoscalers import ClusterAutoscalers
from canary.adapters.pods.fleet import ClusterFleet
from canary.adapters.process.driver import EngineDriver
from canary.adapters.process.heartbeat import TIMEOUT_S, LeaseHeartbeat, LeaseKeeper
from canary.adapters.process.lease import LeaseHolders
from canary.adapters.routes.affinity import Affinity
from canary.adapters.routes.apex import ApexService
from canary.adapters.routes.claim import Claim
from canary.adapters.routes.lists import Lists, Shield
from canary.adapters.routes.router import ClusterRouter
from canary.addresses import targets
from canary.config import SessionAffinity
from canary.core.notices import Bulletin
from canary.custom import custom_checks
from canary.errors import CanaryError
from canary.hooking import hooks_of, muted
from canary.inputs import Inputs
from canary.planning import plan_of
from canary.ports import Ports
from canary.redaction import one_line
from canary.shared import Shared, Sharing

_secrets = {"kubeconfig": "", "alert addresses": ""}
_keepers: dict[Hashable, LeaseKeeper] = {}  # one for each namespace in which this process runs
_keepers_lock = threading.Lock()
_sharing = Sharing()


def trust(kubeconfig: str, alert_addresses: str = "") -> None:
    """Remember for this process a kubeconfig's contents, and alert addresses as a JSON object."""
    _secrets.update({"kubeconfig": kubeconfig, "alert addresses": alert_addresses})


def release(inputs: Inputs) -> dict[str, Any]:
    """Carry out one update; the outputs beside the echoed inputs.

    Raises:
        CanaryError: the version was not promoted, or nothing could be begun.
    """
    with _wired(inputs) as wired:
        plan = plan_of(
            inputs.app,
            scrape_interval_s=inputs.config.prometheus.scrape_interval,
            bucket_edges_s=inputs.config.traefik.bucket_edges_s,
            custom=custom_checks(inputs.app, inputs.config.metric_templates, inputs.version),
        )
        record = engine.release(_request(inputs, wired.run), plan, wired.ports)
        return {"primary": record.primary}


def first_release(inputs: Inputs) -> dict[str, Any]:
    """Carry out a create; what a failed one made is removed again.

    Raises:
        CanaryError: the version did not become ready, or nothing could be begun.
    """
    try:
        return release(inputs)
    except BaseException as error:
        _abandon(inputs, error)
        raise


def _abandon(inputs: Inputs, error: BaseException) -> None:
    """Remove what a create made before it failed; a second failure never hides the first."""
    try:
        with _wired(inputs) as wired:
            tidy = engine.abandon(inputs.owner, wired.ports)
    except CanaryError as also:
        error.add_note(f"could not tidy up: {also}")
        return
    if tidy and inputs.app.adopt:
        error.add_note("what was to be taken over serves as before")


def retire(inputs: Inputs) -> None:
    """Return once the version may be deleted.

    Raises:
        StillServing: it may not.
    """
    with _wired(inputs) as wired:
        engine.retire(inputs.version, inputs.app.drain, wired.ports)


def remove(inputs: Inputs) -> None:
    """Delete the route, the apex's selector and the kept reports, if they are ours."""
    with _wired(inputs) as wired:
        engine.remove(wired.ports)
        wired.history.remove()


def live(inputs: Inputs) -> dict[str, Any]:
    """What serves now, for `canary.inputs.live_text`; {} without a route."""
    with _wired(inputs) as wired:
        return engine.live(wired.ports)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wired:
    run: str
    ports: Ports
    history: RolloutHistory
    journal: EngineJournal


@dataclass(frozen=True, slots=True, kw_only=True)
class _Own:
    """What is of this run alone; `cluster` has its fence."""

    cluster: Cluster
    driver: EngineDriver
    heartbeat: LeaseHeartbeat
    clock: SystemClock


class _Ours(TypedDict):
    """Of which app, and for whom, an adapter writes."""

    app: str
    namespace: str
    owner: str
    claim: Claim


@contextmanager
def _wired(inputs: Inputs) -> Iterator[_Wired]:
    with (
        _sharing.one(inputs.config, _secrets["kubeconfig"]) as shared,
        shared.tick.run() as turn,
        _begun(inputs, shared, SystemClock(turn.left_s)) as wired,
    ):
        yield wired


@contextmanager
def _begun(inputs: Inputs, shared: Shared, clock: SystemClock) -> Iterator[_Wired]:
    cluster = shared.cluster.fellow(shared.lists)
    driver = EngineDriver(sys.argv[-1])
    run = f"{inputs.stack}-{uuid.uuid4().hex[:8]}"
    heartbeat = LeaseHeartbeat(_keeper(inputs), run)
    cluster.fence(heartbeat.demand)
    try:
        wired = _wire(
            inputs, shared, _Own(cluster=cluster, driver=driver, heartbeat=heartbeat, clock=clock)
        )
        try:
            yield wired
        finally:
            wired.journal.close()  # while its Events still find an open connection
    finally:
        heartbeat.close()
        driver.close()


def _keeper(inputs: Inputs) -> LeaseKeeper:
    """The process's Lease in the app's namespace; it has its own connection, with less patience."""
    key = (inputs.owner, inputs.namespace, inputs.config.kubernetes)
    with _keepers_lock:
        if key not in _keepers:
            _keepers[key] = LeaseKeeper(
                lambda: access.cluster(inputs.config, _secrets["kubeconfig"], timeout_s=TIMEOUT_S),
                namespace=inputs.namespace,
                owner=inputs.owner,
            )
        return _keepers[key]


def _wire(inputs: Inputs, shared: Shared, own: _Own) -> _Wired:
    cluster, clock = own.cluster, own.clock
    app, namespace, owner = inputs.app_name, inputs.namespace, inputs.owner
    history = RolloutHistory(cluster, app=app, namespace=namespace, owner=owner)
    events = ClusterEvents(cluster, app=app, namespace=namespace, wall_s=clock.wall_s)
    hooks, sender = hooks_of(inputs, cluster), _sender(inputs, shared)
    log = EngineLog(sys.argv[-1], request_urn())
    audience = Audience(
        events=events,
        hooks=EventHooks(hooks, sender, inputs.version, clock.wall_s),
        files=ReportFiles.wanted(os.environ),
        history=history.keep,
        alerts=_alerts(inputs, cluster, clock, log),
    )
    journal = EngineJournal(log, clock, audience)
    router = _router(inputs, shared, cluster)
    ours: _Ours = {"app": app, "namespace": namespace, "owner": owner, "claim": router.claim}
    ports = Ports(
        router=router,
        apex=ApexService(cluster, **ours),
        fleet=ClusterFleet(cluster, **ours, wall_s=cluster.wall_s),
        autoscalers=ClusterAutoscalers(cluster, **ours),
        metrics=PrometheusMetrics(shared.samples, namespace, app, inputs.app.service.port),
        readings=PrometheusReadings(shared.prometheus, clock),
        hooks=WebHooks(hooks, sender, clock),
        driver=own.driver,
        heartbeat=own.heartbeat,
        holders=LeaseHolders(cluster),
        clock=clock,
        journal=journal,
    )
    return _Wired(run=own.heartbeat.run, ports=ports, history=history, journal=journal)


def _alerts(inputs: Inputs, cluster: Cluster, clock: SystemClock, log: EngineLog) -> Alerts:
    return Alerts(
        targets(inputs, _secrets["alert addresses"], cluster),
        Bulletin(app=inputs.app_name, namespace=inputs.namespace, muted=muted(inputs)),
        lambda line: log.say(one_line(line, LINE), warning=True),
        clock,
    )


def _router(inputs: Inputs, shared: Shared, cluster: Cluster) -> ClusterRouter:
    shield = inputs.app.shield
    lists = Lists(
        app=inputs.app_name,
        namespace=inputs.namespace,
        owner=inputs.owner,
        port=inputs.app.service.port,
        shield=Shield(status=shield.status, max_request_body_bytes=shield.max_request_body_bytes)
        if inputs.app.shielded
        else None,
        mirrored_body_bytes=shield.max_request_body_bytes,
        picked=inputs.app.analysis.iterations is not None,
        picked_shielded=bool(inputs.app.analysis.match) and inputs.app.shielded,
        affinity=_affinity(inputs.app.analysis.session_affinity),
        adopts=inputs.app.adopts("TraefikService"),
    )
    return ClusterRouter(cluster, lists, shared.traffic)


def _affinity(wanted: SessionAffinity | None) -> Affinity | None:
    if wanted is None:
        return None
    return Affinity(
        name=wanted.cookie_name,
        max_age_s=wanted.max_age,
        path=wanted.path,
        domain=wanted.domain or "",
        same_site=wanted.same_site or "",
        secure=wanted.secure,
        http_only=wanted.http_only,
    )


def _sender(inputs: Inputs, shared: Shared) -> Sender:
    return Sender(
        app=inputs.app_name,
        namespace=inputs.namespace,
        reach=shared.hooks,
        unverified=shared.hooks.unverified,
    )


def _request(inputs: Inputs, run: str) -> engine.Request:
    return engine.Request(
        app=inputs.app_name,
        namespace=inputs.namespace,
        owner=inputs.owner,
        run=run,
        version=inputs.version,
        image=inputs.image,
    )
