# SPDX-License-Identifier: Apache-2.0
"""A folder of music files as tracks: what their tags say, how they sound, and where a model puts them."""

import os
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import dataclass
from datetime import date
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic
from typing import Any

import polars as pl

from segue.catalog import names
from segue.catalog.schema import TRACKS
from segue.errors import BadInput, NotReady
from segue.events import schema
from segue.importers.audio.decoding import SUFFIXES
from segue.importers.audio.descriptors import VERSION
from segue.importers.audio.embedding import Embedder
from segue.importers.audio.memory import Memory
from segue.importers.audio.workers import Workers
from segue.importers.batch import Batch
from segue.importers.fields import mbid
from segue.stores import files

__all__ = ["Audio"]

_NEEDED = ("av", "librosa", "mutagen", "pyloudnorm")
_BATCH_S, _BATCH_FILES = 1.0, 2000
"""A batch is given after so long, or after so many files."""
_COLUMNS = (
    "track_id", "title", "artist_name", "album_id", "album_name", "release_date", "duration_ms", "genres", "tempo_bpm",
    "key", "mode", "energy", "loudness_db", "timbre", "embedding", "position", "isrc", "mbid",
)  # fmt: skip
_OF_TAGS = ("title", "artist_name", "album_name", "genres", "position", "isrc", "mbid")

_Row = dict[str, Any] | str
"""The columns of a track, or why there is none."""


@dataclass(frozen=True, slots=True)
class _File:
    path: Path
    name: str
    """Path inside the folder, with `/`, as text."""


class Audio:
    """Reads a folder of music files, or one file, in several processes; gives tracks and no events.

    A track's id is `audio:` and a digest of its compressed sound: it survives renaming, moving and tagging. A file that
    cannot be read is dropped, with the reason and the first such file.

    Args:
        model: An ONNX file that gives embeddings; `embedding.Embedder` says which.
        model_rate: Samples a second that the model takes.
        jobs: Processes; None: one a core.
        memory: Where what was found out is kept for the next time; None: nowhere.
    """

    name = "audio"

    def __init__(
        self,
        *,
        model: Path | None = None,
        model_rate: int | None = None,
        jobs: int | None = None,
        memory: Path | None = None,
    ):
        self._model = model
        self._model_rate = model_rate
        self._jobs = jobs or os.cpu_count() or 1
        self._memory = memory

    def read(self, path: Path) -> Iterator[Batch]:
        """Give the tracks of a folder in the order of their files' names, a batch about every second.

        Raises:
            NotReady: The extra `audio` is not installed.
            BadInput: There are no music files, or the model is none that can be used.
        """
        missing = [name for name in _NEEDED if find_spec(name) is None]
        if missing:
            raise NotReady(f"{missing[0]} is not installed, which reads music files: pip install 'segue[audio]'")
        found = _files(path)
        if not found:
            raise BadInput(f"{path} holds no music files ({', '.join(sorted(SUFFIXES))}); is it the right folder?")
        with ExitStack() as stack:
            place = self._memory or Path(stack.enter_context(TemporaryDirectory())) / "memory.sqlite"
            memory = stack.enter_context(closing(Memory(place)))
            pool = ThreadPoolExecutor(self._jobs)
            stack.callback(pool.shutdown, cancel_futures=True)
            ears = _Ears(memory, stack.enter_context(closing(Workers(self._jobs))), self._model, self._model_rate)
            yield from _batches(_in_order(pool, ears.row, found, ahead=8 * self._jobs), len(found))
            memory.forget_others(path.resolve(), [file.path for file in found])


class _Ears:
    """Find out about a file what is not known already."""

    def __init__(self, memory: Memory, workers: Workers, model: Path | None, rate: int | None):
        self._memory = memory
        self._workers = workers
        self._model: dict[str, Any] = {"model": None, "rate": None}
        self._how_embedded = ""
        if model is not None:
            embedder = Embedder(model, rate)  # what is wrong with it is said before hours of work
            self._model = {"model": str(model.resolve()), "rate": embedder.rate}
            self._how_embedded = f"model {files.checksum(model)} {embedder.rate}"

    def row(self, file: _File) -> _Row:
        """Return the columns of a track, or why there is none."""
        try:
            return self._row(file)
        except BadInput as error:
            return str(error)

    def _row(self, file: _File) -> dict[str, Any]:
        try:
            stat = file.path.stat()
        except OSError as error:
            raise BadInput("may not be read") from error
        known = self._memory.identity(file.path, stat)
        if known is None:
            known = self._workers.ask({"do": "identify", "path": str(file.path), "name": file.name})
            self._memory.keep_identity(file.path, stat, known)
        heard = self._heard(file, known["digest"], known["duration_ms"])
        tags = known["tags"]
        return {
            **{name: tags.get(name) for name in _OF_TAGS},
            **heard,
            "track_id": f"audio:{known['digest']}",
            "duration_ms": known["duration_ms"],
            "release_date": date.fromisoformat(tags["release_date"]) if "release_date" in tags else None,
            "album_artist": tags.get("album_artist"),
            "artist_mbid": tags.get("artist_mbid"),
            "album_mbid": tags.get("album_mbid"),
        }

    def _heard(self, file: _File, digest: str, duration_ms: int) -> dict[str, Any]:
        how_described = f"sound {VERSION}"
        sound = self._memory.heard(digest, how_described)
        embedding = self._memory.heard(digest, self._how_embedded) if self._how_embedded else [None]
        if sound is None or embedding is None:
            model = self._model if embedding is None else {"model": None, "rate": None}
            request = {"do": "hear", "path": str(file.path), "duration_ms": duration_ms, "sound": sound is None}
            said = self._workers.ask({**request, **model})
            if sound is None:
                sound = [said["sound"]]
                self._memory.keep_heard(digest, how_described, said["sound"])
            if embedding is None:
                embedding = [said["embedding"]]
                self._memory.keep_heard(digest, self._how_embedded, said["embedding"])
        return {**sound[0], "embedding": embedding[0]}


def _files(path: Path) -> list[_File]:
    """Return the music files of a folder, in the order of their paths; hidden ones are none."""
    top = path.resolve()
    if not top.is_dir():
        return [_file(top, top.parent)] if top.suffix.lower() in SUFFIXES else []
    found = []
    for here, folders, inside in os.walk(top):
        folders[:] = [name for name in folders if not name.startswith(".")]
        found += [Path(here, name) for name in inside if not name.startswith(".")]
    return [_file(one, top) for one in sorted(found) if one.suffix.lower() in SUFFIXES]


def _file(path: Path, top: Path) -> _File:
    return _File(path, os.fsencode(path.relative_to(top)).decode("utf-8", "replace"))


def _in_order(
    pool: ThreadPoolExecutor, work: Callable[[_File], _Row], todo: Iterable[_File], ahead: int
) -> Iterator[tuple[_File, _Row]]:
    """Give each file with what the work makes of it, in order, while so many more are worked on or done."""
    waiting: deque[tuple[_File, Future[_Row]]] = deque()
    for file in todo:
        waiting.append((file, pool.submit(work, file)))
        if len(waiting) > ahead:
            first, done = waiting.popleft()
            yield first, done.result()
    for file, done in waiting:
        yield file, done.result()


def _batches(rows: Iterable[tuple[_File, _Row]], total: int) -> Iterator[Batch]:
    first: dict[str, str] = {}
    tracks: list[dict[str, Any]] = []
    dropped, seen, since = Counter[str](), 0, monotonic()
    for file, row in rows:
        seen += 1
        if isinstance(row, str):
            dropped[f"{row} (first: {first.setdefault(row, file.name)})"] += 1
        else:
            tracks.append(row)
        if seen == _BATCH_FILES or monotonic() - since > _BATCH_S:
            yield _batch(tracks, seen, dropped, total)
            tracks, dropped, seen, since = [], Counter(), 0, monotonic()
    if seen:
        yield _batch(tracks, seen, dropped, total)


def _batch(rows: list[dict[str, Any]], seen: int, dropped: Counter[str], total: int) -> Batch:
    """Translate rows as `_Ears.row` makes them."""
    ids = dict.fromkeys(("album_artist", "artist_mbid", "album_mbid"), pl.String)
    columns = {name: TRACKS[name] for name in _COLUMNS if name != "album_id"} | ids
    frame = pl.DataFrame(rows, schema=columns)
    frame = frame.with_columns(
        pl.col("isrc").str.replace_all(r"[\s-]", "").str.to_uppercase(),
        *(mbid(frame[name]) for name in ("mbid", "artist_mbid", "album_mbid")),
    ).with_columns(("mbid:" + pl.col("album_mbid")).alias("album_id"))
    return Batch(
        rows=seen,
        events=schema.empty(),
        tracks=frame.select(_COLUMNS),
        artists=_artists(frame),
        albums=_albums(frame),
        dropped=dict(dropped),
        total=total,
    )


def _artists(frame: pl.DataFrame) -> pl.DataFrame:
    """Return artists whose MusicBrainz id is known, by the id that the catalogue derives from their name."""
    known = frame.filter(pl.col("artist_mbid").is_not_null(), pl.col("artist_name").is_not_null())
    return known.select(
        names.artist_id(pl.col("artist_name")).alias("artist_id"),
        pl.col("artist_name").alias("name"),
        pl.col("artist_mbid").alias("mbid"),
    )


def _albums(frame: pl.DataFrame) -> pl.DataFrame:
    known = frame.filter(pl.col("album_id").is_not_null(), pl.col("album_name").is_not_null())
    return known.select(
        "album_id",
        pl.col("album_name").alias("title"),
        names.artist_id(pl.coalesce("album_artist", "artist_name")).alias("artist_id"),
        "release_date",
        pl.col("album_mbid").alias("mbid"),
    )
