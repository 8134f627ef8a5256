# SPDX-License-Identifier: Apache-2.0
"""`segue demo`: a world that anyone can look at, and what Segue makes of it."""

import time
from datetime import UTC, date, datetime
from pathlib import Path

from segue.cli.output import complain_softly, emit, progress, show_slate, workspace
from segue.errors import BadInput, NotReady
from segue.jobs.demo import populate
from segue.simulate.world import WorldConfig
from segue.stores import files
from segue.workspace import Workspace

__all__ = ["run"]


def run(home: Path | None, listeners: int, tracks: int, weeks: int, seed: int, *, as_json: bool) -> None:
    """Make the demo where it is not there yet, then print one weekly playlist and one radio.

    Raises:
        BadInput: The folder holds a workspace that is no demo, or a demo of another world.
    """
    began = time.perf_counter()
    opened = workspace(home, create=True)
    wanted = {"listeners": listeners, "tracks": tracks, "weeks": weeks, "seed": seed}
    end = _claim(opened, wanted)
    config = WorldConfig(**wanted, end=end)
    new = not _ready(opened)
    with progress(as_json) as show:
        if new:
            populate(opened.home, opened.sink, config, show)
            opened.train(progress=show)
        opened.weekly(progress=show)
    listener = opened.listeners()[0]
    kept = opened.weekly_of(listener)
    seed_track = kept.slate.tracks[0]
    radio = opened.radio(seed_track.track)
    seconds = time.perf_counter() - began
    if as_json:
        emit(
            {"simulated": True, "weekly": kept.slate.to_json(), "radio": radio.to_json(), "seconds": round(seconds, 1)}
        )
        return
    world = f"simulated: {listeners:,} listeners, {tracks:,} tracks, {weeks} weeks, seed {seed}"
    show_slate(f"Weekly of {listener}, week of {kept.week} ({world})", kept.slate)
    print()
    show_slate(f"Radio from {seed_track.artist} – {seed_track.title} (simulated)", radio)
    complain_softly(f"{'Made' if new else 'Opened'} in {seconds:.1f} s in {opened.home}")


def _claim(opened: Workspace, wanted: dict[str, int]) -> date:
    """Mark the workspace as this demo; return the day on which its world ends."""
    marker = opened.home / "demo.json"
    if marker.exists():
        found = files.read_json(marker)
        if found["world"] != wanted:
            raise BadInput(f"{opened.home} holds the demo of another world ({found['world']}); name another --home")
        return datetime.fromisoformat(found["end"]).date()
    if (opened.home / "events").exists():
        raise BadInput(f"{opened.home} holds a workspace with events; give the demo a --home of its own")
    end = datetime.now(UTC).date()
    files.write_json(marker, {"world": wanted, "end": end.isoformat()})
    return end


def _ready(opened: Workspace) -> bool:
    try:
        return bool(opened.pointer().id)
    except NotReady:
        return False
