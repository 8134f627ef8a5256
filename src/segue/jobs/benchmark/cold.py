# SPDX-License-Identifier: Apache-2.0
"""Tracks that training never saw, placed by what is known of them: genres, artist, sound and title."""

import ast
import gzip
import json
import resource
import zipfile
from collections.abc import Sequence
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from segue.catalog.names import artist_id, artist_key, title_key
from segue.dataset.matrices import CONTENT, Dataset, Interactions, Vocabulary
from segue.errors import BadInput
from segue.evaluation import accuracy, beyond
from segue.evaluation.protocol import Task
from segue.jobs.benchmark.rows import Row, over_seeds
from segue.kernels.ragged import Ragged, offsets_of, places
from segue.models.als import ImplicitALS
from segue.models.content import Content

__all__ = ["MODELS", "PROTOCOL", "rows"]

PROTOCOL = (
    "a tenth of the tracks of 5 or more playlists of mpd-7k is hidden from training altogether; of held-out playlists "
    "the first 25 other tracks are given, half of the hidden tracks are ranked, those in the playlist are to be found"
)
_OURS, _ARTIST, _WARM = "content", "same artist", "ALS that was shown them"
MODELS = (_ARTIST, _OURS, _WARM)
"""Rows of the table; the last is no peer but the bound: the same tracks, learned from like any others."""
_HELD, _LONG, _TOLD, _LEAST, _PLAYED = 700, 45, 25, 5, 5
_DEPTH = 100


def rows(folder: Path, models: Sequence[str], seeds: int) -> list[Row]:
    """Return the wanted rows, each the mean over several cuts."""
    figures: dict[str, list[dict[str, float]]] = {model: [] for model in models}
    seconds: dict[str, list[float]] = {model: [] for model in models}
    playlists, tracks = _playlists(folder)
    for seed in range(seeds):
        data, _, test, whole = _cut(folder, playlists, tracks, seed)
        holding = whole.stacked().T.tocsr()
        for model in models:
            began = perf_counter()
            ranked, fitted = _ranked(model, data, whole, test, seed)
            seconds[model].append(fitted - began)
            figures[model].append(
                {
                    "N@100": accuracy.mean(accuracy.ndcg(ranked, test.relevant, _DEPTH)),
                    "R@100": accuracy.mean(accuracy.recall(ranked, test.relevant, _DEPTH)),
                    "R-precision": accuracy.mean(accuracy.r_precision(ranked, test.relevant)),
                    "coverage": beyond.coverage(ranked, len(_asked_of(data, test))),
                    "diversity": accuracy.mean(beyond.intra_list_diversity(ranked, holding)),
                }
            )
    peak = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000)
    made = []
    for model in models:
        means, spread = over_seeds(figures[model])
        made.append(Row(model, "ours", means, spread, round(float(np.mean(seconds[model])), 2), None, peak, {}, 1))
    return made


def _ranked(model: str, data: Dataset, whole: Dataset, task: Task, seed: int) -> tuple[NDArray[np.int32], float]:
    """Return the lists of hidden tracks, and when the model was fitted."""
    wanted = _asked_of(data, task)
    if model == _OURS:
        content = Content()
        content.fit(data, seed=seed)
        fitted = perf_counter()
        return content.recommend(task.history, task.exclude, _DEPTH, parallel=True)[0], fitted
    if model == _WARM:
        als = ImplicitALS()
        als.fit(whole, seed=seed)
        fitted = perf_counter()
        scores = als.fold_in(task.history, parallel=True) @ als.factors[wanted].T
    else:
        fitted = perf_counter()
        scores = _same_artist(data, task, wanted)
    return wanted[np.argsort(-scores, axis=1, kind="stable")[:, :_DEPTH]], fitted


def _asked_of(data: Dataset, task: Task) -> NDArray[np.int32]:
    """Return the hidden tracks that a task asks for, as items of the catalogue."""
    assert data.catalogue is not None
    hidden = np.setdiff1d(data.catalogue.numbers, data.items.numbers)
    return np.setdiff1d(hidden, task.exclude.row(0)).astype(np.int32)


def _same_artist(data: Dataset, task: Task, wanted: NDArray[np.int32]) -> NDArray[np.float32]:
    """Score by how many of the given tracks are by the artist, then by how often the artist's tracks are held."""
    assert data.catalogue is not None and data.playlists is not None
    artists = data.catalogue.artists
    count = int(artists.max()) + 1
    plays = np.bincount(data.items.artists[data.playlists.items], minlength=count)
    tie = np.log1p((plays / np.maximum(np.bincount(data.items.artists, minlength=count), 1))[artists[wanted]])
    given = [
        np.bincount(artists[task.history.row(row)], minlength=count)[artists[wanted]]
        for row in range(len(task.history))
    ]
    scores: NDArray[np.float32] = (np.stack(given) + 0.5 * tie / tie.max()).astype(np.float32)
    return scores


def _cut(folder: Path, playlists: Ragged, tracks: pl.DataFrame, seed: int) -> tuple[Dataset, Task, Task, Dataset]:
    """Hide a tenth of the tracks that stand in 5 or more training playlists; half are to be found in each task.

    A question is the first 25 played tracks of a playlist that training does not have, at least 5, and the answer its
    hidden tracks. Other hidden tracks than the task's own must not come back. The last dataset hides none.

    Args:
        folder: The folder of data sets.
        playlists: Rows of `tracks`, each track once in a row.
        tracks: `track_id` (sorted), `title`, `artist_name`, `artist_id`.
        seed: Of rows and hidden tracks.
    """
    order = np.random.Generator(np.random.PCG64(seed)).permutation(len(playlists))
    long = order[np.diff(playlists.offsets)[order] >= _LONG]
    test, validation = np.sort(long[:_HELD]), np.sort(long[_HELD : 2 * _HELD])
    training = np.setdiff1d(order, np.concatenate([test, validation]))
    counts = np.bincount(playlists.take(training).values, minlength=tracks.height)
    seen = np.flatnonzero(counts)
    index = np.full(tracks.height, -1, np.int32)
    index[seen] = np.arange(len(seen))
    playlists, tracks, counts = playlists.translate(index), tracks[seen], counts[seen]
    hidden = np.random.Generator(np.random.PCG64(seed + 7)).permutation(np.flatnonzero(counts >= _PLAYED))
    hidden = hidden[: len(hidden) // 10]
    halves = hidden[: len(hidden) // 2], hidden[len(hidden) // 2 :]
    played = np.ones(len(seen), bool)
    played[hidden] = False
    catalogue = _vocabulary(tracks)
    rows = playlists.take(training)
    data = Dataset(
        _vocabulary(tracks.filter(pl.Series(played)), catalogue, np.flatnonzero(played)),
        playlists=_interactions(rows.translate(np.where(played, np.cumsum(played) - 1, -1).astype(np.int32))),
        catalogue=catalogue,
        content=_content(folder, tracks),
    )
    choosing = _task(playlists.take(validation), played, halves[0], halves[1])
    asking = _task(playlists.take(test), played, halves[1], halves[0])
    return data, choosing, asking, Dataset(catalogue, playlists=_interactions(rows))


def _task(rows: Ragged, played: NDArray[np.bool_], wanted: NDArray[Any], others: NDArray[Any]) -> Task:
    heard = rows.keep(played[rows.values])
    place = places(heard.offsets)
    told, relevant = heard.keep(place < _TOLD), rows.keep(np.isin(rows.values, wanted))
    asked = np.flatnonzero((np.diff(relevant.offsets) > 0) & (np.diff(told.offsets) >= _LEAST))
    excluded = Ragged.of([np.sort(others)] * len(asked))
    return Task(told.take(asked), excluded, relevant.take(asked))


def _vocabulary(
    tracks: pl.DataFrame, whole: Vocabulary | None = None, numbers: NDArray[Any] | None = None
) -> Vocabulary:
    if whole is not None and numbers is not None:
        return Vocabulary(tracks["track_id"], numbers.astype(np.int32), whole.artists[numbers], whole.artist_names)
    artists = tracks["artist_id"].rank("dense").cast(pl.Int32).to_numpy() - 1
    names = tracks.group_by("artist_id").agg(pl.col("artist_name").first()).sort("artist_id")["artist_name"]
    return Vocabulary(tracks["track_id"], np.arange(tracks.height, dtype=np.int32), artists, names)


def _interactions(rows: Ragged) -> Interactions:
    names = pl.Series([f"{number:07d}" for number in range(len(rows))], dtype=pl.String)
    return Interactions(names, rows.offsets, rows.values, rows.weights)


def _playlists(folder: Path) -> tuple[Ragged, pl.DataFrame]:
    """Read the playlists, each track once in each, and the tracks in order of their ids."""
    with gzip.open(_file(folder / "mpd-7k" / "playlists.jsonl.gz"), "rt", encoding="utf-8") as file:
        pairs = [
            (row, entry["track_uri"], entry["track_name"], entry["artist_name"])
            for row, line in enumerate(file)
            for entry in json.loads(line)["tracks"]
        ]
    frame = pl.DataFrame(pairs, schema=["row", "track_id", "title", "artist_name"], orient="row")
    frame = frame.unique(["row", "track_id"], keep="first", maintain_order=True)
    tracks = frame.select("track_id", "title", "artist_name").unique("track_id", keep="first").sort("track_id")
    tracks = tracks.with_columns(artist_id(pl.col("artist_name")).alias("artist_id"))
    number = frame.join(tracks.with_row_index("number"), on="track_id", how="left", maintain_order="left")["number"]
    lengths = frame.group_by("row", maintain_order=True).len()["len"].to_numpy()
    return Ragged(offsets_of(lengths), number.to_numpy().astype(np.int32), np.ones(frame.height, np.float32)), tracks


def _content(folder: Path, tracks: pl.DataFrame) -> pl.DataFrame:
    """Return genres of the artists, and sound, year and genres of the tracks that spotify-songs has."""
    keyed = tracks.with_columns(
        artist_key(pl.col("artist_name")).alias("artist"), title_key(pl.col("title")).alias("song")
    )
    keyed = keyed.with_columns(pl.col("track_id").str.split(":").list.last().alias("id"))
    songs = _songs(folder)
    sound = [name for name in CONTENT if name not in ("title", "genres", "language")]
    found = keyed.join(
        songs.group_by("id").agg(pl.exclude("artist", "song").first()), on="id", how="left", maintain_order="left"
    )
    like = songs.group_by("artist", "song", maintain_order=True).agg(
        pl.exclude("id", "genres").first(), pl.col("genres").explode().unique(maintain_order=True)
    )
    found = found.join(like, on=["artist", "song"], how="left", suffix="_like", maintain_order="left")
    found = found.join(_artist_genres(folder), on="artist", how="left", suffix="_artist", maintain_order="left")
    genres = [
        pl.col(name).fill_null(pl.lit([], pl.List(pl.String))) for name in ("genres", "genres_like", "genres_artist")
    ]
    return found.select(
        "title",
        pl.concat_list(genres).list.unique(maintain_order=True).alias("genres"),
        *(pl.coalesce(name, f"{name}_like").cast(CONTENT[name]) for name in sound),
        pl.lit(None, CONTENT["language"]).alias("language"),
    ).select(list(CONTENT))


def _songs(folder: Path) -> pl.DataFrame:
    with zipfile.ZipFile(_file(folder / "spotify-songs" / "spotify_songs.zip")) as archive:
        songs = pl.read_csv(archive.read("spotify_songs.csv"), infer_schema_length=None)
    return songs.select(
        pl.col("track_id").alias("id"),
        artist_key(pl.col("track_artist")).alias("artist"),
        title_key(pl.col("track_name")).alias("song"),
        pl.col("track_album_release_date").str.slice(0, 4).cast(pl.Int32).alias("year"),
        pl.col("tempo").alias("tempo_bpm"),
        "key", "mode", "energy", "valence",
        pl.concat_list("playlist_genre", "playlist_subgenre").alias("genres"),
    ).with_columns(pl.col("genres").explode().unique().implode().over("id").alias("genres"))  # fmt: skip


def _artist_genres(folder: Path) -> pl.DataFrame:
    """Return the genres of each artist's name; of two of a name the more popular's."""
    artists = pl.read_csv(_file(folder / "mpd-7k" / "artist_genres.csv")).sort("popularity", descending=True)
    genres = pl.col("genres").map_elements(ast.literal_eval, return_dtype=pl.List(pl.String))
    named = artists.drop_nulls("name").select(artist_key(pl.col("name")).alias("artist"), genres)
    return named.unique("artist", keep="first", maintain_order=True)


def _file(path: Path) -> Path:
    if not path.is_file():
        raise BadInput(f"there is no {path}; SEGUE_DATASETS names the folder that holds the data sets")
    return path
