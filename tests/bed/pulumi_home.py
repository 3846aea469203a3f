"""The environment in which the real Pulumi CLI runs on the bed, and which plugins it finds there.

The two stand-ins are put into PULUMI_HOME/plugins, where the engine looks last and says nothing; a
real plugin on PATH goes first by the engine's own rules, and one in the user's PULUMI_HOME is
linked in instead of ours.
"""

import os
import shlex
import shutil
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
STAND_IN = "stand-in"


def pulumi_env(bin_dir: Path, state_dir: Path) -> dict[str, str]:
    """The variables to lay over `os.environ` for `pulumi`; makes the directories they name.

    Args:
        bin_dir: the directory of the built executables.
        state_dir: where PULUMI_HOME and the backend's files may live; kept between calls.
    """
    home, backend = state_dir / "pulumi-home", state_dir / "pulumi"
    backend.mkdir(parents=True, exist_ok=True)
    for name, module in _stand_ins().items():
        _install(home / "plugins" / _directory(name), name, module)
    return {
        "PATH": os.pathsep.join([str(bin_dir), os.environ.get("PATH", os.defpath)]),
        "PULUMI_HOME": str(home),
        "PULUMI_BACKEND_URL": f"file://{backend}",
        "PULUMI_CONFIG_PASSPHRASE": "",
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "PULUMI_AUTOMATION_API_SKIP_VERSION_CHECK": "true",
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        "PULUMI_DIY_BACKEND_NO_LEGACY_WARNING": "true",
        "PULUMI_PYTHON_CMD": sys.executable,
    }


def plugins_in_use() -> dict[str, str]:
    """Which plugin serves each name: "real: PATH" or "stand-in"."""
    found = {name: _real(name) for name in _stand_ins()}
    return {name: f"real: {path}" if path else STAND_IN for name, path in found.items()}


def _stand_ins() -> dict[str, str]:
    return {
        "pulumi-language-python": "tests.bed.language_host",
        "pulumi-resource-kubernetes": "tests.bed.plugin.server",
    }


def _directory(name: str) -> str:
    """The directory in the plugin cache; the SDKs ask for the version that they have themselves."""
    _, kind, package = name.split("-")
    module = "pulumi" if kind == "language" else "pulumi_kubernetes"
    return f"{kind}-{package}-v{version(module)}"


def _real(name: str) -> Path | None:
    if on_path := shutil.which(name):
        return Path(on_path)
    home = Path(os.environ.get("PULUMI_HOME", Path.home() / ".pulumi"))
    _, kind, package = name.split("-")
    found = sorted((home / "plugins").glob(f"{kind}-{package}-v*/{name}"))
    real = [path for path in found if not (path.parent / STAND_IN).exists()]
    return real[-1] if real else None


def _install(directory: Path, name: str, module: str) -> None:
    real = _real(name)
    command = [str(real)] if real else [sys.executable, "-c", _start(module)]
    text = f'#!/bin/sh\nexec {shlex.join(command)} "$@"\n'
    directory.mkdir(parents=True, exist_ok=True)
    marker, launcher = directory / STAND_IN, directory / name
    marker.unlink(missing_ok=True) if real else marker.touch()
    if launcher.exists() and launcher.read_text() == text:
        return
    with tempfile.NamedTemporaryFile("w", dir=directory, delete=False) as draft:
        draft.write(text)
    Path(draft.name).chmod(0o755)
    Path(draft.name).replace(launcher)  # another run may be starting it at this moment


def _start(module: str) -> str:
    """One line of Python. PYTHONPATH stays as it is, for the program would inherit it."""
    return f"import sys; sys.path[0] = {str(ROOT)!r}; from {module} import main; main()"
