"""What a check finds of the store: whether it can be written, who does so, and how bundles go on from it."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from caloscope.bundle import Bundle
from caloscope.errors import StoreError
from caloscope.monitor.alone import is_held
from caloscope.monitor.finding import Finding
from caloscope.pipeline.book import Book
from caloscope.pipeline.recalled import recalled
from caloscope.store import Store
from caloscope.store.engines import file_of


def look_at_store(address: str) -> Finding:
    """Whether it can be read and written."""
    try:
        path, store = file_of(address), _opened(address)
        if store is None:
            return _to_be_made(path)
        with store:
            counts = store.count_files()
    except StoreError as error:
        return Finding("bad", "store", str(error))
    if path is not None and not (os.access(path, os.W_OK) and os.access(path.parent, os.W_OK)):
        return Finding("bad", "store", f"{path}: found that it cannot be written, expected that")
    told = ", ".join(f"{count} {status}" for status, count in sorted(counts.items())) or "none"
    return Finding("ok", "store", f"{path or 'there'}: files known: {told}")


def look_who_writes(address: str) -> Iterator[Finding]:
    """A monitor that has the store now, where one has."""
    try:
        path, store = file_of(address), _opened(address)
        if store is None:
            return
        with store:
            held = is_held(path) if path is not None else store.can_be_claimed and store.is_claimed()
    except StoreError:  # told of the store already
        return
    if held:
        told = f"{path or 'there'}: another one writes into it now, and a second one would not start"
        yield Finding("note", "monitor", told)


def look_at_runs(address: str, label: str, runs: range) -> Iterator[Finding]:
    """A newest run on record that is none of those that are taken: what comes next may be refused."""
    try:
        store = _opened(address)
        if store is None:
            return
        with store:
            newest = max(store.runs(label), default=None)
    except StoreError:  # told of the store already
        return
    if newest is not None and newest not in runs:
        found = f"found run {newest} in the store, runs from {runs[0]} to {runs[-1]} are taken"
        yield Finding("note", "runs", found)


def look_where_they_go_on(address: str, bundles: Sequence[Bundle], label: str) -> Iterator[Finding]:
    """What a monitor would take up, read as it reads it, of a store that can be used."""
    try:
        store = _opened(address)
        if store is None:
            yield from (_anew(bundle) for bundle in bundles)
            return
        with store:
            yield from (_checkpoints(store, bundle, label) for bundle in bundles)
            Book(store, label, {})  # what is known of the conditions, for all bundles
    except StoreError as error:
        yield Finding("bad", "checkpoints", str(error))


def _opened(address: str) -> Store | None:
    """A reader, which creates nothing; None where there is no store yet. Raises `StoreError`."""
    path = file_of(address)
    if path is not None and not path.exists():
        return None
    try:
        return Store(address, read_only=True)
    except StoreError as error:
        if "found an empty database" in str(error):
            return None
        raise


def _to_be_made(path: Path | None) -> Finding:
    if path is None or path.exists():
        return Finding("ok", "store", "empty, its tables will be created")
    if os.access(path.parent, os.W_OK | os.X_OK):
        return Finding("ok", "store", f"{path}: not there yet, will be created")
    return Finding("bad", "store", f"{path}: found no folder to write to, expected one")


def _checkpoints(store: Store, bundle: Bundle, label: str) -> Finding:
    try:
        steps = recalled(store, bundle, label)
    except StoreError as error:
        return Finding("bad", "checkpoints", f"{bundle.label}: {error}")
    if not steps:
        return _anew(bundle)
    run, lumi = steps[-1].given.id
    return Finding("ok", "checkpoints", f"{bundle.label}: {bundle.card.map} goes on from {run}:{lumi}")


def _anew(bundle: Bundle) -> Finding:
    return Finding("ok", "checkpoints", f"{bundle.label}: {bundle.card.map} starts anew")
