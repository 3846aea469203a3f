"""The process's sign of life: one Lease in a namespace, renewed while it vouches for any run.

A thread renews it every two seconds, but for a run only while that run's loop looks. Runs that
begin at the same moment are vouched for by one write: whoever comes to write does it for all who
wait, else the last of two hundred would begin when the first has long been at work. What others
may conclude from a missing renewal, the run concludes first: it is measured from before a renewal
was sent, by the clock that counts sleep, and once it has lapsed a run stays so until it is taken up
again. A process that was stopped wakes up lapsed, whichever of its threads runs first.
"""

from __future__ import annotations

import os
import socket
import threading
import uuid
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace

from canary.adapters.clock import SystemClock, boot_s
from canary.adapters.cluster.kubernetes import Cluster
from canary.adapters.process.lease import LeaseForm
from canary.adapters.routes.lists import Object
from canary.core.holding import LAPSED, RENEW_S, Vouch
from canary.errors import ClusterError, ConflictError, LapsedError, PortError

TIMEOUT_S = 3.0  # of one renewal: two fit into the time that a Lease lasts


@dataclass(slots=True, kw_only=True)
class Pace:
    """What time it is and how often to renew; a test has its own."""

    boot_s: Callable[[], float] = boot_s
    wall_s: Callable[[], float] = field(default_factory=lambda: SystemClock().wall_s)
    every_s: float = RENEW_S


class LeaseKeeper:
    """Keeps one Lease; thread-safe. `connect` opens a connection of the Lease's own."""

    def __init__(
        self,
        connect: Callable[[], Cluster],
        *,
        namespace: str,
        owner: str,
        pace: Pace | None = None,
    ) -> None:
        self._connect = connect
        self._pace = pace or Pace()
        self._form = LeaseForm(
            namespace=namespace,
            name=f"canary-{uuid.uuid4().hex[:10]}",
            owner=owner,
            holder=f"process {os.getpid()} on {socket.gethostname()}",
        )
        self._vouches: dict[str, Vouch] = {}
        self._begun: set[str] = set()  # those that wait for their first renewal, or after a lapse
        self._short = threading.Lock()  # around the vouches, never held while anything is sent
        self._sending = threading.Lock()
        self._cluster: Cluster | None = None
        self._seen: Object | None = None
        self._acquired_s = 0.0
        self._ended = threading.Event()

    def vouch(self, run: str) -> str:
        """Vouch for the run from now on; returns once the Lease says so, with its reference.

        Raises:
            PortError: the Lease could not be written.
        """
        self._wait_for_renewal(run)
        with self._sending:
            try:
                self._renew_for(run)
            finally:
                self._close_if_idle()
        return self._form.reference

    def looked(self, run: str) -> None:
        """The run's loop looks, just now."""
        now_s = self._pace.boot_s()
        with self._short:
            if run in self._vouches:
                self._vouches[run] = replace(self._vouches[run], looked_s=now_s)

    def lapsed(self, run: str) -> bool:
        """Whether others may take the run for dead."""
        with self._short:
            if run not in self._vouches:
                return False
            self._vouches[run] = self._vouches[run].at(self._pace.boot_s())
            return self._vouches[run].lapsed

    def resume(self, run: str) -> None:
        """Vouch again after a lapse.

        Raises:
            PortError: the Lease could not be written.
        """
        if self.lapsed(run):
            self._wait_for_renewal(run)
            with self._sending:
                self._renew_for(run)

    def dismiss(self, run: str) -> None:
        """Vouch no more; the last run's end deletes the Lease if that is possible."""
        with self._sending:
            with self._short:
                self._vouches.pop(run, None)
            self._close_if_idle()

    def _open(self) -> None:
        self._cluster = self._connect()
        self._acquired_s = self._pace.wall_s()
        self._ended = threading.Event()
        work = threading.Thread(
            target=self._work, args=(self._ended,), name="heartbeat", daemon=True
        )
        work.start()

    def _close_if_idle(self) -> None:
        with self._short:
            busy = bool(self._vouches)
        if busy or self._cluster is None:
            return
        self._ended.set()
        with suppress(PortError):  # it runs out as well
            self._cluster.delete(self._form.path)
        self._cluster.close()
        self._cluster, self._seen = None, None

    def _work(self, ended: threading.Event) -> None:
        while not ended.wait(self._pace.every_s):
            with self._sending:
                if ended.is_set():
                    return
                with suppress(PortError):  # what this means for a run, its lapse tells
                    self._renew()

    def _wait_for_renewal(self, run: str) -> None:
        with self._short:
            self._begun.add(run)

    def _renew_for(self, run: str) -> None:
        """Unless somebody who wrote meanwhile did so for this run, too."""
        try:
            if run in self._begun:
                if self._cluster is None:
                    self._open()
                self._renew()
        finally:
            with self._short:
                self._begun.discard(run)

    def _renew(self) -> None:
        """Renew for every run that deserves it, and for those that wait whatever they were."""
        now_s = self._pace.boot_s()
        with self._short:
            self._vouches = {run: vouch.at(now_s) for run, vouch in self._vouches.items()}
            begun = set(self._begun)
            runs = begun | {run for run, vouch in self._vouches.items() if vouch.deserved(now_s)}
        if not runs:
            return
        self._write(
            self._form.body(runs, acquired_s=self._acquired_s, renewed_s=self._pace.wall_s())
        )
        with self._short:
            for run in runs & self._vouches.keys():
                self._vouches[run] = replace(self._vouches[run], confirmed_s=now_s)
            for run in begun & self._begun:  # who gave up meanwhile is not vouched for
                self._vouches[run] = Vouch(looked_s=now_s, confirmed_s=now_s)
            self._begun -= begun

    def _write(self, body: Object) -> None:
        try:
            self._seen = self._written(body)
        except (ConflictError, ClusterError) as error:
            if isinstance(error, ClusterError) and error.status != 404:
                raise
            # Our own renewal whose answer was lost, or somebody deleted the Lease.
            self._seen = self._running().find(self._form.path)
            self._seen = self._written(body)

    def _written(self, body: Object) -> Object:
        cluster = self._running()
        if self._seen is None:
            return cluster.create(self._form.collection, body)
        version = self._seen["metadata"]["resourceVersion"]
        marked = {**body, "metadata": {**body["metadata"], "resourceVersion": version}}
        return cluster.replace(self._form.path, marked)

    def _running(self) -> Cluster:
        if self._cluster is None:
            raise ClusterError("the Lease's connection is closed")
        return self._cluster


class LeaseHeartbeat:
    """Implements `canary.ports.Heartbeat` for the run of this name."""

    def __init__(self, keeper: LeaseKeeper, run: str) -> None:
        self._keeper = keeper
        self.run = run

    def begin(self) -> str:
        """Vouch for the run from now on."""
        return self._keeper.vouch(self.run)

    def beat(self) -> None:
        """The run's loop looks, just now."""
        self._keeper.looked(self.run)

    def lapse(self) -> str:
        """Why others may have taken the run for dead; "" also before it has begun."""
        return LAPSED if self._keeper.lapsed(self.run) else ""

    def resume(self) -> None:
        """After a lapse, vouch again."""
        self._keeper.resume(self.run)

    def demand(self) -> None:
        """Pass unless the run has lapsed.

        Raises:
            LapsedError: it has.
        """
        if text := self.lapse():
            raise LapsedError(f"nothing more is written: {text}")

    def close(self) -> None:
        """The run has ended."""
        self._keeper.dismiss(self.run)
