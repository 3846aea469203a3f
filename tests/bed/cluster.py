"""A bed: a whole cluster in namespaces of its own, for tests and for looking around.

bed = Bed().up()
bed.kubectl("get", "pods", "-A")
bed.popen(["pulumi", "up"], cwd=…)
"""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.bed import startup
from tests.bed.errors import BedError
from tests.bed.forward import forwarded
from tests.bed.oci import Image, write_archive
from tests.bed.places import cache_root, state_dir_of
from tests.bed.sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

DEFAULT = "bed"
API_PORT = 6443
PROXIES = {"http_proxy", "https_proxy", "all_proxy"}  # no proxy is reachable from inside


@dataclass(frozen=True, slots=True)
class Bed:
    """One cluster by name; beds of different names share nothing but images and binaries."""

    name: str = DEFAULT

    @property
    def state_dir(self) -> Path:
        """Where logs, kubeconfig and all that the cluster writes lie; gone after `down`."""
        return state_dir_of(self.name)

    @property
    def kubeconfig(self) -> Path:
        """The admin's kubeconfig; its address is reachable inside the bed only."""
        return self.state_dir / "kubernetes" / "admin.kubeconfig"

    @property
    def sandbox(self) -> Sandbox:
        """The bed's namespaces."""
        return Sandbox(self.name, self.state_dir)

    @property
    def env(self) -> dict[str, str]:
        """The environment for commands inside: built programs first on PATH, Pulumi's settings."""
        # Imported late: it reads the version of Pulumi's SDK, which takes longer than a command.
        from tests.bed.build import bin_dir  # noqa: PLC0415
        from tests.bed.pulumi_home import pulumi_env  # noqa: PLC0415

        try:
            pulumi = pulumi_env(bin_dir(), self.state_dir)
        except PackageNotFoundError as error:
            raise BedError(
                f"{sys.executable} has no package {error.name}: run `make setup` and use "
                ".venv/bin/python"
            ) from error
        outside = {name: value for name, value in os.environ.items() if name.lower() not in PROXIES}
        return {**outside, **pulumi, "KUBECONFIG": str(self.kubeconfig)}

    def up(self, say: Callable[[str], None] = lambda _: None) -> Bed:
        """Have the cluster running, whatever state it was left in; says each step done.

        Raises:
            BedError: a requirement is missing or a component does not start.
        """
        with self._only_one():
            startup.start(self.sandbox, say)
        return self

    def down(self) -> None:
        """End the cluster and delete all it wrote but its logs."""
        with self._only_one():
            self.sandbox.stop()
            startup.clear(self.state_dir)

    def command(self, argv: Sequence[str], cwd: Path | str | None = None) -> list[str]:
        """The command line that runs `argv` inside, in the given or the current directory."""
        return self.sandbox.command(list(argv), str(cwd or Path.cwd()))

    def popen(self, argv: Sequence[str], **options: Any) -> subprocess.Popen[Any]:
        """Start a command inside; signals sent to it reach the command, `kill` included."""
        inside = self.command(argv, options.pop("cwd", None))
        extra: Mapping[str, str] = options.pop("env", {})
        return subprocess.Popen(inside, env={**self.env, **extra}, **options)

    def kubectl(self, *arguments: str, stdin: str = "") -> str:
        """What kubectl prints as the cluster's admin.

        Raises:
            BedError: kubectl failed; with what it said.
        """
        inside = self.command(["kubectl", *arguments])
        done = subprocess.run(
            inside, env=self.env, input=stdin, capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            raise BedError(f"kubectl {' '.join(arguments)}: {done.stderr.strip()}")
        return done.stdout

    @contextmanager
    def forwarded(self, port: int = API_PORT, host: str = "127.0.0.1") -> Iterator[int]:
        """A loopback port of this machine that leads to `host:port` inside the bed."""
        init = self.sandbox.init()
        if init is None:
            raise BedError(f"the bed {self.name!r} is down: run `python -m tests.bed up`")
        with forwarded(init.pid, host, port) as outside:
            yield outside

    @contextmanager
    def reachable(self) -> Iterator[Path]:
        """The admin's kubeconfig for programs outside, through a forwarded port."""
        with self.forwarded() as port:
            text = self.kubeconfig.read_text().replace(f":{API_PORT}", f":{port}")
            path = self.kubeconfig.with_name(f"outside-{port}.kubeconfig")
            path.touch(mode=0o600)
            path.write_text(text)
            try:
                yield path
            finally:
                path.unlink(missing_ok=True)

    def load(self, more: Iterable[Image]) -> None:
        """Import further images, such as `images.testapp("7", ERROR_SHARE="0.1")`."""
        archive = self.state_dir / "more.tar"
        write_archive(archive, more)
        startup.import_images(self.sandbox, archive)
        archive.unlink()

    @contextmanager
    def _only_one(self) -> Iterator[None]:
        """Hold the bed's lock, so that two `up`s at once make one bed."""
        lock = cache_root() / "run" / f"{self.name}.lock"
        lock.parent.mkdir(parents=True, exist_ok=True)
        with lock.open("w") as held:
            fcntl.flock(held, fcntl.LOCK_EX)
            yield
