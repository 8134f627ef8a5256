# SPDX-License-Identifier: Apache-2.0
"""Accuracy beside diversity as a picture: which models nothing beats in both."""

from html import escape
from math import ceil, floor, log10

from segue.jobs.benchmark.rows import Benchmark, Row

__all__ = ["drawn", "pareto"]

_WIDTH, _HEIGHT = 640, 400
_LEFT, _RIGHT, _TOP, _BOTTOM = 70, 30, 46, 54
_STYLE = (
    "text{font:13px system-ui,sans-serif;fill:#333}.title{font-weight:600;font-size:15px}"
    ".tick{fill:#777;font-size:11px}.said{fill:#c2410c;font-size:11px}"
    ".axis,.grid{stroke:#ccc}.grid{stroke-dasharray:2 4}.front{fill:none;stroke:#1a7f5a;stroke-width:2}"
    ".dot{fill:#9aa5b1}.best{fill:#1a7f5a}.published{stroke:#c2410c;stroke-dasharray:6 4}"
    "@media(prefers-color-scheme:dark){text{fill:#ddd}.tick{fill:#999}.axis,.grid{stroke:#555}}"
)


def drawn(made: Benchmark, measure: str) -> str:
    """Return the picture of a table, a measure beside the coverage of its lists."""
    ours = [row.metrics for row in made.rows if row.source == "ours"]
    covered = next((name for metrics in ours for name in metrics if name.endswith("coverage")), "coverage")
    return pareto(made, measure, covered)


def pareto(made: Benchmark, measure: str, diversity: str) -> str:
    """Return an SVG: each of our models by accuracy (up) and diversity (right, on a scale of powers of ten).

    The line joins those that no other beats in both; the dashed one is the best published figure.

    Args:
        made: A table.
        measure: Name of the accuracy, such as "N@10".
        diversity: Name of what is to be large beside it, such as "coverage".
    """
    ours = [row for row in made.rows if row.source == "ours" and measure in row.metrics and row.metrics.get(diversity)]
    published = [row.metrics[measure] for row in made.rows if row.source != "ours" and measure in row.metrics]
    across = [row.metrics[diversity] for row in ours] or [1.0]
    top = 1.12 * max([row.metrics[measure] for row in ours] + published, default=1.0)
    first, last = floor(log10(min(across))), max(ceil(log10(max(across))), floor(log10(min(across))) + 1)

    def at(row: Row) -> tuple[float, float]:
        return x_of(row.metrics[diversity]), y_of(row.metrics[measure])

    def x_of(value: float) -> float:
        return _LEFT + (log10(value) - first) / (last - first) * (_WIDTH - _LEFT - _RIGHT)

    def y_of(value: float) -> float:
        return _HEIGHT - _BOTTOM - value / top * (_HEIGHT - _TOP - _BOTTOM)

    front = _front(ours, measure, diversity)
    parts = [f'<text class="title" x="{_LEFT}" y="24">{escape(made.benchmark)}</text>']
    for power in range(first, last + 1):
        x = x_of(10.0**power)
        parts.append(f'<line class="grid" x1="{x:.1f}" y1="{_TOP}" x2="{x:.1f}" y2="{_HEIGHT - _BOTTOM}"/>')
        parts.append(
            f'<text class="tick" x="{x:.1f}" y="{_HEIGHT - _BOTTOM + 18}" text-anchor="middle">{10.0**power:g}</text>'
        )
    for step in range(5):
        value = top * step / 4
        parts.append(
            f'<text class="tick" x="{_LEFT - 8}" y="{y_of(value) + 4:.1f}" text-anchor="end">{value:.2f}</text>'
        )
        parts.append(
            f'<line class="grid" x1="{_LEFT}" y1="{y_of(value):.1f}" x2="{_WIDTH - _RIGHT}" y2="{y_of(value):.1f}"/>'
        )
    middle = (_LEFT + _WIDTH - _RIGHT) / 2
    parts.append(f'<text x="{middle}" y="{_HEIGHT - 14}" text-anchor="middle">{escape(diversity)} →</text>')
    parts.append(f'<text x="18" y="{_HEIGHT / 2}" transform="rotate(-90 18 {_HEIGHT / 2})">{escape(measure)} →</text>')
    if published:
        y = y_of(max(published))
        parts.append(f'<line class="published" x1="{_LEFT}" y1="{y:.1f}" x2="{_WIDTH - _RIGHT}" y2="{y:.1f}"/>')
        parts.append(f'<text class="said" x="{_LEFT + 6}" y="{y - 5:.1f}">best published</text>')
    corners = " ".join(f"{x:.1f},{y:.1f}" for x, y in map(at, front))
    parts.append(f'<polyline class="front" points="{corners}"/>')
    parts += _labelled([(row.model, *at(row), row in front) for row in ours])
    body = "\n".join(parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" '
        f'aria-label="{escape(measure)} beside {escape(diversity)}"><style>{_STYLE}</style>\n{body}\n</svg>\n'
    )


def _front(rows: list[Row], measure: str, diversity: str) -> list[Row]:
    """Return the rows that no other beats in both, the most diverse last."""
    front: list[Row] = []
    for row in sorted(rows, key=lambda one: (-one.metrics[diversity], -one.metrics[measure])):
        if not front or row.metrics[measure] > front[-1].metrics[measure]:
            front.append(row)
    return front[::-1]


def _labelled(dots: list[tuple[str, float, float, bool]]) -> list[str]:
    """Return dots with their names, each name moved down until it covers no other, and no dot."""
    parts: list[str] = []
    taken = [(x - 6, x + 6, y + 4) for _, x, y, _ in dots]
    for name, x, y, best in sorted(dots, key=lambda dot: dot[2]):
        width = 7.5 * len(name)
        start = x + 9 if x + 9 + width < _WIDTH else x - 9 - width
        line = y + 4
        while any(abs(line - other) < 14 and start < right and left < start + width for left, right, other in taken):
            line += 3
        taken.append((start, start + width, line))
        parts.append(f'<circle class="{"best" if best else "dot"}" cx="{x:.1f}" cy="{y:.1f}" r="5"/>')
        parts.append(f'<text x="{start:.1f}" y="{line:.1f}">{escape(name)}</text>')
    return parts
