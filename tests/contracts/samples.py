"""Values that several contracts need."""

from __future__ import annotations

from canary.core.report import Report


def report(run: str) -> Report:
    """A promoted run."""
    return Report(
        app="podinfo",
        namespace="test",
        run=run,
        outcome="promoted",
        reason="all checks passed",
        from_version="0123456789",
        to_version="abcdefabcd",
        from_image="podinfo:1",
        to_image="podinfo:2",
        started_at=1_700_000_000.0,
        seconds=12.5,
    )
