"""What `caloscope bundle show` says of a bundle."""

import json
from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from caloscope.cli.bundle_sections import sections
from caloscope.cli.calibrated import incidents_a_day, print_calibration, say, show

if TYPE_CHECKING:
    from caloscope.bundle import Bundle, Card, Verified

_FEW = 5


def print_json(bundle: "Bundle") -> None:
    """The whole card, the bundle's hash, state and length of self-test as JSON; no number is null."""
    from caloscope.bundle import read_selftest

    told = json.loads(bundle.card.model_dump_json(exclude_none=True))
    state = json.loads(bundle.standing.model_dump_json(exclude_none=True))
    found = read_selftest(bundle)
    tested = 0 if found is None else len(found)
    print(json.dumps({"hash": bundle.hash, "state": state, "selftest": tested, **told}, indent=2))


def verified_line(bundle: "Bundle", found: "Verified") -> str:
    """What `bundle verify` says of a bundle that passed."""
    worst = max(found.differences, key=lambda name: found.differences[name], default="")
    close = f", largest relative difference {found.worst:.1e} ({worst})" if worst else ", nothing to compare"
    files = f"{len(bundle.card.files) + 1} files"
    state = "" if bundle.standing.state == "active" else f" ({bundle.standing.state})"
    tested = f"self-test of {found.lumisections} lumisections"
    return f"ok{state}: {files}, geometry {bundle.card.view} of {bundle.card.era}, {tested}{close}"


def print_bundle(bundle: "Bundle") -> None:
    """The card in sections: what it is, what it learned from, its network, what it judges by, thresholds."""
    card = bundle.card
    alive = int(bundle.detector.alive.sum())
    dead = int((bundle.view.exists & ~bundle.detector.alive).sum())
    _section(
        "Bundle",
        [
            ("name", card.name),
            ("detector", card.detector),
            ("map", card.map),
            ("geometry", f"{card.view} of {card.era}, {card.geometry}"),
            ("cells", f"{alive} alive, {dead} never alive"),
            ("hash", bundle.hash),
            ("state", bundle.standing.told()),
            ("self-test", _selftest(bundle)),
            ("made by", f"Caloscope {card.caloscope}, format {card.format}"),
        ],
    )
    for title, told in sections(card):
        _section(title, [(_label(name), _text(value)) for name, value in told.items()])
    show(Text("Thresholds", style="bold"))
    _print_thresholds(card)


def _selftest(bundle: "Bundle") -> str:
    """`9 lumisections, 1:1 to 1:9: 8 not known, 1 score`."""
    from caloscope.bundle import read_selftest

    found = read_selftest(bundle)
    if found is None or not len(found):
        return "none"
    first, last = found.observations[0].id, found.observations[-1].id
    kinds = Counter(answer.kind.replace("_", " ") for answer in found.answers)
    told = ", ".join(f"{count} {kind}" for kind, count in kinds.items())
    return f"{len(found)} lumisections, {first.run}:{first.lumi} to {last.run}:{last.lumi}: {told}"


def _print_thresholds(card: "Card") -> None:
    """What the thresholds are, and what they rest on."""
    method = str(card.calibration.get("method", ""))
    if method.startswith("none: "):
        say(method)
        return
    if "lumisections" not in card.calibration:
        say(_uncalibrated(card, method))
    print_calibration(card)


def _uncalibrated(card: "Card", method: str) -> str:
    """What thresholds rest on that were not calibrated here; an import may say how they were elsewhere."""
    told = str(card.training.get("threshold", ""))
    if not method and told and card.false_alarms_per_day is not None:
        return f"as imported, calibrated before that: {told}"
    why = method or told or "nobody said why"
    return f"not calibrated ({why}), meant for {incidents_a_day(card.false_alarms_per_day)}"


def _section(title: str, rows: Iterable[tuple[str, str]]) -> None:
    """A heading, and below it names and values; nothing where there are none."""
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="dim", no_wrap=True, min_width=18)
    grid.add_column(overflow="fold")
    for name, value in rows:
        grid.add_row(Text(name), Text(value))
    if grid.row_count:
        show(Text(title, style="bold"))
        show(grid)
        show()


def _label(name: str) -> str:
    return name.replace("_", " ")


def _text(value: object) -> str:
    """A value for people: numbers to five digits, of a long list its beginning."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.5g}"
    if isinstance(value, list):
        more = f" and {len(value) - _FEW} more" if len(value) > _FEW else ""
        return ", ".join(_text(each) for each in value[:_FEW]) + more
    return str(value)
