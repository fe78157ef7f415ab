"""Bundles that nothing runs any more."""

from collections.abc import Sequence

from caloscope.bundle import Bundle
from caloscope.errors import BundleError
from caloscope.store import Store


def require_in_use(store: Store, bundles: Sequence[Bundle]) -> None:
    """Refuse bundles that are retired, saying who retired them, when and why.

    The store is told first: a page on it must not go on to wait for what they would say.
    Raises `BundleError`.
    """
    retired = [bundle for bundle in bundles if bundle.standing.state == "retired"]
    for bundle in retired:
        now = bundle.standing
        at = None if now.at is None else now.at.timestamp()
        store.note_state(bundle.hash, now.state, by=now.by, reason=now.reason, at=at)
    if retired:
        which = retired[0].folder or retired[0].card.name
        found = f"{which}: found {retired[0].standing.told()}"
        raise BundleError(f"{found}; expected a bundle in use: choose another, or make this one active again")
