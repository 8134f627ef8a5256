"""What training makes of playlists, of few plays, of the same plays again, and of a kill."""

import json
import shutil
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError

from segue.errors import BadInput, NotReady
from segue.importers.sources import build
from segue.jobs.doctor import examine
from segue.ranking.features import names
from segue.recipes.music import ListConfig
from segue.registry import versions
from segue.types import Ask, Kind, Slate
from segue.workspace import Workspace
from tests.conftest import NOW
from tests.models.meanings import write


def test_the_same_plays_and_seed_make_the_same_models(world: Workspace, home: Path) -> None:
    shutil.copytree(world.home, home)
    workspace = Workspace.open(home)
    done = workspace.train(now=NOW + timedelta(hours=1))
    before = {manifest.model: manifest for manifest in world.models()}
    for name, version in done.pointer.models.items():
        made = versions.read_manifest(home / "models", name, version)
        assert made.files == before[name].files
        assert made.dataset["fingerprint"] == before[name].dataset["fingerprint"]
        assert made.metrics == before[name].metrics
    assert done.pointer.previous is not None
    assert done.pointer.previous["id"] == world.pointer().id


def test_without_a_share_held_out_nothing_is_measured_and_all_is_fitted(home: Path, tmp_path: Path) -> None:
    Workspace.open(home, create=True)
    (home / "segue.toml").write_text("[train]\nheld_out_share = 0.0\n")
    workspace = Workspace.open(home)
    slice_ = tmp_path / "mpd.slice.0-49.json"
    tracks = [
        {"pos": 0, "track_uri": f"t{at}", "track_name": f"Song {at}", "artist_uri": f"a{at % 7}", "artist_name": "A"}
        for at in range(40)
    ]
    playlists = [
        {"pid": pid, "name": f"mood {pid % 3}", "tracks": [tracks[(pid * 3 + at) % 40] for at in range(10)]}
        for pid in range(50)
    ]
    slice_.write_text(json.dumps({"playlists": playlists}))
    workspace.ingest(build("mpd"), slice_)
    done = workspace.train(now=NOW)
    assert done.metrics == {}
    assert done.rows == {"playlists": 50}
    assert (done.items, done.interactions) == (40, 500)
    assert set(done.pointer.models) == {"popularity", "knn", "als", "artist", "item2vec", "graph", "title", "words"}
    slate = workspace.radio("t0", limit=10, now=NOW)
    assert (slate.rung, len(slate.tracks)) == ("session", 10)
    assert workspace.listeners() == []
    workspace.sink.close()


def test_a_training_that_is_killed_leaves_what_served_and_the_next_one_clears_up(world: Workspace, home: Path) -> None:
    shutil.copytree(world.home, home)
    command = [sys.executable, "-c", "from segue.cli import main; main()", "train", "--home", str(home)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(2)
    process.kill()
    process.wait()
    assert all(finding.ok for finding in examine(home))
    torn = home / "models" / "als" / ".20990101T000000-00000000.0.tmp"
    torn.mkdir()
    workspace = Workspace.open(home)
    workspace.train(now=NOW + timedelta(days=900))
    assert not torn.exists()
    assert all(finding.ok for finding in examine(home))
    workspace.sink.close()


def test_a_training_removes_what_nobody_needs_any_more(world: Workspace, home: Path) -> None:
    shutil.copytree(world.home, home)
    (home / "segue.toml").write_text("[train]\nkeep_versions = 1\nheld_out_share = 0.0\n")
    workspace = Workspace.open(home)
    first, second, third = (workspace.train(now=NOW + timedelta(hours=hour)).pointer for hour in (1, 2, 3))
    kept = [one.version for one in workspace.models() if one.model == "als"]
    assert kept == [second.models["als"], third.models["als"]]
    workspace.roll_back(now=NOW + timedelta(hours=4))
    assert workspace.radio("sim:track:000001", now=NOW).tracks
    assert first.models["als"] not in kept
    workspace.sink.close()


def test_a_recipe_may_ask_models_that_learn_of_sessions_or_of_tracks_that_nobody_played(copy: Workspace) -> None:
    (copy.home / "segue.toml").write_text(
        '[recipes.weekly]\nweights = {"als:history" = 0.6, "content:history" = 0.3, "session_knn:history" = 0.1}\n'
    )
    done = Workspace.open(copy.home).train(now=NOW)
    assert {"content", "session_knn"} <= set(done.pointer.models)
    assert done.metrics["session_knn"]["ndcg@100"] > done.metrics["popularity"]["ndcg@100"]
    assert "content" not in done.metrics, "no held-out row has a track that nobody played"
    assert any(why.startswith("the ranker is left out") for why in done.choices)


@pytest.fixture
def ranked(home: Path, tmp_path: Path) -> Workspace:
    """120 playlists of two kinds, nearly half of them held out: enough to learn a ranker from."""
    Workspace.open(home, create=True)
    (home / "segue.toml").write_text("[train]\nheld_out_share = 0.45\n")
    tracks = [
        {
            "pos": 0,
            "track_uri": f"t{at}",
            "track_name": f"Song {at}",
            "artist_uri": f"a{at % 8}",
            "artist_name": f"A{at % 8}",
        }
        for at in range(80)
    ]
    rng = np.random.Generator(np.random.PCG64(2))
    playlists = [
        {
            "pid": pid,
            "name": ("red", "blue")[pid % 2],
            "tracks": [tracks[2 * at + pid % 2] for at in rng.permutation(40)[:12]],
        }
        for pid in range(120)
    ]
    slice_ = tmp_path / "mpd.slice.0-119.json"
    slice_.write_text(json.dumps({"playlists": playlists}))
    workspace = Workspace.open(home)
    workspace.ingest(build("mpd"), slice_)
    workspace.train(now=NOW)
    return workspace


def test_with_rows_enough_a_ranker_is_learned_and_orders_radio_and_continuation(ranked: Workspace) -> None:
    snapshot = ranked.current()
    assert snapshot.ranker is not None
    assert snapshot.ranker.names == names(tuple(sorted(ranked.settings.recipes.radio.weights)))
    for kind, asked in (("radio", ("t2",)), ("continue", ("t2", "t4", "t6"))):
        answer = ranked.service.answer([Ask("a", Kind(kind), asked, limit=20, now=NOW)])
        assert "LearnedRank" in {step.name for step in answer.trace.steps}
        (slate,) = answer.slates
        assert isinstance(slate, Slate)
        assert {int(track.track[1:]) % 2 for track in slate.tracks} == {0}


def test_a_ranker_of_other_sources_is_not_used(ranked: Workspace) -> None:
    (ranked.home / "segue.toml").write_text('[recipes.radio]\nweights = {"als:seeds" = 1.0}\n')
    other = Workspace.open(ranked.home)
    answer = other.service.answer([Ask("a", Kind.RADIO, ("t2",), now=NOW)])
    assert "LearnedRank" not in {step.name for step in answer.trace.steps}


def test_where_lightgbm_cannot_be_loaded_training_says_what_to_install(
    copy: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "lightgbm.py").write_text('raise OSError("libgomp.so.1: cannot open shared object file")\n')
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "lightgbm", raising=False)
    done = copy.train(now=NOW)
    assert "ranker" not in done.pointer.models
    assert any("apt-get install libgomp1" in why for why in done.choices)


def test_a_model_that_cannot_learn_is_left_out_and_said_so(ranked: Workspace) -> None:
    (ranked.home / "segue.toml").write_text('[models.als]\nrows = ["listeners"]\n')
    done = Workspace.open(ranked.home).train(now=NOW + timedelta(hours=1))
    assert "als" not in done.pointer.models
    assert "als is left out: the dataset has no listeners" in done.choices
    assert "words is left out: als is not trained, whose space words are placed in" in done.choices


def test_titles_without_a_word_that_comes_again_teach_no_words(ranked: Workspace) -> None:
    (ranked.home / "segue.toml").write_text("[models.words]\nleast = 100000\n")
    other = Workspace.open(ranked.home)
    done = other.train(now=NOW + timedelta(hours=1))
    assert "words" not in done.pointer.models
    assert any(why.startswith("words is left out: no word stands in 100000 titles") for why in done.choices)
    with pytest.raises(NotReady, match="no words were learned yet; run `segue train`"):
        other.words("rock")


def test_a_sentence_model_that_is_not_there_stops_a_training_and_is_named(copy: Workspace) -> None:
    (copy.home / "segue.toml").write_text('[models.words]\nonnx = "/no/such/meanings.onnx"\n')
    with pytest.raises(BadInput, match=r"models\.words\.onnx names /no/such/meanings\.onnx"):
        Workspace.open(copy.home).train(now=NOW + timedelta(hours=1))


def test_a_sentence_model_lets_words_be_asked_for_that_no_title_has(copy: Workspace, tmp_path: Path) -> None:
    known = copy.words("rock", limit=1)
    meanings = {"rock": [1.0, 0.0], "jazz": [0.0, 1.0], "roca": [1.0, 0.0]}
    (copy.home / "segue.toml").write_text(f'[models.words]\nonnx = "{write(tmp_path / "m", meanings)}"\n')
    other = Workspace.open(copy.home)
    other.train(now=NOW + timedelta(hours=1))
    assert "rock" in {one.word for one in other.words("roca", limit=3)}
    assert known[0].word != "rock"


def test_a_recipe_of_which_no_model_could_be_learned_falls_to_what_is_popular(copy: Workspace) -> None:
    (copy.home / "segue.toml").write_text('[recipes.radio]\nweights = {"session_knn:seeds" = 1.0}\nlearned = false\n')
    other = Workspace.open(copy.home)
    (made,) = other.service.answer([Ask("r", Kind.RADIO, ("sim:track:000001",), now=NOW)]).slates
    assert isinstance(made, Slate)
    assert made.rung == "popular"
    assert "not asked, since not trained: session_knn; see `segue train`" in made.notes


def test_a_learned_list_is_of_sources_that_know_its_tracks() -> None:
    with pytest.raises(
        ValidationError,
        match=r"'als:history' says nothing of these; let it stand under `lean`, or set `learned = false`",
    ):
        ListConfig(weights={"als:history": 1.0}, learned=True)
