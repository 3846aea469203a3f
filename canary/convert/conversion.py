"""The whole conversion: documents in, configuration and remarks out."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from canary.config.problems import NAMESPACE
from canary.config.stack import StackConfig
from canary.convert.app import add_app
from canary.convert.documents import Document
from canary.convert.draft import Draft
from canary.convert.given import READ, Given
from canary.convert.references import alert_providers, metric_templates
from canary.convert.remarks import Kind, Remark
from canary.convert.settle import settle
from canary.core.seen import HookType
from canary.errors import ConvertError
from canary.load import bypasses


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversion:
    """What `stacks/Pulumi.<stack>.yaml` is to hold, and what is to be said of it."""

    config: dict[str, Any]
    remarks: tuple[Remark, ...]

    @property
    def is_whole(self) -> bool:
        """Whether nothing was lost and nothing is left to a person."""
        return not any(remark.kind.is_loss for remark in self.remarks)


def converted(documents: Sequence[Document]) -> Conversion:
    """Convert every Canary among the documents.

    Raises:
        ConvertError: there is none.
    """
    given, draft = Given.of_documents(documents), Draft()
    if not given.of("Canary"):
        files = ", ".join(dict.fromkeys(document.file for document in documents))
        raise ConvertError(f"{files}: holds no Canary")
    for document in documents:
        if document.kind not in READ:
            why = f"is not read: only {', '.join(READ)} are"
            draft.say(Kind.UNNEEDED, document.label, why)
    for canary in given.of("Canary"):
        add_app(draft, canary, given)
    alert_providers(draft, given.of("AlertProvider"), given.providers)
    metric_templates(draft, given.of("MetricTemplate"), given.templates)
    settled = settle(draft)
    _loads(draft, settled)
    _services(draft, settled)
    config = {f"{NAMESPACE}:{key}": value for key, value in draft.raw.items() if value}
    return Conversion(config=config, remarks=tuple(draft.remarks))


def _services(draft: Draft, config: StackConfig) -> None:
    """Tell of webhooks that name the Services which the peer makes beside the apex."""
    for key, app in config.apps.items():
        peers = re.compile(rf"(?<![\w.-]){re.escape(app.name)}-(canary|primary)(?![\w-])")
        for index, hook in enumerate(app.analysis.webhooks):
            if any(peers.search(text) for text in (hook.url, *hook.metadata.values())):
                place = draft.source(("apps", key, "analysis", "webhooks", index))
                why = f"names {app.name}-canary or {app.name}-primary: no such Service is made here"
                draft.say(Kind.MISSING, place, why)


def _loads(draft: Draft, config: StackConfig) -> None:
    """Tell of load tests that yield nothing to judge."""
    for key, app in config.apps.items():
        for index, hook in enumerate(app.analysis.webhooks):
            if hook.type is HookType.ROLLOUT and bypasses(app, hook):
                place = draft.source(("apps", key, "analysis", "webhooks", index))
                why = "its load goes past Traefik, where nothing is counted or judged"
                draft.say(Kind.CHANGED, place, why)
