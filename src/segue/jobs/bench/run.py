# SPDX-License-Identifier: Apache-2.0
"""Running a bench: the machine's limits first, then case after case."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.util import find_spec

from segue.errors import NotFound, NotReady
from segue.jobs.bench import als, ann, ingest, knn, serve, topk, weekly
from segue.jobs.bench.rows import Bench, Row
from segue.jobs.machine import Limits, limits, machine
from segue.jobs.progress import Progress, silent

__all__ = ["BENCHES", "run"]


@dataclass(frozen=True, slots=True)
class _Kind:
    protocol: str
    cases: Sequence[str]
    row: Callable[[str, float, int, Limits, Progress], Row]
    peers: Sequence[str] = ()
    """Modules that must be there."""
    after: Callable[[Sequence[Row]], list[Row]] = lambda rows: []  # noqa: ARG005
    """What follows from all rows together."""
    check: Callable[[Sequence[str]], object] = lambda cases: None  # noqa: ARG005
    """Raises where cases cannot be run here, before any is."""


BENCHES: Mapping[str, _Kind] = {
    "als": _Kind(als.PROTOCOL, als.CASES, als.als, ["implicit"]),
    "topk": _Kind(topk.PROTOCOL, topk.CASES, topk.topk, ["implicit"]),
    "knn": _Kind(knn.PROTOCOL, knn.CASES, knn.knn, ["implicit"]),
    "ann": _Kind(ann.PROTOCOL, ann.CASES, ann.ann, ["voyager", "usearch"], check=ann.check),
    "weekly": _Kind(weekly.PROTOCOL, weekly.CASES, weekly.weekly, after=weekly.growth),
    "serve": _Kind(serve.PROTOCOL, serve.CASES, serve.serve),
    "ingest": _Kind(ingest.PROTOCOL, ingest.CASES, ingest.ingest),
}
"""Every bench, by name."""


def run(
    name: str, *, cases: Sequence[str] = (), scale: float = 1.0, rounds: int = 6, progress: Progress = silent
) -> Bench:
    """Run a bench, ours and the peers in turn.

    Args:
        name: As `BENCHES` has it.
        cases: Only those whose name contains one of these; none: all.
        scale: Share of the full size.
        rounds: Of each side.
        progress: Told as rounds are done.

    Raises:
        NotFound: There is no such bench or case.
        NotReady: A peer is not installed.
        BadInput: Data that a case needs is not there.
        SegueError: The sides are not equally good, so that their times cannot be compared.
    """
    if name not in BENCHES:
        raise NotFound(f"no bench {name!r}; there are {', '.join(BENCHES)}")
    kind = BENCHES[name]
    wanted = [case for case in kind.cases if not cases or any(part in case for part in cases)]
    if not wanted:
        raise NotFound(f"bench {name} has no case with {' or '.join(map(repr, cases))}; it has {'; '.join(kind.cases)}")
    missing = [peer for peer in kind.peers if find_spec(peer) is None]
    if missing:
        raise NotReady(f"bench {name} runs beside {', '.join(missing)}: pip install {' '.join(missing)}")
    kind.check(wanted)
    progress("measuring the machine")
    most = limits()
    rows = []
    for place, case in enumerate(wanted):
        progress(f"{name}: {case}", place, len(wanted))
        rows.append(kind.row(case, scale, rounds, most, progress))
    rows += kind.after(rows)
    if scale != 1:  # nobody is to take them for those of the full size
        rows = [replace(row, case=f"{row.case}, at {scale:g} of the size") for row in rows]
    return Bench(name, kind.protocol, {**machine(), **most}, rows, scale, rounds)
