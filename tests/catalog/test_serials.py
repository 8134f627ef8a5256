# SPDX-License-Identifier: Apache-2.0
from collections.abc import Callable
from datetime import date

import numpy as np

from segue.catalog.serials import serials
from segue.catalog.store import Catalog

Row = dict[str, object]


def part(track: str, kind: str, **fields: object) -> Row:
    return {"track_id": track, "kind": kind, "title": track, "artist_name": "Ada", **fields}


def ids(catalog: Catalog, numbers: np.ndarray) -> list[str]:
    return [str(catalog.tracks["track_id"][int(number)]) if number >= 0 else "" for number in numbers]


def test_chapters_stand_by_position_and_episodes_by_day(catalog_of: Callable[..., Catalog]) -> None:
    catalog = catalog_of(
        {"track_id": "song", "title": "song", "artist_name": "Ada"},
        part("c2", "chapter", album_id="b", position=2),
        part("c1", "chapter", album_id="b", position=1),
        part("e2", "episode", album_id="s", position=1, release_date=date(2026, 2, 1)),
        part("e1", "episode", album_id="s", position=2, release_date=date(2026, 1, 1)),
    )
    found = serials(catalog)
    assert sorted(ids(catalog, found.parts.row(one)) for one in range(len(found))) == [["c1", "c2"], ["e1", "e2"]]
    assert found.of[0] == found.place[0] == -1
    assert found.ordered.all()
    assert sorted(ids(catalog, found.first)) == ["c2", "e2"]
    assert ids(catalog, found.after(catalog.numbers(["c1", "c2", "e1", "e2"]))) == ["c2", "", "e2", ""]


def test_where_no_album_is_named_the_artist_and_the_kind_make_a_serial(catalog_of: Callable[..., Catalog]) -> None:
    catalog = catalog_of(part("e1", "episode"), part("e2", "episode"), part("c1", "chapter"))
    found = serials(catalog)
    assert found.of[0] == found.of[1] != found.of[2]


def test_nothing_follows_where_nobody_says_the_order(catalog_of: Callable[..., Catalog]) -> None:
    catalog = catalog_of(
        part("c1", "chapter", album_id="b", position=1), part("c2", "chapter", album_id="b"),
        part("e1", "episode", album_id="s"), part("e2", "episode", album_id="s"),
    )  # fmt: skip
    found = serials(catalog)
    assert not found.ordered.any()
    assert (found.after(np.arange(4, dtype=np.int32)) == -1).all()


def test_a_catalogue_of_music_has_no_serials(catalog_of: Callable[..., Catalog]) -> None:
    catalog = catalog_of({"track_id": "song", "title": "song", "artist_name": "Ada"})
    assert len(serials(catalog)) == 0
    assert catalog.music.all()


def test_an_unknown_length_is_the_usual_one_of_its_kind(catalog_of: Callable[..., Catalog]) -> None:
    song = {"title": "s", "artist_name": "Ada"}
    catalog = catalog_of(
        {"track_id": "a", "duration_ms": 200_000, **song, "title": "a"},
        {"track_id": "b", **song},
        part("e1", "episode", duration_ms=2_400_000),
        part("e2", "episode"),
        part("c1", "chapter"),
    )
    assert catalog.length_ms.tolist() == [200_000, 200_000, 2_400_000, 2_400_000, 180_000]
