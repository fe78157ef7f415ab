"""CMSSW's chain against a plain transcription of it, and what it does where there is nothing to judge."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from caloscope.detectors.base import Memory, NotKnown, Observation, Score
from caloscope.detectors.cmssw_ml import CmsswMl, Parameters, open_network, read_average
from caloscope.errors import BundleError
from caloscope.geometry import view
from caloscope.records import LumiId, Reason

from . import mlclient_loops, tiny_onnx
from .endcaps import MINUS, PLUS, Endcaps, Side, assert_same, faulty_plus, fill, scores, tiny_endcaps


@pytest.fixture
def tiny(tmp_path: Path) -> Endcaps:
    return tiny_endcaps(tmp_path)


@pytest.fixture(scope="session")
def real(shared_data: Path) -> Endcaps:
    """The endcaps as CMS runs them."""
    folder = shared_data / "ecal"
    tables = {
        name: read_average(folder / f"{name}_avgocc_Run2022_500ev.dat", (22, 22)) for name in ("EEm", "EEp")
    }
    return (
        Side(folder / "EEm_resnet2018.onnx", tables["EEm"], MINUS),
        Side(folder / "EEp_resnet2018.onnx", tables["EEp"], PLUS),
    )


def assert_equal_to_loops(endcaps: Endcaps, fault: bool) -> None:
    """Scores, reconstructions, silence and both queues, in 50 lumisections."""
    loops = mlclient_loops.Loops(endcaps[0].loops(), endcaps[1].loops(), fault=fault)
    detectors = endcaps[0].detector(), faulty_plus(endcaps) if fault else endcaps[1].detector()
    memories: list[Memory] = [{}, {}]
    scored = 0
    for pair in fill(50, endcaps, seed=20180622):
        pileup, events = pair[0].pileup, pair[0].events
        assert pileup is not None
        assert events is not None
        expected = loops(pair[0].counts, pair[1].counts, events, pileup)
        for which, detector in enumerate(detectors):
            answer, memories[which] = detector.look(pair[which], memories[which])
            side = loops.sides[which]
            assert int(memories[which]["held"]) == len(loops.events)
            assert list(memories[which]["events"][-len(loops.events) or 3 :]) == list(loops.events)
            assert int(memories[which]["losses_held"]) == len(side.losses)
            if side.losses:
                losses = memories[which]["losses"][-len(side.losses) :].astype(np.float64)
                np.testing.assert_allclose(losses, np.array(side.losses), rtol=1e-5, atol=1e-9)
            assert isinstance(answer, Score) == (expected is not None)
            if isinstance(answer, Score) and expected is not None:
                scored += 1
                assert answer.reconstruction is not None
                np.testing.assert_allclose(answer.value, expected[which], rtol=1e-5, atol=1e-12)
                np.testing.assert_allclose(answer.reconstruction, np.array(side.reco), rtol=1e-5, atol=1e-6)
                assert answer.image_events == loops.total_events
    assert scored > 60


@pytest.mark.parametrize("fault", [False, True], ids=["mended", "padding fault"])
def test_equals_a_transcription_with_a_tiny_network(tiny: Endcaps, fault: bool) -> None:
    assert_equal_to_loops(tiny, fault)


@pytest.mark.realdata
@pytest.mark.parametrize("fault", [False, True], ids=["mended", "padding fault"])
def test_equals_a_transcription_with_the_networks_of_cms(real: Endcaps, fault: bool) -> None:
    assert_equal_to_loops(real, fault)


def last_score(detector: CmsswMl, observations: list[Observation]) -> Score:
    answer = scores(detector, observations, {})[0][-1]
    assert isinstance(answer, Score)
    return answer


def test_the_padding_fault_matters_at_the_left_and_the_right_only(tiny: Endcaps) -> None:
    seen = [plus for _, plus in fill(8, tiny, seed=3)]
    mended, faulty = last_score(tiny[1].detector(), seen), last_score(faulty_plus(tiny), seen)
    differs = mended.value != faulty.value
    assert differs[:, [0, -1]].any()
    assert not differs[:, 1:-1].any()


def test_warm_up_lasts_until_both_queues_are_full(tiny: Endcaps) -> None:
    seen = [minus for minus, _ in fill(9, tiny, seed=1)]
    answers, _ = scores(tiny[0].detector(), seen, {})
    assert [a.reason for a in answers if isinstance(a, NotKnown)] == [Reason.WARM_UP] * 7
    assert isinstance(answers[7], Score)
    events = [a.image_events for a in answers if isinstance(a, (NotKnown, Score))]
    assert events[:2] == [None, None]
    assert events[2] == sum(each.events or 0 for each in seen[:3])
    assert events[8] == sum(each.events or 0 for each in seen[6:9])
    answers, _ = scores(tiny[0].detector(n_ls=4, n_loss=2), seen, {})
    assert [isinstance(a, Score) for a in answers] == [False] * 4 + [True] * 5


@pytest.mark.parametrize("pileup", [None, -1.0, float("nan"), float("inf")])
def test_without_pileup_nothing_is_queued(tiny: Endcaps, pileup: float | None) -> None:
    detector = tiny[0].detector()
    observations = [minus for minus, _ in fill(10, tiny, seed=1)]
    without = replace(observations[8], pileup=pileup)
    answers, memory = scores(detector, [*observations[:8], without], {})
    assert isinstance(answers[-1], NotKnown)
    assert answers[-1].reason is Reason.NO_PILEUP
    _, before = scores(detector, observations[:8], {})
    assert_same(memory, before)


def test_without_a_number_of_events_nothing_is_queued(tiny: Endcaps) -> None:
    observation, _ = next(fill(1, tiny, seed=1))
    answer, memory = tiny[0].detector().look(replace(observation, events=None), {})
    assert isinstance(answer, NotKnown)
    assert answer.reason is Reason.NO_EVENTS
    assert int(memory["held"]) == 0


def test_few_events_leave_the_losses_as_they_are(tiny: Endcaps) -> None:
    detector = tiny[0].detector()
    observations = [minus for minus, _ in fill(8, tiny, seed=1)]
    _, before = scores(detector, observations, {})
    thin = replace(observations[-1], events=0)
    answers, after = scores(detector, [thin] * 3, before)
    assert isinstance(answers[-1], NotKnown)
    assert answers[-1].reason is Reason.FEW_EVENTS
    assert answers[-1].detail == "0 events in 3 lumisections, 400 needed"
    np.testing.assert_array_equal(after["events"], [0, 0, 0])
    # The first of the three still has events enough of the two before it.
    np.testing.assert_array_equal(after["losses"][:-1], before["losses"][1:])
    assert int(after["losses_held"]) == 6


def test_a_pileup_where_the_line_is_not_positive_is_out_of_range(tiny: Endcaps) -> None:
    observation, _ = next(fill(1, tiny, seed=1))
    detector = tiny[0].detector(slope=1.0, intercept=-100.0, n_ls=1, min_events=1)
    answer, _ = detector.look(observation, {})
    assert isinstance(answer, NotKnown)
    assert answer.reason is Reason.OUT_OF_RANGE


def test_a_missing_companion_is_said_and_queues_nothing(tiny: Endcaps) -> None:
    _, plus = next(fill(1, tiny, seed=1))
    detector = faulty_plus(tiny)
    for companions in ({}, {"EE-/digi": np.zeros((34, 72))}):
        answer, memory = detector.look(replace(plus, companions=companions), {})
        assert isinstance(answer, NotKnown)
        assert (answer.reason, answer.detail) == (Reason.MAP_MISSING, "EE-/digi, whose columns pad this map")
        assert int(memory["held"]) == 0


def test_low_and_high_cells_have_a_direction(tiny: Endcaps) -> None:
    observations = [minus for minus, _ in fill(8, tiny, seed=1)]
    for observation in observations:
        observation.counts[5, 10] = 0
        observation.counts[14, 10] *= 5
    score = last_score(tiny[0].detector(), observations)
    assert score.direction is not None
    assert (score.direction[5, 10], score.direction[14, 10], score.direction[0, 0]) == (-1, 1, 0)
    assert score.value[5, 10] > score.threshold
    assert score.accumulated
    np.testing.assert_array_equal(score.testable, tiny[0].detector().alive)


def test_cells_that_the_average_does_not_know_were_never_alive(tiny: Endcaps) -> None:
    exists = view("EE+", "2018").exists
    np.testing.assert_array_equal(tiny[0].detector().alive, exists)
    average = tiny[0].average.copy()
    average[1 + 5, 1 + 10] = 1.0
    alive = replace(tiny[0], average=average).detector().alive
    assert np.argwhere(exists & ~alive).tolist() == [[5, 10]]
    flat = replace(tiny[0], average=np.ones((22, 22))).detector()
    np.testing.assert_array_equal(flat.alive, exists)


@pytest.mark.realdata
def test_the_dead_supercrystals_of_2022_were_never_alive(real: Endcaps) -> None:
    exists = view("EE+", "2018").exists
    dead = np.argwhere(exists & ~real[1].detector().alive).tolist()
    for cell in ([2, 6], [3, 6], [5, 16]):
        assert cell in dead


def test_huge_counts_give_finite_scores(tiny: Endcaps) -> None:
    observations = [minus for minus, _ in fill(8, tiny, seed=1)]
    for observation in observations:
        observation.counts[:, 3] = 2**32 - 1
    score = last_score(tiny[0].detector(), observations)
    assert np.isfinite(score.value).all()
    assert score.value[10, 3] > score.threshold


def test_a_network_that_answers_nonsense_has_failed(tmp_path: Path, tiny: Endcaps) -> None:
    model = tmp_path / "log.onnx"
    shape = (1, 1, 22, 22)
    nodes = [tiny_onnx.node("Log", ["picture"], "out")]
    model.write_bytes(
        tiny_onnx.model(nodes, [tiny_onnx.tensor("picture", shape)], [tiny_onnx.tensor("out", shape)])
    )
    observation, _ = next(fill(1, tiny, seed=1))
    answer, memory = Side(model, tiny[0].average, MINUS).detector(n_ls=1, min_events=1).look(observation, {})
    assert isinstance(answer, NotKnown)
    assert answer.reason is Reason.DETECTOR_FAILED
    assert int(memory["losses_held"]) == 0


def test_looking_changes_nothing_that_it_was_given(tiny: Endcaps) -> None:
    detector = faulty_plus(tiny)
    memory: Memory = {}
    for _, plus in fill(20, tiny, seed=1):
        counts, neighbours = plus.counts.copy(), plus.companions["EE-/digi"].copy()
        before = {name: array.copy() for name, array in memory.items()}
        for array in (plus.counts, *plus.companions.values(), *memory.values()):
            array.setflags(write=False)
        answer, later = detector.look(plus, memory)
        again, _ = detector.look(plus, memory)
        assert_same(memory, before)
        np.testing.assert_array_equal(plus.counts, counts)
        np.testing.assert_array_equal(plus.companions["EE-/digi"], neighbours)
        if isinstance(answer, Score) and isinstance(again, Score):
            np.testing.assert_array_equal(answer.value, again.value)
        memory = later


def test_a_restart_from_saved_memory_goes_on_as_if_nothing_had_happened(
    tiny: Endcaps, tmp_path: Path
) -> None:
    detector = faulty_plus(tiny)
    observations = [plus for _, plus in fill(40, tiny, seed=1)]
    straight, at_end = scores(detector, observations, {})
    for stop in (1, 5, 12, 17, 31):
        answers, memory = scores(detector, observations[:stop], {})
        saved = tmp_path / f"{stop}.npz"
        np.savez(saved, **memory)  # type: ignore[arg-type]  # arrays by name
        with np.load(saved, allow_pickle=False) as loaded:
            memory = dict(loaded)
        restored = CmsswMl.restore(detector.settings(), detector.arrays(), tiny[1].model)
        rest, memory = scores(restored, observations[stop:], memory)
        assert_same(memory, at_end)
        for one, other in zip([*answers, *rest], straight, strict=True):
            assert type(one) is type(other)
            if isinstance(one, Score) and isinstance(other, Score):
                np.testing.assert_array_equal(one.value, other.value)


def test_memory_has_one_layout_from_the_first_lumisection_on(tiny: Endcaps) -> None:
    detector = faulty_plus(tiny)
    layouts = set()
    memory: Memory = {}
    for _, plus in fill(20, tiny, seed=1):
        _, memory = detector.look(plus, memory)
        layouts.add(tuple(sorted((name, array.shape, str(array.dtype)) for name, array in memory.items())))
    assert len(layouts) == 1


def test_a_saved_state_of_another_chain_is_refused(tiny: Endcaps) -> None:
    observation, _ = next(fill(1, tiny, seed=1))
    _, memory = tiny[0].detector(n_ls=4).look(observation, {})
    with pytest.raises(BundleError, match=r"found a saved state without maps \(3, 20, 20\)"):
        tiny[0].detector().look(observation, memory)


def test_the_barrel_has_no_padding_in_phi(tmp_path: Path) -> None:
    model = tmp_path / "eb.onnx"
    model.write_bytes(tiny_onnx.autoencoder((1, 1, 36, 72)))
    average = np.ones((36, 72))
    parameters = Parameters(slope=9087.0, intercept=391987.0, threshold=0.1761, n_ls=1, n_loss=1)
    detector = CmsswMl(parameters, open_network(model), average, np.ones((34, 72), dtype=np.bool_))
    counts = np.random.default_rng(5).poisson(300, (34, 72)).astype(np.float64)
    answer, _ = detector.look(Observation(LumiId(1, 1), counts, 500, 40.0), {})
    assert isinstance(answer, Score)
    assert answer.reconstruction is not None
    picture = counts / (9087.0 * 40 + 391987.0) * (34 * 72)
    framed = np.pad(np.vstack([picture[:1], picture, picture[-1:]]), 1)
    mean, cells = np.zeros((34, 72)), np.zeros((34, 72))
    inside = np.pad(np.ones((36, 72)), 1)
    for dy in range(3):
        for dx in range(3):
            mean += framed[1 + dy : 35 + dy, dx : 72 + dx]
            cells += inside[1 + dy : 35 + dy, dx : 72 + dx]
    np.testing.assert_allclose(answer.reconstruction, mean / cells, rtol=1e-5)
    np.testing.assert_allclose(answer.value, (mean / cells - picture) ** 2, rtol=1e-3, atol=1e-7)


def delay(side: Side, cell: tuple[int, int], factor: float, seed: int) -> int | None:
    """LS from the onset (counting it) to the first flag of a cell, None if not within 40.

    The counts are thinned binomially, as if each digi were lost by chance.
    """
    random = np.random.default_rng(seed)
    detector, onset = side.detector(), 12
    memory: Memory = {}
    for lumi in range(1, onset + 40):
        counts = side.counts(300, 50.0, random)
        if lumi >= onset:
            counts[cell] = random.binomial(int(counts[cell]), factor)
        answer, memory = detector.look(Observation(LumiId(1, lumi), counts, 300, 50.0), memory)
        if lumi >= onset and isinstance(answer, Score) and answer.value[cell] > answer.threshold:
            return lumi - onset + 1
    return None


@pytest.mark.realdata
@pytest.mark.parametrize("which", [0, 1], ids=["EE-", "EE+"])
def test_a_dead_supercrystal_is_found(real: Endcaps, which: int) -> None:
    side = real[which]
    cells = np.random.default_rng(7).choice(np.argwhere(side.detector().alive), 20, replace=False)
    delays = [delay(side, (int(y), int(x)), 0.0, seed) for seed, (y, x) in enumerate(cells)]
    found = [lumis for lumis in delays if lumis is not None]
    assert len(found) >= 19
    assert 5 <= np.median(found) <= 8
