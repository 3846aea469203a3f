"""What each provider is sent: everything a reader needs, and nothing that calls people."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from canary.adapters.outlets.alertforms import Body, Look, body_of
from canary.core.notice import Notice, Severity

TEXT = "roll back: at 10 %: request-success-rate 88.0 % of 100 requests (min 99 %)"
NOTICE = Notice(
    severity=Severity.ERROR,
    app="podinfo",
    namespace="test",
    run="dev-1",
    phase="RollingBack",
    from_image="podinfo:1",
    to_image="podinfo:2",
    weight_percent=0,
    text=TEXT,
)
TYPES = ("slack", "rocket", "discord", "msteams", "gchat", "webhook")


def posted(kind: str, notice: Notice = NOTICE, *, channel: str = "", username: str = "") -> Body:
    look = Look(type=kind, channel=channel, username=username)
    body: Body = json.loads(json.dumps(body_of(notice, look, "on-call")))
    return body


@pytest.mark.parametrize("kind", TYPES)
def test_every_form_says_what_where_and_why(kind: str) -> None:
    text = json.dumps(posted(kind), ensure_ascii=False).replace("\\\\", "")
    for part in ("podinfo in test: RollingBack", "podinfo:1", "podinfo:2", "dev-1", TEXT):
        assert part in text


@pytest.mark.parametrize("kind", ["slack", "rocket"])
def test_an_attachment(kind: str) -> None:
    body = posted(kind, channel="releases", username="canary")
    assert (body["channel"], body["username"]) == ("releases", "canary")
    (attachment,) = body["attachments"]
    assert attachment["color"] == "#E01E5A"
    assert attachment["title"] == "podinfo in test: RollingBack"
    assert set(posted(kind)) == {"attachments"}


def test_slack_gets_fields_and_reads_none_of_it_as_markup() -> None:
    (attachment,) = posted("slack")["attachments"]
    assert attachment["fields"][0] == {"title": "From", "value": "podinfo:1", "short": True}
    assert attachment["text"] == TEXT
    assert attachment["mrkdwn_in"] == []


def test_rocket_chat_gets_one_block_of_code() -> None:
    (attachment,) = posted("rocket")["attachments"]
    assert attachment["mrkdwn_in"] == ["text"]
    assert attachment["text"].split("\n") == [
        "```",
        TEXT,
        "From: podinfo:1",
        "To: podinfo:2",
        "Canary weight: 0 %",
        "Run: dev-1",
        "```",
    ]
    assert "fields" not in attachment


@pytest.mark.parametrize("kind", ["slack", "gchat"])
def test_nobody_is_called_by_what_a_text_says(kind: str) -> None:
    body = json.dumps(posted(kind, replace(NOTICE, text="said <!channel> & <users/all>")))
    assert "<" not in body
    assert "&lt;!channel&gt; &amp; &lt;users/all&gt;" in body


def test_discord_calls_nobody_and_is_within_its_bounds() -> None:
    notice = replace(NOTICE, text="@everyone " * 1000, to_image="i" * 5000)
    body = posted("discord", notice, username="canary")
    assert body["allowed_mentions"] == {"parse": []}
    assert body["username"] == "canary"
    (embed,) = body["embeds"]
    assert embed["color"] == 0xE01E5A
    assert all(len(field["value"]) <= 1024 for field in embed["fields"])
    assert len(json.dumps(embed)) < 6000
    assert "username" not in posted("discord")


def test_teams_gets_an_adaptive_card() -> None:
    body = posted("msteams")
    assert body["type"] == "message"
    (attachment,) = body["attachments"]
    assert attachment["contentType"] == "application/vnd.microsoft.card.adaptive"
    card = attachment["content"]
    assert (card["type"], card["version"]) == ("AdaptiveCard", "1.2")
    (title,), (text,), *facts = (block["inlines"] for block in card["body"])
    assert (title["color"], title["weight"], text["text"]) == ("Attention", "Bolder", TEXT)
    assert [run["text"] for run in facts[1]] == ["To: ", "podinfo:2"]


def test_google_chat_gets_a_card() -> None:
    (one,) = posted("gchat")["cardsV2"]
    assert one["cardId"] == "on-call"
    assert one["card"]["header"]["subtitle"] == "error"
    text, first, *_ = one["card"]["sections"][0]["widgets"]
    assert text == {"textParagraph": {"text": TEXT}}
    assert first["decoratedText"]["topLabel"] == "From"


def test_a_webhook_gets_every_field() -> None:
    assert posted("webhook") == {
        "alert": "on-call",
        "title": "podinfo in test: RollingBack",
        "severity": "error",
        "app": "podinfo",
        "namespace": "test",
        "run": "dev-1",
        "phase": "RollingBack",
        "outcome": "",
        "fromImage": "podinfo:1",
        "toImage": "podinfo:2",
        "weightPercent": 0,
        "text": TEXT,
    }
    assert "weightPercent" not in posted("webhook", replace(NOTICE, weight_percent=None))
