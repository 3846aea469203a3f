"""What Pulumi made for the version that serves, and somebody deleted by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from canary.config import AppConfig
from canary.preflight.findings import Object
from canary.render.names import fallback_name, version_name


def missing_objects(
    app: AppConfig, primary: str, seen: Mapping[str, Object | None]
) -> tuple[str, ...]:
    """The objects that requests for the primary need and that are not there, by kind and name.

    `seen` has them by path (`needed_paths`); None is an object that is not there.
    """
    return tuple(what for what, path in _needed(app, primary).items() if seen[path] is None)


def needed_paths(app: AppConfig, primary: str) -> tuple[str, ...]:
    """Where the objects are that requests for the primary need."""
    return tuple(_needed(app, primary).values())


def deleted(gone: Sequence[str]) -> tuple[str, ...]:
    """The warning about them, if there are any."""
    if not gone:
        return ()
    verb = "is" if len(gone) == 1 else "are"
    again = "`pulumi up --refresh` makes them again"
    names = ", ".join(gone)
    return (f"{names} {verb} missing, which requests need: deleted by hand? {again}",)


def _needed(app: AppConfig, primary: str) -> dict[str, str]:
    if not primary:
        return {}
    version, fallback = version_name(app.name, primary), fallback_name(app.name, primary)
    core, apps = f"/api/v1/namespaces/{app.namespace}", f"/apis/apps/v1/namespaces/{app.namespace}"
    routes = f"/apis/traefik.io/v1alpha1/namespaces/{app.namespace}/ingressroutes"
    return {
        f"Deployment {version}": f"{apps}/deployments/{version}",
        f"Service {app.name}": f"{core}/services/{app.name}",
        f"Service {version}": f"{core}/services/{version}",
        f"Service {fallback}": f"{core}/services/{fallback}",
        f"IngressRoute {app.name}": f"{routes}/{app.name}",
    }
