"""What a source tells of the conditions of a lumisection: beams, voltages, trigger.

CMS's DQM keeps them in the folder `Info` (`DQMServices/Components/plugins/DQMProvInfo.cc`), as histograms
over lumisections and scalars. Others, and our simulation, write plain words into `Info/Conditions`.
"""

from typing import Final

from caloscope.errors import Fault, SourceError
from caloscope.readers.shelf import Histogram, Shelf
from caloscope.records import Conditions, LumiState

TOP: Final = "Info"
FOLDER: Final = f"{TOP}/Conditions"
"""Where the scalars `state` (a `LumiState`), `off` (partitions, with commas), `trigger` and `detail` lie."""

BEAM_MODE: Final = f"{TOP}/LhcInfo/beamMode"
FILL: Final = f"{TOP}/LhcInfo/lhcFill"
VOLTAGES: Final = f"{TOP}/EventInfo/reportSummaryMap"
RUN_TYPE: Final = f"{TOP}/ProvInfo/Run Type"
TRIGGER: Final = f"{TOP}/ProvInfo/hltKey"

PARTITIONS: Final = {
    5: "EB+",
    6: "EB-",
    7: "EE+",
    8: "EE-",
    11: "HBHEa",
    12: "HBHEb",
    13: "HBHEc",
    14: "HF",
    15: "HO",
}
"""Rows of the map of voltages that are a calorimeter's, bin 1 = 0; the same in Run 2 and Run 3."""

VOLTAGE_ROWS: Final = 25
STABLE: Final = 11
MODES: Final = (
    "",
    *("no mode", "setup", "injection of a pilot", "injection", "injection", "before the ramp", "ramp"),
    *("flat top", "squeeze", "adjust", "stable beams", "unstable beams", "beam dump", "ramp down"),
    *("recovery", "injection dump", "circulating dump", "abort", "cycling", "beam dump is near", "no beam"),
)
"""Beam modes by their number in the beam synchronous timing."""

WITH_BEAM: Final = frozenset({3, 4, 5, 6, 7, 8, 9, 10, 12, 13, 16, 17, 20})
LONGEST: Final = 200
LARGEST: Final = 2**31 - 1


def conditions_of(shelf: Shelf) -> Conditions | None:
    """What a shelf tells of its lumisection, None where it tells nothing. Damage is told by nothing, too."""
    if TOP not in shelf.tops:
        return None
    found = _in_words(shelf) or _of_cms(shelf)
    return None if found == Conditions(source=TOP) else found


def _in_words(shelf: Shelf) -> Conditions | None:
    words = {name: _scalar(shelf, f"{FOLDER}/{name}") for name in ("state", "off", "trigger", "detail")}
    if not any(words.values()):
        return None
    state = words["state"].strip().upper()
    known = LumiState(state) if state in set(LumiState) else LumiState.UNTOLD
    off = frozenset(filter(None, (name.strip() for name in words["off"].split(","))))
    return Conditions(known, off, words["trigger"], None, TOP, words["detail"])


def _of_cms(shelf: Shelf) -> Conditions:
    lumi = shelf.place.lumi
    mode = _at(_histogram(shelf, BEAM_MODE), lumi)
    run_type = _scalar(shelf, RUN_TYPE).lower()
    fill = _at(_histogram(shelf, FILL), lumi)
    state, detail = _state(mode, run_type)
    off = _off(_histogram(shelf, VOLTAGES), lumi)
    return Conditions(state, off, _scalar(shelf, TRIGGER), fill or None, TOP, detail)


def _state(mode: int, run_type: str) -> tuple[LumiState, str]:
    """The state behind a beam mode and the type of a run, and why in words."""
    name = MODES[mode] if 0 < mode < len(MODES) else ""
    if "cosmic" in run_type and mode != STABLE:
        return LumiState.COSMICS, f"run of type {run_type}"
    if mode == STABLE:
        ions = run_type.startswith(("hi", "heavy"))
        return (LumiState.HEAVY_IONS if ions else LumiState.COLLISIONS), name
    if not name or mode == 1:
        return LumiState.UNTOLD, ""
    return (LumiState.RAMP if mode in WITH_BEAM else LumiState.NO_BEAM), name


def _off(voltages: Histogram | None, lumi: int) -> frozenset[str]:
    """Partitions whose bit is 0 in a lumisection. Where no bit of the detector is 1, nobody read them."""
    if voltages is None or voltages.values.ndim != 2:
        return frozenset()
    rows, columns = voltages.values.shape
    if rows <= VOLTAGE_ROWS or not 0 < lumi <= columns:
        return frozenset()
    bits = voltages.values[:VOLTAGE_ROWS, lumi - 1]
    if not (bits == 1).any():
        return frozenset()
    return frozenset(name for row, name in PARTITIONS.items() if bits[row] == 0)


def _at(histogram: Histogram | None, lumi: int) -> int:
    """What is in the bin of a lumisection: they are numbered from 1. 0 where nothing can be meant."""
    if histogram is None or histogram.values.ndim != 1 or not 0 < lumi <= len(histogram.values):
        return 0
    value = float(histogram.values[lumi - 1])
    return int(value) if 0 < value <= LARGEST else 0


def _histogram(shelf: Shelf, path: str) -> Histogram | None:
    """A histogram; None where there is none, or something else: maps do not wait for it."""
    try:
        return shelf.histogram(path)
    except SourceError as error:
        if error.fault is Fault.WRONG_BINNING:
            return None
        raise


def _scalar(shelf: Shelf, path: str) -> str:
    """A text of moderate length that can be printed, empty where there is none."""
    try:
        text = shelf.scalar(path) or ""
    except SourceError as error:
        if error.fault is not Fault.INVALID_SCALAR:
            raise
        text = ""
    return "".join(sign for sign in text[:LONGEST] if sign.isprintable()).strip()
