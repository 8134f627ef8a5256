# SPDX-License-Identifier: Apache-2.0
"""Filling a workspace with a simulated world, labelled as such in every event."""

from pathlib import Path

from segue.catalog import store
from segue.events.schema import conform
from segue.events.sink import Sink
from segue.jobs.progress import Progress, silent
from segue.simulate.world import WorldConfig, simulate
from segue.stores import files

__all__ = ["MARKER", "populate"]

MARKER = "demo.json"
"""A workspace with this file holds a simulated world, whose settings are in it; pages say so."""


def populate(home: Path, sink: Sink, config: WorldConfig, progress: Progress = silent) -> int:
    """Write the world's catalogue and events; return how many events were new. Killed and run again, it goes on."""
    files.write_json(home / MARKER, config.model_dump(mode="json"))
    progress("simulating a world")
    world = simulate(config)
    store.extend(home / "catalog", world.tracks, world.artists, world.albums)
    accepted = 0
    for week, events in enumerate(world.events(), 1):
        accepted += sink.append(conform(events)).accepted
        progress("simulating weeks", week, config.weeks)
    return accepted
