"""The DQM's scalars, to text and back."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from caloscope.readers.scalars import number, parse_scalars
from caloscope.writers.scalars import scalar_text

NAMES = st.text(
    st.characters(blacklist_characters="<>/", blacklist_categories=["Cs"]), min_size=1, max_size=60
)


@given(NAMES, st.integers(-(2**53), 2**53))
def test_whole_numbers(name: str, value: int) -> None:
    text = scalar_text(name, value)
    assert text == f"<{name}>i={value}</{name}>"
    assert parse_scalars([text]) == {name: [str(value)]}
    assert number(str(value)) == value


@given(NAMES, st.floats())
def test_floats_come_back_as_they_were(name: str, value: float) -> None:
    ((found,),) = parse_scalars([scalar_text(name, value)]).values()
    back = number(found)
    assert back is not None
    assert back == value or (math.isnan(back) and math.isnan(value))


@given(NAMES, st.text(st.characters(blacklist_categories=["Cs"])))
def test_strings(name: str, value: str) -> None:
    assert parse_scalars([scalar_text(name, value)]) == {name: [value]}


def test_what_is_no_scalar() -> None:
    others = ["h1", "<a>i=1</b>", "<a>e=1</a>", "<a>qr=st:100:1:x</a>", "<flag/>", "<a>i=1", "", "<>i=1</>"]
    assert parse_scalars(others) == {}


def test_in_the_order_found() -> None:
    assert parse_scalars(["<a>i=1</a>", "<b>s=x</b>", "<a>i=2</a>"]) == {"a": ["1", "2"], "b": ["x"]}


@pytest.mark.parametrize("name", ["a<b", "a>b"])
def test_names_that_would_not_come_back(name: str) -> None:
    with pytest.raises(ValueError, match="may not hold"):
        scalar_text(name, 1)


def test_too_long_for_a_key() -> None:
    with pytest.raises(ValueError, match="more than 16000 bytes"):
        scalar_text("a", "x" * 16_000)
