"""Holding: a run that somebody else still carries out is left alone."""

from __future__ import annotations

from canary.core.holding import LEASE_S, refusal, renewed
from canary.core.pace import LOOK_S
from canary.core.record import Record
from canary.engine.patience import patiently
from canary.errors import HeldError
from canary.ports import Ports

PATIENCE_S = 30.0


def demand_unheld(record: Record, ports: Ports) -> None:
    """Pass if the record's run has ended, or its driver gives no sign of life for a full expiry.

    Raises:
        HeldError: its Lease is being renewed.
        PortError: the Lease cannot be read.
    """
    if not (record.unfinished and record.lease):
        return
    sign = patiently(lambda: ports.holders.sign(record.lease, record.run), ports, PATIENCE_S)
    first, expired_s = sign, ports.clock.now_s() + LEASE_S
    waiting = True
    while waiting:
        ports.journal.progress(f"run {record.run} is unfinished: watching whether it is alive")
        ports.clock.wait(LOOK_S)
        waiting = ports.clock.now_s() < expired_s  # so that the last read is after the expiry
        sign = patiently(lambda: ports.holders.sign(record.lease, record.run), ports, PATIENCE_S)
        if renewed(first, sign):
            raise HeldError(refusal(record, sign))
