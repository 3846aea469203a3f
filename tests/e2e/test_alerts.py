"""Alerts reach their endpoint, whose address is nowhere to be read; a dead one costs nothing."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.e2e.settings import BETTER, ELSEWHERE, GOOD
from tests.e2e.waiting import await_
from tests.e2e.world import World

pytestmark = pytest.mark.bed

TOKEN = "T0kenInTheAddress"
ENDPOINT = """
import http.server, sys
class Endpoint(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        print(self.path, body, flush=True)
        self.send_response(200)
        self.end_headers()
    def log_message(self, *_):
        pass
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Endpoint)
print(server.server_port, flush=True)
server.serve_forever()
"""


def test_alerts_are_sent_and_their_addresses_are_secrets(world: World) -> None:
    with _endpoint(world) as (port, told):
        _write(world, GOOD)
        for name, where in (("chat", port), ("gone", 1)):
            key = f"canary:alertAddresses.{name}"
            address = f"http://127.0.0.1:{where}/{TOKEN}"
            world.project.run("config", "set", "--secret", "--path", key, address)
        world.project.up()
        addresses = _addresses(world)
        _write(world, BETTER, addresses)
        with world.probe():
            result = world.project.up()
        await_(lambda: any("promoted" in line for line in told()), "the last alert", 10)
    lines = told()
    assert all(line.startswith(f"/{TOKEN} ") for line in lines)
    texts = [json.loads(line.partition(" ")[2])["text"] for line in lines]
    assert any("20 % to the canary" in text for text in texts)
    assert "alert broken does not reach provider gone: " in result.text
    state = json.dumps(world.project.export())
    events = world.events()
    for text in (result.text, state, events, *(p.read_text() for p in _reports(world))):
        assert TOKEN not in text


def _write(world: World, image: str, addresses: Any = None) -> None:
    alerts = [
        {"name": "team", "severity": "info", "providerRef": {"name": "chat"}},
        {"name": "broken", "severity": "info", "providerRef": {"name": "gone"}},
    ]
    app = world.settings(image, {"analysis": {"alerts": alerts}})
    providers = {name: {"type": "webhook"} for name in ("chat", "gone")}
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
        lines = await_(lambda: out.read_text().splitlines(), "the endpoint's port", 10)
        yield int(lines[0]), lambda: out.read_text().splitlines()[1:]
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
