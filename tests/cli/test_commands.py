import json
import os
import re
import resource
import shutil
import signal
import socket
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest

from segue.workspace import Workspace

ENTRY = "from segue.cli import main; main()"
WHO = "sim:listener:000001"


def run(*arguments: object, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
    """Run the command as a user's shell would."""
    command = [sys.executable, "-c", ENTRY, *map(str, arguments)]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("SEGUE_")}
    return subprocess.run(command, capture_output=True, text=True, input=stdin, env=environment, check=False)


@pytest.fixture
def copy(world: Workspace, home: Path) -> Path:
    shutil.copytree(world.home, home)
    return home


@pytest.fixture
def imported(home: Path, tmp_path: Path) -> Path:
    """A workspace with a few imported plays and nothing trained."""
    plays = tmp_path / "plays.csv"
    plays.write_text("who,song,by,at\nann,One,Band,2026-01-01T10:00:00Z\nann,Two,Band,2026-01-01T10:05:00Z\n")
    mapping = [
        "--map",
        "who=listener",
        "--map",
        "song=track_title",
        "--map",
        "by=artist_name",
        "--map",
        "at=occurred_at",
    ]
    done = run("import", "table", plays, *mapping, "--home", home)
    assert done.returncode == 0, done.stderr
    return home


def content(home: Path) -> dict[str, bytes]:
    """Everything in a workspace but lock files and SQLite's own."""
    skipped = (".lock", "-wal", "-shm")
    files = [path for path in home.rglob("*") if path.is_file() and not path.name.endswith(skipped)]
    return {str(path.relative_to(home)): path.read_bytes() for path in files}


def refused(done: subprocess.CompletedProcess[str], code: int, *says: str) -> None:
    """A refusal is one message on stderr with the right exit code, and never a traceback."""
    assert done.returncode == code, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    assert (
        "Error: " in [line[:7] for line in done.stderr.splitlines()]
        or "Usage:" in done.stderr
        or "Invalid value" in done.stderr
    )
    for words in says:
        assert words in done.stderr.replace("\n", " "), done.stderr


def test_help_loads_nothing_heavy() -> None:
    script = (
        "import sys\nfrom segue.cli.app import app\ntry:\n    app(['--help'])\nexcept SystemExit:\n    pass\n"
        "print([name for name in ('numpy', 'polars', 'numba', 'scipy', 'fastapi') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip().endswith("[]")


def test_help_costs_little_more_than_its_library() -> None:
    def cpu(*command: str) -> float:
        best = float("inf")
        for _ in range(3):
            before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
            subprocess.run([sys.executable, "-c", *command], capture_output=True, check=True)
            best = min(best, resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before)
        return best

    assert cpu(ENTRY, "--help") < 4 * cpu("import typer, rich.console, rich.table")


@pytest.mark.parametrize(
    "command",
    ["demo", "import", "train", "radio", "words", "weekly", "batch", "doctor"]
    + [f"listener {verb}" for verb in ("list", "show", "profile", "erase", "consent")]
    + [f"models {verb}" for verb in ("list", "show", "promote", "rollback")],
)
def test_every_command_takes_home_and_json(command: str) -> None:
    shown = run(*command.split(), "--help").stdout
    assert "--home" in shown
    assert "--json" in shown


def test_a_demo_is_made_once_and_opened_afterwards(tmp_path: Path) -> None:
    arguments = ["demo", "--home", tmp_path / "d", "--listeners", 40, "--tracks", 400, "--weeks", 3, "--no-serve"]
    first, second = (json.loads(run(*arguments, "--json").stdout) for _ in range(2))
    assert first["simulated"] is second["simulated"] is True
    assert first["weekly"] == second["weekly"]
    assert {track["track"] for track in first["radio"]["tracks"]}
    refused(run(*arguments, "--seed", 9), 2, "another world", "--home")


def test_a_radio_in_json_has_the_shape_of_the_api(copy: Path) -> None:
    title = Workspace.open(copy).catalog().tracks.row(5, named=True)
    done = run("radio", f"{title['artist_name']} - {title['title']}", "--home", copy, "--limit", 20, "--json")
    answer = json.loads(done.stdout)
    assert {"id", "tracks", "rung", "recipe", "snapshot"} <= set(answer)
    assert len(answer["tracks"]) == 20
    assert {"track", "score", "reason"} <= set(answer["tracks"][0])


def test_reasons_are_said_in_the_language_that_is_asked_for(copy: Path) -> None:
    for command in (["radio", "sim:track:000001"], ["continue", "sim:track:000001"], ["weekly", "--listener", WHO]):
        told = [
            json.loads(run(*command, "--home", copy, "--json", "--now", "2026-06-05T12:00Z", *more).stdout)
            for more in ([], ["--language", "es"], ["--language", "tlh"])
        ]
        english, spanish, unknown = ([track["reason"] for track in one["tracks"]] for one in told)
        assert english == unknown != spanish
        assert "there are none in 'tlh' yet" in told[2]["notes"][0]


def test_a_batch_answers_good_lines_and_says_what_is_wrong_with_the_others(copy: Path, tmp_path: Path) -> None:
    lines = [
        {"id": "a", "kind": "continue", "tracks": ["sim:track:000001", "sim:track:000002"], "limit": 40},
        {"id": "b", "kind": "radio", "tracks": ["nothing"]},
        {"id": "c", "kind": "dance"},
        {"id": "d", "kind": "radio", "tracks": ["sim:track:000001"], "limit": 10000},
        {"id": "e", "kind": "weekly", "listener": "sim:listener:000001"},
    ]
    requests, answers = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    requests.write_text("".join(json.dumps(line) + "\n" for line in lines) + "not json\n")
    done = run("batch", "--input", requests, "--output", answers, "--home", copy, "--json")
    assert json.loads(done.stdout)["answered"] == 2
    made = [json.loads(line) for line in answers.read_text().splitlines()]
    assert [line["id"] for line in made] == ["a", "b", "c", "d", "e", "line 6"]
    assert ["error" in line for line in made] == [False, True, True, True, False, True]
    assert len(made[0]["tracks"]) == 40


def test_weekly_makes_a_playlist_for_everyone_once(copy: Path) -> None:
    now = ["--now", "2026-06-05T12:00:00+00:00", "--home", copy, "--json"]
    first, second = (json.loads(run("weekly", *now).stdout) for _ in range(2))
    assert (first["made"], first["current"]) == (first["listeners"], 0)
    assert (second["made"], second["current"]) == (0, first["listeners"])
    mine = json.loads(run("weekly", "--listener", "sim:listener:000003", *now).stdout)
    assert mine["week"] == "2026-06-01"
    assert len(mine["tracks"]) == 30


def test_what_a_listener_says_of_themselves_is_kept_shown_exported_and_gone_with_an_erasure(imported: Path) -> None:
    said = ["--age", "13-15", "--no-explicit", "--languages", "es,en", "--region", "es"]
    assert run("listener", "profile", "ann", *said, "--home", imported).returncode == 0
    told = json.loads(run("listener", "profile", "ann", "--tier", "premium", "--home", imported, "--json").stdout)
    assert told == json.loads(run("listener", "profile", "ann", "--home", imported, "--json").stdout)
    assert told == {
        "listener": "ann",
        "age_bracket": "13-15",
        "allows_explicit": False,
        "tier": "premium",
        "languages": ["es", "en"],
        "region": "ES",
        "timezone": None,
    }
    shown = json.loads(run("listener", "show", "ann", "--home", imported, "--json").stdout)
    assert shown["profile"] == {name: value for name, value in told.items() if value is not None and name != "listener"}
    assert "es, en" in run("listener", "show", "ann", "--home", imported).stdout
    lines = [json.loads(line) for line in run("listener", "export", "ann", "--home", imported).stdout.splitlines()]
    assert [line["age_bracket"] for line in lines if line["type"] == "profile" and "age_bracket" in line] == ["13-15"]
    assert run("listener", "erase", "ann", "--yes", "--home", imported).returncode == 0
    after = json.loads(run("listener", "profile", "ann", "--home", imported, "--json").stdout)
    assert set(after.values()) == {"ann", None}


@pytest.mark.parametrize(
    ("said", "says"),
    [
        (["--age", "14"], "there is no age '14'; it is one of ['0-12', '13-15', '16-17', '18+']"),
        (["--tier", "gold"], "there is no tier 'gold'"),
        (["--languages", "spanish"], "'spanish' is no language; write two letters"),
        (["--region", "Spain"], "'Spain' is no region"),
        (["--timezone", "Mars"], "'Mars' is no time zone"),
    ],
)
def test_what_nobody_can_say_of_themselves_is_refused(imported: Path, said: list[str], says: str) -> None:
    refused(run("listener", "profile", "ann", *said, "--home", imported), 2, says)


def test_a_table_of_tracks_is_imported_and_says_of_how_many_more_is_known(imported: Path, tmp_path: Path) -> None:
    known = tmp_path / "known.csv"
    known.write_text("title,by,energy\nOne,Band,0.5\nThree,Band,0.25\n")
    mapping = ["--map", "title=track_title", "--map", "by=artist_name"]
    command = ["import", "catalogue", known, *mapping, "--home", imported]
    told = run(*command)
    assert told.returncode == 0, told.stderr
    assert re.search(r"tracks of which more is known +1\n", told.stdout)
    again = json.loads(run(*command, "--json").stdout)
    assert (again["tracks"], again["enriched"], again["events"]) == (0, 0, 0)
    refused(run(*command[:3], "--home", imported), 2, "`--kind artist`")
    refused(run(*command, "--kind", "poem"), 2, "there is no kind 'poem'")


def test_a_chart_lists_what_enough_listeners_play(copy: Path) -> None:
    shown = json.loads(run("charts", "--home", copy, "--json", "--limit", 5).stdout)
    assert len(shown) == 5
    assert [one["share"] for one in shown] == sorted((one["share"] for one in shown), reverse=True)
    assert not any(one["own"] for one in shown)
    assert shown[0]["title"] in run("charts", "--home", copy).stdout.replace("\n", " ")
    refused(run("charts", "--region", "AQ", "--home", copy), 2, "there is no chart of 'AQ'; there are charts of")
    refused(run("charts", "--genre", "flurbgl", "--home", copy), 2, "no track has the genre 'flurbgl'")


def test_a_listener_can_be_shown_exported_and_erased(copy: Path) -> None:
    who = "sim:listener:000004"
    shown = json.loads(run("listener", "show", who, "--home", copy, "--json").stdout)
    persona = shown["persona"]
    assert persona["plays"] == shown["events"]["play"]
    assert f"{persona['plays']:,} plays in all" in run("listener", "show", who, "--home", copy).stdout
    lines = run("listener", "export", who, "--home", copy).stdout.splitlines()
    assert len(lines) == sum(shown["events"].values()) + 1  # and what they are called
    receipt = json.loads(run("listener", "erase", who, "--yes", "--home", copy, "--json").stdout)
    assert receipt["events"] == len(lines) - 1
    assert who not in run("listener", "list", "--home", copy).stdout.split()
    assert run("listener", "consent", who, "personalise", "--withdraw", "--home", copy).returncode == 0


def test_models_are_listed_promoted_and_rolled_back(copy: Path) -> None:
    (before,) = [
        one for one in json.loads(run("models", "list", "--home", copy, "--json").stdout) if one["model"] == "knn"
    ]
    assert run("train", "--home", copy, "--json").returncode == 0
    assert run("models", "promote", "knn", before["version"], "--home", copy).returncode == 0
    serving = json.loads(run("models", "list", "--home", copy, "--json").stdout)
    assert [one["version"] for one in serving if one["model"] == "knn" and one["serving"]] == [before["version"]]
    rolled = json.loads(run("models", "rollback", "--home", copy, "--json").stdout)
    assert rolled["models"]["knn"] != before["version"]


def test_doctor_finds_a_changed_byte(copy: Path) -> None:
    assert run("doctor", "--home", copy).returncode == 0
    file = next((copy / "models" / "knn").glob("*/similarity.npy"))
    changed = bytearray(file.read_bytes())
    changed[-1] ^= 1
    file.write_bytes(changed)
    done = run("doctor", "--home", copy, "--json")
    assert done.returncode == 1
    assert [one["what"] for one in json.loads(done.stdout) if not one["ok"]] == ["model knn"]


class TestBadInput:
    """Each gives a clear error and the right exit code, and nothing is lost."""

    def test_a_truncated_zip(self, imported: Path, tmp_path: Path) -> None:
        whole = tmp_path / "whole.zip"
        with zipfile.ZipFile(whole, "w") as archive:
            archive.writestr("Streaming_History_Audio_2024.json", json.dumps([{"ts": "2024-01-01T00:00:00Z"}] * 500))
        cut = tmp_path / "cut.zip"
        cut.write_bytes(whole.read_bytes()[:200])
        before = content(imported)
        refused(run("import", "spotify", cut, "--listener", "me", "--home", imported), 2, "cut.zip")
        assert content(imported) == before

    @pytest.mark.parametrize(
        ("row", "says"),
        [("a,b,c\n1,2,3\n", "song"), ("song,by,ms\nOne,X,-5\n", "-5"), ("song,by,ms\nOne,X,NaN\n", "NaN")],
        ids=["wrong columns", "negative duration", "duration that is no number"],
    )
    def test_a_bad_table(self, imported: Path, tmp_path: Path, row: str, says: str) -> None:
        table = tmp_path / "bad.csv"
        table.write_text(row)
        before = content(imported)
        mapping = ["--map", "song=track_title", "--map", "by=artist_name", "--map", "ms=duration_ms"]
        refused(run("import", "table", table, *mapping, "--listener", "me", "--home", imported), 2, "bad.csv", says)
        assert content(imported) == before

    def test_a_line_of_200_mb(self, imported: Path, tmp_path: Path) -> None:
        huge = tmp_path / "huge.jsonl"
        with huge.open("wb") as file:
            file.write(b'{"listened_at": 1, "track_metadata": "')
            for _ in range(200):
                file.write(b"x" * (1 << 20))
        before = content(imported)
        command = ["import", "listenbrainz", huge, "--listener", "me", "--home", imported]
        script = (
            f"import resource, sys\nsys.argv = ['segue'] + {[str(one) for one in command]!r}\n"
            "resource.setrlimit(resource.RLIMIT_DATA, (500 << 20, 500 << 20))\n" + ENTRY
        )
        done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
        refused(done, 2, "huge.jsonl")
        assert content(imported) == before

    def test_an_unknown_source_or_file(self, imported: Path, tmp_path: Path) -> None:
        refused(run("import", "gramophone", tmp_path, "--home", imported), 2, "gramophone", "spotify")
        refused(run("import", "mpd", tmp_path / "none.json", "--home", imported), 2, "none.json")

    def test_unknown_ids(self, copy: Path) -> None:
        refused(run("radio", "qqqqqqqqqqqq", "--home", copy), 2, "qqqqqqqqqqqq")
        refused(run("weekly", "--listener", "nobody", "--home", copy), 2, "nobody", "segue listener list")
        refused(run("listener", "show", "nobody", "--home", copy), 2, "nobody")
        refused(run("models", "show", "knn", "19700101", "--home", copy), 2, "19700101")
        refused(run("listener", "consent", "x", "world-peace", "--grant", "--home", copy), 2, "world-peace")

    @pytest.mark.parametrize("limit", [0, -1, 10000])
    def test_limits_out_of_bounds(self, copy: Path, limit: int) -> None:
        refused(run("radio", "sim:track:000001", "--limit", limit, "--home", copy), 2, str(limit), "1000")

    def test_no_workspace(self, tmp_path: Path) -> None:
        refused(run("radio", "x", "--home", tmp_path / "none"), 2, "no workspace", "segue demo")

    def test_an_empty_workspace(self, tmp_path: Path) -> None:
        Workspace.open(tmp_path / "empty", create=True)
        for command in (["train"], ["radio", "x"], ["weekly"], ["models", "list"]):
            refused(run(*command, "--home", tmp_path / "empty"), 1, "segue")

    def test_a_workspace_without_training(self, imported: Path) -> None:
        refused(run("radio", "One", "--home", imported), 1, "segue train")

    def test_settings_that_are_wrong(self, copy: Path) -> None:
        (copy / "segue.toml").write_text("[weekly]\nlenght = 20\n")
        refused(run("weekly", "--home", copy), 2, "segue.toml", "lenght")
        (copy / "segue.toml").write_text("[weekly\n")
        refused(run("weekly", "--home", copy), 2, "segue.toml", "TOML")

    def test_a_workspace_of_a_newer_release(self, copy: Path) -> None:
        (copy / "FORMAT").write_text("99\n")
        refused(run("radio", "x", "--home", copy), 1, "99")

    def test_a_time_without_an_offset(self, copy: Path) -> None:
        refused(run("weekly", "--now", "2026-06-05T12:00:00", "--home", copy), 2, "offset")


def test_a_port_that_is_taken_is_named_with_what_to_do(copy: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        refused(run("serve", "--home", copy, "--port", port), 1, str(port), "--port")


def test_a_home_that_cannot_be_made_is_named() -> None:
    refused(run("import", "table", __file__, "--home", "/proc/none"), 2, "/proc/none", "--home")


def test_two_trainings_do_not_mix(copy: Path) -> None:
    first = subprocess.Popen([sys.executable, "-c", ENTRY, "train", "--home", str(copy)], stderr=subprocess.PIPE)
    lock = copy / "locks" / "train.lock"
    while not lock.exists() or lock.read_text() != str(first.pid):
        assert first.poll() is None
        time.sleep(0.01)
    first.send_signal(signal.SIGSTOP)
    second = run("train", "--home", copy)
    first.send_signal(signal.SIGCONT)
    first.communicate()
    assert first.returncode == 0
    refused(second, 1, "train", str(first.pid))


def test_a_playlist_is_continued_by_its_tracks_its_title_or_both(copy: Path) -> None:
    for words in (["--title", "evening jazz"], ["sim:track:000001"], ["sim:track:000001", "--title", "evening jazz"]):
        done = run("continue", *words, "--home", copy, "--limit", 8, "--json")
        assert done.returncode == 0, done.stderr
        slate = json.loads(done.stdout)
        assert len(slate["tracks"]) == 8
        assert all(track["reason"] for track in slate["tracks"])


def test_a_title_that_nobody_uses_is_said_to_be_unknown(copy: Path) -> None:
    slate = json.loads(run("continue", "--title", "ㅎㅎㅎ", "--home", copy, "--json").stdout)
    assert slate["rung"] == "popular"
    assert "nothing is known of playlists called" in slate["notes"][0]


def test_neither_a_title_nor_tracks_is_misuse(copy: Path) -> None:
    done = run("continue", "--home", copy)
    assert done.returncode == 2
    assert "a title" in done.stderr


def test_words_near_a_word_are_listed_with_scores_and_languages(copy: Path) -> None:
    done = run("words", "Rock", "--home", copy, "--limit", 4, "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert len(found) == 4
    assert all({"word", "score", "language"} == set(one) for one in found)
    assert [one["score"] for one in found] == sorted((one["score"] for one in found), reverse=True)
    assert found[0]["word"] in run("words", "rock", "--home", copy).stdout
    of_language = json.loads(run("words", "rock", "--home", copy, "--language", "de", "--json").stdout)
    assert {one["language"] for one in of_language} == {"de"}


def test_a_word_that_no_title_has_is_refused_with_near_spellings(copy: Path) -> None:
    refused(run("words", "rokc", "--home", copy), 2, "no word 'rokc'", "'rock'")


def test_a_mood_and_the_themes_are_printed_and_given_in_json(copy: Path) -> None:
    shown = run("mood", "calm flurbgl jazz", "--home", copy, "--limit", 5)
    assert (shown.returncode, "not understood: “flurbgl”" in shown.stderr) == (0, True), shown.stderr
    made = json.loads(run("mood", "calm jazz", "--home", copy, "--json").stdout)
    assert [one["words"] for one in made["theme"]["understood"]] == ["calm", "jazz"]
    due = json.loads(run("themes", "--home", copy, "--json", "--now", "2026-07-15T20:00:00+00:00").stdout)
    assert "Summer" in [one["title"] for one in due["themes"]]
    assert due["moment"]["part"] in ("morning", "afternoon", "evening", "night")
    refused(run("mood", " ", "--home", copy), 2, "a mood needs text")
    refused(run("themes", "--listener", "stranger", "--home", copy), 2, "stranger")


def test_a_shown_list_is_shown_again_drawn_and_exported(copy: Path, tmp_path: Path) -> None:
    radio = json.loads(run("radio", "sim:track:000001", "--home", copy, "--json").stdout)
    svg, m3u8 = tmp_path / "out.svg", tmp_path / "out.m3u8"
    shown = run("playlist", "show", radio["id"], "--plot", svg, "--home", copy)
    assert shown.returncode == 0, shown.stderr
    assert all(word in shown.stdout for word in ("energy", "tempo", "key", "source", radio["tracks"][0]["title"]))
    assert svg.read_text().startswith("<svg")
    done = run("playlist", "export", radio["id"], "--format", "m3u8", "--output", m3u8, "--home", copy)
    assert done.returncode == 0, done.stderr
    assert m3u8.read_text().splitlines()[3::2] == [one["track"] for one in radio["tracks"]]
