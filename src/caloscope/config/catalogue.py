"""The map catalogue: for each map, which histograms of which producer feed it, and how its counts vary."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from types import MappingProxyType
from typing import Literal

from caloscope.config.catalogue_text import CatalogueText, MapText, parse
from caloscope.errors import UsageError

CMS_PRODUCERS = frozenset({"Ecal", "Hcal"})
"""Names that mean CMS's own producers: their output has layouts of its own."""


@dataclass(frozen=True)
class MapSpec:
    """One map: `name` is `<view>/<quantity>`.

    `folders` are the top folders of its producer in a DQM file. `histograms` are alternatives, the first
    that a file holds is used; each is `<top folder>/<path>/<name>` and holds `{depth}` where the view has
    depths. `hdf5` is the key in an ML4DQM file, None where there is none. `events` and `pileup` are paths
    of scalars, alternatives too. Use `paths` and `key`, which know what is different in an era.
    """

    name: str
    view: str
    quantity: str
    producer: str
    folders: tuple[str, ...]
    noise: Literal["binomial", "overdispersed"]
    scope: Literal["per_lumi", "cumulative"]
    histograms: tuple[str, ...]
    hdf5: str | None
    events: tuple[str, ...]
    pileup: tuple[str, ...]
    histograms_by_era: tuple[tuple[str, tuple[str, ...]], ...] = ()
    hdf5_by_era: tuple[tuple[str, str], ...] = ()

    @property
    def slug(self) -> str:
        """The name as addresses and file names write it: `EE+/digi` is `EEp-digi`."""
        return f"{self.view.replace('+', 'p').replace('-', 'm')}-{self.quantity}"

    def paths(self, era: str) -> tuple[str, ...]:
        """Alternatives for the histogram in an era, the best first."""
        return dict(self.histograms_by_era).get(era, self.histograms)

    def key(self, era: str) -> str | None:
        """Key in an ML4DQM file in an era, None where there is none."""
        return dict(self.hdf5_by_era).get(era, self.hdf5)


def _spec(name: str, one: MapText, catalogue: CatalogueText) -> MapSpec:
    producer = catalogue.producers[one.producer]
    view, quantity = name.split("/")
    return MapSpec(
        name=name,
        view=view,
        quantity=quantity,
        producer=one.producer,
        folders=producer.folders,
        noise=one.noise,
        scope=one.scope,
        histograms=one.histograms,
        hdf5=one.hdf5,
        events=producer.events,
        pileup=producer.pileup,
        histograms_by_era=tuple((era, t.histograms) for era, t in one.by_era.items() if t.histograms),
        hdf5_by_era=tuple((era, t.hdf5) for era, t in one.by_era.items() if t.hdf5),
    )


@lru_cache(maxsize=64)
def load(calorimeter: str | None = None) -> Mapping[str, MapSpec]:
    """The maps by name, in the order of the text: those of CMS, or of a calorimeter's TOML text.

    Raises UsageError for a text that will not do, naming key, value and what was expected, and for two
    maps whose slugs are the same.
    """
    if calorimeter is None:
        text, label = files("caloscope.config").joinpath("cms.toml").read_text("utf-8"), "cms.toml"
    else:
        text, label = calorimeter, "calorimeter text"
    catalogue = parse(text, label)
    if calorimeter is not None:
        taken = CMS_PRODUCERS.intersection(catalogue.producers)
        if taken:
            raise UsageError(f"{label}: producer {min(taken)!r} is one of CMS's: choose another name")
    specs = {name: _spec(name, one, catalogue) for name, one in catalogue.maps.items()}
    slugs: dict[str, str] = {}
    for spec in specs.values():
        other = slugs.setdefault(spec.slug, spec.name)
        if other != spec.name:
            raise UsageError(f"{label}: maps {other} and {spec.name} have one slug, {spec.slug}: rename one")
    return MappingProxyType(specs)
