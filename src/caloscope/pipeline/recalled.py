"""What the store knows of one bundle on one stream: the steps from which a pipeline goes on."""

from caloscope.bundle import Bundle
from caloscope.errors import StoreError
from caloscope.pipeline.checkpoint import decode_step
from caloscope.pipeline.timeline import KEPT, Step
from caloscope.records import LumiId
from caloscope.store import Checkpoint, Store


def recalled(store: Store, bundle: Bundle, label: str) -> list[Step]:
    """The last steps, ascending; none where the bundle judged nothing under this label yet.

    Raises `StoreError` where one cannot be read, and where there is nothing that the oldest follows from.
    """
    saved = store.checkpoints(label, bundle.card.map, bundle.hash)
    steps = [_step(checkpoint, bundle) for checkpoint in saved]
    if len(steps) >= KEPT and steps[0].state is None:
        run, lumi = steps[0].given.id
        found = f"found no state in the oldest checkpoint ({run}:{lumi})"
        raise StoreError(f"{bundle.card.map}: {found}, expected one to go on from")
    return steps


def first_again(store: Store, bundle: Bundle, label: str) -> LumiId | None:
    """The oldest lumisection that can be scored again, None where all can that are known.

    That is not the first of a full set of steps: what was before that is gone. Raises `StoreError`.
    """
    saved = store.checkpoints(label, bundle.card.map, bundle.hash)
    return LumiId(saved[1].run, saved[1].lumi) if len(saved) >= KEPT else None


def _step(checkpoint: Checkpoint, bundle: Bundle) -> Step:
    try:
        return Step(*decode_step(checkpoint.blob, bundle.view))
    except StoreError as error:
        where = f"{checkpoint.map} in {checkpoint.run}:{checkpoint.lumi}"
        raise StoreError(f"{where}: {error}") from error
