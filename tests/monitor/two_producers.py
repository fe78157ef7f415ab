"""A small calorimeter whose two maps come from two producers, each in a file of its own."""

from collections.abc import Sequence
from pathlib import Path

from caloscope import training
from caloscope.bundle import Bundle
from caloscope.config.catalogue import MapSpec, load
from caloscope.faults import Fault
from caloscope.geometry import View, view
from caloscope.records import Lumisection
from caloscope.simulate import STEADY, Fill, healthy_maps, lumisections, write_lumisection

from ..pipeline.making import LABEL, TEXT

OTHER = "RIM/hits"

TWO = f'''{TEXT}
[views.RIM]
cell_name = "RIM cell ({{iy}}, {{ix}})"

[views.RIM.y]
name = "iy"
low = 0.5
high = 4.5
bins = 4

[views.RIM.x]
name = "ix"
low = 0.5
high = 4.5
bins = 4

[producers.Rim]
folders = ["Rim"]
events = ["Rim/Info/Events"]
pileup = ["Rim/Info/Pileup"]

[maps."{OTHER}"]
producer = "Rim"
noise = "overdispersed"
scope = "per_lumi"
histograms = ["Rim/Hits/hits"]
'''


def maps() -> list[tuple[MapSpec, View]]:
    """Both."""
    return [(spec, view(spec.view, "any", TWO)) for spec in load(TWO).values()]


def filled(lumis: int, faults: Sequence[Fault] = (), *, run: int) -> list[Lumisection]:
    """A fill of both."""
    healthy = healthy_maps(maps(), seed=1, stability=STEADY)
    fill = Fill(run=run, lumis=lumis, seed=run, events=5_000, label=LABEL)
    return list(lumisections(fill, healthy, faults))


def both_trained(folder: Path) -> list[Path]:
    """Bundles for both."""
    good, paths = filled(40, run=1), []
    for spec, on in maps():
        paths.append(folder / f"{spec.slug}.bundle")
        training.train(good, spec, on, paths[-1], calorimeter=TWO)
    return paths


def drop_both(folder: Path, lumisection: Lumisection) -> list[Path]:
    """Its files, one of each producer."""
    return write_lumisection(folder, lumisection, maps(), began_at=1_700_000_000.0)


def bundles_of(paths: Sequence[Path]) -> list[Bundle]:
    """Loaded."""
    from caloscope import bundle as bundles

    return [bundles.load(path) for path in paths]
