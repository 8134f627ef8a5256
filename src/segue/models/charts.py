# SPDX-License-Identifier: Apache-2.0
"""What each region plays, blended with what everyone plays by evidence; of few listeners nothing is told."""

from typing import ClassVar

import numpy as np
import polars as pl
from numpy.typing import NDArray
from pydantic import Field

from segue.dataset.matrices import Dataset
from segue.errors import NotReady
from segue.features import charts
from segue.models.model import Learned, ModelConfig

__all__ = ["Charts", "ChartsConfig"]


class ChartsConfig(ModelConfig):
    """How charts are counted."""

    half_life_days: float = Field(default=60.0, gt=0)
    """A listener who last played the track so many days ago counts half; one without a time counts whole."""
    least_listeners: int = Field(default=10, ge=1)
    """A track of fewer listeners is not listed, and a region's own count of one is not told from everyone's."""
    small_language: float = Field(default=0.1, ge=0, le=1)
    """A language is small if less than this share of all that is played is in it."""


class Charts(Learned):
    """Shares of what is played, by region.

    A region's share of a track is (n + s·p) / (N + s): n of the region's N listeners and tracks, the share p that is
    expected there, and s, fitted, the listeners that this is worth. What is expected is everyone's share, times how
    much more is played in the track's language there than elsewhere; the languages' shares are blended likewise. A
    count of n that rests on too few listeners is not kept: all such counts of a region are handed out by what is
    expected, so that they move no track of a language against another, and a region of too few has everyone's chart.

    For instance, with s = 100, p = 0.01 and n = 14 of N = 100: (14 + 1) / 200 = 0.075.

    A genre's chart is the region's over the tracks of the genre: shares of a part of a Dirichlet's are again those of
    one, of the same strength in the same proportion.
    """

    name = "charts"
    learned: ClassVar[tuple[str, ...]] = (
        "everyone", "listed", "language", "leaning", "strength", "total", "offsets", "items", "weights", "names",
        "name_ends",
    )  # fmt: skip
    Config = ChartsConfig
    config: ChartsConfig
    everyone: NDArray[np.float32]
    """`float32[n]`: everyone's share of each item; they add up to 1."""
    listed: NDArray[np.bool_]
    """`bool[n]`: whether enough listeners play the item for it to be listed."""
    language: NDArray[np.int16]
    """`int16[n]`: the language of each item, 0 where it is not known."""
    leaning: NDArray[np.float32]
    """`float32[R, languages]`: how much more is played in a language in a region than everywhere."""
    strength: NDArray[np.float64]
    """`float64[1]`: how many listeners everyone's chart is worth in a region."""
    total: NDArray[np.float64]
    """`float64[R]`: faded listeners and tracks of each region, those that are not told included."""
    offsets: NDArray[np.int64]
    """`int64[R + 1]`: where the items of each region begin and end."""
    items: NDArray[np.int32]
    """`int32[m]`: items that enough listeners of the region play, ascending."""
    weights: NDArray[np.float32]
    """`float32[m]`: their faded listeners."""
    names: NDArray[np.uint8]
    """The regions' names, one after the other in UTF-8, as plays have them."""
    name_ends: NDArray[np.int64]
    """`int64[R]`."""

    def fit(self, data: Dataset, counted: pl.DataFrame, language: pl.Series, spoken: pl.DataFrame) -> None:
        """Keep of the counts what may be told.

        Args:
            data: Its items are ranked.
            counted: `features.charts.COUNTED`, of catalogue numbers, everyone first.
            language: `String[n]`: of each item, null where it is not known.
            spoken: Listeners by `region` and `language`.

        Raises:
            NotReady: Nobody plays any of the items.
        """
        inside = counted.filter(pl.col("number") < len(data.items.index))
        item = data.items.index[inside["number"].to_numpy()]
        rows = inside.with_columns(pl.Series("item", item)).filter(pl.col("item") >= 0).sort("region", "item")
        all_of_it = rows.filter(pl.col("region").is_null())
        if all_of_it.is_empty():
            raise NotReady("charts: nobody's plays may be counted")
        everyone, heard = np.zeros(len(data.items)), np.zeros(len(data.items), np.int64)
        everyone[all_of_it["item"].to_numpy()] = all_of_it["weight"].to_numpy()
        heard[all_of_it["item"].to_numpy()] = all_of_it["listeners"].to_numpy()
        share = everyone / everyone.sum()
        self.everyone, self.listed = share.astype(np.float32), heard >= self.config.least_listeners
        regions = rows.filter(pl.col("region").is_not_null()).partition_by("region", maintain_order=True)
        self.language = language.rank("dense").fill_null(0).cast(pl.Int16).to_numpy()
        self.leaning = self._leaning(regions, share, language.drop_nulls().unique().sort().to_list(), spoken)
        own = [(one["item"].to_numpy(), one["weight"].to_numpy()) for one in regions]
        expected = [
            _elsewhere(everyone, *some, leaning[self.language]) for some, leaning in zip(own, self.leaning, strict=True)
        ]
        given = [(weight, some[items]) for (items, weight), some in zip(own, expected, strict=True)]
        self.strength = np.array([charts.strength(given)])
        self.total = np.array([weight.sum() for weight, _ in given], np.float64)
        told = [one.filter(pl.col("listeners") >= self.config.least_listeners) for one in regions]
        self.offsets = np.concatenate([np.zeros(1, np.int64), np.cumsum([one.height for one in told], dtype=np.int64)])
        kept = pl.concat([rows.clear(), *told])
        self.items, self.weights = kept["item"].to_numpy(), kept["weight"].cast(pl.Float32).to_numpy()
        words = [str(one["region"][0]).encode() for one in regions]
        self.names = np.frombuffer(b"".join(words), np.uint8)
        self.name_ends = np.cumsum([len(word) for word in words], dtype=np.int64)

    def _leaning(
        self, regions: list[pl.DataFrame], share: NDArray[np.float64], names: list[str], spoken: pl.DataFrame
    ) -> NDArray[np.float32]:
        """Return each region's share of each language over everyone's; what too few speak there is as everywhere."""
        everywhere = np.bincount(self.language, share, len(names) + 1).astype(np.float64)
        there = everywhere > 0
        enough = spoken.filter(pl.col("listeners") >= self.config.least_listeners)
        told = {(region, names.index(tag) + 1) for region, tag, _ in enough.iter_rows() if tag in names}
        counts, known = np.zeros((len(regions), len(names) + 1)), np.zeros((len(regions), len(names) + 1), bool)
        for row, region in enumerate(regions):
            tags = self.language[region["item"].to_numpy()]
            counts[row] = np.bincount(tags, region["weight"].to_numpy(), len(names) + 1)
            known[row] = [(region["region"][0], code) in told for code in range(len(names) + 1)]
        worth = charts.strength([(counts[row, there], everywhere[there]) for row in range(len(regions))])
        leaning: NDArray[np.float32] = np.ones(known.shape, np.float32)
        for row, one in enumerate(counts):
            blended = (one + worth * everywhere) / (one.sum() + worth)
            rest = 1 - everywhere[known[row]].sum()
            other = (1 - blended[known[row]].sum()) / rest if rest > 1e-9 else 1.0
            leaning[row] = np.where(known[row] & there, blended / np.maximum(everywhere, 1e-12), other)
        return leaning

    @property
    def regions(self) -> tuple[str, ...]:
        """Names of the R regions, ascending."""
        whole, ends = self.names.tobytes(), self.name_ends.tolist()
        return tuple(whole[start:end].decode() for start, end in zip([0, *ends], ends, strict=False))

    def shares(self, region: int) -> NDArray[np.float32]:
        """Return a region's share of each item, `float32[n]`; of no region (-1), everyone's."""
        if region < 0:
            return np.asarray(self.everyone)
        items, weights = self._of(region)
        untold = float(self.total[region]) - float(weights.sum(dtype=np.float64))
        expected = self.everyone * self.leaning[region][self.language]
        rest = 1.0 - float(expected[items].sum(dtype=np.float64))
        own: NDArray[np.float32] = expected * np.float32(untold / rest if rest > 1e-6 else 0.0)
        own[items] = weights
        strength = np.float32(self.strength[0])
        shares: NDArray[np.float32] = own + strength * expected
        shares /= np.float32(self.total[region] + strength)
        return shares

    def told(self, region: int) -> NDArray[np.bool_]:
        """Return of which items the region's own count speaks, `bool[n]`."""
        own = np.zeros(len(self.everyone), bool)
        if region >= 0:
            own[self._of(region)[0]] = True
        return own

    def _of(self, region: int) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
        some = slice(int(self.offsets[region]), int(self.offsets[region + 1]))
        return self.items[some], self.weights[some]


def _elsewhere(
    everyone: NDArray[np.float64], items: NDArray[np.int32], own: NDArray[np.float64], leaning: NDArray[np.float32]
) -> NDArray[np.float64]:
    """Return the shares expected in a region by what all others play, `float64[n]`: it must not be its own evidence.

    A little of its own stays in, so that nothing is impossible.
    """
    others = everyone.copy()
    others[items] -= (1 - _OWN) * own
    expected: NDArray[np.float64] = np.maximum(others, 0) * leaning
    return expected / max(float(expected.sum()), 1e-12)


_OWN = 0.05
