"""What people are told about a slip in a text of faults: one line, what was found, what was expected."""

from pathlib import Path

import numpy as np
import pytest

from caloscope.cli.faults import faults, faults_text
from caloscope.errors import UsageError
from caloscope.faults import Choice, Fault, check, chosen, load_faults
from caloscope.faults.fault import nearest
from caloscope.geometry import view
from tests.faults.making import maker

MAPS = {f"{name}/digi": view(name, "2018") for name in ("EB", "EE+", "EE-", "HCAL")}
EB = "[[fault]]\nmap = 'EB/digi'\nkind = 'factor'\n"
NAMED = EB + "name = 'weak'\n"
DEAD = "[[fault]]\nkind = 'dead'\n"


def told(body: str) -> str:
    with pytest.raises(UsageError) as refused:
        load_faults(body, "mine.toml", MAPS)
    said = str(refused.value)
    assert "\n" not in said
    assert "is a table" not in said
    assert len(said) < 400
    return said.removeprefix("mine.toml: ")


# ruff: noqa: E501 - one case a line
SAID = [
    # no faults
    ("", "expected [[fault]] tables, found nothing"),
    ("seed = 3", "expected [[fault]] tables, found nothing"),
    ("[[faults]]\nmap = 'EB/digi'", "expected [[fault]] tables, found 'faults'"),
    ("map = 'EB/digi'\nkind = 'dead'\n", "expected [[fault]] tables, found 'map', 'kind'"),
    ("[fault]\nmap = 'EB/digi'\nkind = 'dead'\n", "expected [[fault]] tables, found [fault]"),
    ("fault = 3", "expected [[fault]] tables, found fault = 3"),
    # keys
    (EB + "cell = [[4, 1]]", "fault 1: 'cell' is no key that is known: expected 'cells'"),
    (NAMED + "region = 'all'\nonsett = 4", "fault 1 'weak': 'onsett' is no key that is known: expected 'onset'"),
    (EB + "mpa = 'EB/digi'\nregion = 'all'", "fault 1: 'mpa' is no key that is known: expected 'map'"),
    ("[[fault]]\nmapp = 'EB/digi'\nkind = 'dead'", "fault 1: 'mapp' is no key that is known: expected 'map'"),
    (EB + "random = { shap = 'cell' }", "fault 1: random: 'shap' is no key that is known: expected 'shape'"),
    (EB + "zzz = 1\nregion = 'all'", "fault 1: 'zzz' is no key that is known: expected one of map, kind, name, amount,"),
    (EB + "\"a\\nb\" = 1\nregion = 'all'", r"fault 1: 'a\nb' is no key"),
    ("sed = 1\n" + EB + "region = 'all'", "'sed' is no key that is known: expected 'seed'"),
    # numbers and cells
    (NAMED + "region = 'all'\namount = '0.5'", "fault 1 'weak': amount is '0.5': expected a number, not text in quotes"),
    (EB + "region = 'all'\nonset = '5'", "fault 1: onset is '5': expected a number, not text in quotes"),
    ("seed = '5'\n" + EB + "region = 'all'", "seed is '5': expected a number, not text in quotes"),
    (EB + "cells = [4, 1]", "fault 1: cells is [4, 1]: expected a list of cells, [[y, x]]"),
    (EB + "cells = 4", "fault 1: cells is 4: expected a list of cells, [[y, x]]"),
    (EB + "cells = [0, 4, 1]", "fault 1: cells is [0, 4, 1]: expected a list of cells, [[depth index, y, x]]"),
    (DEAD + "map = 'HCAL/digi'\ncells = [[4, 1]]", "fault 1: HCAL: no cell [4, 1], expected [depth index, y, x] inside 7 x 72 x 84"),
    (DEAD + "map = 'EB/digi'\ncells = [[0, 4, 1]]", "fault 1: EB: no cell [0, 4, 1], expected [y, x] inside 34 x 72"),
    (DEAD + "map = 'EB/digi'\ncells = [[34, 1]]", "fault 1: EB: no cell [34, 1], expected one inside 34 x 72"),
    # where
    (NAMED, "fault 1 'weak': found none, expected one of 'cells', 'region' and 'random'"),
    (NAMED + "cells = [[4, 1]]\nregion = 'all'", "fault 1 'weak': found cells and region, expected one of 'cells', 'region' and 'random'"),
    (EB + "region = 'all'\nlasts = 1\nend = 9", "fault 1: expected 'lasts' or 'end', not both"),
    (EB + "random = { shape = 'box', low = 3, high = 2 }", "fault 1: random: expected 'low' at most 'high'"),
    (EB + "region = 'EB+19'", "fault 1: EB: no region 'EB+19', expected one such as EB+"),
    (EB + "region = 'eb+07'", "fault 1: EB: no region 'eb+07', expected EB+07"),
    (EB + "region = 'EB'", "fault 1: EB: no region 'EB', expected all"),
    (NAMED + "region = 'HBM05'", "fault 1 'weak': EB: no region 'HBM05', which is one of HCAL: expected a map of HCAL"),
    (EB + "region = 'HBM05'\nrows = [1]", "which is one of HCAL: expected a map of HCAL"),
    (EB + "region = 'quark'", "expected all or one such as EB-18 (supermodule), EB- (half)"),
    (DEAD + "map = '*'\nregion = 'EB+07'", "fault 1: EE+: no region 'EB+07', which is one of EB: expected a map of EB"),
    (EB + "random = { shape = 'cell', within = 'HB' }", "fault 1: within is 'HB': no region of EB, which is one of HCAL: expected a map of HCAL"),
    (EB + "random = { shape = 'cell', within = 'eb+07' }", "fault 1: within is 'eb+07': no region of EB, expected EB+07"),
    # no change
    (EB + "region = 'all'\namount = 1", "fault 1: amount is 1.0: expected below 1, as 1 changes nothing"),
    (EB.replace("factor", "scrambled") + "cells = [[4, 1]]", "fault 1: kind is 'scrambled': expected two cells or more, as one alone has none to exchange counts with"),
    (EB.replace("factor", "scrambled") + "random = { shape = 'cell' }", "expected two cells or more"),
    (EB.replace("factor", "scrambled") + "region = 'EB+07'\nrows = [17]\ncolumns = [1]", "cells of it in these rows"),
]  # fmt: skip


@pytest.mark.parametrize(("body", "says"), SAID)
def test_a_slip_is_named_with_what_was_expected(body: str, says: str) -> None:
    assert says in told(body)


def test_at_most_three_regions_are_suggested() -> None:
    said = told(EB + "region = 'EB+19'")
    names = said.split("such as ")[1].split(", ")
    assert len(names) == 3
    assert all(f"{name}" in {region.name for region in MAPS["EB/digi"].regions} for name in names)


def test_long_words_are_cut() -> None:
    told(EB + f"region = 'all'\n{'k' * 5000} = 1")
    told(EB + f"region = 'all'\namount = '{'9' * 5000}'")
    told("k = 1\n" + "".join(f"k{i} = 1\n" for i in range(1000)))
    told(EB + f"name = '{'n' * 5000}'")
    told(EB + f"cells = [{', '.join(['1'] * 5000)}]")


def test_some_names_are_near() -> None:
    assert nearest("CELLS", ["cells", "cell"]) == ["cells"]
    assert nearest("onsett", ["end", "onset"]) == ["onset"]
    assert nearest("zzz", ["end", "onset"]) == []


def test_faults_that_change_nothing_are_refused_without_a_text_too() -> None:
    eb = MAPS["EB/digi"]
    for where in ((4, 1), ((4, 1),), ((4, 1), (4, 1))):
        with pytest.raises(UsageError, match="two cells or more"):
            check(Fault("EB/digi", where, "scrambled"))
        with pytest.raises(UsageError, match="two cells or more"):
            check(Fault("EB/digi", where, "scrambled"), eb)
    check(Fault("EB/digi", ((4, 1), (4, 2)), "scrambled"), eb)
    check(Fault("EB/digi", (), "scrambled"))  # of a map that is not there
    with pytest.raises(UsageError, match="1 changes nothing"):
        check(Fault("EB/digi", "all", "factor", 1.0, mechanism="crystals"))
    check(Fault("EB/digi", "all", "factor", 0.99))


def test_a_calorimeter_without_such_names() -> None:
    toy = maker("TOY").view
    with pytest.raises(UsageError, match=r"no region 'qqq', expected all or one such as west \(half\)"):
        Fault("TOY/hits", "qqq", "dead").cells(toy)
    with pytest.raises(UsageError, match="within is 'wset': no region of TOY, expected west"):
        chosen(Choice("cell", within="wset"), toy, np.random.default_rng(1))


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ("nope.toml", "nope.toml: no such file"),
        ("some/where", "some/where: no such file"),
        ("catalogue-eb", "'catalogue-eb': neither a file nor a preset, expected catalogue-EB"),
        ("ml4dqm-dead", "neither a file nor a preset, expected one of ml4dqm-dead-"),
        ("qqqq", "neither a file nor a preset, expected one of those that `caloscope faults` lists"),
    ],
)
def test_neither_a_file_nor_a_preset(given: str, says: str) -> None:
    for command in (faults, faults_text):
        with pytest.raises(UsageError) as refused:
            command(given)
        assert says in str(refused.value)
        assert "\n" not in str(refused.value)
        assert len(str(refused.value)) < 200


def test_a_folder_holds_no_faults(tmp_path: Path) -> None:
    for command in (faults, faults_text):
        with pytest.raises(UsageError, match="found a folder, expected a TOML file or a preset"):
            command(str(tmp_path))


def test_a_file_of_your_own_is_not_shown(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(EB + "region = 'all'\n")
    with pytest.raises(
        UsageError, match=r"mine.toml is a file, expected a preset: use it as --faults .*mine.toml"
    ):
        faults(str(path))
    assert faults_text(str(path))[1] == str(path)
