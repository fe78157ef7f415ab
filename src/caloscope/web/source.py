"""The store and the geometry as the routes see them: opened when first asked for, then kept."""

from collections import Counter, OrderedDict
from pathlib import Path
from threading import Lock
from typing import Annotated

from fastapi import Depends, HTTPException, Request

from caloscope import geometry
from caloscope.errors import StoreError
from caloscope.geometry.view import View
from caloscope.store import BundleRow, BundleState, Store
from caloscope.store.noticing import Identity, identity
from caloscope.web.remembered import Remembered, RunRows


def slug_of(name: str) -> str:
    """A map's name as it stands in URLs: `EE+/digi` is `EEp-digi`, `EE-/digi` is `EEm-digi`."""
    view, slash, quantity = name.partition("/")
    return view.replace("+", "p").replace("-", "m") + ("-" if slash else "") + quantity


_ORDER: dict[BundleState, int] = {"active": 0, "retired": 1, "commissioning": 2}


class Source:
    """One store, read only, with the views of the bundles in it.

    The page may be started before the monitor: until there is a store, `store` raises `StoreError` and the
    next request tries again.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self._store: Store | None = None
        self._file: Identity = None
        self._views: OrderedDict[str, View] = OrderedDict()
        self._remembered = Remembered()
        self._answered: set[tuple[str, int, str]] = set()
        self._lock = Lock()

    @property
    def store(self) -> Store:
        """The open store; raises `StoreError` while there is none that can be read."""
        with self._lock:
            if self._store is None:
                self._file = identity(self.url)
                self._store = Store(self.url, read_only=True)
            return self._store

    def renew(self) -> bool:
        """Close a store whose file was moved away or replaced, so that the next look opens the one there now.

        Answers whether it did.
        """
        if self._store is None or identity(self.url) == self._file:
            return False
        self.close()
        self._remembered.forget()
        with self._lock:
            self._answered.clear()
        return True

    def close(self) -> None:
        """Close the store if it was opened."""
        with self._lock:
            if self._store is not None:
                self._store.close()
                self._store = None

    def run(self, label: str, run: int) -> RunRows:
        """The results of a run as they are now, kept in memory between requests."""
        return self._remembered.run(self.store, label, run)

    def bundles_of(self, name: str) -> list[BundleRow]:
        """The bundles for a map, given its name or its slug; active ones first, then by name and hash."""
        return sorted(
            (row for row in self.store.bundles() if name in (row.map, slug_of(row.map))),
            key=lambda row: (_ORDER[row.state], row.name, row.hash),
        )

    def bundle(self, name: str, digest: str | None) -> BundleRow:
        """The bundle of a map with this hash, or the first one; raises 404 where there is none."""
        rows = self.bundles_of(name)
        if not rows:
            raise HTTPException(404, f"no map {name!r} in this store")
        for row in rows:
            if digest in (None, row.hash):
                return row
        raise HTTPException(404, f"no bundle {digest!r} for map {rows[0].map}")

    def titles(self, *, commissioning: bool = True) -> dict[str, str]:
        """By hash, what to call the bundles of maps that have more than one.

        It is the bundle's name; where two of a map have the same, with the first digits of the hash. Without
        `commissioning` a map is not said to have several because of bundles that nobody is shown.
        """
        by_map: dict[str, list[BundleRow]] = {}
        for row in (row for row in self.store.bundles() if commissioning or row.speaks):
            by_map.setdefault(row.map, []).append(row)
        found: dict[str, str] = {}
        for rows in by_map.values():
            names = Counter(row.name for row in rows)
            for row in rows if len(rows) > 1 else ():
                found[row.hash] = row.name if names[row.name] == 1 else f"{row.name} ({row.hash[:8]})"
        return found

    def has_answered(self, label: str, run: int, bundle: str) -> bool:
        """Whether a bundle has scored this label in this run or one of the two before; a yes is kept."""
        key = (label, run, bundle)
        if key not in self._answered:
            recent = [number for number in self.store.runs(label) if number <= run][-3:]
            if not any(self.store.results(label, number, bundle=bundle) for number in recent):
                return False
            self._answered.add(key)
        return True

    def view(self, bundle: BundleRow) -> View:
        """The view whose cells a bundle scores."""
        with self._lock:
            found = self._views.get(bundle.hash)
        if found is None:
            found = geometry.view(bundle.view, bundle.era, bundle.calorimeter)
            with self._lock:
                self._views[bundle.hash] = found
                if len(self._views) > 64:
                    self._views.popitem(last=False)
        return found


def shown_url(url: str) -> str:
    """The store's place without a password or a folder, fit to be shown to anybody."""
    return Path(url.rsplit("@", 1)[-1]).name or "store"


def source_of(request: Request) -> Source:
    """The application's source, for routes."""
    source: Source = request.app.state.source
    return source


def open_source(source: Annotated[Source, Depends(source_of)]) -> Source:
    """A source whose store is known to be open; 503 while there is none."""
    try:
        source.renew()
        _ = source.store
    except StoreError as error:
        raise HTTPException(503, str(error)) from error
    return source


Opened = Annotated[Source, Depends(open_source)]
