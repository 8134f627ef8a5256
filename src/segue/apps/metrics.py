# SPDX-License-Identifier: Apache-2.0
"""What the gateway counts, for Prometheus."""

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Histogram, generate_latest

__all__ = ["Metrics"]

_BUCKETS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5)


class Metrics:
    """The gateway's counters, in a registry of their own."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._seconds = Histogram(
            "segue_request_seconds", "Time to answer", ["route", "status"], buckets=_BUCKETS, registry=self._registry
        )
        self.rungs = Counter("segue_answers", "Answers by rung", ["rung"], registry=self._registry)
        self.events = Counter("segue_events", "Events taken in", registry=self._registry)
        self.swaps = Counter("segue_snapshot_swaps", "Snapshots swapped in", registry=self._registry)

    def observe(self, route: str, status: int, seconds: float) -> None:
        """Note a finished request."""
        self._seconds.labels(route, str(status)).observe(seconds)

    def text(self) -> tuple[bytes, str]:
        """Return the exposition and its media type."""
        return generate_latest(self._registry), CONTENT_TYPE_LATEST
