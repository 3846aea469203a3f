"""What a create that failed leaves, and what is said about it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from canary import wiring
from canary.errors import ClusterError, Rejected
from canary.inputs import Inputs, parse
from tests.provider.test_rollout import props


def test_a_clean_up_that_cannot_be_begun_never_hides_why_the_create_failed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def failing(_: Inputs) -> None:
        raise Rejected("podinfo:2: 0 of 2 pods ready: ImagePullBackOff")

    @contextmanager
    def expired(_: Inputs) -> Iterator[None]:
        raise ClusterError("token expired")
        yield

    monkeypatch.setattr(wiring, "release", failing)
    monkeypatch.setattr(wiring, "_wired", expired)
    with pytest.raises(Rejected, match="ImagePullBackOff") as caught:
        wiring.first_release(parse(props()))
    assert caught.value.__notes__ == ["could not tidy up: token expired"]
