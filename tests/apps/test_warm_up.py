# SPDX-License-Identifier: Apache-2.0
"""That no request waits for a compiler: on a machine where nothing was compiled before."""

import os
import subprocess
import sys
from pathlib import Path

from segue.workspace import Workspace

SCRIPT = """
import sys
from numba.core import event
from segue.apps.gateway import Gateway
from segue.types import Ask, Kind
from segue.workspace import Workspace

compiled = []

class Listener(event.Listener):
    def on_start(self, one):
        compiled.append(str(one.data["dispatcher"]))
    def on_end(self, one):
        pass

event.register("numba:compile", Listener())
workspace = Workspace.open(sys.argv[1])
gateway = Gateway(workspace)
gateway.warm_up()
assert gateway.ready and compiled
compiled.clear()
who = workspace.listeners()[0]
tracks = tuple(workspace.catalog().tracks["track_id"][:3])
workspace.answer(Ask("radio", Kind.RADIO, tracks[:1]))
workspace.answer(Ask("own", Kind.RADIO, tracks[:1], listener=who))
workspace.answer(Ask("continue", Kind.CONTINUE, tracks, title="songs", listener=who))
workspace.answer(Ask("stranger", Kind.WEEKLY, listener="a stranger"))
workspace.weekly_of(who)
workspace.weekly_of(who)
print(compiled)
"""


def test_no_request_compiles_a_kernel(copy: Workspace, tmp_path: Path) -> None:
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path / "compiled")}
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(copy.home)], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
