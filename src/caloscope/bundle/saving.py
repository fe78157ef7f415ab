"""Writing a bundle folder, whole or not at all."""

import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

import tomli_w

from caloscope.bundle import selftest as selftests
from caloscope.bundle.arrays import write_arrays
from caloscope.bundle.card import Card
from caloscope.bundle.files import ARRAYS, CALORIMETER, CARD, MODEL, SELFTEST, sums
from caloscope.bundle.folder import Bundle, load
from caloscope.bundle.state import ACTIVE, Standing, put_state, read_state
from caloscope.bundle.swap import recover, settle, swap
from caloscope.bundle.verify import verify
from caloscope.detectors.base import Detector, Observation
from caloscope.errors import BundleError


def save(
    folder: Path,
    card: Card,
    detector: Detector,
    *,
    model: Path | None = None,
    calorimeter: str | None = None,
    selftest: Sequence[Observation] = (),
    standing: Standing = ACTIVE,
) -> Bundle:
    """Write a bundle folder, whole or not at all, and answer with it as it will be loaded.

    `selftest` holds a few lumisections in order that are kept with the detector's answers; what is read back
    must give them again. An existing bundle of that name is replaced: the new one stays in commissioning
    where the old one was, or where the bundle that it was made from is, whose `standing` is given; else it is
    active. Raises `BundleError` when the folder is something else.
    """
    recover(folder)
    if folder.exists() and not (folder / CARD).is_file():
        raise BundleError(f"{folder}: found something that is no bundle, expected a bundle or nothing")
    folder.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    try:
        draft.chmod(0o755)
        write_arrays(draft / ARRAYS, detector.arrays())
        if selftest:
            selftests.write(draft / SELFTEST, detector, selftest)
        if model is not None:
            shutil.copyfile(model, draft / MODEL)
        if calorimeter is not None:
            (draft / CALORIMETER).write_text(calorimeter, encoding="utf-8")
        told = card.model_copy(update={"files": sums(draft)}).model_dump(exclude_none=True)
        (draft / CARD).write_bytes(tomli_w.dumps(told).encode())
        written = load(draft)  # what cannot be loaded must not take the place of what can
        if selftest:
            verify(written)
        _keep_state(folder, draft, standing)
        settle(draft)
        swap(draft, folder)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return load(folder)


def _keep_state(old: Path, draft: Path, origin: Standing) -> None:
    """What is made anew, or from another one, in commissioning stays so: nobody must hear it all of a sudden.

    `old` is the bundle that it takes the place of, if there is any.
    """
    try:
        replaced = read_state(old)
    except BundleError:  # what nobody can read is no reason to refuse a new bundle
        replaced = ACTIVE
    for standing in (replaced, origin):
        if standing.state == "commissioning":
            put_state(draft, standing)
            return
