# SPDX-License-Identifier: Apache-2.0
"""The picture is well-formed, shows every track, breaks where nothing is known, and stays within its frame."""

from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue.playlists.picture import drawn
from tests.playlists.making import playlist, track

NS = "{http://www.w3.org/2000/svg}"
KNOWN = {"energy": 0.5, "tempo_bpm": 120.0, "key": "A minor", "camelot": "8A"}


def picture(*tracks: object, title: str = "Radio") -> ElementTree.Element:
    return ElementTree.fromstring(drawn(playlist(*tracks, title=title)).encode())  # type: ignore[arg-type]


def found(root: ElementTree.Element, tag: str, kind: str) -> list[ElementTree.Element]:
    return [one for one in root.iter(f"{NS}{tag}") if kind in str(one.get("class")).split()]


def test_every_track_has_its_dots_its_key_and_a_colour_for_its_source() -> None:
    root = picture(track(source="als:history", **KNOWN), track(source="knn:history", **KNOWN))
    assert len(found(root, "circle", "energy")) == len(found(root, "circle", "tempo")) == 2
    assert [one.text for one in found(root, "text", "chip")] == ["8A", "8A"]
    said = {one.text for one in root.iter(f"{NS}text")}
    assert {"als:history", "knn:history", "1  One – Band", "2  One – Band"} <= said


def test_a_guess_is_hollow_and_what_is_not_known_breaks_the_line() -> None:
    root = picture(*[track(**KNOWN)] * 2, track(), track(**KNOWN | {"guessed": ("energy",)}), track(**KNOWN))
    assert len(found(root, "circle", "guess")) == 1
    assert len(found(root, "polyline", "energy")) == len(found(root, "polyline", "tempo")) == 2
    assert len(found(root, "rect", "none")) == 1


def test_energy_goes_up_and_an_octave_is_drawn_as_far_as_another() -> None:
    tempi = (60.0, 120.0, 240.0)
    root = picture(*[track(energy=place / 2, tempo_bpm=bpm) for place, bpm in enumerate(tempi)])
    low, middle, high = (float(str(one.get("cy"))) for one in found(root, "circle", "energy"))
    assert low > middle > high
    slow, twice, fast = (float(str(one.get("cy"))) for one in found(root, "circle", "tempo"))
    assert slow - twice == pytest.approx(twice - fast, abs=0.2)


def test_what_is_said_of_a_track_is_all_there_for_whoever_points_at_it() -> None:
    (over,) = found(picture(track(title="<One>", **KNOWN)), "rect", "over")
    assert over.findtext(f"{NS}title") == "\n".join(
        ["1. <One> – Band", "Popular now", "energy 0.5", "tempo 120", "A minor", "source als:history"]
    )


def test_more_sources_than_colours_share_the_last() -> None:
    root = picture(*[track(source=f"model{place}:history") for place in range(12)])
    assert "others" in {one.text for one in root.iter(f"{NS}text")}


@pytest.mark.parametrize("count", [0, 1, 40, 41, 1000])
def test_any_number_of_tracks_fits_the_frame(count: int) -> None:
    root = picture(*[track(**KNOWN)] * count)
    width = float(str(root.get("width")))
    boxes = [float(str(one.get("x"))) + float(str(one.get("width"))) for one in root.iter(f"{NS}rect")]
    assert max(boxes, default=0) <= width


@given(st.text(), st.text())
def test_no_name_breaks_the_picture(title: str, name: str) -> None:
    picture(track(title=name, artist=name, source=name), title=title)
