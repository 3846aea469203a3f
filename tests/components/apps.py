"""App configurations that the tests of this folder start from."""

from __future__ import annotations

from typing import Any

from canary.config import AppConfig, load

PODINFO = {
    "image": "ghcr.io/stefanprodan/podinfo:6.9.2",
    "namespace": "demo",
    "host": "app.example.com",
    "service": {"port": 80, "targetPort": 9898},
}


def app_of(**changes: Any) -> AppConfig:
    """The app podinfo as configured by `changes`, keys as in a stack file."""
    return load({"apps": {"podinfo": {**PODINFO, **changes}}}).apps["podinfo"]
