# SPDX-License-Identifier: Apache-2.0
"""Published tables of sound and of genres, over published playlists that know neither."""

import zipfile
from pathlib import Path

import numpy as np
import pytest

from segue.importers.sources import build
from segue.types import Purpose
from segue.workspace import Workspace

SOUND = {
    "track_id": "track",
    "track_name": "track_title",
    "track_artist": "artist_name",
    "tempo": "tempo_bpm",
    "loudness": "loudness_db",
    "track_album_release_date": "release_date",
    "playlist_subgenre": "genres",
}
PEOPLE = {"uri": "artist_id", "name": "artist_name", "popularity": "popularity_percent"}


@pytest.mark.datasets
def test_tables_of_other_sources_describe_the_recordings_and_artists_of_playlists(
    datasets: Path, home: Path, tmp_path: Path
) -> None:
    workspace = Workspace.open(home, create=True)
    workspace.ingest(build("mpd"), datasets / "mpd-7k" / "playlists.jsonl.gz")
    with zipfile.ZipFile(datasets / "spotify-songs" / "spotify_songs.zip") as archive:
        (only,) = archive.namelist()
        (tmp_path / "songs.csv").write_bytes(archive.read(only))
    sound = workspace.ingest(build("catalogue", mapping=SOUND), tmp_path / "songs.csv")
    people = build("catalogue", mapping=PEOPLE, kind="artist")
    genres = workspace.ingest(people, datasets / "mpd-7k" / "artist_genres.csv")
    assert (sound.rows, sound.events, genres.rows, genres.events) == (32_833, 0, 38_723, 0)
    assert sound.enriched > 8_400
    assert genres.artists_enriched > 25_000
    catalog = workspace.catalog()
    own = catalog.canonical == np.arange(len(catalog))
    of_playlists = catalog.tracks["track_id"].str.starts_with("spotify:track:").to_numpy()
    assert (own & of_playlists & catalog.described["energy"].is_not_null().to_numpy()).sum() > 8_400
    named = workspace.door.read(Purpose.PERSONALISE, ["tracks"])["tracks"].explode()
    known = catalog.described_artists["genres"].gather(catalog.artist[catalog.join(named)])
    assert known.is_not_null().mean() > 0.9
    assert workspace.ingest(people, datasets / "mpd-7k" / "artist_genres.csv").artists_enriched == 0
    assert workspace.catalog().generation == catalog.generation
    workspace.sink.close()
