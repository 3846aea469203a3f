"""Redaction: no secret survives, and what is no secret stays readable."""

from __future__ import annotations

import string

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from canary.redaction import HIDDEN, one_line, redacted

secrets = st.text(string.ascii_letters + string.digits + "-._~+", min_size=12, max_size=40)
# What people really have in URLs: unescaped separators in passwords.
passwords = st.builds("{}{}{}".format, st.just("Pw"), st.sampled_from("/?#@:%!$&"), secrets)
words = st.text(string.ascii_lowercase + " ,;", max_size=30)
schemes = st.sampled_from(["http", "https", "postgres", "amqp+ssl"])
hosts = st.sampled_from(["example.test", "10.0.0.1:8080", "[::1]:80", "podinfo.test.svc"])


@given(words, schemes, passwords, hosts, words)
def test_a_password_in_a_url_never_survives(
    before: str, scheme: str, password: str, host: str, after: str
) -> None:
    rest = password.partition("@")[2]
    assume(not rest or rest not in before + after)
    text = redacted(f"{before} {scheme}://user:{password}@{host}/path {after}")
    assert password not in text
    assert not rest or rest not in text
    assert f"{scheme}://{HIDDEN}@{host}/path" in text


@given(schemes, secrets, hosts)
def test_userinfo_without_a_password_never_survives(scheme: str, token: str, host: str) -> None:
    assert token not in redacted(f"GET {scheme}://{token}@{host}/path failed")


@given(schemes, secrets, hosts, st.sampled_from("?#"))
def test_a_query_or_fragment_never_survives(scheme: str, key: str, host: str, mark: str) -> None:
    text = redacted(f'Get "{scheme}://{host}/path{mark}key={key}": refused')
    assert key not in text
    assert f"{scheme}://{host}/path" in text
    assert text.endswith('": refused')


@given(
    secrets,
    st.sampled_from(
        [
            "Authorization: Bearer {}",
            "authorization: Basic {}",
            '{{"Authorization": "Bearer {}"}}',
            "sent bearer {} to it",
            "password={}",
            "PASSWORD: {}",
            '{{"token": "{}"}}',
            "api_key={}&x=1",
            "client-secret = '{}'",
        ],
    ),
)
def test_a_labelled_credential_never_survives(secret: str, template: str) -> None:
    assert secret not in redacted(template.format(secret))


@pytest.mark.parametrize(
    "token",
    [
        "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJrdWJlcm5ldGVzIn0.c2lnbmF0dXJl",
        "ghp_0123456789abcdefghijABCDEFGHIJ012345",
        "glpat-0123456789abcdefghij",
        "xoxb-123456789012-abcdefghijkl",
        "AKIAIOSFODNN7EXAMPLE",
    ],
)
def test_a_token_is_known_by_its_looks(token: str) -> None:
    assert token not in redacted(f"the answer was {token}, sorry")


@given(st.text())
def test_redacting_twice_changes_nothing_more(text: str) -> None:
    assert redacted(redacted(text)) == redacted(text)


@pytest.mark.parametrize(
    "text",
    [
        "http://traefik:8080/api/http/services/test-podinfo@kubernetescrd answered 500",
        "http://[::1]:8080/a@b",
        "67.7 % of 96 requests succeeded (min 99 %); primary 100 % of 1,912",
        "back-off pulling image podinfo:6.9.2@sha256:abc",
        'secret "podinfo-tls" not found',
        "POST http://flagger-loadtester.test/: 500",
    ],
)
def test_what_is_no_secret_stays(text: str) -> None:
    assert redacted(text) == text


@given(st.text(), st.integers(1, 300))
def test_one_line_is_one_short_line(text: str, limit: int) -> None:
    line = one_line(text, limit)
    assert len(line) <= limit
    assert len(line.splitlines()) <= 1
