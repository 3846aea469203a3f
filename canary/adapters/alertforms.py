"""What a notice looks like where it is read: one body for each kind of provider.

The guard sends the same, so this imports the standard library and `canary.core.notice` alone.
Texts come from images, pods and webhooks' answers, so nothing in them may call people or format.
"""

from __future__ import annotations

import html
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from canary.core.notice import Notice, Severity

_COLOURS = {Severity.INFO: 0x2EB67D, Severity.WARN: 0xECB22E, Severity.ERROR: 0xE01E5A}
_TEAMS_COLOURS = {Severity.INFO: "Good", Severity.WARN: "Warning", Severity.ERROR: "Attention"}
_TITLE, _VALUE, _TEXT = 250, 1000, 1900  # Discord's bounds, the tightest, with room to spare

Body = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """The kind of provider, and whose name the message bears; "" leaves that to the provider."""

    type: str
    channel: str = ""
    username: str = ""


def body_of(notice: Notice, look: Look, alert: str) -> Body:
    """The JSON to post; `alert` is the alert's name in the configuration."""
    return _FORMS[look.type](notice, look, alert)


def _attachment(notice: Notice, look: Look, _alert: str) -> Body:
    """Slack's, which Rocket.Chat reads too."""
    title, text = _entities(notice.title[:_TITLE]), _entities(notice.text[:_TEXT])
    attachment = {
        "color": f"#{_COLOURS[notice.severity]:06X}",
        "title": title,
        "text": text,
        "fallback": f"{title}: {text}",
        "mrkdwn_in": [],
        "fields": [
            {"title": name, "value": _entities(value[:_VALUE]), "short": len(value) < 40}
            for name, value in notice.facts
        ],
    }
    sender = {"channel": look.channel, "username": look.username}
    return {**{k: v for k, v in sender.items() if v}, "attachments": [attachment]}


def _entities(text: str) -> str:
    """As Slack wants it: <!channel> and <@person> become text."""
    return html.escape(text, quote=False)


def _embed(notice: Notice, look: Look, _alert: str) -> Body:
    """Discord's; nobody is called, whatever the text says."""
    fields = [
        {"name": name, "value": value[:_VALUE], "inline": len(value) < 40}
        for name, value in notice.facts
    ]
    embed = {
        "title": notice.title[:_TITLE],
        "description": notice.text[:_TEXT],
        "color": _COLOURS[notice.severity],
        "fields": fields,
    }
    sender = {"username": look.username} if look.username else {}
    return {**sender, "embeds": [embed], "allowed_mentions": {"parse": []}}


def _adaptive_card(notice: Notice, _look: Look, _alert: str) -> Body:
    """Of the workflow "post to a channel when a webhook request is received" in Teams."""
    title = {
        "type": "TextBlock",
        "text": notice.title[:_TITLE],
        "weight": "Bolder",
        "size": "Medium",
        "color": _TEAMS_COLOURS[notice.severity],
        "wrap": True,
    }
    facts = [{"title": name, "value": value[:_VALUE]} for name, value in notice.facts]
    card = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": [
            title,
            {"type": "TextBlock", "text": notice.text[:_TEXT], "wrap": True},
            {"type": "FactSet", "facts": facts},
        ],
    }
    kind = "application/vnd.microsoft.card.adaptive"
    attachment = {"contentType": kind, "contentUrl": None, "content": card}
    return {"type": "message", "attachments": [attachment]}


def _google_card(notice: Notice, _look: Look, alert: str) -> Body:
    rows = [
        {"decoratedText": {"topLabel": name, "text": html.escape(value[:_VALUE]), "wrapText": True}}
        for name, value in notice.facts
    ]
    card = {
        "header": {"title": notice.title[:_TITLE], "subtitle": notice.severity.value},
        "sections": [
            {"widgets": [{"textParagraph": {"text": html.escape(notice.text[:_TEXT])}}, *rows]}
        ],
    }
    return {"cardsV2": [{"cardId": alert, "card": card}]}


def _plain(notice: Notice, _look: Look, alert: str) -> Body:
    """Every field of the notice under its JSON name."""
    values = {name: value for name, value in asdict(notice).items() if value is not None}
    return {"alert": alert, "title": notice.title, **{_camel(k): v for k, v in values.items()}}


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.title() for word in rest)


_FORMS: Mapping[str, Callable[[Notice, Look, str], Body]] = {
    "slack": _attachment,
    "rocket": _attachment,
    "discord": _embed,
    "msteams": _adaptive_card,
    "gchat": _google_card,
    "webhook": _plain,
}
