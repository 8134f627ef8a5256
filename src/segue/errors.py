# SPDX-License-Identifier: Apache-2.0
"""Every exception that Segue raises on purpose.

    SegueError
    ├── UsageError             the caller asked for something that cannot be asked (exit 2, HTTP 400)
    │   ├── NotFound           … a track, listener, model or workspace that is not there (HTTP 404)
    │   ├── BadInput           … a file, row or event that cannot be understood (HTTP 422)
    │   └── TooLarge           … a body, record or list above its limit (HTTP 413)
    ├── NotReady               the workspace lacks what the answer needs, with the command that makes it (HTTP 503)
    ├── BelowFloor             an index finds less of the true nearest than it must (the model serves without it)
    ├── Damaged                stored bytes that do not match what was written (HTTP 503)
    └── Busy                   another process holds the lock, or the queue is full (HTTP 503)

A message names the thing, the value it had, and the next step.
"""


class SegueError(Exception):
    """Base of every exception that Segue raises on purpose."""


class UsageError(SegueError):
    """The request itself is wrong; asking again unchanged will fail again."""


class NotFound(UsageError):
    """What the request names does not exist here."""


class BadInput(UsageError):
    """A file, row or event that cannot be understood."""


class TooLarge(UsageError):
    """A body, record or list above its stated limit."""


class NotReady(SegueError):
    """The workspace lacks something that a named command makes."""


class BelowFloor(SegueError):
    """An index that was built finds less of the true nearest than its floor."""


class Damaged(SegueError):
    """Stored bytes do not match what was written."""


class Busy(SegueError):
    """Another process holds what is needed; trying again later may succeed."""
