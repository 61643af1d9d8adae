# SPDX-License-Identifier: GPL-2.0-or-later
"""Plots as SVG, by hand: lines over logarithmic axes, and bars."""

import html
import math

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 640, 360, 70, 130, 40, 45
COLOURS = ["#1b6ca8", "#c0392b", "#7d8a2e", "#777777"]
STYLE = "font-family: sans-serif; font-size: 12px"


def text(x, y, value, anchor="middle", **more):
    extra = "".join(f' {k}="{v}"' for k, v in more.items())
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{extra}>{html.escape(str(value))}</text>'


def document(title, parts):
    body = "\n".join([text(WIDTH / 2, 20, title, **{"font-weight": "bold"}), *parts])
    return (f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}" style="{STYLE}">\n'
            f'<rect width="100%" height="100%" fill="white"/>\n{body}\n</svg>\n')


class Log:
    """A logarithmic axis from the decade below the values to the one above."""

    def __init__(self, values, start, end):
        self.low = math.floor(math.log10(min(values)))
        self.high = max(math.ceil(math.log10(max(values))), self.low + 1)
        self.start, self.end = start, end

    def __call__(self, value):
        return self.start + (math.log10(value) - self.low) / (self.high - self.low) * (self.end - self.start)

    def ticks(self):
        return [10 ** i for i in range(self.low, self.high + 1)]


def axes(x, y, label_x, label_y):
    bottom, right = HEIGHT - BOTTOM, WIDTH - RIGHT
    for tick in x.ticks():
        yield f'<line x1="{x(tick):.1f}" y1="{TOP}" x2="{x(tick):.1f}" y2="{bottom}" stroke="#ddd"/>'
        yield text(x(tick), bottom + 16, f"{tick:,}")
    for tick in y.ticks():
        yield f'<line x1="{LEFT}" y1="{y(tick):.1f}" x2="{right}" y2="{y(tick):.1f}" stroke="#ddd"/>'
        yield text(LEFT - 6, y(tick) + 4, f"{tick:,}", "end")
    yield text((LEFT + right) / 2, HEIGHT - 8, label_x)
    yield text(14, (TOP + bottom) / 2, label_y, transform=f"rotate(-90 14 {(TOP + bottom) / 2})")


def lines(title, label_x, label_y, series):
    """SERIES: {name: [(x, y), ...]}"""
    points = [p for s in series.values() for p in s]
    x = Log([p[0] for p in points], LEFT, WIDTH - RIGHT)
    y = Log([p[1] for p in points], HEIGHT - BOTTOM, TOP)
    parts = list(axes(x, y, label_x, label_y))
    for colour, (name, values) in zip(COLOURS, series.items()):
        path = " ".join(f"{x(a):.1f},{y(b):.1f}" for a, b in values)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts += [f'<circle cx="{x(a):.1f}" cy="{y(b):.1f}" r="3" fill="{colour}"/>' for a, b in values]
        parts.append(text(x(values[-1][0]) + 8, y(values[-1][1]) + 4, name, "start", fill=colour))
    return document(title, parts)


def bars(title, unit, values):
    """VALUES: {name: {candidate: value}}; one scale for all, from 0."""
    rows = [(name, c, v) for name, candidates in values.items() for c, v in candidates.items()]
    names = list(dict.fromkeys(c for _, c, _ in rows))
    top, height = max(v for _, _, v in rows), (HEIGHT - TOP - 15) / (len(rows) + len(values))
    parts, at = [], TOP
    for name, candidates in values.items():
        parts.append(text(6, at + height - 3, name, "start", **{"font-weight": "bold"}))
        at += height
        for c, v in candidates.items():
            width = v / top * (WIDTH - 270)
            parts.append(text(115, at + height - 3, c, "end"))
            parts.append(f'<rect x="120" y="{at + 1:.1f}" width="{width:.1f}" height="{height - 2:.1f}" '
                         f'fill="{COLOURS[names.index(c) % len(COLOURS)]}"/>')
            parts.append(text(126 + width, at + height - 3, f"{v:,} {unit}", "start"))
            at += height
    return document(title, parts)
