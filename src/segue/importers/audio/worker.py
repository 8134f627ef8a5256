# SPDX-License-Identifier: Apache-2.0
"""A process that reads music files: a request a line in, an answer a line out, both JSON objects.

`identify` (path, name) gives digest, duration_ms and tags; `hear` (path, duration_ms, sound, model, rate) gives the
sound where `sound` is true, and the embedding where there is a model. A file that cannot be read gives `refused` and
the reason. When it is ready it writes `{}`. It ends when its input does; so it never outlives who started it.
"""

import json
import os
import signal
import sys
from dataclasses import asdict
from functools import lru_cache
from pathlib import Path
from typing import Any

from segue.errors import BadInput
from segue.importers.audio import decoding, descriptors, tags
from segue.importers.audio.embedding import Embedder

__all__ = ["answer", "main"]


def main() -> None:
    """Answer requests until there are no more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # who started it decides
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what libraries print is no answer
    answers.write("{}\n")  # ready
    answers.flush()
    for line in sys.stdin:
        try:
            said = answer(json.loads(line))
        except BadInput as error:
            said = {"refused": str(error)}
        except Exception as error:  # whatever libraries make of anybody's bytes
            said = {"refused": f"could not be read ({type(error).__name__})"}
        answers.write(json.dumps(said) + "\n")
        answers.flush()


def answer(request: dict[str, Any]) -> dict[str, Any]:
    """Answer one request.

    Raises:
        BadInput: The file cannot be read.
    """
    path = Path(request["path"])
    if request["do"] == "identify":
        return {**asdict(decoding.identify(path)), "tags": tags.read(path, request["name"])}
    samples = decoding.excerpt(path, request["duration_ms"])
    said: dict[str, Any] = {}
    if request["sound"]:
        said["sound"] = descriptors.describe(samples)
    if request["model"]:
        said["embedding"] = _embedder(request["model"], request["rate"]).embed(samples)
    return said


@lru_cache(1)
def _embedder(path: str, rate: int) -> Embedder:
    return Embedder(Path(path), rate)


if __name__ == "__main__":
    main()
