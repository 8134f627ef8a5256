# SPDX-License-Identifier: Apache-2.0
"""The data sets as their publishers cut them, or as their protocol says to."""

import gzip
import zipfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from segue.dataset.matrices import Dataset, Interactions, Vocabulary
from segue.errors import BadInput
from segue.evaluation.protocol import Split, Task
from segue.kernels.ragged import Ragged

__all__ = ["hetrec", "lightgcnpp", "nowplaying", "s3rec"]


def lightgcnpp(folder: Path, seed: int) -> Split:  # noqa: ARG001 (the publishers' own cut)
    """Read the split of the LightGCN++ paper: a line is a user and its items. Only what was trained on is masked."""
    parts = {}
    for name in ("train", "valid", "test"):
        lines = _file(folder / "lastfm-lightgcnpp" / f"{name}.txt").read_text("utf-8").splitlines()
        parts[name] = {int(user): [int(item) for item in items] for user, *items in map(str.split, lines)}
    users = 1 + max(max(part) for part in parts.values())
    items = 1 + max(item for part in parts.values() for row in part.values() for item in row)
    rows = {name: Ragged.of([part.get(user, []) for user in range(users)]) for name, part in parts.items()}
    known = rows["train"]
    return Split(_of_rows(known, items), Task(known, known, rows["valid"]), Task(known, known, rows["test"]))


def hetrec(folder: Path, seed: int) -> Split:
    """Cut each user's artists 8:1:1 at random, as RecBole does; the test is told training and validation."""
    (path,) = sorted((folder / "hetrec").glob("*.zip")) or [folder / "hetrec" / "hetrec2011-lastfm-2k.zip"]
    with zipfile.ZipFile(_file(path)) as archive, archive.open("user_artists.dat") as file:
        pairs = pl.read_csv(file.read(), separator="\t", columns=["userID", "artistID"])
    user, item = (pairs[name].rank("dense").to_numpy().astype(np.int64) - 1 for name in pairs.columns)
    rng = np.random.Generator(np.random.PCG64(seed))
    order = np.lexsort((rng.random(len(user)), user))
    user, item = user[order], item[order].astype(np.int32)
    counts = np.bincount(user)
    place = np.arange(len(user)) - np.repeat(counts.cumsum() - counts, counts)
    tenth = (counts // 10)[user]  # RecBole: a part's size is rounded down, training takes what is left
    part = np.where(place >= counts[user] - tenth, 2, np.where(place >= counts[user] - 2 * tenth, 1, 0))
    train, valid, test = (_ragged(user[part == one], item[part == one], len(counts)) for one in range(3))
    told = train.concat(valid)
    data = _of_rows(train, int(item.max()) + 1)
    return Split(data, Task(train, train, valid), Task(train, told, test), masks_validation=True)


def nowplaying(folder: Path, seed: int) -> Split:
    """Read the published cut: a training session a line, then test prefixes with what came next.

    Settings are chosen on prefixes of the last twentieth of the training sessions, a sample of 20,000.
    """
    sessions = [list(map(int, line.split())) for line in _lines(folder / "nowplaying" / "train.txt.gz")]
    asked = [line.partition("\t")[::2] for line in _lines(folder / "nowplaying" / "test.txt.gz")]
    test = [(list(map(int, prefix.split())), int(item)) for prefix, item in asked]
    items = 1 + max(max(map(max, sessions)), max(item for _, item in test), max(max(prefix) for prefix, _ in test))
    early, late = sessions[: -len(sessions) // 20], sessions[-len(sessions) // 20 :]
    prefixes = [(row[:at], row[at]) for row in late for at in range(1, len(row))]
    rng = np.random.Generator(np.random.PCG64(seed))
    sample = [prefixes[at] for at in rng.permutation(len(prefixes))[:20_000]]
    return Split(
        _of_sessions(sessions, items), _next(sample), _next(test), tuning=_of_sessions(early, items), aligned=False
    )


def s3rec(folder: Path, seed: int) -> Split:
    """Cut each sequence as S3-Rec does: the last item is the test's, the one before it validation's.

    The test ranks the last item among the 99 others that the publishers drew, told all before it. Validation draws 99
    anew, from the items that are not in the sequence.
    """
    lines, others = (
        [list(map(int, line.split()))[1:] for line in _file(folder / "lastfm-s3rec" / name).read_text().splitlines()]
        for name in ("LastFM.txt", "LastFM_sample.txt")
    )
    items = 1 + max(max(map(max, lines)), max(map(max, others)))
    rng = np.random.Generator(np.random.PCG64(seed))
    drawn = [rng.permutation(np.setdiff1d(np.arange(1, items), row))[:99].tolist() for row in lines]
    data = _of_rows(Ragged.of([row[:-2] for row in lines]), items)
    return Split(data, _last_among(lines, drawn, 2), _last_among(lines, others, 1))


def _last_among(lines: Sequence[list[int]], others: Sequence[list[int]], back: int) -> Task:
    """Ask for the item that stands `back` from the end of each line, among others, told all before it."""
    told, wanted = Ragged.of([row[:-back] for row in lines]), [row[-back] for row in lines]
    among = Ragged.of([[*few, one] for few, one in zip(others, wanted, strict=True)])
    return Task(told, told, Ragged.of([[one] for one in wanted]), candidates=among)


def _next(asked: Sequence[tuple[list[int], int]]) -> Task:
    history = Ragged.of([prefix for prefix, _ in asked])
    return Task(history, Ragged.empty(len(asked)), Ragged.of([[item] for _, item in asked]), repeats=True)


def _of_sessions(sessions: Sequence[Sequence[int]], items: int) -> Dataset:
    rows = Ragged.of(sessions)
    vocabulary = Vocabulary(_names(items), np.arange(items, dtype=np.int32), np.arange(items, dtype=np.int32))
    return Dataset(vocabulary, sessions=Interactions(_names(len(rows)), rows.offsets, rows.values, rows.weights))


def _of_rows(rows: Ragged, items: int) -> Dataset:
    """Return a dataset of listeners; ids are numbers with leading zeros, so that their order is that of the numbers."""
    vocabulary = Vocabulary(_names(items), np.arange(items, dtype=np.int32), np.arange(items, dtype=np.int32))
    listeners = Interactions(_names(len(rows)), rows.offsets, rows.values, rows.weights)
    return Dataset(vocabulary, listeners=listeners)


def _ragged(user: NDArray[np.int64], item: NDArray[np.int32], users: int) -> Ragged:
    offsets = np.concatenate([[0], np.bincount(user, minlength=users).cumsum()])
    return Ragged(offsets, item, np.ones(len(item), np.float32))


def _names(count: int) -> pl.Series:
    return pl.Series([f"{number:07d}" for number in range(count)], dtype=pl.String)


def _lines(path: Path) -> list[str]:
    with gzip.open(_file(path), "rt", encoding="utf-8") as file:
        return file.read().splitlines()


def _file(path: Path) -> Path:
    if not path.is_file():
        raise BadInput(f"there is no {path}; SEGUE_DATASETS names the folder that holds the data sets")
    return path
