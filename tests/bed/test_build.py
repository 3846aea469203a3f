"""The build of the bed: what the pins say, and that nothing half done is ever published."""

import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from tests.bed import build
from tests.bed.errors import BedError
from tests.bed.pins import PROGRAMS, Program

HERE = Path(__file__).parent
EVERY_PROGRAM = [program.name for program in PROGRAMS]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """An empty cache, a copy of the committed sources, and a fake `go`."""

    cache: Path
    sources: Path
    log: Path

    def builds(self) -> list[dict[str, Any]]:
        """What `go build` was asked for so far, in order."""
        lines = self.log.read_text().splitlines() if self.log.exists() else []
        return [json.loads(line) for line in lines]

    def programs_built(self) -> list[str]:
        return [record["program"] for record in self.builds()]

    def leftovers(self) -> list[str]:
        """Names of unfinished directories anywhere in the cache."""
        return [path.name for path in self.cache.rglob(".partial-*")]


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    made = Bench(cache=tmp_path / "cache", sources=tmp_path / "go", log=tmp_path / "builds.jsonl")
    shutil.copytree(build.SOURCES, made.sources)
    tools = tmp_path / "tools"
    tools.mkdir()
    fake = tools / "go"
    fake.write_text(f'#!/bin/sh\nexec {sys.executable} -S {HERE / "fake_go.py"} "$@"\n')
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tools}:{os.environ['PATH']}")
    monkeypatch.setenv("CANARY_BED_CACHE", str(made.cache))
    monkeypatch.setenv("FAKE_GO_LOG", str(made.log))
    monkeypatch.setattr(build, "SOURCES", made.sources)
    monkeypatch.setattr(build, "NEEDED_SPACE_GB", 0)
    return made


def silent(_: str) -> None:
    """Hear nothing."""


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.name)
def test_go_mod_and_go_sum_say_what_the_pins_say(program: Program) -> None:
    root = build.SOURCES / program.name
    mod, checksums = (root / "go.mod").read_text(), (root / "go.sum").read_text()
    for module, version in program.modules:
        assert f"\t{module} {version}" in mod
        assert f"{module} {version} h1:" in checksums
    for package in program.packages:
        assert package in mod


def test_every_executable_of_the_bed_is_built_once() -> None:
    names = [name for program in PROGRAMS for name in program.executables]
    assert len(names) == len(set(names))
    assert {"pulumi", "pulumi-language-python-exec", "kubelet", "kubectl", "traefik"} <= {*names}


def test_a_fingerprint_changes_with_any_source_or_setting_and_with_nothing_else(
    bench: Bench,
) -> None:
    before = [build.fingerprint(program) for program in PROGRAMS]
    assert before == [build.fingerprint(program) for program in PROGRAMS]
    with (bench.sources / "traefik" / "lego" / "go.sum").open("a") as checksums:
        checksums.write("\n")
    after = [build.fingerprint(program) for program in PROGRAMS]
    changed = [
        program.name
        for program, *both in zip(PROGRAMS, before, after, strict=True)
        if both[0] != both[1]
    ]
    assert changed == ["traefik"]
    stamped = replace(PROGRAMS[0], stamps=(("main.version", "2"),))
    assert build.fingerprint(stamped) != build.fingerprint(PROGRAMS[0])


def test_a_build_publishes_every_executable_and_removes_its_caches(bench: Bench) -> None:
    said: list[str] = []
    target = build.ensure_built(said.append)
    expected = {name for program in PROGRAMS for name in program.executables}
    assert {path.name for path in target.iterdir()} == expected
    assert all(os.access(path, os.X_OK) for path in target.iterdir())
    assert target.parent == bench.cache
    assert not (bench.cache / "work").exists()
    assert bench.leftovers() == []
    assert [line.split()[1] for line in said if line.startswith("built ")] == EVERY_PROGRAM


def test_a_second_call_starts_nothing(bench: Bench) -> None:
    first = build.ensure_built(silent)
    said: list[str] = []
    assert build.ensure_built(said.append) == first
    assert said == []
    assert bench.programs_built() == EVERY_PROGRAM


def test_one_changed_pin_rebuilds_one_program(bench: Bench) -> None:
    first = build.ensure_built(silent)
    with (bench.sources / "coredns" / "go.sum").open("a") as checksums:
        checksums.write("\n")
    second = build.ensure_built(silent)
    assert second != first
    assert bench.programs_built() == [*EVERY_PROGRAM, "coredns"]
    assert (first / "coredns").read_text() == (second / "coredns").read_text() == "whole"


def test_a_build_leaves_the_committed_files_alone(bench: Bench) -> None:
    build.ensure_built(silent)
    for file in build.SOURCES.rglob("*"):
        if file.is_file():
            assert file.read_bytes() == (HERE / "go" / file.relative_to(bench.sources)).read_bytes()


def test_a_failed_build_keeps_what_is_whole_and_says_what_to_do(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAKE_GO_FAILS", "coredns")
    with pytest.raises(BedError, match=r"coredns: module lookup: connection refused.*GOPROXY") as e:
        build.ensure_built(silent)
    assert "\n" not in str(e.value)
    assert not build.bin_dir().exists()
    assert bench.leftovers() == []
    monkeypatch.delenv("FAKE_GO_FAILS")
    build.ensure_built(silent)
    assert bench.programs_built() == ["pulumi", "kubernetes", "coredns", *EVERY_PROGRAM[2:]]


def test_a_killed_build_publishes_nothing_and_the_next_one_cleans_up(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next one waits for the `go` that was left behind, which goes on writing."""
    left_behind = bench.log.with_name("go-on")
    os.mkfifo(left_behind)
    monkeypatch.setenv("FAKE_GO_KILLS", "kubernetes")
    monkeypatch.setenv("FAKE_GO_WAITS", str(left_behind))
    program = "from tests.bed import build; build.NEEDED_SPACE_GB = 0; build.ensure_built(print)"
    killed = subprocess.run(
        (sys.executable, "-c", program),
        cwd=HERE.parents[1],
        stdout=subprocess.DEVNULL,  # no pipe: the one left behind would keep it open
        stderr=subprocess.DEVNULL,
        timeout=60,
        check=False,
    )
    assert killed.returncode == -9
    assert len(bench.leftovers()) == 1
    assert [path.name.partition("-")[0] for path in (bench.cache / "bin").glob("[!.]*")] == [
        "pulumi"
    ]
    monkeypatch.delenv("FAKE_GO_KILLS")
    said: list[str] = []

    def hear(line: str) -> None:
        said.append(line)
        if len(said) == 1:
            left_behind.write_text("")

    target = build.ensure_built(hear)
    assert said[0] == "waiting for another build of the bed to finish"
    assert bench.leftovers() == []
    assert (target / "kube-apiserver").read_text() == "whole"
    assert bench.programs_built() == ["pulumi", "kubernetes", *EVERY_PROGRAM[1:]]


def test_a_second_build_waits_for_the_first_and_then_has_nothing_to_do(bench: Bench) -> None:
    waiting = threading.Event()
    found: list[Path] = []

    def second() -> None:
        found.append(build.ensure_built(lambda _: waiting.set()))

    bench.cache.mkdir()
    thread = threading.Thread(target=second)
    with build._only_build(silent) as lock:
        thread.start()
        assert waiting.wait(30)
        build._build_all(build.bin_dir(), silent, lock)
    thread.join(30)
    assert found == [build.bin_dir()]
    assert bench.programs_built() == EVERY_PROGRAM


def test_go_sees_the_callers_registries_and_the_beds_own_caches(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GOPROXY", "file:///mirror")
    monkeypatch.setenv("GOSUMDB", "off")
    monkeypatch.setenv("GOFLAGS", "-mod=mod")
    monkeypatch.setenv("GOOS", "plan9")
    build.ensure_built(silent)
    first = bench.builds()[0]
    assert first["environment"] == {
        "GOPROXY": "file:///mirror",
        "GOSUMDB": "off",
        "GOFLAGS": "-mod=readonly -trimpath -modcacherw",
        "GOTOOLCHAIN": "local",
        "CGO_ENABLED": "0",
        "GOMODCACHE": str(bench.cache / "work" / "mod"),
    }
    assert (
        "-s -w -X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=v3.259.0"
        in (first["arguments"])
    )


def test_traefik_gets_lego_without_its_dns_providers(bench: Bench) -> None:
    build.ensure_built(silent)
    traefik = next(record for record in bench.builds() if record["program"] == "traefik")
    laid_out = [name for name in traefik["files"] if name.startswith("lego-without-dns/")]
    assert laid_out == [
        "lego-without-dns/challenge/challenge.go",
        "lego-without-dns/go.mod",
        "lego-without-dns/providers/dns/providers.go",
        "lego-without-dns/providers/http/h.go",
    ]


def without_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")


def with_old_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAKE_GO_VERSION", "go1.25.9")


def with_a_full_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build, "NEEDED_SPACE_GB", 10**9)


@pytest.mark.parametrize(
    ("lack", "line"),
    [
        (without_go, r"Go is not on PATH: install Go 1\.26 or later"),
        (with_old_go, r"Go 1\.26 or later is needed, PATH has go1\.25\.9: install a newer Go"),
        (with_a_full_disk, r"GB free, a build needs 10+ GB .*CANARY_BED_CACHE"),
    ],
)
def test_a_missing_requirement_is_one_line_that_says_what_to_do(
    bench: Bench,
    monkeypatch: pytest.MonkeyPatch,
    lack: Callable[[pytest.MonkeyPatch], None],
    line: str,
) -> None:
    lack(monkeypatch)
    with pytest.raises(BedError, match=line) as error:
        build.ensure_built(silent)
    assert "\n" not in str(error.value)
    assert bench.builds() == []
