# SPDX-License-Identifier: Apache-2.0
from itertools import count
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segue.catalog import store
from segue.dataset.build import DatasetConfig, build, read, resolve
from segue.dataset.matrices import Dataset, Interactions
from segue.errors import NotReady
from segue.events import compaction
from segue.events.sessions import SessionsConfig
from segue.types import ItemKind

from .events import Event, catalog_of, dataset_of, door_of, play, playlist, rows_of, sessions_of, song, sources_of


def weights_of(part: Interactions | None, data: Dataset) -> dict[tuple[str, str], float]:
    assert part is not None
    names = [name for name, tracks in rows_of(part, data).items() for _ in tracks]
    tracks = data.items.ids.gather(part.items).to_list()
    return dict(zip(zip(names, tracks, strict=True), part.weights.tolist(), strict=True))


def test_items_are_the_tracks_that_events_name_in_the_order_of_their_ids(tmp_path: Path) -> None:
    data = dataset_of(tmp_path, ["z", "m", "a", "never"], play("l", "m"), play("l", "z", 5), playlist("p", ["a"]))
    assert data.items.ids.to_list() == ["a", "m", "z"]
    assert data.items.numbers.tolist() == [2, 1, 0]
    assert data.items.index.tolist() == [2, 1, 0]


def test_items_of_one_artist_share_an_index(tmp_path: Path) -> None:
    catalog = catalog_of(
        tmp_path, song("a", artist_name="X"), song("b", artist_name="Y"), song("c", artist_name="X", title="Other")
    )
    data = build(sources_of(tmp_path, playlist("p", ["a", "b", "c"])), catalog, DatasetConfig())
    assert data.items.artists.tolist() == [0, 1, 0]


def test_repeated_recordings_count_as_the_canonical_one(tmp_path: Path) -> None:
    catalog = catalog_of(
        tmp_path,
        song("whole", title="Song", artist_name="X"),
        song("again", title="Song - Remastered 2009", artist_name="X"),
    )
    sources = sources_of(tmp_path, play("l", "again"), play("m", "whole", 1), playlist("p", ["again"]))
    data = build(sources, catalog, DatasetConfig())
    assert data.items.ids.to_list() == ["whole"]
    assert rows_of(data.listeners, data) == {"l": ["whole"], "m": ["whole"]}
    assert rows_of(data.playlists, data) == {"p": ["whole"]}


def test_plays_of_two_editions_of_a_recording_add_up(tmp_path: Path) -> None:
    catalog = catalog_of(
        tmp_path, song("a", title="Song", artist_name="X"), song("b", title="Song", artist_name="X"), song("c")
    )
    sources = sources_of(tmp_path, play("l", "a"), play("l", "b"), play("l", "c"))
    data = build(sources, catalog, DatasetConfig())
    weights = weights_of(data.listeners, data)
    assert weights["l", "c"] == 1
    assert weights["l", "a"] == pytest.approx((1 + 3) * 2 / (2 + 3))


def test_content_is_what_any_edition_of_a_recording_and_any_source_of_its_artist_say(tmp_path: Path) -> None:
    catalog_of(tmp_path, song("a", title="Song", artist_name="X", genres=["dub"]))
    edition = pl.DataFrame([song("x", title="Song", artist_name="X", energy=0.25)])
    known = pl.DataFrame({"artist_id": ["s:1"], "name": ["X"], "genres": [["rock"]]})
    store.extend(tmp_path / "catalog", edition, known)
    data = build(sources_of(tmp_path, playlist("p", ["x"])), store.load(tmp_path / "catalog"), DatasetConfig())
    assert data.content is not None
    assert data.content.select("energy", "genres").row(0) == (0.25, ["dub", "rock"])


def test_a_play_of_an_edition_whose_length_is_not_known_is_measured_by_the_recording_s(tmp_path: Path) -> None:
    catalog = catalog_of(
        tmp_path,
        song("a", title="Song", artist_name="X", duration_ms=200_000),
        song("b", title="Song", artist_name="X"),
    )
    listening = pl.DataFrame(
        {"track": ["a", "b"], "duration_ms": [None, None]}, schema_overrides={"duration_ms": pl.Int64}
    )
    assert resolve(listening, catalog)["duration_ms"].to_list() == [200_000, 200_000]


def test_tracks_that_the_catalogue_lacks_are_counted_as_dropped(tmp_path: Path) -> None:
    data = dataset_of(tmp_path, ["a"], play("l", "a"), play("l", "?", 1), playlist("p", ["?", "a", "!"]))
    assert data.items.ids.to_list() == ["a"]
    assert data.dropped == {
        "listening of a track that the catalogue does not know": 1,
        "playlist entry that the catalogue does not know": 2,
    }
    assert rows_of(data.playlists, data) == {"p": ["a"]}


def test_nothing_is_dropped_where_all_is_known(tmp_path: Path) -> None:
    assert dataset_of(tmp_path, ["a"], play("l", "a")).dropped == {}


def test_of_a_playlist_the_newest_version_counts(tmp_path: Path) -> None:
    data = dataset_of(
        tmp_path,
        ["a", "b", "c"],
        playlist("p", ["a", "b"], "Old"),
        playlist("q", ["b"], "Other"),
        playlist("p", ["c", "a"], "New"),
    )
    assert rows_of(data.playlists, data) == {"p": ["c", "a"], "q": ["b"]}
    assert data.playlists is not None and data.playlists.titles is not None
    assert data.playlists.titles.to_list() == ["New", "Other"]


def test_playlists_keep_their_order_and_their_repetitions(tmp_path: Path) -> None:
    data = dataset_of(tmp_path, ["a", "b"], playlist("p", ["b", "a", "b"]))
    assert rows_of(data.playlists, data) == {"p": ["b", "a", "b"]}


def test_playlists_never_become_listeners(tmp_path: Path) -> None:
    data = dataset_of(tmp_path, ["a"], playlist("p", ["a"]))
    assert (data.listeners, data.sessions, data.reference_at) == (None, None, None)


def test_a_session_ends_at_a_pause_of_more_than_half_an_hour(tmp_path: Path) -> None:
    tracks = ["a", "b", "c", "d"]
    data = dataset_of(tmp_path, tracks, play("l", "a", 0), play("l", "b", 30), play("l", "c", 60.1), play("m", "d", 31))
    assert sorted(sessions_of(data)) == [["a", "b"], ["c"], ["d"]]


def test_the_pause_is_a_setting_and_a_named_session_stays_one(tmp_path: Path) -> None:
    events = [play("l", "a", 0), play("l", "b", 5), play("m", "a", 0, session="s"), play("m", "b", 600, session="s")]
    config = DatasetConfig(sessions=SessionsConfig(pause_minutes=4))
    data = dataset_of(tmp_path, ["a", "b"], *events, config=config)
    assert sorted(sessions_of(data)) == [["a"], ["a", "b"], ["b"]]


def test_a_session_is_in_order_of_time_and_has_only_plays(tmp_path: Path) -> None:
    skip = {**play("l", "b", 2), "type": "skip", "played_ms": 1000}
    data = dataset_of(tmp_path, ["a", "b", "c"], play("l", "c", 3), skip, play("l", "a", 1))
    assert sessions_of(data) == [["a", "c"]]


def test_tracks_that_were_mostly_skipped_are_in_no_listeners_row(tmp_path: Path) -> None:
    skip = {**play("l", "b", 2), "type": "skip", "played_ms": 1000}
    data = dataset_of(tmp_path, ["a", "b"], play("l", "a"), skip)
    assert rows_of(data.listeners, data) == {"l": ["a"]}


def test_likes_and_dislikes_stand_apart_from_plays(tmp_path: Path) -> None:
    events = [play("l", "a"), play("l", "b", 1), play("m", "a", 2)]
    opinions = [{**play("l", "a", 3), "type": "dislike"}, {**play("m", "a", 4), "type": "like"}]
    data = dataset_of(tmp_path, ["a", "b"], *events, *opinions)
    assert data.opinions.rows() == [("l", 0, -1), ("m", 0, 1)]


def test_times_are_those_of_the_last_play_and_unknown_ones_are_marked(tmp_path: Path) -> None:
    data = dataset_of(tmp_path, ["a", "b"], play("l", "a", 0), play("l", "a", 9), play("l", "b", None))
    assert data.listeners is not None and data.listeners.times is not None and data.reference_at is not None
    assert data.listeners.times.tolist() == [round(data.reference_at.timestamp() * 1000), -1]


def test_other_kinds_of_items_are_another_dataset(tmp_path: Path) -> None:
    catalog = catalog_of(tmp_path, song("a"), song("e", kind="episode"))
    sources = sources_of(tmp_path, play("l", "a"), play("l", "e", 5))
    assert build(sources, catalog, DatasetConfig()).items.ids.to_list() == ["a"]
    assert build(sources, catalog, DatasetConfig(), kinds=[ItemKind.EPISODE]).items.ids.to_list() == ["e"]


@pytest.mark.parametrize("events", [[], [play("l", "?")], [playlist("p", [])]], ids=["none", "unknown", "empty"])
def test_without_a_play_of_a_known_track_nothing_is_ready(tmp_path: Path, events: list[Event]) -> None:
    with pytest.raises(NotReady, match="segue import"):
        dataset_of(tmp_path, ["a"], *events)


def test_the_position_read_to_is_kept(tmp_path: Path) -> None:
    assert dataset_of(tmp_path, ["a"], play("l", "a"), play("l", "a", 1)).until == 2


TRACKS = [f"t{number}" for number in range(6)]
PLAYS = st.lists(
    st.tuples(st.sampled_from(["l", "m", "n"]), st.sampled_from(TRACKS)).map(lambda pair: play(*pair)),
    min_size=1,
    max_size=12,
)


@settings(max_examples=12)
@given(events=PLAYS, data=st.data())
def test_the_fingerprint_depends_on_neither_the_catalogues_order_nor_the_logs(
    events: list[Event], data: st.DataObject
) -> None:
    minutes = count()
    events = [{**event, "occurred_at": play("", "", 20.0 * next(minutes))["occurred_at"]} for event in events]
    events += [playlist("p", TRACKS[:3], "Title"), playlist("q", TRACKS[2:4])]
    with TemporaryDirectory() as one, TemporaryDirectory() as other:
        first = dataset_of(Path(one), TRACKS, *events)
        second = dataset_of(Path(other), data.draw(st.permutations(TRACKS)), *data.draw(st.permutations(events)))
    assert second.items.ids.equals(first.items.ids)
    assert second.fingerprint == first.fingerprint


@pytest.mark.parametrize(
    "changed",
    [
        [play("l", "a"), play("l", "b", 2)],
        [play("l", "a"), play("l", "b", 1, played_ms=150_000)],
        [play("l", "a"), play("m", "b", 1)],
        [play("l", "a"), play("l", "c", 1)],
        [play("l", "a"), play("l", "b", 1), playlist("p", ["a"])],
    ],
    ids=["time", "weight", "listener", "track", "playlist"],
)
def test_the_fingerprint_tells_different_data_apart(tmp_path: Path, changed: list[Event]) -> None:
    before = dataset_of(tmp_path / "before", ["a", "b", "c"], play("l", "a"), play("l", "b", 1))
    after = dataset_of(tmp_path / "after", ["a", "b", "c"], *changed)
    assert before.fingerprint != after.fingerprint


def test_stacked_rows_are_one_below_the_other_and_repetitions_count_once(tmp_path: Path) -> None:
    data = dataset_of(
        tmp_path,
        ["a", "b"],
        play("l", "b", count=3),
        play("m", "a"),
        playlist("p", ["b", "a", "b"]),
        playlist("q", ["a"]),
    )
    assert data.stacked().toarray().tolist() == [[0, 2], [1, 0], [1, 1], [1, 0]]
    assert data.stacked(["playlists"]).toarray().tolist() == [[1, 1], [1, 0]]
    assert data.stacked(["sessions"]).toarray().tolist() == [[0, 1], [1, 0]]
    assert data.stacked().has_sorted_indices
    assert data.stacked().dtype == np.float32


def test_stacking_what_is_not_there_gives_no_rows(tmp_path: Path) -> None:
    data = dataset_of(tmp_path, ["a"], playlist("p", ["a"]))
    assert data.stacked(["listeners", "sessions"]).shape == (0, 1)


@settings(max_examples=20)
@given(piece=st.integers(1, 400), seed=st.integers(0, 2**32 - 1))
def test_a_dataset_is_the_same_however_many_events_are_read_at_a_time(
    tmp_path_factory: pytest.TempPathFactory, piece: int, seed: int
) -> None:
    folder = tmp_path_factory.mktemp("pieces")
    random = Random(seed)
    tracks = [f"track {number}" for number in range(30)]
    catalog = catalog_of(folder, *(song(track) for track in tracks[:25]))
    kinds = ["play", "play", "play", "skip", "like", "dislike"]
    events = [
        {**play(f"listener {random.randrange(60):02}", random.choice(tracks), random.randrange(9999)), "type": kind}
        for kind in random.choices(kinds, k=300)
    ]
    door = door_of(folder, *events, play("nobody knows when", "track 3", None), playlist("p", tracks[:3]))
    whole = build(read(door), catalog, DatasetConfig())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(compaction, "_GROUP_ROWS", 16)
        compaction.compact(folder / "events")
    sources = read(door, piece=piece)
    assert piece > 200 or len(list(sources.listening(["track"]))) > 1
    data = build(sources, catalog, DatasetConfig())
    assert data.fingerprint == whole.fingerprint
    assert data.dropped == whole.dropped
    assert data.reference_at == whole.reference_at
