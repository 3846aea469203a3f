"""What a webhook is sent besides its payload: headers, some of them secret, and a signature."""

from __future__ import annotations

import hashlib
import hmac
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from canary.adapters.cluster.reach import Reach
from canary.adapters.outlets.hooks import SIGNATURE, TIMESTAMP, Sender
from canary.hooking import hooks_of, muted
from canary.inputs import Inputs, access_of, parse, release_of
from tests.config.samples import loaded
from tests.contracts.hooking import Pauses, occasion
from tests.contracts.tls import behind_tls
from tests.fakes.cluster import FakeCluster
from tests.fakes.web import Reply, Web, serving

TOKEN, KEY = "t0k3n-marked", "k3y-marked"
SECRETS = "/api/v1/namespaces/test/secrets"


@pytest.fixture
def cluster() -> Iterator[FakeCluster]:
    with FakeCluster() as fake:
        texts = {"token": f"Bearer {TOKEN}", "key": KEY}
        data = {key: b64encode(text.encode()).decode() for key, text in texts.items()}
        fake.put(SECRETS, {"metadata": {"name": "hook"}, "data": data})
        yield fake


@pytest.fixture
def web() -> Iterator[Web]:
    with serving(lambda _: Reply(status=204)) as server:
        yield server


def ref(key: str) -> dict[str, str]:
    return {"name": "hook", "key": key}


def inputs(url: str, **settings: Any) -> Inputs:
    """As the provider gets them, out of the state."""
    hook = {"name": "acceptance", "type": "pre-rollout", "url": url, **settings}
    config = loaded({"analysis": {"webhooks": [hook]}})
    kept = {"release": release_of(config.apps["podinfo"]), "access": access_of(config)}
    assert TOKEN not in str(kept)
    assert KEY not in str(kept)
    named = {"app": "podinfo", "namespace": "test", "stack": "s", "owner": "o", "version": "v"}
    return parse({**named, "image": "podinfo:1", **kept})


def failure(cluster: FakeCluster, url: str, **settings: Any) -> str:
    """Why the call failed, "" when it passed."""
    reach = Reach()
    sender = Sender(
        app="podinfo",
        namespace="test",
        reach=reach,
        unverified=reach.unverified,
        wall_s=lambda: 1_700_000_000.9,
        pause=Pauses(),
    )
    (hook,) = hooks_of(inputs(url, **settings), cluster.connect())
    return sender.send(hook, occasion())


def test_headers_are_sent_and_secret_ones_are_read_from_the_cluster(
    cluster: FakeCluster, web: Web
) -> None:
    plain, secret = {"X-Team": "shop"}, {"Authorization": ref("token")}
    assert failure(cluster, web.url, headers=plain, secretHeaders=secret) == ""
    (received,) = web.received
    assert received.headers["X-Team"] == "shop"
    assert received.headers["Authorization"] == f"Bearer {TOKEN}"
    assert received.headers["Content-Type"] == "application/json"
    assert SIGNATURE not in received.headers


def test_the_receiver_can_check_who_called_and_when(cluster: FakeCluster, web: Web) -> None:
    assert failure(cluster, web.url, signature=ref("key")) == ""
    (received,) = web.received
    assert received.headers[TIMESTAMP] == "1700000000"
    signed = b"1700000000." + received.body
    expected = hmac.new(KEY.encode(), signed, hashlib.sha256).hexdigest()
    assert received.headers[SIGNATURE] == f"sha256={expected}"


@pytest.mark.parametrize("path", ["", "hook", "hook?a=1"])
def test_a_query_may_be_secret_too(cluster: FakeCluster, web: Web, path: str) -> None:
    assert failure(cluster, f"{web.url}/{path}", secretQuery={"token": ref("token")}) == ""
    (received,) = web.received
    mark = "&" if "?" in path else "?"
    assert received.path == f"/{path}{mark}token=Bearer+{TOKEN}"


def test_a_secret_may_be_of_another_namespace(cluster: FakeCluster, web: Web) -> None:
    data = {"token": b64encode(b"theirs").decode()}
    cluster.put("/api/v1/namespaces/ops/secrets", {"metadata": {"name": "hook"}, "data": data})
    theirs = {**ref("token"), "namespace": "ops"}
    settings = {"secretQuery": {"t": theirs}, "secretHeaders": {"X-T": theirs}}
    assert failure(cluster, web.url, **settings) == ""
    (received,) = web.received
    assert received.path == "/?t=theirs"
    assert received.headers["X-T"] == "theirs"


@pytest.mark.parametrize("repeated", [f"Bearer {TOKEN}", f"Bearer+{TOKEN}", f"({TOKEN})"])
def test_a_server_that_repeats_a_secret_query_tells_nothing(
    cluster: FakeCluster, web: Web, repeated: str
) -> None:
    web.answering = lambda _: Reply(status=403, body=f"no {repeated} here".encode())
    why = failure(cluster, web.url, secretQuery={"key": ref("token")})
    assert "answered 403: no " in why
    assert TOKEN not in why


@pytest.mark.parametrize(
    "settings",
    [
        {"signature": ref("other")},
        {"secretHeaders": {"Authorization": ref("other")}},
        {"secretQuery": {"token": ref("other")}},
    ],
)
def test_without_its_secret_a_webhook_is_not_called(
    cluster: FakeCluster, web: Web, settings: dict[str, Any]
) -> None:
    why = failure(cluster, web.url, **settings)
    assert why.startswith("pre-rollout webhook acceptance: ")
    assert "secrets/hook holds no text under other" in why
    assert not web.received


def test_a_server_that_repeats_what_it_was_sent_tells_no_secret(
    cluster: FakeCluster, web: Web
) -> None:
    web.answering = lambda received: Reply(status=403, body=str(received.headers).encode())
    why = failure(cluster, web.url, secretHeaders={"Authorization": ref("token")})
    assert "answered 403" in why
    assert "Authorization" in why
    assert TOKEN not in why


@pytest.mark.parametrize(
    ("sent", "repeated"),
    [
        ("Basic dXNlcjpwNHNzLW1hcmtlZA==", "wrong login user:p4ss-marked"),
        ("Basic dXNlcjpwNHNzLW1hcmtlZA==", "wrong password p4ss-marked"),
        ("Basic p4ss-marked", "wrong login p4ss-marked"),
        ('p4ss"-marked', '{"x-key": "p4ss\\"-marked"}'),
    ],
)
def test_in_no_form_that_a_server_may_repeat_it_in(
    cluster: FakeCluster, web: Web, sent: str, repeated: str
) -> None:
    data = {"token": b64encode(sent.encode()).decode()}
    cluster.put(SECRETS, {"metadata": {"name": "login"}, "data": data})
    web.answering = lambda _: Reply(status=403, body=repeated.encode())
    login = {"name": "login", "key": "token"}
    why = failure(cluster, web.url, secretHeaders={"X-Key": login})
    (received,) = web.received
    assert received.headers["X-Key"] == sent
    assert "answered 403: " in why
    assert "marked" not in why


@pytest.mark.parametrize("text", ["t0k\u00e9n-marked", "t0k3n\nX-Evil: marked", ""])
def test_what_no_header_can_hold_is_not_sent(cluster: FakeCluster, web: Web, text: str) -> None:
    data = {"token": b64encode(text.encode()).decode()}
    cluster.put(SECRETS, {"metadata": {"name": "login"}, "data": data})
    why = failure(cluster, web.url, secretHeaders={"X-Key": {"name": "login", "key": "token"}})
    assert "key token of Secret login is not a valid header value" in why
    assert "marked" not in why
    assert not web.received


def test_any_certificate_is_trusted_where_that_is_wanted_and_nowhere_else(
    cluster: FakeCluster, web: Web, tmp_path: Path
) -> None:
    behind_tls(web, tmp_path)
    url = web.url.replace("http://", "https://")
    assert "has a certificate that is not trusted" in failure(cluster, url)
    assert failure(cluster, url, disableTLS=True) == ""


def test_who_is_muted_is_called_as_in_texts() -> None:
    assert muted(inputs("http://h/", muteAlert=True)) == ("pre-rollout webhook acceptance",)
    assert muted(inputs("http://h/")) == ()
