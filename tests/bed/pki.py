"""Keys, certificates, tokens and kubeconfigs of one bed; every component is its own user.

No user but the admin has more rights than Kubernetes' own bootstrap roles give it, so that RBAC
is as real on a bed as elsewhere.
"""

from __future__ import annotations

import secrets
import subprocess
from typing import TYPE_CHECKING

from tests.bed.components import API, DNS_ADDRESS, NODE
from tests.bed.errors import BedError
from tests.bed.world import NODE_ADDRESS

if TYPE_CHECKING:
    from pathlib import Path

DAYS = "365"
SERVICE_ADDRESS = "10.96.0.1"
# file name: user name, groups
USERS = {
    "admin": ("admin", "system:masters"),
    "controller-manager": ("system:kube-controller-manager", ""),
    "scheduler": ("system:kube-scheduler", ""),
    "kubelet": (f"system:node:{NODE}", "system:nodes"),
    "proxy": ("system:kube-proxy", ""),
}


def write_credentials(directory: Path) -> None:
    """Fill a directory with everything that the components need to trust each other."""
    directory.mkdir(mode=0o700, parents=True)
    _write_certificates(directory)
    rows = [_write_user(directory, file, *who) for file, who in USERS.items()]
    (directory / "tokens.csv").write_text("".join(rows))


def _write_certificates(directory: Path) -> None:
    new_key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
    _openssl(
        directory, ["ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", "accounts.key"]
    )
    authority = ["-keyout", "ca.key", "-out", "ca.crt", "-subj", "/CN=canary-bed", "-x509", "-days"]
    _openssl(directory, ["req", *new_key, *authority, DAYS])
    request = ["-keyout", "api.key", "-out", "api.csr", "-subj", "/CN=kube-apiserver"]
    _openssl(directory, ["req", *new_key, *request])
    (directory / "api.ext").write_text(
        f"subjectAltName=IP:127.0.0.1,IP:{SERVICE_ADDRESS},IP:{NODE_ADDRESS},DNS:localhost,"
        "DNS:kubernetes,DNS:kubernetes.default,DNS:kubernetes.default.svc,"
        "DNS:kubernetes.default.svc.cluster.local\n"
    )
    sign = "x509 -req -in api.csr -CA ca.crt -CAkey ca.key -CAcreateserial -out api.crt"
    _openssl(directory, [*sign.split(), "-extfile", "api.ext", "-days", DAYS])


def _openssl(directory: Path, arguments: list[str]) -> None:
    done = subprocess.run(
        ["openssl", *arguments], cwd=directory, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise BedError(f"openssl {arguments[0]} failed: {done.stderr.strip().splitlines()[-1]}")


def _write_user(directory: Path, file: str, user: str, groups: str) -> str:
    """Give a user a token and a kubeconfig; its row for the API server's token file."""
    token = secrets.token_hex(20)
    for name, content in {
        f"{file}.token": token,
        f"{file}.kubeconfig": kubeconfig(directory, user, token),
    }.items():
        path = directory / name
        path.touch(mode=0o600)
        path.write_text(content)
    return f'{token},{user},{user},"{groups}"\n'


def kubeconfig(directory: Path, user: str, token: str) -> str:
    """A kubeconfig with one context named `bed`."""
    return f"""\
apiVersion: v1
kind: Config
clusters:
- name: bed
  cluster:
    server: {API}
    certificate-authority: {directory / "ca.crt"}
users:
- name: {user}
  user:
    token: {token}
contexts:
- name: bed
  context:
    cluster: bed
    user: {user}
current-context: bed
"""


def kubelet_configuration(directory: Path, cgroup: str) -> str:
    """The kubelet's settings for a machine with cgroup v1, swap or neither, and no systemd."""
    return f"""\
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
failCgroupV1: false
failSwapOn: false
cgroupDriver: cgroupfs
cgroupRoot: /{cgroup}
oomScoreAdj: 0
maxOpenFiles: 20000
containerRuntimeEndpoint: unix:///run/canary-bed/containerd.sock
podLogsDir: /var/log/pods
resolvConf: {directory / "resolv.conf"}
clusterDNS: [{DNS_ADDRESS}]
clusterDomain: cluster.local
authentication: {{anonymous: {{enabled: true}}, webhook: {{enabled: false}}}}
authorization: {{mode: AlwaysAllow}}
evictionHard: {{memory.available: 100Mi}}
imageGCHighThresholdPercent: 100
volumePluginDir: /var/lib/kubelet/volumeplugins
nodeStatusUpdateFrequency: 2s
serializeImagePulls: false
"""
