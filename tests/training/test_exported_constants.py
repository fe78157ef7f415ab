"""Constants and tables for CMSSW: where thresholds come from, what is refused, and what is said."""

import builtins
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from caloscope import bundle as bundles
from caloscope import training
from caloscope.config.catalogue import load
from caloscope.detectors.blind import Blind
from caloscope.detectors.cmssw_ml import Parameters, read_average
from caloscope.detectors.network import Autoencoder, AutoencoderLoss
from caloscope.errors import BundleError, SourceError, UsageError
from caloscope.geometry import view
from caloscope.training.cmssw_text import comment, table_text
from caloscope.training.to_cmssw import export_cmssw

from .exporting import ERA, THRESHOLD, autoencoder, cmssw, constants, imported, lumisections, typical_of


def test_a_threshold_is_found_on_good_lumisections(tmp_path: Path) -> None:
    old = autoencoder(tmp_path)
    good = lumisections(old, 3, 60)
    made = export_cmssw(old, tmp_path / "out", good, per_day=2.0)
    card, detector = made.chain.card, cmssw(made.chain)
    assert card.false_alarms_per_day == 2.0
    assert card.calibration["lumisections"] == 180 - 7
    assert (
        "Threshold: for 2 false incidents in 3,700 lumisections, found on 173 good ones of 3 runs"
        in made.files[2].read_text()
    )
    found = imported(made, old, tmp_path / "again.bundle")
    assert found.card.threshold == card.threshold == detector.parameters.threshold
    # Calibrated by the ordinary way, what was imported gets the same.
    renewed = training.recalibrate(found, good, per_day=2.0, refit=False)
    assert renewed.new.card.threshold == pytest.approx(card.threshold, rel=1e-6)
    with pytest.raises(UsageError, match=r"too few to find a threshold: expected more good ones"):
        export_cmssw(old, tmp_path / "other", good[:12])
    assert not list(tmp_path.glob("*other*"))
    assert not list(tmp_path.glob(".out*"))


def test_a_bundle_of_cmssw_keeps_its_threshold_unless_the_chain_is_another(tmp_path: Path) -> None:
    old = autoencoder(tmp_path)
    first = imported(export_cmssw(old, tmp_path / "a", threshold=THRESHOLD), old, tmp_path / "a.bundle")
    made = export_cmssw(first, tmp_path / "b")
    assert constants(made.files[2])["EEpThreshold"] == THRESHOLD
    assert "Threshold: as CMSSW sets it" in made.files[2].read_text()
    assert (tmp_path / "a" / "EEp.onnx").read_bytes() == (tmp_path / "b" / "EEp.onnx").read_bytes()
    one, other = (read_average(tmp_path / name / "EEp_avgocc.dat", (22, 22)) for name in "ab")
    np.testing.assert_array_equal(one.astype(np.float32), other.astype(np.float32))
    with pytest.raises(UsageError, match="no threshold"):
        export_cmssw(first, tmp_path / "c", n_loss=3)
    made = export_cmssw(first, tmp_path / "c", n_loss=3, threshold=0.5)
    assert "Threshold: as it was given, no rate is known" in made.files[2].read_text()
    good = lumisections(old, 2, 60)
    renewed = training.save(training.recalibrate(first, good, per_day=1.0), tmp_path / "d.bundle")
    made = export_cmssw(renewed, tmp_path / "d")
    assert "Threshold: for 1 false incident in 3,700 lumisections, found on" in made.files[2].read_text()
    assert constants(made.files[2])["EEpThreshold"] == renewed.card.threshold


def test_without_a_pileup_line_the_slope_is_none(tmp_path: Path) -> None:
    on = view("EE+", ERA)
    old = autoencoder(tmp_path, typical=typical_of(on, slope=0.016, slope_learned=False))
    made = export_cmssw(old, tmp_path / "out", threshold=THRESHOLD)
    found = constants(made.files[2])
    assert found["EEp_PUcorr_slope"] == 0.0
    assert found["EEp_PUcorr_intercept"] == pytest.approx(500 * typical_of(on).rate.sum(), rel=1e-12)
    assert "no change with pileup was learned" in made.warnings[0]
    assert made.warnings[0] in made.files[2].read_text()
    (tmp_path / "steep").mkdir()
    steep = autoencoder(tmp_path / "steep", typical=typical_of(on, slope=0.04))
    made = export_cmssw(steep, tmp_path / "out2", threshold=THRESHOLD)
    assert "not positive up to 20" in made.warnings[0]


def test_what_prior_work_scores_is_exported_too(tmp_path: Path) -> None:
    old = autoencoder(tmp_path)
    assert isinstance(old.detector, Autoencoder)
    scored = AutoencoderLoss(old.detector.known.typical, old.detector.network, 3.0)
    card = bundles.make_card("l", old.spec, old.view, scored, threshold=3.0, per_day=None, training={})
    loss = bundles.save(tmp_path / "l.bundle", card, scored, model=old.model)
    one, other = (export_cmssw(each, tmp_path / each.card.name, threshold=1.0) for each in (old, loss))
    for first, second in zip(one.files[:2], other.files[:2], strict=True):
        assert first.read_bytes() == second.read_bytes()
    assert constants(one.files[2]) == constants(other.files[2])


def test_what_cannot_be_exported_is_refused_in_one_line(tmp_path: Path) -> None:
    old = autoencoder(tmp_path)
    out = tmp_path / "out"
    with pytest.raises(UsageError, match="no threshold: expected good lumisections"):
        export_cmssw(old, out)
    with pytest.raises(UsageError, match="expected one of them"):
        export_cmssw(old, out, lumisections(old, 1, 2), threshold=1.0)
    with pytest.raises(UsageError, match="expected a number above zero"):
        export_cmssw(old, out, threshold=0.0)
    with pytest.raises(UsageError, match="no lumisection with"):
        export_cmssw(replace(old, spec=load()["EE-/digi"]), out, lumisections(old, 1, 2))
    hcal, rec_hits = replace(old, view=view("HCAL", ERA)), replace(old, spec=load()["EB/rechit"])
    with pytest.raises(UsageError, match=r"has depths, expected one of EB/digi, EE-/digi, EE\+/digi"):
        export_cmssw(hcal, out, threshold=1.0)
    with pytest.raises(UsageError, match="CMSSW has no place for EB/rechit"):
        export_cmssw(rec_hits, out, threshold=1.0)
    assert isinstance(old.detector, Autoencoder)
    plain = replace(old, detector=Blind(old.detector.alive))
    with pytest.raises(UsageError, match="found a bundle of blind, expected one of cmssw-ml"):
        export_cmssw(plain, out, threshold=1.0)
    assert not list(tmp_path.glob("*out*"))
    out.mkdir()
    with pytest.raises(UsageError, match="already, expected a new folder"):
        export_cmssw(old, out, threshold=1.0)
    assert not list(out.iterdir())


def test_what_was_tampered_with_is_not_imported(tmp_path: Path) -> None:
    old = autoencoder(tmp_path)
    made = export_cmssw(old, tmp_path / "out", threshold=THRESHOLD)
    table = made.files[1].read_text()
    for spoiled in (table.replace("1.", "-1.", 1), table.replace("1.", "one", 1), table + " 1."):
        made.files[1].write_text(spoiled)
        with pytest.raises(SourceError) as caught:
            imported(made, old, tmp_path / "x.bundle")
        assert "\n" not in str(caught.value)
    made.files[1].write_text(table)
    spec, on = load()["EB/digi"], view("EB", ERA)
    parameters = Parameters(slope=1.0, intercept=1.0, threshold=1.0)
    with pytest.raises(BundleError, match="expected those of a map of"):
        training.import_cmssw(
            tmp_path / "x.bundle",
            spec,
            on,
            onnx=made.files[0],
            average=made.files[1],
            parameters=parameters,
        )
    assert not (tmp_path / "x.bundle").exists()


def test_a_table_says_the_same_numbers_again(tmp_path: Path) -> None:
    random = np.random.default_rng(2)
    path = tmp_path / "t.dat"
    exact = np.exp(random.normal(0, 6, size=(22, 72)))
    exact[0, :3] = 1.0
    single = exact.astype(np.float32)
    for table in (exact, single):
        path.write_text(table_text(table))
        np.testing.assert_array_equal(read_average(path, (22, 72)).astype(table.dtype), table)
        assert max(len(line.split()) for line in path.read_text().splitlines()) == 6


def test_names_from_outside_stay_comments() -> None:
    assert comment("a\nimport os") == "# a import os"
    assert comment("") == "#"
    assert "\n" not in comment("x\r\u2028\x0b" * 300)


def test_without_onnx_it_is_said_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old = autoencoder(tmp_path)
    original = builtins.__import__

    def without(name: str, *rest: object) -> object:
        if name == "onnx":
            raise ImportError("No module named 'onnx'")
        return original(name, *rest)  # type: ignore[arg-type]  # passed on

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(UsageError, match=r"pip install 'caloscope\[train\]'"):
        export_cmssw(old, tmp_path / "out", threshold=1.0)
    assert not (tmp_path / "out").exists()


def test_a_threshold_from_data_that_were_learned_from_is_called_low(tmp_path: Path) -> None:
    old = autoencoder(tmp_path)
    told = {"sources": ["good.h5"], "first": "1:1", "last": "2:60"}
    old = replace(old, card=old.card.model_copy(update={"training": told}))
    made = export_cmssw(old, tmp_path / "out", lumisections(old, 2, 60))
    assert made.chain.card.calibration["own_data"]
    assert (
        "# warning: the threshold rests on lumisections that were learned from" in made.files[2].read_text()
    )
