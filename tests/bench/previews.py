"""How long a preview takes, by the number of apps: `python -m tests.bench.previews`.

Takes some minutes on the bed. Writes docs/preview.md.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import linear_regression, median

from tests.bed.cluster import Bed
from tests.bench.platforms import platform
from tests.e2e.project import Project
from tests.e2e.settings import ELSEWHERE, GOOD, Config, merged, podinfo

TARGET = Path("docs/preview.md")
SIZES = {"to come": (0, 1, 5, 10, 20), "deployed": (0, 1, 10)}
ADDED_MOST_S, FURTHER_MOST_MS = 2.0, 30.0
INTRODUCTION = """\
# What a preview costs

Written by `make bench`; do not edit. Seconds of `pulumi preview`, from the command to its end, on
the embedded cluster with two cores: a stack of so many apps that are not deployed yet, and one of
so many that are, with a Traefik and a Prometheus that exist. Each cell is the median of {times},
taken in turns, with the least and the greatest behind it. Without an app there is no Rollout: that
is Pulumi, its plugins, and what this program reads before anything else.
"""

Measured = Mapping[int, Sequence[float]]


def main(arguments: Sequence[str]) -> int:
    """Start a bed, measure, write the page, end the bed."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.previews", description=__doc__)
    parser.add_argument("--times", type=int, default=5, help="previews of each size")
    parser.add_argument("--target", type=Path, default=TARGET)
    options = parser.parse_args(arguments)
    bed = Bed("bench")
    bed.up(print)
    try:
        with tempfile.TemporaryDirectory() as directory:
            measured = measure(bed, Path(directory), options.times)
    finally:
        bed.down()
    print(json.dumps(measured))
    options.target.write_text(page(measured), encoding="utf-8")
    return 0


def measure(bed: Bed, directory: Path, times: int) -> dict[str, dict[int, list[float]]]:
    """Seconds by number of apps, first of apps to come and then of those that are there."""
    platform(bed, directory)
    found: dict[str, dict[int, list[float]]] = {}
    projects = {size: _project(bed, directory, size) for size in SIZES["to come"]}
    try:
        for what, sizes in SIZES.items():
            if what == "deployed":
                for size in sizes:
                    projects[size].up()
            for size in sizes:  # unmeasured: what is read for the first time
                projects[size].preview()
            found[what] = {size: [] for size in sizes}
            for _ in range(times):
                for size in sizes:
                    found[what][size].append(round(projects[size].preview().seconds, 3))
    finally:
        for size, project in projects.items():
            project.close((_namespace(size),))
    return found


def _namespace(size: int) -> str:
    return f"preview-{size}"


def _project(bed: Bed, directory: Path, size: int) -> Project:
    project = Project(bed, directory / f"of-{size}", f"preview-{size}")
    project.init()
    elsewhere = merged(ELSEWHERE, {"prometheus": {"scrapeInterval": "5s"}})
    project.write({**elsewhere, "apps": {f"app-{n}": _app(size, n) for n in range(size)}})
    return project


def _app(size: int, number: int) -> Config:
    app = podinfo(GOOD, _namespace(size), f"app-{number}.preview-{size}.test")
    plan = {"analysis": {"interval": "10s"}, "replicas": 1, "progressDeadlineSeconds": 300}
    return merged(app, {**plan, "preStopSleepSeconds": 0})


def page(measured: Mapping[str, Measured]) -> str:
    """The whole page."""
    times = len(next(iter(measured["to come"].values())))
    lines = [
        INTRODUCTION.format(times=times),
        f"| apps | {' | '.join(measured)} |",
        "|---|---|---|",
    ]
    for size in SIZES["to come"]:
        cells = " | ".join(_cell(seconds.get(size, ())) for seconds in measured.values())
        lines.append(f"| {size} | {cells} |")
    added = {what: _added_s(seconds) for what, seconds in measured.items()}
    further = {what: further_ms(seconds) for what, seconds in measured.items()}
    lines += [
        f"| the first app adds (at most {ADDED_MOST_S:g} s) | "
        + " | ".join(f"{value:.2f} s" for value in added.values())
        + " |",
        f"| each further app adds (at most {FURTHER_MOST_MS:g} ms) | "
        + " | ".join(f"{value:.0f} ms" for value in further.values())
        + " |",
    ]
    return "\n".join(lines) + "\n"


def _cell(seconds: Sequence[float]) -> str:
    if not seconds:
        return ""
    return f"{median(seconds):.2f} s ({min(seconds):.2f} to {max(seconds):.2f})"


def _added_s(measured: Measured) -> float:
    return median(measured[1]) - median(measured[0])


def further_ms(measured: Measured) -> float:
    """The slope of the medians from one app on."""
    sizes = [size for size in measured if size]
    return 1000 * linear_regression(sizes, [median(measured[size]) for size in sizes]).slope


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
