"""The official client's loader of kubeconfigs, without the thousand classes around it.

Whoever imports anything of `kubernetes` imports a class for every kind of object there is: 29 MB
and half a second, of which the loader needs nothing. Here its packages stay closed: what is asked
of one is looked for among its modules, and only what is not there, such as one of those classes,
opens the package as ever.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec, module_from_spec
from types import ModuleType
from typing import Any

_CLOSED = ("kubernetes", "kubernetes.client", "kubernetes.client.models")
_WHERE = {  # what the loader wants of `kubernetes.client` itself
    "ApiClient": "kubernetes.client.api_client",
    "Configuration": "kubernetes.client.configuration",
}
_lock = threading.Lock()


def official(name: str) -> Any:
    """The module of this name in `kubernetes`, such as "config.kube_config"."""
    with _lock:
        for package in _CLOSED:
            if package not in sys.modules:
                sys.modules[package] = _closed(package)
        return import_module(f"kubernetes.{name}")


def _closed(name: str) -> ModuleType:
    """A package that was found and not executed."""
    spec = find_spec(name)
    if spec is None or spec.loader is None:
        raise ModuleNotFoundError(f"No module named {name!r}", name=name)
    package = module_from_spec(spec)
    package.__dict__["__getattr__"] = _opener(package, spec.loader.exec_module)
    return package


def _opener(package: ModuleType, execute: Callable[[ModuleType], object]) -> Callable[[str], Any]:
    def sought(wanted: str) -> Any:
        if wanted in _WHERE and package.__name__ == "kubernetes.client":
            return getattr(import_module(_WHERE[wanted]), wanted)
        if find_spec(f"{package.__name__}.{wanted}") is not None:
            return import_module(f"{package.__name__}.{wanted}")
        package.__dict__.pop("__getattr__", None)
        execute(package)
        return getattr(package, wanted)

    return sought
