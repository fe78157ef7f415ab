"""Ranges of numbers as people write them."""

import pytest

from caloscope.config.ranges import Ranges
from caloscope.errors import UsageError


def test_a_long_text_is_taken_to_its_end() -> None:
    numbers = range(100_001, 140_000, 2)
    found = Ranges.parse(",".join(map(str, numbers)))
    assert found == Ranges.of(numbers)
    assert 139_999 in found
    assert 139_998 not in found
    assert 100_000 not in found


def test_a_text_beyond_all_measure_is_refused_and_not_cut() -> None:
    with pytest.raises(UsageError, match="found 10000001 characters"):
        Ranges.parse("1" * 10_000_001)


@pytest.mark.parametrize("text", ["", "3-1", "1,,2", "-1", "1-", "x", "1.5", "\u0661"])
def test_nonsense_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="expected numbers such as 1-3,7"):
        Ranges.parse(text)
