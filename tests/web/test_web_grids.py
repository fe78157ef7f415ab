"""Arrays into JSON, and results into lines."""

from dataclasses import replace

import numpy as np

from caloscope import geometry
from caloscope.decide import quality_of
from caloscope.records import Code, Quality
from caloscope.web import grids, series, verdict
from caloscope.web.source import shown_url, slug_of

from .filling import BARREL, HADRON, incident, members, one_cell, view_of


def test_rounding_keeps_four_digits_and_null_for_what_is_no_number() -> None:
    values = np.array([[123456.0, 0.00123456, -2.5], [np.nan, np.inf, 0.0]], dtype=np.float32)
    exists = np.array([[True, True, True], [True, True, True]])
    assert grids.rounded(values, exists) == [[123500.0, 0.001235, -2.5], [None, None, 0.0]]
    exists[0, 2] = False
    assert grids.rounded(values, exists)[0][2] is None


def test_bad_is_worse_than_unknown_than_masked_than_good() -> None:
    order = [Code.ABSENT, Code.GOOD, Code.MASKED_GOOD, Code.MASKED_UNKNOWN]
    order += [Code.MASKED_BAD, Code.UNKNOWN, Code.BAD]
    assert sorted(Code, key=lambda code: int(grids.BADNESS[code + 1])) == order


def test_among_equal_codes_the_one_with_most_evidence_is_shown() -> None:
    view = geometry.view("HCAL", "2018")
    codes = np.where(view.exists, np.int8(Code.GOOD), np.int8(Code.ABSENT))
    y, x = (int(i) for i in np.argwhere(view.exists.sum(axis=0) > 3)[0])
    there = np.flatnonzero(view.exists[:, y, x])
    evidence = np.zeros(view.shape, dtype=np.float32)
    evidence[there[2], y, x] = 3.0
    found = grids.worst_of_depths({"codes": codes, "evidence": evidence}, view)
    assert found["worst_depth"][y][x] == view.depths[there[2]]
    evidence[there[1], y, x] = np.inf
    codes[there[0], y, x] = Code.BAD
    found = grids.worst_of_depths({"codes": codes, "evidence": evidence}, view)
    assert (found["codes"][y][x], found["worst_depth"][y][x]) == (0, view.depths[there[0]])


def test_regions_cover_the_plane_that_they_divide() -> None:
    for name in ("EB", "EE+", "HCAL", "HO"):
        view = geometry.view(name, "2018")
        index = 0 if view.depths else None
        names, grid = grids.region_grid(view, index)
        assert len(names) >= 5, name
        exists = view.exists if index is None else view.exists[index]
        drawn = np.array([[cell is not None for cell in row] for row in grid])
        assert np.array_equal(drawn, exists), name


def test_a_gap_gets_a_point_at_both_ends() -> None:
    assert series.with_gaps([1, 2, 5, 6, 8, 20]) == [1, 2, 3, 4, 5, 6, 7, 8, 9, 19, 20]
    assert series.with_gaps([]) == []


def test_a_record_of_several_lumisections_is_no_gap() -> None:
    assert series.with_gaps([10, 20, 40], {20: 10, 40: 10}) == [10, 11, 20, 21, 30, 31, 40]
    assert series.with_gaps([10], {10: 10}) == [1, 10]
    assert series.with_gaps([5, 6], {6: 4}) == [5, 6]


def test_the_worst_of_three_values() -> None:
    good, bad, unknown = Quality.GOOD, Quality.BAD, Quality.UNKNOWN
    assert quality_of([good, good]) is good
    assert quality_of([good, unknown]) is unknown
    assert quality_of([good, unknown, bad]) is bad
    assert quality_of([]) is unknown


def test_slugs_and_stores_as_shown() -> None:
    assert [slug_of(name) for name in ("EE+/digi", "EE-/digi", "HCAL/rechit")] == [
        "EEp-digi",
        "EEm-digi",
        "HCAL-rechit",
    ]
    assert shown_url("sqlite:////data/store.db") == "store.db"
    assert "secret" not in shown_url("postgresql://me:secret@host/shifts")


def test_explanations_are_short() -> None:
    status = verdict.map_status(BARREL, None)
    assert verdict.explain([status]) == ["EB/digi: NOT_SCORED (reference)"]
    bad = status.model_copy(update={"quality": Quality.BAD, "bad_cells": 9})
    module, tower = members(view_of(BARREL), "supermodule"), one_cell(BARREL, 3, 3)
    troubles = [incident(BARREL, module, f"EB-0{n}", 1, 2) for n in range(1, 5)]
    assert verdict.explain([bad], {"EB/digi": troubles}) == ["EB/digi: EB-01, EB-02 and 2 more (9 bad cells)"]
    cluster = incident(BARREL, tower, "9 cells in EB-05, from tower (ieta -5..-1, iphi 91..95)", 1, 2)
    assert verdict.explain([bad], {"EB/digi": [cluster]}) == [f"EB/digi: {cluster.hardware}"], "counted once"
    assert verdict.explain([]) == ["No map has been scored yet"]
    region, cell = troubles[0], incident(HADRON, tower, "HB tower", 1, 2)
    other = verdict.map_status(HADRON, None).model_copy(update={"quality": Quality.BAD, "bad_cells": 1})
    assert verdict.explain([other, bad], {"EB/digi": [region, cell], "HCAL/digi": [cell]}) == [
        "EB/digi: EB-01 and 1 more (9 bad cells)",
        "HCAL/digi: HB tower (1 bad cell)",
    ], "the region before the cell, whatever the order of the maps"
    assert replace(BARREL, name="x").map == "EB/digi"
