# SPDX-License-Identifier: Apache-2.0
import json

import pytest

from segue.playlists.playlist import camelot, key_name
from tests.playlists.making import playlist, track


@pytest.mark.parametrize(
    ("place", "mode", "name", "hour"),
    [(0, 1, "C major", "8B"), (0, 0, "A minor", "8A"), (1, 1, "G major", "9B"), (11, 0, "D minor", "7A"),
     (4, 1, "E major", "12B"), (5, 1, "B major", "1B"), (8, 0, "F minor", "4A"), (7, 1, "D♭ major", "3B")],
)  # fmt: skip
def test_keys_have_their_names_and_hours_on_the_wheel(place: int, mode: int, name: str, hour: str) -> None:
    assert (key_name(place, mode), camelot(place, mode)) == (name, hour)


def test_a_key_without_its_mode_is_a_letter_alone() -> None:
    assert key_name(7, None) == "D♭"


def test_a_playlist_is_json_with_what_is_known_of_each_track() -> None:
    told = json.loads(json.dumps(playlist(track(energy=0.5, guessed=("energy",))).to_json()))
    (one,) = told["tracks"]
    assert (told["id"], told["recipe"]) == ("abc", "radio")
    assert (one["track"], one["energy"], one["tempo_bpm"], one["guessed"]) == ("spotify:track:1", 0.5, None, ["energy"])
