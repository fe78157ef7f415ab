"""What many tests share: where the real data lie, and how many threads libraries for numbers start."""

import os
from pathlib import Path

import pytest

# Tests run beside each other, and threads that wait for a core cost more than they bring; where one thread is
# not what is wanted, say how many.
for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(name, "1")


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The real CMS files beside the checkout; a test that asks for them is skipped where they are absent."""
    folder = Path(__file__).resolve().parents[2] / "shared" / "data"
    if not (folder / "README.md").is_file():
        pytest.skip("the real CMS data (shared/data beside the checkout) are not here")
    return folder
