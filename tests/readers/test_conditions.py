"""What files tell of the conditions: CMS's folder Info, and plain words."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from caloscope.errors import Fault
from caloscope.records import Conditions, LumiState
from caloscope.writers.dqm import Histogram2D, Object, Profile, write_dqm

from .making import RUN, lumisections, only, refusal, write_ecal

LS = 12
"""The lumisection of the file."""

RUN_2, RUN_3 = 29, 31
"""Rows of CMS's map of voltages: Run 3 added GEM's behind the others."""

BEAM_MODE, FILL, VOLTAGES, RUN_TYPE, KEY = (
    "Info/LhcInfo/beamMode",
    "Info/LhcInfo/lhcFill",
    "Info/EventInfo/reportSummaryMap",
    "Info/ProvInfo/Run Type",
    "Info/ProvInfo/hltKey",
)


def by_lumi(values: Mapping[int, float], bins: int = 50) -> Profile:
    """A histogram over lumisections, bin 1 = lumisection 1."""
    entries, sums = np.zeros(bins), np.zeros(bins)
    for lumi, value in values.items():
        entries[lumi - 1], sums[lumi - 1] = 1.0, value
    return Profile("by LS", "LS", (0.5, bins + 0.5), bins, entries, sums, sums**2)


def voltages(off: Mapping[int, int], rows: int = RUN_2, lumis: int = 20) -> Histogram2D:
    """The map of voltages: all bits 1 but those of some rows from a lumisection on."""
    bits: NDArray[np.float32] = np.ones((rows, lumis), np.float32)
    for row, first in off.items():
        bits[row, first - 1 :] = 0.0
    return picture(bits)


def picture(bits: NDArray[np.float32]) -> Histogram2D:
    rows, lumis = bits.shape
    return Histogram2D("HV", "LS", "", (0.5, lumis + 0.5), (0.0, float(rows)), bits)


def told(folder: Path, objects: Mapping[str, Object]) -> Conditions | None:
    """What is read from a file of ECAL with these objects beside its maps."""
    found = only(write_ecal(folder, dict(objects)), conditions=True)
    assert len(found.maps) == 3
    return found.conditions


@pytest.mark.parametrize(
    ("mode", "state", "words"),
    [
        (11, LumiState.COLLISIONS, "stable beams"),
        (7, LumiState.RAMP, "ramp"),
        (9, LumiState.RAMP, "squeeze"),
        (12, LumiState.RAMP, "unstable beams"),
        (13, LumiState.RAMP, "beam dump"),
        (14, LumiState.NO_BEAM, "ramp down"),
        (21, LumiState.NO_BEAM, "no beam"),
    ],
)
def test_the_beam_mode_of_the_lumisection_tells_the_state(
    tmp_path: Path, mode: int, state: LumiState, words: str
) -> None:
    beside = {LS - 1: 7.0, LS: float(mode), LS + 1: 2.0}
    found = told(tmp_path, {BEAM_MODE: by_lumi(beside), FILL: by_lumi({LS: 7320.0})})
    assert found == Conditions(state, frozenset(), "", 7320, "Info", words)


@pytest.mark.parametrize(
    ("run_type", "mode", "state"),
    [
        ("cosmic_run", 21, LumiState.COSMICS),
        ("cosmic_run", 7, LumiState.COSMICS),
        ("cosmic_run", 11, LumiState.COLLISIONS),
        ("hi_run", 11, LumiState.HEAVY_IONS),
        ("pp_run", 11, LumiState.COLLISIONS),
        ("hi_run", 7, LumiState.RAMP),
        ("pp_run", 1, LumiState.UNTOLD),
    ],
)
def test_the_type_of_the_run_tells_what_was_recorded(
    tmp_path: Path, run_type: str, mode: int, state: LumiState
) -> None:
    found = told(tmp_path, {BEAM_MODE: by_lumi({LS: float(mode)}), RUN_TYPE: run_type, KEY: "/cdaq/v7"})
    assert found is not None
    assert (found.state, found.trigger) == (state, "/cdaq/v7")


def test_a_cosmics_run_needs_no_beam_mode(tmp_path: Path) -> None:
    found = told(tmp_path, {RUN_TYPE: "Cosmics"})
    assert found is not None
    assert (found.state, found.detail) == (LumiState.COSMICS, "run of type cosmics")


@pytest.mark.parametrize("rows", [RUN_2, RUN_3])
def test_parts_without_voltage_are_named_in_both_enumerations(tmp_path: Path, rows: int) -> None:
    found = told(tmp_path, {VOLTAGES: voltages({5: 1, 8: LS, 11: 3, 15: LS, 14: LS + 1, 0: 1}, rows)})
    assert found is not None
    assert found.off == {"EB+", "EE-", "HBHEa", "HO"}
    assert found.state is LumiState.UNTOLD


def test_where_no_bit_is_one_nobody_read_them(tmp_path: Path) -> None:
    """DCS was not read out: that is not a detector without voltage."""
    bits = np.zeros((RUN_2, 20), np.float32)
    bits[25:] = 1.0  # physics declared, stable beams: no voltages
    assert told(tmp_path, {VOLTAGES: picture(bits)}) is None


@pytest.mark.parametrize(
    "bits",
    [
        np.zeros((25, 20), np.float32),
        np.ones((RUN_2, LS - 1), np.float32),
        np.full((RUN_2, 20), -1.0, np.float32),
        np.full((RUN_2, 20), np.nan, np.float32),
    ],
    ids=["too few rows", "ends before", "not filled", "no numbers"],
)
def test_an_odd_map_of_voltages_tells_nothing(tmp_path: Path, bits: NDArray[np.float32]) -> None:
    assert told(tmp_path, {VOLTAGES: picture(bits)}) is None


@pytest.mark.parametrize("mode", [-1.0, 0.0, 1.0, 22.0, 1e30, np.nan, np.inf, -np.inf])
def test_an_odd_beam_mode_tells_nothing(tmp_path: Path, mode: float) -> None:
    assert told(tmp_path, {BEAM_MODE: by_lumi({LS: mode})}) is None


@pytest.mark.parametrize("fill", [-5.0, 0.0, 1e30, np.nan, np.inf])
def test_an_odd_fill_is_none(tmp_path: Path, fill: float) -> None:
    """No more than a database takes."""
    found = told(tmp_path, {BEAM_MODE: by_lumi({LS: 11.0}), FILL: by_lumi({LS: fill})})
    assert found is not None
    assert (found.state, found.fill) == (LumiState.COLLISIONS, None)


def test_a_histogram_that_ends_before_the_lumisection_tells_nothing(tmp_path: Path) -> None:
    assert told(tmp_path, {BEAM_MODE: by_lumi({3: 11.0}, bins=LS - 1)}) is None


def test_what_is_no_histogram_or_has_other_dimensions_tells_nothing(tmp_path: Path) -> None:
    wrong: dict[str, Object] = {BEAM_MODE: "11", VOLTAGES: by_lumi({LS: 1.0})}
    assert told(tmp_path, wrong) is None
    flat: dict[str, Object] = {BEAM_MODE: voltages({}), FILL: 7320}
    assert told(tmp_path, flat) is None


def words(**said: str) -> dict[str, Object]:
    return {f"Info/Conditions/{name}": text for name, text in said.items()}


def test_plain_words_tell_everything(tmp_path: Path) -> None:
    said = words(state="special", off="EB+, HO,", trigger="column 3", detail="van der Meer scan")
    assert told(tmp_path, said) == Conditions(
        LumiState.SPECIAL, frozenset({"EB+", "HO"}), "column 3", None, "Info", "van der Meer scan"
    )


def test_words_count_more_than_the_histograms(tmp_path: Path) -> None:
    found = told(tmp_path, {BEAM_MODE: by_lumi({LS: 11.0}), **words(state="SPECIAL")})
    assert found is not None
    assert found.state is LumiState.SPECIAL


def test_a_state_that_nobody_knows_is_none(tmp_path: Path) -> None:
    assert told(tmp_path, words(state="HOLIDAYS")) is None
    found = told(tmp_path, words(state="HOLIDAYS", off="HO"))
    assert found == Conditions(off=frozenset({"HO"}), source="Info")


def test_words_are_kept_short_and_printable(tmp_path: Path) -> None:
    found = told(tmp_path, words(state="COSMICS", detail="a\tb\x1b[31m" + "x" * 500))
    assert found is not None
    assert found.detail.isprintable()
    assert found.detail.startswith("ab[31m")
    assert len(found.detail) <= 200


def test_a_file_with_info_alone_is_a_lumisection_without_maps(tmp_path: Path) -> None:
    path = tmp_path / f"DQM_V0001_Info_R{RUN:09d}_L{LS:09d}.root"
    write_dqm(path, RUN, {"Info/EventInfo/iLumiSection": LS, BEAM_MODE: by_lumi({LS: 21.0})})
    found = only(path, conditions=True)
    assert (found.run, found.lumi, found.maps, found.missing) == (RUN, LS, {}, frozenset())
    assert found.conditions is not None
    assert found.conditions.state is LumiState.NO_BEAM


def test_without_being_asked_for_nothing_is_told(tmp_path: Path) -> None:
    plain = only(write_ecal(tmp_path))
    with_info = only(write_ecal(tmp_path, {BEAM_MODE: by_lumi({LS: 21.0}), **words(state="COSMICS")}))
    assert with_info.conditions is None
    assert with_info.maps.keys() == plain.maps.keys()
    path = tmp_path / f"DQM_V0001_Info_R{RUN:09d}_L{LS:09d}.root"
    write_dqm(path, RUN, {"Info/EventInfo/iLumiSection": LS, **words(state="COSMICS")})
    assert lumisections(path) == []


def test_a_file_without_info_tells_nothing(tmp_path: Path) -> None:
    assert only(write_ecal(tmp_path), conditions=True).conditions is None


def test_a_file_that_knows_nobody_is_refused_with_conditions_too(tmp_path: Path) -> None:
    path = tmp_path / f"DQM_V0001_Pixel_R{RUN:09d}_L{LS:09d}.root"
    write_dqm(path, RUN, {"Pixel/EventInfo/iLumiSection": LS, "Pixel/clusters": voltages({})})
    refusal(path, Fault.NOTHING_KNOWN, conditions=True)
