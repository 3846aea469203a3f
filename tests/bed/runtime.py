"""The container runtime's configuration: containerd with runc, and a bridge network of pods."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tests.bed.components import CONTAINERD_SOCKET, POD_RANGE
from tests.bed.pins import IMAGES
from tests.bed.world import RUN_DIR

if TYPE_CHECKING:
    from pathlib import Path

PLUGINS = "/usr/lib/cni"
# Snapshotters that need kernel modules or file systems which a bed does not use.
UNUSED = ("aufs", "btrfs", "devmapper", "zfs")


def write_runtime(state_dir: Path) -> None:
    """Write containerd.toml and the network's configuration."""
    (state_dir / "containerd.toml").write_text(containerd(state_dir))
    network = state_dir / "network"
    network.mkdir()
    (network / "10-bed.conflist").write_text(json.dumps(pod_network(), indent=2))


def containerd(state_dir: Path) -> str:
    """containerd.toml: nothing here asks for rights that a container's root lacks."""
    unused = json.dumps([f"io.containerd.snapshotter.v1.{name}" for name in UNUSED])
    return f"""\
version = 2
root = "{state_dir / "containerd"}"
state = "{RUN_DIR / "containerd"}"
disabled_plugins = {unused}

[grpc]
  address = "{CONTAINERD_SOCKET}"

[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "{IMAGES["pause"]}"
  restrict_oom_score_adj = true
  disable_apparmor = true
  netns_mounts_under_state_dir = true

  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "{PLUGINS}"
    conf_dir = "{state_dir / "network"}"

  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "overlayfs"

    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"

      [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
        SystemdCgroup = false
"""


def pod_network() -> dict[str, object]:
    """A bridge with addresses from the pods' range; its leases lie in the bed's own /run."""
    bridge = {
        "type": "bridge",
        "bridge": "cni0",
        "isGateway": True,
        "ipMasq": True,
        "hairpinMode": True,
        "ipam": {
            "type": "host-local",
            "dataDir": str(RUN_DIR / "leases"),
            "ranges": [[{"subnet": POD_RANGE}]],
            "routes": [{"dst": "0.0.0.0/0"}],
        },
    }
    ports = {"type": "portmap", "capabilities": {"portMappings": True}}
    return {"cniVersion": "1.0.0", "name": "bed", "plugins": [bridge, ports]}
