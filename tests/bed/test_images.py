"""Images written by hand: what a container runtime would check."""

from __future__ import annotations

import hashlib
import json
import tarfile
from typing import TYPE_CHECKING, Any

import pytest

from tests.bed import images, pins
from tests.bed.build import bin_dir
from tests.bed.oci import Directory, Image, Layer, Link, Text, write_archive

if TYPE_CHECKING:
    from pathlib import Path

    from tests.bed.cluster import Bed


@pytest.fixture
def archive(tmp_path: Path) -> dict[str, bytes]:
    """The files of an archive with two images that share a layer."""
    program = tmp_path / "program"
    program.write_bytes(b"\x7fELF")
    program.chmod(0o700)
    base: Layer = {"bin/program": program, "bin/p": Link("program"), "tmp": Directory(shared=True)}
    top: Layer = {"app/run": Text("#!/bin/sh\n"), "app/settings": Text("x=1\n")}
    pair = [
        Image(name="a.test/one:1", layers=(base,), entrypoint=("/bin/p",), user="65534"),
        Image(name="a.test/two:2", layers=(base, top), cmd=("run",), env={"X": "y"}, ports=(80,)),
    ]
    write_archive(tmp_path / "one.tar", pair)
    write_archive(tmp_path / "two.tar", pair)
    assert files_of(tmp_path / "one.tar") == files_of(tmp_path / "two.tar")
    return files_of(tmp_path / "one.tar")


def files_of(path: Path) -> dict[str, bytes]:
    with tarfile.open(path) as tar:
        return {m.name: tar.extractfile(m).read() for m in tar if m.isfile()}  # type: ignore[union-attr]


def blob(archive: dict[str, bytes], digest: str) -> Any:
    return json.loads(archive[f"blobs/sha256/{digest.removeprefix('sha256:')}"])


def test_every_blob_is_what_its_name_says(archive: dict[str, bytes]) -> None:
    blobs = {name: data for name, data in archive.items() if name.startswith("blobs/")}
    assert len(blobs) == 2 + 2 + 2  # manifests, configurations, layers: the shared one once
    for name, content in blobs.items():
        assert name == f"blobs/sha256/{hashlib.sha256(content).hexdigest()}"


def test_index_names_the_images(archive: dict[str, bytes]) -> None:
    index = json.loads(archive["index.json"])
    names = [each["annotations"]["io.containerd.image.name"] for each in index["manifests"]]
    assert names == ["a.test/one:1", "a.test/two:2"]


def test_configuration_and_layers_agree(archive: dict[str, bytes]) -> None:
    described = json.loads(archive["index.json"])["manifests"][1]
    manifest = blob(archive, described["digest"])
    config = blob(archive, manifest["config"]["digest"])
    assert config["rootfs"]["diff_ids"] == [layer["digest"] for layer in manifest["layers"]]
    assert config["config"]["Cmd"] == ["run"]
    assert "Entrypoint" not in config["config"]
    assert "X=y" in config["config"]["Env"]
    assert config["config"]["ExposedPorts"] == {"80/tcp": {}}


def test_layers_hold_files_with_modes(archive: dict[str, bytes], tmp_path: Path) -> None:
    described = json.loads(archive["index.json"])["manifests"][1]
    entries: dict[str, tarfile.TarInfo] = {}
    for layer in blob(archive, described["digest"])["layers"]:
        path = tmp_path / "layer.tar"
        path.write_bytes(archive[f"blobs/sha256/{layer['digest'].removeprefix('sha256:')}"])
        with tarfile.open(path) as tar:
            entries |= {entry.name: entry for entry in tar}
    modes = {name: entry.mode for name, entry in entries.items() if not entry.issym()}
    assert modes == {
        "bin": 0o755,
        "bin/program": 0o755,
        "tmp": 0o1777,
        "app": 0o755,
        "app/run": 0o755,
        "app/settings": 0o644,
    }
    assert entries["bin/p"].linkname == "program"
    assert {entry.uid for entry in entries.values()} == {0}


@pytest.mark.bed
def test_catalogue_has_every_name_once(bed: Bed) -> None:
    names = [image.name for image in images.catalogue(bin_dir())]
    assert len(set(names)) == len(names)
    assert set(pins.IMAGES.values()) <= set(names)
    held = bed.kubectl("get", "node", "bed", "--output=jsonpath={.status.images[*].names[*]}")
    assert {"docker.io/library/traefik:v3.7.13", "canary.test/app:1"} <= set(names)
    assert pins.IMAGES["coredns"] in held.split()
