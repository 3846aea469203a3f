"""`python -m canary convert FILE…`: configuration on stdout, remarks on stderr.

Exit code 0: converted; 1: converted, but something is lost or left to a person; 2: unreadable.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

import yaml

from canary.convert.conversion import converted
from canary.convert.documents import read
from canary.errors import ConvertError

_USAGE = "usage: python -m canary convert FILE… (a Canary and what it points to, as YAML)"


class _Plain(yaml.SafeDumper):
    """Writes what the input shared by anchors wherever it belongs."""

    def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002 - PyYAML's signature
        return True


def main(arguments: Sequence[str]) -> int:
    """Convert the files together; the exit code."""
    if not arguments or any(argument.startswith("-") for argument in arguments):
        print(_USAGE, file=sys.stderr)
        return 0 if {"-h", "--help"} & set(arguments) else 2
    try:
        result = converted([document for path in arguments for document in read(path)])
    except ConvertError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    for remark in result.remarks:
        print(remark, file=sys.stderr)
    dumped = yaml.dump(
        {"config": result.config}, Dumper=_Plain, sort_keys=False, allow_unicode=True, width=100
    )
    print(dumped, end="")
    return 0 if result.is_whole else 1
