"""A store that an older Caloscope left: its evidence was kept in other arrays."""

import io
import sqlite3
import zlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from caloscope.bundle import Bundle
from caloscope.evidence import EvidenceState
from caloscope.faults import Fault
from caloscope.pipeline import Pipeline
from caloscope.pipeline.archive import unpack
from caloscope.pipeline.checkpoint import decode_step
from caloscope.pipeline.timeline import KEPT
from caloscope.records import Incident, Quality
from caloscope.store import Store

from .making import LABEL, MAP, RUN, at, fill, recorded, scored, seen, trained

CELL = (2, 4)
ONSET, END = 4, 40
BEFORE = KEPT + 10
"""Lumisections that the older one had scored."""


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return trained(tmp_path_factory.mktemp("bundles"))


def aged(blob: bytes, evidence: Mapping[str, np.ndarray]) -> bytes:
    """The checkpoint with this evidence, if it has any, as numpy's archive: that is how it was kept."""
    arrays = unpack(blob)
    kept = {name: array for name, array in arrays.items() if not name.startswith("evidence:")}
    if len(kept) < len(arrays):
        kept |= {f"evidence:{name}": array for name, array in evidence.items()}
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **kept)
    return zlib.compress(buffer.getvalue())


def age(path: Path, evidence: Mapping[str, np.ndarray]) -> None:
    """Every checkpoint of a store with this evidence."""
    with sqlite3.connect(path) as connection:
        for run, lumi, blob in connection.execute("select run, lumi, blob from checkpoints").fetchall():
            connection.execute(
                "update checkpoints set blob = ? where run = ? and lumi = ?",
                (aged(blob, evidence), run, lumi),
            )
    connection.close()


def others() -> dict[str, dict[str, np.ndarray]]:
    """Evidence as it was once kept, the same with one array less, and that of another view."""
    now = EvidenceState.empty(seen()).arrays()
    return {
        "older": {
            "sums": np.ones((10, 5, 6), np.float32),
            "since": np.zeros((10, 5, 6), np.int64),
            "recent": np.zeros((2, 2, 5, 6), np.float32),
            "at": np.array(RUN * 1_000_000 + BEFORE),
        },
        "less": {name: array for name, array in now.items() if name != "drift"},
        "more": now | {"sums": np.ones(3)},
        "smaller": now | {"drift": now["drift"][:-1]},
        "another type": now | {"cells.values": now["cells.values"].astype(np.float64)},
        "none": {},
    }


def incident_of(store: Store) -> Incident:
    (found,) = [each for each in store.incidents(label=LABEL) if not each.standing]
    return found


@pytest.mark.parametrize("kind", others())
def test_evidence_begins_anew_and_incidents_go_on(tmp_path: Path, bundle: Bundle, kind: str) -> None:
    path = tmp_path / "store.sqlite"
    lumisections = fill(60, [Fault(MAP, CELL, "dead", onset=ONSET, end=END)])
    late, others_of = lumisections[BEFORE - 5], [*lumisections[: BEFORE - 5], *lumisections[BEFORE - 4 :]]
    with Store(str(path)) as store:
        pipeline = Pipeline(store, [bundle], LABEL)
        for each in others_of[: BEFORE - 1]:
            pipeline.take(each)
        before = incident_of(store)
    age(path, others()[kind])
    with Store(str(path)) as store:
        for blob in (each.blob for each in store.checkpoints(LABEL, MAP, bundle.hash)):
            state = decode_step(blob, bundle.view)[1]
            assert state is None or not state.evidence.cells.sums.values.any()
        pipeline = Pipeline(store, [bundle], LABEL)
        assert pipeline.take(lumisections[BEFORE - 1]) == [], "it was recorded before"
        assert [result.key.lumi for result in pipeline.take(late)] == list(range(BEFORE - 4, BEFORE + 1))
        for each in lumisections[BEFORE:]:
            pipeline = Pipeline(store, [bundle], LABEL)
            pipeline.take(each)
        after = incident_of(store)
        assert (after.id, after.opened, after.last.lumi) == (before.id, at(ONSET), END - 1)
        assert after.closed == at(END + 2)
        rows = store.results(LABEL, RUN)
        assert [row.id.lumi for row in rows if row.quality is Quality.GOOD] == [
            *range(1, ONSET),
            *range(END + 2, 61),
        ]


def test_evidence_of_this_make_is_kept(tmp_path: Path, bundle: Bundle) -> None:
    lumisections = fill(30, [Fault(MAP, CELL, "factor", 0.8, onset=4)])
    path = tmp_path / "store.sqlite"
    scored(path, bundle, lumisections[:25])
    with Store(str(path)) as store:
        pipeline = Pipeline(store, [bundle], LABEL)
        for each in lumisections[25:]:
            pipeline.take(each)
        found = recorded(store)
    assert found == scored(tmp_path / "whole.sqlite", bundle, lumisections)
