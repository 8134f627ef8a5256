# SPDX-License-Identifier: Apache-2.0
"""What is written is read again as its standard says: XSPF 1 as XML, JSPF as JSON, M3U8 line by line."""

import json
import re
from datetime import datetime
from pathlib import Path
from urllib.parse import unquote, urlparse
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue.errors import BadInput
from segue.playlists.formats import FORMATS, written
from tests.playlists.making import playlist, track

NS = "{http://xspf.org/ns/0/}"
HARD = 'Fish & <Chips> "live"'
MADE = playlist(
    track("spotify:track:1", title=HARD, artist="Añú", album="A & B", duration_ms=181_499, mbid="1-2"),
    track("no uri, 100%", title="Two\nlines", artist="Band"),
)


def texts(element: ElementTree.Element, name: str) -> list[str | None]:
    return [one.text for one in element.findall(f"{NS}{name}")]


def test_xspf_has_the_elements_of_its_schema_in_their_order() -> None:
    root = ElementTree.fromstring(written(MADE, "xspf").encode())
    assert (root.tag, root.get("version")) == (f"{NS}playlist", "1")
    assert [one.tag.removeprefix(NS) for one in root] == ["title", "annotation", "identifier", "date", "trackList"]
    assert datetime.fromisoformat(str(texts(root, "date")[0])).tzinfo is not None
    first, second = root.findall(f"{NS}trackList/{NS}track")
    assert [one.tag.removeprefix(NS) for one in first] == [
        "identifier", "identifier", "title", "creator", "annotation", "album", "duration",
    ]  # fmt: skip
    assert texts(first, "identifier") == ["spotify:track:1", "https://musicbrainz.org/recording/1-2"]
    assert (texts(first, "title"), texts(first, "creator"), texts(first, "duration")) == ([HARD], ["Añú"], ["181499"])
    assert texts(second, "duration") == []


def test_jspf_says_the_same_with_arrays_where_tracks_may_repeat() -> None:
    made = json.loads(written(MADE, "jspf"))["playlist"]
    assert made["title"] == MADE.title
    first, second = made["track"]
    assert first["identifier"] == ["spotify:track:1", "https://musicbrainz.org/recording/1-2"]
    assert (first["title"], first["creator"], first["album"], first["duration"]) == (HARD, "Añú", "A & B", 181_499)
    assert "location" not in first
    assert second["title"] == "Two\nlines"


def test_m3u8_has_a_line_of_length_and_name_above_each_location() -> None:
    assert written(MADE, "m3u8").splitlines() == [
        "#EXTM3U",
        "#PLAYLIST:Radio, 2026-06-05",
        f"#EXTINF:181,Añú - {HARD}",
        "spotify:track:1",
        "#EXTINF:-1,Band - Two lines",
        "urn:segue:track:no%20uri%2C%20100%25",
    ]


def test_the_users_own_file_is_where_it_lies() -> None:
    files = {"spotify:track:1": Path("/music/Añú/#1 & only.flac"), "no uri, 100%": Path("/music/two\nlines.mp3")}
    assert written(MADE, "m3u8", files).splitlines()[3::2] == [
        "/music/Añú/#1 & only.flac",
        "file:///music/two%0Alines.mp3",
    ]
    first, _ = json.loads(written(MADE, "jspf", files))["playlist"]["track"]
    assert first["location"] == ["file:///music/A%C3%B1%C3%BA/%231%20%26%20only.flac"]


def test_another_format_is_refused_by_name() -> None:
    with pytest.raises(BadInput, match="'pls'; there are jspf, xspf, m3u8"):
        written(MADE, "pls")


@given(st.text(min_size=1), st.text(), st.sampled_from(list(FORMATS)))
def test_no_title_and_no_id_breaks_a_file(identity: str, title: str, form: str) -> None:
    text = written(playlist(track(identity, title=title, artist=title), title=title), form)
    text.encode()
    if form == "m3u8":
        assert len(text.splitlines()) == 4
        (uri,) = text.splitlines()[3:]
    elif form == "jspf":
        (one,) = json.loads(text)["playlist"]["track"]
        assert one["title"] == title
        (uri,) = one["identifier"]
    else:
        (one,) = ElementTree.fromstring(text.encode()).findall(f"{NS}trackList/{NS}track")
        (uri,) = texts(one, "identifier")
    assert re.fullmatch(r"[!-~]+", uri)
    assert urlparse(uri).scheme
    assert uri == identity or unquote(uri) == f"urn:segue:track:{identity}"
