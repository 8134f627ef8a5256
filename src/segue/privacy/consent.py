# SPDX-License-Identifier: Apache-2.0
"""Who allows what, and since when: consent and erasure events applied in the log's order."""

from dataclasses import dataclass
from functools import cached_property

import polars as pl
from pydantic import BaseModel, ConfigDict

from segue.types import EventType, Purpose

__all__ = ["CONSENT_COLUMNS", "ConsentConfig", "Ledger"]

CONSENT_COLUMNS = ("position", "type", "listener", "purpose", "granted", "occurred_at", "received_at")


class ConsentConfig(BaseModel):
    """What is allowed for a listener who has said nothing yet."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    personalise: bool = True
    """Use a listener's plays, languages and region to choose tracks, for them and in models."""
    measure: bool = True
    """Use plays and answers to measure quality and run experiments."""
    research: bool = False
    """Use plays for studies that leave the service."""
    demographic: bool = False
    """Use age bracket, gender and region to audit who is served worse."""
    integrity: bool = True
    """Look for farmed plays and abuse."""
    operate: bool = True
    """Keep the service running: counts, errors, the listener's own export, and what their age keeps from them."""


@dataclass(frozen=True)
class Ledger:
    """Every consent and erasure event, in order: the state of each listener follows from it.

    Withdrawing a consent stops all use for that purpose, of past plays too; granting it again restores the use of
    what was gathered under consent, and never of what came in between. An erasure ends everything before it.
    """

    config: ConsentConfig
    events: pl.DataFrame
    """Columns `CONSENT_COLUMNS`, by position."""

    def allowed(self, listener: str, purpose: Purpose) -> bool:
        """Say whether the listener's events may be used for the purpose now."""
        return self._said.get((listener, purpose.value), self._default(purpose))

    def state(self, listener: str) -> dict[Purpose, bool]:
        """Return what the listener allows now, for every purpose."""
        return {purpose: self.allowed(listener, purpose) for purpose in Purpose}

    def erased_at(self, listener: str) -> int:
        """Return the position of the listener's last erasure (0: none)."""
        return self._erased.get(listener, 0)

    def withdrawn_since(self, position: int, purpose: Purpose) -> set[str]:
        """Return the listeners who withdrew the purpose, or were erased, after a position."""
        later = self.events.filter(pl.col("position") > position)
        withdrew = (pl.col("purpose") == purpose.value) & ~pl.col("granted")
        return set(later.filter(withdrew | (pl.col("type") == EventType.ERASURE.value))["listener"])

    def admit(self, events: pl.DataFrame, purpose: Purpose) -> pl.DataFrame:
        """Keep the events that may be used for the purpose.

        Args:
            events: Any events of the log with `listener` and `position`, by position.
            purpose: What they are wanted for.
        """
        default = self._default(purpose)
        said = self.events.filter(pl.col("purpose") == purpose.value).select("listener", "position", "granted")
        erased = self._erasures
        if said.height:
            now = said.group_by("listener", maintain_order=True).agg(pl.col("granted").last().alias("granted_now"))
            events = (
                events.join_asof(
                    said.rename({"granted": "granted_then"}).sort("position"),
                    on="position",
                    by="listener",
                    check_sortedness=False,
                )
                .join(now, on="listener", how="left", maintain_order="left")
                .filter(
                    pl.col("listener").is_null()
                    | (pl.col("granted_then").fill_null(default) & pl.col("granted_now").fill_null(default))
                )
                .drop("granted_then", "granted_now")
            )
        elif not default:
            events = events.filter(pl.col("listener").is_null())
        if erased.height:
            events = (
                events.join(erased, on="listener", how="left", maintain_order="left")
                .filter(pl.col("position") > pl.col("erased_at").fill_null(0))
                .drop("erased_at")
            )
        return events

    @cached_property
    def _said(self) -> dict[tuple[str, str], bool]:
        """What each listener said last, by purpose."""
        said = self.events.filter(pl.col("purpose").is_not_null()).select("listener", "purpose", "granted")
        return {(listener, purpose): granted for listener, purpose, granted in said.iter_rows()}

    @cached_property
    def _erasures(self) -> pl.DataFrame:
        """The position `erased_at` of each listener's last erasure."""
        erasures = self.events.filter(pl.col("type") == EventType.ERASURE.value)
        return erasures.group_by("listener").agg(pl.col("position").max().alias("erased_at"))

    @cached_property
    def _erased(self) -> dict[str, int]:
        return dict(self._erasures.iter_rows())

    def _default(self, purpose: Purpose) -> bool:
        return bool(getattr(self.config, purpose.value))
