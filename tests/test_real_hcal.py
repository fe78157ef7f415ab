"""Real lumisections of HCAL (run 306138): what is dead is known to be, and nothing else is flagged."""

import csv
import io
from pathlib import Path

import numpy as np
import pytest

from caloscope import bundle as bundles
from caloscope import prepare, training
from caloscope.config.catalogue import load
from caloscope.detectors.base import Array, Expectation, Observation
from caloscope.evidence import EvidenceState, accumulate
from caloscope.geometry import view
from caloscope.readers import read
from caloscope.records import Code, Lumisection

from .running import caloscope

pytestmark = pytest.mark.realdata

SPEC = load()["HCAL/digi"]
ON = view("HCAL", "2017")


@pytest.fixture(scope="module")
def source(shared_data: Path) -> Path:
    return shared_data / "hcal" / "hcal_digi_rechit_occ_run306138_6ls.h5"


@pytest.fixture(scope="module")
def lumis(source: Path) -> list[Lumisection]:
    return list(read(source, [SPEC], label="JetHT", views=view))


@pytest.fixture(scope="module")
def trained(lumis: list[Lumisection], tmp_path_factory: pytest.TempPathFactory) -> bundles.Bundle:
    return training.train(lumis[:3], SPEC, ON, tmp_path_factory.mktemp("real") / "hcal.bundle")


def first_look(trained: bundles.Bundle, good: Observation, counts: Array) -> tuple[Array, Expectation]:
    """Evidence after one lumisection alone, each cell faulty by itself: the others are as they were."""
    answer, _ = trained.detector.look(good, {})
    assert isinstance(answer, Expectation)
    nothing, threshold = EvidenceState.empty(ON.exists), trained.card.threshold
    evidence, _ = accumulate(nothing, good.id, counts, answer, ON.exists, threshold)
    return evidence.value, answer


def test_the_dead_channels_are_never_alive_and_nothing_else_is_flagged(source: Path, tmp_path: Path) -> None:
    maps = ("HCAL/digi", "HO/digi")
    for number, name in enumerate(maps):
        caloscope("train", source, "--map", name, "--lumis", "1-3", "-o", tmp_path / f"{number}.bundle")
    given = [word for number in range(2) for word in ("--bundle", tmp_path / f"{number}.bundle")]
    store = tmp_path / "s.sqlite"
    caloscope("replay", source, *given, "--store", store, "--lumis", "4-6", "--label", "JetHT")
    rows = list(csv.DictReader(io.StringIO(caloscope("flags", "--store", store))))
    assert {row["reason"] for row in rows} == {"NEVER_ALIVE"}
    assert {int(row["code"]) for row in rows} == {Code.MASKED_BAD}
    cells = {(row["map"], row["depth"], row["y"], row["x"]) for row in rows}
    assert len(cells) == 28
    assert ("HCAL/digi", "1", "6", "26") in cells  # HB, ieta -16, iphi 7: still dead in April 2018
    assert len(rows) == 28 * 3


@pytest.mark.parametrize("factor", [0.0, 0.5])
def test_every_busy_channel_is_flagged_in_its_first_faulty_lumisection(
    factor: float, trained: bundles.Bundle, lumis: list[Lumisection]
) -> None:
    """Each channel that expects 300 counts or more is thinned binomially, one fault at a time."""
    rng = np.random.default_rng(1)
    for lumi in lumis[3:]:
        good = prepare.observe(lumi.id, lumi.maps["HCAL/digi"], ON)
        thinned = rng.binomial(good.counts.astype(np.int64), factor).astype(np.float64)
        value, answer = first_look(trained, good, thinned)
        busy = answer.testable & (answer.mean >= 300)
        assert busy.sum() > 7_500
        assert (value[busy] > trained.card.threshold).all()
