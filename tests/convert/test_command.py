"""The command: files in, configuration and remarks out, and nothing that could hurt."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from canary.convert import main
from canary.convert.known import FIELDS
from tests.convert.samples import SECRET, canary, convert, deployment, provider, route, stack_of

ROOT = Path(__file__).parents[2]


def _file(folder: Path, *objects: dict[str, Any]) -> str:
    path = folder / "canary.yaml"
    path.write_text(yaml.safe_dump_all(objects), encoding="utf-8")
    return str(path)


def test_a_whole_conversion_exits_with_0(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([_file(tmp_path, canary(), deployment(), route())]) == 0
    out, err = capsys.readouterr()
    assert set(yaml.safe_load(out)["config"]) == {"canary:apps"}
    assert all(line.startswith(("changed: ", "unneeded: ")) for line in err.splitlines())


def test_a_loss_exits_with_1_and_no_secret_is_printed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([_file(tmp_path, canary(), provider(), {"kind": "List", "items": []})]) == 1
    out, err = capsys.readouterr()
    assert SECRET not in out + err
    assert f"missing: {tmp_path}/canary.yaml: AlertProvider test/ops: spec.address: " in err


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("a: [token", "is not YAML (line 1)"),
        ("a: \x07", "is not YAML"),
        ("", "holds no object"),
        ("- token", "document 1 is no Kubernetes object: it has no kind"),
        ("kind: Canary", "document 1: metadata.name is missing"),
        ("{kind: Canary, metadata: {name: a}, spec: token}", "document 1: spec is not a mapping"),
        ("{kind: Service, metadata: {name: a}}", "holds no Canary"),
        ("{kind: List, items: [{kind: Canary}]}", "document 1, items[0]: metadata.name is missing"),
        ("kind: 2024-99-99", "is not YAML"),
    ],
)
def test_what_cannot_be_read_is_one_line_with_the_path(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: str, complaint: str
) -> None:
    path = tmp_path / "canary.yaml"
    path.write_text(content, encoding="utf-8")
    assert main([str(path)]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines() == [err.strip()]
    assert err.startswith(f"error: {path}: {complaint}")
    assert "token" not in err.removeprefix(f"error: {path}")


def test_a_file_that_is_not_there_or_no_text(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(tmp_path / "none.yaml")]) == 2
    assert capsys.readouterr().err.endswith("none.yaml: No such file or directory\n")
    (tmp_path / "image.png").write_bytes(b"\xff\xfe\x00")
    assert main([str(tmp_path / "image.png")]) == 2
    assert capsys.readouterr().err.endswith("image.png: is not UTF-8 text\n")


def test_it_says_how_it_is_used(capsys: pytest.CaptureFixture[str]) -> None:
    assert (main([]), main(["--help"]), main(["--fast", "x"])) == (2, 0, 2)
    assert capsys.readouterr().err.count("usage: python -m canary convert") == 3


def test_it_is_a_command_of_the_package(tmp_path: Path) -> None:
    path = _file(tmp_path, canary(), deployment(), route())
    ran = subprocess.run(
        [sys.executable, "-m", "canary", "convert", path],
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
    )
    assert (ran.returncode, yaml.safe_load(ran.stdout)["config"].keys()) == (0, {"canary:apps"})


JUNK = st.recursive(
    st.sampled_from([None, True, 0, -1, 7, 1.5, "", "x", "10s", "traefik", "rollout", "a=b"]),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(st.sampled_from(["name", "type", "min", "url", "zzz"]), inner, max_size=2)
    ),
    max_leaves=5,
)


def _set(spec: Any, path: str, value: Any) -> None:
    *way, last = path.replace("[]", ".0").split(".")
    here = spec
    for part in way:
        if isinstance(here, list):
            here = here[0] if here else {}
            continue
        here = here.setdefault(part, [{}] if f"{part}[]" in path else {})
        if not isinstance(here, dict | list):
            return
    if isinstance(here, dict):
        here[last] = value


@given(st.dictionaries(st.sampled_from(FIELDS), JUNK, max_size=4))
@settings(max_examples=150)
def test_whatever_a_canary_says_the_result_can_be_read(fields: dict[str, Any]) -> None:
    raw = canary()
    for path, value in fields.items():
        _set(raw["spec"], path, json.loads(json.dumps(value)))
    result = convert(raw, deployment(), route(), provider())
    assert stack_of(result)
    assert SECRET not in str(result)
