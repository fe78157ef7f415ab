"""The networks that the demo shows beside the default detector: where they lie, and how they are made.

    python -m caloscope.cli.demo_networks [FOLDER]      (what `make bundles` calls)

makes them anew from simulated lumisections of the demo's detector, which is the same whatever its seed.
"""

import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from caloscope import bundle as bundles
from caloscope.cli.demo_scenario import DETECTOR_SEED, ERA, LABEL
from caloscope.config.catalogue import load
from caloscope.geometry import view
from caloscope.simulate import STEADY, Fill, healthy_maps, lumisections

if TYPE_CHECKING:
    from caloscope.training.neural.checkpoint import Progress

FOLDER: Final = Path(__file__).with_name("demo_bundles")
MAPS: Final = ("EB/digi", "EE-/digi", "EE+/digi")

CHANNELS: Final = {"EB/digi": (8, 16, 32)}
SMALL: Final = (8, 16)
"""Half of what ECAL's networks have: these are part of the package."""

FIRST_RUN: Final = 319_001
RUNS, LUMIS = 40, 120
PILEUP: Final = (62.0, 40.0)
"""At the start of the first and of the last run; it falls by a third in each."""

LIFETIME: Final = 300.0
SEED: Final = 20
REASON: Final = "shown beside the default detector"


def shipped() -> list[Path]:
    """The bundles that came with the package."""
    return sorted(path for path in FOLDER.glob("*.bundle") if path.is_dir())


def fills() -> list[Fill]:
    """Good runs over the range of pileup of the demo's fill."""
    first, last = PILEUP
    return [
        Fill(
            FIRST_RUN + run,
            LUMIS,
            SEED,
            label=LABEL,
            pileup=first + (last - first) * (run * 7 % RUNS) / (RUNS - 1),
            lifetime=LIFETIME,
        )
        for run in range(RUNS)
    ]


def make(folder: Path, names: Sequence[str] = MAPS) -> None:
    """Simulate, train, calibrate, and write the bundles, for experts only; minutes on two cores."""
    from caloscope import calibrate, training

    for name in names:
        spec = load()[name]
        on = view(spec.view, ERA)
        detector = healthy_maps([(spec, on)], DETECTOR_SEED, stability=STEADY)
        good = (each for fill in fills() for each in lumisections(fill, detector))
        recipe = training.Recipe(channels=CHANNELS.get(name, SMALL), latent=16, epochs=60, patience=10)
        path = folder / f"{spec.slug}-resnet.bundle"
        training.train_network(
            calibrate.given_of(good, spec),
            ["simulated"],
            spec,
            on,
            path,
            detector="autoencoder",
            recipe=recipe,
            watching=training.Watching(epochs=partial(_tell, name)),
        )
        bundles.write_state(path, "commissioning", by="Caloscope", reason=REASON)
        (folder / f"{spec.slug}-resnet.learning.json").unlink()


def _tell(name: str, progress: "Progress") -> None:
    last = progress.history[-1]
    print(f"{name}: epoch {last.number}, held-out loss {last.held:.5f}, {last.seconds:.0f} s", flush=True)


if __name__ == "__main__":
    make(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER)
