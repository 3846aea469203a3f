"""What the reading of a custom metric says about a bake: pass, fail, not known, or just a number.

A reading speaks for a bake when it was asked for at the bake's end: no sooner than one look before
it, so that the answer is there when the bake is over. Absent on purpose: an allowance for chance,
which nobody can compute for a query that is not known to count anything.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from canary.core.custom import CustomCheck, Reading
from canary.core.pace import LOOK_S
from canary.core.verdicts import Grade, Verdict

ASK_AHEAD_S = LOOK_S


def judge_readings(
    checks: Iterable[CustomCheck], readings: Mapping[str, Reading], from_s: float
) -> tuple[Verdict, ...]:
    """Every custom metric, judged; a reading that was asked for before `from_s` is none yet."""
    return tuple(_judge(check, readings.get(check.name), from_s) for check in checks)


def shown(checks: Iterable[CustomCheck], readings: Mapping[str, Reading]) -> Iterator[str]:
    """The last value of each metric that has one, in a few words."""
    for check in checks:
        reading = readings.get(check.name)
        if reading is not None and reading.value is not None:
            yield f"{check.name} {_number(check, reading.value)}"


def bounds_text(check: CustomCheck) -> str:
    """The bounds as they are configured: "min 10, max 20", "" without any."""
    return _bounds(check.least, check.most)


def _judge(check: CustomCheck, reading: Reading | None, from_s: float) -> Verdict:
    if reading is None or reading.asked_s < from_s:
        return _unknown(check, f"{check.name} has not been answered yet")
    value = reading.value
    if value is None:
        return _unknown(check, f"{check.name}: {reading.trouble}")
    if check.report_only:
        remark = ", ".join(part for part in (bounds_text(check), "not judged") if part)
        return _verdict(check, Grade.REPORTED, value, remark)
    if check.accepts(value):
        return _verdict(check, Grade.PASS, value, bounds_text(check))
    if check.least is not None and value < check.least:
        return _verdict(check, Grade.FAIL, value, _bounds(check.least, None))
    return _verdict(check, Grade.FAIL, value, _bounds(None, check.most))


def _verdict(check: CustomCheck, grade: Grade, value: float, remark: str) -> Verdict:
    number = _number(check, value)
    return Verdict(
        grade=grade,
        check=check.name,
        text=f"{check.name} is {number} ({remark})",
        brief=f"{check.name} {number}",
        value=value,
        bound=check.most if check.least is None or value > check.least else check.least,
        n=0,
    )


def _unknown(check: CustomCheck, text: str) -> Verdict:
    return Verdict(
        grade=Grade.REPORTED if check.report_only else Grade.UNKNOWN,
        check=check.name,
        text=text,
        brief=text,
        value=None,
        bound=check.most if check.least is None else check.least,
        n=0,
    )


def _bounds(least: float | None, most: float | None) -> str:
    bounds = (("min", least), ("max", most))
    return ", ".join(f"{name} {bound:.12g}" for name, bound in bounds if bound is not None)


def _number(check: CustomCheck, value: float) -> str:
    """Six digits, or all where six would put the value on the other side of a bound."""
    text = f"{value:g}"
    return text if check.accepts(float(text)) == check.accepts(value) else repr(value)
