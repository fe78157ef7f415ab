"""Who changes the state of a bundle, and which store hears of it."""

import getpass
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from caloscope.bundle import Standing
    from caloscope.store import Store

Tell: TypeAlias = "Callable[[str, Standing], None]"
"""Takes a bundle's hash and its new state."""


def user() -> str:
    """The name of the account that runs this, empty where it has none."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # an account without a name, as in a container
        return ""


@contextmanager
def telling(url: str | None) -> "Iterator[Tell]":
    """What notes a state in a store, which is opened before anything is changed; says nothing for None.

    Raises `StoreError` where there is no store: none is made for this.
    """
    from caloscope.store import Store

    if url is None:
        yield lambda *_: None
        return
    Store(url, read_only=True).close()
    with Store(url) as opened:
        yield lambda digest, standing: print(_tell(opened, digest, standing))


def _tell(store: "Store", digest: str, standing: "Standing") -> str:
    """Note the state; answers with what to say about it."""
    at = None if standing.at is None else standing.at.timestamp()
    known = store.note_state(digest, standing.state, by=standing.by, reason=standing.reason, at=at)
    return "the store was told" if known else "the store does not know this bundle yet: nothing to tell"
