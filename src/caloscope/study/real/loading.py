"""Samples from measured files: counts as they stand, or whole numbers recovered from normalised ones."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from caloscope.config.catalogue import MapSpec, load
from caloscope.errors import UsageError
from caloscope.geometry import View, view
from caloscope.readers import read
from caloscope.study.real.measured import Fault, Measured, Whole
from caloscope.study.real.text import SIGNS, SampleText, cells_of
from caloscope.validation.sources.crystals import crystal_samples

EVENTS: Final = 500
"""Events of an ordinary lumisection, where a file does not say how many it has."""

SAME: Final = 0.9
"""Share of the cells that count at all whose counts are equal in what is the same lumisection twice."""


@dataclass(frozen=True, slots=True, eq=False)
class _Counted:
    counts: Whole
    events: Whole
    told: bool
    notes: tuple[str, ...]


def loaded(title: str, text: SampleText, folder: Path) -> Measured:
    """The sample of a text.

    Raises `UsageError` for what the file does not hold, `SourceError` for no counts.
    """
    path = folder / text.file
    if not path.is_file():
        raise UsageError(f"{path}: found no file, expected that of sample {title!r}")
    own = _counted(path, text.spec, text.on)
    _require(path, text, own.counts)
    whole = Measured(
        title=title,
        spec=text.spec,
        on=text.on,
        file=text.file,
        together=text.together,
        counts=own.counts,
        events=own.events,
        told=own.told,
        faults=tuple(_faults(text, place) for place in range(len(own.counts))),
        known=_cells(text.on, text.known),
        notes=own.notes,
    )
    return (
        _less(whole, _counted(path, load()[text.minus], text.on).counts, text.minus) if text.minus else whole
    )


def _less(of: Measured, hits: Whole, name: str) -> Measured:
    """The difference of a sample and another map of its lumisections.

    What is lost of digis is rare, and comes in bunches where one event loses the rec hits of a whole wedge.
    So the counts of a difference are taken for overdispersed ones: they are no trials in events.
    """
    return replace(
        of,
        spec=replace(of.spec, noise="overdispersed"),
        counts=np.maximum(of.counts - hits, 0),
        minus=name,
        digis=of.counts,
        hits=hits,
        negative=int(np.count_nonzero(of.counts < hits)),
    )


def repeated(samples: Sequence[Measured]) -> list[str]:
    """Sentences that name lumisections which two samples share."""
    found = []
    for number, one in enumerate(samples):
        for other in samples[:number]:
            if one.spec.name != other.spec.name or one.minus or other.minus or one.file == other.file:
                continue
            pairs = [(a, b) for a in range(one.lumis) for b in range(other.lumis)]
            same = [(a + 1, b + 1) for a, b in pairs if _same(one.counts[a], other.counts[b])]
            if same:
                first, second = (" and ".join(map(str, places)) for places in zip(*same, strict=True))
                words = f"Lumisections {first} of {one.title} are {second} of {other.title}"
                found.append(f"{words}, and count twice; each sample learns from its own alone.")
    return found


def _counted(path: Path, spec: MapSpec, on: View) -> _Counted:
    if spec.block > 1:
        return _towers(path, spec, on)
    records = [each.maps.get(spec.name) for each in read(path, [spec], label="study", era=on.era, views=view)]
    known = [each for each in records if each is not None]
    if not known or len(known) < len(records):
        raise UsageError(f"{path}: found {spec.name} in {len(known)} lumisections, expected it in all")
    counts = np.array([each.counts for each in known], np.int64) * on.exists
    said = [each.events for each in known if each.events]
    if len(said) == len(known):
        return _Counted(counts, np.array(said, np.int64), True, ())
    return _levelled(path, counts, on)


def _towers(path: Path, spec: MapSpec, on: View) -> _Counted:
    """Crystals summed to towers, whatever somebody made of the counts."""
    found = crystal_samples(path, [(spec, on)])
    if not found:
        raise UsageError(f"{path}: found no {spec.name} by crystal, expected it")
    counts = np.rint(found[0].stack.counts).astype(np.int64) * on.exists
    return _levelled(path, counts, on, found[0].notes[:1])


def _levelled(path: Path, counts: Whole, on: View, notes: tuple[str, ...] = ()) -> _Counted:
    """With events that stand for the level of each lumisection: the median over the smallest regions.

    An empty region says nothing, and a few faulty ones do not move a median.
    """
    kind = on.regions[0].kind
    sums = np.array(
        [[one[each.members].sum() for each in on.regions if each.kind == kind] for one in counts], float
    )
    sums = sums[:, sums.any(axis=0)]
    if not sums.any(axis=1).all():
        raise UsageError(f"{path}: found a lumisection that counts nothing, expected counts in each")
    sums[sums == 0] = np.nan
    level = np.nanmedian(sums / np.nanmedian(sums, axis=0), axis=1)
    return _Counted(counts, np.rint(EVENTS * level).astype(np.int64), False, notes)


def _require(path: Path, text: SampleText, counts: Whole) -> None:
    """What is judged must not be learned from, in whatever disguise, and faults must be somewhere."""
    lumis = len(counts)
    if lumis < text.together + 2:
        expected = f"{text.together + 2} or more: {text.together} to judge, two to learn from"
        raise UsageError(f"{path}: found {lumis} lumisections, expected {expected}")
    missing = [number for number in text.faults if int(number) > lumis]
    if missing:
        raise UsageError(f"{path}: found faults in lumisection {missing[0]}, expected 1 to {lumis}")
    for one in range(lumis):
        for other in range(one):
            if _same(counts[one], counts[other]):
                what = f"lumisection {other + 1} again as {one + 1}"
                raise UsageError(f"{path}: found {what}, expected each of them once")


def _same(one: NDArray[np.int64], other: NDArray[np.int64]) -> bool:
    counting = (one > 0) & (other > 0)
    return bool(counting.any()) and float(np.mean(one[counting] == other[counting])) > SAME


def _faults(text: SampleText, place: int) -> tuple[Fault, ...]:
    named = (words.rpartition(" ") for words in text.faults.get(str(place + 1), ()))
    return tuple(Fault(name, SIGNS[sign], cells_of(text.on, name)) for name, _, sign in named)


def _cells(on: View, names: Iterable[str]) -> NDArray[np.bool_]:
    found = np.zeros(on.shape, np.bool_)
    for name in names:
        found |= cells_of(on, name)
    return found
