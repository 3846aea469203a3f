"""What does not fit together in how Prometheus is reached."""

from __future__ import annotations

from typing import Any

import pytest

from canary.config import load
from canary.errors import ConfigError

KEPT = {"name": "prometheus", "key": "token"}
DIRECT = {"via": "direct", "url": "https://prometheus.example.com"}
BASIC = {"username": "canary", "password": KEPT}


def access(**settings: Any) -> dict[str, Any]:
    return {"prometheus": {"install": False, "access": settings}}


@pytest.mark.parametrize(
    "settings",
    [
        {**DIRECT, "bearer": KEPT},
        {**DIRECT, "basic": BASIC, "path": "/prometheus"},
        {"service": "mimir", "port": 80, "headers": {"X-Scope-OrgID": "shop"}},
        {"via": "portForward", "service": "mimir", "port": 80, "bearer": KEPT},
    ],
)
def test_each_way_to_log_in_is_accepted(settings: dict[str, Any]) -> None:
    assert load(access(**settings)).prometheus.access.via == settings.get("via", "proxy")


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({**DIRECT, "bearer": KEPT, "basic": BASIC}, "basic: bearer is set, too"),
        (
            {"service": "mimir", "port": 80, "bearer": KEPT},
            "bearer: needs via: direct or portForward",
        ),
        (
            {"service": "mimir", "port": 80, "basic": BASIC},
            "basic: needs via: direct or portForward",
        ),
        ({**DIRECT, "headers": {"authorization": "x"}}, "headers: Authorization is set by bearer"),
        (
            {**DIRECT, "secretHeaders": {"Authorization": KEPT}},
            "secretHeaders: Authorization is set by bearer or basic",
        ),
        (
            {**DIRECT, "headers": {"X-A": "1"}, "secretHeaders": {"x-a": KEPT}},
            "secretHeaders: names a header that is set twice",
        ),
        ({**DIRECT, "headers": {"X A": "1"}}, "must be the name of a header"),
        ({**DIRECT, "headers": {"X-A": "a\nb"}}, "must be a text of printable ASCII characters"),
        ({**DIRECT, "path": "prometheus?x=1"}, "path: must be a path such as /prometheus"),
        ({**DIRECT, "caCertificate": "nonsense"}, "caCertificate: must be a certificate in PEM"),
        (
            {"service": "mimir", "port": 80, "caCertificate": "nonsense"},
            "caCertificate: belongs to via: direct with a url of https",
        ),
    ],
)
def test_what_does_not_fit_is_said_before_anything_is_touched(
    settings: dict[str, Any], said: str
) -> None:
    with pytest.raises(ConfigError) as refused:
        load(access(**settings))
    assert said in str(refused.value)
    assert "nonsense" not in str(refused.value)
