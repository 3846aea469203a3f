"""Where a run's report goes: files, full disks, and courtesies that fail."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from canary.adapters.outlets.reports import ReportFiles
from canary.core.report import Report
from canary.errors import ClusterError
from tests.contracts.telling import (
    RECORD,
    REPORT,
    SECRET,
    WARNING,
    Server,
    Told,
    journal,
    listening,
)
from tests.fakes.clock import FakeClock


@pytest.fixture
def server() -> Iterator[Server]:
    with listening() as engine:
        yield engine


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


def test_the_report_goes_wherever_it_is_wanted(
    server: Server, clock: FakeClock, tmp_path: Path
) -> None:
    kept: list[Report] = []
    summary = tmp_path / "summary.md"
    summary.write_text("before\n")
    directory = tmp_path / "new" / "reports"
    files = ReportFiles(directory=str(directory), summary=str(summary))
    journal(server, clock, files=files, history=kept.append).finished(REPORT)
    assert kept == [REPORT]
    assert json.loads((directory / "test-podinfo-r1.json").read_text()) == json.loads(
        REPORT.to_json()
    )
    assert (directory / "test-podinfo-r1.md").read_text() == REPORT.to_markdown()
    assert sorted(p.name for p in directory.iterdir()) == [
        "test-podinfo-r1.json",
        "test-podinfo-r1.md",
    ]
    assert summary.read_text() == "before\n" + REPORT.to_markdown()
    assert server.engine.lines == []


def test_nothing_is_written_when_nothing_is_wanted(tmp_path: Path) -> None:
    before = set(Path.cwd().iterdir())
    ReportFiles().keep(REPORT)
    assert set(Path.cwd().iterdir()) == before
    assert list(tmp_path.iterdir()) == []


def test_the_environment_says_where_reports_go() -> None:
    environment = {"CANARY_REPORT": "reports", "GITHUB_STEP_SUMMARY": "page", "HOME": "/root"}
    assert ReportFiles.wanted(environment) == ReportFiles(directory="reports", summary="page")
    assert ReportFiles.wanted({}) == ReportFiles()


def test_a_reader_never_sees_half_a_report(tmp_path: Path) -> None:
    files = ReportFiles(directory=str(tmp_path))
    files.keep(REPORT)
    with (tmp_path / "test-podinfo-r1.md").open() as reader:
        files.keep(replace(REPORT, reason="another reason"))
        assert reader.read() == REPORT.to_markdown()


def test_a_name_cannot_leave_the_directory(tmp_path: Path) -> None:
    ReportFiles(directory=str(tmp_path)).keep(replace(REPORT, run="../../r1"))
    assert {path.parent for path in tmp_path.rglob("*.json")} == {tmp_path}


def test_a_full_disk_is_one_warning(server: Server, clock: FakeClock) -> None:
    files = ReportFiles(summary="/dev/full")
    journal(server, clock, files=files).finished(REPORT)
    (warning,) = server.engine.said
    assert warning.severity == WARNING
    assert warning.message == (
        "the report's files could not be written: [Errno 28] No space left on device"
    )


def test_an_impossible_directory_is_one_warning_and_leaves_nothing(
    server: Server, clock: FakeClock, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    kept: list[Report] = []
    files = ReportFiles(directory=str(tmp_path / "file" / "reports"))
    journal(server, clock, files=files, history=kept.append).finished(REPORT)
    (line,) = server.engine.lines
    assert line.startswith("the report's files could not be written: [Errno 20] Not a directory")
    assert kept == [REPORT]


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (ClusterError("the API server is busy", retryable=True), "the API server is busy"),
        (KeyError(SECRET), "KeyError"),
    ],
)
def test_a_courtesy_that_fails_is_one_warning_and_the_rest_goes_on(
    server: Server, clock: FakeClock, error: Exception, says: str
) -> None:
    told = journal(server, clock, events=Told(error=error))
    told.decided(RECORD, "why")
    told.finished(REPORT)
    assert server.engine.lines == [
        "+0 s Progressing: why",
        f"an Event could not be written: {says}",
    ]
