"""Every image of the bed: the real programs under the names that manifests use, and variants.

Users, working directories and entry points are those of the published images where a manifest
can notice them. Two differ on purpose: podinfo and the load tester are entry points here, so that
`args` alone work too.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from tests.bed import debian_files as debian
from tests.bed import pins
from tests.bed.oci import Directory, Image, Layer, Link, Text, write_archive
from tests.bed.places import cache_root

if TYPE_CHECKING:
    from collections.abc import Callable

PODINFO = "ghcr.io/stefanprodan/podinfo"
TESTAPP = "canary.test/app"
BUSYBOX = "docker.io/library/busybox:1.36"
PYTHON_ALPINE = "docker.io/library/python:3.11-alpine"
HERE = Path(__file__).parent
CRASH_AFTER_S = 20
# podinfo, but the container fails some time after each start, however it is stopped meanwhile.
CRASHING = f"""\
#!/bin/sh
/home/app/podinfo.real "$@" &
app=$!
trap 'kill -TERM $app; wait $app; exit 0' TERM INT
sleep {CRASH_AFTER_S} &
wait $!
echo "panic: out of luck after {CRASH_AFTER_S} s" >&2
exit 2
"""
# Tag suffix: podinfo's flags, set as PODINFO_… variables, which hold whatever `command` or `args`
# a pod has. Slow answers stay below a probe's usual timeout of 1 s, so that the pods are ready and
# only the latency is bad. A random error is 500, 400 or 409: about 1 answer in 9 is a 500.
PODINFO_FLAGS: dict[str, dict[str, str]] = {
    "": {},
    "-blue": {"UI_COLOR": "#3050f0"},
    "-errors": {"RANDOM_ERROR": "true"},
    "-slow": {
        "RANDOM_DELAY": "true",
        "RANDOM_DELAY_UNIT": "ms",
        "RANDOM_DELAY_MIN": "700",
        "RANDOM_DELAY_MAX": "950",
    },
    "-unready": {"UNREADY": "true"},
    "-crash": {},
}
# Tag: environment of the test app (see testapp.py).
TESTAPP_TAGS: dict[str, dict[str, str]] = {
    "1": {},
    "2": {},
    "3": {},
    "errors": {"ERROR_SHARE": "0.3"},
    "missing": {"MISSING_SHARE": "0.3"},
    "slow": {"LATENCY_S": "0.8"},
    "post-errors": {"ERROR_SHARE": "0.5", "ONLY_METHOD": "POST"},
    "late-errors": {"ERROR_SHARE": "0.5", "ONLY_AFTER_S": "10"},
    "hangs": {"HANG_SHARE": "1"},
    "late-hangs": {"HANG_SHARE": "1", "ONLY_AFTER_S": "10"},
    "leaks": {"LEAK_MB_PER_S": "20"},
    "exits": {"EXIT_AFTER_S": "20"},
}


def testapp(tag: str, **env: str) -> Image:
    """The test app under a tag of your own, with the faults that `env` sets (see testapp.py)."""
    return Image(
        name=f"{TESTAPP}:{tag}",
        layers=(_base(), _python(), _testapp()),
        entrypoint=("python3", "/app/testapp.py"),
        env={"VERSION": tag, **env},
        user="65534",
        ports=(8080,),
    )


def podinfo(bin_dir: Path, suffix: str) -> Image:
    """Podinfo under one of the tags of PODINFO_FLAGS; it names its tag in its answers."""
    tag = f"{pins.PODINFO}{suffix}"
    flags = {"UI_MESSAGE": tag, **PODINFO_FLAGS[suffix]}
    crash = ({"home/app/podinfo": Text(CRASHING)},) if suffix == "-crash" else ()
    return Image(
        name=f"{PODINFO}:{tag}",
        layers=(_base(), _podinfo(bin_dir), *crash),
        entrypoint=("./podinfo",),
        env={f"PODINFO_{name}": value for name, value in flags.items()},
        user="app",
        workdir="/home/app",
        ports=(9797, 9898, 9999),
    )


def catalogue(bin_dir: Path) -> list[Image]:
    """Every image that `up` imports."""
    python = Image(name=pins.IMAGES["python"], layers=(_base(), _python()), cmd=("python3",))
    return [
        *_infrastructure(bin_dir),
        *(podinfo(bin_dir, suffix) for suffix in PODINFO_FLAGS),
        python,
        replace(python, name=PYTHON_ALPINE),
        replace(python, name=pins.IMAGES["guard"]),
        *(testapp(tag, **env) for tag, env in TESTAPP_TAGS.items()),
    ]


def _infrastructure(bin_dir: Path) -> list[Image]:
    return [
        Image(
            name=pins.IMAGES["pause"],
            layers=(_base(),),
            entrypoint=("/bin/busybox", "sleep", "2147483647"),
            user="65535:65535",
        ),
        Image(name=BUSYBOX, layers=(_base(),), cmd=("sh",)),
        Image(
            name=pins.IMAGES["coredns"],
            layers=(_base(), {"coredns": bin_dir / "coredns"}),
            entrypoint=("/coredns",),
            user="65532:65532",
            ports=(53,),
        ),
        Image(
            name=pins.IMAGES["traefik"],
            layers=(_base(), {"usr/local/bin/traefik": bin_dir / "traefik"}),
            entrypoint=("/usr/local/bin/traefik",),
            ports=(80,),
        ),
        _prometheus(),
        _loadtester(bin_dir),
    ]


def _prometheus() -> Image:
    home = {"prometheus": Directory(shared=True), "etc/prometheus": Directory()}
    return Image(
        name=pins.IMAGES["prometheus"],
        layers=(_base(), debian.program("prometheus", "bin/prometheus"), home),
        entrypoint=("/bin/prometheus",),
        cmd=("--config.file=/etc/prometheus/prometheus.yml", "--storage.tsdb.path=/prometheus"),
        user="nobody",
        workdir="/prometheus",
        ports=(9090,),
    )


def _loadtester(bin_dir: Path) -> Image:
    tools = {
        **debian.program("hey", "usr/local/bin/hey"),
        **debian.program("bash", "bin/bash"),
        **debian.program("curl", "usr/bin/curl"),
        "home/app/loadtester": bin_dir / "loadtester",
    }
    return Image(
        name=pins.IMAGES["loadtester"],
        layers=(_base(), tools),
        entrypoint=("./loadtester",),
        user="app",
        workdir="/home/app",
        ports=(8080,),
    )


@cache
def _base() -> Layer:
    return debian.base()


@cache
def _python() -> Layer:
    return debian.python()


@cache
def _testapp() -> Layer:
    return {"app/testapp.py": HERE / "testapp.py"}


@cache
def _podinfo(bin_dir: Path) -> Layer:
    real = bin_dir / "podinfo"
    return {"home/app/podinfo.real": real, "home/app/podinfo": Link("podinfo.real")}


def archive_path(bin_dir: Path) -> Path:
    """Where the archive of the catalogue lies; another name for other contents."""
    digest = hashlib.sha256(str(bin_dir).encode())
    for name in ("images.py", "oci.py", "debian_files.py", "testapp.py", "pins.py"):
        digest.update((HERE / name).read_bytes())
    for name in ("busybox", "prometheus", "hey", "python3"):
        digest.update(str(debian.found(name).stat().st_mtime_ns).encode())
    return cache_root() / "images" / f"{digest.hexdigest()[:12]}.tar"


def ensure_archive(bin_dir: Path, say: Callable[[str], None]) -> Path:
    """Write the archive of all images if it is not there yet; its path."""
    path = archive_path(bin_dir)
    if not path.exists():
        for old in path.parent.glob("*.tar"):
            old.unlink(missing_ok=True)
        images = catalogue(bin_dir)
        write_archive(path, images)
        say(f"{len(images)} images written")
    return path
