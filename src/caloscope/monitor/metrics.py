"""What Prometheus is told: the one door for its client library."""

import time
from collections.abc import Iterator, Sequence
from typing import Final, get_args

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from caloscope import __version__
from caloscope.bundle import Bundle
from caloscope.monitor.counting import Counted, Counting, OpenStore
from caloscope.monitor.health import Answer
from caloscope.monitor.pulse import Part
from caloscope.monitor.taken import Taken

_DELAYS: Final = (0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 300.0)
_STAGES: Final = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 5.0)

PARTS: Final[tuple[Part, ...]] = get_args(Part)

UNTIL_STORED: Final = ("waited", "ordered", "read", "score", "store")
"""Stages of a file from its last change until its verdicts are in the store."""

# A time of creation beside each number says nothing that the start does not.
disable_created_metrics()  # type: ignore[no-untyped-call]


class Metrics:
    """A pulse that counts. Each monitor has its own; counters begin at its start."""

    def __init__(self, bundles: Sequence[Bundle], store: OpenStore, label: str) -> None:
        self.registry = CollectorRegistry()
        mine = self.registry
        self._files = Counter("caloscope_files", "Files taken", ["status"], registry=mine)
        self._lumis = Counter("caloscope_lumisections", "Lumisections taken", registry=mine)
        self._results = Counter("caloscope_results", "Results recorded", ["map", "quality"], registry=mine)
        self._unknown = Counter("caloscope_unknown", "Results UNKNOWN", ["map", "reason"], registry=mine)
        self._delay = Histogram(
            "caloscope_delay_seconds",
            "From the file's last change to its verdicts in the store",
            buckets=_DELAYS,
            registry=mine,
        )
        self._file_stage = Histogram(
            "caloscope_file_stage_seconds", "Stages of a file", ["stage"], buckets=_STAGES, registry=mine
        )
        self._map_stage = Histogram(
            "caloscope_map_stage_seconds", "Stages of a map", ["map", "stage"], buckets=_STAGES, registry=mine
        )
        self._backlog = Gauge("caloscope_backlog_files", "Files not taken yet", registry=mine)
        self._trouble = Gauge("caloscope_trouble", "Whether a part does not work", ["part"], registry=mine)
        self._last_file = _moment("caloscope_last_file", "When the last file was taken", mine)
        self._last_verdict = _moment("caloscope_last_verdict", "When the last verdict was recorded", mine)
        self._last_look = _moment("caloscope_last_look", "When the loop was last alive", mine)
        _about(bundles, mine)
        for part in PARTS:
            self._trouble.labels(part).set(0)
        self._counting = Counting(bundles, store, label)
        mine.register(_InStore(self._counting))
        ProcessCollector(registry=mine)

    def waiting(self, files: int) -> None:
        """The backlog."""
        self._backlog.set(files)

    def taken(self, taken: Taken) -> None:
        """Count a file and all that it brought."""
        now = time.time()
        self._files.labels("DONE" if taken.error is None else str(taken.error.fault)).inc()
        self._lumis.inc(len(taken.lumis))
        self._last_file.set(now)
        self._last_look.set(now)
        if taken.scored and "waited" in taken.stages:  # it is not where a clock that jumped would say it
            self._delay.observe(sum(taken.stages.get(stage, 0.0) for stage in UNTIL_STORED))
        for stage, seconds in taken.stages.items():
            self._file_stage.labels(stage).observe(seconds)
        for result in taken.results:
            name = result.key.map
            self._results.labels(name, str(result.quality)).inc()
            if result.reason is not None:
                self._unknown.labels(name, str(result.reason)).inc()
            for stage, seconds in result.stages.items():
                self._map_stage.labels(name, stage).observe(seconds)
        if taken.results:
            self._last_verdict.set(now)

    def trouble(self, what: Part, detail: str) -> None:  # noqa: ARG002 - reasons are for `/healthz`
        """A part does not work."""
        self._trouble.labels(what).set(1)

    def healed(self, what: Part) -> None:
        """It does."""
        self._trouble.labels(what).set(0)

    def looked(self) -> None:
        """The loop is alive."""
        self._last_look.set(time.time())

    def page(self) -> Answer:
        """All numbers, as Prometheus reads them."""
        return (200, CONTENT_TYPE_LATEST, generate_latest(self.registry))

    def close(self) -> None:
        """Close what it reads."""
        self._counting.close()


def _moment(name: str, what: str, registry: CollectorRegistry) -> Gauge:
    return Gauge(f"{name}_timestamp_seconds", f"{what}, seconds since 1970, 0 = never", registry=registry)


def _about(bundles: Sequence[Bundle], registry: CollectorRegistry) -> None:
    """What runs: constants of which only the labels count."""
    build = Gauge("caloscope_build_info", "The version that runs", ["version"], registry=registry)
    build.labels(__version__).set(1)
    names = ["map", "bundle", "hash", "detector", "state"]
    which = Gauge("caloscope_bundle_info", "The bundles that judge", names, registry=registry)
    for bundle in bundles:
        card, state = bundle.card, bundle.standing.state
        which.labels(card.map, bundle.label, bundle.hash[:8], card.detector, state).set(1)


class _InStore(Collector):
    """What is counted in the store itself; nothing where it cannot be read."""

    def __init__(self, counting: Counting) -> None:
        self._counting = counting

    def describe(self) -> Iterator[GaugeMetricFamily]:
        """The names, without a look into the store."""
        yield from _families(Counted({}, {}))

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """The numbers."""
        counted = self._counting.now()
        if counted is not None:
            yield from _families(counted)


def _families(counted: Counted) -> Iterator[GaugeMetricFamily]:
    names = ["map", "bundle", "severity"]
    incidents = GaugeMetricFamily("caloscope_open_incidents", "Incidents that are open", labels=names)
    for key, count in counted.incidents.items():
        incidents.add_metric(key, count)
    yield incidents
    files = GaugeMetricFamily("caloscope_ledger_files", "Files in the ledger", labels=["status"])
    for status, count in counted.files.items():
        files.add_metric([status], count)
    yield files
