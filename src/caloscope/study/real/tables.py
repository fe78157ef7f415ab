"""Tables of the page."""

from html import escape

from caloscope.outputs.data_page.document import Column, Markup, table
from caloscope.study.metrics.intervals import wilson
from caloscope.study.real.found import Found
from caloscope.study.real.measured import Measured
from caloscope.study.real.present import PresentLine, QuietLine
from caloscope.study.report.words import NOT_KNOWN, number, with_ends

_SHOWN = 2
"""False incidents that are named; the CSV has all."""


def samples(found: Found) -> str:
    """The files, and how they are judged."""
    columns = [
        Column(name, name in ("LS", "LS together")) for name in ("Sample", "File", "Map", "LS", "LS together")
    ]
    columns += [Column("Events", False), Column("Counts", False)]
    return table("Samples", columns, (_sample(of) for of in found.samples))


def _sample(of: Measured) -> tuple[str, ...]:
    shown = f"{of.spec.name} - {of.minus}" if of.minus else of.spec.name
    events = "of the file" if of.told else "by level, to learn"
    notes = of.notes[0].partition(";")[0] if of.notes else ""
    notes = notes or ("as they stand" if not of.minus else "difference of counts")
    return (of.title, of.file, shown, str(of.lumis), str(of.together), events, notes)


def failed(found: Found) -> str:
    """Detectors that could not learn; nothing where all could."""
    if not found.failed:
        return ""
    columns = [Column("Sample", False), Column("Detector", False), Column("Why", False)]
    return table("Could not learn", columns, ((one.sample, one.detector, one.why) for one in found.failed))


def present(found: Found) -> str:
    """Every listed fault, a column for each detector."""
    if not found.present:
        return ""
    names = list(dict.fromkeys(each.detector for each in found.present))
    columns = [Column("Sample", False), Column("LS"), Column("Fault", False)]
    columns += [Column(name) for name in names]
    lines = {(p.sample, p.lumi, p.fault, p.detector): p for p in found.present}
    keys = dict.fromkeys((p.sample, p.lumi, p.fault, p.direction) for p in found.present)
    rows = (
        (
            sample,
            str(lumi),
            f"{fault} {way}",
            *(_cells(lines.get((sample, lumi, fault, name))) for name in names),
        )
        for sample, lumi, fault, way in sorted(keys, key=lambda key: (_order(found, key[0]), key[1]))
    )
    caption = "Flagged of living cells; bold: found, that is half of them. In brackets the largest evidence"
    return table(f"{caption} (nats, or a detector's own unit)", columns, rows)


def _order(found: Found, title: str) -> int:
    return [of.title for of in found.samples].index(title)


def _cells(line: PresentLine | None) -> str:
    if line is None:
        return NOT_KNOWN
    if line.why:
        return "no verdict"
    words = f"{line.flagged} of {line.living} ({number(line.evidence)})"
    return Markup(f"<b>{escape(words)}</b>") if line.found else words


def quiet(found: Found) -> str:
    """What is flagged that is not listed: a column for each detector, and then which it is."""
    names = list(dict.fromkeys(each.detector for each in found.quiet))
    lines = {(each.sample, each.detector): each for each in found.quiet}
    columns = [Column("Sample", False), Column("LS"), *(Column(name) for name in names)]
    rows = (
        (of.title, str(of.lumis), *(_quiet(lines.get((of.title, n))) for n in names)) for of in found.samples
    )
    caption = "False incidents; below, flags of 1,000 sound cells in a lumisection"
    return table(caption, columns, rows) + _flagged(found)


def _quiet(line: QuietLine | None) -> str:
    if line is None:
        return NOT_KNOWN
    flags = with_ends(wilson(line.flags, line.cells), 1000.0)
    lost = line.lumis - line.judged
    told = f"{len(line.incidents)}" + (f", no verdict in {lost} LS" if lost else "")
    return Markup(f"{escape(told)}<br>{escape(flags)}")


def _flagged(found: Found) -> str:
    """Only those that flagged something; nothing where none did."""
    wrong = [each for each in found.quiet if each.incidents or each.flags or each.why]
    columns = [
        Column("Sample", False),
        Column("Detector", False),
        Column("False incidents"),
        Column("Cells flagged"),
    ]
    columns += [Column("Largest evidence / threshold"), Column("Which", False)]
    rows = (
        (e.sample, e.detector, str(len(e.incidents)), str(e.flags), number(e.peak), _which(e)) for e in wrong
    )
    return table("Who flagged what", columns, rows) if wrong else ""


def _which(line: QuietLine) -> str:
    told = [f"LS {lumi}: {hardware} {way}" for lumi, hardware, way in line.incidents[:_SHOWN]]
    if len(line.incidents) > _SHOWN:
        told.append(f"and {len(line.incidents) - _SHOWN} more")
    return "; ".join([*told, *([line.why] if line.why else [])])
