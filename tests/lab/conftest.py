"""Data that the tests of the notebook's door share: made once, by that door."""

from pathlib import Path

import pytest

from caloscope import lab

MAP = "EE+/digi"


@pytest.fixture(scope="session")
def good() -> lab.Data:
    """Seven healthy runs."""
    return lab.simulate(MAP, runs=7, lumis=40, seed=1)


@pytest.fixture(scope="session")
def faults() -> list[lab.Fault]:
    """One dead cell for 30 lumisections, one weak cell to the end."""
    return [
        lab.Fault(MAP, (5, 10), "dead", onset=11, end=41, name="dead cell"),
        lab.Fault(MAP, (14, 6), "factor", 0.97, onset=21, name="hardly weak cell"),
    ]


@pytest.fixture(scope="session")
def bad(faults: list[lab.Fault]) -> lab.Data:
    """One run with both faults."""
    return lab.simulate(MAP, runs=1, lumis=60, seed=2, faults=faults, first_run=321_001)


@pytest.fixture(scope="session")
def bundle(good: lab.Data, tmp_path_factory: pytest.TempPathFactory) -> lab.Bundle:
    """The default detector."""
    return lab.train(good, output=_folder(tmp_path_factory) / "mine.bundle")


@pytest.fixture(scope="session")
def scores(bundle: lab.Bundle, bad: lab.Data) -> lab.Scores:
    """What it says of the faulty run."""
    return lab.score(bundle, bad)


def _folder(factory: pytest.TempPathFactory) -> Path:
    return factory.mktemp("bundles")
