"""Both real endcap networks from the command line to the store, beside a reference on the same maps."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from caloscope import bundle as bundles
from caloscope import training
from caloscope.bundle import Bundle
from caloscope.config.catalogue import load
from caloscope.faults import Fault
from caloscope.geometry import view
from caloscope.records import Cell, Code, Lumisection, Quality, Reason, ResultKey
from caloscope.simulate import STEADY, Fill, Healthy, lumisections, write_lumisection
from caloscope.simulate import healthy as simulated
from caloscope.store import Store

from . import running
from .detectors import mlclient_loops
from .detectors.endcaps import MINUS, PLUS, Side

pytestmark = pytest.mark.realdata

ERA = "2019+"
LABEL = "ZeroBias"
RUN, TRAINING_RUN = 360_002, 360_001
LUMIS, TRAINING_LUMIS, EVENTS = 50, 60, 300
WITHOUT_PILEUP = 20
"""CMSSW leaves this lumisection out altogether."""
ONSET = 30
DEAD: dict[str, Cell] = {"EE-/digi": (12, 4), "EE+/digi": (5, 13)}
SLOWEST = {"cmssw-ml": 8, "reference": 2}
"""Most lumisections that a dead supercrystal may take, the first faulty one included."""


@dataclass(frozen=True)
class Scene:
    """The store after the replay, what was in the files, and the bundles by name."""

    store: Path
    seen: list[Lumisection]
    sides: dict[str, Side]
    bundles: dict[str, Bundle]
    said: str


def side(folder: Path, name: str) -> Side:
    average = np.array((folder / f"{name}_avgocc_Run2022_500ev.dat").read_text().split(), float)
    parameters = MINUS if name == "EEm" else PLUS
    return Side(folder / f"{name}_resnet2018.onnx", average.reshape(22, 22), parameters)


def healthy(map_name: str, real: Side) -> Healthy:
    """Around the table of 2022; what it fills with ones is dead."""
    on = view(map_name.removesuffix("/digi"), ERA)
    pattern = np.where(real.average == 1.0, 0.0, real.average)[1:-1, 1:-1] * on.exists
    return simulated(load()[map_name], on, seed=1, stability=STEADY, pattern=pattern)


def caloscope(*arguments: object) -> str:
    return running.caloscope(*map(str, arguments))


def import_network(folder: Path, map_name: str, real: Side, *more: object) -> Bundle:
    line = real.parameters
    average = real.model.with_name(real.model.name.replace("resnet2018.onnx", "avgocc_Run2022_500ev.dat"))
    given: dict[str, object] = {"--map": map_name, "--onnx": real.model, "--average": average}
    given |= {"--slope": repr(line.slope), "--intercept": repr(line.intercept), "--threshold": line.threshold}
    given |= {"--n-ls": 3, "--n-loss": 6, "--era": ERA, "--output": folder}
    caloscope("bundle", "import-cmssw", *(word for pair in given.items() for word in pair), *more)
    return bundles.load(folder)


def import_networks(folder: Path, sides: dict[str, Side]) -> dict[str, Bundle]:
    line = sides["EE-/digi"].parameters
    fault = ["--padding-fault", "--companion", "EE-/digi"]
    fault += ["--companion-slope", repr(line.slope), "--companion-intercept", repr(line.intercept)]
    plus = sides["EE+/digi"]
    return {
        "EE-": import_network(folder / "EEm.bundle", "EE-/digi", sides["EE-/digi"]),
        "EE+": import_network(folder / "EEp.bundle", "EE+/digi", plus),
        "EE+ fault": import_network(folder / "EEp-fault.bundle", "EE+/digi", plus, *fault),
    }


def fill(run: int, lumis: int, detectors: dict[str, Healthy]) -> Iterator[Lumisection]:
    faults = [Fault(name, cell, "dead", onset=ONSET) for name, cell in DEAD.items()] if run == RUN else []
    for each in lumisections(Fill(run, lumis, seed=2022, events=EVENTS, label=LABEL), detectors, faults):
        unmeasured = {name: replace(record, pileup=None) for name, record in each.maps.items()}
        yield replace(each, maps=unmeasured) if (each.run, each.lumi) == (RUN, WITHOUT_PILEUP) else each


@pytest.fixture(scope="module")
def scene(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Scene:
    folder = tmp_path_factory.mktemp("endcaps")
    sides = {f"{n}/digi": side(shared_data / "ecal", m) for n, m in (("EE-", "EEm"), ("EE+", "EEp"))}
    detectors = {name: healthy(name, real) for name, real in sides.items()}
    made = import_networks(folder, sides)
    good = list(fill(TRAINING_RUN, TRAINING_LUMIS, detectors))
    for name in sides:
        output = folder / f"{load()[name].slug}-reference.bundle"
        made[f"reference {name}"] = training.train(good, load()[name], view(name[:3], ERA), output)
    seen = list(fill(RUN, LUMIS, detectors))
    spool, store = folder / "spool", folder / "store.sqlite"
    spool.mkdir()
    for each in seen:
        write_lumisection(spool, each, [(load()[n], view(n[:3], ERA)) for n in sides], began_at=0.0)
    given = (word for path in sorted(folder.glob("*.bundle")) for word in ("--bundle", path))
    said = caloscope("replay", spool, *given, "--store", store, "--label", LABEL)
    return Scene(store, seen, sides, made, said)


def key(of: Bundle, lumi: int) -> ResultKey:
    return ResultKey(LABEL, RUN, lumi, of.card.map, of.hash)


def transcription(scene: Scene, fault: bool) -> Iterator[tuple[NDArray[np.float32], ...] | None]:
    """What CMSSW has to say of each lumisection, from the counts that went into the files."""
    minus, plus = scene.sides["EE-/digi"], scene.sides["EE+/digi"]
    loops = mlclient_loops.Loops(minus.loops(), plus.loops(), fault=fault)
    for each in scene.seen:
        in_minus, in_plus = each.maps["EE-/digi"], each.maps["EE+/digi"]
        pileup = -1.0 if in_minus.pileup is None else in_minus.pileup
        counts = in_minus.counts.astype(np.float64), in_plus.counts.astype(np.float64)
        yield loops(*counts, in_minus.events or 0, pileup)


def assert_same_scores(found: NDArray[np.float64], expected: NDArray[np.float64]) -> None:
    """To 1e-5, and so their sixth roots: most products are far below any absolute margin."""
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-12)
    np.testing.assert_allclose(found ** (1 / 6), expected ** (1 / 6), rtol=1e-5, atol=1e-5)


def flagged(scene: Scene, of: Bundle, lumi: int) -> bool:
    with Store(str(scene.store), read_only=True) as store:
        codes = store.arrays(key(of, lumi))["codes"]
    return bool(codes[DEAD[of.card.map]] == Code.BAD)


def test_all_that_was_written_was_scored(scene: Scene) -> None:
    assert f"{LUMIS} files, {LUMIS} lumisections, {5 * LUMIS} results" in scene.said
    assert "quarantined" not in scene.said
    with Store(str(scene.store), read_only=True) as store:
        reasons = [store.results(LABEL, RUN, bundle=scene.bundles["EE+"].hash)[i].reason for i in range(8)]
        row = store.result(key(scene.bundles["EE+"], WITHOUT_PILEUP))
    assert reasons == [Reason.WARM_UP] * 7 + [None]
    assert row is not None
    assert (row.quality, row.reason) == (Quality.UNKNOWN, Reason.NO_PILEUP)


@pytest.mark.parametrize(
    ("minus", "plus", "fault"), [("EE-", "EE+", False), ("EE-", "EE+ fault", True)], ids=["mended", "fault"]
)
def test_the_scores_in_the_store_are_those_of_cmssw(scene: Scene, minus: str, plus: str, fault: bool) -> None:
    chains = scene.bundles[minus], scene.bundles[plus]
    scored = 0
    with Store(str(scene.store), read_only=True) as store:
        for each, expected in zip(scene.seen, transcription(scene, fault), strict=True):
            for which, chain in enumerate(chains):
                found = store.arrays(key(chain, each.lumi)).get("score")
                assert (found is None) == (expected is None), each.lumi
                if found is not None and expected is not None:
                    assert_same_scores(found.astype(float), expected[which].astype(float))
                    scored += 1
    assert scored == 2 * (LUMIS - 7 - 1)


def test_the_padding_fault_changes_the_scores(scene: Scene) -> None:
    with Store(str(scene.store), read_only=True) as store:
        mended, faulty = (store.arrays(key(scene.bundles[n], 40))["score"] for n in ("EE+", "EE+ fault"))
    assert not np.allclose(mended, faulty, rtol=1e-3, atol=1e-12)


@pytest.mark.parametrize("name", ["EE-", "EE+", "EE+ fault", "reference EE-/digi", "reference EE+/digi"])
def test_a_dead_supercrystal_is_found(scene: Scene, name: str) -> None:
    of = scene.bundles[name]
    delays = [lumi - ONSET + 1 for lumi in range(ONSET, LUMIS + 1) if flagged(scene, of, lumi)]
    assert delays, name
    print(f"{name}: flagged {delays[0]} lumisections after its death")
    assert delays[0] <= SLOWEST[of.card.detector]
    assert delays == list(range(delays[0], LUMIS - ONSET + 2))
    assert not flagged(scene, of, ONSET - 1)
    with Store(str(scene.store), read_only=True) as store:
        found = [
            i for i in store.incidents(bundle=of.hash) if DEAD[of.card.map] in i.cells and not i.standing
        ]
    assert [i.opened.lumi for i in found] == [ONSET - 1 + delays[0]]
