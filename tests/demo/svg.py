"""A terminal's screen as an SVG picture: text that can be selected, in any monospaced font."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from xml.sax.saxutils import escape

from tests.demo.terminal import Row, Style

# The first sixteen of the 256 colours, on a dark ground.
COLOURS = (
    *("#484f58", "#ff7b72", "#3fb950", "#d29922", "#58a6ff", "#bc8cff", "#39c5cf", "#b1bac4"),
    *("#8b949e", "#ffa198", "#56d364", "#e3b341", "#79c0ff", "#d2a8ff", "#56d4dd", "#ffffff"),
)
FONTS = "ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace"
GROUND, TEXT = "#0d1117", "#e6edf3"
WIDTH, HEIGHT, MARGIN, FONT = 7.8, 17, 14, 13


def picture(rows: list[Row], columns: int, title: str) -> str:
    """The rows as an SVG document; `title` is for those who cannot see it."""
    width, height = columns * WIDTH + 2 * MARGIN, len(rows) * HEIGHT + 2 * MARGIN
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" role="img"',
        f' font-family="{FONTS}" font-size="{FONT}" fill="{TEXT}" xml:space="preserve">',
        f"<title>{escape(title)}</title>",
        f'<rect width="100%" height="100%" rx="8" fill="{GROUND}"/>',
        *(line for number, row in enumerate(rows) for line in _texts(row, number)),
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


def _texts(row: Row, number: int) -> Iterator[str]:
    """One element for each run of characters of one style; its length is pinned to the columns."""
    column, y = 0, MARGIN + number * HEIGHT + FONT
    for style, run in groupby(row, key=lambda cell: cell[1]):
        text = "".join(char for char, _ in run)
        start, shown = column + len(text) - len(text.lstrip()), text.strip()
        column += len(text)
        if shown:
            x, length = MARGIN + start * WIDTH, len(shown) * WIDTH
            yield (
                f'<text x="{x:g}" y="{y}" textLength="{length:g}"{_look(style)}>'
                f"{escape(shown)}</text>"
            )


def _look(style: Style) -> str:
    colour = f' fill="{COLOURS[style.colour]}"' if 0 <= style.colour < len(COLOURS) else ""
    return colour + (' font-weight="bold"' if style.bold else "")
