"""Whether the Secrets that webhooks are sent with are there; no webhook is called."""

from __future__ import annotations

from collections.abc import Iterator

from canary.config import AppConfig, StackConfig, Webhook
from canary.config.urls import is_header_text
from canary.preflight.findings import Findings, Reader
from canary.preflight.secrets import complaint


def hook_findings(config: StackConfig, cluster: Reader) -> Findings:
    """Look at the Secrets that the webhooks of all apps name.

    Raises:
        ClusterError: the API server did not answer or refused.
    """
    return Findings(
        problems=tuple(
            f"canary:apps.{key}.analysis.webhooks[{index}].{text}"
            for key, app in config.apps.items()
            for index, hook in enumerate(app.analysis.webhooks)
            for text in _problems(app, hook, cluster)
        )
    )


def has_secrets(config: StackConfig) -> bool:
    """Whether there is anything to look at."""
    hooks = (hook for app in config.apps.values() for hook in app.analysis.webhooks)
    return any(hook.secret_headers or hook.secret_query or hook.signature for hook in hooks)


def _problems(app: AppConfig, hook: Webhook, cluster: Reader) -> Iterator[str]:
    where = app.namespace
    for name, ref in hook.secret_headers.items():
        wanted = "header value"
        if text := complaint(ref, where, cluster, fits=is_header_text, wanted=wanted):
            yield f"secretHeaders.{name}: {text}"
    for name, ref in hook.secret_query.items():
        if text := complaint(ref, where, cluster, fits=bool, wanted="value"):
            yield f"secretQuery.{name}: {text}"
    if hook.signature is not None and (
        text := complaint(hook.signature, where, cluster, fits=bool, wanted="key")
    ):
        yield f"signature: {text}"
