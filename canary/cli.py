"""The operators' commands: see runs, and ask them for something, from any machine.

While `pulumi up` runs, the stack is locked; so orders go through the cluster. Exit code 0: done;
1: refused, or the watched run was not promoted; 2: the command is not one.
"""

from __future__ import annotations

import argparse
import getpass
import socket
import sys
import time
from collections.abc import Sequence

from canary.adapters.clock import SystemClock
from canary.adapters.cluster.kubernetes import Cluster
from canary.adapters.routes import desk
from canary.core.orders import Order, Verb
from canary.core.record import Phase, Record
from canary.core.share import share_text
from canary.errors import CanaryError

OBEYED_WITHIN_S = 30.0
LOOK_S = 1.0
_HELP = {
    Verb.SUSPEND: "keep the weight, and go on judging it",
    Verb.RESUME: "go on after suspend",
    Verb.ABORT: "put all traffic back on the primary and end the run",
    Verb.PROMOTE: "skip the steps that are left; 100 %% is judged as always",
    Verb.APPROVE: "open the gate that holds the run",
}


def main(arguments: Sequence[str]) -> int:
    """Carry out one command; its exit code."""
    options = _parser().parse_args(arguments)
    try:
        cluster = Cluster.connect(
            context=options.context or "", kubeconfig_path=options.kubeconfig or ""
        )
        try:
            return _carried_out(cluster, options)
        finally:
            cluster.close()
    except CanaryError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def _parser() -> argparse.ArgumentParser:
    common = argparse.ArgumentParser(add_help=False)
    needed = "needed if several namespaces have an app of that name"
    common.add_argument("-n", "--namespace", help=f"the app's namespace; {needed}")
    common.add_argument("--context", help="of the kubeconfig, if not the current one")
    common.add_argument("--kubeconfig", help="a file, if not the usual one")
    parser = argparse.ArgumentParser(prog="python -m canary", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    status = commands.add_parser("status", parents=[common], help="what serves, and what goes on")
    status.add_argument("app", nargs="?", default="", help="all of them unless said")
    watch = commands.add_parser("watch", parents=[common], help="follow a run to its end")
    watch.add_argument("app")
    for verb, text in _HELP.items():
        command = commands.add_parser(verb.value, parents=[common], help=text)
        command.add_argument("app")
        command.add_argument("--by", default=_somebody(), help="who asks, for the record")
    return parser


def _carried_out(cluster: Cluster, options: argparse.Namespace) -> int:
    namespace = options.namespace or ""
    if options.command == "status":
        return _status(cluster, options.app, namespace)
    app = desk.only(cluster, name=options.app, namespace=namespace)
    if options.command == "watch":
        return _watch(cluster, app)
    clock = SystemClock()
    order = Order(verb=options.command, by=options.by, at=clock.wall_s())
    now = desk.obeyed(cluster, app, desk.place(cluster, app, order), clock, OBEYED_WITHIN_S)
    print(told(now))
    return 0


def _status(cluster: Cluster, name: str, namespace: str) -> int:
    if name:
        print(told(desk.only(cluster, name=name, namespace=namespace)))
        return 0
    found = desk.apps(cluster, namespace=namespace)
    print("\n".join(told(app) for app in found) or "there are no apps")
    return 0


def _watch(cluster: Cluster, app: desk.App) -> int:
    """Print each change of the run that is under way; whether it was promoted."""
    clock, run, last = SystemClock(), app.record.run, ""
    while app.record.run == run:
        if (line := told(app)) != last:
            print(f"{time.strftime('%H:%M:%S')} {line}", flush=True)
            last = line
        if not app.record.unfinished:
            return 0 if app.record.phase is Phase.SUCCEEDED else 1
        clock.wait(LOOK_S)
        app = desk.reread(cluster, app)
    print(f"run {run} is over; {told(app)}", flush=True)
    return 1


def told(app: desk.App) -> str:
    """One line for one app."""
    record = app.record
    head = f"{app.namespace}/{app.name}: {record.phase}"
    if not record.unfinished:
        reason = f" ({record.reason})" if record.reason else ""
        return f"{head}, {_image(record, record.primary)} serves{reason}"
    share = share_text(record.weight_percent, record.mirror_percent)
    copied = f"{record.baseline_percent} % to its baseline, " if record.baseline_percent else ""
    held = f", suspended by {record.held}" if record.held else ""
    return (
        f"{head}, {share} to {_image(record, record.canary)}, {copied}the rest to "
        f"{_image(record, record.primary)}{held} (run {record.run})"
    )


def _image(record: Record, version: str) -> str:
    return record.images.get(version, version) or "nothing"


def _somebody() -> str:
    try:
        return f"{getpass.getuser()}@{socket.gethostname()}"
    except (KeyError, OSError):
        return "somebody"
