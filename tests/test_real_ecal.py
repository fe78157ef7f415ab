"""Real lumisections of the ECAL barrel: an empty supermodule or a hot tower is one incident, nothing else.

The files do not say how many events they hold. To learn from them, each lumisection is given 500 times its
level relative to the others; the one that is looked at says nothing.
"""

import csv
import io
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest
from scipy import sparse

from caloscope import bundle as bundles
from caloscope import dataset, training
from caloscope.config.catalogue import load
from caloscope.detectors.base import Array, Expectation, Observation
from caloscope.detectors.reference import Reference
from caloscope.geometry import Region, view
from caloscope.pipeline.state import Given
from caloscope.pipeline.step import Scorer
from caloscope.records import LumiId, Lumisection, MapRecord
from caloscope.validation.sources.crystals import crystal_samples

from .running import caloscope

pytestmark = pytest.mark.realdata

RUN = 276582
EVENTS = 500
NAME = "EB/rechit"
SPEC = load()[NAME]
ON = view("EB", "2016")
SUPERMODULES = [region for region in ON.regions if region.kind == "supermodule"]

EMPTY = [
    {"EB-01"}, {"EB+14"}, {"EB+06"}, {"EB-18"}, {"EB-10"}, {"EB+05"}, {"EB+12"}, {"EB-02", "EB-09"}
]  # fmt: skip
HOT = [(13, 46), (26, 66), (14, 16), (23, 48), (27, 28), (9, 33), (12, 30), (27, 63)]
DEAD = {(6, 36), (11, 33), (13, 4), (15, 10), (15, 44), (18, 22), (27, 34), (28, 9), (31, 68), (33, 71)}
LOW = {
    (0, 38), (2, 43), (3, 60), (6, 25), (7, 54), (8, 48), (8, 65), (14, 3), (27, 21), (29, 38), (33, 33)
}  # fmt: skip
COMES_AND_GOES = (14, 21)
"""A tower that really counts less than a tenth of what is due in 3 of the 14 lumisections of run 276582."""


@lru_cache
def towers(folder: Path, file: str) -> Array:
    """Whole counts `(lumi, y, x)` of towers, as they were before somebody normalised them."""
    (sample,) = crystal_samples(folder / "ecal" / file, [(SPEC, ON)])
    return sample.stack.counts


@pytest.fixture(scope="module")
def missing(shared_data: Path) -> Array:
    """One supermodule is empty in each."""
    return towers(shared_data, "eb_rechit_occ_run276582_missing_supermodule_8ls.h5")


@pytest.fixture(scope="module")
def hot(shared_data: Path) -> Array:
    """One tower is hot in each."""
    return towers(shared_data, "eb_rechit_occ_run276582_hot_tower_8ls.h5")


@pytest.fixture(scope="module")
def good(shared_data: Path) -> Array:
    """Another run."""
    return towers(shared_data, "ecal_rechit_occ_time_good_7ls.h5")


def levels(counts: Array) -> Array:
    """Of lumisections, relative to each other: the median over supermodules."""
    sums = np.array([[one[region.members].sum() for region in SUPERMODULES] for one in counts])
    sums = np.where(sums > 0, sums, np.nan)
    return np.asarray(np.nanmedian(sums / np.nanmedian(sums, axis=0), axis=1))


def lumisections(counts: Array, *, events: bool) -> list[Lumisection]:
    """One after the other, with or without their events."""
    known = [round(EVENTS * level) if events else None for level in levels(counts)]
    records = [MapRecord(one.astype(np.uint32), number) for one, number in zip(counts, known, strict=True)]
    return [Lumisection("JetHT", RUN, place, {NAME: record}) for place, record in enumerate(records, start=1)]


def without(lumis: Sequence[Lumisection], place: int) -> list[Lumisection]:
    """All but one."""
    return [each for each in lumis if each.lumi != place + 1]


def incidents(counts: Array, folder: Path) -> list[set[tuple[str, str]]]:
    """Hardware and direction of the incidents of each lumisection, learned from all the others."""
    found = []
    known, unknown = lumisections(counts, events=True), lumisections(counts, events=False)
    for place in range(len(counts)):
        made = training.train(without(known, place), SPEC, ON, folder / f"{place}.bundle")
        scorer, lumi = Scorer(made, "JetHT"), unknown[place]
        given = Given(lumi.id, lumi.maps[NAME], "")
        scored = scorer.score(given, scorer.initial(), np.zeros(ON.shape, np.bool_))
        found.append({(each.hardware, str(each.direction)) for each in scored.incidents})
    return found


def learned(counts: Array) -> Reference:
    """From all of them."""
    known = zip(counts, levels(counts), strict=True)
    observations = [
        Observation(LumiId(RUN, 1 + place), one, round(EVENTS * level), None)
        for place, (one, level) in enumerate(known)
    ]
    return Reference.fit(observations, SPEC.noise, ON)


def expected(detector: Reference, counts: Array) -> Expectation:
    """Of a lumisection that does not say how many events it has."""
    answer, _ = detector.look(Observation(LumiId(RUN, 99), counts, None, None), {})
    assert isinstance(answer, Expectation)
    return answer


def test_each_empty_supermodule_is_one_incident(missing: Array, tmp_path: Path) -> None:
    tower = (ON.describe(COMES_AND_GOES), "low")
    for place, found in enumerate(incidents(missing, tmp_path)):
        gone = {tower} if missing[place][COMES_AND_GOES] < 20 else set()
        assert found == {(name, "low") for name in EMPTY[place]} | gone, f"lumisection {place + 1}"


def test_each_hot_tower_is_one_incident(hot: Array, tmp_path: Path) -> None:
    tower = (ON.describe(COMES_AND_GOES), "low")
    for place, found in enumerate(incidents(hot, tmp_path)):
        gone = {tower} if hot[place][COMES_AND_GOES] < 20 else set()
        assert found == {(ON.describe(HOT[place]), "high")} | gone, f"lumisection {place + 1}"


def test_good_lumisections_have_no_incident(good: Array, tmp_path: Path) -> None:
    assert incidents(good, tmp_path) == [set()] * len(good)


def test_a_supermodule_that_is_missing_once_is_expected_in_full(missing: Array) -> None:
    all_of_them = learned(missing)
    for place, names in enumerate(EMPTY):
        rest = np.arange(len(missing)) != place
        whole = missing[(place + 1) % len(missing)]
        with_it, without_it = expected(all_of_them, whole), expected(learned(missing[rest]), whole)
        for region in (each for each in SUPERMODULES if each.name in names):
            ratio = with_it.mean[region.members].sum() / without_it.mean[region.members].sum()
            assert ratio == pytest.approx(1.0, abs=0.025), region.name
            assert _noise(with_it, region) == pytest.approx(_noise(without_it, region), rel=0.1), region.name


def _noise(answer: Expectation, region: Region) -> float:
    """Typical Fano factor in a region."""
    return float(np.median(answer.dispersion[region.members & answer.testable]))


def test_what_was_dead_or_low_already_is_listed(missing: Array, hot: Array) -> None:
    # The first and the sixth of the hot lumisections are the first and the fifth of the others.
    distinct = np.concatenate([missing, hot[[1, 2, 3, 4, 6, 7]]])
    detector = learned(distinct)
    assert {tuple(cell) for cell in np.argwhere(ON.exists & ~detector.alive).tolist()} == DEAD
    mean = expected(detector, missing[0]).mean
    ring = np.array([np.median(row[row > 0]) for row in mean])
    share = mean / ((ring + ring[::-1]) / 2)[:, None]
    assert {tuple(cell) for cell in np.argwhere((mean > 0) & (share < 0.6)).tolist()} == LOW


def test_neighbours_take_out_most_of_the_noise(good: Array) -> None:
    """On lumisections that were not learned from, with what is kept of how towers fluctuate together."""
    alone, given = [], []
    for place in range(len(good)):
        answer = expected(learned(good[np.arange(len(good)) != place]), good[place])
        one, other = _residuals(answer, good[place])
        alone.append(one)
        given.append(other)
    before, after = np.concatenate(alone), np.concatenate(given)
    assert 1.0 - np.square(after).mean() / np.square(before).mean() == pytest.approx(0.61, abs=0.03)
    assert 1e3 * np.mean(np.abs(after) > 3.29 * after.std()) < 4.0


def _residuals(answer: Expectation, counts: Array) -> tuple[Array, Array]:
    """Of testable cells alone, and given their neighbours, in standard deviations; the level taken out."""
    together, exists = answer.covariance, ON.exists
    assert together is not None
    cells = len(together.indptr) - 1
    inverse = sparse.csr_array((together.data, together.indices, together.indptr), shape=(cells, cells))
    use, mean = answer.testable[exists], np.maximum(answer.mean[exists], 1e-9)
    lever = np.where(use, np.sqrt(mean / answer.dispersion[exists]), 0.0)
    z = np.where(use, lever * (counts[exists] / mean - 1.0), 0.0)
    z -= lever * (lever @ (inverse @ z)) / (lever @ (inverse @ lever))
    given = np.asarray(inverse @ z) / np.asarray(inverse.diagonal())
    return np.asarray(z[use], np.float64), np.asarray(given[use], np.float64)


def test_through_the_command_line(missing: Array, tmp_path: Path) -> None:
    known, unknown = lumisections(missing, events=True), lumisections(missing, events=False)
    _write(tmp_path / "learn.h5", known[:7])
    _write(tmp_path / "new.h5", unknown[7:])
    caloscope("train", tmp_path / "learn.h5", "--map", NAME, "-o", tmp_path / "eb.bundle")
    store = tmp_path / "s.sqlite"
    caloscope("replay", tmp_path / "new.h5", "--bundle", tmp_path / "eb.bundle", "--store", store)
    listed = caloscope("incidents", "--store", store)
    for words in ("EB-02", "EB-09", "10 cells never alive"):
        assert words in listed
    rows = list(csv.DictReader(io.StringIO(caloscope("flags", "--store", store))))
    flagged = {(int(row["y"]), int(row["x"])) for row in rows if row["reason"] == "EVIDENCE"}
    inside = np.any([region.members for region in SUPERMODULES if region.name in EMPTY[7]], axis=0)
    assert {cell for cell in flagged if not inside[cell]} == {COMES_AND_GOES}
    assert {(int(row["y"]), int(row["x"])) for row in rows if row["reason"] == "NEVER_ALIVE"} == DEAD
    assert bundles.load(tmp_path / "eb.bundle").card.training["lumisections"] == 7


def _write(path: Path, lumis: Sequence[Lumisection]) -> None:
    """As a data set."""
    rows = [dataset.Row(each.run, each.lumi, None, dict(each.maps)) for each in lumis]
    info = dataset.map_info(SPEC, ON)
    dataset.write(path, rows, len(rows), [info], label="JetHT", era="2016", provenance={})
