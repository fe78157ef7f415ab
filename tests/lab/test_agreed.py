"""How far detectors agree, and how well rates are known."""

from dataclasses import replace

import pytest
from scipy.stats import chi2

from caloscope import lab
from caloscope.calibrate import garwood
from caloscope.errors import UsageError
from caloscope.records import Code, Quality, Severity


def test_flags_verdicts_and_incidents_are_held_against_each_other(scores: lab.Scores) -> None:
    same = lab.agreement(scores, scores)
    assert (same.judged, same.both) == (scores.judged, int(scores.flagged.sum()))
    assert (same.only_first, same.only_second, same.differ) == (0, 0, 0)
    assert same.incidents_first == same.incidents_second == ()
    codes, quality = scores.codes.copy(), list(scores.quality)
    codes[5, 10, 3] = Code.BAD
    codes[6, 10, 3] = Code.BAD
    quality[5], quality[6] = Quality.BAD, Quality.UNKNOWN
    (true, *_) = scores.incidents
    small = replace(true, id="small", cells=((10, 3),), hardware="small", severity=Severity.CELL)
    large = replace(small, id="large", cells=((10, 3), (10, 4)), hardware="large", severity=Severity.CLUSTER)
    after = replace(true, id="after", onset=scores.ids[-1], opened=scores.ids[-1], last=scores.ids[-1])
    quiet = (replace(small, id="masked", masked=True), replace(small, id="standing", standing=True))
    incidents = (small, large, after, *quiet, *scores.incidents)
    other = replace(scores, codes=codes, quality=tuple(quality), incidents=incidents)
    found = lab.agreement(scores, other)
    assert found.judged == scores.judged - 1  # what one of them calls UNKNOWN does not count
    assert (found.only_first, found.only_second) == (0, 1)
    assert found.differ == 2
    assert found.verdicts == {
        (Quality.GOOD, Quality.BAD): 1,
        (Quality.GOOD, Quality.UNKNOWN): 1,
    }
    assert found.incidents_first == ()
    assert [each.id for each in found.incidents_second] == ["large", "small", "after"]
    turned = lab.agreement(other, scores)
    assert (turned.only_first, turned.incidents_first) == (1, found.incidents_second)


def test_other_lumisections_are_refused(scores: lab.Scores, bundle: lab.Bundle, bad: lab.Data) -> None:
    part = lab.score(bundle, bad.only(lumis="1-9"))
    with pytest.raises(
        UsageError, match=r"found scores of \d lumisections of EE\+/digi, expected of the same"
    ):
        lab.agreement(scores, part)


@pytest.mark.parametrize("count", [0, 1, 7, 400])
def test_intervals_of_rates_are_garwoods(count: int) -> None:
    low, high = garwood(count, 2.0)
    assert high == pytest.approx(chi2.ppf(0.975, 2 * count + 2) / 4)
    assert low == pytest.approx(chi2.ppf(0.025, 2 * count) / 4 if count else 0.0)
