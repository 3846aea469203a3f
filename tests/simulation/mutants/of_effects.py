"""Bugs in what a driver does and writes."""

from __future__ import annotations

from tests.simulation.mutants.mutant import Edit, Mutant

MUTANTS = (
    Mutant(
        name="stop-under-traffic",
        why="pods are stopped that Traefik still routes to",
        seed=8,
        edits=(
            Edit(
                path="canary/engine/pods.py",
                old="if record.canary in ports.router.live(record).versions:",
                new="if not record.canary:",
            ),
        ),
    ),
    Mutant(
        name="kept-from-the-autoscaler",
        why="a primary stays big that its autoscaler would make smaller",
        seed=3,
        edits=(
            Edit(
                path="canary/engine/pods.py",
                old="    if not record.reserved:\n",
                new="    if record.run:\n",
            ),
        ),
    ),
    Mutant(
        name="overwrite-a-takeover",
        why="a driver that was paused writes over the run that took over",
        seed=2,
        edits=(
            Edit(
                path="canary/engine/run.py",
                old="if route is not None and route.record.run != record.run:",
                new="if route is None:",
            ),
        ),
    ),
    Mutant(
        name="held-by-nobody",
        why="a second driver does not ask whether the first one lives",
        seed=12,
        edits=(
            Edit(
                path="canary/engine/holding.py",
                old="    if not (record.unfinished and record.lease):\n",
                new="    if record.run:\n",
            ),
        ),
    ),
    Mutant(
        name="impatient-observer",
        why="a driver is taken for dead that only was paused for a moment",
        seed=247,
        edits=(
            Edit(
                path="canary/engine/holding.py",
                old="ports.clock.now_s() + LEASE_S",
                new="ports.clock.now_s() + LEASE_S / 5",
            ),
        ),
    ),
    Mutant(
        name="unleased-claim",
        why="nobody can see that the run's driver died",
        seed=5,
        edits=(Edit(path="canary/engine/claim.py", old="        lease=request.lease,\n", new=""),),
    ),
    Mutant(
        name="lapsed-for-ever",
        why="a driver that was paused does not put back what nobody else did",
        seed=30,
        edits=(
            Edit(
                path="canary/engine/run.py",
                old="            self.ports.heartbeat.resume()\n",
                new="            self.ports.heartbeat.beat()\n",
            ),
        ),
    ),
    Mutant(
        name="no-emergency",
        why="a bug leaves users on the canary",
        seed=99,
        edits=(
            Edit(
                path="canary/engine/run.py",
                old="            if self.record.phase not in TERMINAL:  # else",
                new="            if not self.record.run:  # else",
            ),
        ),
    ),
    Mutant(
        name="impatient-write",
        why="one lost answer ends a good release",
        seed=178,
        edits=(
            Edit(
                path="canary/engine/patience.py",
                old="            if not error.retryable or ports",
                new="            if error or ports",
            ),
        ),
    ),
    Mutant(
        name="endless-patience",
        why="a write is tried for as long as an outage lasts, and nobody judges meanwhile",
        seed=307,
        edits=(
            Edit(
                path="canary/engine/patience.py",
                old="not error.retryable or ports.clock.now_s() + wait_s > deadline_s:",
                new="not error.retryable:",
            ),
        ),
    ),
    Mutant(
        name="repair-to-dead-primary",
        why="a repair moves users to a primary without pods",
        seed=145,
        edits=(
            Edit(
                path="canary/engine/repair.py",
                old="next((v for v in wanted if pods.get(v, Pods()).ready), record.primary)",
                new="next((v for v in wanted if v not in pods), record.primary)",
            ),
        ),
    ),
    Mutant(
        name="repair-forgets-apex",
        why="callers inside the cluster stay where a dead run had sent them",
        seed=145,
        edits=(
            Edit(
                path="canary/engine/repair.py",
                old="    patiently(lambda: _point_apex(serving, ports), ports, PATIENCE_S)\n",
                new="",
            ),
        ),
    ),
    Mutant(
        name="blind-to-edits",
        why="a run does not see that another one took over",
        seed=268,
        edits=(
            Edit(
                path="canary/engine/lookout.py",
                old="    if route.record.run != record.run:\n",
                new="    if not route.record.run:\n",
            ),
        ),
    ),
    Mutant(
        name="unlisted-canary",
        why="a repair leaves users on a canary that nobody watches",
        seed=27,
        edits=(
            Edit(
                path="canary/engine/repair.py",
                old=(
                    "        weight_percent=0,\n        mirror_percent=0,\n        exposed=False,\n"
                ),
                new=("        mirror_percent=0,\n        exposed=False,\n"),
            ),
        ),
    ),
    Mutant(
        name="late-apex",
        why="callers inside the cluster stay on a version that is not the primary any more",
        seed=1,
        edits=(
            Edit(
                path="canary/engine/run.py",
                old=(
                    "        patiently(\n"
                    "            lambda: self.ports.apex.point_to(self.record.canary), "
                    "self.ports, WRITE_PATIENCE_S\n"
                    "        )\n"
                    "        self._write(settled(self._named(moved=True), self.state.course), "
                    "WRITE_PATIENCE_S)\n"
                ),
                new=(
                    "        promoted = self.record.canary\n"
                    "        self._write(settled(self._named(moved=True), self.state.course), "
                    "WRITE_PATIENCE_S)\n"
                    "        patiently(\n"
                    "            lambda: self.ports.apex.point_to(promoted), "
                    "self.ports, WRITE_PATIENCE_S\n"
                    "        )\n"
                ),
            ),
        ),
    ),
    Mutant(
        name="forgotten-apex",
        why="callers inside the cluster are never sent to the new version",
        seed=1,
        edits=(
            Edit(
                path="canary/engine/run.py",
                old="lambda: self.ports.apex.point_to(self.record.canary), self.ports, WRITE",
                new="lambda: self.ports.apex.version(), self.ports, WRITE",
            ),
        ),
    ),
    Mutant(
        name="apex-not-back",
        why="callers inside the cluster stay on a version that was rolled back and is stopped",
        seed=306,
        edits=(
            Edit(
                path="canary/engine/run.py",
                old="        if self.ports.apex.version() == self.record.canary:\n",
                new="        if not self.ports.apex.version():\n",
            ),
        ),
    ),
    Mutant(
        name="unsigned-repair",
        why="who wakes up in a run that was repaired does not find that another took over",
        seed=0,
        edits=(
            Edit(
                path="canary/engine/repair.py",
                old="        record,\n        run=run,\n",
                new="        record,\n",
            ),
        ),
    ),
)
