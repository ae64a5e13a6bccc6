"""The figures of the service for Prometheus: requests by route, method and status, latency, and the store's own.

A route stands for all its paths: the template, never what somebody asked for.  The store's figures are read when
somebody asks, and kept for a few seconds, so that a hasty scraper costs nothing.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.registry import Collector

from api.http.observe import Observer, Seen
from data.store import Store
from data.store.sizes import Sizes, measure_store
from gis.errors import GridwrightError

_BUCKETS_S = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_KEPT_S = 5.0
_STREAMS = ("/events", "/stream")
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class Figures:
    """What one service counts."""

    content_type = CONTENT_TYPE_LATEST

    def __init__(self, store: Store) -> None:
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "gridwright_requests",
            "Requests answered, by route template, method and status.",
            ("route", "method", "status"),
            registry=self._registry,
        )
        self._seconds = Histogram(
            "gridwright_request_seconds",
            "Seconds from the first byte of a request to the last of its answer; streams are left out.",
            ("route",),
            buckets=_BUCKETS_S,
            registry=self._registry,
        )
        self._failures = Counter(
            "gridwright_unexpected_errors",
            "Requests that met an error nobody foresaw.",
            registry=self._registry,
        )
        self._registry.register(_OfStore(store))
        self._series: dict[tuple[str, str, int], tuple[Counter, Histogram | None]] = {}

    def listen_to(self, observer: Observer) -> None:
        """Count every answer of a service from now on."""
        observer.listen(self.count)
        observer.listen_to_failures(lambda error, request_id: self._failures.inc())

    def count(self, seen: Seen) -> None:
        """One request was answered."""
        # Anybody may invent a method; an invented one must not become a new series.
        method = seen.method if seen.method in _METHODS else "other"
        series = (seen.route, method, seen.status)
        kept = self._series.get(series)
        if kept is None:
            # `labels` costs as much as a look-up; routes, methods and statuses are few.
            seconds = None if seen.route.endswith(_STREAMS) else self._seconds.labels(seen.route)
            kept = self._series[series] = (self._requests.labels(seen.route, method, str(seen.status)), seconds)
        kept[0].inc()
        if kept[1] is not None:
            kept[1].observe(seen.seconds)

    def text(self) -> bytes:
        """All figures in Prometheus' text format."""
        return generate_latest(self._registry)


class _OfStore(Collector):
    def __init__(self, store: Store) -> None:
        self._store = store
        self._kept: tuple[float, Sizes | None] = (float("-inf"), None)

    def describe(self) -> Iterator[Metric]:
        """Nothing is promised beforehand: the store is asked only when somebody reads."""
        return iter(())

    def collect(self) -> Iterator[Metric]:
        """The store's figures; only ``gridwright_store_up 0`` where it can not be reached."""
        sizes = self._measured()
        yield GaugeMetricFamily("gridwright_store_up", "Whether the store answers.", value=float(sizes is not None))
        if sizes is None:
            return
        yield GaugeMetricFamily("gridwright_store_bytes", "Bytes the store takes on its disk.", value=sizes.bytes)
        yield GaugeMetricFamily("gridwright_outbox_number", "Number of the newest event.", value=sizes.outbox)
        yield GaugeMetricFamily("gridwright_audit_number", "Number of the newest audit row.", value=sizes.audit)
        for name, told, by in (
            ("gridwright_jobs", "Jobs by state.", sizes.jobs),
            ("gridwright_plans", "Plans by state.", sizes.plans),
            ("gridwright_incidents", "Incidents by state.", sizes.incidents),
            ("gridwright_red_flags", "Red flags by state.", {"open": sizes.red_flags}),
        ):
            family = GaugeMetricFamily(name, told, labels=["state"])
            for state, n in sorted(by.items()):
                family.add_metric([state], n)
            yield family

    def _measured(self) -> Sizes | None:
        moment, sizes = self._kept
        if time.monotonic() - moment < _KEPT_S:
            return sizes
        try:
            with self._store.read() as tx:
                sizes = measure_store(tx)
        except GridwrightError:
            sizes = None
        self._kept = (time.monotonic(), sizes)
        return sizes
