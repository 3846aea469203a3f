"""The page that `make many` writes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

PAGE = Path(__file__).parents[2] / "docs" / "many.md"
GOAL = {"began_p99_s": 1.0, "peak_mb": 150.0, "cores": 1.0}

Row = dict[str, Any]

_TEXT = """\
# Many at once

Written by `make many`; do not edit. In one process, as Pulumi's provider is, so many runs begin at
the same moment: two steps of ten seconds, a promotion and a soak, judged by success rate and
latency. The servers (API server, two replicas of Traefik, Prometheus, Pulumi's engine) are fakes in
another process on the same machine of two cores; Traefik takes changes at most every two seconds,
as the real one does. A look begins late when others keep the processor from it, and is complete
when everything that it asks for has been answered; both are counted from the moment for which it
was planned. Memory is the most that the process had resident, cores are seconds of processor time
per second, both without the servers.

{table}

Promised for 200 on two cores: looks begin at most 1 s late at P99, 150 MB, one core. {verdict}

Cost grows linearly: beyond the process itself, which is there for one run as well, each further run
costs {each_cpu} of processor time and {each_mb} of memory at 50, and {more_cpu} and {more_mb} at
200. One reload of Traefik in two seconds is the most there can be; {reloads} of them served all
weights of {most} runs in {wall} s.
"""
_HEAD = (
    "| runs | begun P99 | complete P50 | P99 | most | memory | cores "
    "| API server/s | Prometheus/s | Traefik/s | processor per run | requests per run |"
)


def text(rows: Sequence[Row]) -> str:
    """The whole page."""
    table = "\n".join([_HEAD, "|" + "---:|" * 12, *map(_line, rows)])
    one, many = rows[0], rows[-1]
    some = rows[-2]
    return _TEXT.format(
        table=table,
        verdict=_verdict(many),
        each_cpu=_each_cpu(one, some),
        each_mb=_each_mb(one, some),
        more_cpu=_each_cpu(one, many),
        more_mb=_each_mb(one, many),
        reloads=many["reloads"],
        most=many["apps"],
        wall=f"{many['wall_s']:.0f}",
    )


def cores(row: Row) -> float:
    return float(row["cpu_s"] / row["wall_s"])


def requests(row: Row) -> int:
    return int(row["api"] + row["prometheus"] + row["traefik"])


def missed(row: Row) -> list[str]:
    """Which of the goals this row does not reach."""
    found = {**row, "cores": cores(row)}
    return [name for name, most in GOAL.items() if found[name] > most]


def _verdict(row: Row) -> str:
    names = {"began_p99_s": "punctuality", "peak_mb": "memory", "cores": "processor time"}
    short = missed(row)
    return f"Not reached: {', '.join(names[name] for name in short)}." if short else "Reached."


def _line(row: Row) -> str:
    wall_s = row["wall_s"]
    cells = [
        str(row["apps"]),
        _ms(row["began_p99_s"]),
        *(_ms(row[f"late_{name}_s"]) for name in ("p50", "p99", "max")),
        f"{row['peak_mb']:.0f} MB",
        f"{cores(row):.2f}",
        *(f"{row[kind] / wall_s:.1f}" for kind in ("api", "prometheus", "traefik")),
        f"{row['cpu_s'] / row['apps']:.2f} s",
        f"{requests(row) / row['apps']:.0f}",
    ]
    return f"| {' | '.join(cells)} |"


def _ms(seconds: float) -> str:
    return f"{seconds:.2f} s" if seconds >= 1 else f"{1000 * seconds:.0f} ms"


def _each_cpu(one: Row, many: Row) -> str:
    return f"{(many['cpu_s'] - one['cpu_s']) / (many['apps'] - one['apps']):.2f} s"


def _each_mb(one: Row, many: Row) -> str:
    return f"{(many['peak_mb'] - one['peak_mb']) / (many['apps'] - one['apps']):.2f} MB"
