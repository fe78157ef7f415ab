"""Which file and folder an element goes to: detectors, bundles, producers, calorimeters."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from caloscope.geometry import view
from caloscope.records import Code

from .outputs_filling import ERA, RUN, bundle, fill, only, result, values, written

EB, HCAL, HO = bundle("EB/digi"), bundle("HCAL/digi"), bundle("HO/digi")
TOWER = (3, 5)


@pytest.mark.parametrize("cms_names", [False, True])
def test_a_detector_with_a_score_fills_loss_and_reco(tmp_path: Path, cms_names: bool) -> None:
    url = f"sqlite:///{tmp_path / 'store.db'}"
    fill(url, [result(EB, 1, score=0.25)], [EB])
    (file,) = written(url, tmp_path / "out", cms_names=cms_names).values()
    folder = f"{'EcalBarrel' if cms_names else 'EcalML'}/EBOccupancyTask"
    assert (values(file[f"{folder}/EBOT AE Loss"]) == 0.25).all()
    assert values(file[f"{folder}/EBOT AE Reco"])[0, 8] == 1.0
    assert f"{folder}/EBOT ML evidence" not in file


def test_other_bundles_of_a_map_get_a_folder(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'store.db'}"
    # The first to score is the primary one, whatever the names and hashes.
    first, second = bundle("EB/digi", "zz old", "ffff0000ffff"), bundle("EB/digi", "auto/encoder", "aaaa0000")
    third = bundle("EB/digi", "auto/encoder", "bbbb0000bbbb")
    results = [result(first, 1), result(second, 1, [TOWER], score=0.5), result(third, 1)]
    fill(url, results, [third, second, first])
    (file,) = written(url, tmp_path / "out").values()
    name = "EBOT ML quality summary"
    assert values(file[f"EcalML/EBSummaryClient/{name}"])[TOWER] == Code.GOOD
    assert values(file[f"EcalML/EBSummaryClient/auto-encoder/{name}"])[TOWER] == Code.BAD
    assert values(file[f"EcalML/EBSummaryClient/auto-encoder-bbbb0000/{name}"])[TOWER] == Code.GOOD
    towers = "Number of bad towers from MLDQM EB"
    assert file[f"EcalML/Trends/{towers}"].values()[0] == 0
    assert file[f"EcalML/Trends/auto-encoder/{towers}"].values()[0] == 1
    assert float(file["EcalML/EventInfo/reportSummary"].removeprefix("f=")) == 1.0
    assert file["EcalML/EventInfo/MLStatus/EB-digi auto-encoder"] == "s=BAD"


def test_hcal_has_a_map_for_each_depth_and_a_trend_for_each_subdetector(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'store.db'}"
    # depth 2, ieta +16 (bin 58), iphi 72 is a channel of HB; depth 5, ieta -20 (bin 23), iphi 1 one of HE
    barrel, endcap = (1, 71, 57), (4, 0, 22)
    results = []
    for lumi in (1, 2, 3):
        results += [result(HCAL, lumi, [barrel, endcap] if lumi > 1 else [barrel]), result(HO, lumi)]
    fill(url, results, [HCAL, HO])
    file = only(written(url, tmp_path / "out"), f"DQM_V0001_HcalML_R{RUN:09d}.root")
    top = "HcalML/HcalMLTask"
    depth2 = file[f"{top}/MLQualitySummary/depth/depth2"]
    x, y = depth2.axis("x"), depth2.axis("y")
    assert (x.low, x.high, x.member("fNbins"), x.member("fTitle")) == (0.0, 84.0, 84, "ieta")
    assert (y.low, y.high, y.member("fNbins"), y.member("fTitle")) == (0.5, 72.5, 72, "iphi")
    np.testing.assert_array_equal(np.argwhere(depth2.values() == Code.BAD), [[57, 71]])
    exists = view("HCAL", ERA).exists
    np.testing.assert_array_equal(values(depth2) == Code.ABSENT, ~exists[1])
    assert values(file[f"{top}/MLBadChannelCount/depth/depth5"])[0, 22] == 2
    assert values(file[f"{top}/MLBadChannelCountNormalized/depth/depth2"])[71, 57] == 1
    assert depth2.title == "MLQualitySummary depth2 (LS 3: BAD)"
    assert f"{top}/MLEvidence/depth/depth7" in file
    assert f"{top}/MLQualitySummary/depth/depthHO" in file
    bad = {part: file[f"{top}/MLBadFlagedChannelsvsLS/Subdet/{part}"] for part in ("HB", "HE", "HF", "HO")}
    assert {part: trend.values()[:4].tolist() for part, trend in bad.items()} == {
        "HB": [1.0, 1.0, 1.0, 0.0],
        "HE": [0.0, 1.0, 1.0, 0.0],
        "HF": [0.0, 0.0, 0.0, 0.0],
        "HO": [0.0, 0.0, 0.0, 0.0],
    }
    axis = bad["HB"].axis()
    assert (axis.low, axis.high, axis.member("fNbins")) == (1.0, 4001.0, 4000)
    assert file[f"{top}/EventsvsLS"].values()[:3].tolist() == [1001.0, 1002.0, 1003.0]


def test_each_producer_has_its_file_and_other_quantities_a_folder(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'store.db'}"
    owners = [EB, HCAL, bundle("HCAL/rechit")]
    fill(url, [result(owner, 1) for owner in owners], owners)
    files = written(url, tmp_path / "out", cms_names=True)
    ecal_file, hcal_file = (files[f"DQM_V0001_{tag}_R{RUN:09d}.root"] for tag in ("EcalML", "HcalML"))
    assert "EcalBarrel/EBSummaryClient/EBOT ML quality summary" in ecal_file
    assert "Hcal/HcalMLTask/rechit/MLQualitySummary/depth/depth1" in hcal_file
    assert "Hcal/HcalMLTask/MLBadFlagedChannelsvsLS/Subdet/HB" in hcal_file


def test_a_long_run_gets_a_longer_axis(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'store.db'}"
    fill(url, [result(EB, 5), result(EB, 2005, [TOWER])], [EB])
    (file,) = written(url, tmp_path / "out").values()
    trend = file["EcalML/Trends/Number of bad towers from MLDQM EB"]
    assert (trend.axis().high, trend.axis().member("fNbins")) == (4000.0, 400)
    assert (trend.values()[0], trend.values()[200]) == (0.0, 1.0)


def test_a_run_without_results_leaves_no_file(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'store.db'}"
    fill(url, [], [EB])
    assert written(url, tmp_path / "out") == {}
    assert list((tmp_path / "out").iterdir()) == []


CALORIMETER = """
name = "FCAL"
[views.FCAL]
depths = [3, 1]
[views.FCAL.y]
name = "iy"
title = "iy"
low = 0.5
high = 4.5
bins = 4
[views.FCAL.x]
name = "ix"
title = "ix"
low = 0.0
high = 6.0
bins = 6
[producers.Fcal_DQM]
folders = ["Fcal"]
[maps."FCAL/hits"]
producer = "Fcal_DQM"
noise = "overdispersed"
scope = "per_lumi"
histograms = ["Fcal/Hits/layer{depth}"]
"""


def test_another_calorimeter_is_written_on_its_own_axes(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'store.db'}"
    owner = replace(bundle("FCAL/hits"), era="", calorimeter=CALORIMETER)
    fcal = view("FCAL", "", CALORIMETER)
    first_plane = (0, 2, 5)  # of depth 3, which the text lists first
    fill(url, [result(owner, lumi, [first_plane], view=fcal) for lumi in (1, 2)], [owner])
    file = only(written(url, tmp_path / "out"), f"DQM_V0001_FcalDQMML_R{RUN:09d}.root")
    quality = file["FcalDQMML/FCAL/hits/ML quality summary depth 3"]
    assert values(quality).shape == (4, 6)
    np.testing.assert_array_equal(np.argwhere(values(quality) == Code.BAD), [[2, 5]])
    assert (values(file["FcalDQMML/FCAL/hits/ML quality summary depth 1"]) == Code.GOOD).all()
    assert values(file["FcalDQMML/FCAL/hits/ML bad cell count depth 3"])[2, 5] == 2
    assert (quality.axis("y").low, quality.axis("y").high) == (0.5, 4.5)
    assert file["FcalDQMML/Trends/hits/Number of bad cells from MLDQM FCAL"].values()[0] == 1
    assert file["FcalDQMML/EventInfo/processName"] == "s=FcalDQMML"
