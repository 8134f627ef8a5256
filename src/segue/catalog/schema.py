# SPDX-License-Identifier: Apache-2.0
"""The columns of the catalogue's three tables."""

import polars as pl

__all__ = ["ALBUMS", "ARTISTS", "ARTISTS_STORED", "SOUND", "TRACKS", "TRACKS_STORED"]

TRACKS = pl.Schema(
    {
        "track_id": pl.String(),  # the source's own id, kept as given
        "kind": pl.String(),  # an ItemKind (null: track)
        "title": pl.String(),
        "artist_id": pl.String(),  # null: derived from artist_name
        "artist_name": pl.String(),
        "album_id": pl.String(),
        "album_name": pl.String(),
        "release_date": pl.Date(),
        "duration_ms": pl.Int64(),
        "genres": pl.List(pl.String()),
        "tempo_bpm": pl.Float32(),
        "key": pl.Int8(),  # pitch class, 0 = C … 11 = B
        "mode": pl.Int8(),  # 1 = major, 0 = minor
        "energy": pl.Float32(),  # 0–1
        "valence": pl.Float32(),  # 0–1, sad to glad
        "danceability": pl.Float32(),  # 0–1
        "acousticness": pl.Float32(),  # 0–1
        "instrumentalness": pl.Float32(),  # 0–1: how likely it has no words
        "speechiness": pl.Float32(),  # 0–1
        "loudness_db": pl.Float32(),  # integrated, 0 is full scale
        "timbre": pl.List(pl.Float32()),  # mean cepstrum, as long for every track of a catalogue
        "embedding": pl.List(pl.Float32()),  # of an audio model, as long for every track of a catalogue
        "mood": pl.String(),
        "instrumentation": pl.List(pl.String()),
        "language": pl.String(),  # ISO 639-1
        "region": pl.String(),  # of origin, ISO 3166
        "explicit": pl.Boolean(),
        "age_rating": pl.Int8(),  # youngest listeners that it is for, in years
        "position": pl.Int32(),  # place in its album, show or book, from 1
        "available": pl.Boolean(),  # null: yes
        "popularity": pl.Float32(),  # as the source states it, 0–1
        "isrc": pl.String(),
        "mbid": pl.String(),
    }
)
"""What an importer may say of a track. Only `track_id` and `title` must be there."""

SOUND = (
    "tempo_bpm", "key", "mode", "energy", "valence", "danceability", "acousticness", "instrumentalness", "speechiness",
    "loudness_db", "timbre", "embedding",
)  # fmt: skip
"""What is true of a recording, whatever album, file or service it comes from."""

TRACKS_STORED = pl.Schema(
    {
        **TRACKS,
        "number": pl.Int32(),  # permanent; row index of the table
        "canonical": pl.Int32(),  # number of the recording that this one repeats; its own where it repeats none
        "artist_number": pl.Int32(),  # permanent; row index of the artists' table
        "artist_key": pl.String(),  # `names.artist_key`
        "title_key": pl.String(),  # `names.title_key`
        "language_detected": pl.String(),  # ISO 639-1, told from titles; null where the source states one, or unsure
    }
)
"""The tracks' table as stored: row i is the track with number i."""

ARTISTS = pl.Schema(
    {
        "artist_id": pl.String(),
        "name": pl.String(),
        "genres": pl.List(pl.String()),
        "region": pl.String(),
        "gender": pl.String(),  # where the source states it
        "popularity": pl.Float32(),
        "mbid": pl.String(),
    }
)

ARTISTS_STORED = pl.Schema({**ARTISTS, "artist_key": pl.String()})  # `names.artist_key`
"""The artists' table as stored: row j is the artist with number j."""

ALBUMS = pl.Schema(
    {
        "album_id": pl.String(),
        "title": pl.String(),
        "artist_id": pl.String(),
        "release_date": pl.Date(),
        "mbid": pl.String(),
    }
)
