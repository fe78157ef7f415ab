"""A study that is measured once for many tests."""

from pathlib import Path

import pytest

from caloscope.study.kept import Kept
from caloscope.study.run import measure

from .text import planned


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny study, measured."""
    folder = tmp_path_factory.mktemp("study")
    measure(planned(folder).places, Kept(folder / "cache"))
    return folder / "cache"
