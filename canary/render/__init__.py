"""Pure rendering of a version: what runs, as Kubernetes sees it, and the hash that names it."""

from canary.render.version import RenderedVersion, render_version

__all__ = ["RenderedVersion", "render_version"]
