"""Takes the README's pictures anew: `python -m tests.demo.picture [--name BED]`.

Releases a good and a bad version on a bed, in a terminal of a fixed width, and draws what the
screen shows at the end.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import Any

from tests.bed.cluster import DEFAULT, Bed
from tests.bed.errors import BedError
from tests.bed.images import PODINFO
from tests.demo.stage import HOST, ROOT, STACK, UP, Stage
from tests.demo.svg import picture
from tests.demo.terminal import PLAIN, Row, Screen, run
from tests.demo.users import Users

COLUMNS = 140
SHOTS = {
    "6.9.2-blue": ("release.svg", "A release that is promoted", 0),
    "6.9.2-errors": ("rejected.svg", "A release that is rejected", 1),
}


def take(stage: Stage) -> None:
    """Play the first deploy and both releases, and write docs/*.svg.

    Raises:
        BedError: a release ended otherwise than its picture is to show.
    """
    stage.build()
    stage.clear()
    stage.said("stack", "init", STACK)
    stage.said(*UP)
    with stage.entrance() as port, Users(port, HOST):
        for tag, (file, title, code) in SHOTS.items():
            stage.set_image(f"{PODINFO}:{tag}")
            rows = _shot(stage, code)
            (ROOT / "docs" / file).write_text(picture(rows, COLUMNS, title), encoding="utf-8")
    stage.said("destroy", "--yes", "--skip-preview", "--remove", "--stack", STACK)


def _shot(stage: Stage, expected: int) -> list[Row]:
    def start(terminal: dict[str, Any]) -> Any:
        environment = {"TERM": "xterm-256color"}
        return stage.bed.popen(["pulumi", *UP], cwd=stage.directory, env=environment, **terminal)

    screen = Screen(COLUMNS)
    code = run(start, screen)
    if code != expected:
        raise BedError(f"`pulumi up` ended with exit code {code}, not {expected}:\n{screen.text}")
    rows = screen.rows
    while rows and not "".join(char for char, _ in rows[-1]).strip():
        rows = rows[:-1]
    prompt: Row = [(char, PLAIN) for char in "$ pulumi up --yes --skip-preview"]
    return [prompt, *rows]


def main(arguments: Sequence[str] | None = None) -> int:
    """Take both pictures; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.demo.picture")
    parser.add_argument("--name", default=DEFAULT, help="the bed to play on, which must be up")
    options = parser.parse_args(arguments)
    try:
        take(Stage(Bed(options.name)))
    except BedError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
