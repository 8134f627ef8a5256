# SPDX-License-Identifier: Apache-2.0
"""The `segue` command. Commands load what they need when they run, so that `--help` is quick."""

import os
import sys

__all__ = ["main"]


def main() -> None:
    """Run the command line; exit 0 done, 1 failed, 2 misused."""
    # One thread in BLAS: requests and kernels run side by side instead, and its own threads wait for one another
    # for very long where another process wants the cores.
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(name, "1")
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
