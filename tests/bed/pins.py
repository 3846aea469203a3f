"""Every version that the bed is made of: Go programs, Debian packages, images.

The modules' exact contents are pinned by the `go.sum` files under `go/`; a test keeps those and
this file in agreement. Changing one program's pins rebuilds that program alone.
"""

from dataclasses import dataclass
from typing import Final

GO_MINIMUM: Final = (1, 26)

PULUMI: Final = "v3.259.0"
KUBERNETES: Final = "v1.34.2"
COREDNS: Final = "v1.14.3"
TRAEFIK: Final = "v3.7.13"
PROMETHEUS: Final = "v2.42.0"
PODINFO: Final = "6.9.2"
LOADTESTER: Final = "0.38.0"
FLAGGER: Final = "v1.44.0"
PAUSE: Final = "3.10"
PYTHON: Final = "3.11"


@dataclass(frozen=True, slots=True, kw_only=True)
class ModuleFile:
    """An executable script that a Go module carries beside its Go code."""

    module: str
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """One Go module under `go/` and the executables that it yields.

    Attributes:
        name: the directory under `go/`.
        modules: (module, version) pairs that its go.mod must require.
        packages: the main packages; each executable is named like its package.
        tags: Go build tags, separated by commas.
        stamps: (variable, value) pairs that the linker sets, such as the reported version.
        scripts: files copied from modules, mode 755.
    """

    name: str
    modules: tuple[tuple[str, str], ...]
    packages: tuple[str, ...]
    tags: str = ""
    stamps: tuple[tuple[str, str], ...] = ()
    scripts: tuple[ModuleFile, ...] = ()

    @property
    def executables(self) -> tuple[str, ...]:
        """The names of the files that a build of this program publishes."""
        paths = (*self.packages, *(script.path for script in self.scripts))
        return tuple(path.rpartition("/")[2] for path in paths)


_PULUMI_SDK = "github.com/pulumi/pulumi/sdk/v3"
_KUBERNETES_VERSION = "k8s.io/component-base/version"
_KUBERNETES_PROGRAMS = (
    "kube-apiserver",
    "kube-controller-manager",
    "kube-proxy",
    "kube-scheduler",
    "kubectl",
    "kubelet",
)

PROGRAMS: Final = (
    Program(
        name="pulumi",
        modules=(("github.com/pulumi/pulumi/pkg/v3", PULUMI), (_PULUMI_SDK, PULUMI)),
        packages=("github.com/pulumi/pulumi/pkg/v3/cmd/pulumi",),
        tags="osusergo",
        stamps=((f"{_PULUMI_SDK}/go/common/version.Version", PULUMI),),
        scripts=(
            ModuleFile(module=_PULUMI_SDK, path="python/cmd/pulumi-language-python-exec"),
            ModuleFile(module=_PULUMI_SDK, path="python/dist/pulumi-resource-pulumi-python"),
        ),
    ),
    Program(
        name="kubernetes",
        modules=(("k8s.io/kubernetes", KUBERNETES),),
        packages=tuple(f"k8s.io/kubernetes/cmd/{name}" for name in _KUBERNETES_PROGRAMS),
        stamps=(
            (f"{_KUBERNETES_VERSION}.gitVersion", KUBERNETES),
            (f"{_KUBERNETES_VERSION}.gitMajor", KUBERNETES.lstrip("v").split(".")[0]),
            (f"{_KUBERNETES_VERSION}.gitMinor", KUBERNETES.split(".")[1]),
        ),
    ),
    Program(
        name="coredns",
        modules=(("github.com/coredns/coredns", COREDNS),),
        packages=("github.com/coredns/coredns",),
    ),
    Program(
        name="podinfo",
        modules=(
            # podinfo tags its releases without a "v", so Go knows 6.9.2 by its commit.
            ("github.com/stefanprodan/podinfo", "v1.8.1-0.20250910200901-e86405a8674e"),
            ("github.com/fluxcd/flagger", FLAGGER),
        ),
        packages=(
            "github.com/stefanprodan/podinfo/cmd/podinfo",
            "github.com/fluxcd/flagger/cmd/loadtester",
            "github.com/fluxcd/flagger/cmd/flagger",
        ),
    ),
    Program(
        name="traefik",
        modules=(("github.com/traefik/traefik/v3", TRAEFIK),),
        packages=("github.com/traefik/traefik/v3/cmd/traefik",),
        stamps=(("github.com/traefik/traefik/v3/pkg/version.Version", TRAEFIK.lstrip("v")),),
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class DebianPackage:
    """A package of the distribution, and packages of other origin that do the same job."""

    name: str
    instead: tuple[str, ...] = ()


# On Debian 12: containerd 1.6.20, runc 1.1.5, CNI plugins 1.1.1, etcd 3.4.23, Prometheus 2.42.0.
DEBIAN_PACKAGES: Final = (
    DebianPackage(name="containerd", instead=("containerd.io",)),
    DebianPackage(name="runc", instead=("containerd.io",)),
    DebianPackage(name="containernetworking-plugins"),
    DebianPackage(name="etcd-server"),
    DebianPackage(name="prometheus"),
    DebianPackage(name="hey"),
    DebianPackage(name="iptables"),
    DebianPackage(name="nftables"),
    DebianPackage(name="conntrack"),
    DebianPackage(name="busybox-static"),
    DebianPackage(name="iproute2"),
    DebianPackage(name="openssl"),
    DebianPackage(name="curl"),  # the load tester's image has it, as the published one does
    DebianPackage(name="python3"),  # the test app's image holds Debian's own interpreter
)

# The names under which the manifests ask for the images that the bed makes itself.
IMAGES: Final = {
    "traefik": f"docker.io/library/traefik:{TRAEFIK}",
    "prometheus": f"docker.io/prom/prometheus:{PROMETHEUS}",
    "podinfo": f"ghcr.io/stefanprodan/podinfo:{PODINFO}",
    "loadtester": f"ghcr.io/fluxcd/flagger-loadtester:{LOADTESTER}",
    "coredns": f"registry.k8s.io/coredns/coredns:{COREDNS}",
    "pause": f"registry.k8s.io/pause:{PAUSE}",
    "guard": "docker.io/library/python:3.11.14-alpine3.22",
    "python": f"docker.io/library/python:{PYTHON}",
}
