"""The flags of one direction in one lumisection, given out to incidents."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from caloscope.geometry import View
from caloscope.incidents.holding import Hold, heirs_of, hold_of, merged
from caloscope.incidents.resting import Resting
from caloscope.incidents.shape import Filled, Indices, filled_regions, gathered, near_places, places_of
from caloscope.incidents.track import Flags, Track
from caloscope.records import Direction, Mask

CLOSE_AFTER = 3
"""Scored lumisections without a flag after which an incident is over."""

FEW = 0.3
"""Share of its cells below which an incident is mostly cured."""

PIECES_FROM = 1 / 3
"""Share of a region from which new flags in one lumisection are one fault though they do not touch."""

JOIN_WITHIN = 10
"""An incident takes in what is new, and is taken in, only this many lumisections after it opened
or came back."""


class Giving:
    """Gives them out.

    `held` stay open, `cured` are over, `ended` went on in others, `resting` were over before.
    """

    def __init__(
        self, flags: Flags, flagged: Mask, direction: Direction, view: View, sizes: NDArray[np.int64]
    ) -> None:
        self._flags = flags
        self._left = flagged.ravel()
        self._testable = flags.testable.ravel()
        self._view = view
        self._sizes = sizes
        self.direction = direction
        self.held: list[Hold] = []
        self.cured: list[Track] = []
        self.ended: list[Track] = []
        self.resting = Resting((), view)

    def run(self, tracks: Sequence[Track], resting: Sequence[Track]) -> None:
        """First whole regions, which take in the young incidents inside; then known cells; then the rest."""
        mine = [track for track in tracks if track.incident.direction is self.direction]
        over = [track for track in resting if track.incident.direction is self.direction]
        self.resting = Resting(over, self._view)
        waiting = [hold_of(track, self._view, young=self._is_young(track)) for track in mine]
        for region in filled_regions(np.flatnonzero(self._left), self._sizes, self._view):
            waiting = self._fill(region, waiting)
        for hold in waiting:
            self._keep(hold)
        self._join_or_open(np.flatnonzero(self._left))

    def _is_young(self, track: Track) -> bool:
        """Whether an incident may still grow."""
        first, since = self._flags.id.lumi - self._flags.span + 1, track.since
        return since.run == self._flags.id.run and first - since.lumi <= JOIN_WITHIN

    def _fill(self, region: Filled, waiting: list[Hold]) -> list[Hold]:
        """One incident for a region that is filled: the oldest of its heirs, or a new one.

        What else is inside is another fault and keeps its own flags.
        """
        mask = np.zeros(self._left.size, np.bool_)
        mask[region.places] = True
        inside = [hold for hold in waiting if 2 * mask[hold.places].sum() > hold.places.size]
        heirs = heirs_of(inside, region, mask)
        for other in inside:
            if other not in heirs:
                mask[other.places] = False
        mine = np.flatnonzero(mask)
        if not mine.size:
            return waiting
        hold = self._grown(heirs) if heirs else self._opened(mine)
        hold.mine, hold.more, hold.region = mine, True, region.name
        self._left[mine] = False
        self.held.append(hold)
        return [each for each in waiting if each not in heirs]

    def _grown(self, heirs: Sequence[Hold]) -> Hold:
        """The oldest of the heirs of a region, with its own cells."""
        hold, ended = merged(heirs)
        if hold.track is not None:
            hold.track = replace(hold.track, small=0)
            if ended:
                hold.places = places_of(hold.track.incident.cells, self._view.shape)
        self.ended += ended
        return hold

    def _keep(self, hold: Hold) -> None:
        """Carry a track on if it has flags, else count a quiet lumisection if any of its cells was tested.

        A new run without a flag ends it at once, if they were. What is left of a large incident that is
        mostly cured becomes an incident of its own.
        """
        track, flags = hold.track, self._flags
        if track is None:
            return
        hold.mine = hold.places[self._left[hold.places]]
        tested = int(self._testable[hold.places].sum())
        small = track.small + flags.span if hold.mine.size < FEW * tested else 0
        quiet = track.quiet + (flags.span if tested else 0)
        other_run = tested > 0 and track.incident.last.run != flags.id.run
        if hold.mine.size and small < CLOSE_AFTER:
            self._left[hold.mine] = False
            quiet = 0
        elif hold.mine.size or other_run or quiet >= CLOSE_AFTER:
            (self.ended if hold.mine.size or other_run else self.cured).append(track)
            return
        if (quiet, small) != (track.quiet, track.small):
            hold.track = replace(track, quiet=quiet, small=small)
        self.held.append(hold)

    def _join_or_open(self, left: Indices) -> None:
        """Groups that are left over join the young incidents that they touch, or open a new one."""
        if not left.size:
            return
        small = [hold for hold in self.held if hold.young and not hold.is_region()]
        large = [hold for hold in self.held if hold.young and hold.is_region()]
        places = np.concatenate([left, *(hold.places for hold in small)])
        each = [1] * left.size + [hold.places.size for hold in small]
        labels = gathered(places, np.repeat(np.arange(len(each)), each), self._view)
        self._tie(left, labels)
        touched: dict[int, list[Hold]] = {}
        for hold, label in zip(small, labels[left.size :].tolist(), strict=True):
            touched.setdefault(label, []).append(hold)
        beside = self._first_near(left, large)
        order = np.argsort(labels[: left.size], kind="stable")
        starts = np.flatnonzero(np.diff(labels[order], prepend=-1))
        for group in np.split(order, starts[1:]):
            near = touched.get(int(labels[group[0]]), [])
            first = len(large) if near else int(beside[group].min())
            self._give(left[group], near or large[first : first + 1])

    def _tie(self, left: Indices, labels: NDArray[np.int32]) -> None:
        """Groups of new flags that are pieces of one region get one label; in place."""
        for region in filled_regions(left, self._sizes, self._view, PIECES_FROM):
            found = np.unique(labels[: left.size][np.isin(left, region.places)])
            labels[np.isin(labels, found)] = found[0]

    def _give(self, group: Indices, to: Sequence[Hold]) -> None:
        """Give a group to incidents, which become one, or open a new one."""
        if not to:
            hold = self._opened(group)
            hold.mine, hold.more = group, True
            self.held.append(hold)
            return
        hold, ended = merged(to)
        hold.mine, hold.more = np.union1d(hold.mine, group), True
        self.ended += ended
        self.held = [each for each in self.held if each not in to] + [hold]

    def _opened(self, group: Indices) -> Hold:
        """A new incident for these flags, or one that was over and comes back."""
        found = self.resting.coming_back(group)
        if found is None:
            return Hold(None)
        return hold_of(found.again(self._flags.id), self._view, young=True)

    def _first_near(self, left: Indices, large: Sequence[Hold]) -> Indices:
        """For each place the number of the first of the regions that it (nearly) touches, or how many."""
        if not large:
            return np.zeros(left.size, np.intp)
        number = np.full(self._left.size, len(large), np.intp)
        for n, hold in reversed(list(enumerate(large))):
            number[near_places(hold.every(), self._view)] = n
        return np.asarray(number[near_places(left, self._view)].min(axis=1))
