"""What can go wrong in the stand-in plugin; every message is for the person who runs `pulumi up`.

PluginError                  refused, nothing was changed
├── KindError                a kind that this stand-in or this cluster does not know
├── ClusterError             the API server cannot be reached, or the kubeconfig is of no use
├── ApiError                 the API server answered with an error
├── AwaitError               an object did not become what it should be
└── Unready                  the same with the object that was written, for the engine's state
"""

from typing import Any


class PluginError(Exception):
    """A request that cannot be carried out."""


class KindError(PluginError):
    """The resource's type is not one of those that the stand-in serves."""


class ClusterError(PluginError):
    """No usable answer from a cluster."""


class ApiError(PluginError):
    """The API server refused.

    Attributes:
        code: the HTTP status code.
    """

    def __init__(self, message: str, *, code: int) -> None:
        super().__init__(message)
        self.code = code


class AwaitError(PluginError):
    """Not ready or not gone: timed out, failed for good, or the wait was cancelled."""


class Unready(PluginError):
    """Written, but not ready: the engine must keep what there is.

    Attributes:
        resource_id: the id of the object.
        outputs: the live object.
    """

    def __init__(self, reason: str, resource_id: str, outputs: dict[str, Any]) -> None:
        super().__init__(reason)
        self.resource_id = resource_id
        self.outputs = outputs
