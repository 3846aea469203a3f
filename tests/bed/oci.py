"""Writes container images as one OCI layout archive: files in, a tar out, no daemon needed.

Layers are not compressed (they never leave the machine) and are shared by content, so that ten
variants of one program take its space once. The same input gives the same bytes.
"""

from __future__ import annotations

import hashlib
import io
import json
import platform
import tarfile
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar"
PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
EPOCH = "1970-01-01T00:00:00Z"


@dataclass(frozen=True, slots=True)
class Text:
    """A file whose content is given here; executable when it is a script."""

    content: str


@dataclass(frozen=True, slots=True)
class Link:
    """A symbolic link."""

    target: str


@dataclass(frozen=True, slots=True)
class Directory:
    """An empty directory that anyone may write to when `shared`."""

    shared: bool = False


# What stands at a path of an image: a copy of a file of this machine, or one of the above.
Entry = Path | Text | Link | Directory
Layer = Mapping[str, Entry]


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """One image under one name.

    `layers` are from the lowest to the highest; a file in a higher one hides that of a lower.
    """

    name: str
    layers: tuple[Layer, ...]
    entrypoint: tuple[str, ...] = ()
    cmd: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    user: str = ""
    workdir: str = "/"
    ports: tuple[int, ...] = ()

    def config(self) -> dict[str, Any]:
        """What a container gets if its pod says nothing else."""
        config: dict[str, Any] = {
            "Env": [PATH, *(f"{key}={value}" for key, value in self.env.items())],
            "WorkingDir": self.workdir,
            "User": self.user,
            "ExposedPorts": {f"{port}/tcp": {} for port in self.ports},
        }
        if self.entrypoint:
            config["Entrypoint"] = list(self.entrypoint)
        if self.cmd:
            config["Cmd"] = list(self.cmd)
        return config


class Blobs:
    """Content by its digest, in a directory laid out as OCI asks for."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory / "blobs" / "sha256"
        self.directory.mkdir(parents=True)
        self._layers: dict[int, dict[str, Any]] = {}

    def add(self, content: bytes, media_type: str) -> dict[str, Any]:
        """Keep bytes; their descriptor."""
        digest = hashlib.sha256(content).hexdigest()
        (self.directory / digest).write_bytes(content)
        return _descriptor(media_type, digest, len(content))

    def add_layer(self, layer: Layer) -> dict[str, Any]:
        """Keep a layer's tar, made once for the same layer; its descriptor."""
        known = self._layers.get(id(layer))
        if known:
            return known
        draft = self.directory.parent / "draft"
        with draft.open("wb") as file, tarfile.open(fileobj=file, mode="w") as tar:
            write_layer(tar, layer)
        with draft.open("rb") as written:
            digest = hashlib.file_digest(written, "sha256").hexdigest()
        size = draft.stat().st_size
        draft.rename(self.directory / digest)
        self._layers[id(layer)] = _descriptor(LAYER, digest, size)
        return self._layers[id(layer)]


def write_archive(path: Path, images: Iterable[Image]) -> None:
    """Write the images into one archive, which appears under `path` only when it is complete."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent) as scratch:
        directory = Path(scratch)
        blobs = Blobs(directory)
        index = {"schemaVersion": 2, "manifests": [_manifest(blobs, each) for each in images]}
        (directory / "index.json").write_text(json.dumps(index))
        (directory / "oci-layout").write_text('{"imageLayoutVersion":"1.0.0"}')
        draft = directory / "draft.tar"
        with tarfile.open(draft, "w") as tar:
            for name in ("oci-layout", "index.json", "blobs"):
                tar.add(directory / name, name)
        draft.rename(path)


def write_layer(tar: tarfile.TarFile, layer: Layer) -> None:
    """Write entries with their parent directories, in a fixed order, owned by root."""
    made: set[str] = set()
    for name in sorted(layer):
        parts = name.split("/")
        for depth in range(1, len(parts)):
            _make_directory(tar, "/".join(parts[:depth]), made)
        entry = layer[name]
        if isinstance(entry, Directory):
            _make_directory(tar, name, made, shared=entry.shared)
        else:
            _write_entry(tar, name, entry)


def _make_directory(
    tar: tarfile.TarFile, name: str, made: set[str], *, shared: bool = False
) -> None:
    if name in made:
        return
    made.add(name)
    info = tarfile.TarInfo(name)
    info.type = tarfile.DIRTYPE
    info.mode = 0o1777 if shared else 0o755
    tar.addfile(info)


def _write_entry(tar: tarfile.TarFile, name: str, entry: Path | Text | Link) -> None:
    info = tarfile.TarInfo(name)
    if isinstance(entry, Link):
        info.type, info.linkname, info.mode = tarfile.SYMTYPE, entry.target, 0o777
        tar.addfile(info)
    elif isinstance(entry, Text):
        content = entry.content.encode()
        info.size, info.mode = len(content), 0o755 if content.startswith(b"#!") else 0o644
        tar.addfile(info, io.BytesIO(content))
    else:
        with entry.open("rb") as file:
            _copy(tar, info, file, entry)


def _copy(tar: tarfile.TarFile, info: tarfile.TarInfo, file: IO[bytes], source: Path) -> None:
    stat = source.stat()
    info.size, info.mode = stat.st_size, 0o755 if stat.st_mode & 0o100 else 0o644
    tar.addfile(info, file)


def _manifest(blobs: Blobs, image: Image) -> dict[str, Any]:
    layers = [blobs.add_layer(layer) for layer in image.layers]
    machine = {"architecture": architecture(), "os": "linux"}
    config = machine | {
        "created": EPOCH,
        "config": image.config(),
        "rootfs": {"type": "layers", "diff_ids": [layer["digest"] for layer in layers]},
    }
    manifest = {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": blobs.add(json.dumps(config).encode(), CONFIG),
        "layers": layers,
    }
    described = blobs.add(json.dumps(manifest).encode(), MANIFEST)
    name = {"io.containerd.image.name": image.name}
    return described | {"platform": machine, "annotations": name}


def architecture() -> str:
    """This machine's architecture as images name it."""
    machine = platform.machine()
    return {"x86_64": "amd64", "aarch64": "arm64"}.get(machine, machine)


def _descriptor(media_type: str, digest: str, size: int) -> dict[str, Any]:
    return {"mediaType": media_type, "digest": f"sha256:{digest}", "size": size}
