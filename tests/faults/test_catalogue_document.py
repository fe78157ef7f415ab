"""The catalogue of faults is true: its examples load, its lines are read, nothing is left out."""

import json
import re
from pathlib import Path

import pytest

from caloscope.faults import KINDS, MECHANISMS, load_faults, preset_names, preset_title, read_truth
from caloscope.faults.described import FaultText
from caloscope.geometry import view, view_names

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "fault-catalogue.md").read_text("utf-8")
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
    assert "\n## Pictures\n" in PAGE
