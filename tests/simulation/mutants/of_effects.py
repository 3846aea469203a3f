"""Bugs in what a driver, or the guard, does and writes."""

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
        name="slow-guard",
        why="what a dead driver left stays for more than 15 s",
        seed=5,
        edits=(
            Edit(path="canary/guard/decisions.py", old="EXPIRY_S = 10.0", new="EXPIRY_S = 20.0"),
        ),
    ),
    Mutant(
        name="hasty-guard",
        why="the guard acts on a living run",
        seed=19,
        edits=(
            Edit(path="canary/guard/decisions.py", old="EXPIRY_S = 10.0", new="EXPIRY_S = 2.0"),
        ),
    ),
    Mutant(
        name="guard-to-dead-primary",
        why="the guard moves users to a primary without pods",
        seed=94,
        edits=(
            Edit(
                path="canary/guard/decisions.py",
                old="    return primary_ready > 0 or others_ready == 0",
                new="    return primary_ready + others_ready >= 0",
            ),
        ),
    ),
    Mutant(
        name="guard-leaves-picked",
        why="whom a rule picks stays on a canary that nobody watches",
        seed=148,
        edits=(
            Edit(
                path="canary/guard/decisions.py",
                old='        **({"exposed": False} if "exposed" in record else {}),\n',
                new="",
            ),
        ),
    ),
    Mutant(
        name="guard-leaves-copies",
        why="a canary that nobody watches goes on getting copies",
        seed=133,
        edits=(
            Edit(
                path="canary/guard/decisions.py",
                old='        **({"mirrored": 0} if "mirrored" in record else {}),\n',
                new="",
            ),
        ),
    ),
    Mutant(
        name="guard-stops-primary",
        why="the guard stops the version that serves",
        seed=4,
        edits=(
            Edit(
                path="canary/guard/decisions.py",
                old='    return str(canary) if failed else ""',
                new='    return str(primary) if failed else ""',
            ),
        ),
    ),
    Mutant(
        name="guard-stops-nothing",
        why="pods of a version that failed are left for ever",
        seed=5,
        edits=(
            Edit(
                path="canary/guard/decisions.py",
                old='    return str(canary) if failed else ""',
                new='    return "" if failed else ""',
            ),
        ),
    ),
    Mutant(
        name="guard-stops-runs",
        why="the guard stops the version of a run under way",
        seed=5,
        edits=(
            Edit(
                path="canary/guard/decisions.py",
                old='    failed = record["phase"] == "Failed" and isinstance(canary, str)',
                new="    failed = isinstance(canary, str)",
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
