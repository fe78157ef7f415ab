"""DQMIO files that are damaged or made to do harm: one line, and little memory."""

import importlib.util
import struct
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from caloscope.errors import Fault, SourceError
from caloscope.readers.trees.dqmio import per_run, shelves
from tests.readers.making import flipped
from tests.readers.tree_making import COMPRESSIONS, Root, element, random_array

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("ROOT") is None, reason="the package root is not here"
)

PLACE = {"run": 306138, "begin": 1_600_000_000 << 32}
MEMORY = 200 * 2**20


@pytest.fixture(scope="module")
def root() -> Iterator[Root]:
    with Root() as process:
        yield process


@pytest.fixture(scope="module")
def contents(root: Root, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The same file, not compressed, compressed, and with baskets inside its trees."""
    folder = tmp_path_factory.mktemp("hostile")
    arrays = {f"a{n}": random_array("TH2F", n) for n in range(4)}
    sections = [
        {
            **PLACE,
            "lumi": lumi,
            "elements": [
                *(element(f"Hcal/hist_{n}", "TH2F", f"a{n}") for n in range(4)),
                {"tree": "Ints", "path": "Hcal/i", "value": lumi},
                {"tree": "Strings", "path": "Hcal/s", "value": "text"},
            ],
        }
        for lumi in (1, 2)
    ]
    kinds: dict[str, dict[str, Any]] = {
        "none": {"compression": COMPRESSIONS["none"]},
        "zlib": {"compression": COMPRESSIONS["zlib"]},
        "zstd": {"compression": COMPRESSIONS["zstd"]},
        "inside": {"compression": COMPRESSIONS["none"], "embedded": True},
    }
    return {
        kind: root.write(
            folder / f"{kind}.root", "dqmio", arrays, sections=sections, basket=3000, **told
        ).read_bytes()
        for kind, told in kinds.items()
    }


def read_all(path: Path) -> str:
    """Reads everything in a file; what it is refused with, in one line, or nothing."""
    try:
        for walk in (shelves, per_run):
            for shelf in walk(path):
                for name in (*shelf.names(), "Hcal/i", "Hcal/s"):
                    shelf.histogram(name)
                    shelf.scalar(name)
    except SourceError as error:
        line = str(error)
    else:
        line = ""
    assert line == "" or line.isprintable()
    assert len(line) < 500
    return line


def refusal_of(content: bytes, tmp_path: Path) -> str:
    """What some bytes are refused with, in little memory."""
    path = tmp_path / "hostile.root"
    path.write_bytes(content)
    tracemalloc.start()
    try:
        found = read_all(path)
        assert tracemalloc.get_traced_memory()[1] < MEMORY
    finally:
        tracemalloc.stop()
    return found


def basket(content: bytes, branch: str) -> int:
    """Where the key of the first basket of a branch begins."""
    name = branch.encode()
    at = content.index(b"\x07TBasket" + bytes([len(name)]) + name + b"\x05TH2Fs")
    return at - 34 if content[at - 34 + 4] == 3 else at - 26


def basket_change(branch: str, change: Callable[[bytearray, int, int], None]) -> Callable[[bytes], bytes]:
    """A change of the first basket of a branch of the file that is not compressed: bytes, head, entries."""

    def apply(content: bytes) -> bytes:
        changed = bytearray(content)
        start = basket(content, branch)
        (head,) = struct.unpack_from(">h", content, start + 14)
        change(changed, start, head)
        return bytes(changed)

    return apply


def put(layout: str, offset: int, *values: int) -> Callable[[bytearray, int, int], None]:
    """Numbers written over a basket's key, counted from its beginning, or from its end."""

    def apply(changed: bytearray, start: int, head: int) -> None:
        struct.pack_into(">" + layout, changed, start + offset + (head if offset < 0 else 0), *values)

    return apply


def change_beginnings(*values: int) -> Callable[[bytearray, int, int], None]:
    """The first beginnings of entries, less the length of the key."""

    def apply(changed: bytearray, start: int, head: int) -> None:
        (last,) = struct.unpack_from(">i", changed, start + head - 5)
        struct.pack_into(f">{len(values)}i", changed, start + last + 4, *(head + value for value in values))

    return apply


@pytest.mark.parametrize(
    ("change", "line"),
    [
        (basket_change("Value", put("i", 6, 2**31 - 1)), "that claims"),
        (basket_change("Value", put("i", 6, -1)), "that claims"),
        (basket_change("Value", put("i", 0, 5)), "that claims 5"),
        (basket_change("Value", put("h", 14, 2)), "that claims"),
        (basket_change("Value", put("i", -9, 2**31 - 1)), "2147483647 entries up to byte"),
        (basket_change("Value", put("i", -9, -1)), "-1 entries up to byte"),
        (basket_change("Value", put("i", -9, 1)), "beginnings for 1 entries"),
        (basket_change("Value", put("i", -5, 2**31 - 1)), "entries up to byte"),
        (basket_change("Value", put("H", -19, 77)), "a basket of version 77"),
        (basket_change("Value", change_beginnings(0, 2**30)), "out of order"),
        (basket_change("Value", change_beginnings(4)), "out of order"),
        (
            basket_change("Value", change_beginnings(0, 0)),
            "a '' where a histogram should be in 'Hcal/hist_0'",
        ),
        (basket_change("FullName", change_beginnings(0, 3)), ""),
        (lambda content: content.replace(b"Hcal/hist_1", b"Hcal/hist\0001"), r"called 'Hcal/hist\x001'"),
        (lambda content: content.replace(b"Hcal/hist_1", b"Hcal/../st1"), "called 'Hcal/../st1'"),
        (lambda content: content.replace(b"\x0bHcal/hist_1", b"\xffHcal/hist_1"), "ends at byte"),
        (
            lambda content: content.replace(b"\x0bHcal/hist_1", b"\x02Hcal/hist_1"),
            "a record that ends at byte",
        ),
        (lambda content: content.replace(b"\x04TH2F\0", b"\x04TH9F\0"), "a 'TH9F' where a histogram should"),
    ],
)
def test_what_a_basket_claims_is_checked(
    contents: dict[str, bytes], tmp_path: Path, change: Callable[[bytes], bytes], line: str
) -> None:
    assert refusal_of(contents["none"], tmp_path) == ""
    changed = change(contents["none"])
    assert changed != contents["none"]
    found = refusal_of(changed, tmp_path)
    assert line in found
    assert bool(line) == bool(found)


@pytest.mark.parametrize(
    ("row", "line"),
    [
        ((1, 1, 0, 0, 6, 5, 4), "ends before it begins"),
        ((1, 1, 0, 0, 6, 0, 2**63 + 7), "an index of entries"),
        ((1, 1, 0, 0, 6, 0, 2**40), "numbers of monitor elements"),
        ((1, 1, 0, 0, 6, 0, 5000), "an index up to entry 5001 of 1 in TH2Fs"),
        ((1, 1, 0, 0, 6, 2**61, 2**61), "an index up to entry"),
        ((1, 1, 0, 0, 12, 0, 0), "monitor elements of type 12"),
        ((1, 1, 0, 0, 999, 0, 0), "monitor elements of type 999"),
        ((1, 1, 0, 0, 2**32 - 1, 0, 0), "monitor elements of type 4294967295"),
        ((0, 1, 0, 0, 6, 0, 0), "an index of runs from 0"),
        ((2**32 - 1, 1, 0, 0, 6, 0, 0), "an index of runs"),
        ((1, 2**31, 0, 0, 6, 0, 0), "an index of lumisections"),
        ((1, 1, 0, 2**64 - 1, 6, 0, 0), ""),
        ((1, 1, 0, 0, 1000, 2**64 - 1, 2**64 - 1), ""),
    ],
)
def test_what_the_index_claims_is_checked(
    root: Root, tmp_path: Path, row: tuple[int, ...], line: str
) -> None:
    sections = [{**PLACE, "lumi": 1, "elements": [element("Hcal/h", "TH2F", "a")]}]
    arrays = {"a": random_array("TH2F", 1)}
    path = root.write(tmp_path / "a.root", "dqmio", arrays, sections=sections, rows=[row])
    found = read_all(path)
    assert line in found
    assert bool(line) == bool(found)
    if not line:
        opened = shelves(path)
        place = next(opened).place
        assert (place.run, place.began_at) == (1, None)


@pytest.mark.parametrize("kind", ["none", "zlib", "zstd", "inside"])
def test_a_file_cut_short_is_refused_or_whole(contents: dict[str, bytes], tmp_path: Path, kind: str) -> None:
    content = contents[kind]
    path = tmp_path / "cut.root"
    for size in np.linspace(1, len(content) - 1, 60).astype(int):
        path.write_bytes(content[:size])
        read_all(path)
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(SourceError) as caught:
        list(shelves(path))
    assert caught.value.fault is Fault.UNREADABLE


@pytest.mark.parametrize("kind", ["none", "zlib", "zstd", "inside"])
def test_flipped_bits_give_one_line_at_most(contents: dict[str, bytes], tmp_path: Path, kind: str) -> None:
    path = tmp_path / "flipped.root"
    for changed in flipped(contents[kind], seed=7, times=120):
        path.write_bytes(changed)
        read_all(path)


def test_noise_in_the_description_of_a_tree_gives_one_line(
    contents: dict[str, bytes], tmp_path: Path
) -> None:
    content = contents["none"]
    starts = [content.rindex(name) for name in (b"\x07Indices\x07Indices", b"\x05TH2Fs\x05TH2Fs")]
    path = tmp_path / "noise.root"
    rng = np.random.default_rng(3)
    for _ in range(200):
        changed = bytearray(content)
        for place in rng.choice(starts) + rng.integers(-40, 3000, 3):
            if 100 < place < len(changed):
                changed[place] = rng.choice([0, 1, 0x40, 0x7F, 0x80, 0xFF])
        path.write_bytes(changed)
        read_all(path)
