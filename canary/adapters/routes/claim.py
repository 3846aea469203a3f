"""Whose the app is: asked before a run changes what does not carry the record.

The record is swapped, and so tells for sure who came later; the other objects do not tell by
themselves. Before one of them is swapped, this asks whether the record still names the run that it
named when this driver last had to do with it. Whoever takes over writes the record first and then
his name on what he goes on to use: what he did not find, his name finds, and makes the swap fail.
"""

from __future__ import annotations

from canary.adapters.cluster.kubernetes import Cluster
from canary.adapters.routes.lists import RUN, Object
from canary.errors import ConflictError


class Claim:
    """The run of the record at `path`, as the driver found it first and has written it since."""

    def __init__(self, cluster: Cluster, path: str) -> None:
        self._cluster = cluster
        self._path = path
        self._run: str | None = None

    @property
    def run(self) -> str:
        """Its name; "" where there was no record."""
        return self._run or ""

    def found(self, run: str) -> None:
        """The driver looked; what others wrote after its first look is not its own."""
        if self._run is None:
            self._run = run

    def written(self, run: str) -> None:
        """The driver swapped the record."""
        self._run = run

    def demand(self) -> None:
        """Pass unless another run has the app by now; where nobody has it, nobody took it.

        Raises:
            ConflictError: another run took over.
            ClusterError: the record cannot be read.
        """
        body = self._cluster.find(self._path)
        now = run_of(body) if body else ""
        if now not in ("", self.run):
            raise ConflictError(f"run {now} took over; nothing more is written")


def run_of(body: Object) -> str:
    """The run whose name is on an object, "" for none."""
    return str((body["metadata"].get("annotations") or {}).get(RUN, ""))
