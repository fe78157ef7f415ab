"""Training, scoring and the truth through the notebook's door."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from caloscope import calibrate, lab
from caloscope.errors import UsageError
from caloscope.records import Code, LumiId, Quality, Reason

from .conftest import MAP


def test_the_default_detector_is_calibrated(bundle: lab.Bundle, good: lab.Data) -> None:
    assert bundle.card.name == "mine"
    assert bundle.card.training["sources"] == [good.paths[0].name]
    assert bundle.card.training["runs"] == 4
    assert bundle.card.false_alarms_per_day == 1.0


def test_scores_are_those_of_the_pipeline(scores: lab.Scores, bundle: lab.Bundle, bad: lab.Data) -> None:
    shape = (len(bad), 20, 20)
    assert scores.evidence.shape == scores.flagged.shape == scores.direction.shape == shape
    assert len(scores) == len(scores.quality) == len(scores.reason) == len(bad)
    nothing = np.zeros(bad.view.shape, np.bool_)
    watched = calibrate.watch(bundle, list(bad.given), nothing, scores.threshold)
    assert scores.judged == watched.lumis
    for place, quality in enumerate(scores.quality):
        unknown = quality is Quality.UNKNOWN
        assert unknown == (scores.reason[place] is not None)
        assert np.isnan(scores.evidence[place]).all() == unknown
    run = bad.runs[0]
    found = scores.at(run, 20)
    assert found["quality"] is Quality.BAD
    flagged = found["flagged"]
    assert isinstance(flagged, np.ndarray)
    assert flagged[5, 10]
    assert found["incidents"] == scores.incidents[:1]
    assert scores.at(run, 5)["incidents"] == ()
    assert scores.direction[bad.place(run, 20)][5, 10] == -1
    line = scores.table()[bad.place(run, 20)]
    assert (line["run"], line["lumi"], line["quality"], line["reason"]) == (run, 20, "BAD", None)
    assert int(str(line["flagged"])) >= 1


def test_a_folder_is_as_good_as_a_bundle(scores: lab.Scores, bundle: lab.Bundle, bad: lab.Data) -> None:
    assert bundle.folder is not None
    told: list[tuple[int, int]] = []
    again = lab.score(str(bundle.folder), bad, tell=lambda done, every: told.append((done, every)))
    assert (again.codes == scores.codes).all()
    assert told[-1] == (len(bad), len(bad))


def test_masked_cells_raise_nothing(bundle: lab.Bundle, bad: lab.Data) -> None:
    masked = np.zeros(bad.view.shape, np.bool_)
    masked[5, 10] = True
    found = lab.score(bundle, bad.only(lumis="1-30"), masked=masked)
    assert not found.flagged[:, 5, 10].any()
    assert (found.codes[-1, 5, 10]) == Code.MASKED_BAD
    with pytest.raises(UsageError, match=r"found masks bool of shape \(3,\), expected bool of shape"):
        lab.score(bundle, bad, masked=np.zeros(3, np.bool_))


def test_other_maps_are_refused(bundle: lab.Bundle) -> None:
    other = lab.simulate("EE-/digi", runs=1, lumis=2)
    with pytest.raises(
        UsageError, match=r"found data of EE-/digi in geometry .*, expected data of EE\+/digi"
    ):
        lab.score(bundle, other)


def test_another_era_is_told(bundle: lab.Bundle, scores: lab.Scores) -> None:
    later = lab.simulate(MAP, runs=1, lumis=2, first_run=330_001)
    assert "learned in 2018, judged in 2019+" in repr(lab.score(bundle, later))
    assert "judged in" not in repr(scores)
    assert scores.era == "2018"


def test_delays_count_from_the_onset(scores: lab.Scores, bad: lab.Data) -> None:
    found = lab.delays(scores, bad)
    run = bad.runs[0]
    dead, weak = found
    assert dead["onset"] == LumiId(run, 11)
    assert dead["found"]
    assert isinstance(dead["delay"], int)
    assert dead["first flagged"] == bad.ids[bad.place(run, 11) + dead["delay"] - 1]
    assert dead["delay"] <= 3
    assert (weak["found"], weak["delay"], weak["first flagged"]) == (False, None, None)
    # All is measured by the flags.
    codes = scores.codes.copy()
    codes[:, 5, 10] = Code.GOOD
    codes[bad.place(run, 14), 5, 10] = Code.BAD
    codes[bad.place(run, 45), 14, 6] = Code.BAD
    assert lab.delays(replace(scores, codes=codes)).column("delay") == [4, 25]
    codes[bad.place(run, 14), 5, 10] = Code.GOOD
    codes[bad.place(run, 41) :, 5, 10] = Code.BAD  # the fault is over
    assert lab.delays(replace(scores, codes=codes)).column("delay") == [None, 25]


def test_delays_need_the_truth(bundle: lab.Bundle, good: lab.Data, scores: lab.Scores) -> None:
    part = good.only(runs=good.runs[-1])
    with pytest.raises(UsageError, match=r"no faults of EE\+/digi are known, expected simulated or put in"):
        lab.delays(lab.score(bundle, part))
    with pytest.raises(UsageError, match=r"found scores of \d+ lumisections of EE\+/digi, expected the"):
        lab.delays(scores, part)


def test_detectors_are_compared(scores: lab.Scores, bundle: lab.Bundle, bad: lab.Data) -> None:
    blind = lab.train(bad, "blind")
    # An incident where nothing is wrong; that of the dead cell is true, also with an onset before the fault.
    (true, *_) = scores.incidents
    false = replace(true, id="made up", cells=((10, 3),))
    early = replace(true, onset=bad.ids[0])
    late = replace(true, id="too late", onset=bad.ids[-2], opened=bad.ids[-2], last=bad.ids[-1])
    table = lab.compare(
        {
            "mine": scores,
            "blind": blind,
            "false": replace(scores, incidents=(early, false, late)),
        },
        bad,
    )
    assert table.title == MAP
    assert table.column("detector") == ["mine", "blind", "false"]
    assert table.column("found") == ["1 of 2", "0 of 2", "1 of 2"]
    assert table.column("false incidents") == [0, 0, 2]
    assert table[1]["median delay"] is None
    assert table[2]["a day"] == pytest.approx(2 * 3700 / scores.judged)
    healthy = lab.simulate(MAP, runs=1, lumis=10, seed=9)
    told = lab.compare({"mine": bundle}, healthy)[0]
    assert "median delay" not in told
    assert told["false incidents"] == 0
    measured = lab.compare({"mine": bundle}, replace(healthy, simulated=False))
    assert ("false incidents" in measured.columns, measured[0]["incidents"]) == (False, 0)


def test_faults_that_do_not_count_are_told(
    scores: lab.Scores, bundle: lab.Bundle, good: lab.Data, bad: lab.Data
) -> None:
    early = bad.only(lumis="1-15")
    assert "2 faults known, 1 of them at work in these lumisections" in repr(early)
    assert "2 faults known;" in repr(bad)
    table = lab.compare({"mine": bundle}, early)
    assert table.title == f"{MAP}: 2 faults known, of which 1 not at work in these lumisections"
    assert table[0]["found"] == "1 of 1"
    # Who learned from a dead cell never saw it alive.
    old = lab.train(lab.inject(good, [lab.Fault(MAP, (5, 10), "dead")]), "blind")
    table = lab.compare({"mine": scores, "old": old}, bad)
    assert table.title == f"{MAP}: 2 faults known, of which 1 only in cells that old never saw alive"
    assert table.column("found") == ["1 of 2", "0 of 1"]


def test_all_that_is_known_of_a_lumisection_fits_on_a_screen(scores: lab.Scores, bad: lab.Data) -> None:
    found = scores.at(bad.runs[0], 20)
    lines = repr(found).splitlines()
    assert len(lines) == len(found)
    assert max(map(len, lines)) < 100
    assert f"id: {bad.runs[0]}:20" in lines
    assert "evidence: array 20 x 20, float32" in lines
    assert "<td" in found._repr_html_()


def test_a_network_is_trained_by_the_same_call(
    good: lab.Data, bad: lab.Data, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recipe: dict[str, Any] = {"architecture": "dense", "latent": 4, "epochs": 2}
    left = tmp_path / "sub" / ".small.bundle.training" / "of-another-call"
    left.mkdir(parents=True)
    made = lab.train(good, "autoencoder", tmp_path / "sub" / "small.bundle", progress=True, **recipe)
    assert made.card.training["latent"] == 4
    told = capsys.readouterr()
    assert not told.out
    assert "epoch 2: held-out loss" in told.err
    assert f"found work of other options or data too ({left.name})" in told.err
    assert "calibrating" in told.err.splitlines()[-1]
    assert json.loads((tmp_path / "sub" / "small.learning.json").read_text())["bundle"] == "small"
    scores = lab.score(made, bad)
    assert not scores.scores
    assert np.isfinite(scores.expected[-1][5, 10])
    image = lab.curve(made)
    assert image.png.startswith(b"\x89PNG")
    assert image.save(tmp_path / "curve.png").read_bytes() == image.png


def test_recipes_are_for_networks(good: lab.Data) -> None:
    with pytest.raises(UsageError, match="epochs for reference, expected no recipe: it has no network"):
        lab.train(good, epochs=3)
    with pytest.raises(UsageError, match="depth in a recipe, expected some of architecture, channels"):
        lab.train(good, "autoencoder", depth=3)
    with pytest.raises(UsageError, match="architecture for cnn, expected only for an autoencoder"):
        lab.train(good, "cnn", architecture="cae")
    with pytest.raises(UsageError, match="epochs 'five', expected a whole number"):
        lab.train(good, "unet", epochs="five")
    with pytest.raises(UsageError, match="detector 'magic' cannot be trained, expected one of reference"):
        lab.train(good, "magic")


def test_unknown_lumisections_have_a_reason(bundle: lab.Bundle, good: lab.Data) -> None:
    few = lab.simulate(MAP, runs=1, lumis=4, seed=5, first_run=325_001)
    record = few.given[0].record
    assert record is not None
    poor = [replace(few.given[0], record=replace(record, events=3, counts=record.counts // 20))]
    found = lab.score(bundle, replace(few, given=poor, ids=few.ids[:1]))
    assert found.quality == (Quality.UNKNOWN,)
    assert found.reason == (Reason.FEW_EVENTS,)
    assert np.isnan(found.evidence).all()
    assert found.table()[0]["worst"] is None
