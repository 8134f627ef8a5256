# SPDX-License-Identifier: Apache-2.0
"""What an answer to free words says: what was understood, what could not hold, and why each track is there."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from segue.explain import understanding
from segue.explain.fitting import fitting
from segue.explain.words import spoken
from segue.playlists.arcs import KNOTS, arc
from segue.registry.snapshot import Snapshot
from segue.service.slates import Slates
from segue.themes.fitting import Themes
from segue.types import Ask, Kind, Slate

__all__ = ["arcs", "notes", "told"]


def notes(themes: Themes, ask: Ask) -> list[str]:
    """Say what was understood of an ask's words, what was not, and what could not hold in so long a list."""
    theme, fit = themes.fitted(ask.text or "", ask.limit)
    return understanding.notes(theme, fit.relaxed, spoken(ask.language))


def arcs(asks: Sequence[Ask], snapshot: Snapshot) -> NDArray[np.float32] | None:
    """Return the arc of each list, `float32[A, KNOTS]`: as asked, else as a mood's words suggest, else NaN.

    None where no list has one.
    """
    if not any(ask.arc is not None or ask.kind is Kind.MOOD for ask in asks):
        return None
    wanted = np.full((len(asks), KNOTS), np.nan, np.float32)
    for place, ask in enumerate(asks):
        words = snapshot.themes.read(ask.text or "").arc if ask.kind is Kind.MOOD else None
        chosen = words if ask.arc is None else ask.arc
        if chosen is not None:
            wanted[place] = arc(chosen)
    return wanted


def told(made: Slates, slates: Sequence[Slate], snapshot: Snapshot) -> list[Slate]:
    """Return the answers with what their words were taken for, and reasons that name what is true of each track."""
    return [_told(made, row, slate, snapshot) for row, slate in enumerate(slates)]


def _told(made: Slates, row: int, slate: Slate, snapshot: Snapshot) -> Slate:
    text, tongue = made.asks[row].text or "", spoken(made.asks[row].language)
    theme = understanding.to_json(snapshot.themes.read(text), tongue)
    if slate.recipe != "mood":
        return replace(slate, theme=theme)
    here = slice(made.offsets[row], made.offsets[row + 1])
    true = snapshot.themes.true_of(text, snapshot.catalog.canonical[made.track[here]])
    tracks = [
        replace(track, reason=fitting(facts, text if track.source == "title:text" else None, tongue) or track.reason)
        for track, facts in zip(slate.tracks, true, strict=True)
    ]
    return replace(slate, tracks=tuple(tracks), theme=theme)
