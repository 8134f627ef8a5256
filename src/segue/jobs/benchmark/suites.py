# SPDX-License-Identifier: Apache-2.0
"""Each benchmark: its protocol, its measures, the settings that are tried, and what was published."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

from segue.errors import NotFound
from segue.evaluation.protocol import Split
from segue.jobs.benchmark import cold, dial, flow, kinds, listeners, moments, moods, playlists, regions, sets
from segue.jobs.benchmark.rows import Row

__all__ = ["SUITES", "Published", "Suite", "Together", "suite"]


@dataclass(frozen=True, slots=True)
class Published:
    """A row of another table."""

    model: str
    where: str
    metrics: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Suite:
    """One benchmark."""

    name: str
    protocol: str
    """In words."""
    read: Callable[[Path, int], Split]
    """From the folder of data sets and a seed."""
    seeds: int
    """Runs that the figures are the mean of."""
    measures: Sequence[str]
    chosen_by: str
    """The measure on validation that settings are chosen by."""
    tried: Mapping[str, Sequence[Mapping[str, Any]]]
    """By model: settings that are tried on validation."""
    published: Sequence[Published]

    @property
    def models(self) -> Sequence[str]:
        """Names of the models that can be asked for."""
        return list(self.tried)


@dataclass(frozen=True, slots=True)
class Together:
    """A benchmark whose rows share much of their work, such as the training of a whole workspace."""

    name: str
    protocol: str
    """In words."""
    models: Sequence[str]
    """Names of the rows that can be asked for."""
    rows: Callable[[Path, Sequence[str], int], list[Row]]
    """From the folder of data sets, the rows wanted, and how many runs."""
    seeds: int
    """Runs that the figures are the mean of."""
    measures: Sequence[str]
    """Those that stand first."""
    published: Sequence[Published] = ()
    simulated: bool = False
    """Whether it makes its own data, and needs no folder of data sets."""


def _grid(**values: Sequence[Any]) -> list[dict[str, Any]]:
    return [dict(zip(values, chosen, strict=True)) for chosen in product(*values.values())]


def _of_last_fm(model: str, *figures: float) -> Published:
    return Published(model, "paper of LightGCN++", dict(zip(("R@10", "N@10", "R@40", "N@40"), figures, strict=True)))


_LISTENERS: Mapping[str, Sequence[Mapping[str, Any]]] = {
    "popularity": [{"half_life_days": None}],
    "knn": _grid(
        asked_exponent=[0.3, 0.5, 1.0], found_exponent=[0.0, 0.3, 0.5, 1.0], row_damping=[0.5], neighbours=[500]
    ),
    "ease": _grid(regularization=[50.0, 100.0, 200.0], frequency=[0.0, 0.3], diagonal=[0.5, 1.0], neighbours=[2000]),
    "als": [
        {"factors": 256, "alpha": alpha, "regularization": ratio * alpha, "frequency": frequency, "iterations": 12}
        for alpha in (8.0, 12.0, 20.0)
        for ratio in (4.0, 5.0, 6.0)
        for frequency in (0.0, 0.25, 0.4)
    ]
    + _grid(
        factors=[64],
        starts=[5],
        alpha=[12.0],
        regularization=[40.0, 50.0, 60.0],
        frequency=[0.4, 0.5, 0.6],
        iterations=[12],
    ),
    "walks": _grid(alpha=[0.6, 0.8, 1.0], beta=[0.2, 0.3, 0.35, 0.4], neighbours=[1000]),
    "user_knn": _grid(neighbours=[100, 200, 400], rarity=[1.0, 1.5], sharpness=[2.0, 3.0]),
    "graph": _grid(factors=[160, 200], item_exponent=[0.25, 0.3], popularity=[0.2], slope=[0.0, 0.3, 0.6]),
}

_SEQUENCES: Mapping[str, Sequence[Mapping[str, Any]]] = {
    "popularity": [{"half_life_days": None}],
    "knn": _grid(
        asked_exponent=[0.6, 1.0, 1.2],
        found_exponent=[0.6, 1.0, 1.2],
        row_damping=[0.3, 0.6],
        recency=[0.0, 0.3, 0.6],
        neighbours=[1000],
    ),
    "walks": _grid(alpha=[0.6, 0.8], beta=[0.35, 0.5, 0.6], recency=[0.0, 0.6], neighbours=[1000]),
    "ease": _grid(regularization=[200.0, 600.0], frequency=[0.3, 0.5], diagonal=[0.3, 0.5], neighbours=[2000]),
    "als": _grid(
        factors=[64],
        starts=[1, 5],
        alpha=[10.0],
        regularization=[50.0, 100.0],
        frequency=[0.4],
        recency=[0.0, 0.3, 0.6],
    ),
    "graph": _grid(factors=[64, 128], slope=[0.0, 0.3]),
    "sequence": [{"rows": ["listeners"]}],
}

_SESSIONS: Mapping[str, Sequence[Mapping[str, Any]]] = {
    "popularity": [{"half_life_days": None}],
    "knn": [{"rows": ["sessions"], "found_exponent": found} for found in (0.0, 0.5, 1.0)],
    "session_knn": [
        *_grid(sharpness=[1.5, 2.0, 2.5], steps=[0.2, 0.3, 0.45], reach=[6.0, 9.0], window=[2, 5]),
        *_grid(neighbours=[100, 400], rarity=[1.0, 1.4], half_life=[35_000.0, 70_000.0]),
    ],
}

SUITES: Mapping[str, Suite | Together] = {
    made.name: made
    for made in (
        Suite(
            name="lastfm-lightgcnpp",
            protocol="the split of LightGCN++ (1,885 users, 17,388 artists); all items ranked, training masked",
            read=sets.lightgcnpp,
            seeds=5,
            measures=("R@10", "N@10", "R@40", "N@40"),
            chosen_by="N@40",
            tried=_LISTENERS,
            published=(
                _of_last_fm("LightGCN", 0.1741, 0.1996, 0.3481, 0.2854),
                _of_last_fm("XSimGCL", 0.1801, 0.2062, 0.3575, 0.2937),
                _of_last_fm("LightGCN++", 0.1889, 0.2171, 0.3745, 0.3083),
                _of_last_fm("NCL++", 0.1894, 0.2177, 0.3754, 0.3093),
            ),
        ),
        Suite(
            name="hetrec",
            protocol="each user cut 8:1:1 at random (1,892 users, 17,632 artists); all items ranked, all else masked",
            read=sets.hetrec,
            seeds=5,
            measures=("R@10", "MRR@10", "N@10"),
            chosen_by="N@10",
            tried=_LISTENERS,
            published=(
                Published("SEPT (with friends)", "RecBole-GNN", {"R@10": 0.2127, "MRR@10": 0.3703, "N@10": 0.2057}),
                Published("MHCN (with friends)", "RecBole-GNN", {"R@10": 0.2123, "MRR@10": 0.3782, "N@10": 0.2068}),
            ),
        ),
        Suite(
            name="nowplaying",
            protocol="every prefix of the published test sessions (89,824); all items ranked, repeats allowed",
            read=sets.nowplaying,
            seeds=1,
            measures=("HR@20", "MRR@20"),
            chosen_by="HR@20",
            tried=_SESSIONS,
            published=(
                Published("SR-GNN", "its paper", {"HR@20": 0.1887, "MRR@20": 0.0747}),
                Published("GCE-GNN", "its paper", {"HR@20": 0.2237, "MRR@20": 0.0840}),
                Published("DHCN", "its paper", {"HR@20": 0.2350, "MRR@20": 0.0818}),
            ),
        ),
        Suite(
            name="lastfm-s3rec",
            protocol="the sequences of S3-Rec (1,090 users, 3,646 artists); the last of each among 99 published others",
            read=sets.s3rec,
            seeds=3,
            measures=("HR@10", "N@10", "MRR@100"),
            chosen_by="N@10",
            tried=_SEQUENCES,
            published=(Published("S3-Rec", "its paper", {"HR@10": 0.6083, "N@10": 0.3577, "MRR@100": 0.2981}),),
        ),
        Together(
            name="mpd-cold",
            protocol=cold.PROTOCOL,
            models=cold.MODELS,
            rows=cold.rows,
            seeds=2,
            measures=("N@100", "R@100", "R-precision"),
        ),
        Together(
            name="situnes",
            protocol=moments.PROTOCOL,
            models=moments.MODELS,
            rows=moments.rows,
            seeds=5,
            measures=tuple(
                f"{cut} AUC{what}" for cut in moments.CUTS for what in ("", " gain", " gain low", " gain high")
            ),
        ),
        Together(
            name="moods",
            protocol=moods.PROTOCOL,
            models=moods.MODELS,
            rows=moods.rows,
            seeds=2,
            measures=moods.MEASURES,
        ),
        Together(
            name="kinds",
            protocol=kinds.PROTOCOL,
            models=kinds.MODELS,
            rows=kinds.rows,
            seeds=2,
            measures=kinds.MEASURES,
            simulated=True,
        ),
        Together(
            name="flow",
            protocol=flow.PROTOCOL,
            models=flow.MODELS,
            rows=flow.rows,
            seeds=1,
            measures=flow.MEASURES,
        ),
        Together(
            name="mpd",
            protocol=playlists.PROTOCOL,
            models=playlists.MODELS,
            rows=playlists.rows,
            seeds=2,
            measures=playlists.MEASURES,
        ),
        Together(
            name="dial",
            protocol=dial.PROTOCOL,
            models=dial.MODELS,
            rows=dial.rows,
            seeds=1,
            measures=dial.MEASURES,
            simulated=True,
        ),
        Together(
            name="listeners",
            protocol=listeners.PROTOCOL,
            models=listeners.MODELS,
            rows=listeners.rows,
            seeds=1,
            measures=listeners.MEASURES,
            simulated=True,
        ),
        Together(
            name="regions",
            protocol=regions.PROTOCOL,
            models=regions.MODELS,
            rows=regions.rows,
            seeds=2,
            measures=regions.MEASURES,
            simulated=True,
        ),
    )
}
"""By name."""


def suite(name: str) -> Suite | Together:
    """Return a benchmark by its name.

    Raises:
        NotFound: There is none of that name.
    """
    if name not in SUITES:
        raise NotFound(f"there is no benchmark {name!r}; there are {', '.join(SUITES)}")
    return SUITES[name]
