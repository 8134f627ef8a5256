# SPDX-License-Identifier: Apache-2.0
"""Free words on playlists of the Million Playlist Dataset: titles, moods, and genres, against what was held out."""

import ast
import gzip
import json
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from segue.catalog import names, store
from segue.catalog.store import Catalog
from segue.dataset import build
from segue.dataset.matrices import Dataset
from segue.errors import BadInput
from segue.evaluation import accuracy
from segue.events.sink import Sink
from segue.importers.mpd import Mpd
from segue.jobs import ingest
from segue.jobs.benchmark.playlists import title_neighbours
from segue.jobs.benchmark.rows import Row, over_seeds
from segue.jobs.train import fit
from segue.kernels.ragged import Ragged
from segue.models.model import Learned
from segue.privacy.door import Door
from segue.recipes.music import RecipesConfig
from segue.registry.snapshot import Snapshot, bind
from segue.service.answer import Service
from segue.service.histories import Histories
from segue.settings import Settings
from segue.types import Ask, Kind, Slate

__all__ = ["GENRES", "MEASURES", "MODELS", "MOODS", "PROTOCOL", "rows"]

PROTOCOL = (
    "700 playlists of at least 30 known tracks are held out whole and asked for by their titles. Moods: to one word, "
    "the share of tracks on the right side of the median of valence or arousal, by the test split of Deezer's mood "
    "data: of those it labels among the first 1,000 of the catalogue (some 20), and, narrow, of the first 50 where "
    "only its 1,100 may be played. Genres: of the tracks that spotify-songs labels, the first 50 to one word. All "
    "without the rules that make lists varied. Catalogue: sound of 4% of the tracks from spotify-songs, genres of 62% "
    "of the artists; no label of Deezer's. What rules ask was chosen on the training and validation splits, and on "
    "other playlists"
)
MOODS: Mapping[str, str] = {
    "happy": "valence+",
    "feel good": "valence+",
    "sad": "valence-",
    "melancholy": "valence-",
    "calm": "arousal-",
    "relaxing": "arousal-",
    "chill": "arousal-",
    "sleep": "arousal-",
    "energetic": "arousal+",
    "party": "arousal+",
    "workout": "arousal+",
    "angry": "valence-",
}
"""Those of Russell's circumplex whose side is beyond doubt."""
GENRES = {"pop": "pop", "rap": "rap", "rock": "rock", "latin": "latin", "r&b": "r&b", "edm": "edm"}
"""Words, and what spotify-songs calls the genre."""
_POPULAR, _NEAREST, _TITLE, _RULES, _BOTH = "popularity", "title kNN", "titles alone", "rules alone", "mood"
MODELS = (_POPULAR, _NEAREST, _TITLE, _RULES, _BOTH)
"""Rows of the table."""
MEASURES = (
    "title N@500", "title R-prec", "moods", "least mood", "moods narrow", "genres", *(f"mood {mood}" for mood in MOODS),
)  # fmt: skip

_TEST, _LEAST_TRACKS, _DEEP, _FIRST, _LONGEST = 700, 30, 500, 50, 1000
_FITTED = ("popularity", "als", "title", "sound")
_SOUND = {
    "danceability": "danceability", "energy": "energy", "key": "key", "loudness": "loudness_db", "mode": "mode",
    "speechiness": "speechiness", "acousticness": "acousticness", "instrumentalness": "instrumentalness",
    "valence": "valence", "tempo": "tempo_bpm",
}  # fmt: skip
"""Columns of spotify-songs, and of the catalogue."""
_UNRULED: Mapping[str, Any] = {"artist_cap": None, "diversity": 0.0, "flow": None, "lean": {}}
"""Playlists have more of an artist than a list of moods, and labels are few: without such rules, more is measured."""


@dataclass(frozen=True)
class World:
    """What was learned from all but the test playlists."""

    door: Door
    settings: Settings
    data: Dataset
    snapshot: Snapshot
    test: Ragged
    """Rows of items that training knows."""
    titles: list[str]
    orders: list[list[str]]
    """Track ids of the rows of `test` as people put them, those that training does not know among them."""
    seconds: float


def rows(folder: Path, models: Sequence[str], seeds: int) -> list[Row]:
    """Return the wanted rows, each the mean over several cuts."""
    figures: dict[str, list[dict[str, float]]] = {model: [] for model in models}
    seconds, query_ms = 0.0, 0.0
    for seed in range(seeds):
        with world(folder, partial(drawn, seed=seed)) as one:
            seconds = one.seconds
            labelled = deezer(folder, one.snapshot.catalog, ("test",))
            genres = _genres(folder, one.snapshot.catalog)
            for model in models:
                figures[model].append(_figures(one, model, labelled, genres))
            query_ms = _query_ms(one)
    made = []
    for model in models:
        means, spread = over_seeds(figures[model])
        ours = model in (_TITLE, _RULES, _BOTH)
        fast = query_ms if model == _BOTH else None
        made.append(Row(model, "ours", means, spread, round(seconds, 2) if ours else None, fast, tried=1))
    return made


def recipes(model: str) -> RecipesConfig:
    """Return the recipes of a row of the table."""
    mood = RecipesConfig().mood
    parts = {_TITLE: ("title",), _RULES: ("theme", "popularity"), _BOTH: ("title", "theme", "popularity")}[model]
    weights = {source: weight for source, weight in mood.weights.items() if source.partition(":")[0] in parts}
    return RecipesConfig(mood=mood.model_copy(update={"weights": weights}))


def _figures(
    one: World, model: str, labelled: pl.DataFrame, genres: Mapping[str, NDArray[np.int32]]
) -> dict[str, float]:
    found = _by_title(one, model)
    figures = {
        "title N@500": accuracy.mean(accuracy.ndcg(found, one.test, _DEEP)),
        "title R-prec": accuracy.mean(accuracy.r_precision(found, one.test)),
    }
    if model == _NEAREST:
        return figures
    shares, narrow = on_target(one, model, labelled), on_target(one, model, labelled, narrow=True)
    figures |= {"moods": float(np.mean(list(shares.values()))), "least mood": min(shares.values())}
    figures["moods narrow"] = float(np.mean(list(narrow.values())))
    every = np.unique(np.concatenate(list(genres.values())))
    first = {word: first_to(one, model, word, every) for word in GENRES}
    right = {word: float(np.isin(first[word], genres[GENRES[word]]).mean()) for word in GENRES}
    figures["genres"] = float(np.mean(list(right.values())))
    return (
        figures
        | {f"mood {mood}": share for mood, share in shares.items()}
        | {f"genre {word}": share for word, share in right.items()}
    )


def on_target(one: World, model: str, labelled: pl.DataFrame, *, narrow: bool = False) -> dict[str, float]:
    """Return by mood the share of tracks that lie on its side of the medians of all labelled ones.

    They are those labelled of the first 1,000 of the whole catalogue, or, narrow, the first 50 of the labelled.
    """
    number = labelled["number"].to_numpy()
    high = {axis: labelled[axis].to_numpy() > labelled[axis].median() for axis in ("valence", "arousal")}
    shares = {}
    for mood, sides in MOODS.items():
        right = np.logical_and.reduce([high[side[:-1]] == (side[-1] == "+") for side in sides.split()])
        first = first_to(one, model, mood, number) if narrow else _listed(one, model, mood)
        shares[mood] = float(np.isin(first[np.isin(first, number)], number[right]).mean())
    return shares


def _listed(one: World, model: str, word: str) -> NDArray[np.int32]:
    """Return the first 1,000 tracks to a word."""
    catalog = one.snapshot.catalog
    if model == _POPULAR:
        return np.argsort(-one.snapshot.popularity, kind="stable")[:_LONGEST].astype(np.int32)
    chosen = recipes(model)
    mood = chosen.mood.model_copy(update={**_UNRULED, "candidates": 5 * _LONGEST})
    service = _service(one, one.snapshot, chosen.model_copy(update={"mood": mood}))
    (slate,) = service.answer([Ask(word, Kind.MOOD, limit=_LONGEST, now=_now(), text=word)]).slates
    assert isinstance(slate, Slate)
    return catalog.canonical[catalog.numbers(track.track for track in slate.tracks)]


def first_to(one: World, model: str, word: str, among: NDArray[np.int32]) -> NDArray[np.int32]:
    """Return the first tracks to a word, where no others than some may be played."""
    catalog = one.snapshot.catalog
    playable = np.zeros(len(catalog), bool)
    playable[among] = True
    narrow = replace(catalog, tracks=catalog.tracks.with_columns(available=pl.Series(playable)))
    if model == _POPULAR:
        return among[np.argsort(-one.snapshot.popularity[among], kind="stable")[:_FIRST]]
    snapshot = _swapped(one.snapshot, narrow)
    chosen = recipes(model)
    config = chosen.mood.model_copy(update={**_UNRULED, "candidates": len(catalog)})
    service = _service(one, snapshot, chosen.model_copy(update={"mood": config}))
    ask = Ask(word, Kind.MOOD, limit=_FIRST, now=_now(), text=word)
    (slate,) = service.answer([ask]).slates
    assert isinstance(slate, Slate)
    return catalog.numbers(track.track for track in slate.tracks)


def _swapped(snapshot: Snapshot, catalog: Catalog) -> Snapshot:
    """Return the set over a catalogue that differs in what may be played alone."""
    made = replace(snapshot, catalog=catalog)
    made.__dict__["themes"] = snapshot.themes
    return made


def _by_title(one: World, model: str) -> NDArray[np.int32]:
    """Return the first 500 items for each title."""
    if model == _POPULAR:
        nothing = Ragged.empty(len(one.test))
        return one.snapshot.models[_POPULAR].model.recommend(nothing, nothing, _DEEP)[0]
    if model == _NEAREST:
        return title_neighbours(one.data, one.titles)
    chosen = recipes(model)
    service = _service(one, one.snapshot, chosen.model_copy(update={"mood": chosen.mood.model_copy(update=_UNRULED)}))
    asks = [Ask(str(row), Kind.MOOD, limit=_DEEP, now=_now(), text=title) for row, title in enumerate(one.titles)]
    found = np.full((len(asks), _DEEP), -1, np.int32)
    items = one.data.items.index
    for row, slate in enumerate(service.answer([ask for ask in asks if ask.text], parallel=True).slates):
        if isinstance(slate, Slate):
            numbers = one.snapshot.catalog.canonical[
                one.snapshot.catalog.numbers(track.track for track in slate.tracks)
            ]
            found[row, : len(numbers)] = np.where(numbers < len(items), items[np.minimum(numbers, len(items) - 1)], -1)
    return found


def _query_ms(one: World) -> float:
    service = _service(one, one.snapshot, RecipesConfig())
    taken = []
    for mood in [*MOODS] * 3:
        began = perf_counter()
        service.answer([Ask(mood, Kind.MOOD, now=_now(), text=f"{mood} music")])
        taken.append(perf_counter() - began)
    return round(float(np.median(taken)) * 1000, 2)


def _service(one: World, snapshot: Snapshot, chosen: RecipesConfig) -> Service:
    return Service(lambda: snapshot, one.door, chosen, Histories(one.door, one.settings.dataset.signals))


def _now() -> datetime:
    return datetime.now(UTC)


def _fit(data: Dataset, settings: Settings) -> dict[str, Learned]:
    return {name: fit(name, getattr(settings.models, name), data, settings.train.seed) for name in _FITTED}


@contextmanager
def world(
    folder: Path,
    choose: Callable[[list[dict[str, Any]]], set[int]],
    learn: Callable[[Dataset, Settings], Mapping[str, Learned]] = _fit,
) -> Iterator[World]:
    """Give what was learned from all playlists but those chosen, in a folder that is gone afterwards."""
    path = _file(folder / "mpd-7k" / "playlists.jsonl.gz")
    with gzip.open(path, "rt", encoding="utf-8") as file:
        playlists = [json.loads(line) for line in file]
    test = choose(playlists)
    with tempfile.TemporaryDirectory(prefix="segue-benchmark-") as place:
        home = Path(place)
        known = home / "known.jsonl"
        with known.open("w", encoding="utf-8") as file:
            file.writelines(json.dumps(one) + "\n" for number, one in enumerate(playlists) if number not in test)
        settings = Settings()
        with closing(Sink(home / "events")) as sink:
            ingest.ingest(home, Mpd(), known, sink, settings.ingest)
            describe(folder, home / "catalog")
            yield _learned(home, settings, [playlists[number] for number in sorted(test)], learn)


def _learned(
    home: Path,
    settings: Settings,
    test: Sequence[Mapping[str, Any]],
    learn: Callable[[Dataset, Settings], Mapping[str, Learned]],
) -> World:
    door, catalog = Door.open(home / "events", settings.consent), store.load(home / "catalog")
    began = perf_counter()
    data = build.build(build.read(door), catalog, settings.dataset)
    models = learn(data, settings)
    seconds = perf_counter() - began
    held, titles, orders = [], [], []
    for playlist in test:
        order = [track["track_uri"] for track in playlist["tracks"]]
        numbers = catalog.numbers(order)
        items = data.items.index[catalog.canonical[numbers[numbers >= 0]]]
        _, first = np.unique(items, return_index=True)
        items = items[np.sort(first)]
        if (items >= 0).sum() >= _LEAST_TRACKS and playlist["name"].strip():
            held.append(items[items >= 0])
            titles.append(playlist["name"])
            orders.append(order)
    return World(door, settings, data, bind(catalog, models, data), Ragged.of(held), titles, orders, seconds)


def drawn(playlists: list[dict[str, Any]], seed: int) -> set[int]:
    """Draw the test playlists, as the benchmark of playlists does."""
    rng = np.random.Generator(np.random.PCG64(seed))
    order = rng.permutation(len(playlists))
    long = [
        int(one) for one in order if len({track["track_uri"] for track in playlists[one]["tracks"]}) >= _LEAST_TRACKS
    ]
    return set(long[:_TEST])


def describe(folder: Path, catalogue: Path) -> None:
    """Say in the catalogue how tracks sound and when they came out, and of which genres artists are."""
    known = store.load(catalogue)
    songs = _songs(folder).unique(["artist_key", "title_key"], keep="first", maintain_order=True)
    tracks = known.tracks.select("track_id", "title", "artist_key", "title_key").join(
        songs.drop("track_id"), on=["artist_key", "title_key"], how="inner"
    )
    genres = pl.read_csv(_file(folder / "mpd-7k" / "artist_genres.csv")).filter(pl.col("name").is_not_null())
    listed = genres.select(
        names.artist_key(pl.col("name")).alias("key"),
        "followers",
        pl.Series("genres", [ast.literal_eval(one) for one in genres["genres"]], pl.List(pl.String)),
    )
    listed = listed.sort("followers", descending=True).unique("key", keep="first", maintain_order=True)
    keyed = known.artists.select("artist_id", "name", names.artist_key(pl.col("name")).alias("key"))
    artists = keyed.join(listed, on="key", how="inner").select("artist_id", "name", "genres")
    store.extend(catalogue, tracks.select("track_id", "title", "release_date", *_SOUND.values()), artists)


def deezer(folder: Path, catalog: Catalog, splits: Sequence[str]) -> pl.DataFrame:
    """Return `number`, `valence` and `arousal` of the recordings of the catalogue that some splits label."""
    parts = [pl.read_csv(_file(folder / "deezer-mood" / f"{split}.csv")) for split in splits]
    labels = pl.concat(parts).select(
        names.artist_key(pl.col("artist_name")).alias("artist_key"),
        names.title_key(pl.col("track_name")).alias("title_key"),
        "valence",
        "arousal",
    )
    return _recordings(catalog, labels.unique(["artist_key", "title_key"], keep="first", maintain_order=True))


def _genres(folder: Path, catalog: Catalog) -> dict[str, NDArray[np.int32]]:
    """Return the recordings of each genre of spotify-songs; one may be of several."""
    pairs = _songs(folder).select("artist_key", "title_key", "playlist_genre").unique(maintain_order=True)
    found = _recordings(catalog, pairs)
    return {
        genre: np.unique(found.filter(pl.col("playlist_genre") == genre)["number"].to_numpy())
        for genre in GENRES.values()
    }


def _recordings(catalog: Catalog, labels: pl.DataFrame) -> pl.DataFrame:
    own = catalog.tracks.filter(pl.col("canonical") == pl.col("number")).select("number", "artist_key", "title_key")
    return own.join(labels, on=["artist_key", "title_key"], how="inner").drop("artist_key", "title_key").sort("number")


def _songs(folder: Path) -> pl.DataFrame:
    """Return the songs with keys, sound in the catalogue's columns, and `playlist_genre`, a row for each playlist."""
    with zipfile.ZipFile(_file(folder / "spotify-songs" / "spotify_songs.zip")) as archive:
        songs = pl.read_csv(archive.read("spotify_songs.csv"), infer_schema_length=None)
    date = pl.col("track_album_release_date")
    whole = date + pl.when(date.str.len_chars() == 4).then(pl.lit("-01-01")).when(date.str.len_chars() == 7).then(
        pl.lit("-01")
    ).otherwise(pl.lit(""))
    return songs.filter(pl.col("track_name").is_not_null()).select(
        "track_id",
        names.artist_key(pl.col("track_artist")).alias("artist_key"),
        names.title_key(pl.col("track_name")).alias("title_key"),
        whole.str.to_date(strict=False).alias("release_date"),
        *(pl.col(theirs).alias(ours) for theirs, ours in _SOUND.items()),
        "playlist_genre",
    )


def _file(path: Path) -> Path:
    if not path.is_file():
        raise BadInput(f"there is no {path}; SEGUE_DATASETS names the folder that holds the data sets")
    return path
