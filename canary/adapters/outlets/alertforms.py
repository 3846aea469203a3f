"""What a notice looks like where it is read: one body for each kind of provider.

The guard sends the same, so this imports the standard library and `canary.core.notice` alone.
Texts come from images, pods and webhooks' answers, so nothing in them may call people or format.
Absent on purpose: a defence against addresses that Slack and Google Chat make links of by
themselves; such a link shows where it leads, and neither has a way to write it otherwise.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from canary.core.notice import Notice, Severity

_COLOURS = {Severity.INFO: 0x2EB67D, Severity.WARN: 0xECB22E, Severity.ERROR: 0xE01E5A}
_TEAMS_COLOURS = {Severity.INFO: "Good", Severity.WARN: "Warning", Severity.ERROR: "Attention"}
_TITLE, _VALUE, _TEXT = 250, 1000, 1900  # Discord's bounds, the tightest, with room to spare
_JOINER = "\u2060"  # takes no room and lets no line break: what it parts looks as before

# Discord's Markdown. A colon makes addresses links and names emojis; bullets and numbers of lists
# count only beside white space, so images and versions stay legible in logs.
_DISCORD_MARKS = re.compile(r"[\\*_~`|\[\]()<>#:@]|(?<!\S)[-+](?=\s)|(?<=\d)\.(?=\s)")
# What of Teams' cards reaches into plain text: calls of people, and dates in the reader's zone.
_TEAMS_MARKS = re.compile(r"<(?=/?at)|\{(?=\{(?:DATE|TIME)\()", re.IGNORECASE)
_FENCE_MARKS = re.compile("`")  # one alone, too: at the end of a line it spoils the block

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


def _escaped(text: str, marks: re.Pattern[str], escape: Callable[[str], str], longest: int) -> str:
    """`text` with each mark, a character, escaped, and cut where that splits no escape.

    `longest` is in UTF-16 units: no provider counts a character as more.
    """
    marked = {found.start() for found in marks.finditer(text)}
    kept, left = "", longest
    for at, char in enumerate(text):
        piece = escape(char) if at in marked else char
        left -= len(piece) + sum(one > "\uffff" for one in piece)
        if left < 0:
            break
        kept += piece
    return kept


def _backslashed(char: str) -> str:
    return f"\\{char}"


def _parted(char: str) -> str:
    return f"{char}{_JOINER}"


def _attachment(notice: Notice, look: Look, _alert: str) -> Body:
    """Slack's; none of it is read as mrkdwn."""
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
    return {**_sender(look), "attachments": [attachment]}


def _sender(look: Look) -> Body:
    sender = {"channel": look.channel, "username": look.username}
    return {name: value for name, value in sender.items() if value}


def _entities(text: str) -> str:
    """As Slack wants it: <!channel> and <@person> become text."""
    return html.escape(text, quote=False)


def _code_block(notice: Notice, look: Look, _alert: str) -> Body:
    """Rocket.Chat's; a block of code is all that each of its clients leaves as it is.

    Its browsers and telephones disagree about what else is Markdown, and about escapes in it.
    """
    facts = [f"{name}: {_fenced(value, _VALUE)}" for name, value in notice.facts]
    attachment = {
        "color": f"#{_COLOURS[notice.severity]:06X}",
        "title": notice.title[:_TITLE],
        "text": "\n".join(["```", _fenced(notice.text, _TEXT), *facts, "```"]),
        "mrkdwn_in": ["text"],
    }
    return {**_sender(look), "attachments": [attachment]}


def _fenced(text: str, longest: int) -> str:
    """On one line, and without what would end the block."""
    return _escaped(" ".join(text.splitlines()), _FENCE_MARKS, _parted, longest)


def _embed(notice: Notice, look: Look, _alert: str) -> Body:
    """Discord's; nobody is called, whatever the text says."""
    fields = [
        {"name": name, "value": _literal(value, _VALUE), "inline": len(value) < 40}
        for name, value in notice.facts
    ]
    embed = {
        "title": _literal(notice.title, _TITLE),
        "description": _literal(notice.text, _TEXT),
        "color": _COLOURS[notice.severity],
        "fields": fields,
    }
    sender = {"username": look.username} if look.username else {}
    return {**sender, "embeds": [embed], "allowed_mentions": {"parse": []}}


def _literal(text: str, longest: int) -> str:
    """As Discord shows it when its backslashes are gone."""
    return _escaped(text, _DISCORD_MARKS, _backslashed, longest)


def _adaptive_card(notice: Notice, _look: Look, _alert: str) -> Body:
    """Of the workflow "post to a channel when a webhook request is received" in Teams.

    All of it is runs of text, which are never Markdown: in a TextBlock or a FactSet it would be,
    and there neither backslashes nor entities are taken away on telephones.
    """
    colour = _TEAMS_COLOURS[notice.severity]
    title = _run(notice.title, _TITLE, weight="Bolder", size="Medium", color=colour)
    facts = [
        _rich(_run(f"{name}: ", _TITLE, weight="Bolder"), _run(value, _VALUE))
        for name, value in notice.facts
    ]
    card = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.2",  # the first that has runs of text, and the last that telephones promise
        "body": [_rich(title), _rich(_run(notice.text, _TEXT)), *facts],
    }
    kind = "application/vnd.microsoft.card.adaptive"
    attachment = {"contentType": kind, "contentUrl": None, "content": card}
    return {"type": "message", "attachments": [attachment]}


def _rich(*runs: Body) -> Body:
    return {"type": "RichTextBlock", "inlines": list(runs)}


def _run(text: str, longest: int, **style: str) -> Body:
    return {"type": "TextRun", "text": _escaped(text, _TEAMS_MARKS, _parted, longest), **style}


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
    "rocket": _code_block,
    "discord": _embed,
    "msteams": _adaptive_card,
    "gchat": _google_card,
    "webhook": _plain,
}
