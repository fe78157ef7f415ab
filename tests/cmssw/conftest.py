"""A batch in a folder, and a worker node for it."""

from pathlib import Path

import numpy as np
import pytest

from caloscope.cmssw import write_batch
from caloscope.writers.dqm import Histogram2D, write_dqm
from tests.cmssw.site import Site, plan


@pytest.fixture
def jobdir(tmp_path: Path) -> Path:
    """A folder with a plain batch in it, under a name that needs quoting."""
    folder = tmp_path / "job dir's $HOME"
    write_batch(folder, plan(tmp_path))
    return folder


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What cmsRun makes."""
    path = tmp_path_factory.mktemp("made") / "made.root"
    counts = np.full((34, 72), 3, dtype=np.float32)
    title = "EBOT digi occupancy by lumi"
    plot = Histogram2D(title, "iphi", "ieta", (0.0, 360.0), (-85.0, 85.0), counts)
    write_dqm(path, 306138, {f"EcalBarrel/EBOccupancyTask/{title}": plot})
    return path


@pytest.fixture
def site(tmp_path: Path, made: Path) -> Site:
    return Site(tmp_path, made)
