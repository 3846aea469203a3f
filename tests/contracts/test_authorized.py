"""A Prometheus that wants a login: what it is sent, and when the login is read."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from canary import access
from canary.adapters.metrics.prometheus import InstantQuery
from canary.config import load
from canary.errors import MetricsError
from canary.inputs import access_of
from tests.contracts.tls import behind_tls
from tests.fakes.cluster import FakeCluster
from tests.fakes.web import Received, Reply, Web, serving

SECRETS = "/api/v1/namespaces/monitoring/secrets"
TOKEN, PASSWORD, TENANT = "t0k3n-marked", "passw0rd-marked", "tenant-marked"
ANSWER = b'{"status": "success", "data": {"resultType": "scalar", "result": [1.0, "1"]}}'


@pytest.fixture
def cluster() -> Iterator[FakeCluster]:
    with FakeCluster() as fake:
        fake.put(SECRETS, {"metadata": {"name": "prometheus"}, "data": data(TOKEN)})
        yield fake


@pytest.fixture
def web() -> Iterator[Web]:
    with serving(lambda _: Reply(body=ANSWER)) as server:
        yield server


def data(token: str) -> dict[str, str]:
    texts = {"token": f"{token}\n", "password": PASSWORD, "tenant": TENANT}
    return {key: b64encode(text.encode()).decode() for key, text in texts.items()}


def ref(key: str) -> dict[str, str]:
    return {"name": "prometheus", "key": key}


def asked(cluster: FakeCluster, web: Web, **settings: Any) -> Received:
    """What the server received for one query."""
    query(cluster, web.url, **settings).result("1", "scalar")
    return web.received[-1]


def query(cluster: FakeCluster, url: str, **settings: Any) -> InstantQuery:
    reached = {"via": "direct", "url": url, **settings}
    config = load({"prometheus": {"install": False, "namespace": "monitoring", "access": reached}})
    assert TOKEN not in str(access_of(config))
    return InstantQuery(access.prometheus(config, cluster.connect()))


def test_a_token_is_read_from_its_secret(cluster: FakeCluster, web: Web) -> None:
    assert asked(cluster, web, bearer=ref("token")).headers["Authorization"] == f"Bearer {TOKEN}"


def test_user_and_password_are_sent_as_one(cluster: FakeCluster, web: Web) -> None:
    basic = {"username": "canary", "password": ref("password")}
    pair = b64encode(f"canary:{PASSWORD}".encode()).decode()
    assert asked(cluster, web, basic=basic).headers["Authorization"] == f"Basic {pair}"


def test_headers_and_a_path_are_sent_with_every_query(cluster: FakeCluster, web: Web) -> None:
    plain, secret = {"X-Scope-OrgID": "shop"}, {"X-Tenant": ref("tenant")}
    received = asked(cluster, web, headers=plain, secretHeaders=secret, path="/prometheus/")
    assert received.path == "/prometheus/api/v1/query"
    assert received.headers["X-Scope-OrgID"] == "shop"
    assert received.headers["X-Tenant"] == TENANT
    assert received.headers["Content-Type"] == "application/x-www-form-urlencoded"


def test_a_path_may_stand_in_the_url(cluster: FakeCluster, web: Web) -> None:
    query(cluster, f"{web.url}/select/0").result("1", "scalar")
    assert web.received[-1].path == "/select/0/api/v1/query"


def test_a_login_is_read_once_while_it_is_accepted(cluster: FakeCluster, web: Web) -> None:
    server = query(cluster, web.url, bearer=ref("token"))
    for _ in range(3):
        server.result("1", "scalar")
    assert cluster.calls.count(f"GET {SECRETS}/prometheus") == 1


def test_a_login_that_was_changed_is_read_again(cluster: FakeCluster, web: Web) -> None:
    server = query(cluster, web.url, bearer=ref("token"))
    server.result("1", "scalar")
    web.answering = only(f"Bearer {TOKEN}-2")
    cluster.edit(f"{SECRETS}/prometheus", {"data": data(f"{TOKEN}-2")})
    server.result("1", "scalar")
    assert [one.headers["Authorization"] for one in web.received] == [
        f"Bearer {TOKEN}",
        f"Bearer {TOKEN}",
        f"Bearer {TOKEN}-2",
    ]


def test_a_login_that_is_refused_ends_a_query_after_one_look(
    cluster: FakeCluster, web: Web
) -> None:
    web.answering = only("nobody")
    with pytest.raises(MetricsError, match="401") as refused:
        query(cluster, web.url, bearer=ref("token")).result("1", "scalar")
    assert len(web.received) == 1, "the same login is not sent twice"
    assert not refused.value.retryable
    assert TOKEN not in str(refused.value)


def only(wanted: str) -> Any:
    def answer(received: Received) -> Reply:
        known = received.headers.get("Authorization") == wanted
        return Reply(body=ANSWER) if known else Reply(status=401, body=b"log in")

    return answer


@pytest.mark.parametrize(
    ("gone", "said"),
    [
        (ref("other"), "holds no text under other"),
        ({"name": "nowhere", "key": "token"}, "nowhere"),
    ],
)
def test_a_secret_that_is_not_there_is_named(
    cluster: FakeCluster, web: Web, gone: dict[str, str], said: str
) -> None:
    with pytest.raises(MetricsError, match=said) as missing:
        asked(cluster, web, bearer=gone)
    assert "the login for Prometheus" in str(missing.value)
    assert not web.received


def test_only_the_given_certificate_is_trusted(
    cluster: FakeCluster, web: Web, tmp_path: Path
) -> None:
    certificate = behind_tls(web, tmp_path)
    url = web.url.replace("http://", "https://")
    with pytest.raises(MetricsError, match="has a certificate that is not trusted"):
        query(cluster, url).result("1", "scalar")
    assert query(cluster, url, caCertificate=certificate).result("1", "scalar") == [1.0, "1"]
