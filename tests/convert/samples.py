"""Canaries to convert, what they point to, and the result as this project reads it."""

from __future__ import annotations

import copy
from typing import Any

import yaml

from canary.config import AppConfig, StackConfig, load
from canary.convert import Conversion, converted
from canary.convert.documents import documents
from canary.convert.remarks import Kind
from tests.config.samples import TUTORIAL

Raw = dict[str, Any]
FILE = "canary.yaml"
SECRET = "https://hooks.example.com/T0KEN"


def thing(kind: str, spec: Raw, *, name: str = "podinfo", namespace: str = "test") -> Raw:
    """An object of the cluster."""
    return {"kind": kind, "metadata": {"name": name, "namespace": namespace}, "spec": spec}


def canary(**changes: Any) -> Raw:
    """The tutorial's Canary with other fields below `spec`."""
    return thing("Canary", copy.deepcopy(TUTORIAL) | changes)


def analysed(**changes: Any) -> Raw:
    """The tutorial's Canary with other fields below `spec.analysis`."""
    return canary(analysis=copy.deepcopy(TUTORIAL["analysis"]) | changes)


def container(**changes: Any) -> Raw:
    """The Deployment's one container."""
    port = {"name": "http", "containerPort": 9898, "protocol": "TCP"}
    image = "ghcr.io/stefanprodan/podinfo:6.9.2"
    return {"name": "podinfod", "image": image, "ports": [port]} | changes


def deployment(*containers: Raw, **pod: Any) -> Raw:
    """What the tutorial's Canary targets."""
    spec = {"containers": list(containers or [container()])} | pod
    labels = {"app": "podinfo", "team": "web"}
    template = {"metadata": {"labels": labels}, "spec": spec}
    return thing(
        "Deployment", {"selector": {"matchLabels": {"app": "podinfo"}}, "template": template}
    )


def route(match: str = "Host(`app.example.com`)", **changes: Any) -> Raw:
    """What leads to the peer's TraefikService."""
    service = {"name": "podinfo", "kind": "TraefikService", "port": 80}
    return thing("IngressRoute", {"routes": [{"match": match, "services": [service]}]} | changes)


def provider(name: str = "ops", **changes: Any) -> Raw:
    """Where alerts go."""
    return thing("AlertProvider", {"type": "slack", "address": SECRET} | changes, name=name)


def convert(*objects: Raw) -> Conversion:
    """Convert what one file holds."""
    return converted(documents(FILE, yaml.safe_dump_all(objects)))


def stack_of(result: Conversion) -> StackConfig:
    """The result as this project reads it, once a person has set the addresses."""
    raw = {key.removeprefix("canary:"): value for key, value in result.config.items()}
    providers = raw.get("alertProviders", {}).items()
    addresses = {name: SECRET for name, body in providers if "secretRef" not in body}
    return load(raw | ({"alertAddresses": addresses} if addresses else {}))


def app_of(result: Conversion, key: str = "podinfo") -> AppConfig:
    """The one app."""
    return stack_of(result).apps[key]


def said(result: Conversion, kind: Kind) -> list[str]:
    """The places that remarks of a kind are about, without the file's name."""
    return [r.place.removeprefix(f"{FILE}: ") for r in result.remarks if r.kind is kind]


def why(result: Conversion, place: str) -> str:
    """All that is said of a place."""
    texts = [str(r) for r in result.remarks if r.place == f"{FILE}: {place}"]
    assert texts, [str(r) for r in result.remarks]
    return "\n".join(texts)
