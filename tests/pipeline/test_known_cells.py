"""Masked cells, and cells that were cured."""

from pathlib import Path

import numpy as np
import pytest

from caloscope.bundle import Bundle
from caloscope.faults import Fault
from caloscope.pipeline import Pipeline
from caloscope.records import Code, Quality
from caloscope.store import Store

from .making import DEAD, LABEL, MAP, RUN, at, fill, scored, trained

CELL, OTHER = (2, 4), (0, 0)


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return trained(tmp_path_factory.mktemp("bundles"))


@pytest.mark.parametrize("kind", ["dead", "half", "hot"])
def test_a_cured_cell_is_good_again_within_three_lumisections(
    tmp_path: Path, bundle: Bundle, kind: str
) -> None:
    fault = {
        "dead": Fault(MAP, CELL, "dead", onset=4, end=15),
        "half": Fault(MAP, CELL, "factor", 0.5, onset=4, end=15),
        "hot": Fault(MAP, CELL, "hot", 3.0, onset=4, end=15),
    }[kind]
    found = scored(tmp_path / "store.sqlite", bundle, fill(30, [fault]))
    flagged = [row.lumi for row in found.flags if row.code == Code.BAD]
    assert {(row.y, row.x) for row in found.flags if row.code == Code.BAD} == {CELL}
    assert set(range(4, 15)) <= set(flagged) <= set(range(4, 17))
    (incident,) = [each for each in found.incidents if not each.standing]
    assert (incident.opened, incident.onset, incident.last) == (at(4), at(4), at(flagged[-1]))
    assert incident.closed == at(flagged[-1] + 3)
    assert [row.quality for row in found.results[incident.closed.lumi - 1 :]] == [Quality.GOOD] * (
        31 - incident.closed.lumi
    )


def test_a_masked_cell_makes_nothing_bad(tmp_path: Path, bundle: Bundle) -> None:
    lumisections = fill(12, [Fault(MAP, CELL, "dead", onset=3)])
    with Store(str(tmp_path / "store.sqlite")) as store:
        pipeline = Pipeline(store, [bundle], LABEL)
        for lumisection in lumisections[:5]:
            pipeline.take(lumisection)
        mask = store.add_mask(MAP, [CELL, OTHER, DEAD], "shifter", "known since May")
        for lumisection in lumisections[5:9]:
            (result,) = pipeline.take(lumisection)
            assert (result.quality, result.bad_cells) == (Quality.GOOD, 0)
            codes = [result.codes[cell] for cell in (CELL, OTHER, DEAD)]
            assert codes == [Code.MASKED_BAD, Code.MASKED_GOOD, Code.MASKED_BAD]
            assert np.count_nonzero(result.codes == Code.GOOD) == result.codes.size - 3
        (masked,) = [each for each in store.incidents(label=LABEL) if not each.standing]
        assert masked.masked
        assert masked.closed is None
        store.revoke_mask(mask.id)
        for lumisection in lumisections[9:]:
            pipeline.take(lumisection)
        qualities = [row.quality for row in store.results(LABEL, RUN)]
        assert qualities == [Quality.GOOD] * 2 + [Quality.BAD] * 3 + [Quality.GOOD] * 4 + [Quality.BAD] * 3
        codes = [row.code for row in store.flags(label=LABEL) if (row.y, row.x) == CELL]
        assert codes == [Code.BAD] * 3 + [Code.MASKED_BAD] * 4 + [Code.BAD] * 3
        (incident,) = [each for each in store.incidents(label=LABEL) if not each.standing]
        assert (incident.opened, incident.last, incident.masked) == (at(3), at(12), False)


def test_an_unmasked_cell_beside_a_masked_one_is_bad(tmp_path: Path, bundle: Bundle) -> None:
    faults = [Fault(MAP, CELL, "dead", onset=3), Fault(MAP, OTHER, "dead", onset=6)]
    with Store(str(tmp_path / "store.sqlite")) as store:
        store.add_mask(MAP, [CELL], "shifter", "known")
        pipeline = Pipeline(store, [bundle], LABEL)
        for lumisection in fill(8, faults):
            pipeline.take(lumisection)
        assert [row.quality for row in store.results(LABEL, RUN)] == [Quality.GOOD] * 5 + [Quality.BAD] * 3


def test_a_masked_cell_is_masked_in_a_map_that_was_not_scored(tmp_path: Path, bundle: Bundle) -> None:
    with Store(str(tmp_path / "store.sqlite")) as store:
        store.add_mask(MAP, [OTHER], "shifter", "known")
        (result,) = Pipeline(store, [bundle], LABEL).take(fill(1, events=10)[0])
        assert (result.codes[OTHER], result.codes[DEAD]) == (Code.MASKED_UNKNOWN, Code.MASKED_BAD)
        assert result.codes[CELL] == Code.UNKNOWN
        assert result.quality is Quality.UNKNOWN
