"""What a run needs of the cluster is killed or stopped, in every state at once.

A part of `make chaos`. One at a time: every run on the bed feels it.
"""

from __future__ import annotations

import pytest

from tests.chaos.trial import RESTORED_WITHIN_S, SLACK_S, carry_out
from tests.chaos.victims import Blow, Victim
from tests.e2e.world import World

pytestmark = [pytest.mark.bed, pytest.mark.timeout(420)]


def test_after_an_outage_of_the_api_server_all_traffic_is_on_the_old_version(world: World) -> None:
    """Traefik may answer from what it knew for as long; it loses next to nothing meanwhile."""
    cells = carry_out(world, Victim.API_SERVER, Blow.STOP)
    for cell in cells:
        assert cell.restored_s is not None
        assert cell.restored_s <= RESTORED_WITHIN_S + SLACK_S, cell
        assert cell.reason, cell
    assert sum(cell.failed for cell in cells) <= sum(cell.requests for cell in cells) / 100, cells


def test_without_prometheus_a_run_holds_its_weight_and_nobody_notices(world: World) -> None:
    cells = carry_out(world, Victim.PROMETHEUS, Blow.KILL)
    assert [cell.restored_s for cell in cells] == [None] * 4
    assert not sum(cell.failed for cell in cells), cells


def test_while_traefik_restarts_a_run_holds_its_weight(world: World) -> None:
    """Both replicas at once: nobody is left to answer, and users lose what that takes."""
    cells = carry_out(world, Victim.TRAEFIK, Blow.KILL)
    assert [cell.restored_s for cell in cells] == [None] * 4
    # A busy machine may take ten seconds to start them; had they stayed away, most would fail.
    assert sum(cell.failed for cell in cells) <= sum(cell.requests for cell in cells) / 5, cells
