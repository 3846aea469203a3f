"""Stack configurations: one for what apps share, one for each test's own apps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

PODINFO = "ghcr.io/stefanprodan/podinfo"
TESTAPP = "canary.test/app"
GOOD, BETTER = f"{PODINFO}:6.9.2", f"{PODINFO}:6.9.2-blue"
MISSING = "127.0.0.1:1/podinfo:6.9.2-missing"  # refused at once, where a real registry takes long
INTERVAL_S = 2
BUSY_MS = 5000  # two cores carry several tests at once: slow is what users give up on

# A probe that waits only its usual second calls every pod unready while the machine is that busy,
# and then nobody serves: seen, with 503 for all users for seconds.
PROBED: dict[str, int] = {"periodSeconds": 1, "timeoutSeconds": 5}

# A container that asks for nothing gets next to nothing while others want the machine: it stood
# still for seconds beside Traefik and Prometheus, and its users saw 502 and no answer.
ASKED: dict[str, Any] = {"requests": {"cpu": "25m"}}

# Of fifty requests of which three in ten fail, so few do by chance that a bake passes in one of
# 200,000; of what a short bake of few users sees, in one of thirty.
SURE: dict[str, Any] = {"analysis": {"minRequests": 50}}

Config = dict[str, Any]

PLATFORM: Config = {
    "traefik": {"replicas": 2, "serviceType": "ClusterIP"},
    "prometheus": {"scrapeInterval": "1s"},
    "loadtester": {},
}
ELSEWHERE: Config = {
    "traefik": {"install": False},
    "prometheus": {
        "install": False,
        "scrapeInterval": "1s",
        "access": {"service": "prometheus", "port": 9090},
    },
    "loadtester": {"install": False},
    "guard": {"install": False},  # but where it is what the test is about
}


def podinfo(image: str, namespace: str, host: str) -> Config:
    """An app as its users would write it, in a hurry: two steps of two seconds."""
    return {
        "image": image,
        "namespace": namespace,
        "host": host,
        "service": {"port": 80, "targetPort": 9898},
        "probes": {"readiness": {"httpGet": {"path": "/readyz", "port": 9898}, **PROBED}},
        "resources": ASKED,
        "preStopSleepSeconds": 2,
        "terminationGracePeriodSeconds": 10,
        "progressDeadlineSeconds": 60,
        "drain": "2s",
        "analysis": {
            "interval": f"{INTERVAL_S}s",
            "threshold": 2,
            "stepWeights": [20, 50],
            "metrics": [
                {"name": "request-success-rate", "thresholdRange": {"min": 99}},
                {"name": "request-duration", "thresholdRange": {"max": BUSY_MS}},
            ],
        },
    }


def echo_app(tag: str, namespace: str, host: str) -> Config:
    """The test app, whose faults its tag names; see tests/bed/testapp.py."""
    return podinfo(f"{TESTAPP}:{tag}", namespace, host) | {
        "service": {"port": 80, "targetPort": 8080},
        "probes": {"readiness": {"httpGet": {"path": "/readyz", "port": 8080}, **PROBED}},
    }


def merged(base: Mapping[str, Any], changes: Mapping[str, Any]) -> Config:
    """`base` with `changes` laid over it, mapping by mapping; None takes a key out."""
    result = dict(base)
    for key, value in changes.items():
        if isinstance(value, Mapping) and isinstance(result.get(key), Mapping):
            result[key] = merged(result[key], value)
        elif value is None:
            result.pop(key, None)
        else:
            result[key] = value
    return result
