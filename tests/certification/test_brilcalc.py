"""The output of brilcalc: what it says, and what is refused."""

import math
import pickle
from datetime import UTC, datetime
from pathlib import Path

import pytest

from caloscope.certification import BrilLumi, read_brilcalc
from caloscope.errors import UsageError
from caloscope.records import LumiId

HEADER = "#run:fill,ls,time,beamstatus,E(GeV),delivered(/ub),recorded(/ub),avgpu,source"

# The csv module ends lines with CR LF, the summary has LF alone.
CONTENT = (
    "#Data tag : v1 , Norm tag: None\n"
    f"{HEADER}\n"
    "316114:6666,3:3,05/10/18 23:42:59,STABLE BEAMS,6500,298723.451,290000.1,39.9,HFET\r\n"
    "316114:6666,2:2,05/10/18 23:42:36,STABLE BEAMS,6500,298800.5,0,40.0,HFET\r\n"
    "316114:6666,4:0,05/10/18 23:43:22,ADJUST,6500,-0.5,0,-1.0,PXL\r\n"
    "316110:6666,12:12,05/10/18 21:22:27,STABLE BEAMS,6500,10,9,nan,DT\r\n"
    "#Summary:\n"
    "#nfill,nrun,nls,ncms,totdelivered(/ub),totrecorded(/ub)\n"
    "#1,2,4,3,1,1\n"
    "#Check JSON:\n"
    "#(run,ls) in json but not in results: []\n"
)


def written(folder: Path, text: str | bytes) -> Path:
    """A brilcalc file."""
    path = folder / "lumi.csv"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def row(text: str, header: str = HEADER) -> str:
    """A file with one row."""
    return f"{header}\n{text}\n"


def test_each_lumisection_has_its_numbers(tmp_path: Path) -> None:
    found = read_brilcalc(written(tmp_path, CONTENT))
    began = datetime(2018, 5, 10, 23, 42, 59, tzinfo=UTC).timestamp()
    assert found[LumiId(316114, 3)] == BrilLumi(39.9, 298723.451, 290000.1, "/ub", began)
    assert list(found) == [(316110, 12), (316114, 2), (316114, 3), (316114, 4)]
    assert len(found) == 4
    assert found[LumiId(316114, 4)].pileup is None
    assert found[LumiId(316110, 12)].pileup is None
    assert LumiId(316114, 5) not in found
    assert LumiId(-1, 5) not in found
    assert LumiId(2**40, 5) not in found
    assert found.get(LumiId(316114, 1)) is None
    assert dict(pickle.loads(pickle.dumps(found))) == dict(found)


@pytest.mark.parametrize(
    ("header", "text", "expected"),
    [
        (
            "#run:fill,ls,time,beamstatus,E(GeV),delivered(hz/nb),recorded(hz/nb),avgpu,source,[bx d r]",
            "1:2,5:5,1525995779,STABLE BEAMS,6500,1.5,1.25,30,PXL,[1 0.5 0.5 2 0.1 0.1]",
            BrilLumi(30.0, 1.5, 1.25, "hz/nb", 1525995779.0),
        ),
        ("#run:fill,ls,time,beamstatus,avgpu", "1:2,5:5,,N/A,", None),
        (
            "#run:fill,ls,beamstatus,delivered(/pb),source",
            "1:2,5:5,N/A,3,HFOC",
            BrilLumi(None, 3.0, math.nan, "/pb", None),
        ),
    ],
)
def test_columns_are_found_by_their_names(
    tmp_path: Path, header: str, text: str, expected: BrilLumi | None
) -> None:
    path = written(tmp_path, row(text, header))
    if expected is None:
        with pytest.raises(UsageError, match="line 2"):
            read_brilcalc(path)
    else:
        assert repr(read_brilcalc(path)[LumiId(1, 5)]) == repr(expected)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no header"),
        ("1:2,3:3,x\n", "line 1: no header"),
        ("+----+\n| run:fill | ls |\n", "line 1: no header"),
        ("#run:fill,time,nls,ncms,delivered(/ub),recorded(/ub)\n", "line 1: '#run:fill,time"),
        (HEADER.replace("recorded(/ub)", "recorded(/pb)") + "\n", "line 1: "),
        (row("") + HEADER.replace("/ub", "/pb") + "\n", "line 3: "),
        (row("1:2,3:3"), "line 2: '1:2,3:3'"),
        (row("x:2,3:3,05/10/18 23:42:59,S,6500,1,1,1,A"), "line 2: 'x:2"),
        (row("1:2,3:4,05/10/18 23:42:59,S,6500,1,1,1,A"), "line 2: '1:2,3:4"),
        (row("1:2,3,05/10/18 23:42:59,S,6500,1,1,1,A"), "line 2: '1:2,3,"),
        (row("1:2,0:0,05/10/18 23:42:59,S,6500,1,1,1,A"), "line 2: '1:2,0:0"),
        (row("1:2,1_0:1_0,05/10/18 23:42:59,S,6500,1,1,1,A"), "line 2: '1:2,1_0"),
        (row("99999999999:2,3:3,05/10/18 23:42:59,S,6500,1,1,1,A"), "line 2: '99999999999"),
        (row("4294967296:2,3:3,05/10/18 23:42:59,S,6500,1,1,1,A"), "line 2: '4294967296"),
        (row("1:2,3:3,13/10/18 23:42:59,S,6500,1,1,1,A"), "line 2: '1:2,3:3,13/10"),
        (row("1:2,3:3,05/10/18 24:42:59,S,6500,1,1,1,A"), "line 2: '1:2,3:3,05/10/18 24"),
        (row("1:2,3:3,05/10/18 23:42:59,S,6500,inf,1,1,A"), "line 2: '1:2,3:3"),
        (row("1:2,3:3,05/10/18 23:42:59,S,6500,1,1,1e9,A"), "line 2: '1:2,3:3"),
        (row("1:2,3:3,05/10/18 23:42:59,S,6500,1,x,1,A"), "line 2: '1:2,3:3"),
        (row("1:2,3:3,1,S,6500,1,1,1,A\n1:2,3:3,1,S,6500,1,1,2,A"), "run 1 lumisection 3 twice"),
        (row("x" * 6_000_000), "line 1: a line of more than a megabyte"),
    ],
)
def test_anything_else_is_refused_in_one_line(tmp_path: Path, text: str, message: str) -> None:
    path = written(tmp_path, text)
    with pytest.raises(UsageError) as raised:
        read_brilcalc(path)
    assert str(raised.value).startswith(f"{path}: {message}")
    assert "expected" in str(raised.value)
    assert "\n" not in str(raised.value)
    assert len(str(raised.value)) < 400


def test_what_is_no_text_or_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="line 1: no UTF-8 text"):
        read_brilcalc(written(tmp_path, b"\xff\xfe\n"))
    with pytest.raises(UsageError, match="no such file"):
        read_brilcalc(tmp_path / "none.csv")
    with pytest.raises(UsageError, match="is a directory"):
        read_brilcalc(tmp_path)


def test_the_same_line_twice_is_one_lumisection_and_none_is_none(tmp_path: Path) -> None:
    line = "1:2,3:3,05/10/18 23:42:59,S,6500,1,1,nan,A"
    assert len(read_brilcalc(written(tmp_path, row(f"{line}\n{line}")))) == 1
    assert len(read_brilcalc(written(tmp_path, HEADER))) == 0


def test_a_year_is_read_whole_over_all_blocks(tmp_path: Path) -> None:
    lines = (
        f"{360000 + n // 1000}:8000,{n % 1000 + 1}:{n % 1000 + 1},10/{n % 28 + 1:02d}/22 {n % 24:02d}:10:11,"
        f"STABLE BEAMS,6800,{300000.123 + n},{290000.456 + n},{n % 60}.5,HFET\r\n"
        for n in range(300_000)
    )
    path = written(tmp_path, f"{HEADER}\n" + "".join(lines))
    found = read_brilcalc(path)
    assert len(found) == 300_000
    assert found[LumiId(360299, 1000)].delivered == 300000.123 + 299_999
    assert found[LumiId(360123, 46)].pileup == 123_045 % 60 + 0.5
