"""A monitor as a service: what a configuration asks for, put together and run."""

import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from functools import partial
from pathlib import Path

import structlog

from caloscope import bundle as bundles
from caloscope.bundle import Bundle
from caloscope.config.monitoring import Monitoring
from caloscope.monitor import logs
from caloscope.monitor.alone import alone
from caloscope.monitor.health import answering, healthz
from caloscope.monitor.intake import Intake
from caloscope.monitor.live import monitor
from caloscope.monitor.metrics import Metrics
from caloscope.monitor.pulse import Several
from caloscope.monitor.reload import Reloader
from caloscope.monitor.service import ServiceManager, Supervised
from caloscope.monitor.settings import Tuning, settings_of
from caloscope.monitor.signals import obeyed
from caloscope.monitor.status import Status
from caloscope.store import Store

log = structlog.get_logger()


def run(found: Monitoring, path: Path | None = None, again: Callable[[], Monitoring] | None = None) -> int:
    """Monitor as a configuration says until SIGTERM or SIGINT; answers with how many files were taken.

    Where it was read from a file at `path`, `again` reads it again: it is asked when the file changes and on
    SIGHUP. To be called in the main thread, which receives signals. Raises `CaloscopeError` for what cannot
    be used.
    """
    logs.set_up(found.log.format, found.log.level)
    said = found.monitor
    stop, tuning = threading.Event(), Tuning(settings_of(found))
    manager, status = ServiceManager.from_environment(), Status(said.label)
    pulse = Several([status, Supervised(manager, status)])

    def end() -> None:
        stop.set()
        manager.stopping()

    asked = {signal.SIGINT: end, signal.SIGTERM: end}
    with ExitStack() as open_now:
        open_now.callback(manager.close)
        if path is not None and again is not None:
            # Before all that takes long: what changes meanwhile counts too.
            reloader = Reloader(path, found, again, settings_of, tuning, pulse)
            asked[signal.SIGHUP] = reloader.ask
            open_now.enter_context(reloader.watching())
        open_now.enter_context(obeyed(asked))
        loaded = [bundles.load(folder) for folder in said.bundles]
        for name in unused(found, loaded):
            log.warning("setting of a map without a bundle", map=name)
        store = open_now.enter_context(Store(said.store))
        open_now.enter_context(alone(store))
        open_now.enter_context(_served(found, loaded, status, pulse))
        return monitor(
            said.spool.resolve(),
            Intake(store, loaded, said.label, gate=tuning.now.gate, runs=said.runs),
            store,
            stop,
            label=said.label,
            bundles=loaded,
            output_dir=said.output_dir,
            cms_names=said.cms_names,
            poll_seconds=said.poll_seconds,
            pulse=pulse,
            tuning=tuning,
        )


@contextmanager
def _served(found: Monitoring, loaded: Sequence[Bundle], status: Status, pulse: Several) -> Iterator[None]:
    """Answer to `/healthz` and `/metrics` until the block ends, where that is asked for."""
    if found.health is None:
        yield
        return
    metrics = Metrics(loaded, partial(Store, found.monitor.store, read_only=True), found.monitor.label)
    pulse.add(metrics)
    for part, trouble in status.troubles.items():  # what was told before there were metrics
        metrics.trouble(part, trouble.detail)
    pages = {"/healthz": lambda: healthz(status.is_well, status.report()), "/metrics": metrics.page}
    with closing(metrics), answering(found.health.host, found.health.port, pages) as address:
        log.info("health", address=f"{address}/healthz", metrics=f"{address}/metrics")
        yield


def unused(found: Monitoring, loaded: Sequence[Bundle]) -> list[str]:
    """Maps that the configuration says something of, and that no bundle judges."""
    return sorted(found.named_maps - {bundle.card.map for bundle in loaded})
