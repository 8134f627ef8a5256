import shutil
from pathlib import Path

import pytest

from segue.errors import BadInput
from segue.importers.sources import build
from segue.types import Purpose
from segue.workspace import Workspace
from tests.conftest import NOW

FIELDS = {"who": "listener", "song": "track_title", "by": "artist_name", "at": "occurred_at"}


def table(folder: Path, *rows: str, name: str = "plays.csv") -> Path:
    path = folder / name
    path.write_text("who,song,by,at\n" + "".join(f"{row}\n" for row in rows))
    return path


def test_an_import_says_what_it_took_and_twice_adds_nothing(home: Path, tmp_path: Path) -> None:
    workspace = Workspace.open(home, create=True)
    path = table(tmp_path, "ann,One,Band,2026-01-01T10:00:00Z", "ann,Two,Band,2026-01-01T10:05:00Z")
    first, second = (workspace.ingest(build("table", mapping=FIELDS), path) for _ in range(2))
    assert (first.rows, first.events, first.duplicates, first.tracks) == (2, 2, 0, 2)
    assert (second.rows, second.events, second.duplicates, second.tracks) == (2, 0, 2, 0)
    assert workspace.catalog().generation == 1
    assert not list((home / "tmp").iterdir())


def test_a_source_that_turns_bad_at_its_end_changes_nothing(home: Path, tmp_path: Path) -> None:
    workspace = Workspace.open(home, create=True)
    rows = [f"ann,Song {number},Band,2026-01-01T10:00:00Z" for number in range(60_000)]
    with pytest.raises(BadInput, match="60001"):
        workspace.ingest(build("table", mapping=FIELDS), table(tmp_path, *rows, "ann,Last,Band,yesterday"))
    assert workspace.door.position() == 0
    assert len(workspace.catalog()) == 0
    assert not list((home / "tmp").iterdir())


def test_a_play_named_with_a_typing_error_counts_for_the_track_that_is_meant(home: Path, tmp_path: Path) -> None:
    workspace = Workspace.open(home, create=True)
    workspace.ingest(
        build("table", mapping=FIELDS),
        table(tmp_path, "ann,Lighthouse Keeper,The Wandering Choir,2026-01-01T10:00:00Z"),
    )
    again = table(tmp_path, "bob,Lighthuose Keeper,Wandering Choir,2026-01-02T10:00:00Z", name="b.csv")
    report = workspace.ingest(build("table", mapping=FIELDS), again)
    catalog = workspace.catalog()
    assert (report.tracks, report.folded) == (1, 1)
    assert catalog.canonical.tolist() == [0, 0]
    tracks = workspace.door.read(Purpose.PERSONALISE, ["track"])["track"]
    assert set(catalog.canonical[catalog.numbers(tracks)]) == {0}


def test_a_catalogue_describes_recordings_of_another_source_and_brings_no_plays(home: Path, tmp_path: Path) -> None:
    workspace = Workspace.open(home, create=True)
    workspace.ingest(
        build("table", mapping=FIELDS),
        table(tmp_path, "ann,Lighthouse Keeper,The Wandering Choir,2026-01-01T10:00:00Z"),
    )
    known = tmp_path / "known.csv"
    known.write_text(
        "track,track_title,artist_name,energy,kind\n"
        "x1,Lighthuose Keeper,Wandering Choir,0.25,\n"
        "x2,Low Tide,Harbours,0.5,\n"
        "e1,Lighthouse Keeper,The Wandering Choir,0.75,episode\n"
    )
    first, second = (workspace.ingest(build("catalogue"), known) for _ in range(2))
    assert (first.rows, first.events, first.tracks, first.folded, first.enriched) == (3, 0, 3, 1, 1)
    assert (second.tracks, second.folded, second.enriched) == (0, 0, 0)
    catalog = workspace.catalog()
    assert catalog.generation == 2
    assert catalog.described.select("kind", "canonical", "energy").rows() == [
        ("track", 0, 0.25),
        ("track", 0, 0.25),
        ("track", 2, 0.5),
        ("episode", 3, 0.75),
    ]
    workspace.sink.close()


def test_a_catalogue_of_artists_says_of_whom_more_is_known_and_who_has_no_track(home: Path, tmp_path: Path) -> None:
    workspace = Workspace.open(home, create=True)
    workspace.ingest(build("table", mapping=FIELDS), table(tmp_path, "ann,One,The Harbours,2026-01-01T10:00:00Z"))
    known = tmp_path / "artists.csv"
    known.write_text("uri,who,genres\ns:1,Harbours,\"['dub', 'rock']\"\ns:2,Nobody,dub\n")
    importer = build("catalogue", mapping={"uri": "artist_id", "who": "artist_name"}, kind="artist")
    first, second = (workspace.ingest(importer, known) for _ in range(2))
    assert (first.rows, first.artists_enriched, first.artists_waiting, first.tracks) == (2, 1, 1, 0)
    assert (second.artists_enriched, second.artists_waiting) == (0, 0)
    workspace.sink.close()


def test_who_is_imported_after_a_training_is_served_by_it(world: Workspace, home: Path, tmp_path: Path) -> None:
    """Their tracks have ids of their own, and repeat recordings that the models know."""
    shutil.copytree(world.home, home)
    workspace = Workspace.open(home)
    known = workspace.catalog().tracks.head(40).select("title", "artist_name").iter_rows()
    rows = [f'dave,"{title}","{artist}",2026-05-0{1 + at % 9}T10:00:00Z' for at, (title, artist) in enumerate(known)]
    workspace.ingest(build("table", mapping=FIELDS), table(tmp_path, *rows))
    made = workspace.weekly_of("dave", now=NOW).slate
    assert (made.rung, made.notes) == ("personal", ())
    assert workspace.pointer().models == world.pointer().models
    workspace.sink.close()


def test_a_track_that_no_training_knows_yet_is_found_and_said_to_be_new(
    world: Workspace, home: Path, tmp_path: Path
) -> None:
    shutil.copytree(world.home, home)
    workspace = Workspace.open(home)
    workspace.ingest(build("table", mapping=FIELDS), table(tmp_path, "ann,Low Tide,Harbours,2026-05-01T10:00:00Z"))
    made = workspace.radio("Harbours - Low Tide", now=NOW)
    assert made.rung == "popular"
    assert "newer than the models: run `segue train`" in made.notes[0]
    workspace.sink.close()
