"""Notes of an export that come back as they were, whoever named the bundle."""

from dataclasses import replace
from pathlib import Path

import pytest

from caloscope import training
from caloscope.detectors.cmssw_ml import Parameters
from caloscope.errors import UsageError
from caloscope.training.cmssw_notes import package_in, package_of
from caloscope.training.to_cmssw import export_cmssw

from .exporting import THRESHOLD, autoencoder


def test_every_parameter_comes_back(tmp_path: Path) -> None:
    old = autoencoder(tmp_path)
    odd = old.card.model_copy(update={"name": 'a "b"\n[caloscope]\\' + "x" * 300})
    made = export_cmssw(replace(old, card=odd), tmp_path / "a", threshold=THRESHOLD)
    package = package_in(tmp_path / "a")
    assert package.parameters == made.chain.detector.parameters  # type: ignore[attr-defined]
    assert package.parameters.threshold == THRESHOLD
    assert package.notes.bundle.startswith('a "b" [caloscope]')
    assert (package.notes.wrapped, package.notes.era) == (True, old.view.era)
    # What CMSSW pads from another map, too.
    wanted = Parameters(
        slope=2.0,
        intercept=3.0,
        threshold=THRESHOLD,
        n_ls=4,
        min_events=200,
        padding_fault=True,
        companion="EE-/digi",
        companion_slope=0.1,
        companion_intercept=1e-5,
    )
    network, table, _ = made.files
    first = training.import_cmssw(
        tmp_path / "x.bundle", old.spec, old.view, onnx=network, average=table, parameters=wanted
    )
    export_cmssw(first, tmp_path / "b")
    assert package_in(tmp_path / "b").parameters == wanted


def test_a_rate_comes_back_only_with_all_that_it_is_for(tmp_path: Path) -> None:
    old = autoencoder(tmp_path)
    files = export_cmssw(old, tmp_path / "out", threshold=THRESHOLD).files
    package = package_of(*files[:2])
    assert package is not None
    known = replace(
        package, notes=package.notes.model_copy(update={"per_day": 2.0, "threshold": "for 2 a day"})
    )
    for parameters, expected in (
        (known.parameters, (2.0, "for 2 a day")),
        (replace(known.parameters, n_ls=2), (None, "as it was given, no rate is known")),
    ):
        made = training.import_cmssw(
            tmp_path / "x.bundle",
            old.spec,
            old.view,
            onnx=known.onnx,
            average=known.average,
            parameters=parameters,
            package=known,
        )
        assert (made.card.false_alarms_per_day, made.card.training["threshold"]) == expected


def test_damaged_notes_are_refused(tmp_path: Path) -> None:
    made = export_cmssw(autoencoder(tmp_path), tmp_path / "out", threshold=THRESHOLD)
    fragment = made.files[2]
    whole = fragment.read_text()
    for old, new in (("# era = ", "# year = "), ("n_ls = 3\n", "n_ls = \n"), ("n_ls = 3\n", 'n_ls = "3"\n')):
        fragment.write_text(whole.replace(old, new))
        with pytest.raises(UsageError, match="export again") as raised:
            package_in(tmp_path / "out")
        assert "\n" not in str(raised.value)
    fragment.write_text(whole.replace("# [caloscope]\n", ""))
    with pytest.raises(UsageError, match="found no notes"):
        package_in(tmp_path / "out")
    assert package_of(*made.files[:2]) is None
