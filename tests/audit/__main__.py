"""Runs pip-audit over the lock file, and does not take silence for a good answer."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

LOCKED = Path(__file__).parents[2] / "requirements.txt"
CLEAN, VULNERABLE, UNKNOWN = 0, 1, 2


def judged(answer: str) -> tuple[int, list[str]]:
    """What pip-audit's JSON comes to: an exit code, and what to say."""
    try:
        packages: list[dict[str, Any]] = json.loads(answer)["dependencies"]
    except (ValueError, KeyError, TypeError):
        return UNKNOWN, ["not audited: the advisories cannot be reached from here"]
    known = [
        f"{one['name']} {one.get('version', '')}: {flaw['id']}, mended in "
        f"{', '.join(flaw.get('fix_versions') or []) or 'no release yet'}"
        for one in packages
        for flaw in one.get("vulns") or []
    ]
    skipped = sum("skip_reason" in one for one in packages)
    if skipped or not packages:
        known.append(
            f"not audited: {skipped} of {len(packages)} packages, because this registry has no "
            "advisories for them; ask one that has"
        )
        return VULNERABLE if len(known) > 1 else UNKNOWN, known
    clean = f"no vulnerability of {len(packages)} locked packages is known"
    return (VULNERABLE, known) if known else (CLEAN, [clean])


def main(command: list[str]) -> int:
    """Audit the lock file; see `judged`."""
    options = ["--disable-pip", "--require-hashes", "--format", "json", "-r", str(LOCKED)]
    done = subprocess.run(
        [*command, *options], capture_output=True, text=True, timeout=300, check=False
    )
    code, lines = judged(done.stdout)
    print(*lines, sep="\n")
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
