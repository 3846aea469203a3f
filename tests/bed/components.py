"""The programs that make a cluster, as the supervisor's plan: how each is started and asked."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.bed.probes import Probe
from tests.bed.world import NODE_ADDRESS, RUN_DIR

if TYPE_CHECKING:
    from pathlib import Path

NODE = "bed"
API = "https://127.0.0.1:6443"
ETCD = "http://127.0.0.1:2379"
SERVICE_RANGE = "10.96.0.0/16"
POD_RANGE = "10.244.0.0/24"
DNS_ADDRESS = "10.96.0.10"
CONTAINERD_SOCKET = RUN_DIR / "containerd.sock"
NODE_READY = '"type":"Ready","status":"True"'


@dataclass(frozen=True, slots=True, kw_only=True)
class Spec:
    """One component of the plan."""

    name: str
    argv: list[str]
    probes: list[Probe]
    after: tuple[str, ...] = ()

    def plain(self) -> dict[str, Any]:
        """As the supervisor reads it."""
        probes = [probe.plain() for probe in self.probes]
        return {"name": self.name, "argv": self.argv, "after": list(self.after), "probes": probes}


def plan(bin_dir: Path, state_dir: Path) -> dict[str, Any]:
    """The whole plan of a bed, ready for JSON."""
    k8s = state_dir / "kubernetes"
    specs = [
        _containerd(state_dir),
        _etcd(state_dir),
        _apiserver(bin_dir, k8s),
        _controller_manager(bin_dir, k8s),
        _scheduler(bin_dir, k8s),
        _kubelet(bin_dir, k8s),
        _kube_proxy(bin_dir, k8s),
    ]
    system = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    env = {"PATH": f"{bin_dir}:{system}", "HOME": os.environ.get("HOME", "/root")}
    return {"env": env, "components": [each.plain() for each in specs]}


def _containerd(state_dir: Path) -> Spec:
    return Spec(
        name="containerd",
        argv=["containerd", "--config", str(state_dir / "containerd.toml")],
        probes=[Probe(unix=str(CONTAINERD_SOCKET))],
    )


def _etcd(state_dir: Path) -> Spec:
    return Spec(
        name="etcd",
        argv=[
            "etcd",
            f"--data-dir={state_dir / 'etcd'}",
            "--unsafe-no-fsync",  # a bed outlives no power failure
            f"--listen-client-urls={ETCD}",
            f"--advertise-client-urls={ETCD}",
            "--listen-peer-urls=http://127.0.0.1:2380",
        ],
        probes=[Probe(url=f"{ETCD}/health", contains="true")],
    )


def _apiserver(bin_dir: Path, k8s: Path) -> Spec:
    return Spec(
        name="kube-apiserver",
        argv=[
            str(bin_dir / "kube-apiserver"),
            f"--etcd-servers={ETCD}",
            "--secure-port=6443",
            "--bind-address=0.0.0.0",
            f"--advertise-address={NODE_ADDRESS}",
            f"--service-cluster-ip-range={SERVICE_RANGE}",
            f"--tls-cert-file={k8s / 'api.crt'}",
            f"--tls-private-key-file={k8s / 'api.key'}",
            f"--cert-dir={k8s / 'made'}",
            f"--service-account-key-file={k8s / 'accounts.key'}",
            f"--service-account-signing-key-file={k8s / 'accounts.key'}",
            "--service-account-issuer=https://kubernetes.default.svc",
            f"--token-auth-file={k8s / 'tokens.csv'}",
            "--authorization-mode=Node,RBAC",
            "--enable-admission-plugins=NodeRestriction",
            "--kubelet-preferred-address-types=InternalIP",
            "--allow-privileged",
        ],
        probes=[Probe(url=f"{API}/readyz", token_file=str(k8s / "admin.token"))],
        after=("etcd",),
    )


def _controller_manager(bin_dir: Path, k8s: Path) -> Spec:
    return Spec(
        name="kube-controller-manager",
        argv=[
            str(bin_dir / "kube-controller-manager"),
            f"--kubeconfig={k8s / 'controller-manager.kubeconfig'}",
            f"--service-account-private-key-file={k8s / 'accounts.key'}",
            f"--root-ca-file={k8s / 'ca.crt'}",
            f"--cert-dir={k8s / 'made'}",
            "--use-service-account-credentials",
            "--kube-api-qps=200",
            "--kube-api-burst=400",
            "--leader-elect=false",
        ],
        probes=[Probe(url="https://127.0.0.1:10257/healthz")],
        after=("kube-apiserver",),
    )


def _scheduler(bin_dir: Path, k8s: Path) -> Spec:
    return Spec(
        name="kube-scheduler",
        argv=[
            str(bin_dir / "kube-scheduler"),
            f"--kubeconfig={k8s / 'scheduler.kubeconfig'}",
            f"--cert-dir={k8s / 'made'}",
            "--leader-elect=false",
        ],
        probes=[Probe(url="https://127.0.0.1:10259/healthz")],
        after=("kube-apiserver",),
    )


def _kubelet(bin_dir: Path, k8s: Path) -> Spec:
    node = Probe(
        url=f"{API}/api/v1/nodes/{NODE}",
        token_file=str(k8s / "admin.token"),
        contains=NODE_READY,
    )
    return Spec(
        name="kubelet",
        argv=[
            str(bin_dir / "kubelet"),
            f"--config={k8s / 'kubelet.yaml'}",
            f"--kubeconfig={k8s / 'kubelet.kubeconfig'}",
            f"--cert-dir={k8s / 'made'}",
            f"--hostname-override={NODE}",
            f"--node-ip={NODE_ADDRESS}",
        ],
        probes=[Probe(url="http://127.0.0.1:10248/healthz"), node],
        after=("kube-apiserver", "containerd"),
    )


def _kube_proxy(bin_dir: Path, k8s: Path) -> Spec:
    return Spec(
        name="kube-proxy",
        argv=[
            str(bin_dir / "kube-proxy"),
            f"--kubeconfig={k8s / 'proxy.kubeconfig'}",
            "--proxy-mode=iptables",
            f"--cluster-cidr={POD_RANGE}",
            f"--hostname-override={NODE}",
            "--conntrack-max-per-core=0",
            "--conntrack-min=0",
            "--conntrack-tcp-timeout-established=0s",
            "--conntrack-tcp-timeout-close-wait=0s",
            "--oom-score-adj=0",
            "--healthz-bind-address=127.0.0.1:10256",
            "--iptables-min-sync-period=0s",  # else endpoints lag by more than a second
        ],
        probes=[Probe(url="http://127.0.0.1:10256/livez")],
        after=("kube-apiserver",),
    )
