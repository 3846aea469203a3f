"""One replica of Traefik, as its API describes it, against what a record says. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from canary.adapters.routes.lists import Lists
from canary.core.record import Record

_PROVIDER = "@kubernetescrd"

Service = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Replica:
    """The services that a replica routes to, among them the app's."""

    name: str
    lists: Lists
    services: tuple[Service, ...]

    @property
    def versions(self) -> frozenset[str]:
        """Every version of the app that this replica still names."""
        named = (self._version(str(service.get("name", ""))) for service in self.services)
        return frozenset(version for version in named if version)

    def missing(self, record: Record) -> str:
        """What is not yet as `record` says, "" when all of it is."""
        checks = (self._lists_missing, self._picked_missing, self._servers_missing)
        problem = next(filter(None, (check(record) for check in checks)), "")
        return f"{self.name} {problem}" if problem else ""

    def _lists_missing(self, record: Record) -> str:
        plain = {self._label(version): weight for version, weight in record.members}
        if self.lists.is_mirrored(record):
            plain[self._full(self.lists.mirror)] = plain.pop(self._label(record.primary))
        problem = self._mirror_missing(record) or self._differs(self.lists.plain, plain)
        if problem or self.lists.shield is None:
            return problem
        shielded = dict(plain)
        if self.lists.is_shielded(record) and record.weight_percent:
            shielded[self._full(self.lists.failover)] = shielded.pop(self._label(record.canary))
        return self._differs(self.lists.shielded, shielded) or self._failover_missing(record)

    def _picked_missing(self, record: Record) -> str:
        for name in self.lists.wanted:
            member = self._label(record.picked)
            failing = name == self.lists.canary_shielded and self.lists.is_shielded(record)
            if failing and record.picked == record.canary:
                member = self._full(self.lists.failover)
            wanted = {member: 100} if record.picked else {}
            if problem := self._differs(name, wanted):
                return problem
            if record.exposed and not (self._find(self._full(name)) or {}).get("usedBy"):
                return f"has no route to {name}: a new strategy takes effect with the next update"
        return ""

    def _failover_missing(self, record: Record) -> str:
        if not self.lists.is_shielded(record):
            return ""
        service = self._find(self._full(self.lists.failover))
        if service is None:
            return f"does not know {self.lists.failover} yet"
        failover = service.get("failover") or {}
        pair = (_plain_name(failover.get("service")), _plain_name(failover.get("fallback")))
        wanted = (self._label(record.canary), self._fallback_label(record.primary))
        return "" if pair == wanted else f"has another {self.lists.failover}"

    def _mirror_missing(self, record: Record) -> str:
        if not self.lists.is_mirrored(record):
            return ""
        service = self._find(self._full(self.lists.mirror))
        if service is None:
            return f"does not know {self.lists.mirror} yet"
        mirroring = service.get("mirroring") or {}
        copies = [
            (_plain_name(m.get("name")), m.get("percent")) for m in mirroring.get("mirrors") or ()
        ]
        has = (_plain_name(mirroring.get("service")), copies)
        wanted = (
            self._label(record.primary),
            [(self._label(record.canary), record.mirror_percent)],
        )
        return "" if has == wanted else f"has another {self.lists.mirror}"

    def _differs(self, name: str, wanted: dict[str, int]) -> str:
        service = self._find(self._full(name))
        if service is None:
            return f"does not know {name} yet"
        members = (service.get("weighted") or {}).get("services") or []
        has = {_plain_name(m.get("name")): int(m.get("weight", 1)) for m in members}
        if has == wanted:
            return ""
        return f"still routes {name} {'/'.join(str(w) for w in has.values()) or 'nowhere'}"

    def _servers_missing(self, record: Record) -> str:
        copied = [record.canary] if self.lists.is_mirrored(record) else []
        picked = [record.picked] if self.lists.picked and record.picked else []
        for version in (*dict(record.members), *copied, *picked):
            problem = self._server_missing(self._label(version))
            if problem:
                return problem
        return ""

    def _server_missing(self, label: str) -> str:
        service = self._find(label)
        if service is None:
            return f"does not know service {label}"
        status = service.get("serverStatus") or {}
        if "UP" in status.values():
            return ""
        servers = (service.get("loadBalancer") or {}).get("servers") or []
        # Traefik tracks servers only of services that a router uses: a first deploy has none yet.
        if servers and not status and not self._routed:
            return ""
        return f"has no server up for {label}"

    @property
    def _routed(self) -> bool:
        lists = (self._find(self._full(name)) for name in (self.lists.plain, self.lists.shielded))
        return any(found and found.get("usedBy") for found in lists)

    def _find(self, name: str) -> Service | None:
        for service in self.services:
            if service.get("name") == name + _PROVIDER:
                return service
        return None

    def _full(self, name: str) -> str:
        return f"{self.lists.namespace}-{name}"

    def _label(self, version: str) -> str:
        return f"{self._full(self.lists.service(version))}-{self.lists.port}"

    def _fallback_label(self, version: str) -> str:
        return f"{self._full(self.lists.fallback(version))}-{self.lists.port}"

    def _version(self, name: str) -> str:
        service = name.removesuffix(_PROVIDER).removeprefix(f"{self.lists.namespace}-")
        return self.lists.version_named(service.rpartition("-")[0])


def _plain_name(name: Any) -> str:
    return str(name or "").removesuffix(_PROVIDER)
