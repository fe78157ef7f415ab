"""The table of conditions that people keep."""

import os
from pathlib import Path

import pytest

from caloscope.config.conditions_table import MAX_BYTES, MAX_LUMI, NOTHING_SAID, differences, load, parse
from caloscope.errors import UsageError
from caloscope.records import Conditions, LumiId, LumiState

TEXT = """\
# What happened in May
run,first,last,state,off,trigger,detail

315488,10,20,SPECIAL,,,van der Meer scan
315489,,,cosmics,,,
315490,5,,,EB+;HO HBHEa,,
315490,1,4,heavy ions,,column 3,
315488,15,16,collisions,,,"stable, for a moment"
"""


def refused(text: str) -> str:
    """The one line with which a table is refused."""
    with pytest.raises(UsageError) as caught:
        parse(text, "table.csv")
    line = str(caught.value)
    assert line.isprintable()
    assert len(line) < 300
    assert line.startswith("table.csv")
    assert "expected" in line
    return line


def test_a_table_says_what_people_say_of_each_lumisection() -> None:
    table = parse(TEXT, "table.csv")
    scan = Conditions(LumiState.SPECIAL, detail="van der Meer scan")
    assert len(table) == 5
    assert [table(LumiId(315488, lumi)) for lumi in (9, 10, 20, 21)] == [None, scan, scan, None]
    assert table(LumiId(315490, 5)) == Conditions(off=frozenset({"EB+", "HO", "HBHEa"}))
    assert table(LumiId(315490, 4)) == Conditions(LumiState.HEAVY_IONS, trigger="column 3")
    assert table(LumiId(1, 1)) is None


def test_without_lumisections_a_row_is_of_the_whole_run() -> None:
    table = parse(TEXT, "table.csv")
    assert {table(LumiId(315489, lumi)) for lumi in (1, 5_000)} == {Conditions(LumiState.COSMICS)}


def test_the_last_row_counts_where_rows_overlap() -> None:
    found = parse(TEXT, "table.csv")(LumiId(315488, 15))
    assert found == Conditions(LumiState.COLLISIONS, detail="stable, for a moment")


def test_what_people_wrote_on_several_lines_is_one() -> None:
    table = parse('run,detail\n5,"scan\n of  two days"\n', "table.csv")
    assert table(LumiId(5, 1)) == Conditions(detail="scan of two days")


def test_partitions_that_are_off_somewhere_are_known_by_name() -> None:
    assert parse(TEXT, "table.csv").partitions == {"EB+", "HO", "HBHEa"}


def test_two_tables_differ_where_they_say_other_things() -> None:
    before = parse("run,first,last,state\n5,10,20,SPECIAL\n5,30,40,RAMP\n6,,,COSMICS\n7,,,RAMP\n", "a")
    after = parse("run,first,last,state\n6,1,,COSMICS\n5,10,30,SPECIAL\n5,31,40,RAMP\n8,3,,RAMP\n", "b")
    whole = (1, MAX_LUMI)
    assert differences(before, after) == {5: [(21, 30)], 7: [whole], 8: [(3, MAX_LUMI)]}
    assert differences(before, before) == {}
    assert differences(NOTHING_SAID, before).keys() == {5, 6, 7}
    longer = parse("run,first,last,detail\n5,1,3,a\n5,4,6,b\n5,8,9,c\n", "c")
    assert differences(longer, NOTHING_SAID) == {5: [(1, 6), (8, 9)]}


def test_columns_may_be_left_out_and_stand_in_any_order() -> None:
    table = parse("off,run\nHO,5\n", "table.csv")
    assert table(LumiId(5, 1)) == Conditions(off=frozenset({"HO"}))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "found columns none"),
        ("run;state\n5;COSMICS\n", "found columns run;state"),
        ("first,last\n1,2\n", "found columns first, last"),
        ("run,colour\n5,red\n", "found columns run, colour"),
        ("run,state\nfive,COSMICS\n", "line 2: found run 'five'"),
        ("# nights\n\nrun,state\n# one\n5,COSMICS\nfive,COSMICS\n", "line 6: found run 'five'"),
        ("run,state\n0,COSMICS\n", "line 2: found run '0'"),
        ("run,state\n-5,COSMICS\n", "line 2: found run '-5'"),
        ("run,state\n\u0665,COSMICS\n", "line 2: found run"),
        ("run,first,state\n5,1,COSMICS\n5,1.5,COSMICS\n", "line 3: found first '1.5'"),
        ("run,first,last\n5,7,6\n", "line 2: found last 6 before first 7"),
        ("run,state\n5,HOLIDAYS\n", "line 2: found state 'HOLIDAYS'"),
        ("run,state\n5,COSMICS,and,more\n", "line 2: found"),
        ("run,state\n" + "9" * 5_000 + ",COSMICS\n", "line 2: found run"),
        ("run,state\n5," + "C" * 5_000 + "\n", "line 2: found state"),
        ("run,detail\n5," + "x" * 20_000 + "\n", "line 2: found a value of 20000 characters"),
        ("run,detail\n5," + "x" * 200_000 + "\n", "found"),
        ("run,state\n5,\x1b[31m\n", "line 2: found state"),
        ("run," + "x" * 5_000 + "\n5,1\n", "found columns"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(text: str, words: str) -> None:
    assert words in refused(text)


def test_a_table_is_read_from_a_file_as_spreadsheets_write_it(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_bytes(b"\xef\xbb\xbfrun,state\r\n5,COSMICS\r\n")
    assert load(path)(LumiId(5, 1)) == Conditions(LumiState.COSMICS)


def test_a_file_that_is_none_is_refused_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "binary.csv").write_bytes(b"run,state\n\xff\xfe\n")
    with (tmp_path / "large.csv").open("wb") as file:
        file.truncate(MAX_BYTES + 1)
    os.mkfifo(tmp_path / "pipe.csv")
    (tmp_path / "zero.csv").symlink_to("/dev/zero")
    for name in ("absent.csv", "binary.csv", "large.csv", ".", "pipe.csv", "zero.csv"):
        with pytest.raises(UsageError, match="expected a table of conditions") as caught:
            load(tmp_path / name)
        assert str(caught.value).isprintable()
        assert str(caught.value).startswith(str(tmp_path))
