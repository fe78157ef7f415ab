"""From the store's rows to what a file is made of."""

import re

from caloscope.config import catalogue
from caloscope.config.catalogue import MapSpec
from caloscope.geometry import view
from caloscope.outputs.scored import Scored
from caloscope.store import BundleRow, Store
from caloscope.store.aggregate import LumiColumns, flag_spans, lumi_columns


def gather(store: Store, label: str, run: int) -> list[Scored]:
    """All maps of a run that have results, in the catalogue's order, the primary bundle of each map first.

    The primary bundle of a map is, of those that scored the run, the one that scored for this label first,
    an active one before one that is retired; the others get a folder of their name. Maps that no catalogue
    knows are left out, and so is what bundles in commissioning say: shifters and summaries read these files.
    """
    recorded = lumi_columns(store, label, run)
    # Asked for last: a bundle is known before it records anything.
    bundles = {bundle.hash: bundle for bundle in store.bundles()}
    recorded = [columns for columns in recorded if bundles[columns.newest.bundle].speaks]
    recorded.sort(key=lambda columns: bundles[columns.newest.bundle].state == "retired")
    folders: dict[str, list[str]] = {}
    found: list[tuple[int, Scored]] = []
    for columns in recorded:
        name, bundle = columns.newest.map, bundles[columns.newest.bundle]
        specs = catalogue.load(bundle.calorimeter)
        if name in specs:
            sub = _folder(bundle, folders.setdefault(name, []))
            found.append((list(specs).index(name), _scored(store, specs[name], bundle, sub, columns)))
    return [scored for _, scored in sorted(found, key=lambda pair: pair[0])]


def _scored(store: Store, spec: MapSpec, bundle: BundleRow, sub: str, columns: LumiColumns) -> Scored:
    """One map; of all its arrays only the newest lumisection's are read."""
    key = columns.newest
    return Scored(
        spec=spec,
        view=view(bundle.view, bundle.era, bundle.calorimeter),
        bundle=bundle,
        sub=sub,
        columns=columns,
        arrays=store.arrays(key),
        spans=flag_spans(store, key.label, key.run, key.map, key.bundle),
    )


def _folder(bundle: BundleRow, taken: list[str]) -> str:
    """The folder of the next bundle of a map: none for the first, else its name, told apart by its hash."""
    name = re.sub(r"[^\w.+-]+", "-", bundle.name) or bundle.hash[:8]
    told_apart = f"{name}-{bundle.hash[:8]}" if name in taken else name
    folder = told_apart if taken else ""
    taken.append(folder)
    return folder
