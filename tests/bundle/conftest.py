"""Two bundles, made once: one that learned, one that was imported from CMSSW."""

import pytest

from caloscope.bundle import Bundle
from caloscope.simulate import Fill, healthy, lumisections
from caloscope.training import train

from .making import ON, SPEC, imported


@pytest.fixture(scope="package")
def original(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    """A reference bundle from eight simulated lumisections."""
    detectors = {SPEC.name: healthy(SPEC, ON, seed=1)}
    good = lumisections(Fill(run=320_001, lumis=8, seed=1), detectors)
    return train(good, SPEC, ON, tmp_path_factory.mktemp("bundles") / "EEp.bundle")


@pytest.fixture(scope="package")
def network(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    """The bundle of a tiny autoencoder."""
    return imported(tmp_path_factory.mktemp("imported"))
