"""How long a preview takes, by the number of apps: `python -m tests.bench.previews`.

Takes some minutes on the bed. Writes docs/preview.md.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from statistics import linear_regression, median
from typing import Any, NamedTuple

from tests.bed.cluster import Bed
from tests.bench.platforms import platform
from tests.components import recorder
from tests.e2e.project import Project
from tests.e2e.settings import ELSEWHERE, GOOD, Config, merged, podinfo

TARGET = Path("docs/preview.md")
PROGRAM = Path(__file__).parent / "plain" / "__main__.py"
SIZES = {"to come": (0, 1, 5, 10, 20), "deployed": (0, 1, 10, 20)}
ADDED_MOST_S, FURTHER_MOST_MS = 2.0, 30.0
INTRODUCTION = """\
# What a preview costs

Written by `make bench`; do not edit. `pulumi preview` on the embedded cluster with two cores: of a
stack of so many apps that are not deployed yet, and of one of so many that are, with a Traefik and
a Prometheus that exist. Each cell is the median of {times}, taken in turns, with the least and the
greatest behind it. Without an app there is no Rollout: that is Pulumi, its plugins, and what this
program reads before anything else.

*Plain* is what the host costs: a Pulumi program that declares as many resources of the same types,
their texts ready-made. It parses, renders, asks and plans nothing, and its dynamic resources are
idle. An app is nine resources, each a call that Pulumi's engine, its plugins and its SDK for Python
answer in turn.
"""
TABLES = {
    "seconds": "Seconds from the command to its end",
    "processor_s": "Seconds of processor time, of the CLI and all that it starts",
}

OURS, PLAIN = "preview", "plain"  # which program


class Cost(NamedTuple):
    """Of one preview; the field names are those of `TABLES`."""

    seconds: float
    processor_s: float


Column = Mapping[int, Sequence[float]]
Costs = Mapping[str, Mapping[int, Sequence[Cost]]]
Projects = Mapping[tuple[str, int], Project]


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


def measure(bed: Bed, directory: Path, times: int) -> Costs:
    """By column and number of apps; first of apps to come and then of those that are there."""
    platform(bed, directory)
    projects: dict[tuple[str, int], Project] = {}
    try:
        for size in SIZES["to come"]:
            projects[OURS, size] = _project(bed, directory, size)
            projects[PLAIN, size] = _plain_project(bed, directory, size)
        to_come = _in_turns(projects, "to come", times)
        for size in SIZES["deployed"]:
            projects[OURS, size].up()
            projects[PLAIN, size].up()
        return {**to_come, **_in_turns(projects, "deployed", times)}
    finally:
        for (kind, size), project in projects.items():
            project.close((_namespace(kind, size),))


def _in_turns(projects: Projects, what: str, times: int) -> Costs:
    columns, sizes = {what: OURS, plain(what): PLAIN}, SIZES[what]
    turns = [(column, size) for size in sizes for column in columns]
    costs: dict[tuple[str, int], list[Cost]] = {turn: [] for turn in turns}
    for time in range(times + 1):
        for column, size in turns:
            cost = _cost(projects[columns[column], size])
            if time:  # the first one reads much for the first time
                costs[column, size].append(cost)
    return {column: {size: costs[column, size] for size in sizes} for column in columns}


def plain(what: str) -> str:
    """The name of the column beside `what`."""
    return f"{what}, plain"


def _cost(project: Project) -> Cost:
    before_s = _processor_s()
    seconds = project.preview().seconds
    return Cost(seconds=round(seconds, 3), processor_s=round(_processor_s() - before_s, 3))


def _processor_s() -> float:
    """Of all children that have ended, and of theirs."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _namespace(kind: str, size: int) -> str:
    return f"{kind}-{size}"


def _project(bed: Bed, directory: Path, size: int) -> Project:
    project = Project(bed, directory / f"of-{size}", f"preview-{size}")
    project.init()
    project.write(_settings(size, _namespace(OURS, size)))
    return project


def _plain_project(bed: Bed, directory: Path, size: int) -> Project:
    project = Project(bed, directory / f"plain-of-{size}", f"plain-{size}")
    program = project.directory / "__main__.py"
    program.unlink()
    program.symlink_to(PROGRAM)
    resources = declared(_settings(size, _namespace(PLAIN, size)))
    (project.directory / "resources.json").write_text(json.dumps(resources))
    project.init()
    return project


def declared(settings: Config) -> list[dict[str, Any]]:
    """What a stack with these settings declares, for the plain program; its provider it has."""
    return [
        {
            "type": each.type,
            "name": each.name,
            "inputs": each.inputs,
            "parent": each.parent,
            "urn": each.urn,
            "dependsOn": sorted(each.depends_on),
        }
        for each in recorder.stack(settings)
        if not each.type.startswith("pulumi:providers:")
    ]


def _settings(size: int, namespace: str) -> Config:
    elsewhere = merged(ELSEWHERE, {"prometheus": {"scrapeInterval": "5s"}})
    return {**elsewhere, "apps": {f"app-{n}": _app(namespace, n) for n in range(size)}}


def _app(namespace: str, number: int) -> Config:
    app = podinfo(GOOD, namespace, f"app-{number}.{namespace}.test")
    plan = {"analysis": {"interval": "10s"}, "replicas": 1, "progressDeadlineSeconds": 300}
    return merged(app, {**plan, "preStopSleepSeconds": 0})


def page(measured: Costs) -> str:
    """The whole page."""
    lines = [INTRODUCTION.format(times=len(measured["to come"][0]))]
    for field, title in TABLES.items():
        columns = {
            column: {size: [getattr(cost, field) for cost in costs] for size, costs in by.items()}
            for column, by in measured.items()
        }
        lines += [f"## {title}", "", *_table(columns), ""]
    return "\n".join(lines)


def _table(measured: Mapping[str, Column]) -> Iterator[str]:
    yield f"| apps | {' | '.join(measured)} |"
    yield f"|---|{'---|' * len(measured)}"
    for size in SIZES["to come"]:
        cells = " | ".join(_cell(seconds.get(size, ())) for seconds in measured.values())
        yield f"| {size} | {cells} |"
    added = " | ".join(f"{_added_s(seconds):.2f} s" for seconds in measured.values())
    yield f"| the first app adds | {added} |"
    values = " | ".join(f"{further_ms(seconds):.0f} ms" for seconds in measured.values())
    yield f"| each further app adds | {values} |"
    yield ""
    for what in SIZES:
        yield _goal(what, measured[what], measured[plain(what)])


def _goal(what: str, ours: Column, theirs: Column) -> str:
    """What is asked for: little more than the same resources without a Rollout."""
    one_s = median(ours[1]) - median(theirs[1])
    further = further_ms(ours) - further_ms(theirs)
    reached = one_s <= ADDED_MOST_S and further <= FURTHER_MOST_MS
    return (
        f"- One app {what} takes {one_s:.2f} s longer than in the plain program (at most "
        f"{ADDED_MOST_S:g} s), each further one {further:.0f} ms (at most {FURTHER_MOST_MS:g} ms): "
        f"{'reached' if reached else 'missed'}."
    )


def _cell(seconds: Sequence[float]) -> str:
    if not seconds:
        return ""
    return f"{median(seconds):.2f} s ({min(seconds):.2f} to {max(seconds):.2f})"


def _added_s(measured: Column) -> float:
    return median(measured[1]) - median(measured[0])


def further_ms(measured: Column) -> float:
    """The slope of the medians from one app on."""
    sizes = [size for size in measured if size]
    return 1000 * linear_regression(sizes, [median(measured[size]) for size in sizes]).slope


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
