# SPDX-License-Identifier: Apache-2.0
"""Playlists of the Million Playlist Dataset: Segue, trained and asked as its users do, beside its peers."""

import gzip
import json
import re
import resource
import tempfile
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from segue.catalog import store
from segue.dataset import build
from segue.dataset.matrices import Dataset
from segue.errors import BadInput
from segue.evaluation import accuracy, beyond
from segue.events.sink import Sink
from segue.importers.mpd import Mpd
from segue.jobs import ingest, train
from segue.jobs.benchmark.rows import Row, over_seeds
from segue.kernels.ragged import Ragged, places
from segue.models.als import ImplicitALS, ImplicitALSConfig
from segue.models.artist import SameArtist
from segue.models.item2vec import Item2Vec
from segue.models.knn import ItemKnn, ItemKnnConfig
from segue.models.model import Model, Ranked
from segue.models.popularity import Popularity, PopularityConfig
from segue.privacy.door import Door
from segue.registry.current import Current
from segue.service.answer import Service
from segue.service.histories import Histories
from segue.settings import Settings
from segue.types import Ask, Kind, Slate

__all__ = ["MEASURES", "MODELS", "PROTOCOL", "rows", "title_neighbours"]

PROTOCOL = (
    "700 playlists of at least 30 known tracks are held out whole; given are the first 1 (radio), 5 or 25 tracks, or "
    "the title alone; the rest is to be found"
)
_SINGLE: Mapping[str, Callable[[], Model]] = {
    "popularity": lambda: Popularity(PopularityConfig(half_life_days=None)),
    "same artist": SameArtist,
    "item2vec": Item2Vec,
    "textbook cosine kNN": lambda: ItemKnn(
        ItemKnnConfig(asked_exponent=1.0, found_exponent=1.0, row_damping=0.0, neighbours=200)
    ),
    "co-occurrence kNN": lambda: ItemKnn(
        ItemKnnConfig(asked_exponent=0.0, found_exponent=0.0, row_damping=0.0, neighbours=1000)
    ),
    "implicit ALS": lambda: ImplicitALS(ImplicitALSConfig(factors=128, alpha=20.0, regularization=50.0, frequency=0.0)),
}
_SIMPLE, _TITLES, _OURS = "simple blend", "title kNN", "segue"
_BLENDED = ("co-occurrence kNN", "implicit ALS", "same artist")
MODELS = (*_SINGLE, _SIMPLE, _TITLES, _OURS)
"""Rows of the table: each peer alone, the blend of three of them, and what Segue answers."""

MEASURES = (
    "radio N@30", "radio HR@30", "radio artists", "5 N@500", "5 clicks", "25 N@500", "25 clicks", "title N@500",
)  # fmt: skip

_TEST, _VALIDATION = 700, 700
_LEAST_TRACKS = 30
_NEAREST = 200
_GIVEN = (1, 5, 25)
_DEEP, _RADIO = 500, 30
_WEIGHTS = [(als, artist) for als in (0.3, 0.45, 0.6, 0.75) for artist in (0.0, 0.1, 0.2, 0.3, 0.45)]
"""Weights of the simple blend that are tried on validation; co-occurrence has what ALS leaves of 1."""


@dataclass(frozen=True, slots=True)
class _Question:
    """Q playlists of which the first tracks are given, in items of a dataset."""

    given: int
    seeds: Ragged
    relevant: Ragged


@dataclass(frozen=True, slots=True)
class _World:
    """A workspace that holds all but the test playlists, trained."""

    home: Path
    door: Door
    settings: Settings
    data: Dataset
    test: Ragged
    """Rows of items that training knows, in the order of the playlist, each once."""
    titles: list[str]
    """Of the rows of `test`."""
    seconds: float


def rows(folder: Path, models: Sequence[str], seeds: int) -> list[Row]:
    """Return the wanted rows, each the mean over several cuts."""
    figures: dict[str, list[dict[str, float]]] = {model: [] for model in models}
    seconds: dict[str, list[float]] = {model: [] for model in models}
    settings: dict[str, dict[str, Any]] = {}
    query_ms = None
    for seed in range(seeds):
        with _world(_file(folder), seed) as world:
            questions = [_question(world.test, given) for given in _GIVEN]
            peers = {name: make for name, make in _SINGLE.items() if name in models or _SIMPLE in models}
            lists: dict[str, list[Ranked]] = {}
            for name, make in peers.items():
                model = make()
                began = perf_counter()
                model.fit(world.data, seed=seed)
                if name in models:
                    seconds[name].append(perf_counter() - began)
                lists[name] = [model.recommend(one.seeds, one.seeds, _DEEP, parallel=True) for one in questions]
            if _SIMPLE in models:
                weights = _tuned(world.data, seed)
                settings[_SIMPLE] = {f"{given} given": weight for given, weight in weights.items()}
                lists[_SIMPLE] = [
                    _blend([lists[name][place] for name in _BLENDED], weights[one.given], len(world.data.items))
                    for place, one in enumerate(questions)
                ]
            if _OURS in models:
                answers, query_ms = _asked(world, questions)
                seconds[_OURS].append(world.seconds)
                lists[_OURS] = answers
            by_title: dict[str, NDArray[np.int32]] = {}
            if "popularity" in models:
                nothing = Ragged.empty(len(world.test))
                model = _SINGLE["popularity"]()
                model.fit(world.data, seed=seed)
                by_title["popularity"] = model.recommend(nothing, nothing, _DEEP)[0]
            if _TITLES in models:
                by_title[_TITLES] = title_neighbours(world.data, world.titles)
            if _OURS in models:
                by_title[_OURS] = _asked_by_title(world)
            for name in models:
                found = [ranked for ranked, _ in lists.get(name, [])]
                one = _figures(world.data, questions, found) if found else {}
                if name in by_title:
                    one["title N@500"] = accuracy.mean(accuracy.ndcg(by_title[name], world.test, _DEEP))
                figures[name].append(one)
    peak = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000)
    made = []
    for name in models:
        means, spread = over_seeds(figures[name])
        took = round(float(np.mean(seconds[name])), 2) if seconds[name] else None
        tried = len(_WEIGHTS) if name == _SIMPLE else 1
        fast = query_ms if name == _OURS else None
        made.append(Row(name, "ours", means, spread, took, fast, peak, settings.get(name, {}), tried))
    return made


def _file(folder: Path) -> Path:
    path = folder / "mpd-7k" / "playlists.jsonl.gz"
    if not path.is_file():
        raise BadInput(f"there is no {path}; SEGUE_DATASETS names the folder that holds the data sets")
    return path


@contextmanager
def _world(path: Path, seed: int) -> Iterator[_World]:
    """Give a trained workspace, in a folder that is gone afterwards."""
    with gzip.open(path, "rt", encoding="utf-8") as file:
        playlists = [json.loads(line) for line in file]
    rng = np.random.Generator(np.random.PCG64(seed))
    long = [place for place in rng.permutation(len(playlists)) if _tracks(playlists[place]) >= _LEAST_TRACKS]
    test = set(long[:_TEST])
    with tempfile.TemporaryDirectory(prefix="segue-benchmark-") as folder:
        home = Path(folder)
        known = home / "known.jsonl"
        with known.open("w", encoding="utf-8") as file:
            file.writelines(json.dumps(one) + "\n" for place, one in enumerate(playlists) if place not in test)
        settings = Settings()
        with closing(Sink(home / "events")) as sink:
            yield _trained(home, known, sink, settings, playlists, test)


def _trained(
    home: Path, known: Path, sink: Sink, settings: Settings, playlists: Sequence[Mapping[str, Any]], test: set[int]
) -> _World:
    """Import what is known, train, and read the test playlists as items of what was learned from."""
    ingest.ingest(home, Mpd(), known, sink, settings.ingest)
    door = Door.open(home / "events", settings.consent)
    began = perf_counter()
    train.train(home, door, settings, datetime.now(UTC))
    seconds = perf_counter() - began
    catalog = store.load(home / "catalog")
    data = build.build(build.read(door), catalog, settings.dataset)
    held, titles = [], []
    for place in sorted(test):
        numbers = catalog.numbers([track["track_uri"] for track in playlists[place]["tracks"]])
        items = data.items.index[catalog.canonical[numbers[numbers >= 0]]]
        _, first = np.unique(items, return_index=True)
        items = items[np.sort(first)]
        if (items >= 0).sum() >= _LEAST_TRACKS:
            held.append(items[items >= 0])
            titles.append(playlists[place]["name"])
    return _World(home, door, settings, data, Ragged.of(held), titles, seconds)


def _tracks(playlist: Mapping[str, Any]) -> int:
    return len({track["track_uri"] for track in playlist["tracks"]})


def _question(rows_: Ragged, given: int) -> _Question:
    place = places(rows_.offsets)
    return _Question(given, rows_.keep(place < given), rows_.keep(place >= given))


def _asked(world: _World, questions: Sequence[_Question]) -> tuple[list[Ranked], float]:
    """Return what Segue answers: a radio to one track, a continuation to more; and the median time of one answer."""
    service = _service(world)
    answers = []
    now = datetime.now(UTC)
    for question in questions:
        kind, limit = (Kind.RADIO, _RADIO) if question.given == 1 else (Kind.CONTINUE, _DEEP)
        asks = [
            Ask(str(row), kind, tuple(world.data.items.ids.gather(question.seeds.row(row))), limit=limit, now=now)
            for row in range(len(question.seeds))
        ]
        answers.append(_ranked(service.answer(asks, parallel=True).slates, world, limit))
        if question.given == 1:
            taken = []
            for ask in asks[:100]:
                began = perf_counter()
                service.answer([ask])
                taken.append(perf_counter() - began)
    return answers, round(float(np.median(taken)) * 1000, 2)


def _asked_by_title(world: _World) -> NDArray[np.int32]:
    """Return the continuations of each title, without a track."""
    asks = [
        Ask(str(row), Kind.CONTINUE, title=title, limit=_DEEP, now=datetime.now(UTC))
        for row, title in enumerate(world.titles)
    ]
    return _ranked(_service(world).answer(asks, parallel=True).slates, world, _DEEP)[0]


def _service(world: _World) -> Service:
    histories = Histories(world.door, world.settings.dataset.signals)
    return Service(Current(world.home), world.door, world.settings.recipes, histories)


def _ranked(slates: Sequence[Any], world: _World, limit: int) -> Ranked:
    place = {track: item for item, track in enumerate(world.data.items.ids)}
    items = np.full((len(slates), limit), -1, np.int32)
    scores = np.full((len(slates), limit), -np.inf, np.float32)
    for row, slate in enumerate(slates):
        assert isinstance(slate, Slate)
        items[row, : len(slate.tracks)] = [place.get(one.track, -1) for one in slate.tracks]
        scores[row, : len(slate.tracks)] = [one.score for one in slate.tracks]
    return items, scores


def _tuned(data: Dataset, seed: int) -> dict[int, tuple[float, float]]:
    """Return the weights of the simple blend, by tracks given, that do best on playlists held out of training."""
    playlists = data.playlists
    assert playlists is not None
    rng = np.random.Generator(np.random.PCG64(seed))
    order = rng.permutation(len(playlists))
    known = playlists.take(np.sort(order[_VALIDATION:]))
    learned = Dataset(data.items, playlists=known)
    models = {name: _SINGLE[name]() for name in _BLENDED}
    for model in models.values():
        model.fit(learned, seed=seed)
    heard = np.bincount(known.items, minlength=len(data.items)) > 0
    held = []
    for row in order[:_VALIDATION]:
        _, first = np.unique(playlists.row(row), return_index=True)
        items = playlists.row(row)[np.sort(first)]
        held.append(items[heard[items]])
    rows_ = Ragged.of([row for row in held if len(row) >= _LEAST_TRACKS])
    best = {}
    for given in _GIVEN:
        one = _question(rows_, given)
        lists = [model.recommend(one.seeds, one.seeds, _DEEP, parallel=True) for model in models.values()]
        depth = _RADIO if given == 1 else _DEEP
        best[given] = max(
            _WEIGHTS,
            key=lambda weight: accuracy.mean(
                accuracy.ndcg(_blend(lists, weight, len(data.items))[0], one.relevant, depth)
            ),
        )
    return best


def _blend(lists: Sequence[Ranked], weights: tuple[float, float], n: int) -> Ranked:
    """Return the lists of co-occurrence, ALS and same artist summed, each as a share of its best in the row."""
    als, artist = weights
    rows_ = len(lists[0][0])
    items = np.full((rows_, _DEEP), -1, np.int32)
    scores = np.full((rows_, _DEEP), -np.inf, np.float32)
    for row in range(rows_):
        total = np.zeros(n, np.float32)
        for (found, said), weight in zip(lists, (1 - als, als, artist), strict=True):
            listed = (found[row] >= 0) & (said[row] > 0)
            if listed.any():
                total[found[row][listed]] += weight * said[row][listed] / said[row][listed].max()
        there = np.flatnonzero(total)
        best = there[np.argsort(-total[there], kind="stable")][:_DEEP]
        items[row, : len(best)], scores[row, : len(best)] = best, total[best]
    return items, scores


def title_neighbours(data: Dataset, titles: Sequence[str]) -> NDArray[np.int32]:
    """Return what the 200 playlists of the likest titles hold most: TF-IDF of words and n-grams of 3 to 5, cosine."""
    playlists = data.playlists
    assert playlists is not None and playlists.titles is not None
    known = playlists.titles.fill_null("").to_list()
    numbers: dict[str, int] = {}
    parts = [[numbers.setdefault(part, len(numbers)) for part in _parts(title)] for title in [*known, *titles]]
    offsets = np.concatenate([[0], np.cumsum([len(row) for row in parts])])
    columns = np.array([part for row in parts for part in row], np.int32)
    matrix = sp.csr_matrix((np.ones(len(columns)), columns, offsets), shape=(len(parts), len(numbers)))
    held = np.bincount(matrix[: len(known)].indices, minlength=len(numbers))
    matrix = matrix.multiply(np.log((1 + len(known)) / (1 + held)) + 1).tocsr()
    norms = np.sqrt(np.asarray(matrix.multiply(matrix).sum(axis=1)).ravel())
    matrix = sp.diags(1 / np.maximum(norms, 1e-9)) @ matrix
    alike = (matrix[len(known) :] @ matrix[: len(known)].T).toarray()
    nearest = min(_NEAREST, len(known)) - 1
    alike[alike < -np.partition(-alike, nearest, axis=1)[:, [nearest]]] = 0
    rows_ = data.stacked(("playlists",))
    rows_.data[:] = 1
    popularity = np.bincount(rows_.indices, minlength=len(data.items))
    votes = sp.csr_matrix(alike) @ rows_
    found = np.full((len(titles), _DEEP), -1, np.int32)
    for row in range(len(titles)):
        said = votes[row].toarray().ravel() + popularity / popularity.max()
        best = np.argsort(-said, kind="stable")[:_DEEP]
        found[row, : len(best)] = best
    return found


def _parts(title: str) -> list[str]:
    words = re.findall(r"[^\W_]+", unicodedata.normalize("NFKC", title).casefold())
    padded = f" {' '.join(words)} "
    grams = {padded[at : at + n] for n in (3, 4, 5) for at in range(len(padded) - n + 1)}
    return [*sorted({f"w{word}" for word in words}), *sorted(grams)]


def _figures(data: Dataset, questions: Sequence[_Question], found: Sequence[NDArray[np.int32]]) -> dict[str, float]:
    figures: dict[str, float] = {}
    for one, ranked in zip(questions, found, strict=True):
        if one.given == 1:
            shown = ranked[:, :_RADIO]
            figures["radio N@30"] = accuracy.mean(accuracy.ndcg(shown, one.relevant, _RADIO))
            figures["radio HR@30"] = accuracy.mean(accuracy.hit_rate(shown, one.relevant, _RADIO))
            artists = [len(set(data.items.artists[row[row >= 0]].tolist())) for row in shown]
            figures["radio artists"] = float(np.mean(artists))
            matrix = data.stacked(("playlists",))
            popularity = np.bincount(matrix.indices, minlength=len(data.items)) / matrix.shape[0]
            figures["radio coverage"] = beyond.coverage(shown, len(data.items))
            figures["radio lift"] = accuracy.mean(beyond.popularity_lift(shown, one.seeds, popularity))
            figures["radio diversity"] = float(np.nanmean(beyond.intra_list_diversity(shown, matrix.T.tocsr())))
        else:
            figures[f"{one.given} N@500"] = accuracy.mean(accuracy.ndcg(ranked, one.relevant, _DEEP))
            figures[f"{one.given} clicks"] = accuracy.mean(accuracy.clicks(ranked, one.relevant))
    return figures
