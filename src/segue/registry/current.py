# SPDX-License-Identifier: Apache-2.0
"""The snapshot that serves now: loaded once, swapped by replacing one reference."""

from pathlib import Path
from threading import Lock

from segue.errors import SegueError
from segue.registry.snapshot import Snapshot, load, read_pointer

__all__ = ["Current"]


class Current:
    """Follows the snapshot pointer of a workspace. Whoever took a snapshot keeps it; nobody waits for a swap."""

    refused: str | None
    """Why the newest snapshot is not the one that serves, if it is not."""

    def __init__(self, home: Path):
        self._home = home
        self._loading = Lock()
        self._snapshot: Snapshot | None = None
        self._seen: tuple[int, int] | None = None
        self.refused = None

    def __call__(self) -> Snapshot:
        """Return the snapshot that serves, loading it at the first call.

        Raises:
            NotReady: Nothing is trained.
            Damaged: The first snapshot to load is not what was written.
        """
        if self._snapshot is None:
            with self._loading:
                if self._snapshot is None:
                    seen = self._stamp()
                    self._snapshot = load(self._home, read_pointer(self._home))
                    self._seen = seen
        return self._snapshot

    def refresh(self) -> bool:
        """Load the snapshot that the pointer names if it is another one; return whether it was swapped in.

        One that cannot be loaded is refused, and the one before goes on serving.
        """
        with self._loading:
            seen = self._stamp()
            if seen is None or seen == self._seen:
                return False
            swapped = False
            try:
                pointer = read_pointer(self._home)
                if self._snapshot is None or pointer.id != self._snapshot.id:
                    self._snapshot = load(self._home, pointer)
                    swapped = True
                self.refused = None
            except SegueError as error:
                self.refused = str(error)
            self._seen = seen
            return swapped

    def _stamp(self) -> tuple[int, int] | None:
        try:
            stat = (self._home / "snapshot").stat()
        except FileNotFoundError:
            return None
        return stat.st_mtime_ns, stat.st_ino
