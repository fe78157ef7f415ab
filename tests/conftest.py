"""What many tests share: where the real data lie."""

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The real CMS files beside the checkout; a test that asks for them is skipped where they are absent."""
    folder = Path(__file__).resolve().parents[2] / "shared" / "data"
    if not (folder / "README.md").is_file():
        pytest.skip("the real CMS data (shared/data beside the checkout) are not here")
    return folder
