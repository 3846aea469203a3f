"""The inside of a bed, made by its pid 1: mounts, node address, and what the machine must not see.

Everything lives in the bed's own namespaces and vanishes with them. The kubelet sets kernel
parameters for the whole machine; files of the bed's own lie over those.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from tests.bed.errors import BedError

NODE_ADDRESS = "10.0.0.10"
OVERLAYS = ("var", "etc", "usr/libexec")
SHIELDED = {
    "vm/overcommit_memory": "1",
    "vm/panic_on_oom": "0",
    "kernel/panic": "10",
    "kernel/panic_on_oops": "1",
    "kernel/keys/root_maxkeys": "1000000",
    "kernel/keys/root_maxbytes": "25000000",
}
RUN_DIR = Path("/run/canary-bed")


def prepare(state_dir: Path, hostname: str) -> None:
    """Make the bed's file systems and network; raises BedError with the step that failed."""
    _do("hostname", hostname)
    _do("mount", "--make-rshared", "/")
    for directory in OVERLAYS:
        _overlay(state_dir, directory)
    _do("mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", "/run")
    for empty in (RUN_DIR, Path("/run/netns"), Path("/run/lock")):
        empty.mkdir()
    _shield(state_dir)
    _network()
    Path("/etc/hosts").write_text(f"127.0.0.1 localhost\n{NODE_ADDRESS} {hostname}\n")


def _overlay(state_dir: Path, directory: str) -> None:
    """Writes to /directory go to the bed's state, not to the machine."""
    layers = state_dir / "overlay" / directory
    shutil.rmtree(layers, ignore_errors=True)
    upper, work = layers / "upper", layers / "work"
    upper.mkdir(parents=True)
    work.mkdir()
    options = f"lowerdir=/{directory},upperdir={upper},workdir={work}"
    Path("/", directory).mkdir(exist_ok=True)
    advice = "set CANARY_BED_CACHE to a directory on ext4, xfs or tmpfs"
    _do("mount", "-t", "overlay", "overlay", "-o", options, f"/{directory}", advice=advice)


def _shield(state_dir: Path) -> None:
    """The kubelet checks and sets kernel parameters of the machine: give it files instead."""
    shields = state_dir / "shield"
    shields.mkdir(exist_ok=True)
    for parameter, value in SHIELDED.items():
        shield, real = shields / Path(parameter).name, Path("/proc/sys", parameter)
        shield.write_text(value + "\n")
        if real.exists():
            _do("mount", "--bind", str(shield), str(real))


def _network() -> None:
    """A node address with a default route: without a route no ClusterIP is reached from here."""
    _do("ip", "link", "set", "lo", "up")
    _do("ip", "link", "add", "node0", "type", "veth", "peer", "name", "node0p")
    _do("ip", "address", "add", f"{NODE_ADDRESS}/24", "dev", "node0")
    _do("ip", "link", "set", "node0", "up")
    _do("ip", "link", "set", "node0p", "up")
    _do("ip", "route", "add", "default", "via", "10.0.0.1", "dev", "node0", "onlink")
    Path("/proc/sys/net/ipv4/ip_forward").write_text("1\n")


def _do(*command: str, advice: str = "run as root with all capabilities") -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        reason = done.stderr.strip().replace("\n", " ")
        raise BedError(f"`{' '.join(command)}` failed ({reason}): {advice}")
