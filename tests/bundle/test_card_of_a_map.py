"""A card whose map, view and noise do not belong together."""

from pathlib import Path

import pytest

from caloscope import bundle as bundles

from .making import copied, edit, refused


@pytest.mark.parametrize(
    ("pattern", "to", "said"),
    [
        (
            'map = "EE\\+/digi"',
            'map = "EE-/digi"',
            "found view = 'EE\\+' beside map = 'EE-/digi', expected 'EE-'",
        ),
        ('noise = "overdispersed"', 'noise = "binomial"', "found settings.noise = 'binomial' beside map"),
    ],
)
def test_a_card_whose_parts_do_not_fit_is_refused(
    original: bundles.Bundle, tmp_path: Path, pattern: str, to: str, said: str
) -> None:
    folder = copied(original, tmp_path)
    edit(folder, pattern, to)
    refused(folder, said)
