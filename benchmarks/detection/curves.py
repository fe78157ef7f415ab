"""Learning curves of all networks of the table: `python -m benchmarks.detection.curves FOLDER PICTURE`."""

import argparse
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from benchmarks.detection.networks import RECIPES
from caloscope.figures import style

MAPS: Final = {"EEp": "EE+", "EE-": "EE-", "EB": "EB", "HCAL": "HCAL", "HO": "HO"}
COLOURS: Final = (style.BLUE, style.VERMILLION, style.GREEN, style.PALE, style.SKY, style.PURPLE, style.INK)


def main() -> None:
    """Draw held-out losses against minutes; each as a share of what its network gained."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.detection.curves", description=main.__doc__)
    parser.add_argument("folder", type=Path, help="where the bundles and their NAME.learning.json are")
    parser.add_argument("picture", type=Path)
    arguments = parser.parse_args()
    arguments.picture.write_bytes(figure(_read(arguments.folder)))


def _read(folder: Path) -> dict[tuple[str, str], Sequence[Mapping[str, float]]]:
    """Curves by map and title."""
    found: dict[tuple[str, str], Any] = {}
    for key, name in MAPS.items():
        for title in RECIPES:
            for path in sorted(folder.rglob(f"{key}-*-{title}.learning.json")):
                found[name, title] = json.loads(path.read_text())["curve"]
    return found


def figure(curves: Mapping[tuple[str, str], Sequence[Mapping[str, float]]]) -> bytes:
    """A PNG with a panel for each map."""
    maps = [name for name in MAPS.values() if any(on == name for on, _ in curves)]
    with style.look():
        drawn = style.new(9.0, 5.6)
        style.headline(
            drawn, "How the networks learned", "loss on held-out runs; 0: its best, 1: after the first epoch"
        )
        grid = drawn.add_gridspec(2, 3)
        for place, name in enumerate(maps):
            axes = drawn.add_subplot(grid[divmod(place, 3)])
            for colour, title in zip(COLOURS, RECIPES, strict=True):
                if (name, title) in curves:
                    minutes, share = _course(curves[name, title])
                    axes.plot(minutes, share, color=colour, lw=1.4, label=title)
            axes.set_title(name)
            axes.set_xlabel("minutes")
            axes.set_ylim(-0.04, 1.3)
        handles, labels = drawn.axes[0].get_legend_handles_labels()
        last = drawn.add_subplot(grid[divmod(len(maps), 3)])
        last.axis("off")
        last.legend(handles, labels, loc="center", frameon=False)
        return style.png(drawn)


def _course(curve: Sequence[Mapping[str, float]]) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    minutes = np.cumsum([row["seconds"] for row in curve]) / 60.0
    held = np.array([row["held"] for row in curve])
    span = max(held[0] - held.min(), 1e-12)
    return minutes, (held - held.min()) / span


if __name__ == "__main__":
    main()
