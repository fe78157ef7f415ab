"""What a study may say, and how it is told what is wrong with it."""

from pathlib import Path

import pytest

from caloscope.errors import UsageError
from caloscope.study import shipped
from caloscope.study.cells import Fit
from caloscope.study.described import parse, read
from caloscope.study.protocols import protocol_of
from caloscope.study.rows import Row
from caloscope.study.schedule import judged
from caloscope.study.simulated import Simulated
from caloscope.study.text import ORACLE, DetectorText, SampleText

from ..running import caloscope
from .text import TINY, tiny


def test_a_study_is_read() -> None:
    study = tiny()
    rows = study.rows(study.matrix[0])
    assert [row.title for row in rows] == ["cell dead", "cell x0.5", "quadrant dead"]
    assert [each.setting.detector for each in judged(study)] == [ORACLE, "reference", "pull"]


def test_the_title_of_a_fault_means_no_other() -> None:
    fault = '[[fault]]\nwhere = "cell"\nfactor = 0.0\nevery = 2\n'
    more = '[[matrix]]\nname = "few"\nfaults = ["cell dead"]\n[[matrix]]\nname = "more"\nfaults = ["cell"]\n'
    study = tiny(fault + more)
    few, many = ([row.title for row in study.rows(each)] for each in study.matrix[1:])
    assert few == ["cell dead"]
    assert many == ["cell dead", "cell x0.5", "cell dead every second LS"]


def test_every_combination_is_judged_once_with_the_oracle_on_each_sample() -> None:
    numbers = "lumis = [50, 100]\nseeds = [1, 2]\ntrials = 2\nclean = 0\n"
    more = f'[[matrix]]\nname = "all"\nfaults = ["cell"]\n{numbers}'
    study = tiny(more)
    places = [each for each in judged(study) if each.setting.matrix == "all"]
    own = [each for each in places if each.fit is not None]
    assert len(own) == 2 * 2 * 2 * 2  # samples twice, lumis, detectors; neither of these has a seed
    assert [each.setting.tested for each in places if each.fit is None] == ["here", "before"]
    assert {row.title for each in places for row in each.rows} == {"cell dead", "cell x0.5"}
    assert (
        len({each.fit.key for each in own if each.fit}) == len(own) // 2
    )  # fitted once, judged on two samples
    same = tiny(more + "same = true\n")
    assert sum(each.setting.matrix == "all" and each.fit is not None for each in judged(same)) == 8


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            'kind = "pull"',
            'kind = "pull"\nbundle = "x"',
            "pull: expected one of 'kind' and 'bundle'",
        ),
        ('name = "detectors"', 'name = "detectors"\ncolour = 1', "matrix.1.colour is no key that is known"),
        ("factor = 0.0", 'factor = "much"', "fault.2.factor.1 is 'much'"),
        ('train = ["here"]', 'train = ["there"]', "no sample 'there', one of here, before"),
        ("pileup = [30, 50]", "pileup = [50, 30]", "expected 'pileup' from low to high"),
        ('map = "EE+/digi"', "", "map is missing"),
        ("lumis = 120", "lumis = 0", "matrix.1.lumis.1 is 0"),
        ("trials = 4", 'trials = 4\nfaults = ["rbx"]', "no fault 'rbx', one of cell dead"),
        ("[sample.here]", "[sample.here", "not TOML"),
        ("[detector.pull]", "[detector.oracle]", "a title other than 'oracle'"),
        ("window = 3", "window = 2", "a window of 3 or more for 'quadrant'"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(old: str, new: str, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse(TINY.replace(old, new, 1), "tiny")
    assert str(caught.value).startswith("tiny: ")
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "name", [each for each in shipped.names() if protocol_of(shipped.found(each)) is None]
)
def test_studies_that_ship_can_be_planned(name: str) -> None:
    from caloscope.study.whole import plan

    planned = plan(shipped.found(name))
    assert len(planned.places) > 20
    assert shipped.title_of(name) == read(shipped.found(name)).title


def test_studies_of_prior_work_say_what_they_would_do() -> None:
    said = {
        name: text.planned()
        for name in shipped.names()
        if (text := protocol_of(shipped.found(name))) is not None
    }
    assert list(said) == ["ecal-endcap-networks", "ml4dqm", "real"]
    assert "10 tasks" in said["ml4dqm"]


def test_a_study_that_is_not_there() -> None:
    with pytest.raises(UsageError, match="expected one or a study that ships: autodqm, ecal-barrel"):
        shipped.found("nothing.toml")


@pytest.mark.parametrize(
    "option", [("--workers", "2"), ("--cache", "c"), ("--scheduler", "tcp://127.0.0.1:1")]
)
def test_options_that_a_protocol_does_not_know_are_refused(option: tuple[str, str], tmp_path: Path) -> None:
    said = caloscope("study", "ml4dqm", "-o", tmp_path / "r", *option, code=2)
    assert f"{option[0]}: expected only for studies with a matrix; ml4dqm.toml has a protocol" in said


def test_what_a_bundle_is_calibrated_on_may_hold_faults() -> None:
    here = Simulated(SampleText(), "EE+/digi", 5)
    for calibrated in (True, False):
        text = DetectorText(bundle="a.bundle", calibrated=calibrated)
        fit = Fit(text, here, 500, 1.0, 400, 0.1, (Row("cell", 0.0),)).plain()
        assert (fit.lumis, fit.faulty, bool(fit.rows)) == (1, 0.1 if calibrated else 0.0, calibrated)
