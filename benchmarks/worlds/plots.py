"""The benchmark's charts as plain SVG."""

import math
from collections.abc import Callable, Sequence
from html import escape
from typing import Any

WIDTH, HEIGHT, LEFT, TOP, RIGHT, BOTTOM = 300, 220, 44, 34, 14, 44
INK, LINE, BAND, GRID = "#222", "#1f5fa8", "#1f5fa833", "#ddd"
Scale = Callable[[float], float]


def power(curves: dict[str, list[dict[str, Any]]]) -> str:
    """Return one panel a factor: recall with its interval."""
    panels = [_panel(factor, points) for factor, points in curves.items()]
    return _sheet(panels, "Campaigns found, one factor varied (band: 90 % interval)")


def _panel(factor: str, points: list[dict[str, Any]]) -> str:
    values = [p["value"] for p in points]
    xs = [LEFT + (WIDTH - LEFT - RIGHT) * (i + 0.5) / len(values) for i in range(len(values))]
    upper = [(x, _y(p["high"])) for x, p in zip(xs, points, strict=True)]
    lower = [(x, _y(p["low"])) for x, p in zip(xs, points, strict=True)]
    marks = "".join(_circle(x, _y(p["recall"])) for x, p in zip(xs, points, strict=True))
    path = _points([(x, _y(p["recall"])) for x, p in zip(xs, points, strict=True)])
    ticks = "".join(_text(x, HEIGHT - BOTTOM + 16, _short(v)) for x, v in zip(xs, values, strict=True))
    return (
        _frame(factor, "recall")
        + f'<polygon points="{_points(upper + lower[::-1])}" fill="{BAND}"/>'
        + f'<polyline points="{path}" fill="none" stroke="{LINE}" stroke-width="2"/>'
        + marks
        + ticks
    )


def reliability(calibration: dict[str, list[dict[str, Any]]]) -> str:
    """Return one panel a set of worlds: share of campaigns against mean score, with counts."""
    panels = []
    for name, bins in calibration.items():
        dots = "".join(
            _circle(_x(b["mean_score"]), _y(b["share"]), 2.5 + math.log10(b["candidates"]) * 2)
            + _text(_x(b["mean_score"]), _y(b["share"]) - 9, str(b["candidates"]))
            for b in bins
        )
        ends = f'x1="{_x(0)}" y1="{_y(0)}" x2="{_x(1)}" y2="{_y(1)}"'
        diagonal = f'<line {ends} stroke="{INK}" stroke-dasharray="3 3"/>'
        ticks = "".join(_text(_x(v), HEIGHT - BOTTOM + 16, f"{v:g}") for v in (0, 0.5, 1))
        panels.append(_frame(f"score ({name} worlds)", "share that are campaigns") + diagonal + dots + ticks)
    return _sheet(panels, "Reliability of the score (numbers: candidates)")


def _frame(below: str, beside: str) -> str:
    lines = "".join(
        f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{_y(v)}" y2="{_y(v)}" stroke="{GRID}"/>'
        + _text(LEFT - 6, _y(v) + 4, f"{v:g}", "end")
        for v in (0, 0.5, 1)
    )
    middle = (LEFT + WIDTH - RIGHT) / 2
    turned = f'<g transform="translate(12 {HEIGHT / 2}) rotate(-90)">{_text(0, 0, beside)}</g>'
    return lines + _text(middle, HEIGHT - 8, below) + turned


def _sheet(panels: Sequence[str], title: str) -> str:
    across = min(3, len(panels)) or 1
    down = -(-len(panels) // across)
    placed = "".join(
        f'<g transform="translate({WIDTH * (i % across)} {TOP + HEIGHT * (i // across)})">{panel}</g>'
        for i, panel in enumerate(panels)
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH * across}" height="{TOP + HEIGHT * down}" '
        f'font-family="sans-serif" font-size="11" fill="{INK}">'
        '<rect width="100%" height="100%" fill="white"/>'
        f'<text x="12" y="20" font-size="13">{escape(title)}</text>{placed}</svg>\n'
    )


def _x(share: float) -> float:
    return LEFT + 10 + (WIDTH - LEFT - RIGHT - 20) * share


def _y(share: float) -> float:
    return 12 + (HEIGHT - BOTTOM - 12) * (1 - share)


def _points(pairs: list[tuple[float, float]]) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in pairs)


def _circle(x: float, y: float, radius: float = 3.0) -> str:
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius:.1f}" fill="{LINE}"/>'


def _text(x: float, y: float, words: str, anchor: str = "middle") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(words)}</text>'


def _short(value: float) -> str:
    return f"{value:.1%}" if 0 < value < 0.01 else f"{value:.0%}" if 0 < value < 1 else f"{value:g}"
