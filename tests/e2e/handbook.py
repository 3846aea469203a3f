"""The commands of docs/migrate.md, carried out by a shell in the project directory."""

from __future__ import annotations

import subprocess
from typing import Any

import yaml

from tests.e2e.project import CHECKOUT
from tests.e2e.settings import Config, merged
from tests.e2e.world import World

PAGE = CHECKOUT / "docs" / "migrate.md"
COMMAND_WITHIN_S = 120.0


def documented(beginning: str) -> str:
    """The one indented line of the page that begins so, with what its backslash joins to it."""
    lines = PAGE.read_text(encoding="utf-8").replace("\\\n", " ").splitlines()
    indented = [line.strip() for line in lines if line.startswith("    ")]
    (found,) = [line for line in indented if line.startswith(beginning)]
    return found


def follow(world: World, beginning: str, code: int = 0) -> str:
    """Carry out the page's command that begins so, in the world's namespace; what it printed."""
    command = documented(beginning).replace("-n test", f"-n {world.namespace}")
    done = world.bed.command(["sh", "-c", command], world.project.directory)
    ran = subprocess.run(
        done,
        env=world.bed.env,
        check=False,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=COMMAND_WITHIN_S,
    )
    assert ran.returncode == code, f"{command}: exit code {ran.returncode}:\n{ran.stdout}"
    return ran.stdout


def converted(world: World) -> tuple[Config, list[str]]:
    """What `convert` makes of what the peer runs here, and its lines that leave work to people."""
    follow(world, "kubectl -n test get canaries.flagger.app")
    follow(world, "kubectl -n test get deploy")
    said = follow(world, ".venv/bin/python -m canary convert", code=1)
    text = (world.project.directory / "new.yaml").read_text(encoding="utf-8")
    left = [line for line in said.splitlines() if line.startswith(("dropped: ", "missing: "))]
    return yaml.safe_load(text)["config"], left


def put(world: World, config: Config, changes: Config) -> None:
    """Make this the stack's configuration, as it was converted, but for changes of the one app.

    The bed adds what the page's step 2 asks for, and nothing else: Traefik, Prometheus and the load
    tester are there already. It installs no guard, which is not what these tests are about.
    """
    own: dict[str, Any] = {key.removeprefix("canary:"): value for key, value in config.items()}
    apps = {"apps": {world.app: changes}}
    world.project.write(merged({**world.shared, **own}, apps))
