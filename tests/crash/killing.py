# SPDX-License-Identifier: Apache-2.0
"""What tests do with a process that is to be killed: start a command, and look over the workspace it leaves."""

import os
import subprocess
import sys
from pathlib import Path
from random import Random, SystemRandom
from typing import IO

from segue.jobs.doctor import examine
from segue.workspace import Workspace


def drawn() -> Random:
    """Return a new source of chance; its seed is printed, and pytest shows it when a test fails."""
    seed = SystemRandom().randrange(1 << 32)
    print(f"seed {seed}")
    return Random(seed)


def started(*words: str | Path, log: IO[bytes]) -> "subprocess.Popen[bytes]":
    """Start a `segue` command in a process of its own."""
    command = [sys.executable, "-c", "from segue.cli import main; main()", *map(str, words)]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("SEGUE_")}
    return subprocess.Popen(command, stdout=log, stderr=log, env=environment)


def assert_it_opens_and_is_well(home: Path) -> None:
    """Check that a workspace opens, and that its log and its catalogue are whole."""
    workspace = Workspace.open(home)
    workspace.catalog()
    findings = {finding.what: finding for finding in examine(home)}
    assert findings["event log"].ok, findings["event log"]
    assert findings["catalogue"].ok, findings["catalogue"]
