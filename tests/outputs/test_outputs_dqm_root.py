"""The file as a reader of DQM files finds it."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from caloscope.records import Code, Reason

from .outputs_filling import BEGAN, LABEL, RUN, bundle, cms_view, fill, only, result, unknown, values, written

EB, EEM, EEP = bundle("EB/digi"), bundle("EE-/digi"), bundle("EE+/digi")
TOWER = (3, 5)
"""ieta -70..-65, iphi 26..30 of the barrel."""


@pytest.fixture
def ecal(tmp_path: Path) -> str:
    """Twelve lumisections: a tower bad from 11 on, some of both endcaps in 12, a masked one."""
    url = f"sqlite:///{tmp_path / 'ecal.db'}"
    results = []
    for lumi in range(1, 13):
        late = lumi >= 11
        results += [
            result(EB, lumi, [TOWER] if late else [], masked_bad=[(0, 0)], pileup=30.0 + lumi),
            result(EEM, lumi, [(10, 4)] if lumi == 12 else []),
            result(EEP, lumi, [(4, 10), (4, 11)] if lumi == 12 else []),
        ]
    fill(url, results, [EB, EEM, EEP])
    return url


@pytest.fixture
def barrel(ecal: str, tmp_path: Path) -> dict[str, Any]:
    return only(written(ecal, tmp_path / "out"), f"DQM_V0001_EcalML_R{RUN:09d}.root")


def test_the_quality_map_holds_the_codes_on_cms_axes(barrel: dict[str, Any]) -> None:
    quality = barrel["EcalML/EBSummaryClient/EBOT ML quality summary"]
    assert quality.classname == "TH2F"
    expected = np.full((34, 72), Code.GOOD, np.float32)
    expected[TOWER], expected[0, 0] = Code.BAD, Code.MASKED_BAD
    np.testing.assert_array_equal(values(quality), expected)
    x, y = quality.axis("x"), quality.axis("y")
    assert (x.low, x.high, x.member("fNbins"), x.member("fTitle")) == (0.0, 360.0, 72, "iphi")
    assert (y.low, y.high, y.member("fNbins"), y.member("fTitle")) == (-85.0, 85.0, 34, "ieta")
    # CMSSW: xbin = (iphi - 1) / 5 + 1, ybin = (ieta + 85) / 5 + 1 below zero
    assert quality.values()[(27 - 1) // 5, (-68 + 85) // 5] == Code.BAD
    assert quality.title == "EBOT ML quality summary (LS 12: BAD)"


def test_endcaps_have_their_own_axes_and_no_cells_outside_the_disc(barrel: dict[str, Any]) -> None:
    quality = barrel["EcalML/EESummaryClient/EEOT EE + ML quality summary"]
    x, y = quality.axis("x"), quality.axis("y")
    assert [(axis.low, axis.high, axis.member("fNbins")) for axis in (x, y)] == [(0.0, 100.0, 20)] * 2
    assert (x.member("fTitle"), y.member("fTitle")) == ("ix", "iy")
    np.testing.assert_array_equal(values(quality) == Code.ABSENT, ~cms_view("EE+/digi").exists)
    assert quality.values()[10, 4] == quality.values()[11, 4] == Code.BAD


def test_evidence_and_expectation_have_names_of_their_own(barrel: dict[str, Any]) -> None:
    y, x = np.indices((34, 72))
    evidence = barrel["EcalML/EBOccupancyTask/EBOT ML evidence"]
    np.testing.assert_allclose(values(evidence), y + x / 128, rtol=2e-4)
    np.testing.assert_allclose(values(barrel["EcalML/EBOccupancyTask/EBOT ML expected"]), 100 + x, rtol=2e-4)
    assert not any("AE " in name for name in barrel)
    assert "nats" in evidence.title


def test_bad_tower_counts_are_of_the_run(barrel: dict[str, Any]) -> None:
    count = values(barrel["EcalML/EBOccupancyTask/EBOT ML bad tower count"])
    assert (count[TOWER], count[0, 0], count.sum()) == (2, 12, 14)
    share = values(barrel["EcalML/EBOccupancyTask/EBOT ML bad tower count normalized"])
    np.testing.assert_allclose(share, count / 12, rtol=1e-6)
    assert values(barrel["EcalML/EEOccupancyTask/EEOT ML bad tower count EE -"])[10, 4] == 1


def test_trends_are_profiles_of_ten_lumisections_a_bin(barrel: dict[str, Any]) -> None:
    pileup = barrel["EcalML/Trends/PU per Lumisection"]
    axis = pileup.axis()
    assert pileup.classname == "TProfile"
    assert (axis.low, axis.high, axis.member("fNbins")) == (0.0, 2000.0, 200)
    assert axis.member("fTitle") == "LumiSections"
    assert pileup.values()[:3].tolist() == [35.0, 41.0, 0.0]  # LS 1-9, then 10-12
    assert pileup.counts(False)[:2].tolist() == [9.0, 3.0]
    events = barrel["EcalML/Trends/Number of Events per Lumisection"]
    assert events.values()[0] == 1005.0
    assert barrel["EcalML/Trends/Number of Events used per ML image"].values()[0] == 3005.0
    towers = {part: barrel[f"EcalML/Trends/Number of bad towers from MLDQM {part}"] for part in ("EB", "EE")}
    assert towers["EB"].values()[:2].tolist() == [1.0, pytest.approx(5 / 3)]
    assert towers["EE"].values()[:2].tolist() == [0.0, 1.0]  # one and two towers, in one of three


def test_event_info_says_what_the_file_is_about(barrel: dict[str, Any]) -> None:
    top = "EcalML/EventInfo/"
    info = {name.removeprefix(top): value for name, value in barrel.items() if name.startswith(top)}
    assert (info["iRun"], info["iLumiSection"]) == (f"i={RUN}", "i=12")
    assert float(info["runStartTimeStamp"].removeprefix("f=")) == pytest.approx(BEGAN, abs=0.01)
    assert float(info["eventTimeStamp"].removeprefix("f=")) == pytest.approx(BEGAN + 11 * 23.3, abs=0.01)
    assert info["processedEvents"] == f"i={12 * 1000 + 78}"
    assert info["processName"] == "s=EcalML"
    assert info["label"] == f"s={LABEL}"
    assert info["CMSSW_Version"].startswith("s=caloscope-")
    endcap = int(cms_view("EE+/digi").exists.sum())
    assert float(info["reportSummaryContents/EB-digi"].removeprefix("f=")) == pytest.approx(2446 / 2447)
    assert float(info["reportSummaryContents/EEp-digi"].removeprefix("f=")) == pytest.approx(1 - 2 / endcap)
    assert info["MLStatus/EB-digi"] == "s=BAD"
    assert info["MLBundle/EB-digi"] == f"s={EB.name} {EB.hash}"


def test_an_unknown_lumisection_says_so_and_why(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'store.db'}"
    fill(url, [result(EB, 1, [TOWER]), unknown(EB, 2, Reason.FEW_EVENTS)], [EB])
    (file,) = written(url, tmp_path / "out").values()
    quality = file["EcalML/EBSummaryClient/EBOT ML quality summary"]
    assert (values(quality) == Code.UNKNOWN).all()
    assert quality.title.endswith("(LS 2: UNKNOWN (FEW_EVENTS))")
    assert file["EcalML/EventInfo/MLStatus/EB-digi"] == "s=UNKNOWN (FEW_EVENTS)"
    assert float(file["EcalML/EventInfo/reportSummary"].removeprefix("f=")) == -1.0
    assert float(file["EcalML/EventInfo/eventTimeStamp"].removeprefix("f=")) == -1.0
    # what was counted stays counted, out of the one lumisection that was scored
    assert values(file["EcalML/EBOccupancyTask/EBOT ML bad tower count normalized"])[TOWER] == 1.0
    assert "EcalML/EBOccupancyTask/EBOT ML evidence" not in file


def test_cms_names_are_cmssws(ecal: str, tmp_path: Path) -> None:
    file = only(written(ecal, tmp_path / "out", cms_names=True), f"DQM_V0001_EcalML_R{RUN:09d}.root")
    pictures = {name for name, value in file.items() if not isinstance(value, str)}
    assert pictures == {
        "EcalBarrel/EBSummaryClient/EBOT ML quality summary",
        "EcalBarrel/EBOccupancyTask/EBOT AE Loss",
        "EcalBarrel/EBOccupancyTask/EBOT AE Reco",
        "EcalBarrel/EBOccupancyTask/EBOT ML bad tower count",
        "EcalBarrel/EBOccupancyTask/EBOT ML bad tower count normalized",
        *(
            f"EcalEndcap/EE{name}"
            for side in ("EE -", "EE +")
            for name in (
                f"SummaryClient/EEOT {side} ML quality summary",
                f"OccupancyTask/EEOT AE Loss {side}",
                f"OccupancyTask/EEOT AE Reco {side}",
                f"OccupancyTask/EEOT ML bad tower count {side}",
                f"OccupancyTask/EEOT ML bad tower count normalized {side}",
            )
        ),
        "Ecal/Trends/PU per Lumisection",
        "Ecal/Trends/Number of Events per Lumisection",
        "Ecal/Trends/Number of Events used per ML image",
        "Ecal/Trends/Number of bad towers from MLDQM EB",
        "Ecal/Trends/Number of bad towers from MLDQM EE",
    }
    assert file["Ecal/EventInfo/iLumiSection"] == "i=12"
    loss = file["EcalBarrel/EBOccupancyTask/EBOT AE Loss"]
    np.testing.assert_allclose(
        values(loss), np.indices((34, 72))[0] + np.indices((34, 72))[1] / 128, rtol=2e-4
    )
    assert "evidence in nats" in loss.title
