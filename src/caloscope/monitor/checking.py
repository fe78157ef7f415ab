"""What `caloscope monitor --check` looks at: all that a monitor would need. It starts and changes nothing."""

import errno
import os
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from caloscope import bundle as bundles
from caloscope.bundle import Bundle
from caloscope.config.conditions_table import ConditionsTable
from caloscope.config.monitoring import Monitoring
from caloscope.errors import CaloscopeError, StoreError
from caloscope.monitor.running import unused
from caloscope.monitor.settings import settings_of
from caloscope.store import Store
from caloscope.store.engines import file_of

Verdict: TypeAlias = Literal["ok", "note", "bad"]
"""*note*: it runs, but perhaps not as it was meant. *bad*: it does not start, or cannot do its work."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    verdict: Verdict
    what: str
    told: str


def findings(found: Monitoring) -> Iterator[Finding]:
    """Look at everything, in the order of the configuration."""
    yield _spool(found)
    yield _store(found)
    loaded: list[Bundle] = []
    for folder in found.monitor.bundles:
        yield _bundle(folder, loaded)
    yield from _together(loaded)
    yield _output(found)
    yield _conditions(found)
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


def _store(found: Monitoring) -> Finding:
    """Opened as a reader, which creates nothing."""
    address = found.monitor.store
    try:
        path = file_of(address)
        if path is not None and not path.exists():
            return _new_store(path)
        with Store(address, read_only=True) as store:
            counts = store.count_files()
    except StoreError as error:
        if "found an empty database" in str(error):
            return Finding("ok", "store", "empty, its tables will be created")
        return Finding("bad", "store", str(error))
    if path is not None and not (os.access(path, os.W_OK) and os.access(path.parent, os.W_OK)):
        return Finding("bad", "store", f"{path}: found that it cannot be written, expected that")
    told = ", ".join(f"{count} {status}" for status, count in sorted(counts.items())) or "none"
    return Finding("ok", "store", f"{path or 'there'}: files known: {told}")


def _new_store(path: Path) -> Finding:
    """A file that is not there yet."""
    if os.access(path.parent, os.W_OK | os.X_OK):
        return Finding("ok", "store", f"{path}: not there yet, will be created")
    return Finding("bad", "store", f"{path}: found no folder to write to, expected one")


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


def _conditions(found: Monitoring) -> Finding:
    try:
        settings = settings_of(found)
    except (CaloscopeError, OSError) as error:
        return Finding("bad", "conditions", str(error))
    label, table = found.monitor.label, settings.gate.table
    state = settings.gate.of_label(label)
    told = f"label {label} says {'nothing' if state is None else state}"
    rows = f"{found.conditions.file}: {len(table)} rows" if isinstance(table, ConditionsTable) else "no file"
    return Finding("ok", "conditions", f"{told}, {rows}")


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
