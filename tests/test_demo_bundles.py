"""The networks that come with the package: they are there, they run, and nobody hears them unasked."""

from pathlib import Path

import pytest

from caloscope import bundle as bundles
from caloscope.cli import demo_networks, demo_scenario

NAMES = ["EB-digi-resnet.bundle", "EEm-digi-resnet.bundle", "EEp-digi-resnet.bundle"]


def test_three_are_shipped() -> None:
    assert [path.name for path in demo_networks.shipped()] == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_a_shipped_bundle_loads_and_answers_as_when_it_was_made(name: str) -> None:
    found = bundles.load(demo_networks.FOLDER / name)
    assert found.standing.state == "commissioning"
    assert found.standing.reason == demo_networks.REASON
    assert found.model is not None
    assert bundles.verify(found).lumisections > 0


def test_they_are_for_the_maps_of_the_demo() -> None:
    cards = [bundles.load(path).card for path in demo_networks.shipped()]
    assert {card.map for card in cards} == set(demo_networks.MAPS)
    assert {card.era for card in cards} == {demo_scenario.ERA}
    assert {card.detector for card in cards} == {"autoencoder"}


def test_nothing_but_bundles_lies_beside_them() -> None:
    files = {path.name for folder in demo_networks.shipped() for path in Path(folder).iterdir()}
    assert files == {"bundle.toml", "reference.h5", "selftest.h5", "model.onnx", "state.toml"}
