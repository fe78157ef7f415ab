"""A comparison of bundles for programs: as CSV, a line for each bundle, and as JSON, everything."""

import csv
import json
import sys
from typing import Any

from caloscope.cli.compared import FAULT, Compared, Judged
from caloscope.cli.info.words import plain
from caloscope.lab import Agreement
from caloscope.lab.judged import is_true
from caloscope.records import Incident, LumiId


def print_csv(told: Compared) -> None:
    """A line for each bundle; its agreement with the first one is empty for the first."""
    rows = [_bundle(each, told) for each in told.judged]
    first, *others = rows
    agreed = [{**row, **_numbers(each)} for row, each in zip(others, told.agreements, strict=True)]
    writer = csv.DictWriter(sys.stdout, list(agreed[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows([first, *agreed])


def print_json(told: Compared) -> None:
    """One object: the data, the bundles, each fault with the delay of every bundle, agreement."""
    data, first = told.data, told.judged[0].name
    others = zip(told.judged[1:], told.agreements, strict=True)
    everything = {
        "map": data.map,
        "era": data.era,
        "label": data.label,
        "simulated": data.simulated,
        "sources": [str(path) for path in data.paths],
        "runs": list(data.runs),
        "lumisections": len(data),
        "faults_known": len(data.faults) if told.known else None,
        "masked_cells": told.masked,
        "bundles": [_bundle(each, told) for each in told.judged],
        "faults": _faults(told),
        "agreement": [_agreement(first, other.name, agreed, told) for other, agreed in others],
    }
    print(json.dumps(plain(everything), indent=2, allow_nan=False))


def _bundle(each: Judged, told: Compared) -> dict[str, Any]:
    """Numbers of one bundle; what nobody knows is None."""
    scores, line = each.scores, each.line
    low, high = each.rate or (None, None)
    truth = told.data.truth
    return {
        "name": each.name,
        "path": str(each.path),
        "detector": scores.bundle.card.detector,
        "hash": scores.bundle.hash,
        "faults": len(each.delays) if truth else None,
        "found": each.found if truth else None,
        "median_delay": line.get("median delay"),
        "incidents": None if told.known else each.incidents,
        "false_incidents": each.incidents if told.known else None,
        "a_day": line["a day"],
        "a_day_low": low,
        "a_day_high": high,
        "judged": scores.judged,
        "unknown": line["unknown"],
        "ms_per_lumisection": line["ms per lumisection"],
    }


def _faults(told: Compared) -> list[dict[str, Any]]:
    """Each fault with a delay for every bundle, None where it did not find it; `cells` are those it knows."""
    found = []
    for fault in told.faults:
        delays = {}
        for each in told.judged:
            line = each.delays.get(fault)
            delays[each.name] = {
                "cells": 0 if line is None else line["cells"],
                "delay": None if line is None else line["delay"],
            }
        same = {name: _text(value) for name, value in zip(FAULT, fault, strict=True)}
        found.append({**same, "delays": delays})
    return found


def _numbers(agreed: Agreement) -> dict[str, int]:
    return {
        "judged_by_both": agreed.judged,
        "flagged_by_both": agreed.both,
        "flagged_only_by_first": agreed.only_first,
        "flagged_only_by_this": agreed.only_second,
        "incidents_only_of_first": len(agreed.incidents_first),
        "incidents_only_of_this": len(agreed.incidents_second),
        "verdicts_differ": agreed.differ,
    }


def _agreement(first: str, name: str, agreed: Agreement, told: Compared) -> dict[str, Any]:
    verdicts = [{"first": str(a), "this": str(b), "lumisections": n} for (a, b), n in agreed.verdicts.items()]
    pairs = ((first, agreed.incidents_first), (name, agreed.incidents_second))
    incidents = [_incident(whose, each, told) for whose, alone in pairs for each in alone]
    return {"first": first, "this": name, **_numbers(agreed), "verdicts": verdicts, "incidents": incidents}


def _incident(whose: str, each: Incident, told: Compared) -> dict[str, Any]:
    return {
        "of": whose,
        "hardware": each.hardware,
        "cells": len(each.cells),
        "direction": str(each.direction),
        "onset": _text(each.onset),
        "opened": _text(each.opened),
        "last": _text(each.last),
        "false": not is_true(each, told.data) if told.known else None,
    }


def _text(value: object) -> object:
    return f"{value.run}:{value.lumi}" if isinstance(value, LumiId) else value
