"""A series as a picture: a line of block characters, or a small image."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from html import escape

from jupyter_training.kernel.wording import number

__all__ = ["COLOURS", "Points", "image", "spark"]

Points = Sequence[tuple[float, float | None]]  # (step, value); None is a gap

# The Okabe-Ito colours that stand out on white and on black alike.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7")

_BLOCKS = "▁▂▃▄▅▆▇█"
_EDGE = 5  # around the line of an image


def spark(points: Points, *, width: int = 16) -> str:
    """The series in at most ``width`` characters; a gap is a space."""
    values = [value for _, value in points]
    known = [value for value in values if value is not None]
    if not known:
        return ""
    low, high = min(known), max(known)
    scale = (len(_BLOCKS) - 1) / (high - low) if high > low else 0.0
    columns = min(width, len(values))
    signs = []
    for column in range(columns):
        piece = values[column * len(values) // columns : (column + 1) * len(values) // columns]
        kept = [value for value in piece if value is not None]
        signs.append(_BLOCKS[round((kept[-1] - low) * scale)] if kept else " ")
    return "".join(signs)


def image(
    name: str,
    points: Points,
    *,
    width: int = 280,
    height: int = 84,
    colour: str = COLOURS[0],
    seams: Sequence[float] = (),
) -> str:
    """The line as an image that carries itself: what cleans a saved notebook's HTML keeps images and drops drawings.

    An image knows no colours of the page around it, so that what has to be read stands beside it. ``seams`` are
    steps at which a later attempt began.
    """
    known = [(step, value) for step, value in points if value is not None]
    if not known:
        return ""
    first, last = points[0][0], points[-1][0]
    low, high = min(value for _, value in known), max(value for _, value in known)
    wide, tall = width - 2 * _EDGE, height - 2 * _EDGE

    def place(step: float, value: float) -> str:
        x = _EDGE + (wide * (step - first) / (last - first) if last > first else wide / 2)
        y = _EDGE + (tall * (high - value) / (high - low) if high > low else tall / 2)
        return f"{_tenths(x)} {_tenths(y)}"

    strokes: list[str] = []
    pen = "M"
    for step, value in points:
        if value is None:
            pen = "M"
            continue
        strokes.append(pen + place(step, value))
        pen = "L"
    end_x, end_y = place(*known[-1]).split(" ")
    shown = [step for step in seams if first < step < last]
    uprights = "".join(f"M{place(step, high).split(' ')[0]} 0V{height - 1}" for step in shown)
    broken = f'<path d="{uprights}" stroke="#888" stroke-opacity=".8" stroke-dasharray="2 3"/>' if shown else ""
    drawing = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" fill="none">'
        f'<path d="M.5 0V{height - 1}H{width}" stroke="#888" stroke-opacity=".5"/>{broken}'
        f'<path d="{"".join(strokes)}" stroke="{colour}" stroke-width="1.6" stroke-linejoin="round"/>'
        f'<circle cx="{end_x}" cy="{end_y}" r="2.4" fill="{colour}"/></svg>'
    )
    said = f"{name}: {len(known)} points from {number(known[0][1])} to {number(known[-1][1])}"
    if shown:
        said += f", resumed at {', '.join(map(number, shown))}"
    return (
        f'<img alt="{escape(said)}" width="{width}" height="{height}" '
        f'src="data:image/svg+xml;base64,{base64.b64encode(drawing.encode()).decode()}"/>'
    )


def _tenths(value: float) -> str:
    """Cut to tenths, the same way in every language; ``12`` for 12.0."""
    tenths = int(value * 10 + 0.5)
    return f"{tenths // 10}.{tenths % 10}" if tenths % 10 else f"{tenths // 10}"
