"""Random choices: on cells that exist, the same for the same seed, everywhere they may be."""

import numpy as np
import pytest

from caloscope.faults import Choice, chosen
from caloscope.geometry import ERAS, view, view_names
from caloscope.records import Mask

SHAPES = ("cell", "2x2", "5x5", "box", "strip")


def boundary(mask: Mask) -> tuple[int, int, int]:
    """Depths, rows and columns over which cells are spread."""
    flat = mask.reshape(-1, *mask.shape[-2:])
    return tuple(int(np.count_nonzero(flat.any(axis=axes))) for axes in ((1, 2), (0, 2), (0, 1)))  # type: ignore[return-value]


@pytest.mark.parametrize("era", ERAS)
@pytest.mark.parametrize("name", view_names())
def test_choices_lie_on_cells_that_exist(name: str, era: str) -> None:
    one = view(name, era)
    kinds = tuple(dict.fromkeys(region.kind for region in one.regions))
    for shape in (*SHAPES, *kinds):
        for seed in range(8):
            found = chosen(Choice(shape, high=8), one, np.random.default_rng(seed))
            again = chosen(Choice(shape, high=8), one, np.random.default_rng(seed))
            np.testing.assert_array_equal(found, again)
            assert found.any()
            assert not (found & ~one.exists).any()
            if shape in SHAPES:
                assert boundary(found)[0] == 1


@pytest.mark.parametrize("name", ["EB", "EE-", "HO"])
def test_boxes_are_whole_where_there_are_no_gaps(name: str) -> None:
    one = view(name, "2018")
    for shape, cells in (("2x2", 4), ("5x5", 25), ("3x7", 21), ("strip", 5)):
        for seed in range(20):
            assert chosen(Choice(shape), one, np.random.default_rng(seed)).sum() == cells


def test_boxes_span_the_gaps_of_wide_towers_and_not_the_edge() -> None:
    one = view("HCAL", "2018")
    outside = Choice("4x3", within="HEP", depth=1)
    for seed in range(40):
        found = chosen(outside, one, np.random.default_rng(seed))
        columns = np.flatnonzero(found.any(axis=(0, 1)))
        assert len(columns) == 3
        for column in columns:
            ring = abs(one.x.values[column])
            assert found[0, :, column].sum() == (4 if ring <= 20 else 2)


def test_boxes_go_round_the_seam() -> None:
    one = view("EB", "2018")
    across = [
        found
        for seed in range(200)
        if (found := chosen(Choice("5x5"), one, np.random.default_rng(seed)))[:, [0, 71]].any(axis=0).all()
    ]
    assert across
    assert all(boundary(found) == (1, 5, 5) for found in across)


def test_sides_are_uniform() -> None:
    """As the boxes of HCALDQM/ML4DQM: both sides from 1 to 16, anywhere in HB at depth 1."""
    one = view("HCAL", "2018")
    choice = Choice("box", within="HB", depth=1)
    sides = np.array([boundary(chosen(choice, one, np.random.default_rng(seed)))[1:] for seed in range(400)])
    assert set(sides[:, 0]) == set(sides[:, 1]) == set(range(1, 17))
    # uniform from 1 to 16: mean 8.5, variance 21.25
    assert np.abs(sides.mean(axis=0) - 8.5).max() < 4.5 * np.sqrt(21.25 / 400)


def test_within_a_region() -> None:
    one = view("HCAL", "2018")
    [hb] = [region.members for region in one.regions if region.name == "HB"]
    names = set()
    for seed in range(100):
        found = chosen(Choice("rbx", within="HB", depth=1), one, np.random.default_rng(seed))
        assert found.sum() == 64
        assert not (found & ~hb).any()
        names.add(found.tobytes())
    assert len(names) > 30  # of 36
    assert chosen(Choice("cell", within="HEP17", depth=7), one, np.random.default_rng(1)).sum() == 1
