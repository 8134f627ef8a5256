# SPDX-License-Identifier: Apache-2.0
from dataclasses import replace

import numpy as np

from segue.pipeline.trace import Trace
from segue.ranking.best import Best
from tests.pipeline.rows import candidates, request, tracks_of


def test_what_any_source_says_counts_as_it_is() -> None:
    asked = replace(
        candidates([[1, 2, 3], [4]]),
        sources=("a", "b"),
        proposed=np.array([[0.2, np.nan], [np.nan, 0.5], [0.4, 0.1], [np.nan, np.nan]], np.float32),
    )
    ranked = Best()(request(2), asked, Trace())
    assert tracks_of(ranked) == [[2, 3, 1], [4]]
    assert np.allclose(ranked.score[:3], [0.5, 0.4, 0.2])
    assert ranked.reason_source[:3].tolist() == [1, 0, 0]
