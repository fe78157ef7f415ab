"""The catalogue of faults is true: its examples load, its lines are read, nothing is left out."""

import json
import re
from pathlib import Path

import pytest

from caloscope.config.catalogue import load
from caloscope.faults import KINDS, MECHANISMS, load_faults, preset_names, preset_title, read_truth
from caloscope.faults.described import FaultText, RandomText
from caloscope.geometry import view, view_names

DOCS = Path(__file__).resolve().parents[2] / "docs"
PAGE = (DOCS / "fault-catalogue.md").read_text("utf-8")
EXAMPLES = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)


@pytest.mark.parametrize("example", EXAMPLES)
def test_every_example_loads(example: str) -> None:
    maps = {f"{name}/digi": view(name, "2018") for name in view_names()}
    assert load_faults(example, "example", maps)


def test_the_line_of_truth_is_one() -> None:
    [line] = re.findall(r"```json\n(.*?)\n```", PAGE)
    [fault] = read_truth(line)
    assert json.loads(fault.model_dump_json()) == json.loads(line)


def test_all_kinds_mechanisms_keys_and_presets_are_there() -> None:
    words = [*KINDS, *MECHANISMS, "flickering", *FaultText.model_fields]
    assert not [word for word in words if f"`{word}`" not in PAGE and f"{word} =" not in PAGE]
    table = dict(re.findall(r"^\| `([\w-]+)` \| (.*) \|$", PAGE.split("## Presets")[1], re.MULTILINE))
    assert table == {name: preset_title(name) for name in preset_names()}


def test_every_picture_is_on_the_page_and_every_view_has_one() -> None:
    linked = re.findall(r"^!\[.+\]\((.+)\)$", PAGE.split("\n## Pictures\n")[1], re.MULTILINE)
    there = sorted(path.relative_to(DOCS).as_posix() for path in (DOCS / "fault-catalogue").iterdir())
    assert sorted(linked) == there
    for name in view_names():
        slug = load()[f"{name}/digi"].slug
        assert f"fault-catalogue/{slug}-faults-1.png" in linked
    assert not [name for name in there if (DOCS / name).stat().st_size > 250_000]


def test_the_sides_of_a_box_that_are_not_given_are_told() -> None:
    usual = RandomText(shape="box")
    assert f"from `low` [{usual.low}] to `high` [{usual.high}]" in PAGE
