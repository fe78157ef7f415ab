"""What is known of the conditions of each lumisection, whatever file it came in and whenever.

A lumisection's maps may come in several files, and what is known of the accelerator in another one. Here it
is put together; the newest lumisections are kept at hand, the others are in the store.
"""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final, Literal, TypeVar

from pydantic import TypeAdapter, ValidationError

from caloscope.errors import StoreError
from caloscope.pipeline.coherent import coherent
from caloscope.pipeline.told import LABEL, merged
from caloscope.records import Conditions, LumiId, LumiState
from caloscope.store import LumiRow, Store

KEPT: Final = 64
"""Lumisections at hand: more than can be scored again."""

NEAR: Final = 30
"""Lumisections before and after among which the setting of the trigger is looked for."""


@dataclass(frozen=True, slots=True)
class Page:
    """One lumisection: what each source told, each map's level and events, and which maps saw no beam."""

    id: LumiId
    told: Mapping[str, Conditions] = field(default_factory=dict)
    levels: Mapping[str, float] = field(default_factory=dict)
    events: Mapping[str, int] = field(default_factory=dict)
    dark: Mapping[str, bool] = field(default_factory=dict)

    @property
    def conditions(self) -> Conditions:
        """What all sources say together."""
        return merged(self.told)

    def state(self) -> tuple[LumiState, Literal["told", "label", "maps", "assumed"]]:
        """The state and who says so: sources, or the maps themselves where none does."""
        found = self.conditions
        if found.state is not LumiState.UNTOLD:
            return found.state, "label" if found.source == LABEL else "told"
        if self.dark and all(self.dark.values()):
            return LumiState.NO_BEAM, "maps"
        return (LumiState.COLLISIONS, "maps") if self.levels else (LumiState.UNTOLD, "assumed")


@dataclass(frozen=True, slots=True)
class _Kept:
    """What a row of the store has no column for."""

    told: dict[str, Conditions]
    dark: dict[str, bool]


_JSON = TypeAdapter(_Kept)
_T = TypeVar("_T")


class Book:
    """The pages of one label; `views` tells the view of each map."""

    def __init__(self, store: Store, label: str, views: Mapping[str, str]) -> None:
        self._store = store
        self._label = label
        self._views = views
        self._pages: OrderedDict[LumiId, Page] = OrderedDict()
        self._changed: set[LumiId] = set()
        self._newest = LumiId(-1, -1)
        self.recall()

    def page(self, lumi_id: LumiId) -> Page:
        """What is known of a lumisection."""
        found = self._pages.get(lumi_id)
        if found is not None:
            return found
        if lumi_id > self._newest:
            return Page(lumi_id)
        rows = self._store.lumis(self._label, lumi_id.run, first=lumi_id.lumi, last=lumi_id.lumi)
        return _page(rows[0]) if rows else Page(lumi_id)

    def put(self, page: Page) -> None:
        """Keep a page as it is now; it waits for the store where it is not as it was."""
        if self._pages.get(page.id) != page:
            self._changed.add(page.id)
        self._pages[page.id] = page
        self._newest = max(self._newest, page.id)

    def rows(self) -> list[LumiRow]:
        """The pages that wait for the store."""
        return [self._row(self._pages[each]) for each in sorted(self._changed)]

    def recorded(self) -> None:
        """What waited is in the store."""
        self._changed.clear()
        for each in sorted(self._pages)[:-KEPT]:
            del self._pages[each]

    def recall(self) -> None:
        """Go on from what is in the store."""
        self._changed.clear()
        pages = [_page(row) for row in self._store.newest_lumis(self._label, KEPT)]
        self._pages = OrderedDict((page.id, page) for page in pages)
        self._newest = max(self._pages, default=LumiId(-1, -1))

    def shift(self, page: Page) -> float:
        """What all maps do together, 0 where they are of one view."""
        return coherent(page.levels) if self.several(page.levels) else 0.0

    def several(self, maps: Mapping[str, object]) -> bool:
        """Whether maps are of more than one piece of the detector."""
        return len({self._views.get(name, name) for name in maps}) > 1

    def retriggered(self, page: Page) -> bool:
        """Whether sources tell that the trigger has another setting than before in the run."""
        now = page.conditions.trigger
        if not now:
            return False
        run, lumi = page.id
        before = (each.conditions.trigger for each in reversed(self._within(run, lumi - NEAR, lumi - 1)))
        return next(filter(None, before), now) != now

    def next_told(self, lumi_id: LumiId) -> Page | None:
        """The next lumisection of which a source tells the trigger."""
        run, lumi = lumi_id
        after = self._within(run, lumi + 1, lumi + NEAR)
        return next((page for page in after if page.conditions.trigger), None)

    def _within(self, run: int, first: int, last: int) -> list[Page]:
        """The pages of some lumisections, ascending; what is not at hand is in the store."""
        found: dict[LumiId, Page] = {}
        if len(self._pages) >= KEPT and LumiId(run, first) < sorted(self._pages)[-KEPT]:
            found = {
                row.id: _page(row) for row in self._store.lumis(self._label, run, first=first, last=last)
            }
        mine = (each for each in self._pages if each.run == run and first <= each.lumi <= last)
        found |= {each: self._pages[each] for each in mine}
        return [found[each] for each in sorted(found)]

    def _row(self, page: Page) -> LumiRow:
        state, origin = page.state()
        told = page.conditions
        return LumiRow(
            label=self._label,
            run=page.id.run,
            lumi=page.id.lumi,
            state=state,
            origin=origin,
            detail=told.detail or (f"as {told.source} says" if told.source else ""),
            off=tuple(sorted(told.off)),
            trigger=told.trigger,
            fill=told.fill,
            events=_sorted(page.events),
            levels=_sorted(page.levels),
            shift=self.shift(page),
            book=_JSON.dump_json(_Kept(_sorted(page.told), _sorted(page.dark))).decode(),
        )


def _sorted(found: Mapping[str, _T]) -> dict[str, _T]:
    """By name, not in the order in which they came."""
    return dict(sorted(found.items()))


def _page(row: LumiRow) -> Page:
    """A page as the store has it; raises `StoreError` where it cannot be read."""
    where = LumiId(row.run, row.lumi)
    page = Page(where, levels=dict(row.levels), events=dict(row.events))
    if not row.book:
        return page
    try:
        kept = _JSON.validate_json(row.book)
    except ValidationError as error:
        what = f"conditions of {row.run}:{row.lumi}: found {row.book[:40]!r}"
        raise StoreError(f"{what}, expected what the pipeline wrote") from error
    return replace(page, told=kept.told, dark=kept.dark)
