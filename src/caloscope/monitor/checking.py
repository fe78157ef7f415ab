"""What `caloscope monitor --check` looks at: all that a monitor would need. It starts and changes nothing."""

import errno
import os
import socket
from collections.abc import Iterator
from pathlib import Path

from caloscope import bundle as bundles
from caloscope.bundle import Bundle
from caloscope.config.conditions_table import ConditionsTable
from caloscope.config.monitoring import Monitoring
from caloscope.errors import CaloscopeError
from caloscope.monitor.checking_store import (
    look_at_runs,
    look_at_store,
    look_where_they_go_on,
    look_who_writes,
)
from caloscope.monitor.doubts import each_once
from caloscope.monitor.finding import Finding
from caloscope.monitor.partitions import listed, strangers, views_of
from caloscope.monitor.running import unused
from caloscope.monitor.settings import settings_of


def findings(found: Monitoring) -> Iterator[Finding]:
    """Look at everything, in the order of the configuration."""
    said = found.monitor
    yield _spool(found)
    store = look_at_store(said.store)
    yield store
    yield from look_who_writes(said.store)
    loaded: list[Bundle] = []
    for folder in said.bundles:
        yield _bundle(folder, loaded)
    yield from _together(loaded)
    in_use, same = _each_once(loaded)
    yield from same
    if store.verdict != "bad":
        yield from look_at_runs(said.store, said.label, said.runs)
        yield from look_where_they_go_on(said.store, in_use, said.label)
    yield _output(found)
    yield from _conditions(found, loaded)
    # What the other bundles judge nobody knows.
    for name in unused(found, loaded) if len(loaded) == len(found.monitor.bundles) else ():
        yield Finding("note", "settings", f"{name} is named, and no bundle judges it")
    yield _retention(found)
    yield _health(found)


def _spool(found: Monitoring) -> Finding:
    spool = found.monitor.spool
    try:
        count = sum(not entry.name.startswith(".") for entry in os.scandir(spool))
    except OSError as error:
        return Finding("bad", "spool", f"{spool}: found {error.strerror}, expected a folder to watch")
    return Finding("ok", "spool", f"{spool}: {count} files")


def _bundle(folder: Path, loaded: list[Bundle]) -> Finding:
    try:
        bundle = bundles.load(folder)
    except (CaloscopeError, OSError) as error:
        return Finding("bad", "bundle", str(error))
    loaded.append(bundle)
    told = f"{bundle.label}: {bundle.card.map} of {bundle.card.era} by {bundle.card.detector}"
    state = bundle.standing.state
    if state == "retired":
        return Finding("bad", "bundle", f"{told}; found {bundle.standing.told()}, expected one in use")
    return Finding("ok", "bundle", f"{told}, {state}")


def _together(loaded: list[Bundle]) -> Iterator[Finding]:
    eras = sorted({bundle.card.era for bundle in loaded})
    calorimeters = {bundle.calorimeter for bundle in loaded}
    if len(eras) > 1:
        yield Finding("bad", "bundles", f"found eras {', '.join(eras)}, expected bundles of one")
    if len(calorimeters) > 1:
        yield Finding("bad", "bundles", f"found {len(calorimeters)} calorimeters, expected bundles of one")


def _each_once(loaded: list[Bundle]) -> tuple[list[Bundle], list[Finding]]:
    """The bundles in use as a monitor takes them, and those that it would not take twice."""
    same: list[str] = []
    once = each_once(loaded, same.append)
    in_use = [bundle for bundle in once if bundle.standing.state != "retired"]
    return in_use, [Finding("note", "bundle", told) for told in same]


def _output(found: Monitoring) -> Finding:
    folder = found.monitor.output_dir
    if folder is None:
        return Finding("ok", "output", "no DQM files are written")
    if folder.resolve().is_relative_to(found.monitor.spool.resolve()):
        return Finding("bad", "output", f"{folder}: lies inside the spool, expected a folder elsewhere")
    there = next(each for each in (folder, *folder.absolute().parents) if each.exists())
    if not there.is_dir() or not os.access(there, os.W_OK | os.X_OK):
        return Finding("bad", "output", f"{there}: found that it cannot be written to, expected a folder")
    return Finding("ok", "output", f"{folder}{'' if folder.exists() else ': will be created'}")


def _conditions(found: Monitoring, loaded: list[Bundle]) -> Iterator[Finding]:
    try:
        settings = settings_of(found)
    except (CaloscopeError, OSError) as error:
        yield Finding("bad", "conditions", str(error))
        return
    label, table = found.monitor.label, settings.gate.table
    state = settings.gate.of_label(label)
    told = f"label {label} says {'nothing' if state is None else state}"
    rows = f"{found.conditions.file}: {len(table)} rows" if isinstance(table, ConditionsTable) else "no file"
    yield Finding("ok", "conditions", f"{told}, {rows}")
    if names := strangers(table, loaded):
        told = f"found {listed(names)} in the column off, expected parts of {', '.join(views_of(loaded))}"
        yield Finding("note", "conditions", f"{found.conditions.file}: {told}")


def _retention(found: Monitoring) -> Finding:
    kept = found.retention
    if kept is None:
        return Finding("note", "retention", "no table [retention]: the store grows for ever")
    told = f"all score maps of {kept.keep_lumis} lumisections, then those of every {kept.every}th"
    told += f" among {kept.forget_lumis}"
    return Finding("ok", "retention", told)


def _health(found: Monitoring) -> Finding:
    if found.health is None:
        return Finding("note", "health", "no table [health]: nobody can ask how the monitor is")
    host, port = found.health.host, found.health.port
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_STREAM) as listener:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((host, port))
    except (OSError, UnicodeError) as error:
        why = getattr(error, "strerror", None) or str(error)
        if getattr(error, "errno", None) == errno.EADDRINUSE:
            return Finding("note", "health", f"{host}:{port}: {why}; it may be a monitor that runs already")
        return Finding("bad", "health", f"{host}:{port}: found {why}, expected an address of this host")
    return Finding("ok", "health", f"http://{host}:{port}/healthz and /metrics")
