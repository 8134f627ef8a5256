# SPDX-License-Identifier: Apache-2.0
from pathlib import Path

import pytest

from segue.errors import BadInput
from segue.importers.hetrec import HetRec

from .contract import ImporterContract
from .reading import take

ARTISTS = "id\tname\turl\tpictureURL\n"
TOTALS = "userID\tartistID\tweight\r\n"


def world(
    folder: Path, totals: str, artists: str = '1\tThe Harbours\tu\tp\n2\tMoon "M"\tu\tp\n', **tags: bytes
) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "artists.dat").write_text(ARTISTS + artists)
    (folder / "user_artists.dat").write_text(TOTALS + totals)
    for name, content in tags.items():
        (folder / f"{name}.dat").write_bytes(content)
    return folder


class TestHetRec(ImporterContract):
    file = "user_artists.dat"
    start = TOTALS.encode()
    row_start = b"1\t"
    tail = b"1\t2\n"
    one_batch = 60_000

    def build(self) -> HetRec:
        return HetRec()

    def write(self, folder: Path, rows: int) -> None:
        world(folder, "".join(f"{row}\t{1 + row % 2}\t{row + 1}\r\n" for row in range(rows)))

    def test_a_total_is_one_play_with_a_count_and_no_time(self, tmp_path: Path) -> None:
        event = take(HetRec(), world(tmp_path / "w", "5\t2\t13883\r\n")).event
        assert (event["type"], event["listener"], event["track"]) == ("play", "hetrec:5", "lastfm:artist:2")
        assert event["count"] == 13_883
        assert event["occurred_at"] is None

    def test_an_artist_is_a_row_of_the_catalogue(self, tmp_path: Path) -> None:
        taken = take(HetRec(), world(tmp_path / "w", ""))
        rows = taken.tracks.select("track_id", "kind", "title", "artist_id", "artist_name").rows()
        harbours, moon = "lastfm:artist:1", "lastfm:artist:2"
        assert rows == [
            (harbours, "artist", "The Harbours", harbours, "The Harbours"),
            (moon, "artist", 'Moon "M"', moon, 'Moon "M"'),
        ]
        assert taken.artists["artist_id"].to_list() == [harbours, moon]

    def test_genres_are_the_tags_of_at_least_two_people_the_most_given_first(self, tmp_path: Path) -> None:
        words = b"tagID\ttagValue\r\n1\trock\r\n2\tm\xe1gico\r\n3\tseen once\r\n"
        given = ["userID\tartistID\ttagID\tday\tmonth\tyear"]
        given += [f"{user}\t1\t2\t1\t1\t2010" for user in (1, 2, 3)]
        given += [f"{user}\t1\t1\t1\t1\t2010" for user in (1, 2)]
        given += ["1\t1\t3\t1\t1\t2010", "1\t1\t3\t2\t1\t2010"]
        folder = world(tmp_path / "w", "", tags=words, user_taggedartists="\r\n".join(given).encode())
        taken = take(HetRec(), folder)
        assert taken.tracks["genres"].to_list() == [["mágico", "rock"], None]
        assert taken.artists["genres"].to_list() == [["mágico", "rock"], None]

    def test_totals_of_unknown_artists_and_of_nothing_are_dropped(self, tmp_path: Path) -> None:
        taken = take(HetRec(), world(tmp_path / "w", "5\t9\t1\n5\t1\t0\n5\t2\t1\n"))
        assert taken.dropped == {"artist not in artists.dat": 1, "no plays": 1}
        assert (taken.rows, taken.events.height) == (3, 1)

    @pytest.mark.parametrize("row", ["5\t2\t-3", "5\t2\tmany", "5\t2", "\t2\t3", "5\t2\tnan"])
    def test_a_total_that_is_none_is_refused(self, tmp_path: Path, row: str) -> None:
        with pytest.raises(BadInput, match=r"w/user_artists\.dat: row 2 "):
            take(HetRec(), world(tmp_path / "w", f"5\t1\t1\n{row}\n"))

    def test_a_file_with_other_columns_is_refused(self, tmp_path: Path) -> None:
        folder = world(tmp_path / "w", "")
        (folder / "user_artists.dat").write_text("user\tartist\n1\t2\n")
        with pytest.raises(BadInput, match=r"user_artists\.dat has no column 'userID'"):
            take(HetRec(), folder)

    @pytest.mark.datasets
    def test_the_data_set_has_the_counts_that_its_makers_state(self, datasets: Path) -> None:
        taken = take(HetRec(), datasets / "hetrec" / "hetrec2011-lastfm-2k.zip")
        assert taken.rows == taken.events.height == taken.events["event_id"].n_unique() == 92_834
        assert taken.tracks.height == 17_632
        assert taken.events["listener"].n_unique() == 1_892
