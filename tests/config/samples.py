"""Configurations to start from, and a way to spoil them."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from canary.config import StackConfig, load
from canary.errors import ConfigError

Raw = dict[str, Any]

APP: Raw = {
    "image": "ghcr.io/stefanprodan/podinfo:6.9.2",
    "namespace": "test",
    "host": "app.example.com",
}

FOREIGN_PROMETHEUS: Raw = {"install": False, "access": {"service": "prom", "port": 9090}}

# The canary of Flagger's Traefik tutorial, below `spec`, in its own words.
TUTORIAL: Raw = {
    "provider": "traefik",
    "targetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "podinfo"},
    "progressDeadlineSeconds": 60,
    "service": {"port": 80, "targetPort": 9898},
    "analysis": {
        "interval": "10s",
        "threshold": 10,
        "maxWeight": 50,
        "stepWeight": 5,
        "metrics": [
            {
                "name": "request-success-rate",
                "interval": "1m",
                "thresholdRange": {"min": 99},
            },
            {
                "name": "request-duration",
                "interval": "1m",
                "thresholdRange": {"max": 500},
            },
        ],
        "webhooks": [
            {
                "name": "load-test",
                "type": "rollout",
                "url": "http://flagger-loadtester.test/",
                "timeout": "5s",
                "metadata": {
                    "type": "cmd",
                    "cmd": "hey -z 10m -q 10 -c 2 http://podinfo.test:9898/",
                },
            },
        ],
    },
}


def stack(app: Raw | None = None, **others: Any) -> Raw:
    """One app called podinfo with these keys over the plain ones, and other keys of the stack."""
    return copy.deepcopy({"apps": {"podinfo": {**APP, **(app or {})}}, **others})


def loaded(app: Raw | None = None, **others: Any) -> StackConfig:
    """The same, accepted."""
    return load(stack(app, **others))


def problems(raw: Raw) -> list[str]:
    """What `load` has against it."""
    with pytest.raises(ConfigError) as caught:
        load(raw)
    assert str(caught.value).splitlines() == list(caught.value.problems)
    return list(caught.value.problems)
