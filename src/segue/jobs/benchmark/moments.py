# SPDX-License-Identifier: Apache-2.0
"""Moments of SiTunes (Li et al. 2024): does it help to know when, where and in what mood a track is heard?"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass, replace
from pathlib import Path
from time import perf_counter

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.spatial.distance import cdist

from segue.errors import BadInput
from segue.evaluation import accuracy
from segue.evaluation.intervals import paired
from segue.jobs.benchmark.rows import Row, over_seeds
from segue.kernels.ragged import Ragged

__all__ = ["CUTS", "MODELS", "PROTOCOL", "rows"]

Floats = NDArray[np.float64]
Marks = NDArray[np.bool_]
Setting = tuple[int, int]  # leaves and trees

PROTOCOL = (
    "30 listeners rate what they hear in daily life; the same boosted trees with and without context. "
    '"later": the last 30% of each listener\'s stage 2 by time; "stage 3": all of it, ten listeners, after stage 2; '
    '"random": 20% of stage 2 at random, as in the paper, whose likes are ratings of 3 and more (elsewhere 4). '
    "Means of listeners and tracks are of stage 1 and training; settings by the RMSE of the end of training. "
    'AUC, N@10, RMSE: means over listeners of their own rows; "pooled AUC": all rows in one list. Gains are over '
    "content without context, positive is better, 95% intervals over listeners. Never read: mood after, seconds heard"
)
_MOOD, _WEATHER = ("emo_pre_valence", "emo_pre_arousal"), ("weather", "pressure", "temperature", "humidity")
_GROUPS = {"time and weather": ("day_part", *_WEATHER), "speed": ("speed",), "mood before": _MOOD}
_ALL = tuple(name for group in _GROUPS.values() for name in group)
_BOTH, _PLAIN, _FULL = "user and track means", "content, no context", "content + context"
_TOLD: Mapping[str, Sequence[str]] = {_PLAIN: (), _FULL: _ALL} | {f"content + {key}": _GROUPS[key] for key in _GROUPS}
"""Columns of the context that the trees are told."""
MODELS = ("popularity", "user mean", _BOTH, *_TOLD)
"""Rows of the table."""

_SOUND = ("loudness", "danceability", "energy", "speechiness", "acousticness", "instrumentalness", "valence", "tempo")
CUTS = ("later", "stage 3", "random")
_SETTINGS = [(leaves, trees) for leaves in (2, 4, 8) for trees in (10, 25, 50, 100, 200)]
_SHRINK = 5.0
"""Ratings that the prior of a mean counts for."""
_REACH = 0.5
"""Distance, in standard deviations per column, at which a track or a moment is still much like another."""
_SMALL = {"learning_rate": 0.04, "min_data_in_leaf": 20, "lambda_l2": 20.0}
_DRAWN = {"feature_fraction": 0.5, "bagging_fraction": 0.7, "bagging_freq": 1}
_SAME = {"deterministic": True, "force_row_wise": True, "num_threads": 1, "verbosity": -1}


@dataclass(frozen=True, slots=True)
class _Cut:
    """Which of N ratings are known, of which those of stage 2 train the trees, and which are tested."""

    order: Floats
    """A rating that is known learns only from those before it."""
    known: Marks
    test: Marks
    least_liked: int


@dataclass(frozen=True, slots=True)
class _Run:
    """How well a model did on the test rows of U listeners."""

    measures: Mapping[str, Floats]
    """By name, `float64[U]`; NaN where there is nothing to tell apart."""
    won: Floats
    """`float64[U, U]`: how many of `pairs`, a like of one listener and a dislike of another, stand in that order."""
    pairs: Floats


def rows(folder: Path, models: Sequence[str], seeds: int) -> list[Row]:
    """Return the wanted rows, each the mean over several runs."""
    table = _read(folder / "situnes")
    plain: dict[str, list[_Run]] = {}
    made: dict[str, Row] = {}
    for name in dict.fromkeys([_PLAIN, *models]):
        figures: list[dict[str, float]] = [{} for _ in range(seeds)]
        gains: dict[str, float] = {}
        settings: dict[str, Setting] = {}
        seconds = []
        for title in CUTS:
            runs = []
            for seed in range(seeds):
                cut = _cut(table, title, seed)
                chosen = _tuned(table, cut, name, seed) if name in _TOLD else (0, 0)
                settings.setdefault(f"{title}: leaves, trees", chosen)
                began = perf_counter()
                scores = _expected(table, cut, name, seed, [chosen])[chosen]
                seconds.append(perf_counter() - began)
                runs.append(_run(table, cut, scores, seed))
                figures[seed] |= {f"{title} {key}": accuracy.mean(row) for key, row in runs[-1].measures.items()}
                figures[seed][f"{title} pooled AUC"] = float(runs[-1].won.sum() / max(runs[-1].pairs.sum(), 1))
            if plain.setdefault(title, runs) is not runs:
                gains |= _gains(title, runs, plain[title])
        means, spread = over_seeds(figures)
        tried, shown = (len(_SETTINGS), settings) if name in _TOLD else (1, {})
        took = round(float(np.mean(seconds)), 2)
        made[name] = Row(name, "ours", means | gains, spread, took, settings=shown, tried=tried)
    return [made[name] for name in models]


def _read(folder: Path) -> pl.DataFrame:
    """Return all N ratings with sound and context in standard deviations; what comes after the track is not read."""
    about, logs = folder / "music_info.csv", [folder / f"stage{stage}_interactions.csv" for stage in (1, 2, 3)]
    places = [folder / f"stage{stage}_env.json" for stage in (2, 3)]
    for path in (about, *logs, *places):
        if not path.is_file():
            raise BadInput(f"there is no {path}; SEGUE_DATASETS names the folder that holds the data sets")
    heard = ["user_id", "item_id", "timestamp", "rating"]
    frames = [pl.read_csv(logs[0], columns=heard).with_columns(stage=1)]
    for stage, path in enumerate(places, 2):
        around = json.loads(path.read_text(encoding="utf-8")).items()
        moments = [(int(key), one["time"], np.log1p(one["speed"]), *one["weather"]) for key, one in around]
        place = pl.DataFrame(moments, ["inter_id", "day_part", "speed", *_WEATHER], orient="row", strict=False)
        frame = pl.read_csv(logs[stage - 1], columns=["inter_id", *heard, *_MOOD]).with_columns(stage=stage)
        frames.append(frame.join(place, on="inter_id", how="left", maintain_order="left"))
    tracks = pl.read_csv(about, columns=["item_id", "general_genre_id", *_SOUND])
    table = pl.concat(frames, how="diagonal_relaxed").join(tracks, on="item_id", how="left", maintain_order="left")
    scaled = pl.col(*_SOUND, *_ALL).cast(pl.Float64)
    table = table.with_columns(((scaled - scaled.mean()) / scaled.std()).fill_nan(0.0))
    return table.with_columns(pl.col("general_genre_id").fill_null(-1), pl.col(_SOUND).fill_null(0.0))


def _cut(table: pl.DataFrame, title: str, seed: int) -> _Cut:
    """Return a cut by its name; those by time are the same for every seed."""
    stage, time = table["stage"].to_numpy(), table["timestamp"].cast(pl.Float64).to_numpy()
    if title == "stage 3":
        return _Cut(time, stage < 3, stage == 3, 4)
    drawn = np.random.Generator(np.random.PCG64(seed)).random(len(stage)) - (stage == 1)
    order, share, liked = (drawn, 0.2, 3) if title == "random" else (time, 0.3, 4)
    test = _last(table, stage == 2, order, share)
    return _Cut(order, (stage < 3) & ~test, test, liked)


def _last(table: pl.DataFrame, among: Marks, order: Floats, share: float) -> Marks:
    """Mark the last share of each listener's rows."""
    listeners = table["user_id"].to_numpy()
    marks = np.zeros(len(among), np.bool_)
    for listener in np.unique(listeners[among]):
        own = np.flatnonzero(among & (listeners == listener))
        own = own[np.argsort(order[own], kind="stable")]
        marks[own[len(own) - round(share * len(own)) :]] = True
    return marks


def _tuned(table: pl.DataFrame, cut: _Cut, name: str, seed: int) -> Setting:
    """Return the setting that does best on the last parts of training."""
    stage, rating, errors = table["stage"].to_numpy(), table["rating"].to_numpy(), dict.fromkeys(_SETTINGS, 0.0)
    for share in (0.2, 0.4):
        held = _last(table, cut.known & (stage == 2), cut.order, share)
        inner = replace(cut, known=cut.known & ~held, test=held)
        for one, scores in _expected(table, inner, name, seed, _SETTINGS).items():
            errors[one] += float(np.square(scores - rating[held]).mean())
    return min(_SETTINGS, key=errors.__getitem__)


def _expected(table: pl.DataFrame, cut: _Cut, name: str, seed: int, tried: Sequence[Setting]) -> dict[Setting, Floats]:
    """Return the rating that is expected of each test row, by setting.

    Trees learn what the means of listener and track leave over; with so few rows they would learn the means badly.
    """
    import lightgbm

    means, features = _features(table, cut, _TOLD.get(name, ()))
    if name not in _TOLD:
        return dict.fromkeys(tried, means[name][cut.test])
    left, trained = table["rating"].to_numpy() - means[_BOTH], cut.known & (table["stage"] == 2).to_numpy()
    expected = {}
    for leaves, trees in tried:
        options = {**_SMALL, **_DRAWN, **_SAME, "seed": seed, "num_leaves": leaves}
        booster = lightgbm.train(options, lightgbm.Dataset(features[trained], left[trained]), trees)
        expected[leaves, trees] = means[_BOTH][cut.test] + np.asarray(booster.predict(features[cut.test]))
    return expected


def _features(table: pl.DataFrame, cut: _Cut, told: Sequence[str]) -> tuple[dict[str, Floats], Floats]:
    """Return the means by name, and `float64[N, F]` of content and of the context that is told.

    A row that is known sees the ratings before it only, never its own; others see all that is known.
    """
    rating, sound = table["rating"].to_numpy(), table.select(_SOUND).to_numpy()
    seen = cut.known[None, :] & (~cut.known[:, None] | (cut.order[None, :] < cut.order[:, None]))
    who = table.select("user_id", "item_id", "general_genre_id").to_numpy().T
    own, same_track, same_genre = (seen & (column[:, None] == column[None, :]) for column in who)
    everyone, alike = float(rating[cut.known].mean()), _alike(sound)
    listener = _mean(own, rating, everyone)
    better = rating - listener
    track = _mean(same_track, better, 0.0)
    left = better - track
    taste = [_mean(own & same_genre, left, 0.0), _mean(own * alike, left, 0.0), _mean(seen * alike, better, 0.0)]
    columns = [listener, track, *taste, sound, table["general_genre_id"].to_dummies().to_numpy()]
    if told:
        moment = table.select(told).to_numpy()
        near = np.nan_to_num(_alike(moment))
        columns += [moment, _mean(own * near, left, 0.0), _mean(seen * near * alike, left, 0.0)]
    means = {"popularity": everyone + track, "user mean": listener, _BOTH: listener + track}
    return means, np.column_stack(columns)


def _mean(weights: Marks | Floats, values: Floats, prior: float) -> Floats:
    shrunk: Floats = (weights.astype(np.float64) @ values + _SHRINK * prior) / (weights.sum(axis=1) + _SHRINK)
    return shrunk


def _alike(columns: Floats) -> Floats:
    near: Floats = np.exp(-cdist(columns, columns, "sqeuclidean") / columns.shape[1] / (2 * _REACH**2))
    return near


def _run(table: pl.DataFrame, cut: _Cut, scores: Floats, seed: int) -> _Run:
    rating = table["rating"].to_numpy()[cut.test]
    liked = rating >= cut.least_liked
    listeners, who = np.unique(table["user_id"].to_numpy()[cut.test], return_inverse=True)
    member = (who[:, None] == np.arange(len(listeners))[None, :]).astype(np.float64)
    right = np.where(liked[:, None] & ~liked[None, :], 0.5 + np.sign(scores[:, None] - scores[None, :]) / 2, 0.0)
    won, pairs = member.T @ right @ member, np.outer(liked @ member, ~liked @ member)
    auc = np.where(np.diag(pairs) > 0, np.diag(won) / np.maximum(np.diag(pairs), 1), np.nan)
    ordered = np.lexsort((np.random.Generator(np.random.PCG64(seed)).random(len(who)), -scores))  # equals: any order
    ranked = np.full((len(listeners), 10), -1, np.int32)
    for row in range(len(listeners)):
        own = ordered[who[ordered] == row][:10]
        ranked[row, : len(own)] = own
    ndcg = accuracy.ndcg(ranked, Ragged.of([np.flatnonzero(liked & (who == row)) for row in range(len(listeners))]), 10)
    rmse = np.sqrt((scores - rating) ** 2 @ member / member.sum(axis=0))
    return _Run({"AUC": auc, "N@10": ndcg, "RMSE": rmse}, won, pairs)


def _gains(title: str, ours: Sequence[_Run], plain: Sequence[_Run]) -> dict[str, float]:
    """Return the gains over content without context, means over the runs, with their intervals over listeners."""
    found: dict[str, tuple[float, ...]] = {}
    for name in ours[0].measures:
        lists = (np.ma.masked_invalid([one.measures[name] for one in runs]).mean(axis=0) for runs in (ours, plain))
        mine, theirs = ((-one if name == "RMSE" else one).filled(np.nan) for one in lists)
        found[name] = astuple(paired(mine, theirs, seed=0))
    won = np.sum([one.won - other.won for one, other in zip(ours, plain, strict=True)], axis=0)
    pairs = np.sum([one.pairs for one in ours], axis=0)
    rng = np.random.Generator(np.random.PCG64(0))
    times = rng.multinomial(len(won), np.full(len(won), 1 / len(won)), 2000)  # how often each listener is drawn
    drawn = (times @ won * times).sum(axis=1) / np.maximum((times @ pairs * times).sum(axis=1), 1)
    found["pooled AUC"] = (won.sum() / max(pairs.sum(), 1), *np.quantile(drawn, [0.025, 0.975]))
    ends = ("gain", "gain low", "gain high")
    return {f"{title} {name} {end}": round(float(found[name][at]), 4) for name in found for at, end in enumerate(ends)}
