"""Which bundles the DQM output speaks of."""

from dataclasses import replace
from pathlib import Path

from caloscope.outputs import write_run
from caloscope.store import BundleRow, Store

from .outputs_filling import LABEL, RUN, bundle, fill, only, result, written

FIRST = bundle("EB/digi", "first", "1" * 16)
SECOND = bundle("EB/digi", "second", "2" * 16)
FILE = "DQM_V0001_EcalML_R000355456.root"
HALF = [(y, x) for y in range(17) for x in range(72)]


def filled(folder: Path, first: BundleRow, second: BundleRow) -> str:
    """A store in which the first one, which says that half of the barrel is bad, scored first."""
    url = f"sqlite:///{folder / 'store.db'}"
    fill(url, [result(first, 1, HALF), result(second, 1)], [first, second])
    return url


def test_what_is_in_commissioning_is_not_in_the_file(tmp_path: Path) -> None:
    url = filled(tmp_path, replace(FIRST, state="commissioning"), SECOND)
    found = only(written(url, tmp_path / "out"), FILE)
    assert found["EcalML/EventInfo/reportSummary"] == "f=1"
    assert found["EcalML/EventInfo/MLBundle/EB-digi"] == f"s=second {SECOND.hash}"
    assert not [name for name in found if "first" in name]


def test_of_a_retired_one_and_its_successor_the_successor_goes_first(tmp_path: Path) -> None:
    url = filled(tmp_path, replace(FIRST, state="retired"), SECOND)
    found = only(written(url, tmp_path / "out"), FILE)
    assert found["EcalML/EventInfo/reportSummary"] == "f=1"
    assert found["EcalML/EventInfo/MLBundle/EB-digi first"] == f"s=first {FIRST.hash}"


def test_a_run_of_nothing_else_leaves_no_file(tmp_path: Path) -> None:
    url = filled(tmp_path, *(replace(each, state="commissioning") for each in (FIRST, SECOND)))
    with Store(url, read_only=True) as store:
        assert write_run(store, LABEL, RUN, tmp_path / "out") == []
