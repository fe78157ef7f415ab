"""Notes of an export that come back as they were, whoever named the bundle."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from caloscope import training
from caloscope.bundle import Bundle, load
from caloscope.cli.imported import import_cmssw
from caloscope.detectors.cmssw_ml import Parameters
from caloscope.errors import CaloscopeError, UsageError
from caloscope.training.cmssw_notes import package_in, package_of
from caloscope.training.to_cmssw import Exported, export_cmssw

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


def rated(folder: Path) -> Exported:
    """An export of EE+ whose threshold stands for two false incidents a day."""
    made = imported(export_cmssw(autoencoder(folder), folder / "a", threshold=THRESHOLD), folder)
    card = made.card.model_copy(update={"false_alarms_per_day": 2.0})
    return export_cmssw(replace(made, card=card), folder / "out")


def imported(made: Exported, folder: Path) -> Bundle:
    import_cmssw(folder / "x.bundle", made.files[0].parent)
    return load(folder / "x.bundle")


@pytest.mark.parametrize(
    ("old", "new", "options"),
    [
        ("EEpThreshold = [^\n]+", "EEpThreshold = 123.0", {}),
        ("EEp_PUcorr_slope = [^\n]+", "EEp_PUcorr_slope = 123.0", {}),
        ("# n_ls = 3", "# n_ls = 2", {}),
        ("# per_day = 2.0", "# per_day = 0.5", {}),
        ("# sealed = [^\n]+\n", "", {}),
        ("", "", {"map_name": "EE-/digi"}),
        ("", "", {"era": "2018"}),
        ("", "", {"n_loss": 5}),
    ],
)
def test_a_rate_comes_back_only_with_all_that_it_is_for(
    old: str, new: str, options: dict[str, str | int], tmp_path: Path
) -> None:
    made = rated(tmp_path)
    back = imported(made, tmp_path).card
    assert back.false_alarms_per_day == 2.0
    fragment = made.files[2]
    fragment.write_text(re.sub(old, new, fragment.read_text(), count=1))
    import_cmssw(tmp_path / "y.bundle", made.files[0].parent, **options)  # type: ignore[arg-type]
    card = load(tmp_path / "y.bundle").card
    assert card.false_alarms_per_day is None
    assert card.training["threshold"] == "as it was given, no rate is known"


def test_notes_from_elsewhere_move_no_cursor(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made = rated(tmp_path)
    capsys.readouterr()
    fragment = made.files[2]
    whole = fragment.read_text()
    fragment.write_text(re.sub("# bundle = .*", r'# bundle = "x\\u001b[2Jred\\nsecond"', whole))
    assert "x [2Jred second" in str(imported(made, tmp_path).card.training["exported_from"])
    said = capsys.readouterr().out
    assert "exported from x [2Jred second; threshold" in said
    assert all(line.isprintable() for line in said.splitlines())
    fragment.write_text(re.sub("# era = .*", r'# era = "x\\u001b[31m\\nred"', whole))
    with pytest.raises(CaloscopeError) as raised:
        imported(made, tmp_path)
    assert str(raised.value).isprintable()


def test_notes_of_other_forms_are_read(tmp_path: Path) -> None:
    made = rated(tmp_path)
    fragment = made.files[2]
    for end in ("\r\n", "\r"):
        fragment.write_bytes(fragment.read_text().replace("\n", end).encode())
        assert imported(made, tmp_path).card.false_alarms_per_day == 2.0


def test_notes_of_others_do_not_matter_where_files_are_named(tmp_path: Path) -> None:
    made = rated(tmp_path)
    fragment = made.files[2]
    (fragment.parent / "A_cfi.py").write_text("# [caloscope]\n# nonsense\n")
    network = re.sub("# network = .*", f'# network = "{"é" * 180}"', fragment.read_text())
    (fragment.parent / "B_cfi.py").write_text(network)
    package = package_of(*made.files[:2])
    assert package is not None
    assert package.notes.per_day == 2.0
    fragment.unlink()
    assert package_of(*made.files[:2]) is None
    (fragment.parent / "A_cfi.py").unlink()
    with pytest.raises(UsageError, match="found another file than was exported"):
        package_in(fragment.parent)


def test_files_without_end_are_not_read(tmp_path: Path) -> None:
    made = rated(tmp_path)
    with made.files[0].open("r+b") as file:
        file.truncate(10**12)
    with pytest.raises(UsageError, match=r"EEp.onnx: found another file than was exported"):
        package_in(made.files[0].parent)


def test_damaged_notes_are_refused(tmp_path: Path) -> None:
    made = export_cmssw(autoencoder(tmp_path), tmp_path / "out", threshold=THRESHOLD)
    fragment = made.files[2]
    whole = fragment.read_text()
    changes = [
        ("# era = ", "# year = "),
        ("n_ls = 3\n", "n_ls = \n"),
        ("n_ls = 3\n", 'n_ls = "3"\n'),
        ("n_ls = 3\n", "n_ls = 100000000\n"),
        *(("# wrapped", f"# per_day = {wrong}\n# wrapped") for wrong in ("nan", "inf", "-3.0", "0.0")),
    ]
    for old, new in changes:
        fragment.write_text(whole.replace(old, new))
        with pytest.raises(UsageError, match="export again") as raised:
            package_in(tmp_path / "out")
        assert "\n" not in str(raised.value)
    fragment.write_text(whole.replace("# [caloscope]\n", ""))
    with pytest.raises(UsageError, match="found no notes"):
        package_in(tmp_path / "out")
    assert package_of(*made.files[:2]) is None
