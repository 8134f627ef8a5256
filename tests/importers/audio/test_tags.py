# SPDX-License-Identifier: Apache-2.0
from pathlib import Path
from typing import Any

import mutagen
import mutagen.id3
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue.importers.audio.tags import read

from .sounds import CODECS, noise, written

MBID, ARTIST, ALBUM = (f"{digit * 8}-1111-4111-8111-111111111111" for digit in "abc")
SAID = {
    "title": "Low Tide",
    "artist_name": "The Harbours",
    "album_name": "Moon",
    "album_artist": "Various",
    "release_date": "2014-05-01",
    "genres": ["Dream Pop", "Shoegaze"],
    "position": 3,
    "isrc": "GBAYE9200070",
    "mbid": MBID,
    "artist_mbid": ARTIST,
    "album_mbid": ALBUM,
}


def put(file: Any, title: str = "Low Tide") -> None:
    """Write the tags as taggers write them in the file's format."""
    kind = type(file.tags).__name__
    if hasattr(file.tags, "getall"):
        i = mutagen.id3
        for frame in (
            i.TIT2(text=title), i.TPE1(text="The Harbours"), i.TALB(text="Moon"), i.TPE2(text="Various"),
            i.TDRC(text="2014-05"), i.TCON(text="Dream Pop;Shoegaze"), i.TRCK(text="3/12"), i.TPOS(text="1/2"),
            i.TSRC(text="GBAYE9200070"), i.UFID(owner="http://musicbrainz.org", data=MBID.encode()),
            i.TXXX(desc="MusicBrainz Artist Id", text=ARTIST), i.TXXX(desc="MusicBrainz Album Id", text=ALBUM),
        ):  # fmt: skip
            file.tags.add(frame)
    elif kind == "MP4Tags":
        own = "----:com.apple.iTunes:"
        file.tags.update(
            {
                "\xa9nam": title, "\xa9ART": "The Harbours", "\xa9alb": "Moon", "aART": "Various", "\xa9day": "2014-05",
                "\xa9gen": ["Dream Pop", "Shoegaze"], "trkn": [(3, 12)], "disk": [(1, 2)],
                f"{own}ISRC": b"GBAYE9200070", f"{own}MusicBrainz Track Id": MBID.encode(),
                f"{own}MusicBrainz Artist Id": ARTIST.encode(), f"{own}MusicBrainz Album Id": ALBUM.encode(),
            }
        )  # fmt: skip
    elif kind == "ASFTags":
        file.tags.update(
            {
                "Title": title, "Author": "The Harbours", "WM/AlbumTitle": "Moon", "WM/AlbumArtist": "Various",
                "WM/Year": "2014-05", "WM/Genre": ["Dream Pop", "Shoegaze"], "WM/TrackNumber": "3",
                "WM/PartOfSet": "1/2", "WM/ISRC": "GBAYE9200070", "MusicBrainz/Track Id": MBID,
                "MusicBrainz/Artist Id": ARTIST, "MusicBrainz/Album Id": ALBUM,
            }
        )  # fmt: skip
    else:
        year, place, disc = ("Year", "Track", "Disc") if kind == "APEv2" else ("DATE", "TRACKNUMBER", "DISCNUMBER")
        file.tags.update(
            {
                "TITLE": title, "ARTIST": "The Harbours", "ALBUM": "Moon", "ALBUMARTIST": "Various", year: "2014-05",
                "GENRE": ["Dream Pop", "Shoegaze"], place: "3/12", disc: "1", "ISRC": "GBAYE9200070",
                "MUSICBRAINZ_TRACKID": MBID, "MUSICBRAINZ_ARTISTID": ARTIST, "MUSICBRAINZ_ALBUMID": ALBUM,
            }
        )  # fmt: skip


@pytest.mark.parametrize("suffix", sorted(CODECS))
def test_the_tags_of_every_format_say_the_same(tmp_path: Path, suffix: str) -> None:
    path = written(tmp_path / f"x{suffix}", noise(1.0))
    file = mutagen.File(path)
    if file.tags is None:
        file.add_tags()
    put(file)
    file.save()
    assert read(path, path.name) == SAID


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("Low Tide.mp3", {"title": "Low Tide"}),
        ("1979.mp3", {"title": "1979"}),
        ("99 Problems.mp3", {"title": "99 Problems"}),
        ("The Harbours - Low Tide.mp3", {"artist_name": "The Harbours", "title": "Low Tide"}),
        ("The Harbours/Low_Tide.mp3", {"artist_name": "The Harbours", "title": "Low Tide"}),
        ("The Harbours/03 Low Tide.mp3", {"artist_name": "The Harbours", "title": "Low Tide", "position": 3}),
        (
            "The Harbours - Moon/03. Low Tide.mp3",
            {"artist_name": "The Harbours", "album_name": "Moon", "title": "Low Tide", "position": 3},
        ),
        (
            "Rock/The Harbours/Moon/CD 1/03 - Low Tide.mp3",
            {"artist_name": "The Harbours", "album_name": "Moon", "title": "Low Tide", "position": 3},
        ),
        (
            "Various/Moon/03 - Marin - Low Tide.mp3",
            {"artist_name": "Marin", "album_name": "Moon", "title": "Low Tide", "position": 3},
        ),
        ("Boards/1969.mp3", {"artist_name": "Boards", "title": "1969"}),
    ],
)
def test_without_tags_names_of_file_and_folders_are_read(tmp_path: Path, name: str, said: dict[str, Any]) -> None:
    path = written(tmp_path / "x.wav", noise(0.1))
    assert read(path, name) == said


def test_tags_say_it_better_than_names_and_names_fill_the_gaps(tmp_path: Path) -> None:
    path = written(tmp_path / "x.flac", noise(0.1))
    file = mutagen.File(path)
    file["title"] = "Low Tide"
    file.save()
    said = read(path, "The Harbours/Moon/07 low tide (1).flac")
    assert said == {"title": "Low Tide", "artist_name": "The Harbours", "album_name": "Moon", "position": 7}


@pytest.mark.parametrize(
    ("written_as", "day"),
    [("2014", "2014-01-01"), ("2014-05", "2014-05-01"), ("2014-05-17T10:00", "2014-05-17"), ("17.5.2014", None),
     ("0000", None), ("2014-13-01", None), ("20145", None), ("", None)],
)  # fmt: skip
def test_a_date_is_read_as_far_as_it_goes(tmp_path: Path, written_as: str, day: str | None) -> None:
    path = written(tmp_path / "x.flac", noise(0.1))
    file = mutagen.File(path)
    file["date"] = written_as
    file.save()
    assert read(path, "x.flac").get("release_date") == day


def test_a_place_on_the_second_disc_is_no_place_in_the_album(tmp_path: Path) -> None:
    path = written(tmp_path / "x.flac", noise(0.1))
    file = mutagen.File(path)
    file.update({"tracknumber": "3", "discnumber": "2"})
    file.save()
    assert "position" not in read(path, "x.flac")


def test_of_several_artists_ids_none_is_the_artists(tmp_path: Path) -> None:
    path = written(tmp_path / "x.flac", noise(0.1))
    file = mutagen.File(path)
    file.update({"artist": ["Marin", "The Moor"], "musicbrainz_artistid": [ARTIST, MBID]})
    file.save()
    said = read(path, "x.flac")
    assert said["artist_name"] == "Marin"
    assert "artist_mbid" not in said


def test_damaged_tags_say_nothing_and_the_name_does(tmp_path: Path) -> None:
    path = tmp_path / "x.mp3"
    path.write_bytes(b"ID3\x04\x00\x00\x7f\x7f\x7f\x7f" + b"\xff" * 1000)
    assert read(path, "Low Tide.mp3") == {"title": "Low Tide"}


@given(st.text(st.characters(exclude_characters="\x00"), min_size=1).filter(lambda name: name.strip("./")))
def test_any_name_gives_a_title(name: str) -> None:
    assert read(Path("/nowhere"), name)["title"].strip() or not name.strip()
