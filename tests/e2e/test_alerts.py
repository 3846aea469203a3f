"""Alerts reach their endpoint, whose address is nowhere to be read; a dead one costs nothing."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.e2e.settings import ELSEWHERE, SURE, TESTAPP, echo_app, merged
from tests.e2e.waiting import await_
from tests.e2e.world import World

pytestmark = pytest.mark.bed

TOKEN = "T0kenInTheAddress"
ENDPOINT = """
import http.server, sys
class Endpoint(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        print(f"{self.path} {body}\\n", end="", flush=True)  # in one piece: others are told too
        self.send_response(200)
        self.end_headers()
    def log_message(self, *_):
        pass
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Endpoint)
print(server.server_port, flush=True)
server.serve_forever()
"""


FORMS = ("slack", "rocket", "discord", "msteams", "gchat", "webhook")
# A 404 counts, a 5xx does not, and evidence is not asked: else it would be quicker than the check.
JUDGED = merged(
    SURE,
    {
        "analysis": {"badStatus": ["404"], "evidence": {"enabled": False}, "threshold": 1},
        "shield": {"status": ["404"]},
    },
)
BOUND = (
    r"at 20 %: request-success-rate [\d.]+ % of \d+ requests \(min 99 %\); "
    r"primary 100 % of [\d,]+"
)


def test_alerts_are_sent_and_their_addresses_are_secrets(world: World) -> None:
    with _endpoint(world) as (port, told):
        _write(world, "1")
        for name in (*FORMS, "gone"):
            key = f"canary:alertAddresses.{name}"
            where = 1 if name == "gone" else port
            address = f"http://127.0.0.1:{where}/{TOKEN}/{name}"
            world.project.run("config", "set", "--secret", "--path", key, address)
        world.project.up()
        addresses = _addresses(world)
        _write(world, "2", addresses)
        with world.probe(rate=100):
            good = world.project.up()
        await_(lambda: any("promoted" in line for line in told()), "the last alert", 60)
        _write(world, "missing", addresses)
        with world.probe(rate=100) as users:
            bad = world.project.up(fails=True)
        await_(lambda: sum(": rejected" in line for line in told()) == len(FORMS), "all forms", 60)
        lines = told()
    assert all(line.startswith(f"/{TOKEN}/") for line in lines)
    texts = [_read(line).text for line in lines if line.startswith(f"/{TOKEN}/webhook ")]
    assert any("20 % to the canary" in text for text in texts)
    assert "alert gone does not reach provider gone: " in good.text
    _told_alike(world, lines)
    _shielded(world)
    users.answers().assert_none_failed()
    state = json.dumps(world.project.export())
    texts = [line.partition(" ")[2] for line in lines] + [p.read_text() for p in _reports(world)]
    for text in (good.text, bad.text, state, world.events(), *texts):
        assert TOKEN not in text


def _told_alike(world: World, lines: list[str]) -> None:
    """Each provider was told of the rejection, and all but one of that alone, in its own form."""
    title = f"{world.app} in {world.namespace}: "
    for form in FORMS:
        told = [_read(line) for line in lines if line.startswith(f"/{TOKEN}/{form} ")]
        if form != "webhook":  # which is told everything
            assert [message.title for message in told] == [
                f"{title}RollingBack",
                f"{title}rejected",
            ]
        for message in told[-2:]:
            assert message.title.startswith(title)
            assert re.search(BOUND, message.text), message
            assert message.images == (f"{TESTAPP}:2", f"{TESTAPP}:missing")


def _shielded(world: World) -> None:
    """What the primary answered for the canary is in the report, for programs and for people."""
    reports = [json.loads(path.read_text()) for path in world.project.reports.glob("*.json")]
    (report,) = (found for found in reports if found["outcome"] == "rejected")
    hidden = report["shielded_requests"]
    assert 0 < hidden <= report["steps"][-1]["canary_requests"]
    page = (world.project.reports / f"{world.namespace}-{world.app}-{report['run']}.md").read_text()
    assert f"The shield had the primary answer {hidden} requests in the canary's place." in page


@dataclass(frozen=True, slots=True)
class Message:
    """What somebody reads in an alert; the images are those from which and to which."""

    title: str
    text: str
    images: tuple[str, str]


def _read(line: str) -> Message:
    """The message in one line of the endpoint's, as the provider would show it."""
    path, _, body = line.partition(" ")
    found = json.loads(body)
    match path.rpartition("/")[2]:
        case "slack":
            (card,) = found["attachments"]
            facts = {field["title"]: field["value"] for field in card["fields"]}
            title, text = card["title"], card["text"]
        case "rocket":
            (card,) = found["attachments"]
            _, text, *lines, _ = card["text"].splitlines()
            facts = dict(line.split(": ", 1) for line in lines)
            title = card["title"]
        case "discord":
            (card,) = found["embeds"]
            facts = {field["name"]: _unescaped(field["value"]) for field in card["fields"]}
            title, text = _unescaped(card["title"]), _unescaped(card["description"])
        case "msteams":
            blocks = found["attachments"][0]["content"]["body"]
            title, text, *rest = ("".join(run["text"] for run in one["inlines"]) for one in blocks)
            facts = dict(line.split(": ", 1) for line in rest)
        case "gchat":
            card = found["cardsV2"][0]["card"]
            paragraph, *rows = card["sections"][0]["widgets"]
            decorated = [row["decoratedText"] for row in rows]
            facts = {row["topLabel"]: row["text"] for row in decorated}
            title, text = card["header"]["title"], paragraph["textParagraph"]["text"]
        case _:
            facts = {"From": found["fromImage"], "To": found["toImage"]}
            title, text = found["title"], found["text"]
    return Message(title, text, (facts.get("From", ""), facts.get("To", "")))


def _unescaped(text: str) -> str:
    return re.sub(r"\\([^0-9A-Za-z\s])", r"\1", text)


def _write(world: World, tag: str, addresses: Any = None) -> None:
    everything = ("webhook", "gone")
    alerts = [
        {
            "name": name,
            "severity": "info" if name in everything else "error",
            "providerRef": {"name": name},
        }
        for name in (*FORMS, "gone")
    ]
    providers = {name: {"type": name} for name in FORMS} | {"gone": {"type": "webhook"}}
    own = merged(echo_app(tag, world.namespace, world.host), JUDGED)
    app = merged(own, {"analysis": {"alerts": alerts}})
    kept = {"alertAddresses": addresses} if addresses else {}
    world.project.write(
        {**ELSEWHERE, **kept, "alertProviders": providers, "apps": {world.app: app}}
    )


def _addresses(world: World) -> Any:
    """As the CLI encrypted them."""
    path = next((world.project.directory / "stacks").glob("Pulumi.*.yaml"))
    text = path.read_text()
    assert TOKEN not in text
    return yaml.safe_load(text)["config"]["canary:alertAddresses"]


def _reports(world: World) -> Iterator[Path]:
    return world.project.reports.glob("*")


@contextmanager
def _endpoint(world: World) -> Iterator[tuple[int, Any]]:
    """Somebody who listens inside the bed; the port, and what was said so far."""
    out = world.directory / "endpoint.txt"
    with out.open("w") as file:
        process = world.bed.popen([sys.executable, "-c", ENDPOINT], stdout=file)
    try:
        lines = await_(lambda: out.read_text().splitlines(), "the endpoint's port", 60)
        yield int(lines[0]), lambda: out.read_text().splitlines()[1:]
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
