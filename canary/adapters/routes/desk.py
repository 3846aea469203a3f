"""The operators' side of a record: which apps there are, and how a run is asked for something.

An order is an annotation beside the record. It is written by compare-and-swap, is bound to the run
that was under way, and is gone once the run has obeyed it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from canary.adapters.cluster.kubernetes import Cluster
from canary.adapters.routes.lists import APP_LABEL, MANAGER_LABEL, ORDER, RECORD, Object
from canary.core.orders import Order
from canary.core.record import Record
from canary.errors import ConflictError, OrderError
from canary.ports import Clock

_GROUP = "/apis/traefik.io/v1alpha1"
_ATTEMPTS = 5
LOOK_S = 0.25


@dataclass(frozen=True, slots=True, kw_only=True)
class App:
    """An app as the cluster has it."""

    name: str
    namespace: str
    record: Record
    resource_version: str

    @property
    def path(self) -> str:
        """The API path of its TraefikService."""
        return f"{_GROUP}/namespaces/{self.namespace}/traefikservices/{self.name}"


def apps(cluster: Cluster, *, name: str = "", namespace: str = "") -> list[App]:
    """Every app, or those of this name, in a namespace or in all, by namespace and name.

    Raises:
        ClusterError: they cannot be read.
    """
    where = f"/namespaces/{namespace}" if namespace else ""
    selector = f"{MANAGER_LABEL}=canary" + (f",{APP_LABEL}={name}" if name else "")
    found = cluster.list_(f"{_GROUP}{where}/traefikservices", label_selector=selector)
    known = [app for body in found if (app := _app(body)) is not None]
    return sorted(known, key=lambda app: (app.namespace, app.name))


def only(cluster: Cluster, *, name: str, namespace: str = "") -> App:
    """The one app of this name.

    Raises:
        OrderError: there is none, or there are several.
        ClusterError: they cannot be read.
    """
    found = apps(cluster, name=name, namespace=namespace)
    if len(found) == 1:
        return found[0]
    where = f"in namespace {namespace}" if namespace else "in any namespace"
    if not found:
        raise OrderError(f"there is no app {name} {where}; `python -m canary status` lists all")
    places = ", ".join(app.namespace for app in found)
    raise OrderError(f"there are apps {name} in {places}: say which with --namespace")


def reread(cluster: Cluster, app: App) -> App:
    """The app as it is now.

    Raises:
        OrderError: it is gone.
        ClusterError: it cannot be read.
    """
    body = cluster.find(app.path)
    now = _app(body) if body else None
    if now is None:
        raise OrderError(f"app {app.name} in namespace {app.namespace} is gone")
    return now


def place(cluster: Cluster, app: App, order: Order) -> Order:
    """Write the order for the run that is under way; the order as written.

    Raises:
        OrderError: no run is under way, or another one than `app` tells of.
        ClusterError: it cannot be written.
    """
    order = replace(order, run=app.record.run)
    order = replace(order, text=order.to_json())
    for attempt in range(_ATTEMPTS):
        _demand_run(app, order.run)
        change = {
            "metadata": {
                "annotations": {ORDER: order.text},
                "resourceVersion": app.resource_version,
            }
        }
        try:
            cluster.patch(app.path, change)
        except ConflictError:
            if attempt + 1 == _ATTEMPTS:
                raise
            app = reread(cluster, app)  # the run wrote at that moment
        else:
            break
    return order


def obeyed(cluster: Cluster, app: App, order: Order, clock: Clock, within_s: float) -> App:
    """The app once its run has obeyed.

    Raises:
        OrderError: it did not in time, or ended before.
        ClusterError: it cannot be read.
    """
    deadline_s = clock.now_s() + within_s
    while (now := reread(cluster, app)).record.obeyed != order.text:
        if now.record.run != order.run or not now.record.unfinished:
            raise OrderError(f"run {order.run} ended before it could {order.verb}")
        if clock.now_s() >= deadline_s:
            raise OrderError(
                f"run {order.run} has not confirmed within {within_s:.0f} s: look at its terminal; "
                "if its `pulumi up` died, the next one repairs, and the order stays until then"
            )
        clock.wait(LOOK_S)
    return now


def _demand_run(app: App, run: str) -> None:
    if app.record.run != run or not app.record.unfinished:
        image = app.record.images.get(app.record.primary, app.record.primary) or "nothing"
        raise OrderError(f"no run of {app.name} is under way; {image} serves")


def _app(body: Object) -> App | None:
    """What a TraefikService tells; None for the lists that hold no record."""
    metadata = body["metadata"]
    try:
        record = Record.from_json((metadata.get("annotations") or {})[RECORD])
    except (ValueError, TypeError, KeyError, AttributeError):
        return None
    return App(
        name=str(metadata["name"]),
        namespace=str(metadata["namespace"]),
        record=record,
        resource_version=str(metadata["resourceVersion"]),
    )
