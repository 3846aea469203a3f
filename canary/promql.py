"""What promql-parser says of a query, where that package is installed: it is no dependency.

It is no more than a second opinion: Prometheus itself has the last word wherever it can be asked.
"""

from __future__ import annotations

from canary.redaction import one_line

LONGEST = 300  # characters of a message


def complaint(query: str) -> str:
    """Why it is no PromQL, "" if it is or nobody can tell."""
    try:
        from promql_parser import parse  # noqa: PLC0415 - optional, and only previews need it
    except ImportError:
        return ""
    try:
        parse(query)
    except ValueError as error:
        return one_line(f"promql-parser finds no PromQL in it: {error}", LONGEST)
    return ""
