"""Finding a catalogue's histogram where a format knows bare names only, without folders."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from functools import lru_cache

from caloscope.config.catalogue import MapSpec, load
from caloscope.readers.maps.depths import PLACE
from caloscope.readers.shelf import Histogram, Shelf

_MOST_DEPTHS = 20


class Finder:
    """Histograms of a shelf by the catalogue's paths."""

    def __init__(self, shelf: Shelf, maps: Collection[MapSpec]) -> None:
        self._shelf = shelf
        self._bare: Mapping[str, frozenset[str]] = {} if shelf.tops else _bare_names(tuple(maps))

    def find(self, path: str) -> Histogram | None:
        """The histogram at a path, None where there is none.

        Where the format has no folders, also the one called like the last part of the path, unless the
        catalogue has that name in two places: depth 1 of the digis and of the rec hits are both `depth1`.
        """
        found = self._shelf.histogram(path)
        if found is None and self._bare:
            name = path.rpartition("/")[2]
            if len(self._bare.get(name, ())) == 1:
                return self._shelf.histogram(name)
        return found


@lru_cache(maxsize=64)
def _bare_names(maps: tuple[MapSpec, ...]) -> Mapping[str, frozenset[str]]:
    """For each bare name the places that it has in the catalogue, top folders left out."""
    places: defaultdict[str, set[str]] = defaultdict(set)
    for spec in (*maps, *load().values()):
        for pattern in () if spec.is_plain else spec.all_paths():
            for depth in range(1, _MOST_DEPTHS + 1) if PLACE in pattern else (0,):
                place = pattern.replace(PLACE, str(depth)).partition("/")[2]
                places[place.rpartition("/")[2]].add(place)
    return {name: frozenset(found) for name, found in places.items()}
