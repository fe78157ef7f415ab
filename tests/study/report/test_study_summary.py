"""The summary of a study says what its numbers say, also where that is no good news."""

from dataclasses import replace

import pytest

from caloscope.study.report import summary
from caloscope.study.report.compared import over
from caloscope.study.report.words import counted, listed, ordinal, percent, times, with_ends
from caloscope.study.results import Interval, RankLine, Results
from tests.study.report import invented


def ranked(results: Results, slower: dict[str, Interval]) -> Results:
    """The same with other numbers in the ranking of the main matrix, and no other matrices."""
    lines = [line for line in results.ranking if line.setting.matrix == "default"]
    changed = (replace(line, slower=slower.get(line.setting.detector, line.slower)) for line in lines)
    return replace(results, ranking=tuple(changed))


def test_what_was_compared_and_who_is_first() -> None:
    told = summary(invented.results())
    assert told[0].startswith("3 detectors were compared on EE+/digi")
    assert "6 kinds of fault, 40 trials of each, 240 in all" in told[0]
    assert "1 false incident in 3,700" in told[0]
    assert told[1].startswith("reference is first")
    assert "1.30 (1.20 to 1.40) times the oracle's" in told[1]
    assert told[2].startswith("pull is second, 1.85 (1.65 to 2.07) times as slow")
    assert told[2].endswith("the interval excludes equality.")


def test_a_lead_within_the_interval_is_no_lead() -> None:
    close = ranked(invented.results(), {"pull": Interval(1.35, 1.25, 1.45)})
    (told,) = [each for each in summary(close) if each.startswith("pull is second")]
    assert "the interval includes 1, so the two may be equally fast" in told


def test_prior_work_that_is_better_is_said_to_be() -> None:
    better = ranked(invented.results(), {"cmssw-ml as shipped": Interval(1.05, 1.0, 1.1)})
    faults = tuple(
        replace(line, mean_delay=Interval(1.1, 1.05, 1.15)) if "cmssw" in line.setting.detector else line
        for line in better.faults
    )
    told = summary(replace(better, faults=faults))
    assert told[1].startswith("cmssw-ml as shipped is first")
    (place,) = [each for each in told if "(prior work) is 1st of 3" in each]
    assert place.endswith("worse than it, beyond the intervals: reference and pull.")
    (lost,) = [each for each in told if each.startswith("cmssw-ml as shipped finds")]
    assert "earlier than reference" in lost
    assert "cell dead (1.1 against 1.65 LS)" in lost


def test_prior_work_that_is_worse_is_given_its_place() -> None:
    (told,) = [each for each in summary(invented.results()) if "(prior work)" in each]
    assert "is 3rd of 3, its mean delay 4.10 (3.77 to 4.43) times the oracle's; none of the others" in told


def test_faults_that_nobody_finds_are_named() -> None:
    made = invented.results()
    missed = tuple(
        replace(line, found=Interval(0.3 if line.setting.detector == "pull" else 0.1, 0.05, 0.45))
        if line.fault == "cell x0.8" and line.setting.detector != "oracle"
        else line
        for line in made.faults
    )
    (told,) = [each for each in summary(replace(made, faults=missed)) if "by nobody" in each]
    assert told.startswith("1 fault is found by nobody in half of the trials: cell x0.8 (at best pull, 30 %")
    assert "the oracle 100 %" in told
    assert any(each.startswith("Every fault is found") for each in summary(made))


def test_rates_that_are_not_as_asked_are_named() -> None:
    told = " ".join(summary(invented.results()))
    assert "1 detector has more false incidents than asked for" in told
    assert "cmssw-ml as shipped 584 (321 to 847) where 1 was asked for" in told
    assert "contains the one asked for in 2 of 3 cases" in told
    fewer = tuple(replace(line, rate=Interval(0.2, 0.1, 0.5)) for line in invented.results().clean)
    told = " ".join(summary(replace(invented.results(), clean=fewer)))
    assert "3 detectors have fewer false incidents than asked for" in told
    assert "more false incidents" not in told


def test_other_matrices_are_summed_up() -> None:
    told = " ".join(summary(invented.results()))
    assert "reference 1.70 (1.52 to 1.90) (learned from 2016, judged on 2018)" in told
    assert "5.20 (" in told
    assert "from 3 lumisections; " in told
    assert "from lumisections of which 10 % are faulty; it is first in all." in told


def test_who_gives_no_verdict_away_from_home_is_not_called_late() -> None:
    made = invented.results()
    settings = [line.setting for line in made.ranking if line.setting.matrix == "eras"]
    interval = Interval(0.1, 0.0, 0.2)
    silent = tuple(
        replace(made.faults[0], setting=at, judged=interval)
        for at in settings
        if at.detector == "reference" and at.trained != at.tested
    )
    told = " ".join(summary(replace(made, faults=(*made.faults, *silent))))
    pairs = len(silent)
    assert f"reference gives no verdict in most trials of {pairs} of {pairs} pairs." in told
    assert "reference 1.70" not in told


def test_one_detector_alone_is_no_contest() -> None:
    made = invented.results({"reference": 1.3})
    told = summary(made)
    assert told[0].startswith("1 detector was compared")
    assert not any("second" in each for each in told)
    assert summary(Results("", "", "EE+/digi", 1.0))


def test_ratios_widen_as_their_parts_do() -> None:
    ratio = over(Interval(2.0, 1.0, 4.0), Interval(1.0, 1.0, 1.0))
    assert ratio == pytest.approx((2.0, 1.0, 4.0))
    wider = over(Interval(2.0, 1.0, 4.0), Interval(1.0, 0.5, 2.0))
    assert wider.low < 1.0
    assert wider.high > 4.0
    assert isinstance(invented.results().ranking[0], RankLine)


def test_numbers_in_words() -> None:
    inf, nan = float("inf"), float("nan")
    assert with_ends(Interval(inf, 3.0, inf), beyond=25) == "> 25 (3 to > 25)"
    assert with_ends(Interval(nan, nan, nan)) == "–"
    assert percent(Interval(0.314, 0.2, 0.44)) == "31 % (20 to 44)"
    assert times(Interval(1.125, 1.004, 1.26)) == "1.125 (1.004 to 1.260)", "what is not 1 does not look so"
    assert times(Interval(12.34, 11.0, 14.0)) == "12.3 (11.0 to 14.0)"
    assert [ordinal(n) for n in (1, 2, 3, 4, 11, 12, 21)] == [
        "1st",
        "2nd",
        "3rd",
        "4th",
        "11th",
        "12th",
        "21st",
    ]
    assert listed(["a", "b", "c"]) == "a, b and c"
    assert counted(1, "fault") + counted(2, "fault") == "1 fault2 faults"


def test_without_an_oracle_delays_are_in_lumisections() -> None:
    made = invented.results()
    measured = replace(made, faults=tuple(each for each in made.faults if each.setting.detector != "oracle"))
    told = " ".join(summary(measured))
    assert "reference is first: as geometric mean over 6 faults its mean delay is 1.30" in told
    assert "lumisections (95 % interval)" in told
    assert "oracle" not in told


def test_what_was_not_judged_is_said() -> None:
    made = invented.results()
    half = tuple(replace(each, judged=each.lumis // 2) for each in made.clean[:1])
    told = " ".join(summary(replace(made, clean=(*half, *made.clean[1:]))))
    assert "Healthy lumisections that got a verdict at all: reference 7,400 of 14,800." in told
    assert "got a verdict" not in " ".join(summary(made))


def test_what_was_not_calibrated_is_said() -> None:
    made = invented.results()
    told = " ".join(summary(replace(made, calibration=())))
    assert "Not calibrated, for want of good lumisections or as asked: reference, pull and cmssw-ml" in told
    assert "Not calibrated" not in " ".join(summary(made))
