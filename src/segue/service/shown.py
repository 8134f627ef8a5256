# SPDX-License-Identifier: Apache-2.0
"""What was shown, found again by its id: the impression of an answer, and a playlist with all that is known of it."""

from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import polars as pl

from segue.catalog.store import Catalog
from segue.importers.audio.memory import Memory
from segue.models.sound import SOUND
from segue.playlists.playlist import Playlist, PlaylistTrack, camelot, key_name
from segue.privacy.door import Door
from segue.registry.snapshot import Snapshot
from segue.service import kept as kept_slates
from segue.stores.playlists import Kept
from segue.types import EventType, Pick, Purpose

__all__ = ["files", "impression", "playlist"]

_OWN = "audio:"
"""What the ids of the user's own files begin with; a digest follows."""

_BESIDE = ("tracks", "scores", "sources", "reason_seeds", "reason_codes", "reason_others")
_COLUMNS = ("listener", "occurred_at", "recipe", "rung", "snapshot", *_BESIDE)


def impression(door: Door, identity: str) -> Kept | None:
    """Return an answer as its impression has it, under the id that the answer named; None: there is none.

    One that was shown to a listener is found as long as they allow personal answers; of one that was shown to nobody
    in particular, `Kept.listener` is empty.
    """
    shown = door.read(Purpose.PERSONALISE, _COLUMNS, types=[EventType.IMPRESSION], event_ids=[f"impression-{identity}"])
    if shown.is_empty():
        return None
    row = shown.row(0, named=True)
    size = len(row["tracks"])
    beside = [row[name] or [None] * size for name in _BESIDE]
    picks = tuple(
        Pick(track, score or 0.0, source or code or "", seed, code or "", other)
        for track, score, source, seed, code, other in zip(*beside, strict=True)
    )
    whole = (row["rung"] or "", row["recipe"] or "", row["snapshot"] or "", (), picks)
    return Kept(row["listener"] or "", row["recipe"] or "", "", row["occurred_at"].isoformat(), *whole)


def playlist(identity: str, kept: Kept, snapshot: Snapshot, language: str | None = None) -> Playlist:
    """Return what was kept as a playlist, with how its tracks sound; what the catalogue does not know is left out.

    Args:
        identity: What it is called by.
        kept: What was made.
        snapshot: Knows the tracks.
        language: Of the reasons; None: English.
    """
    catalog, sound = snapshot.catalog, snapshot.sound
    there = catalog.numbers(pick.track for pick in kept.picks) >= 0
    kept = replace(kept, picks=tuple(pick for pick, so in zip(kept.picks, there.tolist(), strict=True) if so))
    slate = kept_slates.slate(kept, catalog, language)
    numbers = catalog.numbers(track.track for track in slate.tracks)
    told = catalog.described[numbers].select(
        "album_name", pl.when(pl.col("duration_ms") > 0).then("duration_ms"), "mbid"
    )
    own = catalog.canonical[numbers]
    columns = {name: sound[name][own].tolist() for name in ("energy", "tempo", "key", "mode")}
    known = {name: sound.known[own, SOUND.index(name)].tolist() for name in columns}
    tracks = []
    for place, (track, (album, length, mbid)) in enumerate(zip(slate.tracks, told.iter_rows(), strict=True)):
        heard = {name: None if values[place] != values[place] else values[place] for name, values in columns.items()}
        energy, tempo = heard["energy"], heard["tempo"]
        guessed = tuple(name for name in ("energy", "tempo") if heard[name] is not None and not known[name][place])
        key = None if heard["key"] is None else int(heard["key"])
        mode = None if heard["mode"] is None else int(heard["mode"])
        tracks.append(
            PlaylistTrack(
                track,
                album,
                length,
                mbid,
                None if energy is None else round(energy, 3),
                None if tempo is None else round(2**tempo, 1),
                None if key is None else key_name(key, mode),
                None if key is None or mode is None else camelot(key, mode),
                guessed,
            )
        )
    title = f"{(kept.recipe or kept.name).capitalize()}, {(kept.edition or kept.made_at)[:10]}"
    whole = (kept.made_at, slate.recipe, slate.rung.value, slate.snapshot, tuple(tracks), tuple(slate.notes))
    return Playlist(identity, title, *whole)


def files(memory: Path, tracks: Sequence[str], catalog: Catalog) -> dict[str, Path]:
    """Return where the user's own files of some tracks lie, by track id: of the very track, or of another edition.

    Args:
        memory: What the import of music files remembers.
        tracks: Ids.
        catalog: Knows the editions.
    """
    if not memory.is_file():
        return {}
    asked = pl.DataFrame({"asked": tracks, "canonical": catalog.canonical[catalog.numbers(tracks)]})
    own = catalog.tracks.filter(pl.col("track_id").str.starts_with(_OWN)).select("track_id", "canonical")
    found = asked.join(own, on="canonical").group_by("asked").agg("track_id")
    digests = {track: [one.removeprefix(_OWN) for one in some] for track, some in found.iter_rows()}
    with closing(Memory(memory)) as known:
        paths = known.paths({digest for some in digests.values() for digest in some})
    there = {track: [paths[digest] for digest in some if digest in paths] for track, some in digests.items()}
    return {track: min(some) for track, some in there.items() if some}
