"""What the chain is set up with: settings, arrays, network and table, and how they are refused."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from caloscope.bundle.selftest import MOST
from caloscope.detectors.base import Detector, NeedsCompanions
from caloscope.detectors.cmssw_ml import CmsswMl, open_network, read_average
from caloscope.detectors.cmssw_setup import MOST_TOGETHER
from caloscope.errors import BundleError, Fault, SourceError

from . import tiny_onnx
from .endcaps import Endcaps, assert_same, faulty_plus, tiny_endcaps


@pytest.fixture
def tiny(tmp_path: Path) -> Endcaps:
    return tiny_endcaps(tmp_path)


def test_it_is_a_detector_and_comes_back_from_what_a_bundle_keeps(tiny: Endcaps) -> None:
    detector = faulty_plus(tiny)
    assert isinstance(detector, Detector)
    assert isinstance(detector, NeedsCompanions)
    assert (detector.name, detector.shape) == ("cmssw-ml", (20, 20))
    assert (detector.companions, tiny[1].detector().companions) == (("EE-/digi",), ())
    settings = detector.settings()
    assert (settings["input_name"], settings["output_name"]) == ("picture", "mean")
    assert all(type(value) in (str, int, float, bool) for value in settings.values())
    again = CmsswMl.restore(settings, detector.arrays(), tiny[1].model)
    assert again.settings() == settings
    assert_same(again.arrays(), detector.arrays())


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"slope": None}, "found settings without slope"),
        ({"output_name": None}, "found no output_name in the settings"),
        ({"output_name": "latent"}, "found outputs mean, expected output latent"),
        ({"n_ls": 0}, "found n_ls = 0, expected 1 to 60"),
        ({"n_ls": 10**8}, "found n_ls = 100000000, expected 1 to 60"),
        ({"n_loss": 61}, "found n_loss = 61, expected 1 to 60"),
        ({"n_ls": 60, "n_loss": 5}, r"found n_ls \+ n_loss = 65, expected at most 64"),
        ({"min_events": 10**18}, "found min_events = 1000000000000000000, expected 1 to"),
        ({"threshold": 0.0}, "found threshold = 0.0, expected a number above zero"),
        ({"n_loss": 2.5}, "found n_loss = 2.5, expected a value of type int"),
        ({"min_events": True}, "found min_events = True, expected a value of type int"),
        ({"threshold": float("nan")}, "found threshold = nan, expected a finite number"),
        ({"intercept": "49052"}, "found intercept = '49052', expected a finite number"),
        ({"companion": ""}, "found padding_fault without companion"),
    ],
)
def test_settings_that_do_not_fit_are_refused(
    tiny: Endcaps, changes: Mapping[str, str | float | None], complaint: str
) -> None:
    detector = faulty_plus(tiny)
    settings = {k: v for k, v in (dict(detector.settings()) | dict(changes)).items() if v is not None}
    with pytest.raises(BundleError, match=complaint):
        CmsswMl.restore(settings, detector.arrays(), tiny[1].model)


def test_both_queues_fit_into_a_self_test(tiny: Endcaps) -> None:
    assert MOST_TOGETHER == MOST
    assert replace(tiny[0].detector().parameters, n_ls=60, n_loss=4).n_ls == 60


def test_arrays_and_networks_that_do_not_fit_are_refused(tiny: Endcaps, tmp_path: Path) -> None:
    detector = tiny[0].detector()
    settings, arrays, model = detector.settings(), detector.arrays(), tiny[0].model
    with pytest.raises(BundleError, match="found no network"):
        CmsswMl.restore(settings, arrays, None)
    with pytest.raises(BundleError, match="found no array exists"):
        CmsswMl.restore(settings, {"average": arrays["average"]}, model)
    with pytest.raises(BundleError, match=r"average of shape \(20, 20\), expected \(22, 22\)"):
        CmsswMl.restore(settings, arrays | {"average": np.ones((20, 20))}, model)
    with pytest.raises(BundleError, match="an average that is not positive"):
        CmsswMl.restore(settings, arrays | {"average": np.zeros((22, 22))}, model)
    for shape in ((34, 72), (21, 20), (2, 20, 20)):
        with pytest.raises(BundleError, match=r"found pictures of \(22, 22\), expected those of a map"):
            CmsswMl.restore(settings, arrays | {"exists": np.ones(shape, dtype=np.bool_)}, model)
    loose = tmp_path / "loose.onnx"
    loose.write_bytes(tiny_onnx.autoencoder((1, 1, "y", "x")))
    with pytest.raises(BundleError, match="found an input of any size"):
        open_network(loose)


def test_an_average_is_read_in_the_order_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "average.dat"
    path.write_text("1.0 2e0 0.5\n 4\t5 6\n")
    np.testing.assert_array_equal(read_average(path, (2, 3)), [[1, 2, 0.5], [4, 5, 6]])


@pytest.mark.parametrize(
    ("content", "fault", "found"),
    [
        (b"", Fault.EMPTY_FILE, "found nothing, expected 2 x 2 numbers"),
        (b"1 2 3", Fault.WRONG_BINNING, "found 3 numbers, expected 2 x 2 numbers"),
        (b"1 2 3 4 5", Fault.WRONG_BINNING, "found 5 numbers"),
        (b"1 2 [3 4]", Fault.UNREADABLE, "found '[3' as number 3"),
        (b"1 2 0.0 4", Fault.INVALID_COUNTS, "found 0.0 as number 3, expected positive numbers"),
        (b"1 nan 3 4", Fault.INVALID_COUNTS, "found nan as number 2"),
        (b"\xff\xfe12", Fault.UNREADABLE, "found no readable text"),
        (None, Fault.UNREADABLE, "found no readable text"),
    ],
)
def test_an_average_that_is_none_gives_one_line(
    tmp_path: Path, content: bytes | None, fault: Fault, found: str
) -> None:
    path = tmp_path / "average.dat"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(SourceError) as caught:
        read_average(path, (2, 2))
    assert caught.value.fault is fault
    assert found in str(caught.value)
    assert "average.dat" in str(caught.value)


def test_an_average_without_end_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "average.dat"
    with path.open("wb") as file:
        file.truncate(10**12)
    with pytest.raises(SourceError, match="found 1000000000000 bytes, expected at most"):
        read_average(path, (2, 2))
