"""Draws what `benchmarks.growth --write` has kept: CPU of each page, as a ratio to the first size.

    python -m benchmarks.curves FILE.json PICTURE.svg

Of pages that differ in what is searched or filtered for, the line is that of the dearest. Both axes are logarithmic;
the dashed line is the bar.
"""

import json
import math
import sys
from html import escape
from pathlib import Path

PANELS = {
    "Learners": ("home", "lesson", "own record", "sign-in", "tray"),
    "Boards": ("board", "CSV"),
    "Leads": ("Today", "teams", "report", "outlook"),
    "Human resources and programs": ("HR", "API"),
    "The admin": ("admin",),
}
WIDTH, HEIGHT, LEFT, RIGHT, TOP, LEGEND = 600, 220, 52, 44, 44, 20
LARGEST = 128  # times, at the upper edge of a panel
SMALLEST = 0.5
COLOURS = ("#1f6feb", "#bc4c00", "#1a7f37", "#8250df", "#bf3989", "#6e7781")  # seen on white and on black
STYLE = """
text { font: 13px system-ui, sans-serif; fill: #1f2328; }
.title { font-weight: 600; } .axis, .bar { stroke: #6e7781; fill: none; } .bar { stroke-dasharray: 6 4; }
.line { fill: none; stroke-width: 2; }
@media (prefers-color-scheme: dark) { text { fill: #e6edf3; } .axis, .bar { stroke: #8b949e; } }
"""


def ratios(pages, sizes):
    """Name → the ratio at each size, of the dearest of those that differ after a colon."""
    found = {}
    for name, page in pages.items():
        costs = [page["sizes"][size]["cpu"] for size in sizes]
        found.setdefault(name.partition(": ")[0], []).append([cost / costs[0] for cost in costs])
    return {name: [max(several) for several in zip(*lines, strict=True)] for name, lines in found.items()}


def across(place, places):
    return LEFT + place * (WIDTH - LEFT - RIGHT) / (places - 1)


def up(ratio):
    share = math.log(min(max(ratio, SMALLEST), LARGEST) / SMALLEST) / math.log(LARGEST / SMALLEST)
    return TOP + (1 - share) * (HEIGHT - TOP - 24)


def panel(title, lines, sizes, top):
    yield f'<g transform="translate(0 {top})"><text class="title" x="{LEFT}" y="24">{escape(title)}</text>'
    for ratio in (1, 2, 8, 32, 128):
        kind = "bar" if ratio == 2 else "axis"
        if ratio in (1, 2):
            yield f'<path class="{kind}" d="M{LEFT} {up(ratio):.1f}H{WIDTH - RIGHT}"/>'
        yield f'<text x="{LEFT - 8}" y="{up(ratio) + 4:.1f}" text-anchor="end">{ratio} ×</text>'
    for place, size in enumerate(sizes):
        yield f'<text x="{across(place, len(sizes)):.1f}" y="{HEIGHT - 4}" text-anchor="middle">{int(size):,}</text>'
    for number, (name, line) in enumerate(lines.items()):
        colour = COLOURS[number % len(COLOURS)]
        points = " ".join(f"{across(place, len(sizes)):.1f},{up(ratio):.1f}" for place, ratio in enumerate(line))
        below = HEIGHT + LEGEND * (number + 1)
        yield f'<polyline class="line" stroke="{colour}" points="{points}"/>'
        yield f'<path class="line" stroke="{colour}" d="M{LEFT} {below - 4}h24"/>'
        yield f'<text x="{LEFT + 32}" y="{below}">{escape(name)}: {line[-1]:.1f} ×</text>'
    yield "</g>"


def picture(kept):
    sizes = sorted(next(iter(kept["pages"].values()))["sizes"], key=int)
    lines = ratios(kept["pages"], sizes)
    drawn, top = [], 0
    for title, names in PANELS.items():
        own = {name: line for name, line in lines.items() if name.startswith(names)}
        drawn += panel(title, own, sizes, top)
        top += HEIGHT + LEGEND * (len(own) + 2)
    words = f"CPU of pages as a firm grows to {int(sizes[-1]):,} enrollments, {kept['day']}, {kept['commit']}"
    opening = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {top}" width="{WIDTH}" role="img"'
    return "\n".join([f'{opening} aria-label="{escape(words)}">', f"<style>{STYLE}</style>", *drawn, "</svg>", ""])


if __name__ == "__main__":
    source, target = map(Path, sys.argv[1:])
    target.write_text(picture(json.loads(source.read_text(encoding="utf-8"))), encoding="utf-8")
