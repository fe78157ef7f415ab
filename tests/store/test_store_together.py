"""Maps that are recorded in one entry: the same as one after the other, in few statements."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import event

from caloscope.records import Cell, Incident, LumiId, LumiState, MapResult
from caloscope.store import Checkpoint, Entry, LumiRow, Store

from .making import LABEL, RUN, bundle, incident, scored

MAPS = ("EB/digi", "EE+/digi", "EE-/digi", "HCAL/digi", "HO/digi")
SHAPES = {"HCAL/digi": (2, 4, 6)}


def made(path: Path) -> Store:
    """A store with a bundle for each map."""
    store = Store(str(path))
    for name in MAPS:
        store.register_bundle(bundle(name, name, "HCAL" if name in SHAPES else "EB"))
    return store


def result(name: str, lumi: int, *, seed: int = 0) -> MapResult:
    """A result with flags that come, stay a while and go, and an evidence that goes up and down."""
    shape = SHAPES.get(name, (4, 6))
    random = np.random.default_rng((seed, MAPS.index(name), lumi // 3))
    cells = np.argwhere(random.random(shape) < 0.2)
    bad: dict[Cell, int] = {tuple(cell): 3 if sum(cell) % 3 else 0 for cell in cells.tolist()}
    found = scored(lumi, bad, map_name=name, name=name, shape=shape, content=f"{seed}-{lumi}")
    evidence = np.random.default_rng((seed, lumi)).random(shape).astype(np.float32)
    return replace(found, evidence=evidence)


def told(name: str, number: int, lumi: int) -> Incident:
    """An incident of a map; all maps use the same names."""
    return replace(incident(number, 1, lumi), map=name, bundle=name)


def entries_of(lumis: Sequence[int], *, seed: int = 0, start: LumiId | None = None) -> list[Entry]:
    """What maps bring, one entry for each of them."""
    return [
        Entry(
            [result(name, lumi, seed=seed) for lumi in lumis],
            [told(name, number, lumis[-1]) for number in range(2 + seed)],
            [Checkpoint(LABEL, name, name, RUN, lumi, name.encode()) for lumi in lumis],
            start,
        )
        for name in MAPS
    ]


def joined(entries: Sequence[Entry]) -> Entry:
    """All of it in one."""
    return Entry(
        [each for entry in entries for each in entry.results],
        [each for entry in entries for each in entry.incidents],
        [each for entry in entries for each in entry.checkpoints],
        entries[0].revised_from,
    )


def told_by(store: Store) -> list[Any]:
    """All that a store knows, but for times and what it numbers by itself."""
    rows = store.results(LABEL, RUN)
    pictures = [{n: each.tobytes() for n, each in store.arrays(row.key).items()} for row in rows]
    states = [store.checkpoints(LABEL, name, name) for name in MAPS]
    return [
        [replace(row, scored_at=0) for row in rows],
        pictures,
        states,
        store.incidents(),
        [*store.flags()],
    ]


def test_maps_together_are_the_same_as_one_by_one(tmp_path: Path) -> None:
    """In order, many at a time, after a gap, late, the same again, and revised."""
    steps = [
        *(entries_of([lumi]) for lumi in (1, 2, 3, 4)),
        entries_of([5, 6, 7, 9, 10, 13]),
        entries_of([20]),
        entries_of([12]),
        entries_of([10]),
        entries_of([6, 7, 8], seed=1, start=LumiId(RUN, 6)),
        entries_of([21, 22]),
    ]
    with made(tmp_path / "one.db") as one, made(tmp_path / "all.db") as together:
        for number, entries in enumerate(steps):
            one.record_all(entries)
            together.record_all([joined(entries)])
            assert told_by(together) == told_by(one), number
        assert len(list(one.flags())) > 400


@contextmanager
def counted(store: Store) -> Iterator[list[str]]:
    """The statements that a store sends meanwhile."""
    sent: list[str] = []

    def note(_c: object, _d: object, statement: str, *_rest: object) -> None:
        sent.append(statement)

    event.listen(store._engine, "before_cursor_execute", note)
    yield sent
    event.remove(store._engine, "before_cursor_execute", note)


def test_a_lumisection_of_five_maps_takes_no_more_statements_than_one_map_can(tmp_path: Path) -> None:
    """At most one for each thing that can be asked or written."""
    with made(tmp_path / "s.db") as store:
        for lumi in range(1, 9):
            row = LumiRow(LABEL, RUN, lumi, LumiState.COLLISIONS, "told")
            with counted(store) as sent:
                store.record_all([replace(joined(entries_of([lumi])), lumis=[row])])
            assert lumi == 1 or len(sent) <= 17, sent  # the first one numbers the series


def test_without_flags_no_statement_looks_at_them(tmp_path: Path) -> None:
    with made(tmp_path / "s.db") as store:
        for lumi in (1, 2):
            found = [scored(lumi, map_name=name, name=name) for name in MAPS]
            with counted(store) as sent:
                store.record_all([Entry(found)])
        assert len(sent) <= 6
        assert not any("flags" in statement for statement in sent)
