"""Webhooks' headers and Secrets: what does not fit together, and what is not there."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

import pytest

from canary.config import load
from canary.errors import ClusterError
from canary.preflight.hooks import hook_findings
from canary.preflight.look import Doors, look
from tests.config.readers import AskedPrometheus, StoredCluster, serving
from tests.config.samples import loaded, problems, stack

SECRET = "/api/v1/namespaces/test/secrets/hook"
KEPT = {"name": "hook", "key": "token"}
FIRST = "canary:apps.podinfo.analysis.webhooks[0]"


def _raw(**settings: Any) -> dict[str, Any]:
    hook = {"name": "gate", "type": "pre-rollout", "url": "http://h.example.com/", **settings}
    return stack({"analysis": {"webhooks": [hook]}})


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"headers": {"authorization": "x"}}, "headers: Authorization belongs into secretHeaders"),
        ({"headers": {"X-A": "1", "x-a": "2"}}, "headers: names a header that is set twice"),
        ({"secretHeaders": {"X-A": KEPT, "x-a": KEPT}}, "secretHeaders: names a header that is"),
        (
            {"headers": {"X-A": "1"}, "secretHeaders": {"x-a": KEPT}},
            "secretHeaders: names a header that is set twice",
        ),
        ({"headers": {"content-type": "text/plain"}}, "headers: content-type is always"),
        ({"secretHeaders": {"Content-Type": KEPT}}, "secretHeaders: content-type is always"),
        ({"headers": {"X-Canary-Signature": "1"}}, "headers: x-canary-signature belongs to the"),
        ({"headers": {"X-Canary-Timestamp": "1"}}, "headers: x-canary-timestamp belongs to the"),
        ({"url": "http://h/?x=1&api_key=S3cr3t"}, "url: api_key belongs into secretQuery"),
        ({"url": "http://h/?Token=S3cr3t"}, "url: Token belongs into secretQuery"),
        *(
            (
                {"url": f"http://h/?{query}", "secretQuery": {"a": KEPT}},
                "secretQuery: a is in the query of url, too",
            )
            for query in ("a=1", "b=2&a")
        ),
        ({"secretQuery": {"a=b": KEPT}}, 'secretQuery["a=…"]: must be the name of a query'),
    ],
)
def test_what_a_hook_is_sent_that_does_not_fit_together(
    settings: dict[str, Any], said: str
) -> None:
    (found,) = problems(_raw(**settings))
    assert found.startswith(f"{FIRST}.{said}")
    assert "S3cr3t" not in found


def test_headers_of_both_kinds_are_accepted() -> None:
    secret = {"Authorization": KEPT, "X-B": KEPT}
    config = load(_raw(headers={"X-A": "1"}, secretHeaders=secret, signature=KEPT))
    assert set(config.apps["podinfo"].analysis.webhooks[0].secret_headers) == set(secret)


def _holding(text: str) -> dict[str, Any]:
    return {SECRET: {"data": {"token": b64encode(text.encode()).decode()}}}


def _looked(objects: dict[str, Any], **settings: Any) -> tuple[str, ...]:
    return hook_findings(load(_raw(**settings)), StoredCluster(objects=objects)).problems


def test_secrets_that_are_there_are_fine() -> None:
    settings = {
        "secretHeaders": {"X-A": KEPT},
        "secretQuery": {"t": KEPT},
        "signature": {**KEPT, "namespace": "test"},
    }
    assert _looked(_holding("Bearer S3cr3t\n"), **settings) == ()
    assert _looked(_holding("kéy"), signature=KEPT) == ()


@pytest.mark.parametrize(
    ("objects", "settings", "said"),
    [
        ({}, {"signature": KEPT}, "signature: there is no Secret hook in namespace test"),
        (
            {},
            {"secretHeaders": {"X-A": {**KEPT, "namespace": "ops"}}},
            "secretHeaders.X-A: there is no Secret hook in namespace ops",
        ),
        (
            {},
            {"secretQuery": {"t": KEPT}},
            "secretQuery.t: there is no Secret hook in namespace test",
        ),
        (
            _holding("S3cr3t"),
            {"secretHeaders": {"X-A": {**KEPT, "key": "other"}}},
            "secretHeaders.X-A: Secret hook in namespace test has no key other",
        ),
        (
            _holding("S3cr3t\nX-Evil: 1"),
            {"secretHeaders": {"X-A": KEPT}},
            (
                "secretHeaders.X-A: key token of Secret hook in namespace test is not a valid "
                "header value"
            ),
        ),
        (
            _holding(" "),
            {"signature": KEPT},
            "signature: key token of Secret hook in namespace test is not a valid key",
        ),
        (
            _holding(" "),
            {"secretQuery": {"t": KEPT}},
            "secretQuery.t: key token of Secret hook in namespace test is not a valid value",
        ),
    ],
)
def test_a_secret_that_is_missing_is_told_before_anything_is_touched(
    objects: dict[str, Any], settings: dict[str, Any], said: str
) -> None:
    (found,) = _looked(objects, **settings)
    assert found == f"{FIRST}.{said}"
    assert "S3cr3t" not in found


def test_secrets_are_looked_at_only_where_there_are_references() -> None:
    forbidden = {SECRET: ClusterError("secrets may not be read", status=403)}
    cluster = StoredCluster(objects=serving(), refusals=forbidden)
    doors = Doors(cluster=cluster, prometheus=AskedPrometheus())

    def found(config: Any) -> tuple[str, ...]:
        return look(config, lambda: doors, owner="a" * 32).problems

    assert found(load(_raw(headers={"X-A": "1"}))) == found(loaded())
    for settings in (
        {"signature": KEPT},
        {"secretQuery": {"t": KEPT}},
        {"secretHeaders": {"X-A": KEPT}},
    ):
        assert "secrets may not be read" in found(load(_raw(**settings)))
