"""Reports as files, for CI: JSON and Markdown in a directory, and a job's summary page."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from canary.core.report import Report


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportFiles:
    """Where reports go; "" means nowhere.

    `directory` (CANARY_REPORT) gets `<namespace>-<app>-<run>.json` and `.md`; a file appears
    complete or not at all. `summary` (GITHUB_STEP_SUMMARY) gets the Markdown appended.
    """

    directory: str = ""
    summary: str = ""

    @classmethod
    def wanted(cls, environment: Mapping[str, str]) -> Self:
        """What the environment of `pulumi up` asks for."""
        return cls(
            directory=environment.get("CANARY_REPORT", ""),
            summary=environment.get("GITHUB_STEP_SUMMARY", ""),
        )

    def keep(self, report: Report) -> None:
        """Write the files.

        Raises:
            OSError: one of them could not be written.
        """
        if self.directory:
            directory = Path(self.directory).expanduser()
            directory.mkdir(parents=True, exist_ok=True)
            name = re.sub(r"[^\w.-]", "_", f"{report.namespace}-{report.app}-{report.run}")
            _write(directory / f"{name}.json", report.to_json() + "\n")
            _write(directory / f"{name}.md", report.to_markdown())
        if self.summary:
            with Path(self.summary).open("a", encoding="utf-8") as page:
                page.write(report.to_markdown())


def _write(path: Path, text: str) -> None:
    part = path.with_name(f".{path.name}.part")
    try:
        part.write_text(text, encoding="utf-8")
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
