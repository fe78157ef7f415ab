"""The file as ROOT itself finds it: bins, axes, profiles and scalars."""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from caloscope.outputs import write_run
from caloscope.records import Code
from caloscope.store import Store

from .outputs_filling import LABEL, RUN, bundle, fill, result

pytestmark = pytest.mark.skipif(importlib.util.find_spec("ROOT") is None, reason="ROOT is not installed")

# Importing ROOT warns and changes the process: it gets one of its own.
LOOK = """
import json, sys, warnings
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import ROOT
ROOT.gROOT.SetBatch(True)
file = ROOT.TFile.Open(sys.argv[1])
top = f"DQMData/Run {sys.argv[2]}/EcalML/Run summary"
quality = file.Get(f"{top}/EBSummaryClient/EBOT ML quality summary")
towers = file.Get(f"{top}/Trends/Number of bad towers from MLDQM EB")
info = file.Get(f"{top}/EventInfo")
x, y = quality.GetXaxis(), quality.GetYaxis()
print(json.dumps({
    "sound": not file.IsZombie() and not file.TestBit(ROOT.TFile.kRecovered),
    "classes": [quality.ClassName(), towers.ClassName()],
    "bad": quality.GetBinContent(x.FindBin(27.5 - 1), y.FindBin(-68 + 0.5)),
    "good": quality.GetBinContent(x.FindBin(27.5 - 1), y.FindBin(68 - 0.5)),
    "x": [x.GetTitle(), x.GetNbins(), x.GetXmin(), x.GetXmax()],
    "y": [y.GetTitle(), y.GetNbins(), y.GetXmin(), y.GetXmax()],
    "scale": [quality.GetMinimum(), quality.GetMaximum()],
    "title": quality.GetTitle(),
    "trend": [towers.GetXaxis().GetTitle(), towers.GetNbinsX(), towers.GetXaxis().GetXmax()],
    "points": [[towers.GetBinContent(i), towers.GetBinEntries(i)] for i in (1, 2, 3)],
    "scalars": [key.ReadObj().GetString().Data() for key in info.GetListOfKeys()
                if key.GetClassName() == "TObjString"],
}))
"""


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What ROOT says of a file with one tower bad in two of twelve lumisections."""
    folder = tmp_path_factory.mktemp("root")
    url, barrel = f"sqlite:///{folder / 'store.db'}", bundle("EB/digi")
    fill(url, [result(barrel, lumi, [(3, 5)] if lumi >= 11 else []) for lumi in range(1, 13)], [barrel])
    with Store(url, read_only=True) as store:
        (path,) = write_run(store, LABEL, RUN, folder)
    return look(path)


def look(path: Path) -> dict[str, Any]:
    command = [sys.executable, "-c", LOOK, str(path), str(RUN)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=100)
    assert done.returncode == 0, done.stderr
    said: dict[str, Any] = json.loads(done.stdout)
    return said


def test_the_file_is_sound_and_its_objects_are_roots(seen: dict[str, Any]) -> None:
    assert seen["sound"]
    assert seen["classes"] == ["TH2F", "TProfile"]


def test_a_tower_lies_in_the_bin_of_its_ieta_and_iphi(seen: dict[str, Any]) -> None:
    assert seen["bad"] == Code.BAD  # ieta -68, iphi 27
    assert seen["good"] == Code.GOOD  # ieta +68, iphi 27


def test_axes_are_those_that_cmssw_books(seen: dict[str, Any]) -> None:
    assert seen["x"] == ["iphi", 72, 0.0, 360.0]
    assert seen["y"] == ["ieta", 34, -85.0, 85.0]
    assert seen["trend"] == ["LumiSections", 200, 2000.0]
    assert seen["scale"] == [-1.0, 5.0]
    assert seen["title"] == "EBOT ML quality summary (LS 12: BAD)"


def test_a_profile_shows_means(seen: dict[str, Any]) -> None:
    assert seen["points"] == [[0.0, 9.0], [pytest.approx(2 / 3), 3.0], [0.0, 0.0]]


def test_scalars_are_keys_of_the_dqm(seen: dict[str, Any]) -> None:
    assert f"<iRun>i={RUN}</iRun>" in seen["scalars"]
    assert "<iLumiSection>i=12</iLumiSection>" in seen["scalars"]
    assert "<processName>s=EcalML</processName>" in seen["scalars"]
