"""Metrics as Prometheus reads them, of all processes of a server, whichever of them is asked."""

import os
import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead
from prometheus_client.registry import Collector

from events.timeline import LogError
from projections.database import Trouble
from projections.reading import usage
from service import readiness
from service.store import Store
from service.telemetry.folder import FOLDER
from service.telemetry.requests import AGAIN, RECORDED, ROUTE, Seen

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
"""Others are counted as one: whoever asks makes them up."""

BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


class Metrics:
    """What one process counts."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._registry = CollectorRegistry()
        self._seconds = Histogram(
            "stancelog_request_seconds",
            "Requests, and the seconds that they took.",
            ["route", "method", "status"],
            registry=self._registry,
            buckets=BUCKETS,
        )
        self._again = Counter(
            "stancelog_answers_again",
            "Answers that were given again as they were given before.",
            registry=self._registry,
        )
        self._recorded = Counter(
            "stancelog_records", "Records that were recorded over HTTP.", registry=self._registry
        )
        self._connections = Gauge(
            "stancelog_database_connections",
            "Connections of the read models and of writing to them, when a request last ended.",
            ["state"],
            registry=self._registry,
            multiprocess_mode="livesum",
        )
        self._kinds: dict[tuple[str, str, int], Histogram] = {}
        self._used = (-1, -1)

    def count(self, seen: Seen) -> None:
        """Count a request."""
        environ = seen.environ
        key = environ.get(ROUTE, "none"), environ["REQUEST_METHOD"], seen.status // 100
        kind = self._kinds.get(key)
        if kind is None:
            kind = self._kind(*key)
        kind.observe(seen.seconds)
        if AGAIN in environ:
            self._again.inc()
        if RECORDED in environ:
            self._recorded.inc(environ[RECORDED])
        used = usage(self._store.read_engine)
        if used != self._used:
            self._used = used
            self._connections.labels("busy").set(used[0])
            self._connections.labels("idle").set(used[1])

    def _kind(self, route: str, method: str, status: int) -> Histogram:
        known = method if method in METHODS else "other"
        kind = self._seconds.labels(route, known, f"{status}xx")
        if known == method:
            self._kinds[route, method, status] = kind
        return kind

    def text(self) -> bytes:
        """Return them all, in Prometheus' text format."""
        of_log = _Log(self._store)
        if folder := os.environ.get(FOLDER):
            _bury_the_dead(Path(folder))
            registry = CollectorRegistry()
            MultiProcessCollector(registry, folder)  # type: ignore[no-untyped-call]
            registry.register(of_log)
            return generate_latest(registry)
        together = CollectorRegistry()
        together.register(of_log)
        return generate_latest(self._registry) + generate_latest(together)


class _Log(Collector):
    """What the database says: the same in every process."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def collect(self) -> Iterator[GaugeMetricFamily]:
        up = GaugeMetricFamily("stancelog_database_up", "Whether the database answers.")
        try:
            seq, models = readiness.read_models(self._store)
        except (*Trouble, LogError):
            up.add_metric([], 0)
            yield up
            return
        up.add_metric([], 1)
        yield up
        position = GaugeMetricFamily("stancelog_log_position", "The seq that the read models have.")
        position.add_metric([], seq)
        yield position
        for name, told, values in (
            ("lag_events", "Events that the log has and it has not.", [m.events for m in models]),
            ("lag_seconds", "Seconds since the first of them.", [m.seconds for m in models]),
            ("dead_letters", "Events that it failed on.", [m.set_aside for m in models]),
            ("version", "The version of its rows.", [m.version or 0 for m in models]),
            ("expected_version", "The version that the code makes.", [m.expected for m in models]),
        ):
            family = GaugeMetricFamily(f"stancelog_read_model_{name}", told, labels=["read_model"])
            for model, value in zip(models, values, strict=True):
                family.add_metric([model.name], value)
            yield family


def _bury_the_dead(folder: Path) -> None:
    """Forget how many connections processes have that have ended. What they counted stays."""
    for file in folder.glob("gauge_live*.db"):
        match = re.search(r"_(\d+)\.db$", file.name)
        if match and not _is_alive(int(match[1])):
            with suppress(FileNotFoundError):  # another process was first
                mark_process_dead(int(match[1]), str(folder))  # type: ignore[no-untyped-call]


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True
