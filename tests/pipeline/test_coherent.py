"""What all maps do together is no fault of one of them; what one of them does beside that is."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from caloscope import training
from caloscope.bundle import Bundle, Standing
from caloscope.config.catalogue import load
from caloscope.detectors.base import Expectation, NotKnown
from caloscope.faults import Fault
from caloscope.geometry import view
from caloscope.pipeline import Pipeline
from caloscope.pipeline.checkpoint import decode_step
from caloscope.pipeline.coherent import coherent, shifted
from caloscope.records import Incident, Lumisection, Quality, Reason
from caloscope.simulate import STEADY, Fill, healthy_maps, lumisections
from caloscope.store import Store

from .making import Recorded, recorded

NAMES = ("EB/digi", "EE+/digi", "EE-/digi")
MAPS = [(load()[name], view(load()[name].view, "2018")) for name in NAMES]
TOWER = (10, 20)
LABEL, RUN, LUMIS, ONSET = "test", 2, 40, 5
SHORT = 9
"""Lumisections that are enough for what is found at once."""


@dataclass(frozen=True, repr=False)
class Found:
    """What a store says after a fill."""

    incidents: list[Incident]
    qualities: dict[str, list[Quality]]
    recorded: Recorded
    coherent: list[float]


@pytest.fixture(scope="module")
def bundles(tmp_path_factory: pytest.TempPathFactory) -> list[Bundle]:
    """Learned in a fill in which pileup falls, so that it is known what pileup does to the maps."""
    folder = tmp_path_factory.mktemp("coherent")
    good = list(
        lumisections(Fill(1, 60, seed=4, lifetime=130.0), healthy_maps(MAPS, seed=1, stability=STEADY))
    )
    return [training.train(good, spec, on, folder / f"{spec.slug}.bundle") for spec, on in MAPS]


def fill(factor: float = 1.0, names: Sequence[str] = NAMES, *faults: Fault) -> list[Lumisection]:
    """A fill in which only a share of all counts of some maps is left, from `ONSET` on."""
    detectors = healthy_maps(MAPS, seed=1, stability=STEADY)
    whole = lumisections(Fill(RUN, LUMIS, seed=5, lifetime=150.0), detectors, list(faults))
    return [each if each.lumi < ONSET else thinned(each, factor, names) for each in whole]


def thinned(lumisection: Lumisection, factor: float, names: Sequence[str]) -> Lumisection:
    """The lumisection with a share of the counts of some of its maps."""
    rng, maps = np.random.default_rng(lumisection.lumi), dict(lumisection.maps)
    for name in names:
        counts = rng.binomial(maps[name].counts.astype(np.int64), factor).astype(np.uint32)
        maps[name] = replace(maps[name], counts=counts)
    return replace(lumisection, maps=maps)


def taken(
    path: Path, bundles: list[Bundle], arrivals: Sequence[Lumisection], restart: int | None = None
) -> Found:
    """All of them in this order; after `restart` of them by another pipeline."""
    with Store(str(path)) as store:
        pipeline = Pipeline(store, bundles, LABEL)
        for number, each in enumerate(arrivals):
            pipeline = Pipeline(store, bundles, LABEL) if number == restart else pipeline
            pipeline.take(each)
        rows = store.results(LABEL, RUN)
        saved = store.checkpoints(LABEL, NAMES[0], bundles[0].hash)
        return Found(
            [each for each in store.incidents(label=LABEL) if not each.standing],
            {name: [row.quality for row in rows if row.key.map == name] for name in NAMES},
            recorded(store),
            [decode_step(each.blob, bundles[0].view)[0].coherent for each in saved],
        )


def test_a_shift_of_all_maps_is_no_fault_however_long_it_lasts(tmp_path: Path, bundles: list[Bundle]) -> None:
    found = taken(tmp_path / "store.sqlite", bundles, fill(0.75))
    assert found.qualities == dict.fromkeys(NAMES, [Quality.GOOD] * LUMIS)
    assert not found.incidents
    assert np.mean(found.coherent) == pytest.approx(-0.25, abs=0.04)


def test_a_shift_of_one_map_is_a_fault_of_the_whole_map(tmp_path: Path, bundles: list[Bundle]) -> None:
    found = taken(tmp_path / "store.sqlite", bundles, fill(0.7, NAMES[:1])[:SHORT])
    (incident,) = found.incidents
    assert (incident.map, incident.hardware) == ("EB/digi", "EB (whole map)")
    assert ONSET <= incident.opened.lumi <= ONSET + 1
    assert {quality for name in NAMES[1:] for quality in found.qualities[name]} == {Quality.GOOD}


def test_two_maps_that_share_a_fault_do_not_condemn_the_third(tmp_path: Path, bundles: list[Bundle]) -> None:
    found = taken(tmp_path / "store.sqlite", bundles, fill(0.7, NAMES[1:])[:SHORT])
    assert {(each.map, each.hardware) for each in found.incidents} == {
        (name, f"{name[:3]} (whole map)") for name in NAMES[1:]
    }


def test_what_one_map_loses_beside_the_others_is_found(tmp_path: Path, bundles: list[Bundle]) -> None:
    both = fill(0.75)[:SHORT]
    lower = [each if each.lumi < ONSET else thinned(each, 0.7, NAMES[:1]) for each in both]
    found = taken(tmp_path / "store.sqlite", bundles, lower)
    assert {(each.map, each.hardware) for each in found.incidents} == {("EB/digi", "EB (whole map)")}


def test_a_dead_tower_is_found_while_all_maps_are_shifted(tmp_path: Path, bundles: list[Bundle]) -> None:
    dead = Fault("EB/digi", TOWER, "dead", onset=ONSET + 3)
    (incident,) = taken(tmp_path / "store.sqlite", bundles, fill(0.75, NAMES, dead)[:20]).incidents
    assert (incident.map, incident.cells) == ("EB/digi", (TOWER,))
    assert incident.opened.lumi <= ONSET + 4


def test_it_is_remembered_for_a_rewind_and_after_a_restart(tmp_path: Path, bundles: list[Bundle]) -> None:
    """What follows a late lumisection is scored again, map by map: with what the others did then."""
    dead = Fault("EB/digi", TOWER, "dead", onset=ONSET + 3)
    arrivals = fill(0.75, NAMES, dead)[:24]
    in_order = taken(tmp_path / "in-order.sqlite", bundles, arrivals)
    late, rest = arrivals[9], [*arrivals[:9], *arrivals[10:]]
    for place, restart in ((20, None), (20, 20), (18, 12)):
        path = tmp_path / f"{place}-{restart}.sqlite"
        again = taken(path, bundles, [*rest[:place], late, *rest[place:]], restart)
        assert again.recorded == in_order.recorded
        assert again.coherent == in_order.coherent


def test_maps_of_one_piece_of_detector_say_nothing_of_the_others(
    tmp_path: Path, bundles: list[Bundle]
) -> None:
    """Whatever lies behind, it may be a fault of that piece."""
    good = lumisections(Fill(1, 50, seed=4, lifetime=130.0), healthy_maps(MAPS, seed=1, stability=STEADY))
    other = training.train(good, *MAPS[0], tmp_path / "other.bundle")
    found = taken(tmp_path / "store.sqlite", [bundles[0], other], fill(0.7)[:SHORT])
    assert set(found.coherent) == {0.0}
    assert {each.hardware for each in found.incidents} == {"EB (whole map)"}


@pytest.mark.parametrize(
    ("levels", "expected"),
    [
        ((), 0.0),
        ((-0.3,), 0.0),
        ((-0.3, -0.2, -0.25), -0.2),
        ((0.3, 0.1), 0.1),
        ((-0.3, 0.1), 0.0),
        ((-0.3, 0.0), 0.0),
    ],
)
def test_maps_have_in_common_what_the_least_of_them_shows(levels: Sequence[float], expected: float) -> None:
    assert coherent({str(number): level for number, level in enumerate(levels)}) == expected


def test_hazards_shift_where_counts_are_binomial() -> None:
    """Channels that always count go on doing so."""
    mean, one = np.array([[0.0, 100.0, 500.0, 999.0]]), np.ones((1, 4))
    given = Expectation("binomial", mean, 0 * one, mean > 0, one, trials=1_000.0)
    answer = shifted(given, -0.25)
    assert isinstance(answer, Expectation)
    expected = [0.0, 1e3 * (1 - 0.9**0.75), 1e3 * (1 - 0.5**0.75), 999.0]
    np.testing.assert_allclose(answer.mean[0], expected)
    assert shifted(given, 0.0) is given
    unknown = NotKnown(Reason.NO_BEAM)
    assert shifted(unknown, -0.25) is unknown


def test_what_is_in_commissioning_does_not_speak_for_the_others(
    tmp_path: Path, bundles: list[Bundle]
) -> None:
    """Two maps are low, one of them judged by a bundle in commissioning alone: nobody excuses the other."""
    silent = Standing(state="commissioning")
    judges = [bundles[0], *(replace(each, standing=silent) for each in bundles[1:])]
    arrivals = fill(0.75)[:SHORT]
    found = taken(tmp_path / "silent.sqlite", judges, arrivals)
    alone = taken(tmp_path / "alone.sqlite", bundles[:1], arrivals)
    assert [each for each in found.incidents if each.map == NAMES[0]] == alone.incidents
    assert found.qualities[NAMES[0]] == alone.qualities[NAMES[0]]
    assert set(found.coherent) == {0.0}
