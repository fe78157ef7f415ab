"""What names of files say, and when they say nothing."""

import pytest

from caloscope.monitor.names import LAST, ended_run, kind, place, shown
from caloscope.records import LumiId


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("DQM_V0001_Ecal_R000355456_L000000012.root", LumiId(355456, 12)),
        ("DQM_V0012_HcalReco_R000355456_L000000012.root", LumiId(355456, 12)),
        ("DQM_V0001_Ecal_R000355456.root.ls00000040_hostdqm-c2d09-1.cms_pid00012345", LumiId(355456, 40)),
        ("DQM_V0001_Ecal_R000355456.root.ls00000040", LumiId(355456, 40)),
        ("run355456_ls0000_EoR.jsn", LumiId(355456, LAST)),
        ("run355456_ls0100_EoR_fu-c2f11-11-03.jsn", LumiId(355456, LAST)),
        ("fff_EoR.jsn", LumiId(LAST, LAST)),
        # Nothing that is certain: such files are looked into.
        ("DQM_V0001_Ecal_R000355456.root", None),
        ("DQM_V0001_Ecal_R000355456_L12.root", None),
        ("DQM_V0001_Ecal_R355456_L000000012.root", None),
        ("007_DQM_V0001_Ecal_R000355456_L000000012.root", None),
        ("DQM_V0001_Ecal_R000355456_L000000012.root.bak", None),
        ("DQM_V0001_Ecal_R000355456_L000000012.root\n", None),
        ("DQM_V0001_E/../cal_R000355456_L000000012.root", None),
        ("DQM_V0001_Ecal_R٠٠٠٣٥٥٤٥٦_L000000012.root", None),
        ("DQM_V0001_R000276262__All__Run2016__CentralDAQ_LS12.root", None),
        ("", None),
    ],
)
def test_only_names_that_are_exact_say_a_lumisection(name: str, expected: LumiId | None) -> None:
    assert place(name) == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("run355456_ls0000_EoR.jsn", 355456),
        ("run000123_ls0000_EoR.jsn", 123),
        ("stream_EoR.jsn", None),
        ("run355456_ls0000_EoR.json", None),
        ("run99999999999_ls0000_EoR.jsn", None),
    ],
)
def test_the_run_that_a_marker_ends(name: str, expected: int | None) -> None:
    assert ended_run(name) == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("run355456_ls0000_EoR.jsn", "end of run"),
        ("run355456_ls0012_streamDQM_host.jsn", "descriptor"),
        ("DQM_V0001_Ecal_R000355456.root.origin_hosta_pid00000001", "origin"),
        ("DQM_V0001_Ecal_R000355456.root", "maps"),
        ("EoR.root", "maps"),
    ],
)
def test_what_a_file_is_for(name: str, expected: str) -> None:
    assert kind(name) == expected


def test_names_do_nothing_to_a_terminal_or_a_log() -> None:
    assert shown("plain name.root é") == "plain name.root é"
    assert shown("a\nb\x1b[31m\udcff") == "a\\nb\\x1b[31m\\udcff"
