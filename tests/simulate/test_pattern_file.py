"""Patterns out of files: measured data sets and published tables, none of them trusted."""

from pathlib import Path

import numpy as np
import pytest

from caloscope.config.catalogue import load
from caloscope.dataset import Row, map_info, write
from caloscope.errors import CaloscopeError, Fault, SourceError
from caloscope.geometry import view
from caloscope.records import MapRecord
from caloscope.simulate.pattern_file import read_pattern

NAME = "EE+/digi"
SPEC, ON = load()[NAME], view("EE+", "2018")


def rates() -> np.ndarray:
    return np.where(ON.exists, np.random.default_rng(1).uniform(1.0, 3.0, ON.shape), 0.0)


def saved(path: Path, era: str = "2018", events: int | None = 100) -> Path:
    on = view("EE+", era)
    rows = [
        Row(1, lumi, None, {NAME: MapRecord(np.full(on.shape, lumi * 100, np.uint32), events)})
        for lumi in (1, 2, 3)
    ]
    write(path, rows, 3, [map_info(SPEC, on)], label="l", era=era, provenance={})
    return path


def test_a_data_set_gives_its_mean_per_event(tmp_path: Path) -> None:
    found = read_pattern(saved(tmp_path / "a.h5"), SPEC, ON)
    assert found.dtype == np.float64
    np.testing.assert_allclose(found, np.where(ON.exists, 2.0, 0.0))


def test_a_table_may_be_padded_as_published(tmp_path: Path) -> None:
    plain = rates()
    np.savetxt(tmp_path / "plain.csv", plain, delimiter=",")
    np.testing.assert_allclose(read_pattern(tmp_path / "plain.csv", SPEC, ON), plain)
    padded = np.pad(np.where(plain > 0, plain, 1.0), 1, mode="edge")
    np.savetxt(tmp_path / "padded.dat", padded)
    np.testing.assert_allclose(read_pattern(tmp_path / "padded.dat", SPEC, ON), plain)


def test_the_barrel_is_padded_above_and_below_only(tmp_path: Path) -> None:
    barrel = np.random.default_rng(1).uniform(2.0, 3.0, (34, 72))
    barrel[3, 34] = 1.0  # no data
    np.savetxt(tmp_path / "a.dat", np.pad(barrel, ((1, 1), (0, 0)), mode="edge"))
    barrel[3, 34] = 0.0
    np.testing.assert_allclose(
        read_pattern(tmp_path / "a.dat", load()["EB/digi"], view("EB", "2018")), barrel
    )


def test_a_table_of_ones_is_flat(tmp_path: Path) -> None:
    np.savetxt(tmp_path / "a.dat", np.ones((22, 22)))
    np.testing.assert_array_equal(read_pattern(tmp_path / "a.dat", SPEC, ON), ON.exists.astype(float))


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("1 2 3", Fault.WRONG_BINNING), ("", Fault.WRONG_BINNING), ("a b", Fault.UNREADABLE),
        ("é", Fault.UNREADABLE), ("1 " * 3_000_000, Fault.UNREADABLE),
        ("nan " * 400, Fault.INVALID_COUNTS), ("-1 " * 400, Fault.INVALID_COUNTS),
        ("1e999 " * 400, Fault.INVALID_COUNTS),
    ],
)  # fmt: skip
def test_other_texts_are_refused(tmp_path: Path, text: str, fault: Fault) -> None:
    path = tmp_path / "a.csv"
    path.write_text(text, "utf-8")
    with pytest.raises(SourceError) as caught:
        read_pattern(path, SPEC, ON)
    assert caught.value.fault is fault


def test_other_data_sets_are_refused(tmp_path: Path) -> None:
    for path, says in (
        (saved(tmp_path / "events.h5", events=None), "no events"),
        (tmp_path / "none.h5", "no such file"),
    ):
        with pytest.raises(CaloscopeError, match=says):
            read_pattern(path, SPEC, ON)
    with pytest.raises(SourceError, match=r"EE-/digi"):
        read_pattern(saved(tmp_path / "a.h5"), load()["EE-/digi"], view("EE-", "2018"))


@pytest.mark.realdata
def test_real_tables_are_read(shared_data: Path) -> None:
    barrel = read_pattern(
        shared_data / "ecal" / "EB_avgocc_Run2022_500ev.dat", load()["EB/digi"], view("EB", "2019+")
    )
    assert barrel.shape == (34, 72)
    assert barrel[4, 51] == pytest.approx(9.49, abs=0.01)  # a hot tower of that year
    endcap = read_pattern(shared_data / "ecal" / "EEp_avgocc_Run2022_500ev.dat", SPEC, ON)
    assert (endcap > 0).sum() > 290
