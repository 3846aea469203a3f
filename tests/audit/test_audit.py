"""An audit says what it found, and that it found nothing only when it could look."""

from __future__ import annotations

import json
from typing import Any

from tests.audit.__main__ import CLEAN, UNKNOWN, VULNERABLE, judged

FINE = {"name": "a", "version": "1.0", "vulns": []}
FLAWED = {"name": "b", "version": "2", "vulns": [{"id": "GHSA-1", "fix_versions": ["2.1"]}]}
SKIPPED = {"name": "c", "skip_reason": "Dependency not found on PyPI"}


def audit(*packages: dict[str, Any]) -> tuple[int, list[str]]:
    return judged(json.dumps({"dependencies": packages, "fixes": []}))


def test_a_known_vulnerability_fails_and_names_its_mend() -> None:
    assert audit(FINE, FLAWED) == (VULNERABLE, ["b 2: GHSA-1, mended in 2.1"])


def test_none_known_is_said_of_what_was_asked_about() -> None:
    assert audit(FINE) == (CLEAN, ["no vulnerability of 1 locked packages is known"])


def test_what_could_not_be_asked_about_is_no_good_answer() -> None:
    code, (line,) = audit(FINE, SKIPPED)
    assert code == UNKNOWN
    assert "not audited: 1 of 2 packages" in line
    assert judged("no route to host") == (
        UNKNOWN,
        ["not audited: the advisories cannot be reached from here"],
    )
    assert audit()[0] == UNKNOWN
    assert audit(FLAWED, SKIPPED)[0] == VULNERABLE
