"""Debian's programs as layers of images: a dynamic binary with the libraries that it loads."""

from __future__ import annotations

import re
import shutil
import subprocess
from functools import cache
from pathlib import Path

from tests.bed.errors import BedError
from tests.bed.oci import Directory, Entry, Link, Text

BUSYBOX_LINKS = (
    *("awk", "cat", "chmod", "cp", "cut", "date", "dd", "df", "echo", "env", "expr", "find"),
    *("false", "free", "grep", "head", "hostname", "id", "kill", "ln", "ls", "mkdir", "mv", "nc"),
    *("netstat", "nslookup", "ping", "ps", "pwd", "rm", "sed", "seq", "sh", "sleep", "sort"),
    *("stat", "tail", "tar", "tee", "test", "time", "timeout", "top", "touch", "tr", "true"),
    *("uname", "uniq", "vi", "wc", "wget", "which", "xargs", "yes"),
)
LOADED = re.compile(r"(?:=> )?(/\S+) \(0x")
# Parts of the standard library that no server needs.
NOT_PACKED = {
    *(
        "config-3",
        "dist-packages",
        "ensurepip",
        "idlelib",
        "lib2to3",
        "pydoc_data",
        "site-packages",
    ),
    *("test", "tests", "tkinter", "turtledemo", "unittest"),
}


def found(program: str) -> Path:
    """Where a program of the distribution lies."""
    path = shutil.which(program, path="/usr/bin:/usr/sbin:/bin:/sbin")
    if not path:
        raise BedError(f"{program} is not installed: run `python -m tests.bed build` as root")
    return Path(path).resolve()


@cache
def libraries(binary: Path) -> dict[str, Entry]:
    """The shared libraries and the loader of a binary, at their own paths; none if static."""
    done = subprocess.run(["ldd", str(binary)], capture_output=True, text=True, check=False)
    return {path.lstrip("/"): Path(path) for path in LOADED.findall(done.stdout)}


def base() -> dict[str, Entry]:
    """What every image has: a user database, a place for temporary files, and busybox."""
    links: dict[str, Entry] = {f"bin/{name}": Link("/bin/busybox") for name in BUSYBOX_LINKS}
    return links | {
        "bin/busybox": found("busybox"),
        "tmp": Directory(shared=True),
        "etc/passwd": Text(
            "root:x:0:0:root:/root:/bin/sh\n"
            "app:x:100:101::/home/app:/bin/sh\n"
            "nobody:x:65534:65534::/tmp:/bin/sh\n"
        ),
        "etc/group": Text("root:x:0:\napp:x:101:\nnobody:x:65534:\n"),
        "etc/nsswitch.conf": Text("hosts: files dns\n"),
    }


def program(name: str, *targets: str) -> dict[str, Entry]:
    """A program of the distribution under the given paths of the image."""
    binary = found(name)
    return libraries(binary) | dict.fromkeys(targets, binary)


def python() -> dict[str, Entry]:
    """Debian's Python with its standard library, found where the official image has it, too."""
    binary = found("python3")
    ask = "import sysconfig; print(sysconfig.get_path('stdlib'))"
    asked = subprocess.run(
        [str(binary), "-I", "-c", ask], capture_output=True, text=True, check=True
    )
    library = Path(asked.stdout.strip())
    files: dict[str, Entry] = {str(binary).lstrip("/"): binary}
    for path in library.rglob("*"):
        if path.is_file() and not _unused(path.relative_to(library)):
            files[str(path).lstrip("/")] = path
    for loaded in (binary, *library.glob("lib-dynload/*.so")):
        files |= libraries(loaded)
    names = ("usr/bin/python3", "usr/local/bin/python", "usr/local/bin/python3")
    return files | {name: Link(str(binary)) for name in names}


def _unused(path: Path) -> bool:
    return any(part in NOT_PACKED or part.startswith("config-3") for part in path.parts)
