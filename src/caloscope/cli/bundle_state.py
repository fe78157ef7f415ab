"""Who changes the state of a bundle, and which store hears of it."""

import getpass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from caloscope.bundle import Standing


def user() -> str:
    """The name of the account that runs this, empty where it has none."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # an account without a name, as in a container
        return ""


def tell_store(url: str, digest: str, standing: "Standing") -> str:
    """Note the state in a store; answers with what to say about it."""
    from caloscope.store import Store

    at = None if standing.at is None else standing.at.timestamp()
    Store(url, read_only=True).close()  # a store that is not there is not made for this
    with Store(url) as opened:
        known = opened.note_state(digest, standing.state, by=standing.by, reason=standing.reason, at=at)
    return "the store was told" if known else "the store does not know this bundle yet: nothing to tell"
