# SPDX-License-Identifier: Apache-2.0
"""A playlist as a picture: energy, tempo and key from its first track to its last, and which source chose each."""

from collections import Counter
from collections.abc import Mapping, Sequence
from html import escape
from math import log2

from segue.playlists.playlist import Playlist, PlaylistTrack

__all__ = ["drawn"]

_LEFT, _RIGHT, _TOP, _GAP = 84, 28, 84, 40
_WIDE, _NARROWEST, _WIDEST = 880, 7.0, 46.0
_HIGH, _CHIP = 110, 26
_LEGIBLE = 22.0
"""A column so wide holds a key's name."""
_NAMED, _NAMES, _LONGEST_NAME = 40, 190, 30
"""Playlists of so many tracks have their names below, in so much room, of so many letters."""
_TEMPI = (30, 45, 60, 75, 90, 105, 120, 140, 160, 180, 210, 240)
_COLOURS = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#b8a900")
"""Okabe and Ito's, which those who see colours otherwise can tell apart."""
_OTHERS = "#7a7a7a"
_STYLE = (
    "text{font:12px system-ui,'DejaVu Sans',sans-serif;fill:#333}.title{font-weight:600;font-size:17px}"
    ".tick,.said{fill:#777;font-size:11px}.head{font-weight:600}.chip{fill:#fff;font-size:10px;font-weight:600}"
    ".grid{stroke:#ddd}.line{fill:none;stroke-width:2}.energy{stroke:#1a7f5a}.tempo{stroke:#3b6ea8}"
    ".area{fill:#1a7f5a;opacity:.12}.dot{stroke-width:2}.dot.energy{fill:#1a7f5a}.dot.tempo{fill:#3b6ea8}"
    ".dot.guess{fill:#fff}.none{fill:#e4e4e4}.over{fill:transparent}"
    "@media(prefers-color-scheme:dark){text{fill:#ddd}.tick,.said{fill:#999}.grid,.none{stroke:#444}.none{fill:#444}"
    ".dot.guess{fill:#111}.chip{fill:#fff}}"
)


def drawn(playlist: Playlist) -> str:
    """Return an SVG: a panel of energy, one of tempo, and a row each of keys and sources, track by track.

    Hollow dots are guesses. Keys have the hue of their hour on the Camelot wheel, so that what goes together looks
    alike. Whoever points at a track reads all of it.
    """
    tracks = playlist.tracks
    column = min(max(_WIDE / max(len(tracks), 1), _NARROWEST), _WIDEST)
    right = _LEFT + max(column * len(tracks), 480)
    x = [_LEFT + column * (place + 0.5) for place in range(len(tracks))]
    tempo, key = _TOP + _HIGH + _GAP, _TOP + 2 * (_HIGH + _GAP)
    source = key + _CHIP + _GAP
    colours = _colours(tracks)
    legend, bottom = _legend(colours, source + _CHIP + 22, right)
    parts = [
        f'<text class="title" x="{_LEFT}" y="28">{_text(playlist.title)}</text>',
        f'<text class="said" x="{_LEFT}" y="47">{_text(_summary(playlist))}</text>',
        _heading("energy", _TOP, "0 calm, 1 energetic; hollow: a guess"),
        *_energy(tracks, x, right),
        _heading("tempo", tempo, "beats a minute; half and double go together"),
        *_tempo(tracks, x, tempo, right),
        _heading("key", key, "on the Camelot wheel; like colours go together"),
        *[_chip(at, key, column, *_of_key(track)) for at, track in zip(x, tracks, strict=True)],
        _heading("source", source, "which spoke loudest for each track"),
        *[
            _chip(at, source, column, f'fill="{colours.get(track.shown.source, _OTHERS)}"', "")
            for at, track in zip(x, tracks, strict=True)
        ],
        *legend,
        *_named(tracks, x, bottom),
        *[_pointed(place, track, at, column, bottom) for place, (at, track) in enumerate(zip(x, tracks, strict=True))],
    ]
    width = right + _RIGHT
    height = bottom + (_NAMES if len(tracks) <= _NAMED else 34)
    body = "\n".join(parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}" '
        f'height="{height:.0f}" role="img" aria-label="{_text(playlist.title)}: energy, tempo, key and sources">'
        f"<style>{_STYLE}</style>\n{body}\n</svg>\n"
    )


def _summary(playlist: Playlist) -> str:
    lengths = [track.duration_ms for track in playlist.tracks]
    whole = f" · {sum(filter(None, lengths)) / 60_000:.0f} minutes" if lengths and None not in lengths else ""
    return f"{len(lengths)} tracks{whole} · {playlist.recipe}, {playlist.rung} · {playlist.made_at[:10]}"


def _heading(name: str, top: float, said: str) -> str:
    return (
        f'<text class="head" x="{_LEFT}" y="{top - 8:.1f}">{name}'
        f'<tspan class="said" dx="8" font-weight="400">{said}</tspan></text>'
    )


def _energy(tracks: Sequence[PlaylistTrack], x: Sequence[float], right: float) -> list[str]:
    heights = [None if one.energy is None else _TOP + _HIGH * (1 - one.energy) for one in tracks]
    grid = [_grid(f"{value:g}", _TOP + _HIGH * (1 - value), right) for value in (0, 0.5, 1)]
    return [*grid, *_curve("energy", x, heights, [("energy" in one.guessed) for one in tracks], _TOP + _HIGH)]


def _tempo(tracks: Sequence[PlaylistTrack], x: Sequence[float], top: float, right: float) -> list[str]:
    """Draw tempo on a scale of octaves, no narrower than two thirds of one."""
    known = [log2(one.tempo_bpm) for one in tracks if one.tempo_bpm]
    least, most = (min(known), max(known)) if known else (log2(60), log2(180))
    wider = max(0.06, (0.66 - (most - least)) / 2)
    least, most = least - wider, most + wider

    def y(bpm: float) -> float:
        return top + _HIGH * (most - log2(bpm)) / (most - least)

    grid = [_grid(str(bpm), y(bpm), right) for bpm in _TEMPI if least <= log2(bpm) <= most]
    heights = [y(one.tempo_bpm) if one.tempo_bpm else None for one in tracks]
    return [*grid, *_curve("tempo", x, heights, [("tempo" in one.guessed) for one in tracks], None)]


def _grid(label: str, y: float, right: float) -> str:
    return (
        f'<line class="grid" x1="{_LEFT}" y1="{y:.1f}" x2="{right:.1f}" y2="{y:.1f}"/>'
        f'<text class="tick" x="{_LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{label}</text>'
    )


def _curve(
    name: str, x: Sequence[float], y: Sequence[float | None], guessed: Sequence[bool], floor: float | None
) -> list[str]:
    """Return a line through what is known, with a dot for each track; it breaks where nothing is known."""
    parts, run = [], list[tuple[float, float]]()
    for at, height in [*zip(x, y, strict=True), (0.0, None)]:
        if height is not None:
            run.append((at, height))
            continue
        corners = " ".join(f"{across:.1f},{down:.1f}" for across, down in run)
        if len(run) > 1:
            if floor is not None:
                below = f"{run[-1][0]:.1f},{floor:.1f} {run[0][0]:.1f},{floor:.1f}"
                parts.append(f'<polygon class="area" points="{corners} {below}"/>')
            parts.append(f'<polyline class="line {name}" points="{corners}"/>')
        run = []
    for at, height, guess in zip(x, y, guessed, strict=True):
        if height is not None:
            hollow = " guess" if guess else ""
            parts.append(f'<circle class="dot {name}{hollow}" cx="{at:.1f}" cy="{height:.1f}" r="3.5"/>')
    return parts


def _of_key(track: PlaylistTrack) -> tuple[str, str]:
    """Return how a key is filled, and what stands on it: a hue for each hour of the wheel, darker for minor."""
    if track.camelot is None:
        return 'class="none"', ""
    hour, ring = int(track.camelot[:-1]), track.camelot[-1]
    return f'fill="hsl({30 * hour % 360},{55 if ring == "B" else 45}%,{46 if ring == "B" else 36}%)"', track.camelot


def _chip(x: float, top: float, column: float, filled: str, label: str) -> str:
    left, wide = x - column / 2 + 0.5, column - 1
    box = f'<rect {filled} x="{left:.1f}" y="{top:.1f}" width="{wide:.1f}" height="{_CHIP}" rx="3"/>'
    if not label or column < _LEGIBLE:
        return box
    return f'{box}<text class="chip" x="{x:.1f}" y="{top + _CHIP / 2 + 3.5:.1f}" text-anchor="middle">{label}</text>'


def _colours(tracks: Sequence[PlaylistTrack]) -> dict[str, str]:
    """Return a colour for each of the sources that chose most; the rest have one together."""
    counts = Counter(track.shown.source for track in tracks)
    named = dict(zip((name for name, _ in counts.most_common(len(_COLOURS))), _COLOURS, strict=False))
    return {**named, "others": _OTHERS} if len(counts) > len(named) else named


def _legend(colours: Mapping[str, str], top: float, right: float) -> tuple[list[str], float]:
    """Return the names of colours in as many lines as they need, and where the picture goes on."""
    parts, x, y = [], float(_LEFT), top
    for name, colour in colours.items():
        width = 26 + 7 * len(name)
        if x + width > right and x > _LEFT:
            x, y = float(_LEFT), y + 18
        parts.append(f'<rect fill="{colour}" x="{x:.1f}" y="{y - 9:.1f}" width="10" height="10" rx="2"/>')
        parts.append(f'<text class="said" x="{x + 15:.1f}" y="{y:.1f}">{_text(name)}</text>')
        x += width
    return parts, y + 18


def _named(tracks: Sequence[PlaylistTrack], x: Sequence[float], top: float) -> list[str]:
    """Return the names of the tracks aslant below their columns; of many tracks, some of their places."""
    if len(tracks) > _NAMED:
        return [
            f'<text class="tick" x="{at:.1f}" y="{top + 8:.1f}" text-anchor="middle">{place}</text>'
            for place, at in enumerate(x, 1)
            if place == 1 or place % 10 == 0
        ]
    parts = []
    for place, (at, track) in enumerate(zip(x, tracks, strict=True), 1):
        name = f"{place}  {track.shown.title} – {track.shown.artist}"
        name = name if len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME - 1].rstrip()}…"
        turned = f'transform="rotate(-60 {at + 4:.1f} {top:.1f})" text-anchor="end"'
        parts.append(f'<text class="tick" x="{at + 4:.1f}" y="{top:.1f}" {turned}>{_text(name)}</text>')
    return parts


def _pointed(place: int, track: PlaylistTrack, x: float, column: float, bottom: float) -> str:
    """Return a column that nobody sees and that tells of its track whoever points at it."""
    told = [f"{place + 1}. {track.shown.title} – {track.shown.artist}", track.shown.reason]
    about = {"energy": track.energy, "tempo": track.tempo_bpm}
    told += [
        f"{name} {value:.3g}{' (a guess)' if name in track.guessed else ''}"
        for name, value in about.items()
        if value is not None
    ]
    told += [track.key or "key not known", f"source {track.shown.source}"]
    return (
        f'<rect class="over" x="{x - column / 2:.1f}" y="{_TOP}" width="{column:.1f}" height="{bottom - _TOP:.1f}">'
        f"<title>{_text(chr(10).join(told))}</title></rect>"
    )


def _text(said: str) -> str:
    """Return words as SVG holds them: escaped, and without what XML cannot hold."""
    return escape("".join(one for one in said if one in "\n\t" or one.isprintable()))
