"""What Canaries point to: alert providers and metric templates, each under a name of the stack."""

from __future__ import annotations

import copy
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from canary.config.problems import path_text
from canary.convert.documents import Document, mapping, text
from canary.convert.draft import Draft
from canary.convert.queries import adapted
from canary.convert.remarks import Kind

Map = dict[str, Any]
_HIDDEN: Final = ("headers", "secretRef", "address", "region", "insecureSkipVerify")


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """Objects of one kind by their key in the stack."""

    keys: dict[tuple[str, str], str]

    @classmethod
    def of(cls, documents: Iterable[Document]) -> Named:
        """Keys are names; of two objects with one name, the second gets its namespace, too."""
        keys: dict[tuple[str, str], str] = {}
        for document in documents:
            taken = document.name in keys.values()
            key = f"{document.name}-{document.namespace}" if taken else document.name
            keys[document.namespace, document.name] = key
        return cls(keys=keys)

    def key(self, reference: Map, namespace: str) -> str:
        """The key of what is referred to from a namespace; its name if it was not given."""
        name = text(reference.get("name"))
        return self.keys.get((text(reference.get("namespace")) or namespace, name), name)


def alert_providers(draft: Draft, given: list[Document], named: Named) -> None:
    """Add where alerts go. An address is never repeated: it is for a person to set."""
    for document in given:
        key, spec = named.keys[document.namespace, document.name], copy.deepcopy(document.spec)
        path, label = ("alertProviders", key), f"{document.label}: spec"
        spec.pop("address", None)
        secret = text(mapping(spec.pop("secretRef", None)).get("name"))
        if secret:
            here = {"namespace": document.namespace} if document.namespace else {}
            spec["secretRef"] = {"name": secret, **here}
        else:
            how = f"pulumi config set --secret --path '{path_text(('alertAddresses', key))}' URL"
            draft.say(Kind.MISSING, f"{label}.address", f"is a secret and not repeated: {how}")
        draft.raw.setdefault("alertProviders", {})[key] = spec
        draft.came_from(path, document, "spec")


def metric_templates(draft: Draft, given: list[Document], named: Named) -> None:
    """Add the queries; who answers them is the stack's Prometheus."""
    for document in given:
        key, spec = named.keys[document.namespace, document.name], copy.deepcopy(document.spec)
        provider, label = mapping(spec.pop("provider", None)), f"{document.label}: spec.provider"
        kind = text(provider.get("type")) or "prometheus"
        if kind != "prometheus":
            draft.say(Kind.DROPPED, label, "is no Prometheus, and no other source is asked here")
            continue
        for name in _HIDDEN:
            if provider.get(name):
                why = "the stack's Prometheus is asked: see canary:prometheus.access"
                draft.say(Kind.CHANGED, f"{label}.{name}", why)
        if text(spec.get("query")):
            spec["query"] = adapted(draft, spec["query"], f"{document.label}: spec.query")
        draft.raw.setdefault("metricTemplates", {})[key] = spec
        draft.came_from(("metricTemplates", key), document, "spec")
        draft.came_from(("metricTemplates",), document, "spec")
