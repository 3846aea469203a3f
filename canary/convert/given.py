"""All the objects that were given, to be found by kind and reference."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from canary.convert.documents import Document, text
from canary.convert.references import Named

READ: Final = (
    "Canary",
    "MetricTemplate",
    "AlertProvider",
    "Deployment",
    "HorizontalPodAutoscaler",
    "IngressRoute",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """The input, and the keys that what is shared will have in the stack."""

    documents: tuple[Document, ...]
    providers: Named
    templates: Named

    @classmethod
    def of_documents(cls, documents: Sequence[Document]) -> Given:
        """Sort the input."""
        kinds = {kind: [d for d in documents if d.kind == kind] for kind in READ}
        return cls(
            documents=tuple(documents),
            providers=Named.of(kinds["AlertProvider"]),
            templates=Named.of(kinds["MetricTemplate"]),
        )

    def of(self, kind: str) -> list[Document]:
        """Every object of a kind."""
        return [document for document in self.documents if document.kind == kind]

    def find(self, kind: str, reference: dict[str, Any], namespace: str) -> Document | None:
        """The object of a kind with the reference's name; one without namespace fits any."""
        name = text(reference.get("name"))
        for document in self.of(kind):
            if document.name == name and document.namespace in {"", namespace}:
                return document
        return None
