"""What one update asks for."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """This version of this app, by this run, for the stack whose id is `owner`.

    `lease` is the Lease that vouches for the run, "namespace/name".
    """

    app: str
    namespace: str
    owner: str
    run: str
    version: str
    image: str
    lease: str = ""
