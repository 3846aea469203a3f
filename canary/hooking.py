"""From the configuration's webhooks to what is called, and what they need of Secrets."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from canary.adapters.cluster.kubernetes import Cluster
from canary.adapters.cluster.secrets import Kept
from canary.adapters.outlets.hooks import Hook, hook_name
from canary.config import SecretRef, Webhook
from canary.config.urls import is_header_text
from canary.errors import ClusterError
from canary.inputs import Inputs


def hooks_of(inputs: Inputs, cluster: Cluster) -> list[Hook]:
    """An app's webhooks; their secrets are read at each call, and never kept."""
    return [_hook(hook, inputs.namespace, cluster) for hook in inputs.app.analysis.webhooks]


def muted(inputs: Inputs) -> tuple[str, ...]:
    """How the webhooks of which no alert tells are called in texts."""
    hooks = inputs.app.analysis.webhooks
    return tuple(hook_name(hook.type, hook.name) for hook in hooks if hook.mute_alert)


def _hook(hook: Webhook, namespace: str, cluster: Cluster) -> Hook:
    def read(ref: SecretRef) -> str:
        kept = Kept(namespace=ref.namespace or namespace, name=ref.name, key=ref.key)
        return kept.read(cluster)

    return Hook(
        name=hook.name,
        type=hook.type,
        url=hook.url,
        timeout_s=hook.timeout,
        retries=hook.retries,
        metadata=hook.metadata,
        headers=_headers(hook, read),
        query=lambda: {name: read(ref) for name, ref in hook.secret_query.items()},
        key=lambda: read(hook.signature) if hook.signature else "",
        verified=not hook.disable_tls,
    )


def _headers(hook: Webhook, read: Callable[[SecretRef], str]) -> Callable[[], Mapping[str, str]]:
    def headers() -> Mapping[str, str]:
        secret = {name: _line(read(ref), ref) for name, ref in hook.secret_headers.items()}
        return {**hook.headers, **secret}

    return headers


def _line(text: str, ref: SecretRef) -> str:
    if not is_header_text(text):
        raise ClusterError(f"key {ref.key} of Secret {ref.name} is not a valid header value")
    return text
