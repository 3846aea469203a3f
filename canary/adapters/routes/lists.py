"""An app's traffic as TraefikServices: what a record looks like written down, and read back.

Pure: the plain weighted list, the shielded one with a failover in the canary's place, that
failover, the mirror in the primary's place of both, and two lists for requests that a rule picks.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from canary.adapters.routes.adoption import is_adopted, settle, taken_over
from canary.adapters.routes.affinity import Affinity
from canary.core.record import BASELINE, Record

API_VERSION = "traefik.io/v1alpha1"
RECORD = "canary.rollout/record"
OWNER = "canary.rollout/owner"
RUN = "canary.rollout/run"
ORDER = "canary.rollout/order"
APP_LABEL = "app.kubernetes.io/name"
MANAGER_LABEL = "app.kubernetes.io/managed-by"
VERSION_LABEL = "app.kubernetes.io/version"

Object = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shield:
    """Which of the canary's answers the primary gives instead, and up to which request body."""

    status: tuple[str, ...] = ("500-599",)
    max_request_body_bytes: int = 65536


@dataclass(frozen=True, slots=True, kw_only=True)
class Lists:
    """The names of one app's routing objects and how they are written.

    `port` is the versions' Service port; `owner` the id that marks objects as ours. Requests with a
    body over `mirrored_body_bytes` are not copied. `picked` and `picked_shielded`: there are lists
    for requests that a rule picks. `adopts`: a plain list that is nobody's here is taken over.
    """

    app: str
    namespace: str
    owner: str
    port: int
    shield: Shield | None = None
    affinity: Affinity | None = None
    mirrored_body_bytes: int = 1_048_576
    picked: bool = False
    picked_shielded: bool = False
    adopts: bool = False

    @property
    def plain(self) -> str:
        """The weighted list for every request; it carries the record."""
        return self.app

    @property
    def shielded(self) -> str:
        """The weighted list for requests that are safe to repeat."""
        return f"{self.app}-shielded"

    @property
    def failover(self) -> str:
        """What stands in the canary's place in the shielded list."""
        return f"{self.app}-failover"

    @property
    def mirror(self) -> str:
        """What stands in the primary's place while the canary gets copies."""
        return f"{self.app}-mirror"

    @property
    def canary(self) -> str:
        """The list for requests that a rule picks."""
        return f"{self.app}-canary"

    @property
    def canary_shielded(self) -> str:
        """The list for those of them that are safe to repeat."""
        return f"{self.app}-canary-shielded"

    @property
    def names(self) -> tuple[str, ...]:
        """Every one of them."""
        stand_ins = (self.failover, self.mirror)
        return self.plain, self.shielded, *stand_ins, self.canary, self.canary_shielded

    @property
    def wanted(self) -> tuple[str, ...]:
        """Those for requests that a rule picks, as far as a route leads to them."""
        found = ((self.canary, self.picked), (self.canary_shielded, self.picked_shielded))
        return tuple(name for name, wanted in found if wanted)

    @property
    def collection(self) -> str:
        """The API path of the namespace's TraefikServices."""
        return f"/apis/{API_VERSION}/namespaces/{self.namespace}/traefikservices"

    def path(self, name: str) -> str:
        """The API path of one TraefikService."""
        return f"{self.collection}/{name}"

    def service(self, version: str) -> str:
        """The Service of a version."""
        return f"{self.app}-{version}"

    def fallback(self, version: str) -> str:
        """The Service that replays go to, so that they are counted apart."""
        return f"{self.app}-{version}-fallback"

    def plain_body(self, record: Record, seen: Object | None) -> Object:
        """The plain list, with the record, over what is `seen` there.

        One that is taken over keeps its members until a version has traffic.
        """
        members = [self._member(version, weight, record) for version, weight in record.members]
        ours = seen is None or owner_of(seen)
        body = self._body(self.plain, record, seen if ours else taken_over(seen or {}))
        if members:
            settle(body)
        annotations = body["metadata"]["annotations"]
        annotations[RECORD] = record.to_json()
        claimed = ((seen or {}).get("metadata", {}).get("annotations") or {}).get(RUN)
        if claimed != record.run or annotations.get(ORDER) == record.obeyed:
            annotations.pop(ORDER, None)  # of a run before, or obeyed
        if not is_adopted(body):
            self._route_to(members, body)
        return body

    def shielded_body(self, record: Record, seen: Object | None) -> Object:
        """The shielded list: the failover stands for the canary while it is shielded."""
        failover = self.failover if self.is_shielded(record) else ""
        members = [
            {"kind": "TraefikService", "name": failover, "weight": weight}
            if failover and version == record.canary
            else self._member(version, weight, record)
            for version, weight in record.members
        ]
        body = self._body(self.shielded, record, seen)
        self._route_to(members, body)
        return body

    def canary_body(self, record: Record, seen: Object | None) -> Object:
        """Everything to the canary while it is exposed, else to the primary."""
        body = self._body(self.canary, record, seen)
        self._pick(record, body, "")
        return body

    def canary_shielded_body(self, record: Record, seen: Object | None) -> Object:
        """The same, with the failover in the canary's place."""
        body = self._body(self.canary_shielded, record, seen)
        self._pick(record, body, self.failover if self.is_shielded(record) else "")
        return body

    def _pick(self, record: Record, body: Object, failover: str) -> None:
        member = {**self._service(self.service(record.picked)), "weight": 100}
        if failover and record.picked == record.canary:
            member = {"kind": "TraefikService", "name": failover, "weight": 100}
        body["spec"].setdefault("weighted", {})["services"] = [member] if record.picked else []

    def failover_body(self, record: Record, seen: Object | None) -> Object:
        """The failover from the canary to the primary."""
        shield = self.shield or Shield()
        body = self._body(self.failover, record, seen)
        body["spec"] = {
            "failover": {
                "service": self._service(self.service(record.canary)),
                "fallback": self._service(self.fallback(record.primary)),
                "errors": {
                    "status": list(shield.status),
                    "maxRequestBodyBytes": shield.max_request_body_bytes,
                },
            }
        }
        return body

    def mirror_body(self, record: Record, seen: Object | None) -> Object:
        """The primary, and the canary that gets copies of its requests."""
        body = self._body(self.mirror, record, seen)
        copies = self._service(self.service(record.canary))
        body["spec"] = {
            "mirroring": {
                **self._service(self.service(record.primary)),
                "maxBodySize": self.mirrored_body_bytes,
                "mirrors": [{**copies, "percent": record.mirror_percent}],
            }
        }
        return body

    def is_mirrored(self, record: Record) -> bool:
        """Whether the canary gets copies of the primary's requests."""
        return bool(record.mirror_percent and record.primary and record.canary)

    def is_shielded(self, record: Record) -> bool:
        """Whether the canary has traffic and a primary that can answer in its stead."""
        both = record.primary and record.canary and record.primary != record.canary
        sent = record.weight_percent or (record.exposed and self.picked_shielded)
        return bool(self.shield and both and sent)

    def weights(self, body: Object | None, *stand_ins: Object | None) -> dict[str, int]:
        """What a list says, by version; members that are not versions of ours keep their names.

        Nothing, while it still says what somebody else wrote who has it back if no version serves.
        `stand_ins` are the failover and the mirror, as far as they are there.
        """
        if body and is_adopted(body):
            return {}
        members = ((body or {}).get("spec", {}).get("weighted") or {}).get("services") or []
        shares: dict[str, int] = {}
        for member in members:
            version = self._version_of(member, stand_ins)
            # Without a weight Traefik takes 1.
            shares[version] = shares.get(version, 0) + int(member.get("weight", 1))
        return shares

    def version_named(self, service: str) -> str:
        """The version that a Service of ours belongs to, "" for any other name."""
        if service == self.service(BASELINE):
            return BASELINE
        version = service.removeprefix(f"{self.app}-").removesuffix("-fallback")
        ours = service.startswith(f"{self.app}-") and len(version) == 10
        return version if ours and all(c in "0123456789abcdef" for c in version) else ""

    def _version_of(self, member: Mapping[str, Any], stand_ins: Sequence[Object | None]) -> str:
        name = str(member.get("name", ""))
        for body in stand_ins if member.get("kind") == "TraefikService" else ():
            if body and body["metadata"]["name"] == name:
                return self._stood_for(body) or name
        return self.version_named(name) or name

    def _stood_for(self, body: Object) -> str:
        spec = body.get("spec") or {}
        service = (spec.get("failover") or {}).get("service") or spec.get("mirroring") or {}
        return self.version_named(str(service.get("name", "")))

    def _route_to(self, members: list[Object], body: Object) -> None:
        """Give `members` the traffic; clients keep theirs while there is more than one.

        At rest nobody gets a cookie: the next canary would have no client that is free to go there.
        """
        weighted = body["spec"].setdefault("weighted", {})
        weighted["services"] = members
        if self.affinity and len(members) > 1:
            weighted["sticky"] = self.affinity.sticky()
        elif self.affinity:
            weighted.pop("sticky", None)

    def _member(self, version: str, weight: int, record: Record) -> Object:
        service = self._service(self.service(version))
        if version == record.primary and self.is_mirrored(record):
            # Traefik needs no port here, but whoever restores takes it from the list.
            service |= {"kind": "TraefikService", "name": self.mirror}
        return {**service, "weight": weight}

    def _service(self, name: str) -> Object:
        return {"kind": "Service", "name": name, "port": self.port}

    def _body(self, name: str, record: Record, seen: Object | None) -> Object:
        body: Object = copy.deepcopy(seen) if seen else {}
        body |= {"apiVersion": API_VERSION, "kind": "TraefikService"}
        body.setdefault("spec", {})
        metadata = body.setdefault("metadata", {})
        metadata |= {"name": name, "namespace": self.namespace}
        metadata.pop("managedFields", None)  # absent means unchanged, and it is most of the body
        labels = {APP_LABEL: self.app, MANAGER_LABEL: "canary"}
        metadata["labels"] = {**(metadata.get("labels") or {}), **labels}
        marks = {OWNER: self.owner, RUN: record.run}
        metadata["annotations"] = {**(metadata.get("annotations") or {}), **marks}
        return body


def same(one: Object, other: Object) -> bool:
    """Whether two bodies say the same about traffic, record and ownership."""
    return _gist(one) == _gist(other)


def _gist(body: Object) -> tuple[Any, ...]:
    annotations = body["metadata"].get("annotations") or {}
    labels = body["metadata"].get("labels") or {}
    marks = {key: annotations.get(key) for key in (OWNER, RUN, RECORD)}
    return marks, labels.get(APP_LABEL), labels.get(MANAGER_LABEL), body.get("spec") or {}


def owner_of(body: Object) -> str:
    """The id on an object, "" when it has none."""
    return str((body["metadata"].get("annotations") or {}).get(OWNER, ""))


def last_writer(body: Object) -> str:
    """The field manager that wrote last, "" when the object does not say."""
    entries = [e for e in body["metadata"].get("managedFields") or [] if e.get("time")]
    # Times have whole seconds: among equals the foreign one is the one worth naming.
    entries.sort(key=lambda entry: (entry["time"], entry.get("manager") != "canary"))
    return str(entries[-1].get("manager", "")) if entries else ""
