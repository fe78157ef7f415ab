"""From a file to the report, and the command around it."""

import json
from pathlib import Path

import numpy as np
import pytest

from caloscope.config.catalogue import load
from caloscope.geometry import view
from caloscope.simulate import Conditions, healthy
from caloscope.validation.run import Made, validate
from caloscope.validation.sources import find
from tests.running import caloscope
from tests.validation.making import ENDCAP, endcap, write


def test_a_report_says_what_agrees_and_what_does_not(tmp_path: Path) -> None:
    """Crystals that are independent of each other are no ECAL: its simulation must differ from them."""
    source = write(tmp_path / "ee.h5", **{ENDCAP: endcap(1, lumis=3)})
    (tmp_path / "EEp_PU.csv").write_text("2.0e+03\n4.5e+04\n")
    told: list[int] = []
    found = find([tmp_path], list(load().values()))
    outcomes = validate(found, tmp_path / "out", Made(110, 1, "0"), lambda _, done, __: told.append(done))
    by_key = {each.real.key: each for each in outcomes[0].comparisons}
    assert by_key["fano-ring"].verdict == "differs"
    assert by_key["correlation"].verdict == "differs"
    assert told[-1] == 220
    text = (tmp_path / "out" / "validation.md").read_text()
    assert "Fano factor by ring" in text.split("## All verdicts")[0]
    assert "EEp_PU.csv" in text
    page = (tmp_path / "out" / "index.html").read_text()
    assert "http" not in page
    assert page.count("data:image/png;base64,") == len(list((tmp_path / "out").glob("*.png"))) == 5
    results = json.loads((tmp_path / "out" / "results.json").read_text())
    assert results["samples"][0]["source"] == source.name
    assert len(results["samples"][0]["noise"]) == len(outcomes[0].noise)


def test_a_simulated_sample_agrees_with_its_own_simulation() -> None:
    from caloscope.validation.outcome import of_sample
    from caloscope.validation.sample import Frame, Sample, Stack

    frame = Frame(load()["EE+/digi"], view("EE+", "2018"))
    detector = healthy(frame.spec, frame.view, 5)
    counts = np.array(
        [detector.draw(Conditions(7, lumi, 500, 50.0, 50.0)) for lumi in range(1, 9)], dtype=float
    )
    alive = np.asarray(detector.rate > 0)
    stack = Stack(counts, np.broadcast_to(alive, counts.shape))
    sample = Sample("s", "s", "s", frame, stack, counts.mean(0) * alive, frame.view.exists & ~alive)
    outcome = of_sample(sample, 60, 1, lambda *_: None)
    low = [each.real.key for each in outcome.noise if each.p < 2 / 61]
    assert len(low) <= 2, low


def test_the_command_lists_what_it_would_compare(tmp_path: Path) -> None:
    (tmp_path / "EEp_PU.csv").write_text("2.0e+03\n4.5e+04\n")
    said = caloscope("validate", tmp_path, "--list", "--map", "EE*")
    assert said == "EEp_PU.csv: total digis of EE+ against pileup\n"


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("there",), "no folder for the report: give one with -o"),
        (("missing", "-o", "out"), "missing: not there, expected a file or a folder"),
        (("there", "--list", "--map", "XX/*"), "'XX/*' is not known"),
    ],
)
def test_what_cannot_be_compared_is_refused_in_one_line(
    words: tuple[str, ...], says: str, tmp_path: Path
) -> None:
    (tmp_path / "there").mkdir()
    places = ("there", "missing", "out")
    said = caloscope("validate", *(tmp_path / word if word in places else word for word in words), code=2)
    assert says in said
    assert len(said.splitlines()) == 1
    assert not (tmp_path / "out").exists()
