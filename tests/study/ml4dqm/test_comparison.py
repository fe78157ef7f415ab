"""From verdicts to the page."""

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")

from caloscope.study import ml4dqm
from caloscope.study.ml4dqm.comparison import beside
from caloscope.study.ml4dqm.networks import network_verdicts
from caloscope.study.ml4dqm.protocols import QUICK, data_of
from caloscope.study.ml4dqm.reference import reference_verdicts
from caloscope.study.ml4dqm.scoring import auc, line_of
from caloscope.study.ml4dqm.sentences import sentences
from caloscope.study.ml4dqm.tasks import TASKS
from caloscope.study.ml4dqm.verdicts import Verdicts
from caloscope.study.results import Interval

BY_NAME = {task.name: task for task in TASKS}


def verdicts(truth: list[int], said: list[int]) -> Verdicts:
    return Verdicts(
        truth=truth,
        said=said,
        score=[float(each > 0) for each in said],
        lumi=list(range(len(truth))),
        inside=[],
        void=0,
        unjudged=0,
        parameters=1,
        learned=1,
        epochs=1,
    )


def test_the_area_is_that_of_all_pairs() -> None:
    rng = np.random.default_rng(2)
    score, bad = rng.integers(0, 6, 80).astype(float), rng.random(80) < 0.4
    pairs = [(b > g) + 0.5 * (b == g) for b in score[bad] for g in score[~bad]]
    found = auc(score, bad, np.arange(80) // 2)
    assert found.value == pytest.approx(np.mean(pairs))
    assert found.low < found.value < found.high
    assert np.isnan(auc(score, np.ones(80, bool), np.arange(80)).value)


def test_what_is_worse_than_prior_work_is_said() -> None:
    truth = [0] * 200 + [1] * 200
    wrong = [0] * 200 + [1] * 150 + [0] * 50
    box = BY_NAME["box"]
    lines = [
        line_of(box, "theirs", "boxes", verdicts(truth, truth), 1.0),
        line_of(box, "theirs", "reference", verdicts(truth, wrong), 1.0),
    ]
    assert lines[1].confusion == ((200, 0), (50, 150))
    assert lines[1].accuracy_beside == "worse"
    first, second, third = sentences(lines)
    assert "their networks are nowhere worse" in first
    assert "the reference detector is worse than what the notebooks printed in 1 of 1 task: box" in second
    assert "less often in box (0.8750" in third


def test_an_interval_up_to_one_holds_a_printed_one() -> None:
    assert beside(Interval(1.0, 0.95, 1.0 - 1e-16), 1.0) == "same"
    assert beside(Interval(0.9, 0.85, 0.93), 0.99) == "worse"
    assert beside(Interval(0.99, 0.98, 1.0), 0.9) == "better"
    assert beside(Interval(0.99, 0.98, 1.0), float("nan")) == ""


def test_movies_are_judged_from_their_start_and_what_is_not_judged_is_wrong(tmp_path: Path) -> None:
    data = data_of(BY_NAME["movie"], "honest", QUICK, tmp_path)
    judged = data.judged[:2] + data.judged[-2:]
    few = data.lumis.events.copy()
    few[[judged[0].place, judged[-1].place]] = 3
    found = reference_verdicts(replace(data, lumis=replace(data.lumis, events=few), judged=judged), None)
    assert found["truth"] == [0, 0, 1, 1]
    assert found["said"] == [1, 0, 1, 0]
    assert found["inside"] == [None, None, True, False]
    assert found["unjudged"] == 2
    line = line_of(data.spoiler.task, "honest", "reference", found, 1.0)
    assert line.accuracy.value == 0.5
    assert any("judges 2 not at all" in each for each in sentences([line]))


@pytest.mark.parametrize("theirs", [True, False])
def test_an_autoencoder_is_cut_on_what_it_is_judged_on_only_in_their_protocol(
    tmp_path: Path, theirs: bool
) -> None:
    data = data_of(BY_NAME["autoencoder-box"], "theirs" if theirs else "honest", QUICK, tmp_path)
    found = network_verdicts(data, theirs=theirs, epochs=1, tell=None)
    truth, said = np.array(found["truth"]), np.array(found["said"])
    assert set(truth) == {0, 1}
    least = max((truth == 0).mean(), (truth == 1).mean())
    assert not theirs or (truth == said).mean() >= least  # no cut on the test can be worse than none
    assert [each is None for each in found["inside"]] == [each == 0 for each in truth]


def test_the_whole_comparison_in_short(tmp_path: Path) -> None:
    said: list[str] = []
    found = ml4dqm.run(tmp_path, tasks=["patch"], quick=True, tell=lambda _a, _b, words: said.append(words))
    assert [(line.protocol, line.detector) for line in found.lines] == [
        ("theirs", "strides"),
        ("theirs", "reference"),
        ("honest", "strides"),
        ("honest", "reference"),
    ]
    for line in found.lines[1::2]:  # large faults, which it cannot miss
        assert line.accuracy.value > 0.9
        assert line.localised.value > 0.9
    page = (tmp_path / "ml4dqm.html").read_text("utf-8")
    assert "ML4DQM, measured again" in page
    assert "<script src" not in page
    with (tmp_path / "ml4dqm.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["accuracy_printed"] for row in rows] == ["0.9933"] * 4
    kept = {path: path.stat().st_mtime_ns for path in (tmp_path / "cache").rglob("*.json")}
    assert ml4dqm.run(tmp_path, tasks=["patch"], quick=True).lines[0].confusion == found.lines[0].confusion
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "cache").rglob("*.json")} == kept
    assert any("epoch 2" in words for words in said)
