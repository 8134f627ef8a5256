# SPDX-License-Identifier: Apache-2.0
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from segue.service.mixing import MUSIC, counts, mixed, picked
from segue.types import Rung, Slate, SlateTrack, Spoken


def track(name: str) -> SlateTrack:
    return SlateTrack(name, 1.0, "", name, "Ada", "")


def slate(name: str, tracks: list[str]) -> Slate:
    about = {one: {"serial": one.partition(" ")[0]} for one in tracks}
    return Slate(name, tuple(track(one) for one in tracks), Rung.PERSONAL, name, "", spoken=about)


@given(st.lists(st.integers(0, 100), min_size=3, max_size=3).filter(any), st.integers(1, 200))
def test_counts_add_up_and_are_off_by_less_than_one(parts: list[int], limit: int) -> None:
    mix = {name: part / sum(parts) for name, part in zip((MUSIC, *Spoken), parts, strict=True)}
    found = counts(mix, limit)
    assert sum(found.values()) == limit
    assert all(abs(found[name] - share * limit) < 1 for name, share in mix.items())


def test_the_greatest_rest_is_rounded_up() -> None:
    assert counts({"music": 0.8, "podcast": 0.2}, 12) == {"music": 10, "podcast": 2}
    assert counts({"music": 0.5, "podcast": 0.5}, 3) == {"music": 2, "podcast": 1}


def test_shelves_take_turns_and_no_serial_comes_twice() -> None:
    shelves = [slate("resume", ["alps 4", "birds 2"]), slate("new", ["alps 6", "coins 1"]), slate("next", ["doves 1"])]
    assert [one.track for one in picked(shelves, 3)] == ["alps 4", "doves 1", "birds 2"]
    assert [one.track for one in picked(shelves, 9)] == ["alps 4", "doves 1", "birds 2", "coins 1"]


@given(st.integers(1, 60), st.integers(0, 30))
def test_what_is_spoken_is_spread_and_every_order_kept(music: int, spoken: int) -> None:
    names, parts = [f"song {one}" for one in range(music)], [f"show {one}" for one in range(spoken)]
    shelf = slate("new", parts)
    made = mixed(slate("radio", names), {Spoken.PODCAST: list(shelf.tracks)}, [shelf])
    told = [one.track for one in made.tracks]
    assert [one for one in told if one in names] == names
    assert [one for one in told if one in parts] == parts
    places = [told.index(one) for one in parts]
    gaps = [later - earlier for earlier, later in pairwise(places)]
    assert not gaps or max(gaps) - min(gaps) <= 2
