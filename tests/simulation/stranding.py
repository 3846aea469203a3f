"""How long users are sent to a canary that has no ready pod, although the primary has some."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from canary.core.record import Record

MOST_S = 8.0  # to see it, to write it, and to write it again if the answer was lost


class Stranding:
    """Looks at every moment; counts those in which the run could do something about it."""

    def __init__(self, excused_s: float) -> None:
        """Answers that come `excused_s` late all in all are no fault of the run's."""
        self._most_s = MOST_S + excused_s
        self._since_s: float | None = None

    def look(
        self,
        now_s: float,
        record: Record | None,
        weights: Mapping[str, int],
        up: Collection[str],
        *,
        able: bool,
    ) -> None:
        """Note who gets traffic; `able` whether the run's driver is at work and can write.

        A run that is suspended moves nothing, whatever happens.
        """
        lost = (
            able
            and record is not None
            and record.unfinished
            and not record.held
            and weights.get(record.canary, 0) > 0
            and record.canary not in up
            and record.primary in up
        )
        if not lost:
            self._since_s = None
            return
        self._since_s = now_s if self._since_s is None else self._since_s
        stranded_s = now_s - self._since_s
        assert stranded_s <= self._most_s, f"users stranded on the canary for {stranded_s:.0f} s"
