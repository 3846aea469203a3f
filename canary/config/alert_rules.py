"""Rules about alerts: each names a provider that there is, and each provider has one address."""

from __future__ import annotations

from collections.abc import Iterator

from canary.config.problems import Path, Problem
from canary.config.stack import StackConfig

_PROVIDERS: Path = ("alertProviders",)
_ADDRESSES: Path = ("alertAddresses",)


def alert_problems(stack: StackConfig) -> Iterator[Problem]:
    """Every rule about alerts that the stack breaks."""
    yield from _providers(stack)
    yield from _addresses(stack)
    for key in stack.apps:
        yield from _alerts(("apps", key, "analysis", "alerts"), key, stack)


def _providers(stack: StackConfig) -> Iterator[Problem]:
    for name, provider in stack.alert_providers.items():
        path: Path = (*_PROVIDERS, name)
        known = name in stack.alert_addresses
        if known and provider.secret_ref:
            text = f"canary:alertAddresses.{name} is its address too: remove one of the two"
            at = (*path, "secretRef")
            yield Problem(path=at, text=text, involved=(path, (*_ADDRESSES, name)))
        elif not known and not provider.secret_ref:
            text = (
                "has no address: pulumi config set --secret --path "
                f"'canary:alertAddresses.{name}' URL, or name a Secret with secretRef"
            )
            yield Problem(path=path, text=text, involved=(path, (*_ADDRESSES, name)))
        yield from _unused(path, name, stack)


def _unused(path: Path, name: str, stack: StackConfig) -> Iterator[Problem]:
    provider = stack.alert_providers[name]
    fields = {
        "channel": (provider.channel, {"slack", "rocket"}),
        "username": (provider.username, {"slack", "rocket", "discord"}),
    }
    for field, (value, types) in fields.items():
        if value is not None and provider.type not in types:
            at = (*path, field)
            text = f"is not a thing of {provider.type}: remove it"
            yield Problem(path=at, text=text, involved=(path,))


def _addresses(stack: StackConfig) -> Iterator[Problem]:
    for name in stack.alert_addresses:
        if name not in stack.alert_providers:
            path = (*_ADDRESSES, name)
            text = f"there is no canary:alertProviders.{name} that it could be the address of"
            yield Problem(path=path, text=text, involved=(path, _PROVIDERS))


def _alerts(here: Path, key: str, stack: StackConfig) -> Iterator[Problem]:
    seen: set[str] = set()
    for index, alert in enumerate(stack.apps[key].analysis.alerts):
        if alert.name in seen:
            path = (*here, index, "name")
            yield Problem(path=path, text="another alert has this name", involved=(here,))
        seen.add(alert.name)
        name = alert.provider_ref.name
        if name not in stack.alert_providers:
            known = ", ".join(sorted(stack.alert_providers)) or "none"
            text = f"{name} is not one of canary:alertProviders (there: {known})"
            path = (*here, index, "providerRef", "name")
            yield Problem(path=path, text=text, involved=(here, _PROVIDERS))
