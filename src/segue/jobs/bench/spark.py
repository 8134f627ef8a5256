# SPDX-License-Identifier: Apache-2.0
"""Spark's ALS, where pyspark and a Java runtime are installed."""

import tempfile
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import polars as pl
from numba import get_num_threads
from numpy.typing import NDArray

from segue.jobs.bench.factorized import LAMBDA, Side, World

__all__ = ["Spark"]

_MEMORY = "8g"


class Spark(Side):
    """Fits anew in each round, with one iteration more: Spark cannot go on from where it was.

    Its ratings are cached before. It regularizes a row by the number of its entries; so does our side of the case.
    """

    def __init__(self, world: World):
        from pyspark.sql import SparkSession

        super().__init__(world)
        self.rounds = 0
        self._folder = tempfile.TemporaryDirectory(prefix="segue-bench-")
        entries = self.matrix.tocoo()
        ratings = pl.DataFrame({"row": entries.row, "item": entries.col, "rating": entries.data})
        ratings.write_parquet(Path(self._folder.name) / "ratings.parquet")
        builder: Any = SparkSession.builder
        self.session = (
            builder.master(f"local[{get_num_threads()}]")
            .config("spark.driver.memory", _MEMORY)
            .config("spark.ui.enabled", "false")
            .config("spark.ui.showConsoleProgress", "false")
            .config("spark.log.level", "ERROR")
            .getOrCreate()
        )
        self.ratings = self.session.read.parquet(f"{self._folder.name}/ratings.parquet").cache()
        self.ratings.count()

    def round(self) -> float:
        """Fit; return the seconds that it took."""
        from pyspark.ml.recommendation import ALS

        self.rounds += 1
        als = ALS(
            rank=self.world.factors,
            maxIter=self.rounds,
            regParam=LAMBDA / self.world.mean,
            implicitPrefs=True,
            alpha=1.0,
            userCol="row",
            itemCol="item",
            ratingCol="rating",
            seed=self.world.seed,
        )
        began = perf_counter()
        model = als.fit(self.ratings)
        seconds = perf_counter() - began
        self.rows = self._factors(model.userFactors, "rows", len(self.rows))
        self.items = self._factors(model.itemFactors, "items", len(self.items))
        return seconds

    def _factors(self, of: Any, name: str, count: int) -> NDArray[np.float32]:
        """Return factors by number, `float32[count, f]`; zeros for what has no entry."""
        folder = Path(self._folder.name) / f"{name}-{self.rounds}"
        of.write.parquet(str(folder))
        told = pl.read_parquet(folder / "*.parquet")
        made = np.zeros((count, self.world.factors), np.float32)
        made[told["id"].to_numpy()] = told["features"].list.to_array(self.world.factors).to_numpy()
        return made
