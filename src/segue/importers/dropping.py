# SPDX-License-Identifier: Apache-2.0
"""Rows that are not taken, counted by their reasons."""

from collections.abc import Mapping

import polars as pl

__all__ = ["keep"]


def keep(rows: pl.DataFrame, reasons: Mapping[str, pl.Expr]) -> tuple[pl.DataFrame, dict[str, int]]:
    """Return the rows for which no reason holds, and how many were left out by the first that did."""
    dropped = {}
    for reason, holds in reasons.items():
        kept = rows.filter(~holds.fill_null(False))
        if kept.height < rows.height:
            dropped[reason] = rows.height - kept.height
        rows = kept
    return rows, dropped
