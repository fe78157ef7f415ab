"""What writes to the store: every method is one transaction."""

import time
from collections.abc import Iterable, Sequence

from sqlalchemy import insert, select, update

from caloscope.errors import StoreError
from caloscope.records import Cell, Incident, LumiId, MapResult
from caloscope.store.book_columns import bundle_values
from caloscope.store.columns import dump_cells, insert_row, load_cells
from caloscope.store.entries import Entry
from caloscope.store.recording import Numbers, Recording
from caloscope.store.rows import BundleRow, BundleState, Checkpoint, MaskRow
from caloscope.store.schema import bundles, changes, masks
from caloscope.store.transactions import Opened


class Writing(Opened):
    """The half of a store that one process at a time should use; a second one waits for its turn.

    A method that returns has written everything, one that raises (`StoreError`) nothing.
    """

    def __init__(self, url: str, *, read_only: bool = False) -> None:
        super().__init__(url, read_only=read_only)
        self._numbers: Numbers = {}

    def register_bundle(self, bundle: BundleRow) -> None:
        """Make a bundle known, before its first result.

        One that is known already gets its new name, card and state. Raises `StoreError` when the hash is
        known for another map or geometry.
        """
        values = bundle_values(bundle)
        fixed = ("map", "detector", "view", "era", "noise", "calorimeter")
        same = bundles.c.hash == bundle.hash
        with self._write() as connection:
            known = connection.execute(select(bundles).where(same)).mappings().one_or_none()
            if known is None:
                connection.execute(insert(bundles).values(values))
            elif any(known[name] != values[name] for name in fixed):
                raise StoreError(
                    f"{self._name}: found bundle {bundle.hash} ({bundle.name}) for {bundle.map}, "
                    f"expected the one registered as {known['name']} for {known['map']}"
                )
            elif dict(known) != values:
                connection.execute(update(bundles).where(same).values(values))
                if known["state"] != values["state"]:
                    connection.execute(insert(changes).values(kind="bundle", map=bundle.map))

    def note_state(self, hash: str, state: BundleState, *, by: str, reason: str, at: float | None) -> bool:  # noqa: A002 - the field's word
        """Note the state of a bundle, by its hash; answers whether the store knows that bundle at all."""
        same = bundles.c.hash == hash
        values = {"state": state, "state_by": by, "state_reason": reason, "state_at": at}
        with self._write() as connection:
            known = connection.execute(select(bundles).where(same)).mappings().one_or_none()
            if known is None:
                return False
            if any(known[name] != value for name, value in values.items()):
                connection.execute(update(bundles).where(same).values(values))
                connection.execute(insert(changes).values(kind="bundle", map=known["map"]))
            return True

    def record(
        self,
        results: Sequence[MapResult],
        incidents: Sequence[Incident] = (),
        checkpoints: Sequence[Checkpoint] = (),
        revised_from: LumiId | None = None,
    ) -> None:
        """Record results with their flags, the incidents as they are now, and the states after them.

        A result whose key is known is ignored when its `content` is the same. It takes the place of a result
        that was MAP_MISSING, or of any at or after `revised_from`; else it is refused with `StoreError`.

        A revision brings all results of its maps from `revised_from` on, and their incidents that are open or
        were opened or changed since. Flags are built again from there, incidents opened since then that are
        not given are forgotten, so are checkpoints. A stored result that is not given again stays with
        its flags.
        """
        self.record_all([Entry(results, incidents, checkpoints, revised_from)])

    def record_all(self, entries: Iterable[Entry]) -> None:
        """Record entries one after the other as `record` does, all of them or nothing."""
        with self._write() as connection:
            recording = Recording(connection, time.time(), self._numbers)
            for entry in entries:
                recording.run(entry)
            recording.finish()
        # Only now are those that were new there for good; a series is never deleted.
        self._numbers = recording.numbers

    def add_mask(
        self,
        map: str,  # noqa: A002 - the field's word
        cells: Sequence[Cell],
        author: str,
        reason: str,
        until: float | None = None,
    ) -> MaskRow:
        """Mask cells of a map from now `until` then (seconds since 1970, UTC; None = for ever)."""
        now, text = time.time(), dump_cells(cells)
        with self._write() as connection:
            values = {
                "map": map,
                "cells": text,
                "author": author,
                "reason": reason,
                "created_at": now,
                "until": until,
                "revoked": False,
            }
            number = insert_row(connection, masks, values)
            connection.execute(insert(changes).values(kind="mask", map=map))
        return MaskRow(number, map, load_cells(text), author, reason, now, until, False)

    def revoke_mask(self, mask: int) -> None:
        """End a mask, by its id; it stays on record. Raises `StoreError` when there is none."""
        with self._write() as connection:
            map_name = connection.scalar(select(masks.c.map).where(masks.c.id == mask))
            if map_name is None:
                raise StoreError(f"{self._name}: found no mask {mask}, expected the id of one")
            connection.execute(update(masks).where(masks.c.id == mask).values(revoked=True))
            connection.execute(insert(changes).values(kind="mask", map=map_name))
