"""The small terminal that the README's pictures are taken in."""

from __future__ import annotations

import subprocess
import sys
from typing import Any
from xml.etree import ElementTree as ET

from tests.demo.svg import picture
from tests.demo.terminal import Screen, Style, run


def shown(*pieces: str, columns: int = 20) -> str:
    screen = Screen(columns)
    for piece in pieces:
        screen.feed(piece)
    return screen.text


def test_what_was_drawn_before_is_drawn_over() -> None:
    assert shown("one\r\ntwo\r\n", "\x1b[2A\rONE\x1b[K\r\n", "2\x1b[K\r\n") == "ONE\n2\n"


def test_a_code_that_comes_in_two_pieces_is_one_code() -> None:
    assert shown("a\x1b", "[38;5", ";2mb\x1b[0m\x1b[?25lc") == "abc"


def test_text_runs_on_at_the_right_edge() -> None:
    assert shown("abcdef", columns=4) == "abcd\nef"


def test_colours_end_where_the_terminal_says() -> None:
    screen = Screen(20)
    screen.feed("\x1b[1m\x1b[38;5;12mhi\x1b[0m.")
    assert screen.rows == [
        [("h", Style(12, bold=True)), ("i", Style(12, bold=True)), (".", Style())]
    ]


def test_a_program_sees_a_terminal_and_its_exit_code_is_told() -> None:
    program = "import os, sys; print(os.get_terminal_size().columns, sys.stdout.isatty()); exit(3)"

    def start(terminal: dict[str, Any]) -> subprocess.Popen[bytes]:
        return subprocess.Popen([sys.executable, "-c", program], **terminal)

    screen = Screen(77)
    assert run(start, screen) == 3
    assert "77 True" in screen.text


def test_the_picture_is_well_formed_and_says_what_the_screen_says() -> None:
    screen = Screen(40)
    screen.feed("\x1b[38;5;2mcreated\x1b[0m <a & b>")
    root = ET.fromstring(picture(screen.rows, 40, "x < y"))  # noqa: S314 - our own
    texts = [element.text for element in root.iter() if element.tag.endswith("text")]
    assert texts == ["created", "<a & b>"]
