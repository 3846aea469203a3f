"""The main job on the embedded cluster: `python -m tests.demo [--keep] [--name BED]`.

Real `pulumi up`s of a first, a good and a bad release. The exit code is 0 only if the good one was
promoted, the bad one rejected, and users noticed neither.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field

from tests.bed.cluster import DEFAULT, Bed
from tests.bed.errors import BedError
from tests.bed.images import PODINFO
from tests.demo.stage import HOST, IMAGE_KEY, STACK, UP, Stage, serving
from tests.demo.users import Users, harmed, told

FIRST, GOOD, BAD = "6.9.2", "6.9.2-blue", "6.9.2-errors"


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """One release: what it is, what to look at, and what must come of it."""

    tag: str
    promoted: bool
    serves: str
    promise: str
    headline: tuple[str, ...]

    @classmethod
    def good(cls) -> Act:
        """A release that is as good as the version before it."""
        return cls(
            tag=GOOD,
            promoted=True,
            serves=GOOD,
            promise="the good release is promoted",
            headline=(
                f"a good release: podinfo {GOOD}",
                "Look at the Rollout's row: 10, 20, … 50 % of the requests, 3 s each, then 100 %.",
                "The old version is deleted last, when nothing routes to it any more.",
            ),
        )

    @classmethod
    def bad(cls) -> Act:
        """A release that fails a third of its requests, a third of those with a 500."""
        return cls(
            tag=BAD,
            promoted=False,
            serves=GOOD,
            promise="the bad release is rejected with an exit code other than 0",
            headline=(
                f"a bad release: podinfo {BAD} answers one request in nine with a 500",
                "Look for `error: Rejected:` below: value, bound, and how long the way back took.",
                "Users see none of the 500s: the primary answers in the canary's stead.",
            ),
        )


@dataclass
class Demo:
    """One performance; `broken` collects the promises that did not come true."""

    stage: Stage
    began_s: float = field(default_factory=time.monotonic)
    broken: list[str] = field(default_factory=list)

    def play(self) -> None:
        """All acts. Users ask through Traefik from the moment that the first version serves."""
        self.say(
            "making room: a copy of the project, and whatever an earlier demo left is destroyed"
        )
        self.stage.build()
        self.stage.clear()
        self.stage.said("stack", "init", STACK)
        with ExitStack() as until_the_end:
            self._first()
            port = until_the_end.enter_context(self.stage.entrance())
            self._expect(serving(port) == FIRST, f"{FIRST} serves after the first deploy")
            users = until_the_end.enter_context(Users(port, HOST))
            self._release(Act.good(), port, users)
            self._release(Act.bad(), port, users)

    def _first(self) -> None:
        self.say(
            f"first deploy: podinfo {FIRST}, with Traefik, Prometheus and the load tester",
            "There is nothing to compare with, so the version gets all traffic once it is ready.",
        )
        self._expect(self.stage.pulumi(*UP) == 0, "the first deploy succeeds")

    def _release(self, act: Act, port: int, users: Users) -> None:
        self.say(*act.headline)
        self.stage.set_image(f"{PODINFO}:{act.tag}")
        users.answers()
        code = self.stage.pulumi(*UP)
        codes, serves = users.answers(), serving(port)
        self.say(
            f"`pulumi up` ended with exit code {code}; through Traefik, podinfo {serves} answers",
            f"Users meanwhile: {told(codes)}.",
        )
        self._expect((code == 0) == act.promoted, act.promise)
        self._expect(serves == act.serves, f"{act.serves} serves after {act.tag}")
        self._expect(harmed(codes) == 0, f"no user gets a 404, a 5xx or no answer during {act.tag}")

    def _expect(self, kept: bool, promise: str) -> None:  # noqa: FBT001 - reads as a sentence
        if not kept:
            self.broken.append(promise)

    def finish(self, *, keep: bool) -> None:
        """Leave the stack as it is, or destroy it."""
        if keep:
            self.say("the stack is kept; look around, and release something yourself:")
            print(f"    .venv/bin/python -m tests.bed run --name {self.stage.bed.name} -- bash")
            print(f"    cd {self.stage.directory}")
            print(f"    pulumi config set --path '{IMAGE_KEY}' {PODINFO}:6.9.2-slow")
            print("    pulumi preview --diff && pulumi up")
            return
        self.say("the end: everything is destroyed (--keep would have left it running)")
        self.stage.said("destroy", "--yes", "--skip-preview", "--remove", "--stack", STACK)

    def say(self, *lines: str) -> None:
        """A headline, with the time since the beginning."""
        bold, plain = ("\033[1m", "\033[0m") if sys.stdout.isatty() else ("", "")
        print(f"\n{bold}[{time.monotonic() - self.began_s:5.1f} s] {lines[0]}{plain}")
        for line in lines[1:]:
            print(f"          {line}")
        print(flush=True)


def main(arguments: Sequence[str] | None = None) -> int:
    """Play, tidy up, and say whether everything went as promised; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.demo", description="The main job.")
    parser.add_argument("--keep", action="store_true", help="leave the stack running")
    parser.add_argument("--name", default=DEFAULT, help="the bed to play on, which must be up")
    options = parser.parse_args(arguments)
    demo = Demo(Stage(Bed(options.name)))
    try:
        demo.play()
        demo.finish(keep=options.keep)
    except BedError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("error: interrupted; the next demo clears up what is left", file=sys.stderr)
        return 130
    for promise in demo.broken:
        print(f"error: did not come true: {promise}", file=sys.stderr)
    if not demo.broken:
        demo.say("as promised: the good release was promoted, the bad one rejected")
    return 1 if demo.broken else 0


if __name__ == "__main__":
    sys.exit(main())
