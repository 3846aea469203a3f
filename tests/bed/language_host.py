"""`pulumi-language-python`, for machines that lack the real one: starts the program for the engine.

The program runs under the SDK's own executor script, so what it sees is what it sees in production.
Absent on purpose: package managers, debuggers, code generation, plugins written as programs.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from concurrent import futures
from importlib.metadata import version
from pathlib import Path
from typing import Any

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import language_pb2, language_pb2_grpc, plugin_pb2

from tests.bed.engine_process import serve

EXECUTOR = "pulumi-language-python-exec"
ERROR_WAS_SHOWN = 32  # the executor's exit code for "the user has seen the message"
GRACE_S = 5.0  # from SIGINT to SIGKILL, as the real host has it


class LanguageHost(language_pb2_grpc.LanguageRuntimeServicer):
    """Answers the engine's questions about Python, and runs the program."""

    def __init__(self, engine_address: str) -> None:
        self._engine_address = engine_address
        self._programs: set[subprocess.Popen[bytes]] = set()

    def Handshake(self, _request: Any, _context: Any) -> Any:  # noqa: N802
        return language_pb2.LanguageHandshakeResponse()

    def GetRequiredPackages(self, _request: Any, _context: Any) -> Any:  # noqa: N802
        """Nothing: the engine loads a provider when its first resource is registered."""
        return language_pb2.GetRequiredPackagesResponse()

    def GetRequiredPlugins(self, _request: Any, _context: Any) -> Any:  # noqa: N802
        return language_pb2.GetRequiredPluginsResponse()

    def GetPluginInfo(self, _request: Any, _context: Any) -> Any:  # noqa: N802
        return plugin_pb2.PluginInfo(version=version("pulumi"))

    def About(self, request: Any, _context: Any) -> Any:  # noqa: N802
        python = _python(request.info)
        said = subprocess.run([python, "-V"], capture_output=True, text=True, check=True).stdout
        return language_pb2.AboutResponse(executable=python, version=said.split()[-1])

    def GetProgramDependencies(self, request: Any, _context: Any) -> Any:  # noqa: N802
        listing = [_python(request.info), "-m", "pip", "list", "--format", "json"]
        found = subprocess.run(listing, capture_output=True, check=True).stdout
        names = [{"name": d["name"], "version": d["version"]} for d in json.loads(found)]
        dependencies = [language_pb2.DependencyInfo(**name) for name in names]
        return language_pb2.GetProgramDependenciesResponse(dependencies=dependencies)

    def RuntimeOptionsPrompts(self, _request: Any, _context: Any) -> Any:  # noqa: N802
        return language_pb2.RuntimeOptionsResponse()

    def Run(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Run the program to its end; its output goes where ours goes, to the engine.

        The call's own end is the program's too, for that is all that tells of a killed engine.
        """
        command, environment = self._command(request), _environment(request)
        with subprocess.Popen(command, cwd=request.pwd, env=environment) as program:
            self._programs.add(program)
            context.add_callback(lambda: self._interrupt(program))
            code = program.wait()
            self._programs.discard(program)
        if code == ERROR_WAS_SHOWN:
            return language_pb2.RunResponse(bail=True)
        error = f"Program exited with non-zero exit code: {code}" if code else ""
        return language_pb2.RunResponse(error=error)

    def Cancel(self, _request: Any, _context: Any) -> Any:  # noqa: N802
        for program in list(self._programs):
            self._interrupt(program)
        return empty_pb2.Empty()

    def kill_later(self) -> None:
        """Kill what is still alive after the grace period."""
        for program in list(self._programs):
            _kill_later(program)

    def _interrupt(self, program: subprocess.Popen[bytes]) -> None:
        """One SIGINT, however many reasons there are; none for a program that has ended."""
        if program in self._programs:
            self._programs.discard(program)
            program.send_signal(signal.SIGINT)
            _kill_later(program)

    def _command(self, request: Any) -> list[str]:
        executor = shutil.which(EXECUTOR)
        if executor is None:
            raise FileNotFoundError(f"{EXECUTOR} is not on PATH: run `python -m tests.bed build`")
        flags = {
            "monitor": request.monitor_address,
            "engine": self._engine_address,
            "project": request.project,
            "stack": request.stack,
            "organization": request.organization,
            "pwd": request.pwd,
            "root_directory": request.info.root_directory,
            "dry_run": str(request.dryRun).lower(),
            "parallel": str(request.parallel),
        }
        given = [part for name, value in flags.items() if value for part in (f"--{name}", value)]
        entry = request.info.entry_point or "."
        return [_python(request.info), "-u", executor, *given, entry, *request.args]


def _kill_later(program: subprocess.Popen[bytes]) -> None:
    timer = threading.Timer(GRACE_S, program.kill)  # harmless once it has ended
    timer.daemon = True
    timer.start()


def _virtualenv(info: Any) -> Path | None:
    option = dict(info.options).get("virtualenv")
    return Path(info.root_directory, option) if option else None


def _python(info: Any) -> str:
    virtualenv = _virtualenv(info)
    return str(virtualenv / "bin" / "python") if virtualenv else sys.executable


def _environment(request: Any) -> dict[str, str]:
    environment = dict(os.environ)
    environment["PULUMI_CONFIG"] = json.dumps(dict(request.config))
    environment["PULUMI_CONFIG_SECRET_KEYS"] = json.dumps(list(request.configSecretKeys))
    if virtualenv := _virtualenv(request.info):
        environment["VIRTUAL_ENV"] = str(virtualenv)
        environment["PATH"] = f"{virtualenv / 'bin'}:{environment['PATH']}"
    return environment


def main() -> None:
    """Serve until the engine goes away.

    A SIGINT comes to the whole process group, so the program has its own and is not sent another.
    """
    host = LanguageHost(engine_address=sys.argv[-1])
    server = grpc.server(futures.ThreadPoolExecutor(8))
    language_pb2_grpc.add_LanguageRuntimeServicer_to_server(host, server)
    serve(server, on_interrupt=host.kill_later)
