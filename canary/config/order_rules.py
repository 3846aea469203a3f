"""The order in which a stack's apps are released."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter

from canary.config.problems import Problem
from canary.config.stack import StackConfig


def order_problems(stack: StackConfig) -> Iterator[Problem]:
    """Apps to come after that do not exist, and apps that wait for each other."""
    unknown = False
    for key, app in stack.apps.items():
        for index, other in enumerate(app.after):
            if other not in stack.apps:
                unknown = True
                near = difflib.get_close_matches(other, stack.apps, 1)
                meant = f"; did you mean {near[0]}?" if near else ""
                text = f"there is no app {other}{meant}"
                yield Problem(path=("apps", key, "after", index), text=text)
    if not unknown:
        yield from _circles(stack)


def in_order(stack: StackConfig) -> tuple[str, ...]:
    """The apps' keys, each behind all those that it comes after."""
    return tuple(_sorter(stack).static_order())


def _circles(stack: StackConfig) -> Iterator[Problem]:
    try:
        in_order(stack)
    except CycleError as error:
        circle = list(reversed(error.args[1]))
        text = f"these apps wait for each other: {' after '.join(circle)}"
        yield Problem(path=("apps", circle[0], "after"), text=text)


def _sorter(stack: StackConfig) -> TopologicalSorter[str]:
    return TopologicalSorter({key: app.after for key, app in stack.apps.items()})
