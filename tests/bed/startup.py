"""Brings a bed up step by step: from nothing, from a half-dead one, or by doing nothing."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.bed import build, components, debian, pins
from tests.bed.errors import BedError
from tests.bed.images import ensure_archive
from tests.bed.pki import kubelet_configuration, write_credentials
from tests.bed.runtime import write_runtime
from tests.bed.supervisor import write_json

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.bed.sandbox import Sandbox

READY_WITHIN_S = 90.0
POLL_S = 0.05
ADDONS = Path(__file__).parent / "addons"


def start(sandbox: Sandbox, say: Callable[[str], None]) -> None:
    """Make the cluster run; a running one that is as it should be is left alone.

    Raises:
        BedError: something is missing or does not start.
    """
    debian.ensure_packages(say)
    bin_dir = build.ensure_built(say)
    archive = ensure_archive(bin_dir, say)
    plan = components.plan(bin_dir, sandbox.state_dir)
    if not (_current(sandbox, plan) and sandbox.repair()):
        _start_anew(sandbox, plan)
        say("namespaces made")
    with ThreadPoolExecutor(1) as pool:
        imported = pool.submit(_import_when_possible, sandbox, archive, say)
        _await_components(sandbox, say)
        imported.result()
    _apply_addons(sandbox, bin_dir)
    say("name service ready")


def clear(state_dir: Path) -> None:
    """Delete what a bed leaves in its directory, except for its logs."""
    if not state_dir.exists():
        return
    for path in state_dir.iterdir():
        if path.name != "log":
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()


def import_images(sandbox: Sandbox, archive: Path) -> None:
    """Give containerd the images of an archive."""
    address = ("ctr", "--address", str(components.CONTAINERD_SOCKET), "--namespace", "k8s.io")
    _inside(sandbox, [*address, "images", "import", str(archive)])


def _current(sandbox: Sandbox, plan: dict[str, Any]) -> bool:
    """Whether the bed runs, on the plan that this checkout would give it."""
    try:
        running = json.loads((sandbox.state_dir / "plan.json").read_text())
    except (FileNotFoundError, ValueError):
        return False
    return sandbox.init() is not None and bool(running == plan)


def _start_anew(sandbox: Sandbox, plan: dict[str, Any]) -> None:
    sandbox.stop()
    state_dir = sandbox.state_dir
    clear(state_dir)
    shutil.rmtree(state_dir / "log", ignore_errors=True)
    (state_dir / "log").mkdir(parents=True)
    k8s = state_dir / "kubernetes"
    write_credentials(k8s)
    (k8s / "resolv.conf").write_text(f"nameserver {components.DNS_ADDRESS}\n")
    (k8s / "kubelet.yaml").write_text(kubelet_configuration(k8s, sandbox.cgroup))
    write_runtime(state_dir)
    write_json(state_dir / "plan.json", plan)
    sandbox.start()


def _await_components(sandbox: Sandbox, say: Callable[[str], None]) -> None:
    """Wait until every component answers; says each as it does."""
    deadline = time.monotonic() + READY_WITHIN_S
    said: set[str] = set()
    while True:
        status = sandbox.status()
        rows: dict[str, Any] = status.get("components", {})
        for name in _newly_ready(rows, said):
            say("node ready" if name == "kubelet" else f"{name} ready")
        if rows and len(said) == len(rows):
            return
        _refuse_dead(sandbox, status, rows)
        if time.monotonic() > deadline:
            slow = ", ".join(name for name in rows if name not in said) or "pid 1"
            raise BedError(f"{slow} not ready in {READY_WITHIN_S:.0f} s: {_look_at(sandbox, slow)}")
        time.sleep(POLL_S)


def _newly_ready(rows: dict[str, Any], said: set[str]) -> list[str]:
    names = [name for name, row in rows.items() if row["state"] == "ready" and name not in said]
    said.update(names)
    return names


def _refuse_dead(sandbox: Sandbox, status: dict[str, Any], rows: dict[str, Any]) -> None:
    if "error" in status:
        raise BedError(status["error"])
    if sandbox.init() is None:
        last = sandbox.log_tail("supervisor")
        raise BedError(f"the bed's pid 1 ended ({last}): {_look_at(sandbox, 'supervisor')}")
    for name, row in rows.items():
        if row["state"] == "dead":
            said = sandbox.log_tail(name)
            raise BedError(f"{name} ended, {row['end']} ({said}): {_look_at(sandbox, name)}")


def _look_at(sandbox: Sandbox, component: str) -> str:
    name, _, _ = component.partition(",")
    return f"see `python -m tests.bed logs --name {sandbox.name} {name}`"


def _import_when_possible(sandbox: Sandbox, archive: Path, say: Callable[[str], None]) -> None:
    """Import the bed's images as soon as containerd answers, once per cluster and archive."""
    marker = sandbox.state_dir / "imported"
    if marker.exists() and marker.read_text() == archive.name:
        return
    deadline = time.monotonic() + READY_WITHIN_S
    while sandbox.status().get("components", {}).get("containerd", {}).get("state") != "ready":
        if time.monotonic() > deadline or sandbox.init() is None:
            return  # the wait for the components says why
        time.sleep(POLL_S)
    import_images(sandbox, archive)
    marker.write_text(archive.name)
    say("images imported")


def _apply_addons(sandbox: Sandbox, bin_dir: Path) -> None:
    manifest = (ADDONS / "coredns.yaml").read_text()
    manifest = manifest.replace("COREDNS_IMAGE", pins.IMAGES["coredns"])
    config = f"--kubeconfig={sandbox.state_dir / 'kubernetes' / 'admin.kubeconfig'}"
    kubectl = [str(bin_dir / "kubectl"), config, "--namespace=kube-system"]
    _inside(sandbox, [*kubectl, "apply", "--server-side", "--filename=-"], manifest)
    _inside(sandbox, [*kubectl, "rollout", "status", "deployment/coredns", "--timeout=60s"])


def _inside(sandbox: Sandbox, argv: list[str], stdin: str = "") -> None:
    done = subprocess.run(
        sandbox.command(argv, "/"), input=stdin, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        said = (done.stderr.strip() or done.stdout.strip()).replace("\n", " ")
        raise BedError(f"{Path(argv[0]).name} failed: {said}")
