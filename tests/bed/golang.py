"""The Go toolchain: is it there and new enough, and one program built with the bed's own caches."""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.bed.errors import BedError
from tests.bed.pins import GO_MINIMUM, ModuleFile, Program

# A person's settings that would change what is built; GOPROXY, GOSUMDB and the like are kept.
_UNWANTED = ("GOOS", "GOARCH", "GOEXPERIMENT", "GOBIN", "GOROOT", "GOAMD64", "GOARM64")
_LEGO = "github.com/go-acme/lego/v5"


@dataclass(frozen=True, slots=True, kw_only=True)
class Workshop:
    """A directory for one build's sources, caches and logs; it may be deleted at any time.

    Every `go` keeps the file descriptor `lock` open, so that a lock on it lasts until the last of
    them has ended, also when whoever started them was killed.
    """

    root: Path
    lock: int

    @property
    def environment(self) -> dict[str, str]:
        """What `go` sees: the caller's registry settings, the bed's caches and flags."""
        kept = {name: value for name, value in os.environ.items() if name not in _UNWANTED}
        return kept | {
            "GOMODCACHE": str(self.root / "mod"),
            "GOCACHE": str(self.root / "build"),
            # modcacherw: the cache is deleted afterwards, also by a user who is not root.
            "GOFLAGS": "-mod=readonly -trimpath -modcacherw",
            "GOTOOLCHAIN": "local",
            "GOWORK": "off",
            "CGO_ENABLED": "0",
        }

    def go(self, *arguments: str, cwd: Path, log: Path) -> str:
        """Run `go`, keep its messages in the log, and return what it wrote to standard output.

        Raises:
            BedError: it failed; the message ends with its last line and names the log.
        """
        with log.open("ab") as messages:
            done = subprocess.run(
                ("go", *arguments),
                cwd=cwd,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=messages,
                pass_fds=(self.lock,),
                check=False,
            )
        if done.returncode != 0:
            raise BedError(
                f"`go {arguments[0]}` failed in {cwd.name}: {_last_line(log)} "
                f"(whole output: {log}); check the network and GOPROXY, then run it again"
            )
        return done.stdout.decode()


def go_problem() -> str | None:
    """Why the Go on PATH cannot be used and what to do, or None when it can."""
    wanted = ".".join(map(str, GO_MINIMUM))
    if shutil.which("go") is None:
        return f"Go is not on PATH: install Go {wanted} or later and add its bin directory to PATH"
    done = subprocess.run(
        ("go", "env", "GOVERSION"),
        env=os.environ | {"GOTOOLCHAIN": "local", "GOWORK": "off"},
        cwd="/",
        capture_output=True,
        text=True,
        check=False,
    )
    found = re.match(r"go(\d+)\.(\d+)", done.stdout)
    if found and (int(found[1]), int(found[2])) >= GO_MINIMUM:
        return None
    seen = done.stdout.strip() or done.stderr.strip() or "an unknown version"
    return f"Go {wanted} or later is needed, PATH has {seen}: install a newer Go"


def build_program(program: Program, sources: Path, into: Path, workshop: Workshop) -> None:
    """Build one program's executables and scripts into an existing directory.

    The sources are copied first, so that no build can change a committed go.mod or go.sum.

    Raises:
        BedError: a download or the compiler failed.
    """
    cwd = workshop.root / "src" / program.name
    log = workshop.root / f"{program.name}.log"
    shutil.rmtree(cwd, ignore_errors=True)
    shutil.copytree(sources / program.name, cwd)
    log.write_bytes(b"")
    if program.name == "traefik":
        _take_lego_without_dns(cwd, workshop, log)
    stamps = " ".join(f"-X {variable}={value}" for variable, value in program.stamps)
    workshop.go(
        "build",
        *(("-tags", program.tags) if program.tags else ()),
        *("-ldflags", f"-s -w {stamps}".rstrip(), "-o", f"{into}/"),
        *program.packages,
        cwd=cwd,
        log=log,
    )
    _copy_scripts(program.scripts, cwd, into, workshop)


def _copy_scripts(scripts: Sequence[ModuleFile], cwd: Path, into: Path, workshop: Workshop) -> None:
    for script in scripts:
        log = workshop.root / f"{cwd.name}.log"
        found = workshop.go("list", "-m", "-f", "{{.Dir}}", script.module, cwd=cwd, log=log)
        source = Path(found.strip()) / script.path
        target = into / source.name
        shutil.copyfile(source, target)
        target.chmod(0o755)


def _take_lego_without_dns(cwd: Path, workshop: Workshop, log: Path) -> None:
    """Lay out lego beside Traefik's go.mod, with our package in the place of its DNS providers.

    Traefik imports the package of all DNS providers, which pulls in a hundred client libraries,
    some of which not every registry serves. The bed obtains no certificates.
    """
    pin = cwd / "lego"
    version = re.search(rf"{re.escape(_LEGO)} (\S+)", (pin / "go.mod").read_text())
    if version is None:
        raise BedError(f"tests/bed/go/traefik/lego/go.mod names no version of {_LEGO}: add it")
    answer = workshop.go("mod", "download", "-json", f"{_LEGO}@{version[1]}", cwd=pin, log=log)
    target = cwd / "lego-without-dns"
    unneeded = shutil.ignore_patterns(
        "dns", "cmd", "e2e", "main.go", "*_test.go", "go.mod", "go.sum"
    )
    shutil.copytree(json.loads(answer)["Dir"], target, ignore=unneeded)
    shutil.copytree(pin / "dns", target / "providers" / "dns")
    # Traefik's own go.mod requires whatever the rest of lego imports, and go.sum pins it.
    (target / "go.mod").write_text(f"module {_LEGO}\n\ngo 1.26\n")


def _last_line(log: Path) -> str:
    lines = log.read_text(errors="replace").strip().splitlines()
    return lines[-1].strip() if lines else "no output"
