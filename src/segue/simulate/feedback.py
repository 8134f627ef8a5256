# SPDX-License-Identifier: Apache-2.0
"""What listeners did with the lists they were shown, as events that a closed loop writes to its log."""

from datetime import datetime

import numpy as np
import polars as pl
from numpy.typing import NDArray

from segue.errors import BadInput
from segue.events.schema import INTAKE
from segue.seeds import seed_of
from segue.simulate.catalogue import identifiers
from segue.simulate.config import DAY_MS, WEEK_MS
from segue.simulate.frames import SOURCE
from segue.simulate.luck import luck
from segue.simulate.response import Response
from segue.simulate.world import World
from segue.types import EndReason, EventType

__all__ = ["events_of"]

_BREATH_MS = 1_000
_SAID_AT = 0.8  # of what was played
_ENDS = {EventType.PLAY: EndReason.FINISHED, EventType.SKIP: EndReason.SKIPPED}
_RETURN_MS = 1.5 * DAY_MS  # mean wait until a track is played again


def events_of(world: World, response: Response, requests: pl.Series, began: datetime) -> pl.DataFrame:
    """Return what was done as events, in order of time: columns of `events.schema.INTAKE`, source "simulated".

    Plays, skips, likes, dislikes and saves name the request and the slot that they answer. Plays that come back to a
    track in the days after, all within a week of `began`, name none: they are the listener's own.

    Worked example, a week of a closed loop: `answer = respond(world, who, shown, hearings.of(who, shown), turn=week)`,
    `events = events_of(world, answer, requests, monday)`, `sink.append(events)`, and, on the Monday after,
    `hearings = hearings.after(events, now)`.

    Args:
        world: The world that the listeners live in.
        response: What they did.
        requests: The request that each list was the answer to, as the impression names it: text [n], no two alike.
        began: When they began to listen (aware).

    Raises:
        BadInput: There are not as many requests as lists, or two are alike: their events would be taken for one.
    """
    count = len(response.listeners)
    if len(requests) != count or requests.n_unique() != count:
        raise BadInput(f"{count} lists have {requests.n_unique()} different requests; give each list one of its own")
    lengths = response.played_ms + _BREATH_MS * response.reached
    start_ms = np.cumsum(lengths, axis=1) - lengths
    said_ms = start_ms + (_SAID_AT * response.played_ms).astype(np.int64)
    done = (
        (EventType.PLAY, response.reached & ~response.skipped, start_ms),
        (EventType.SKIP, response.skipped, start_ms),
        (EventType.LIKE, response.liked, said_ms),
        (EventType.DISLIKE, response.disliked, said_ms),
        (EventType.SAVE, response.saved, said_ms),
    )
    parts = [_answers(response, requests, kind, which, at_ms) for kind, which, at_ms in done]
    made = pl.concat([*parts, _returns(world, response, requests, start_ms + lengths)])
    homes = world.homes(began)
    made = made.with_columns(
        (pl.col("occurred_at") + int(began.timestamp() * 1_000)).cast(INTAKE["occurred_at"]),
        *(homes[name].gather(made["listener"]).alias(name) for name in ("listener", "region", "timezone")),
        identifiers("track", world.config.tracks).gather(made["track"]).alias("track"),
        source=pl.lit(SOURCE),
    ).sort("occurred_at", "event_id")
    return made.select(
        pl.col(name) if name in made.columns else pl.lit(None, dtype).alias(name) for name, dtype in INTAKE.items()
    )


def _answers(
    response: Response,
    requests: pl.Series,
    kind: EventType,
    which: NDArray[np.bool_],
    at_ms: NDArray[np.int64],
) -> pl.DataFrame:
    """Return what was said or done at slots of lists: listener and track as indices, times after the beginning."""
    row, slot = np.nonzero(which)
    frame = _about(response, kind, row, slot, at_ms[row, slot], requests.gather(row))
    number = frame["slot"].cast(pl.String)
    frame = frame.with_columns(event_id="sim:" + frame["request_id"] + ":" + number + f":{kind.value}")
    if kind not in (EventType.PLAY, EventType.SKIP):
        return frame.with_columns(pl.lit(None, pl.Int64).alias(name) for name in ("played_ms", "duration_ms"))
    return frame.with_columns(end_reason=pl.lit(_ENDS[kind].value))


def _returns(world: World, response: Response, requests: pl.Series, ended_ms: NDArray[np.int64]) -> pl.DataFrame:
    """Return the plays that came of it unasked: the sooner the likelier, and all within the week."""
    row, slot = np.nonzero(response.replays)
    times = response.replays[row, slot].astype(np.intp)
    again = np.arange(times.sum()) - np.repeat(np.cumsum(times) - times, times)
    row, slot = np.repeat(row, times), np.repeat(slot, times)
    seed = seed_of("simulate", world.config.seed, "returns")
    drawn = luck(seed, response.listeners[row], response.tracks[row, slot], again)
    left_ms = np.maximum(WEEK_MS - ended_ms[row, slot] - response.duration_ms[row, slot], 0)
    wait_ms = -_RETURN_MS * np.log1p(-drawn * -np.expm1(-left_ms / _RETURN_MS))
    frame = _about(response, EventType.PLAY, row, slot, ended_ms[row, slot] + wait_ms.astype(np.int64), None)
    name = requests.gather(row) + ":" + pl.Series(slot).cast(pl.String) + ":again:" + pl.Series(again).cast(pl.String)
    return frame.with_columns(
        event_id="sim:" + name,
        played_ms=pl.col("duration_ms"),
        end_reason=pl.lit(EndReason.FINISHED.value),
        slot=pl.lit(None, INTAKE["slot"]),
        session=pl.lit(None, pl.String),
    )


def _about(
    response: Response,
    kind: EventType,
    row: NDArray[np.intp],
    slot: NDArray[np.intp],
    at_ms: NDArray[np.int64],
    requests: pl.Series | None,
) -> pl.DataFrame:
    asked = pl.repeat(None, len(row), dtype=pl.String, eager=True) if requests is None else requests
    return pl.DataFrame(
        {
            "event_id": pl.repeat("", len(row), eager=True),
            "type": pl.repeat(kind.value, len(row), eager=True),
            "listener": response.listeners[row],
            "occurred_at": at_ms,
            "track": response.tracks[row, slot],
            "played_ms": response.played_ms[row, slot],
            "duration_ms": response.duration_ms[row, slot],
            "end_reason": pl.repeat(None, len(row), dtype=pl.String, eager=True),
            "session": "sim:session:" + asked,
            "request_id": asked,
            "slot": pl.Series(slot, dtype=INTAKE["slot"]),
        }
    )
