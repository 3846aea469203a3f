"""Keeps an object as it is: the API server refuses every write to it until that is over."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

from tests.bed.cluster import Bed
from tests.bed.errors import BedError
from tests.e2e.waiting import await_

KINDS = "validatingadmissionpolicybinding,validatingadmissionpolicy"
REFUSED_WITHIN_S = 30.0
_GROUP = "admissionregistration.k8s.io"


@dataclass(slots=True)
class Hold:
    """A context manager; the TraefikServices of this namespace that it keeps are freed at its end.

    Who may write or not is decided by the API server itself, so nothing has to be at the right
    place in the right moment.
    """

    bed: Bed
    namespace: str
    kept: list[str] = field(default_factory=list)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _: BaseException | None, __: TracebackType | None
    ) -> None:
        self.release()

    def keep(self, name: str) -> None:
        """Return once a write to this TraefikService is refused."""
        self.kept.append(name)
        bodies = [_policy(self.namespace, name), _binding(self.namespace, name)]
        text = json.dumps({"apiVersion": "v1", "kind": "List", "items": bodies})
        self.bed.kubectl("apply", "-f", "-", stdin=text)
        await_(lambda: self.refuses(name), f"a refusal to write {name}", REFUSED_WITHIN_S)

    def release(self) -> None:
        """Let all be written again; the API server hears within a moment."""
        while self.kept:
            name = _name(self.namespace, self.kept[-1])
            self.bed.kubectl("delete", KINDS, name, "--ignore-not-found")
            self.kept.pop()

    def refuses(self, name: str) -> bool:
        """Whether a write to it is refused now; it is tried without being made.

        Raises:
            BedError: it failed for another reason.
        """
        write = ("annotate", "traefikservice", name, "held=yes", "--overwrite", "--dry-run=server")
        try:
            self.bed.kubectl("-n", self.namespace, *write)
        except BedError as error:
            if _name(self.namespace, name) not in str(error):
                raise
            return True
        return False


def _name(namespace: str, name: str) -> str:
    return f"hold-{namespace}-{name}"


def _policy(namespace: str, name: str) -> dict[str, Any]:
    rule = {
        "apiGroups": ["traefik.io"],
        "apiVersions": ["*"],
        "operations": ["UPDATE"],
        "resources": ["traefikservices"],
        "resourceNames": [name],
    }
    there = {"matchLabels": {"kubernetes.io/metadata.name": namespace}}
    return {
        "apiVersion": f"{_GROUP}/v1",
        "kind": "ValidatingAdmissionPolicy",
        "metadata": {"name": _name(namespace, name)},
        "spec": {
            "matchConstraints": {"resourceRules": [rule], "namespaceSelector": there},
            "validations": [{"expression": "false", "message": "kept as it is"}],
        },
    }


def _binding(namespace: str, name: str) -> dict[str, Any]:
    return {
        "apiVersion": f"{_GROUP}/v1",
        "kind": "ValidatingAdmissionPolicyBinding",
        "metadata": {"name": _name(namespace, name)},
        "spec": {"policyName": _name(namespace, name), "validationActions": ["Deny"]},
    }
