# SPDX-License-Identifier: Apache-2.0
"""The machine that figures were taken on, and how fast it is at what bounds most of them."""

import os
import platform
from collections.abc import Mapping
from pathlib import Path
from time import perf_counter
from typing import Any, TypeAlias

import numpy as np
from numba import get_num_threads
from threadpoolctl import threadpool_limits

__all__ = ["Limits", "limits", "machine"]

Limits: TypeAlias = Mapping[str, float]
"""`threads`, `gflops` and `gbps`."""

_SIDE = 2048
_BYTES = 512 << 20
_TRIES = 5


def machine() -> dict[str, Any]:
    """Return its cores, memory, processor and Python."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "cores": os.cpu_count(),
        "memory_gb": round(memory / 1e9),
        "processor": _processor(),
        "python": platform.python_version(),
    }


def limits() -> Limits:
    """Measure, on as many threads as kernels use, `gflops` of a product of matrices and `gbps` read from memory.

    Each is the best of several tries: a limit is what was ever reached.
    """
    threads = get_num_threads()
    one = np.random.Generator(np.random.PCG64(0)).random((_SIDE, _SIDE), np.float32)
    made = np.empty_like(one)
    many = np.ones(_BYTES // 4, np.float32)
    with threadpool_limits(threads, "blas"):
        product = min(_seconds(lambda: np.matmul(one, one, out=made)) for _ in range(_TRIES))
        read = min(_seconds(lambda: np.dot(many, many)) for _ in range(_TRIES))
    return {"threads": threads, "gflops": round(2 * _SIDE**3 / product / 1e9, 1), "gbps": round(_BYTES / read / 1e9, 1)}


def _seconds(work: Any) -> float:
    began = perf_counter()
    work()
    return perf_counter() - began


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())
