# SPDX-License-Identifier: Apache-2.0
"""What listeners of a simulated world make of the lists that they are shown: a model of taste, habit and novelty.

How a track pleases is reckoned in the units of `truth.match`, 0 (not at all) to 1 (fully), and a little beyond:

    pleasure = match + exposure − effort − strain − weariness − jolt

exposure: a track heard before is liked better, and one heard too often worse: the two processes whose difference is the
    inverted U of Wundt and Berlyne (Berlyne 1970, "Novelty, complexity, and hedonic value"), which listening to music
    bears out (Chmiel, Schubert 2017; Sguerra, Tran, Hennequin 2022, "Discovery dynamics", on plays of Deezer).
effort: what is unfamiliar asks for attention; it costs those least who have an appetite for it.
strain: a list keeps its listener at some level of novelty, which follows the last tracks, and each listener has a level
    of their own at which they are at ease; the strain is the squared distance from it. This is the ideal point of
    McAlister's model of variety seeking (1982, "A dynamic attribute satiation model"), with novelty as the attribute.
    It is why the best share of new tracks lies inside, and why listeners differ in it.
weariness: an artist three times and more in a row. jolt: a leap in energy and tempo from the track before.

A skip has the log-odds that it has in the world's own log, with pleasure in the place of match, so that answers to
lists and what listeners play unasked are of one kind. Sizes were chosen, not fitted: this shows that a loop closes, and
what it does in a world where novelty works like this. It says nothing about how much people like new music.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from segue.errors import BadInput
from segue.seeds import seed_of
from segue.simulate.luck import luck
from segue.simulate.plays import skip_odds, skip_place
from segue.simulate.truth import Truth, match
from segue.simulate.world import World

__all__ = ["Response", "appetite", "liking_of_exposure", "respond"]

_LEAST_APPETITE, _MOST_APPETITE, _APPETITE_STEEPNESS = 0.24, 0.92, 8.0

# Pleasure, in units of match
_WARMTH, _WARM_HEARINGS = 0.12, 2.0
_TEDIUM, _WORN_HEARINGS = 0.36, 16.0
_EFFORT = 0.05
_STRAIN = 1.8
_MEMORY = 0.8  # share of the level of novelty that outlasts a track
_WEARY = 0.08  # for each track of an artist beyond the second in a row …
_WEARIEST = 0.4  # … and at most
_JOLT = 0.12  # for a leap from silence to frenzy, or to twice the tempo

# What it leads to
_RELISH = 5.0  # steepness of enjoyment in pleasure, around its middle
_LIKE, _SAVE, _DISLIKE = 0.12, 0.06, 0.06
_MISLIKED = 0.35  # only what matches less is disliked
_REPLAY, _MOST_REPLAYS = 0.35, 8
_RECENT, _TOO_MANY = 3, 2  # so many skips among the last few tracks, and some leave
_LEAVE_AT_ONCE, _LEAVE = 0.35, 0.08
_BOT_MS = 31_000


@dataclass(frozen=True, slots=True)
class Response:
    """Row i is what a listener did with a list, column s with its slot s; past the end of a list all is 0 or False."""

    listeners: NDArray[np.intp]
    """[n]"""
    tracks: NDArray[np.int32]
    """[n, k]: as shown, −1 past the end."""
    reached: NDArray[np.bool_]
    """[n, k]: played at all; False once the listener has left."""
    played_ms: NDArray[np.int64]
    """[n, k]: how much was heard, or where the skip fell."""
    duration_ms: NDArray[np.int64]
    """[n, k]"""
    skipped: NDArray[np.bool_]
    liked: NDArray[np.bool_]
    disliked: NDArray[np.bool_]
    saved: NDArray[np.bool_]
    replays: NDArray[np.int8]
    """[n, k]: how often the listener comes back to it unasked in the days after."""
    enjoyment: NDArray[np.float32]
    """[n, k]: the truth that no recommender may see, 0–1; reckoned for tracks that were not reached too."""
    satisfaction: NDArray[np.float32]
    """[n]: the truth of the whole list, 0–1: enjoyment of what was reached, first slots counting most. NaN: a bot."""

    @property
    def left(self) -> NDArray[np.bool_]:
        """[n]: who went before the end of the list."""
        return np.asarray((~self.reached & (self.tracks >= 0)).any(axis=1))


def respond(
    world: World,
    listeners: NDArray[np.integer],
    tracks: NDArray[np.integer],
    hearings: NDArray[np.floating],
    *,
    turn: int = 0,
) -> Response:
    """Return what listeners do with the lists that they are shown.

    The same world, listener, track and turn have the same luck in every list and every batch. A listener with two lists
    has them in two turns.

    Args:
        world: The world that the listeners live in.
        listeners: Whom it is shown to: int [n], rows of `world.listeners`.
        tracks: What they are shown, in order: int [n, k], indices of tracks; −1 past the end of a list.
        hearings: How often each of them has heard each of these: float [n, k], as `Hearings.of` returns.
        turn: The how-manieth time it is; another turn is another luck.

    Raises:
        BadInput: A listener or a track is not of this world, shapes differ, a list has a hole, or hearings are below 0.
    """
    _check(world, listeners, tracks, hearings)
    there = tracks >= 0
    track = np.where(there, tracks, 0).astype(np.int32)
    liking = match(world.truth.suits(listeners, track))
    novelty = np.exp2(-hearings).astype(np.float32)
    wanted = appetite(world.truth)[listeners]
    pleasure = liking + liking_of_exposure(hearings) - _EFFORT * (1 - wanted[:, None]) * novelty
    pleasure -= _STRAIN * (_levels(novelty, wanted) - wanted[:, None]) ** 2
    pleasure -= _weariness(world, track) + _jolts(world, track)
    enjoyment = 1 / (1 + np.exp(_RELISH * (0.5 - pleasure)))

    seeds = [seed_of("simulate", world.config.seed, "response", turn, what) for what in range(6)]
    drawn = [luck(seed, listeners[:, None], track) for seed in seeds]
    bot = world.truth.bot[listeners][:, None]
    odds = skip_odds(pleasure) + world.society.listeners.impatience[listeners][:, None]
    skipped = (drawn[0] < 1 / (1 + np.exp(-odds))) & ~bot
    reached = there & _stays(skipped, drawn[1])
    skipped &= reached
    whole = reached & ~skipped & ~bot
    duration_ms = np.where(there, world.society.music.duration_ms[track], 0)
    share = np.where(skipped, skip_place(np.clip(pleasure, 0, 1), drawn[2]), 1.0)
    played_ms = np.where(bot, np.minimum(duration_ms, _BOT_MS), (share * duration_ms).astype(np.int64)) * reached
    said = enjoyment**2 * novelty  # most is said when one meets a track
    return Response(
        listeners=listeners.astype(np.intp),
        tracks=tracks.astype(np.int32),
        reached=reached,
        played_ms=played_ms,
        duration_ms=duration_ms,
        skipped=skipped,
        liked=whole & (drawn[3] < _LIKE * said),
        disliked=skipped & (liking < _MISLIKED) & (drawn[3] < _DISLIKE),
        saved=whole & (drawn[4] < _SAVE * said),
        replays=np.where(whole, _replays(enjoyment, drawn[5]), 0).astype(np.int8),
        enjoyment=np.where(there, enjoyment, 0).astype(np.float32),
        satisfaction=np.where(bot[:, 0], np.nan, _satisfaction(enjoyment, reached, there)).astype(np.float32),
    )


def appetite(truth: Truth) -> NDArray[np.float32]:
    """Return each listener's level of novelty at which they are at ease: float32 [listeners], 0 (old) to 1 (new).

    It rises with how much they explore of themselves: who explores .2 is at ease at .3, .5 at .58 and .8 at .86.
    The share of new tracks that suits them best is a little lower, since what is known is liked better: .2 to .8 or so.
    """
    share = 1 / (1 + np.exp(_APPETITE_STEEPNESS * (0.5 - truth.exploration)))
    return np.asarray(_LEAST_APPETITE + (_MOST_APPETITE - _LEAST_APPETITE) * share, dtype=np.float32)


def liking_of_exposure(hearings: NDArray[np.floating]) -> NDArray[np.float32]:
    """Return what so many hearings do to the pleasure in a track: 0 for none, most after four, and after ten
    less than for none."""
    warmth = 1 - np.exp(-hearings / _WARM_HEARINGS)
    tedium = 1 - np.exp(-((hearings / _WORN_HEARINGS) ** 2))
    return np.asarray(_WARMTH * warmth - _TEDIUM * tedium, dtype=np.float32)


def _check(
    world: World, listeners: NDArray[np.integer], tracks: NDArray[np.integer], hearings: NDArray[np.floating]
) -> None:
    if listeners.ndim != 1 or tracks.ndim != 2 or len(listeners) != len(tracks) or hearings.shape != tracks.shape:
        shapes = f"{listeners.shape}, {tracks.shape} and {hearings.shape}"
        raise BadInput(f"listeners, tracks and hearings have the shapes {shapes}; they must be [n], [n, k] and [n, k]")
    strangers = listeners[(listeners < 0) | (listeners >= world.config.listeners)]
    if len(strangers):
        raise BadInput(f"listener {strangers[0]} is not of this world; it has 0 to {world.config.listeners - 1}")
    unknown = tracks[(tracks < -1) | (tracks >= world.config.tracks)]
    if len(unknown):
        raise BadInput(
            f"track {unknown[0]} is not of this world; it has 0 to {world.config.tracks - 1}, -1 ends a list"
        )
    holes = ((tracks[:, :-1] < 0) & (tracks[:, 1:] >= 0)).any(axis=1)
    if holes.any():
        raise BadInput(f"list {int(holes.argmax())} goes on after a -1; move its tracks to the front")
    if not (hearings >= 0).all():
        raise BadInput(f"hearings of {hearings[~(hearings >= 0)][0]} cannot be; give 0 or more")


def _levels(novelty: NDArray[np.float32], wanted: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the level of novelty at each slot, its own track included: a fading mean that begins where one is at ease.

    Worked example: at ease at 0, two new tracks and an old one lead to 0.2, 0.36 and 0.29.
    """
    levels = np.empty(novelty.shape, np.float32)
    level = wanted
    for slot in range(novelty.shape[1]):
        level = _MEMORY * level + (1 - _MEMORY) * novelty[:, slot]
        levels[:, slot] = level
    return levels


def _weariness(world: World, track: NDArray[np.int32]) -> NDArray[np.float32]:
    """Return what an artist costs who comes too often in a row; past the end of a list it does not matter."""
    artist = world.society.music.artist[track]
    weary = np.zeros(track.shape, np.float32)
    before = np.zeros(len(track), np.intp)
    for slot in range(1, track.shape[1]):
        before = np.where(artist[:, slot] == artist[:, slot - 1], before + 1, 0)
        weary[:, slot] = np.minimum(_WEARY * np.maximum(before - 1, 0), _WEARIEST)
    return weary


def _jolts(world: World, track: NDArray[np.int32]) -> NDArray[np.float32]:
    """Return what a leap from the track before costs: the first track has none."""
    energy, tempo = world.tracks["energy"].to_numpy()[track], np.log2(world.tracks["tempo_bpm"].to_numpy())[track]
    leap = np.abs(np.diff(energy, axis=1)) + np.abs(np.diff(tempo, axis=1))
    return np.pad(_JOLT * np.minimum(leap, 1), ((0, 0), (min(1, track.shape[1]), 0))).astype(np.float32)


def _stays(skipped: NDArray[np.bool_], drawn: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return whether the listener is still there at each slot."""
    there = np.ones(skipped.shape, np.bool_)
    for slot in range(1, skipped.shape[1]):
        tired = skipped[:, max(0, slot - _RECENT) : slot].sum(axis=1) >= _TOO_MANY
        leaves = tired & (drawn[:, slot - 1] < (_LEAVE_AT_ONCE if slot <= _RECENT else _LEAVE))
        there[:, slot] = there[:, slot - 1] & ~leaves
    return there


def _replays(enjoyment: NDArray[np.float32], drawn: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return geometric counts of mean `_REPLAY * enjoyment³`."""
    mean = np.maximum(_REPLAY * enjoyment**3, 1e-6)
    return np.asarray(np.minimum(np.floor(np.log1p(-drawn) / np.log(mean / (1 + mean))), _MOST_REPLAYS))


def _satisfaction(
    enjoyment: NDArray[np.float32], reached: NDArray[np.bool_], there: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """Weigh slots as the DCG does; a list without tracks satisfies nobody."""
    weights = there / np.array([math.log2(slot + 2) for slot in range(there.shape[1])])
    return np.asarray((weights * enjoyment * reached).sum(axis=1) / np.maximum(weights.sum(axis=1), 1e-9))
