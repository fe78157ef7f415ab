"""CMS ECAL's endcap networks in the protocol of their notebooks."""

from pathlib import Path

import numpy as np
import pytest

from caloscope.errors import UsageError
from caloscope.study.endcap_fdr import Asked, measure, page
from caloscope.study.endcap_fdr.measure import rate
from caloscope.study.protocols import protocol_of
from caloscope.study.shipped import found, names, title_of

from ..running import caloscope


def test_the_rate_is_that_of_the_first_percentile() -> None:
    good, faulty = np.array([[0.0, 1.0, 5.0]] * 100), np.full(100, 4.0)
    assert rate(good, faulty) == pytest.approx(0.5)  # each image has one false tower and one found
    assert rate(good, np.full(100, 9.0)) == 0.0
    assert rate(good, np.r_[np.full(99, 9.0), 0.5]) == 0.0  # one in a hundred may be lost


def test_it_ships_and_asks_for_bundles(tmp_path: Path) -> None:
    assert "ecal-endcap-networks" in names()
    assert "notebooks" in title_of("ecal-endcap-networks")
    text = protocol_of(found("ecal-endcap-networks"))
    assert text is not None
    assert protocol_of(found("ecal-endcap")) is None
    said = caloscope("study", "ecal-endcap-networks", "-o", tmp_path / "r", code=2)
    assert "expected bundles of CMSSW's networks" in said


def test_another_bundle_is_refused(tmp_path: Path) -> None:
    caloscope("simulate", "--map", "EE+/digi", "--lumis", "60", "--calm", "-o", tmp_path / "good.h5")
    caloscope(
        "train", tmp_path / "good.h5", "--map", "EE+/digi", "--detector", "pull", "-o", tmp_path / "p.bundle"
    )
    with pytest.raises(UsageError, match="found pull, expected cmssw-ml"):
        measure(Asked(tmp_path / "p.bundle", 100))


@pytest.mark.realdata
def test_the_production_network_of_an_endcap(shared_data: Path, tmp_path: Path) -> None:
    """Few images, so the numbers are rough; those of the authors are 0.8922, 0.1277 and 0.0562."""
    ecal, bundle = shared_data / "ecal", tmp_path / "EEp.bundle"
    constants = ["--slope", "2097.273231", "--intercept", "49052.249595", "--threshold", "0.0003009"]
    files: list[str | Path] = [
        "--onnx",
        ecal / "EEp_resnet2018.onnx",
        "--average",
        ecal / "EEp_avgocc_Run2022_500ev.dat",
    ]
    caloscope("bundle", "import-cmssw", "--map", "EE+/digi", *files, *constants, "-o", bundle)
    lines = measure(Asked(bundle, 200, lumis=200))
    found = {(line.detector, line.fault, line.level): line for line in lines}
    rates = [found["cmssw-ml", "dead", level].rate.value for level in ("none", "spatial", "spatial + time")]
    assert rates[0] > 0.6
    assert rates[0] > 2 * rates[1] >= 4 * rates[2]
    assert found["cmssw-ml", "dead", "none"].printed == 0.8922
    assert found["reference", "dead", "one lumisection"].rate.value == 0.0
    page.write(lines, tmp_path / "r", "A <title>")
    html = (tmp_path / "r" / "report.html").read_text()
    assert "&lt;title&gt;" in html
    assert "0.8922" in html
    assert (tmp_path / "r" / "fdr.csv").read_text().count("\n") == len(lines) + 1
