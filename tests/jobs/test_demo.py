import json
from datetime import date
from pathlib import Path

from segue.jobs.demo import MARKER, populate
from segue.simulate.world import WorldConfig
from segue.types import Purpose
from segue.workspace import Workspace

CONFIG = WorldConfig(listeners=20, tracks=200, weeks=2, seed=3, end=date(2026, 6, 5))


def test_a_populated_workspace_says_that_it_is_simulated(home: Path) -> None:
    workspace = Workspace.open(home, create=True)
    assert not workspace.simulated
    told: list[tuple[str, int | None, int | None]] = []
    accepted = populate(home, workspace.sink, CONFIG, lambda *said: told.append((*said, None, None)[:3]))
    assert workspace.simulated
    assert WorldConfig.model_validate(json.loads((home / MARKER).read_text())) == CONFIG
    assert workspace.door.position() == accepted > 0
    assert len(workspace.catalog()) == 200
    assert set(workspace.door.read(Purpose.OPERATE, ["source"])["source"]) == {"simulated"}
    assert told[-1] == ("simulating weeks", 2, 2)
    assert populate(home, workspace.sink, CONFIG) == 0, "populated again, it adds nothing"
    workspace.sink.close()
