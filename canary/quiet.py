"""Keeps to itself what Pulumi's SDK says about its own work.

For every resource the SDK sends the engine some five debug lines, one after the other, and waits
for each; the CLI shows none of them unless it is asked to. They take a fifth of the processor time
that an app adds to a preview.
"""

from __future__ import annotations

import os

import pulumi

DEBUG = "CANARY_DEBUG"  # set it to see them, with `pulumi preview --debug`


def hush() -> None:
    """From now on the SDK's debug lines go nowhere, unless the environment asks for them."""
    if not os.environ.get(DEBUG):
        pulumi.log.debug = _unheard


def _unheard(
    msg: str,
    resource: pulumi.Resource | None = None,
    stream_id: int | None = None,
    ephemeral: bool | None = None,  # noqa: FBT001  the SDK's own signature
) -> None:
    """Take the place of `pulumi.log.debug`."""
    del msg, resource, stream_id, ephemeral
