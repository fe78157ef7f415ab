"""The map catalogue: for each map, which histograms of which producer feed it, and how its counts vary."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import lru_cache
from importlib.resources import files
from types import MappingProxyType
from typing import Literal

from caloscope.config.catalogue_text import CatalogueText, MapText, parse
from caloscope.errors import UsageError

CMS_PRODUCERS = frozenset({"Ecal", "Hcal"})
"""Names that mean CMS's own producers: their output has layouts of its own."""

PLAIN = "plain"
"""The view of a histogram that no view describes: its cells are its bins, and nothing else is known."""


@dataclass(frozen=True)
class MapSpec:
    """One map: `name` is `<view>/<quantity>`.

    `folders` are the top folders of its producer in a DQM file. `histograms` are alternatives, the first
    that a file holds is used; each is `<top folder>/<path>/<name>` and holds `{depth}` where the view has
    depths. `hdf5` is the key in an ML4DQM file, None where there is none. `events` and `pileup` are paths
    of scalars, alternatives too; `events_accumulating` are those that grow through a run as counts that do.
    Use `paths` and `key`, which know what is different in an era.

    `scope` *cumulative*: all these histograms grow through a run in every file. *per_lumi*: those among
    `accumulating` still grow in a file that covers a run (`accumulates`), the others start again each
    lumisection. A histogram may have `block` x `block` finer bins (crystals) per cell: they are summed.
    On the view `PLAIN`, `histograms` holds one pattern, as in a shell, and each histogram that matches it is
    a map of its own (`plain_name`).
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
    block: int = 1
    accumulating: tuple[str, ...] = ()
    histograms_by_era: tuple[tuple[str, tuple[str, ...]], ...] = ()
    hdf5_by_era: tuple[tuple[str, str], ...] = ()
    events_accumulating: tuple[str, ...] = ()

    @property
    def slug(self) -> str:
        """The name as addresses and file names write it: `EE+/digi` is `EEp-digi`."""
        return f"{self.view.replace('+', 'p').replace('-', 'm')}-{self.quantity}"

    def paths(self, era: str) -> tuple[str, ...]:
        """Alternatives for the histogram in an era, the best first."""
        return dict(self.histograms_by_era).get(era, self.histograms)

    def accumulates(self, pattern: str) -> bool:
        """Whether the histogram under one of `paths` holds all since the start where a file covers a run."""
        return self.scope == "cumulative" or pattern in self.accumulating

    def all_paths(self) -> tuple[str, ...]:
        """Every histogram path, whatever the era."""
        return (*self.histograms, *(path for _, paths in self.histograms_by_era for path in paths))

    @property
    def is_plain(self) -> bool:
        """Whether this is a pattern for histograms that no view describes."""
        return self.view == PLAIN

    def key(self, era: str) -> str | None:
        """Key in an ML4DQM file in an era, None where there is none."""
        return dict(self.hdf5_by_era).get(era, self.hdf5)


def plain(pattern: str) -> MapSpec:
    """A specification for all histograms whose path `<top folder>/<path>/<name>` matches a shell pattern."""
    return MapSpec(
        name=f"{PLAIN}/{pattern}",
        view=PLAIN,
        quantity=pattern,
        producer="",
        folders=(),
        noise="overdispersed",
        scope="per_lumi",
        histograms=(pattern,),
        hdf5=None,
        events=(),
        pileup=(),
    )


def plain_name(path: str) -> str:
    """The map of the histogram at a path: `Hcal/RunInfo/plot` is `plain/Hcal.RunInfo.plot`.

    Where other signs than letters, digits and `_+-` had to be replaced, a digest of the path follows, so that
    no two histograms have one name.
    """
    digest = (
        f"-{hashlib.sha256(path.encode()).hexdigest()[:6]}" if re.search(r"[^A-Za-z0-9_+/-]", path) else ""
    )
    return f"{PLAIN}/{plain_words(path)}{digest}"


def plain_words(path: str) -> str:
    """A path as the names of plain maps write it, without the digest: other signs become `_`, `/` a dot."""
    return re.sub(r"[^A-Za-z0-9_.+-]", "_", path.replace("/", "."))


def choose(catalogue: Mapping[str, MapSpec], pattern: str) -> list[MapSpec]:
    """The maps whose name, or one of whose histograms' paths, matches a shell pattern such as `EE*`.

    Raises UsageError, naming the maps there are, where none does.
    """
    found = [
        spec
        for spec in catalogue.values()
        if any(fnmatchcase(text, pattern) for text in (spec.name, *spec.all_paths()))
    ]
    if not found:
        known = ", ".join(catalogue)
        raise UsageError(f"map {pattern!r} is not known, expected one of {known}, or a pattern for them")
    return found


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
        block=one.block,
        accumulating=one.accumulating,
        histograms_by_era=tuple((era, t.histograms) for era, t in one.by_era.items() if t.histograms),
        hdf5_by_era=tuple((era, t.hdf5) for era, t in one.by_era.items() if t.hdf5),
        events_accumulating=producer.events_accumulating,
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
