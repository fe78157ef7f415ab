"""The self-test: it comes back, it runs without torch, and it notices what has changed."""

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest

from caloscope import bundle as bundles
from caloscope.bundle import selftest as selftests
from caloscope.detectors.base import Observation
from caloscope.errors import BundleError
from caloscope.records import LumiId, Reason

from ..detectors import tiny_onnx
from .making import LINE, ON, copied, edit, rewrite, sign, signed


def test_it_comes_back_as_it_was(network: bundles.Bundle, tmp_path: Path) -> None:
    counts = np.where(ON.exists, 70_000.0, 0.0)
    beside = {"EE-/digi": counts + 1}
    seen = [
        Observation(LumiId(7, 1), counts, 300, 51.5, beside, 2),
        Observation(LumiId(7, 2), counts / 2, None, None),
        Observation(LumiId(8, 1), counts, 300, float("nan")),
    ]
    path = tmp_path / "selftest.h5"
    selftests.write(path, network.detector, seen)
    found = selftests.read(path, ON.shape)
    assert [(each.id, each.events, each.pileup, each.span) for each in found.observations] == [
        ((7, 1), 300, 51.5, 2),
        ((7, 2), None, None, 1),
        ((8, 1), 300, None, 1),
    ]
    np.testing.assert_array_equal(found.observations[0].companions["EE-/digi"], counts + 1)
    assert found.observations[0].counts.dtype == np.float64
    assert [answer.reason for answer in found.answers] == [
        Reason.WARM_UP,
        Reason.NO_PILEUP,
        Reason.NO_PILEUP,
    ]


def test_a_detector_that_expects_keeps_its_expectation(original: bundles.Bundle) -> None:
    found = bundles.read_selftest(original)
    assert found is not None
    assert [answer.kind for answer in found.answers] == ["expectation", "expectation"]
    assert [each.id.run for each in found.observations] == [320_001, 320_001]
    verified = bundles.verify(original)
    assert verified.lumisections == 2
    assert set(verified.differences) == {"mean", "dispersion"}
    assert verified.worst < 1e-6


def test_an_import_is_tested_with_its_own_average(network: bundles.Bundle) -> None:
    found = bundles.read_selftest(network)
    assert found is not None
    kinds = [answer.kind for answer in found.answers]
    assert kinds == ["not_known"] * (LINE.n_ls + LINE.n_loss - 2) + ["score"] * 2
    np.testing.assert_array_equal(found.observations[0].counts % 1, 0)
    last = found.answers[-1]
    made = last.arrays["reconstruction"][last.arrays["testable"]]
    assert made.mean() == pytest.approx(
        1, rel=0.25
    )  # the mean over all bins is 1, cells that exist have more
    assert set(bundles.verify(network).differences) == {"value", "reconstruction"}


def test_verifying_loads_no_torch(network: bundles.Bundle) -> None:
    asked = "import sys; from caloscope import bundle; from pathlib import Path;"
    asked += "bundle.verify(bundle.load(Path(sys.argv[1]))); print('torch' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", asked, str(network.folder)], capture_output=True, text=True, check=True
    )
    assert done.stdout == "False\n"


def other_network(folder: Path) -> None:
    """A network with the same names and shapes that makes something else of the picture."""
    wide = {"kernel_shape": (5, 5), "pads": (2, 2, 2, 2)}
    shape = (1, 1, 22, 22)
    (folder / "model.onnx").write_bytes(
        tiny_onnx.model(
            [tiny_onnx.node("AveragePool", ["picture"], "mean", **wide)],
            [tiny_onnx.tensor("picture", shape)],
            [tiny_onnx.tensor("mean", shape)],
        )
    )


def other_threshold(folder: Path) -> None:
    for _ in range(2):  # the card's and that of its settings
        edit(folder, r"threshold = 0\.0003\n", "threshold = 0.1\n")


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (
            signed(other_network),
            "1:8: value differs by .* of what was stored, expected at most 0.001",
        ),
        (lambda f: edit(f, r"slope = [\d.]+", "slope = 3000.0"), "value differs by"),
        (other_threshold, "threshold 0.1, expected"),
        (
            lambda f: edit(f, r"min_events = \d+", "min_events = 100000"),
            r"\(FEW_EVENTS\), expected .*\(WARM_UP\)",
        ),
        (
            signed(lambda f: rewrite(f, "reference.h5", "average", lambda a: a * 1.1)),
            "reconstruction|value differs by",
        ),
        (signed(lambda f: (f / "selftest.h5").unlink()), "found no self-test, expected one: train or import"),
    ],
)
def test_what_answers_otherwise_is_refused(
    spoil: Callable[[Path], object], message: str, network: bundles.Bundle, tmp_path: Path
) -> None:
    folder = copied(network, tmp_path)
    spoil(folder)
    spoiled = bundles.load(folder)
    with pytest.raises(BundleError, match=message) as caught:
        bundles.verify(spoiled)
    assert "\n" not in str(caught.value)


def test_other_testable_cells_are_refused(original: bundles.Bundle, tmp_path: Path) -> None:
    folder = copied(original, tmp_path)
    rewrite(folder, "selftest.h5", "01_testable", lambda found: ~found)
    sign(folder)
    with pytest.raises(BundleError, match="found 400 cells testable or not"):
        bundles.verify(bundles.load(folder))


@pytest.mark.parametrize("factor", [1 + 2e-6, 1 - 2e-4])
def test_rounding_of_another_machine_is_tolerated(
    factor: float, original: bundles.Bundle, tmp_path: Path
) -> None:
    folder = copied(original, tmp_path)
    rewrite(folder, "selftest.h5", "01_mean", lambda mean: mean * np.float32(factor))
    sign(folder)
    assert bundles.verify(bundles.load(folder)).worst == pytest.approx(abs(factor - 1), rel=0.1)


def retold(change: Callable[[list[dict[str, object]]], object]) -> Callable[[Path], None]:
    """Change what the self-test tells beside its arrays."""

    def spoil(folder: Path) -> None:
        def told(found: np.ndarray) -> np.ndarray:
            facts = json.loads(found.tobytes())
            change(facts)
            return np.frombuffer(json.dumps(facts).encode(), np.uint8)

        rewrite(folder, "selftest.h5", "told", told)

    return spoil


def link(folder: Path) -> None:
    with h5py.File(folder / "selftest.h5", "r+") as file:
        del file["00_counts"]
        file["00_counts"] = h5py.SoftLink("/01_counts")


def drop(name: str) -> Callable[[Path], None]:
    def spoil(folder: Path) -> None:
        with h5py.File(folder / "selftest.h5", "r+") as file:
            del file[name]

    return spoil


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (link, "'00_counts' to be a link or a group"),
        (drop("told"), "found .*expected a self-test"),
        (drop("01_mean"), "found nothing for 01_mean"),
        (lambda f: rewrite(f, "selftest.h5", "00_counts", lambda found: found[1:]), r"shape \(19, 20\)"),
        (retold(lambda facts: facts[0].update(kind="guess")), "0.kind = 'guess'"),
        (retold(lambda facts: facts[0].update(run=-1)), "0.run = -1"),
        (retold(lambda facts: facts[0].update(novelty=1)), "0.novelty = 1"),
        (retold(lambda facts: facts.extend(facts * 50)), "at most 64"),
        (retold(lambda facts: facts.clear()), "found no self-test"),
        (lambda f: (f / "selftest.h5").write_bytes(b"x"), "found no readable HDF5"),
    ],
)
def test_a_damaged_self_test_is_refused_with_one_line(
    spoil: Callable[[Path], object], message: str, original: bundles.Bundle, tmp_path: Path
) -> None:
    folder = copied(original, tmp_path)
    signed(spoil)(folder)
    bundle = bundles.load(folder)
    with pytest.raises(BundleError, match=message) as caught:
        bundles.verify(bundle)
    assert "\n" not in str(caught.value)


def test_what_does_not_answer_alike_once_it_is_saved_is_not_saved(
    network: bundles.Bundle, tmp_path: Path
) -> None:
    found = bundles.read_selftest(network)
    assert found is not None
    other = network.card.model_copy(update={"settings": {**network.card.settings, "n_loss": 5}})
    with pytest.raises(BundleError, match=r"found score .*expected not_known"):
        bundles.save(
            tmp_path / "x.bundle", other, network.detector, model=network.model, selftest=found.observations
        )
    assert list(tmp_path.iterdir()) == []


def test_a_bundle_that_was_never_saved_cannot_be_verified(original: bundles.Bundle) -> None:
    with pytest.raises(BundleError, match="EEp: found no self-test"):
        bundles.verify(replace(original, folder=None))


def test_too_many_lumisections_are_refused(original: bundles.Bundle, tmp_path: Path) -> None:
    found = bundles.read_selftest(original)
    assert found is not None
    with pytest.raises(BundleError, match="found 66 lumisections, expected at most 64"):
        selftests.write(tmp_path / "selftest.h5", original.detector, found.observations * 33)
