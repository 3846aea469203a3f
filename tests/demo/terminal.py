"""A terminal of a fixed size: runs a command in it, and tells what its screen shows.

Knows the few control codes that Pulumi's display uses: colours, line feeds, cursor up, erase. Text
runs on into the next row at the right edge, as it does in a real one.
"""

from __future__ import annotations

import codecs
import fcntl
import os
import pty
import re
import struct
import termios
from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

_CODE = re.compile(r"\x1b\[([0-9;?]*)([A-Za-z])|\x1b[()=>][A-Z0-9]?|[\r\n\b]|[^\x1b\r\n\b]+")
_UNFINISHED = re.compile(r"\x1b(\[[0-9;?]*)?$")
_CHUNK_BYTES = 65536
ROWS = 200  # so many that nothing scrolls away


@dataclass(frozen=True, slots=True)
class Style:
    """How a character looks; `colour` is a number of the 256-colour table, -1 the default."""

    colour: int = -1
    bold: bool = False


PLAIN = Style()
Row = list[tuple[str, Style]]


@dataclass
class Screen:
    """What a terminal of `columns` shows; it keeps every row that was ever written."""

    columns: int
    rows: list[Row] = field(default_factory=lambda: [[]])
    _y: int = 0
    _x: int = 0
    _style: Style = PLAIN
    _rest: str = ""

    def feed(self, text: str) -> None:
        """Show what a program wrote."""
        text = self._rest + text
        cut = _UNFINISHED.search(text)
        self._rest = cut[0] if cut else ""
        for found in _CODE.finditer(text.removesuffix(self._rest)):
            if found[2]:
                self._control(found[1], found[2])
            elif found[0] == "\n":
                self._down()
            elif found[0] == "\r":
                self._x = 0
            elif found[0] == "\b":
                self._x = max(0, self._x - 1)
            elif found[0][0] != "\x1b":
                self._write(found[0])

    @property
    def text(self) -> str:
        """Everything without its colours."""
        return "\n".join("".join(char for char, _ in row).rstrip() for row in self.rows)

    def _write(self, text: str) -> None:
        for char in text:
            if self._x == self.columns:
                self._down()
                self._x = 0
            row = self.rows[self._y]
            row.extend((" ", PLAIN) for _ in range(self._x + 1 - len(row)))
            row[self._x] = (char, self._style)
            self._x += 1

    def _down(self) -> None:
        self._y += 1
        if self._y == len(self.rows):
            self.rows.append([])

    def _control(self, parameters: str, name: str) -> None:
        first = int(parameters) if parameters.isdigit() else 0
        row = self.rows[self._y]
        if name == "m":
            self._style = styled(self._style, parameters)
        elif name == "A":
            self._y = max(0, self._y - max(1, first))
        elif name == "G":
            self._x = max(0, first - 1)
        elif name == "K":
            del row[0 if first == 2 else self._x :]
        elif name == "J":
            del row[self._x :]
            del self.rows[self._y + 1 :]


def styled(style: Style, parameters: str) -> Style:
    """The style after one of the terminal's SGR codes."""
    numbers = [int(number or 0) for number in parameters.split(";")]
    if numbers[:2] == [38, 5]:
        return Style(numbers[2], style.bold)
    for number in numbers:
        if number == 0:
            style = PLAIN
        elif number == 1:
            style = Style(style.colour, bold=True)
        elif 30 <= number <= 37 or 90 <= number <= 97:
            colour = number - 30 if number < 90 else number - 82
            style = Style(colour, style.bold)
        elif number == 39:
            style = Style(-1, style.bold)
    return style


def run(start: Callable[[dict[str, Any]], Any], screen: Screen) -> int:
    """Run a program in the terminal until it ends; its exit code.

    `start` gets what `subprocess.Popen` needs to know and returns the process.
    """
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, screen.columns, 0, 0))
    process = start({"stdin": theirs, "stdout": theirs, "stderr": theirs})
    os.close(theirs)
    with closing(_written(ours)) as pieces:
        for piece in pieces:
            screen.feed(piece)
    return int(process.wait())


def _written(descriptor: int) -> Generator[str]:
    """What is written until the other end is closed."""
    decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
    try:
        while data := os.read(descriptor, _CHUNK_BYTES):
            yield decoder.decode(data)
    except OSError:  # how Linux tells that nobody has the terminal open any more
        return
    finally:
        os.close(descriptor)
