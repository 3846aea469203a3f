"""Whatever a text says, it is shown as it is: no link, no formatting, and nobody is called."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from canary.adapters.outlets.alertforms import Look, body_of
from canary.core.notice import Notice, Severity

NOTICE = Notice(
    severity=Severity.WARN,
    app="podinfo",
    namespace="test",
    run="dev-1",
    phase="Progressing",
    from_image="podinfo:1",
    to_image="podinfo:2",
    text="",
)
JOINER = "\u2060"
DISCORD_ESCAPE = re.compile(r"\\([^0-9A-Za-z\s])")  # what its clients take for one
# What is left of Discord's Markdown, line by line, when the escapes are taken out.
DISCORD_ACTIVE = (
    re.compile(r"[\\*_~`|<>@\[\]()]"),  # emphasis, code, spoilers, quotes, links, calls of people
    re.compile(r"(?m)^\s*(#|[-+*]\s|\d+\.\s)"),  # headings and lists
    re.compile(r"\w:|:\w"),  # addresses and emojis
)
TEAMS_ACTIVE = re.compile(r"(?i)</?at|\{\{(DATE|TIME)\(")
NASTY = (
    "[rolled back](https://evil.example)",
    "see https://evil.example/?a=b#c and <https://evil.example>",
    "<at>Everyone</at> <AT id=1>all</at> @everyone @here <@1> <@&2> <#3> <!channel> </run:4>",
    "**bold** __under__ ~~gone~~ ||secret|| `code` ```block``` *a* _b_ :smile: <:x:1> <t:1:R>",
    "# heading\n-# small\n> quote\n>>> all\n- one\n * two\n+ three\n12. four\n1. five",
    "ends with a backslash \\",
    "\\[x](y) \\\\*bold*",
    "{{DATE(2017-02-14T06:00:00Z, SHORT)}}",
    "````\n# out of the block\n```\r\n*bold*\u2028ends with a tick `",
    "a_b_c 99.5 % (min 99 %) ghcr.io/x/y-z:1.2@sha256:0a",
)
MARKUP = st.lists(
    st.sampled_from([*"\\*_~`|[]()<>#:@-+.{}/1a \n\r\u20ac\U0001f600", "https://", "<at>", "\n- "])
).map("".join)
TEXTS = st.one_of(st.sampled_from(NASTY), st.text(), MARKUP, MARKUP.map(lambda text: text * 400))


def units(text: str) -> int:
    """UTF-16 units, as those count who count the most."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def body(kind: str, text: str) -> dict[str, Any]:
    """With the text in every place that one from outside may come to."""
    notice = replace(NOTICE, text=text, to_image=text or "x", outcome=text)
    return body_of(notice, Look(type=kind), "on-call")


def embed_of(text: str) -> tuple[str, str, dict[str, Any]]:
    (embed,) = body("discord", text)["embeds"]
    (image,) = [one["value"] for one in embed["fields"] if one["name"] == "To"]
    return embed["description"], image, embed


def runs_of(text: str) -> tuple[str, str]:
    (attachment,) = body("msteams", text)["attachments"]
    inlines = [block["inlines"] for block in attachment["content"]["body"]]
    (image,) = [value for name, value in inlines[2:] if name["text"] == "To: "]
    return inlines[1][0]["text"], image["text"]


def lines_of(text: str) -> list[str]:
    (attachment,) = body("rocket", text)["attachments"]
    lines: list[str] = attachment["text"].split("\n")
    return lines


def is_told(shown: str, text: str, longest: int) -> bool:
    """All of it, or as much of its beginning as there was room for, escapes not counted."""
    return shown == text or (text.startswith(shown) and units(text) * 2 > longest - 2)


@given(TEXTS)
def test_discord_shows_what_was_written_and_nothing_in_it_is_active(text: str) -> None:
    description, image, embed = embed_of(text)
    title = embed["title"].removeprefix("podinfo in test\\: ")
    for written, longest in ((description, 1900), (image, 1000), (title, 233)):
        assert is_told(DISCORD_ESCAPE.sub(r"\1", written), text or written, longest)
        assert units(written) <= longest
        left = DISCORD_ESCAPE.sub("\u00b7", written)
        assert [one.pattern for one in DISCORD_ACTIVE if one.search(left)] == []
    values = [one["name"] + one["value"] for one in embed["fields"]]
    assert units("".join([embed["title"], embed["description"], *values])) <= 6000


@given(TEXTS)
def test_teams_gets_runs_of_text_that_call_nobody(text: str) -> None:
    for written, longest in zip(runs_of(text), (1900, 1000), strict=True):
        plain = written.replace(JOINER, "")
        assert is_told(plain, (text or written).replace(JOINER, ""), longest)
        assert units(written) <= longest
        assert not TEAMS_ACTIVE.search(written)


@pytest.mark.parametrize("text", NASTY)
def test_nothing_in_a_card_is_read_as_markdown(text: str) -> None:
    (attachment,) = body("msteams", text)["attachments"]
    blocks = attachment["content"]["body"]
    assert {block["type"] for block in blocks} == {"RichTextBlock"}
    assert {run["type"] for block in blocks for run in block["inlines"]} == {"TextRun"}
    assert "msteams" not in attachment["content"]  # where those are named who are called


@given(TEXTS)
def test_rocket_chats_block_of_code_ends_where_it_should(text: str) -> None:
    first, told, _, image, _, last = lines_of(text)
    assert first == last == "```"
    plain = " ".join(text.splitlines()).replace(JOINER, "")
    shown = {told: 1900, image.removeprefix("To: "): 1000}
    for written, longest in shown.items():
        assert is_told(written.replace(JOINER, ""), plain or written, longest)
        assert units(written) <= longest
        assert not re.search(r"`(?!\u2060)", written)
        assert len(written.splitlines()) <= 1


def test_a_cut_splits_no_escape() -> None:
    description, image, _ = embed_of("a" + "*" * 5000)
    assert description == "a" + "\\*" * 949
    assert image == "a" + "\\*" * 499
    assert runs_of("a" + "<at>" * 5000)[1] == "a" + f"<{JOINER}at>" * 199 + f"<{JOINER}at"
    assert embed_of("\U0001f600" * 5000)[1] == "\U0001f600" * 500


def test_what_is_no_markup_stays_as_it_is() -> None:
    plain = "roll back, 12.5 % of 100 requests - at most 1 %! a-b/c.d 1.2.3"
    assert embed_of(plain)[0] == plain.replace(" - ", " \\- ")
    assert runs_of(f"{plain} [x](y) a < b")[0] == f"{plain} [x](y) a < b"
    assert lines_of(plain)[1] == plain
