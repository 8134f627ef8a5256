# SPDX-License-Identifier: Apache-2.0
"""The `segue` command. Commands load what they need when they run, so that `--help` is quick."""

import sys

__all__ = ["main"]


def main() -> None:
    """Run the command line; exit 0 done, 1 failed, 2 misused."""
    from segue.cli.app import app
    from segue.cli.output import complain
    from segue.errors import SegueError, UsageError

    try:
        app()
    except SegueError as error:
        complain(str(error))
        sys.exit(2 if isinstance(error, UsageError) else 1)
    except KeyboardInterrupt:
        complain("stopped; what was finished is kept, and running it again goes on")
        sys.exit(130)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(0)
