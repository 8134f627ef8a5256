# SPDX-License-Identifier: Apache-2.0
from collections.abc import Mapping, Sequence

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue.dataset.matrices import Dataset, Vocabulary
from segue.errors import NotReady
from segue.features.charts import COUNTED, SPOKEN
from segue.models.charts import Charts, ChartsConfig


def dataset(items: int) -> Dataset:
    """Item i has the catalogue number 10 + i."""
    ids = pl.Series("track_id", [f"t{one:03}" for one in range(items)])
    return Dataset(Vocabulary(ids, np.arange(10, 10 + items, dtype=np.int32), np.zeros(items, np.int32)))


def fitted(
    counts: Mapping[str | None, Sequence[int]],
    languages: Sequence[str | None] = (),
    spoken: Mapping[tuple[str, str], int] | None = None,
    **config: float,
) -> Charts:
    """Of each region, and under None of everyone, the listeners of each item, none of them faded."""
    rows = [(name, 10 + item, float(n), n) for name, some in counts.items() for item, n in enumerate(some) if n]
    counted = pl.DataFrame(rows, schema=COUNTED, orient="row").sort("region", "number", nulls_last=False)
    charts = Charts(ChartsConfig(**config))  # type: ignore[arg-type]
    tags = pl.Series("language", list(languages) or [None] * len(counts[None]), pl.String)
    speakers = [(region, tag, listeners) for (region, tag), listeners in (spoken or {}).items()]
    charts.fit(dataset(len(counts[None])), counted, tags, pl.DataFrame(speakers, schema=SPOKEN, orient="row"))
    return charts


def test_a_share_is_the_regions_count_with_everyones_worth_of_the_strength() -> None:
    charts = fitted({None: [100, 900], "PT": [60, 40]})
    charts.strength = np.array([100.0])
    assert charts.shares(0).tolist() == pytest.approx([(60 + 10) / 200, (40 + 90) / 200])
    assert charts.told(0).all()
    assert charts.shares(-1).tolist() == pytest.approx([0.1, 0.9])


def test_what_fewer_than_ten_listeners_play_is_not_kept_and_moves_no_chart() -> None:
    charts = fitted({None: [100, 300, 600], "A": [9, 0, 0], "B": [0, 9, 20], "C": [9, 0, 20]})
    assert charts.regions == ("A", "B", "C")
    assert charts.weights.tolist() == [20, 20]
    assert charts.shares(0).tolist() == pytest.approx([0.1, 0.3, 0.6])
    assert charts.shares(1).tolist() == pytest.approx(charts.shares(2).tolist())


def test_of_tracks_that_too_few_play_those_in_a_language_that_enough_play_come_first() -> None:
    counts = {None: [300, 200, 200, 300], "PT": [0, 5, 9, 9], "SE": [90, 60, 0, 0]}
    languages = ["en", "en", "pt", "pt"]
    few = fitted(counts, languages, {("PT", "pt"): 9, ("SE", "en"): 99})
    enough = fitted(counts, languages, {("PT", "pt"): 18, ("SE", "en"): 99})
    assert few.shares(0).tolist() == pytest.approx(few.shares(-1).tolist())
    shares = enough.shares(0)
    assert shares[2] > shares[0]
    assert shares[3] / shares[2] == pytest.approx(300 / 200)  # nothing of the two tracks is told
    assert shares.sum() == pytest.approx(1, rel=1e-5)


def test_a_track_of_ten_listeners_is_listed_and_one_of_nine_is_not() -> None:
    assert fitted({None: [9, 10, 0]}).listed.tolist() == [False, True, False]
    assert fitted({None: [9, 10, 0]}, least_listeners=1).listed.tolist() == [True, True, False]


def test_regions_that_differ_are_believed_sooner() -> None:
    same = fitted({None: [400, 400], "A": [200, 200], "B": [200, 200]})
    other = fitted({None: [400, 400], "A": [400, 0], "B": [0, 400]})
    assert other.strength[0] < same.strength[0]


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(1, 40)), min_size=1, max_size=8))
def test_shares_add_up_to_one_and_a_restored_model_has_the_same(both: list[tuple[int, int]]) -> None:
    own = [one for one, _ in both]
    charts = fitted({None: [one + more for one, more in both], **({"PT": own} if any(own) else {})})
    for region in range(-1, len(charts.regions)):
        assert charts.shares(region).sum() == pytest.approx(1, rel=1e-4)
    again = Charts(charts.config)
    again.restore(charts.state())
    assert again.regions == charts.regions
    assert all(again.shares(one).tolist() == charts.shares(one).tolist() for one in range(-1, len(charts.regions)))


def test_without_plays_there_are_no_charts() -> None:
    with pytest.raises(NotReady, match="nobody's plays"):
        fitted({None: [0, 0]})
