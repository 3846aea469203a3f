"""The Pulumi program: settings in, components out, exports."""

from __future__ import annotations

import pulumi

from canary import garbage, liveness, program, quiet
from canary.errors import CanaryError


def main() -> None:
    """Declare the stack of this configuration.

    Raises:
        pulumi.RunError: it cannot be carried out; every problem on a line of its own.
    """
    quiet.hush()
    garbage.leave()
    with liveness.hold(liveness.engine_address()) as held:
        if held.problem:
            pulumi.log.warn(held.problem)
        try:
            outputs = program.declare()
        except CanaryError as error:
            raise pulumi.RunError(str(error)) from None
    for key, value in outputs.items():
        pulumi.export(key, value)


main()
