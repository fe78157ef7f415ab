"""`caloscope bundle export-cmssw`, and its files through `import-cmssw`, from the command line."""

import re
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from caloscope import bundle as bundles
from caloscope import calibrate
from caloscope.cli import app
from caloscope.config.catalogue import load
from caloscope.detectors import learned
from caloscope.errors import BundleError, UsageError
from caloscope.geometry import view
from caloscope.readers import read
from caloscope.training.observed import Observed

from .running import caloscope
from .training.exporting import ERA, autoencoder

MAP = "EE+/digi"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the bundle of an autoencoder, and good data of the same map."""
    folder = tmp_path_factory.mktemp("made")
    words = ("--map", MAP, "--runs", "2", "--lumis", "40", "--days", "2", "--seed", "3")
    caloscope("simulate", *words, "-o", folder / "good.h5")
    spec = load()[MAP]
    seen = calibrate.given_of(read(folder / "good.h5", [spec], label="x", views=view), spec)
    good = list(Observed(seen, view("EE+", ERA)))
    autoencoder(folder, typical=learned.learn(learned.usable(good, 30), "overdispersed", 30))
    return folder


def constants(folder: Path) -> dict[str, str]:
    return dict(re.findall(r"^EEp_?(\w+) = (\S+)$", (folder / "EEp_cfi.py").read_text(), re.MULTILINE))


def import_again(folder: Path, output: Path) -> bundles.Bundle:
    """As somebody would who reads the constants."""
    found = constants(folder)
    caloscope(
        *("bundle", "import-cmssw", "--map", MAP, "-o", output),
        *("--onnx", folder / "EEp.onnx", "--average", folder / "EEp_avgocc.dat"),
        *("--slope", found["PUcorr_slope"], "--intercept", found["PUcorr_intercept"]),
        *("--threshold", found["Threshold"]),
    )
    return bundles.load(output)


def test_a_network_is_exported_and_imported_again(made: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    said = caloscope("bundle", "export-cmssw", made / "tiny.bundle", "-o", out, "--threshold", "0.00031")
    assert sorted(path.name for path in out.iterdir()) == ["EEp.onnx", "EEp_avgocc.dat", "EEp_cfi.py"]
    assert all(str(path) in said for path in out.iterdir())
    assert "wrapped, ONNX operator set 11; 3 lumisections summed, 6 losses multiplied" in said
    assert "threshold 0.00031: as it was given, no rate is known" in said
    again = import_again(out, tmp_path / "again.bundle")
    assert again.card.detector == "cmssw-ml"
    assert again.card.threshold == 0.00031
    # What came from CMSSW needs no threshold; network and constants are those that it came with.
    caloscope("bundle", "export-cmssw", tmp_path / "again.bundle", "-o", tmp_path / "out2")
    assert (tmp_path / "out2" / "EEp.onnx").read_bytes() == (out / "EEp.onnx").read_bytes()
    assert constants(tmp_path / "out2") == constants(out)


def test_a_threshold_is_found_on_good_data(made: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    said = caloscope(
        "bundle",
        "export-cmssw",
        made / "tiny.bundle",
        made / "good.h5",
        "-o",
        out,
        "--rate",
        "3",
        "--n-loss",
        "4",
    )
    assert re.search(r"calibrated on \d\d lumisections and \d+ unknown \(\d+ WARM_UP, \d+ FEW_EVENTS", said)
    assert "warning: cells that were bad already" in (out / "EEp_cfi.py").read_text()
    assert "for 3 false incidents a day" in said
    text = (out / "EEp_cfi.py").read_text()
    assert "n_loss = 4" in text
    assert "Threshold: for 3 false incidents in 3,700 lumisections" in text


def test_the_folder_of_an_export_is_enough_to_import_it(made: Path, tmp_path: Path) -> None:
    out, again = tmp_path / "out", tmp_path / "again.bundle"
    old = shutil.copytree(made / "tiny.bundle", tmp_path / "old.bundle")
    card = bundles.load(old).card
    words = ("bundle", "export-cmssw", old, "-o")
    caloscope(*words, out, "--threshold", "0.00031", "--n-loss", "4")
    said = caloscope("bundle", "import-cmssw", out, "-o", again)
    assert f"({ERA})" in said
    assert f"exported from tiny (autoencoder, hash {bundles.load(old).hash})" in said
    back = bundles.load(again)
    assert (back.card.era, back.card.threshold, back.card.settings["n_loss"]) == (card.era, 0.00031, 4)
    # These constants are not CMSSW's, and a network of ours never sees the padding.
    assert back.card.training["threshold"] == "as it was given, no rate is known"
    assert "warning" not in caloscope("bundle", "export-cmssw", again, "-o", tmp_path / "out2")
    assert constants(tmp_path / "out2") == constants(out)
    assert "(2018)" in caloscope("bundle", "import-cmssw", out, "--era", "2018", "-o", again)
    (out / "EEp_avgocc.dat").write_text("1 2 3")
    refused = caloscope("bundle", "import-cmssw", out, "-o", again, code=2)
    assert "EEp_avgocc.dat: found another file than was exported" in refused


def test_files_of_cmssw_say_nothing_of_themselves(made: Path, tmp_path: Path) -> None:
    out, new = tmp_path / "out", tmp_path / "new.bundle"
    caloscope("bundle", "export-cmssw", made / "tiny.bundle", "-o", out, "--threshold", "0.00031")
    files = ("--onnx", out / "EEp.onnx", "--average", out / "EEp_avgocc.dat")
    given = ("--slope", "2", "--intercept", "3", "--threshold", "4")
    # Beside their notes the files are known, wherever they are named.
    caloscope("bundle", "import-cmssw", *files, "--threshold", "4", "-o", new)
    assert "exported_from" in bundles.load(new).card.training
    (out / "EEp_cfi.py").unlink()
    caloscope("bundle", "import-cmssw", "--map", MAP, *files, *given, "-o", new)
    told = bundles.load(new).card
    assert (told.era, told.training["threshold"]) == ("2019+", "as CMSSW sets it")
    assert told.settings["n_ls"] == 3
    for words, expected in (
        (files, "found no --slope, --intercept, --threshold"),
        ((*files, *given), "found no --map"),
        (("--onnx", out / "EEp.onnx"), "expected --onnx and --average, or a folder"),
        ((out,), "found 0 files *_cfi.py"),
        ((out, *files), "expected either these or a folder"),
    ):
        assert expected in caloscope("bundle", "import-cmssw", *words, "-o", new, code=2)


def test_what_makes_no_sense_is_refused_in_one_line(made: Path, tmp_path: Path) -> None:
    bundle, out = made / "tiny.bundle", tmp_path / "out"
    spoiled = shutil.copytree(bundle, tmp_path / "spoiled.bundle")
    (spoiled / "model.onnx").write_bytes(b"other")
    refused = {
        "found --rate without good data": (bundle, "-o", out, "--rate", "2", "--threshold", "1"),
        "found a threshold and good lumisections": (bundle, made / "good.h5", "-o", out, "--threshold", "1"),
        "expected a new folder": (bundle, "-o", made, "--threshold", "1"),
        "model.onnx": (spoiled, "-o", out, "--threshold", "1"),
    }
    for expected, words in refused.items():
        result = CliRunner().invoke(app, ["bundle", "export-cmssw", *map(str, words)])
        assert isinstance(result.exception, UsageError | BundleError)
        assert expected in str(result.exception)
        assert "\n" not in str(result.exception)
    said = caloscope("bundle", "export-cmssw", bundle, "-o", out, code=2)
    assert said == "caloscope: no threshold: expected good lumisections to find one on, or --threshold\n"
    assert not out.exists()
