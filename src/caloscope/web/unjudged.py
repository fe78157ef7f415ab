"""In words why maps are UNKNOWN, those with the same conditions together."""

from collections.abc import Mapping, Sequence

from caloscope.records import Reason
from caloscope.web.conditions import WORDS
from caloscope.web.models import MapStatus

BY_CONDITIONS: Mapping[str, str] = {
    **{str(state): words for state, words in WORDS.items() if str(state) in set(Reason)},
    str(Reason.POWER_OFF): "No voltage",
}
"""Reasons that lie in the conditions, so that nobody has to look for a fault."""


def unjudged(maps: Mapping[str, Sequence[MapStatus]], of: int) -> list[str]:
    """One part for each map without verdict, as `EB/digi: WARM_UP (cmssw-ml)`; `of` so many maps in all.

    Maps that conditions keep from being judged share one: `No beam: no map is judged`. They come last.
    """
    parts, shared = list[str](), dict[str, list[str]]()
    for name, found in maps.items():
        reasons = {status.reason or "" for status in found}
        word = BY_CONDITIONS.get(min(reasons, default="")) if len(reasons) == 1 else None
        if word is None:
            parts.append(_one(found))
        else:
            shared.setdefault(word, []).append(name)
    for word, names in shared.items():
        every = len(names) == of and of > 1
        parts.append(f"{word}: {'no map' if every else ', '.join(names)} {_are(names, every)}")
    return parts


def _are(names: Sequence[str], every: bool) -> str:
    if every:
        return "is judged"
    return "is not judged" if len(names) == 1 else "are not judged"


def _one(found: Sequence[MapStatus]) -> str:
    reasons = sorted({f"{status.reason or 'no reason given'} ({status.title})" for status in found})
    return f"{found[0].map}: {', '.join(reasons)}"
