import asyncio
import json
import re
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from fastapi import APIRouter

from segue.apps.gateway import create
from segue.importers.sources import build
from segue.registry import snapshot
from segue.workspace import Workspace
from tests.conftest import NOW

ENTRY = "from segue.cli import main; main()"


class Server:
    def __init__(self, home: Path):
        self.home = home
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        arguments = [sys.executable, "-c", ENTRY, "serve", "--home", str(home), "--port", str(self.port)]
        self.process = subprocess.Popen(arguments, stderr=subprocess.PIPE, text=True)
        self.client = httpx.Client(base_url=f"http://127.0.0.1:{self.port}", timeout=30)

    def wait(self) -> None:
        for _ in range(600):
            try:
                if self.client.get("/readyz").status_code == 200:
                    return
            except httpx.TransportError:
                pass
            assert self.process.poll() is None, self.process.communicate()
            time.sleep(0.1)
        raise AssertionError(self.client.get("/readyz").text)

    def stop(self) -> None:
        self.client.close()
        self.process.terminate()
        self.process.communicate(timeout=30)


@pytest.fixture(scope="module")
def server(world: Workspace, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    home = tmp_path_factory.mktemp("served") / "home"
    shutil.copytree(world.home, home)
    (home / "segue.toml").write_text("[serve]\nrefresh_seconds = 0.2\n")
    running = Server(home)
    running.wait()
    yield running
    running.stop()


def events(*rows: dict[str, object]) -> str:
    return json.dumps({"events": list(rows)})


PLAY = {"type": "play", "listener": "me", "track": "sim:track:000001", "occurred_at": "2026-06-04T10:00:00Z"}


def test_an_event_sent_twice_is_taken_once(server: Server) -> None:
    body = events({"event_id": "twice", **PLAY})
    first, second = (server.client.post("/v1/events", content=body).json() for _ in range(2))
    assert (first["accepted"], second["accepted"], second["duplicates"]) == (1, 0, 1)


def test_a_radio_carries_reasons_and_names_its_rung(server: Server) -> None:
    answer = server.client.get("/v1/radio", params={"track": "sim:track:000001", "limit": 20})
    body = answer.json()
    assert answer.status_code == 200
    assert (body["rung"], body["recipe"], len(body["tracks"])) == ("session", "radio", 20)
    assert all(track["reason"] and track["seed"] in (None, "sim:track:000001") for track in body["tracks"])


def test_a_radio_has_the_shape_that_is_asked_for(server: Server) -> None:
    asked = {"track": "sim:track:000001", "minutes": 40, "arc": "build"}
    tracks = server.client.get("/v1/radio", params=asked).json()["tracks"]
    about = [server.client.get(f"/v1/tracks/{track['track']}").json() for track in tracks]
    assert abs(sum(one["duration_ms"] for one in about) / 60_000 - 40) <= 2
    energies = [one["energy"] for one in about]
    assert sum(energies[-4:]) > sum(energies[:4])


def test_a_dial_of_nothing_new_gives_what_the_listener_knows(server: Server) -> None:
    asked = {"track": "sim:track:000001", "listener": "sim:listener:000001", "limit": 10}
    known = server.client.get("/v1/radio", params={**asked, "dial": 0}).json()
    new = server.client.get("/v1/radio", params={**asked, "dial": 1}).json()
    assert not {track["track"] for track in known["tracks"]} & {track["track"] for track in new["tracks"]}


def test_a_playlist_is_continued_by_its_tracks_its_title_or_both(server: Server) -> None:
    tracks, title = ["sim:track:000001"], "evening jazz"
    for playlist in ({"tracks": tracks}, {"title": title}, {"tracks": tracks, "title": title}):
        answer = server.client.post("/v1/continue", json={**playlist, "limit": 12})
        body = answer.json()
        assert answer.status_code == 200, body
        assert len(body["tracks"]) == 12
        assert "sim:track:000001" not in {track["track"] for track in body["tracks"] if "tracks" in playlist}


def test_a_playlist_of_nothing_cannot_be_continued(server: Server) -> None:
    answer = server.client.post("/v1/continue", json={"limit": 5})
    assert answer.status_code == 422
    assert "a title" in answer.json()["detail"]


def test_reasons_are_in_the_language_of_the_parameter_or_of_the_header(server: Server) -> None:
    path, header = "/v1/radio?track=sim:track:000001&limit=3", {"Accept-Language": "tlh, ja;q=0.5"}
    said = [
        [track["reason"] for track in server.client.get(path + more, headers=asked).json()["tracks"]]
        for more, asked in (("", {}), ("", header), ("&language=ja", {}), ("&language=de", header))
    ]
    assert said[1] == said[2]
    assert len({tuple(one) for one in said}) == 3
    body = {"tracks": ["sim:track:000001"], "limit": 3}
    playlists = [
        server.client.post("/v1/continue", json={**body, **more}, headers=asked).json()
        for more, asked in (({}, header), ({"language": "ja"}, {}), ({"language": "tlh"}, {}))
    ]
    assert playlists[0]["tracks"] == playlists[1]["tracks"]
    assert "there are none in 'tlh'" in playlists[2]["notes"][0]
    assert server.client.get(path + "&language=" + "x" * 36).status_code == 422


def test_a_kept_weekly_is_said_in_the_language_that_is_asked_for(server: Server) -> None:
    path = "/v1/listeners/sim:listener:000003/weekly"
    german, english = (server.client.get(f"{path}?language={tag}").json() for tag in ("de", "en"))
    assert [track["code"] for track in german["tracks"]] == [track["code"] for track in english["tracks"]]
    assert [track["reason"] for track in german["tracks"]] != [track["reason"] for track in english["tracks"]]
    assert "there are none in 'tlh'" in server.client.get(f"{path}?language=tlh").json()["notes"][0]


def test_a_weekly_is_the_same_whenever_it_is_asked_for(server: Server) -> None:
    path = "/v1/listeners/sim:listener:000001/weekly"
    first, second = server.client.get(path).json(), server.client.get(path).json()
    assert first == second
    assert (first["rung"], len(first["tracks"])) == ("personal", 30)


def test_paging_through_the_tracks_gives_each_once(server: Server) -> None:
    seen: list[str] = []
    cursor: int | None = 0
    while cursor is not None:
        page = server.client.get("/v1/tracks", params={"cursor": cursor, "limit": 200}).json()
        seen += [track["track_id"] for track in page["tracks"]]
        cursor = page["next"]
    assert len(seen) == len(set(seen)) == 600


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "says"),
    [
        ("POST", "/v1/events", "nonsense", 422, "not JSON"),
        ("POST", "/v1/events", "{}", 422, "events"),
        ("POST", "/v1/events", events({"event_id": "x", "type": "play", "track": "t", "colour": 1}), 422, "colour"),
        ("POST", "/v1/events", events({"event_id": "x", "type": "play", "track": "t", "played_ms": -1}), 422, "-1"),
        ("POST", "/v1/events", '{"events":[{"event_id":"x","type":"play","value":NaN}]}', 422, "NaN"),
        ("POST", "/v1/events", events({"event_id": "x", "type": "dance", "track": "t"}), 422, "dance"),
        ("POST", "/v1/events", events({"type": "play", "track": "t"}), 422, "event_id"),
        ("POST", "/v1/events", events(*([{"event_id": "x", **PLAY}] * 5001)), 413, "5001"),
        ("POST", "/v1/events", " " * (9 << 20), 413, "bytes"),
        ("GET", "/v1/radio?track=nothing", None, 404, "nothing"),
        ("GET", "/v1/radio?q=qqqqqqqqqqqq", None, 404, "qqqqqqqqqqqq"),
        ("GET", "/v1/radio", None, 422, "track or q"),
        ("GET", "/v1/radio?track=sim:track:000001&limit=0", None, 422, "limit"),
        ("GET", "/v1/radio?track=sim:track:000001&limit=10000", None, 422, "limit"),
        ("GET", "/v1/radio?track=sim:track:000001&arc=zigzag", None, 422, "build"),
        ("GET", "/v1/radio?track=sim:track:000001&arc=1,2,much", None, 422, "levels"),
        ("GET", "/v1/radio?track=sim:track:000001&dial=0.5", None, 422, "listener"),
        ("GET", "/v1/radio?track=sim:track:000001&minutes=0", None, 422, "minutes"),
        ("GET", "/v1/listeners/nobody/weekly", None, 404, "nobody"),
        ("GET", "/v1/tracks/nothing", None, 404, "nothing"),
        ("GET", "/v2/nowhere", None, 404, "Not Found"),
        ("DELETE", "/v1/radio", None, 405, "Method"),
    ],
)
def test_what_cannot_be_answered_is_a_problem_document(
    server: Server, method: str, path: str, body: str | None, status: int, says: str
) -> None:
    answer = server.client.request(method, path, content=body)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert says in answer.json()["detail"]
    assert answer.json()["status"] == status


def test_a_body_without_a_length_is_cut_off_at_the_limit(server: Server) -> None:
    answer = server.client.post("/v1/events", content=(b" " * (1 << 20) for _ in range(10)))
    assert answer.status_code == 413


def test_a_request_id_comes_back(server: Server) -> None:
    assert server.client.get("/healthz", headers={"X-Request-ID": "mine"}).headers["X-Request-ID"] == "mine"


def test_metrics_count_answers_by_rung(server: Server) -> None:
    server.client.get("/v1/radio", params={"track": "sim:track:000002"})
    assert 'segue_answers_total{rung="session"}' in server.client.get("/metrics").text


def test_the_page_shows_the_weekly_with_reasons_and_says_it_is_simulated(server: Server) -> None:
    page = server.client.get("/", params={"listener": "sim:listener:000002"})
    assert page.status_code == 200
    assert page.text.count('class="why"') == 30
    assert "Simulated world" in page.text
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]


def test_the_page_shows_a_radio_from_a_search(server: Server) -> None:
    title = server.client.get("/v1/tracks/sim:track:000003").json()["title"]
    assert "anonymous: no history read or kept" in server.client.get("/", params={"q": title}).text


def test_the_page_escapes_what_it_is_given(server: Server) -> None:
    page = server.client.get("/", params={"listener": "<script>alert(1)</script>"})
    assert "<script>" not in page.text
    assert "&lt;script&gt;" in page.text


def test_the_api_describes_itself(server: Server) -> None:
    paths = server.client.get("/openapi.json").json()["paths"]
    assert {"/v1/events", "/v1/radio", "/v1/listeners/{listener}/weekly", "/v1/tracks"} <= set(paths)


def test_the_api_describes_events_and_its_errors(server: Server) -> None:
    post = server.client.get("/openapi.json").json()["paths"]["/v1/events"]["post"]
    event = post["requestBody"]["content"]["application/json"]["schema"]["properties"]["events"]["items"]
    assert event["required"] == ["event_id", "type"]
    assert event["properties"]["occurred_at"] == {"type": "string", "format": "date-time"}
    assert "erasure" not in event["properties"]["type"]["enum"]
    assert set(post["responses"]) == {"200", "4XX", "5XX"}
    assert list(post["responses"]["4XX"]["content"]) == ["application/problem+json"]


def test_the_pages_load_nothing_from_elsewhere(server: Server) -> None:
    for path in ("/", "/docs"):
        page = server.client.get(path)
        assert page.status_code == 200
        for address in re.findall(r'(?:src|href)="([^"]+)"', page.text):
            assert address.startswith("/"), address
            assert server.client.get(address).status_code == 200, address


def test_metrics_name_the_whole_route(server: Server) -> None:
    server.client.get("/v1/tracks", params={"limit": 1})
    assert 'route="/v1/tracks",status="200"' in server.client.get("/metrics").text


def test_an_error_that_nobody_foresaw_is_counted_and_carries_its_request_id(
    world: Workspace, caplog: pytest.LogCaptureFixture
) -> None:
    def pages(_: Workspace, __: object) -> APIRouter:
        router = APIRouter()

        @router.get("/broken")
        async def broken() -> None:
            raise ZeroDivisionError

        return router

    async def ask(path: str) -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://segue") as client:
            return await client.get(path, headers={"X-Request-ID": "mine"})

    app = create(Workspace.open(world.home), [pages])
    answer, metrics = (asyncio.run(ask(path)) for path in ("/broken", "/metrics"))
    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["X-Request-ID"] == "mine"
    assert "mine" in caplog.text
    assert 'route="/broken",status="500"' in metrics.text


def test_a_track_has_what_another_source_says_of_its_recording(copy: Workspace, tmp_path: Path) -> None:
    track = copy.current().catalog.tracks.row(0, named=True)
    known = tmp_path / "known.csv"
    known.write_text(
        f'track,track_title,artist_name,isrc,mood\nx,"{track["title"]}","{track["artist_name"]}",X1,calm\n'
    )
    copy.ingest(build("catalogue"), known)
    copy.current.refresh()

    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(create(copy))
        async with httpx.AsyncClient(transport=transport, base_url="http://segue") as client:
            return await client.get(f"/v1/tracks/{track['track_id']}")

    told = asyncio.run(ask()).json()
    assert (told["track_id"], told["title"], told["mood"]) == (track["track_id"], track["title"], "calm")
    assert "isrc" not in told


def test_a_swap_under_load_fails_no_request_and_a_damaged_set_is_refused(server: Server) -> None:
    seen: set[str] = set()
    failures: list[str] = []
    done = threading.Event()

    def ask() -> None:
        with httpx.Client(base_url=server.client.base_url, timeout=30) as client:
            while not done.is_set():
                answer = client.get("/v1/radio", params={"track": "sim:track:000001", "limit": 5})
                if answer.status_code == 200:
                    seen.add(answer.json()["snapshot"])
                else:
                    failures.append(answer.text)

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    try:
        workspace = Workspace.open(server.home)
        old = workspace.pointer().id
        new = workspace.train(now=NOW.replace(hour=13)).pointer
        _until(lambda: new.id in seen)
        broken = workspace.train(now=NOW.replace(hour=14)).pointer
        _until(lambda: broken.id in seen)
        file = server.home / "models" / "als" / new.models["als"] / "factors.npy"
        content = bytearray(file.read_bytes())
        content[-1] ^= 1
        file.write_bytes(content)
        refused = snapshot.point(
            server.home, generation=new.generation, models=new.models, settings="x", now=NOW.replace(hour=15)
        )
        _until(lambda: "factors.npy" in str(server.client.get("/readyz").json()["refused"]))
        time.sleep(0.3)
    finally:
        done.set()
        for thread in threads:
            thread.join()
    assert not failures, failures[0]
    assert {old, new.id, broken.id} <= seen
    assert refused.id not in seen
    assert server.client.get("/v1/radio", params={"track": "sim:track:000001"}).json()["snapshot"] == broken.id


def _until(reached: "object") -> None:
    assert callable(reached)
    for _ in range(300):
        if reached():
            return
        time.sleep(0.1)
    raise AssertionError("not reached within 30 s")


def test_a_mood_says_what_it_understood(server: Server) -> None:
    answer = server.client.get("/v1/moods/calm flurbgl jazz", params={"limit": 7, "arc": "build"})
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert (body["recipe"], len(body["tracks"])) == ("mood", 7)
    assert body["theme"]["unknown"] == ["flurbgl"]
    german = server.client.get("/v1/moods/calm flurbgl jazz", headers={"Accept-Language": "de"}).json()
    assert "nicht verstanden: „flurbgl“" in german["notes"]
    wrong = server.client.get("/v1/moods/calm", params={"arc": "zigzag"})
    assert (wrong.status_code, "zigzag" in wrong.text) == (422, True)
