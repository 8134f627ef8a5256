# SPDX-License-Identifier: Apache-2.0
"""`segue demo`: a world that anyone can look at, and what Segue makes of it."""

import time
from datetime import UTC, datetime
from pathlib import Path

from segue.cli.output import complain_softly, emit, progress, show_slate, workspace
from segue.errors import BadInput, NotReady
from segue.jobs.demo import MARKER, populate
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
    config = _world(opened, wanted)
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
    show_slate(f"Weekly of {listener}, week of {kept.week} ({world})", kept.slate, kept.id)
    print()
    show_slate(f"Radio from {seed_track.artist} – {seed_track.title} (simulated)", radio)
    complain_softly(f"{'Made' if new else 'Opened'} in {seconds:.1f} s in {opened.home}")


def _world(opened: Workspace, wanted: dict[str, int]) -> WorldConfig:
    """Return the world to show: the one that is there already, or a new one that ends today."""
    marker = opened.home / MARKER
    if marker.exists():
        found = WorldConfig.model_validate(files.read_json(marker))
        if any(getattr(found, name) != value for name, value in wanted.items()):
            other = f"the demo of another world (seed {found.seed}, {found.listeners} listeners)"
            raise BadInput(f"{opened.home} holds {other}; name another --home")
        return found
    if (opened.home / "events").exists():
        raise BadInput(f"{opened.home} holds a workspace with events; give the demo a --home of its own")
    return WorldConfig.model_validate({**wanted, "end": datetime.now(UTC).date()})


def _ready(opened: Workspace) -> bool:
    try:
        return bool(opened.pointer().id)
    except NotReady:
        return False
