"""Which lumisection a file is of, and when it began."""

from pathlib import Path

import pytest

from caloscope.errors import Fault
from caloscope.readers.folders.time import lumi_in_name

from .making import ECAL, LUMI, NAME, only, refusal, write_ecal

ERA = "era 2018 taken from run 315488"


@pytest.mark.parametrize(
    ("name", "lumi"),
    [
        ("DQM_V0001_Ecal_R000355456_L000000012.root", 12),
        ("DQM_V0001_Ecal_R000355456_L0000000123.root", None),
        ("DQM_V0001_R000273158__All__Run2016__CentralDAQ_LS7.root", 7),
        ("DQM_run306138_ls742.root", 742),
        ("DQM_V0001_Ecal_R000355456.root.ls00000031_hostdqm-c2d07-29_pid00012345", 31),
        ("DQM_V0001_Ecal_R000355456.root", None),
        ("DQM_V0001_Ecal_R000355456_L000000000.root", None),
        ("DQM_run306138_ls99999999999.root", None),
    ],
)
def test_the_number_in_a_name(name: str, lumi: int | None) -> None:
    assert lumi_in_name(name) == lumi


def test_the_content_agrees_with_the_name(tmp_path: Path) -> None:
    found = only(write_ecal(tmp_path, name="DQM_V0001_Ecal_R000315488_L000000012.root"))
    assert (found.lumi, found.assumptions) == (12, (ERA,))


def test_the_content_wins(tmp_path: Path) -> None:
    found = only(write_ecal(tmp_path, name="DQM_V0001_Ecal_R000315488_L000000013.root"))
    assert found.lumi == 12
    assert found.assumptions == ("lumisection 12 as the content says, not 13 as the file name says", ERA)


@pytest.mark.parametrize("told", [None, -1, 0])
def test_the_name_where_the_content_does_not_know(tmp_path: Path, told: int | None) -> None:
    found = only(write_ecal(tmp_path, {LUMI: told}, name="DQM_run315488_ls5.root"))
    assert found.lumi == 5
    assert found.assumptions == ("lumisection 5 taken from the file name", ERA)


def test_nobody_knows(tmp_path: Path) -> None:
    assert "iLumiSection" in refusal(write_ecal(tmp_path, {LUMI: None}), Fault.NO_LUMISECTION)


@pytest.mark.parametrize("told", ["soon", float("nan"), 1.5, 1e20])
def test_no_number_at_all(tmp_path: Path, told: float | str) -> None:
    assert LUMI in refusal(write_ecal(tmp_path, {LUMI: told}), Fault.INVALID_SCALAR)


def test_any_producer_may_tell(tmp_path: Path) -> None:
    changes = {LUMI: None, "Hcal/EventInfo/iLumiSection": 40}
    assert only(write_ecal(tmp_path, changes)).lumi == 40


def test_producers_that_contradict_each_other(tmp_path: Path) -> None:
    path = write_ecal(tmp_path, {"Hcal/EventInfo/iLumiSection": 40})
    assert "lumisections 12 and 40" in refusal(path, Fault.NO_LUMISECTION)


@pytest.mark.parametrize(
    ("times", "expected"),
    [
        ({}, None),
        ({"runStartTimeStamp": 1.5e9}, 1.5e9 + 11 * 23.3),
        ({"runStartTimeStamp": 1.5e9, "eventTimeStamp": 1.6e9}, 1.5e9 + 11 * 23.3),
        ({"runStartTimeStamp": -1.0, "eventTimeStamp": 1.6e9}, 1.6e9),
        ({"runStartTimeStamp": float("nan"), "eventTimeStamp": float("inf")}, None),
        ({"runStartTimeStamp": "noon", "eventTimeStamp": 1e12}, None),
    ],
)
def test_when_it_began(tmp_path: Path, times: dict[str, float | str], expected: float | None) -> None:
    path = write_ecal(tmp_path, {f"Ecal/EventInfo/{name}": value for name, value in times.items()})
    assert only(path, ECAL).began_at == (expected if expected is None else pytest.approx(expected, abs=1e-3))
    assert path.name == NAME
