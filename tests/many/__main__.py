"""`python -m tests.many [RUNS …]`: measure, print, and with the usual numbers write the page."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence

from tests.many import page
from tests.many.plans import USUAL, Pattern

LEVELS = (1, 10, 50, 200)
WITHIN_S = 600.0


def measured(apps: int, pattern: Pattern = USUAL) -> page.Row:
    """What so many runs at once cost, in processes of their own.

    Lock files are theirs alone, too: one that was left by an engine at the same port is no answer.
    """
    with tempfile.TemporaryDirectory() as directory:
        return _measured(apps, pattern, {**os.environ, "TMPDIR": directory})


def _measured(apps: int, pattern: Pattern, environment: Mapping[str, str]) -> page.Row:
    module = [sys.executable, "-m"]
    servers = subprocess.Popen(
        [*module, "tests.many.servers", str(apps), json.dumps(pattern.raw)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert servers.stdin is not None
    assert servers.stdout is not None
    try:
        at = json.loads(servers.stdout.readline())
        command = [*module, "tests.many.runs", str(apps), json.dumps(pattern.raw)]
        done = subprocess.run(
            [*command, at["api"], at["engine"]],
            capture_output=True,
            text=True,
            timeout=WITHIN_S,
            env=environment,
            check=False,
        )
    finally:
        servers.stdin.close()
        servers.wait(30)
    if done.returncode:
        raise RuntimeError(f"{apps} runs at once:\n{done.stderr}")
    row: page.Row = json.loads(done.stdout)
    return row


def main(arguments: Sequence[str]) -> None:
    levels = [int(word) for word in arguments] or list(LEVELS)
    rows = []
    for apps in levels:
        rows.append(measured(apps))
        print(json.dumps(rows[-1]), flush=True)
    if levels == list(LEVELS):
        page.PAGE.write_text(page.text(rows))
        print(page.text(rows))


if __name__ == "__main__":
    main(sys.argv[1:])
