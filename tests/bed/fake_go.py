"""Stands for the `go` command in the tests of the build: instant, and fails as it is told to.

Environment: FAKE_GO_VERSION; FAKE_GO_LOG, a file that gets one JSON line for each build;
FAKE_GO_FAILS and FAKE_GO_KILLS, the program whose build fails or kills the process that asked
for it; a killer goes on once somebody has opened the FIFO that FAKE_GO_WAITS names. Every build
scribbles on go.mod and go.sum in its directory, as a careless `go` might.
Run as a script; standard library only.
"""

import json
import os
import signal
import sys
from pathlib import Path

KEPT = ("GOPROXY", "GOSUMDB", "GOFLAGS", "GOTOOLCHAIN", "CGO_ENABLED", "GOOS", "GOMODCACHE")


def main(arguments: list[str]) -> int:
    """Answer one command; the exit code."""
    if arguments == ["env", "GOVERSION"]:
        print(os.environ.get("FAKE_GO_VERSION", "go1.26.8"))
        return 0
    cache = Path(os.environ["GOMODCACHE"])
    if arguments[:2] == ["list", "-m"]:
        print(module_with(cache / "sdk", "python/cmd", "python/dist"))
        return 0
    if arguments[:2] == ["mod", "download"]:
        lego = module_with(cache / "lego", "challenge", "providers/dns", "providers/http", "cmd")
        print(json.dumps({"Dir": str(lego)}))
        return 0
    return build(arguments)


def module_with(root: Path, *directories: str) -> Path:
    """A module as it lies in the module cache: files that may only be read."""
    for directory in directories:
        (root / directory).mkdir(parents=True, exist_ok=True)
    for name in (
        *("python/cmd/pulumi-language-python-exec", "python/dist/pulumi-resource-pulumi-python"),
        *("challenge/challenge.go", "providers/dns/all.go", "providers/http/h.go", "cmd/cmd.go"),
    ):
        file = root / name
        if file.parent.is_dir() and not file.exists():
            file.write_text("#!/bin/sh\n")
            file.chmod(0o444)
    (root / "go.mod").write_text("module original\n")
    return root


def build(arguments: list[str]) -> int:
    """Write the executables that `go build -o DIRECTORY/ PACKAGES` would."""
    cwd = Path.cwd()
    into = Path(arguments[arguments.index("-o") + 1])
    files = sorted(str(path.relative_to(cwd)) for path in cwd.rglob("*") if path.is_file())
    record = {
        "program": cwd.name,
        "arguments": arguments,
        "environment": {name: os.environ[name] for name in KEPT if name in os.environ},
        "files": files,
    }
    with Path(os.environ["FAKE_GO_LOG"]).open("a") as log:
        log.write(json.dumps(record) + "\n")
    for name in ("go.mod", "go.sum"):
        (cwd / name).write_text("scribbled\n")
    packages = arguments[arguments.index("-o") + 2 :]
    if os.environ.get("FAKE_GO_KILLS") == cwd.name:
        (into / packages[0].rpartition("/")[2]).write_text("half")
        os.kill(os.getppid(), signal.SIGKILL)
        Path(os.environ["FAKE_GO_WAITS"]).read_bytes()
    if os.environ.get("FAKE_GO_FAILS") == cwd.name:
        print("first line\nmodule lookup: connection refused", file=sys.stderr)
        return 1
    for package in packages:
        executable = into / package.rpartition("/")[2]
        executable.write_text("whole")
        executable.chmod(0o755)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
