"""Classifiers of whole maps, fitted to good lumisections and to spoiled ones."""

import sys
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest

from caloscope import bundle as bundles
from caloscope.calibrate import given_of
from caloscope.detectors.base import Observation, Score
from caloscope.detectors.notebook import Classifier, Input
from caloscope.errors import UsageError
from caloscope.training import TRAINABLE, notebook, notebook_examples
from caloscope.training.fitting import fit_detector
from caloscope.training.notebook import fit_classifier
from caloscope.training.notebook_examples import Examples
from caloscope.training.observed import Observed

from ..calibrate.making import FIRST_RUN, good_runs, seen, spec
from ..running import caloscope

FEW = {"logistic": 400, "mlp": 200}


@pytest.fixture(autouse=True, scope="module")
def _few_draws() -> Iterator[None]:
    """A hundred, as it draws otherwise, take six times as long and tell the same."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(notebook, "DRAWS", 15)
        yield


@lru_cache(maxsize=1)
def learned() -> Observed:
    """Two hundred lumisections of four runs."""
    return Observed(given_of(good_runs()[:200], spec()), seen())


def unseen() -> list[Observation]:
    """Forty lumisections of another run."""
    return list(Observed(given_of(good_runs()[200:240], spec()), seen()))


@lru_cache(maxsize=4)
def fitted(name: str, how: Input = "ratio", seed: int = 1) -> Classifier:
    return fit_classifier(name, learned(), spec().noise, seen(), how=how, rows=FEW[name], seed=seed)


def scores(
    detector: Classifier, shown: list[Observation], factor: float = 1.0, region: str = ""
) -> list[float]:
    """Scores of maps, a region or all of each scaled."""
    cells = next((each.members for each in seen().regions if each.name == region), seen().exists)
    found = []
    for each in shown:
        counts = np.where(cells, np.round(each.counts * factor), each.counts)
        answer, _ = detector.look(Observation(each.id, counts, each.events, each.pileup), {})
        assert isinstance(answer, Score)
        found.append(float(answer.value.max()))
    return found


@pytest.mark.parametrize("name", ["logistic", "mlp"])
def test_a_dead_quadrant_is_worse_than_any_good_map(name: str) -> None:
    detector = fitted(name)
    quadrant = next(each.name for each in seen().regions if each.kind == "quadrant")
    good, bad = scores(detector, unseen()), scores(detector, unseen(), 0.0, quadrant)
    assert max(good) < np.median(bad)
    assert max(good) < detector.threshold
    answer, _ = detector.look(unseen()[0], {})
    assert isinstance(answer, Score)


def test_counts_over_the_largest_one_do_not_tell_half_a_map_from_a_whole_one() -> None:
    detector = fitted("logistic", "maximum")
    np.testing.assert_allclose(scores(detector, unseen(), 0.5), scores(detector, unseen()), atol=0.1)


def test_the_same_seed_gives_the_same_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notebook, "DRAWS", 3)  # the first ones tell
    one, again = (fit_classifier("mlp", learned(), spec().noise, seen(), rows=200, seed=1) for _ in range(2))
    assert one.threshold == again.threshold
    for name, array in one.arrays().items():
        np.testing.assert_array_equal(array, again.arrays()[name])
    other = fitted("logistic", seed=2)
    assert (other.layers[0].weights != fitted("logistic").layers[0].weights).any()


def test_whole_runs_are_held_out_and_rows_are_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notebook_examples, "MOST_ROWS", 800)
    examples = Examples.of(learned(), spec().noise, seen(), how="ratio", min_events=30, seed=1)
    shown, held = ({each.id.run for each in part} for part in (examples.shown, examples.held))
    assert len(shown) == 3
    assert len(held) == 1
    assert not shown & held
    rows = examples.rows(examples.shown, 2_000, examples.spoiler.stream(1))
    assert len(rows.features) == len(rows.kind) <= 800
    assert rows.features.dtype == np.float32
    assert 0.4 < (rows.kind > 0).mean() < 0.6
    good = rows.features[rows.kind == 0]
    assert good.shape[1] == int(examples.typical.alive.sum()) + 1
    assert good.mean() == pytest.approx(1.0, abs=0.05)


def test_too_little_to_learn_from_is_refused() -> None:
    with pytest.raises(UsageError, match="expected 2 or more"):
        fit_classifier("mlp", learned()[:1], spec().noise, seen())
    with pytest.raises(UsageError, match="expected some of each"):
        fit_classifier("mlp", learned()[:2], spec().noise, seen())


def test_without_scikit_learn_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sklearn", None)
    for name in ("logistic", "mlp"):
        assert name in TRAINABLE
        with pytest.raises(UsageError, match=r"pip install caloscope\[train\]"):
            fit_detector(name, learned(), spec().noise, seen())


def test_from_simulation_to_flags(tmp_path: Path) -> None:
    good = [tmp_path / f"good{number}.h5" for number in range(3)]
    faults, bad = tmp_path / "faults.toml", tmp_path / "bad.h5"
    bundle, store = tmp_path / "logistic.bundle", tmp_path / "s.sqlite"
    simulate = ("simulate", "--map", "EE+/digi", "--seed", "3")
    for number, path in enumerate(good):
        caloscope(*simulate, "--lumis", "65", "--run", str(FIRST_RUN + number), "-o", path)
    said = caloscope("train", *good, "--map", "EE+/digi", "--detector", "logistic", "-o", bundle)
    assert "logistic for EE+/digi" in said
    assert "calibrated on" in said
    kept = bundles.load(bundle)
    assert isinstance(kept.detector, Classifier)
    quadrant = next(each.name for each in seen().regions if each.kind == "quadrant")
    text = f'[[fault]]\nmap = "EE+/*"\nkind = "dead"\nregion = "{quadrant}"\nonset = 11\n'
    faults.write_text(text, "utf-8")
    caloscope(*simulate, "--lumis", "20", "--run", str(FIRST_RUN + 9), "--faults", faults, "-o", bad)
    caloscope("replay", bad, "--bundle", bundle, "--store", store)
    rows = [row.split(",") for row in caloscope("flags", "--store", store).splitlines()[1:]]
    flagged = [int(row[2]) for row in rows if row[7] == "0"]
    assert min(flagged) >= 11
    assert len(set(flagged)) >= 5
    assert {row[9] for row in rows if row[7] == "0"} == {"low"}
