"""Tables of the shares that are found: of one file's maps beside one another, and of every sample."""

from collections.abc import Iterator, Sequence
from html import escape

from caloscope.outputs.data_page.document import Column, Markup, table
from caloscope.study.real.comparing import ComparedLine
from caloscope.study.real.found import Found
from caloscope.study.real.injected import OWN
from caloscope.study.real.lines import ALL, InjectedLine
from caloscope.study.real.lost import LostHits
from caloscope.study.real.shares import share
from caloscope.study.report.words import NOT_KNOWN, with_ends


def compared(found: Found) -> str:
    """The maps of one file beside one another: the first detector, and the one for differences."""
    return "".join(
        _compared(title, [each for each in found.compared if each.sample == title])
        for title in dict.fromkeys(each.sample for each in found.compared)
    )


def _compared(title: str, lines: Sequence[ComparedLine]) -> str:
    first = lines[0].detector
    shown = [each for each in lines if each.detector in (first, LostHits.name)]
    columns = [Column("Fault in", False), Column("Left"), Column("Map", False), Column("Detector", False)]
    columns += [Column(f"{each.expects} ({each.trials:,})") for each in _of_first(shown)]
    keys = dict.fromkeys((each.kind, each.factor, each.map, each.detector) for each in shown)
    kinds = list(dict.fromkeys(each.kind for each in shown))
    rows = (
        (
            *(key[0], f"x{key[1]:g}", *key[2:]),
            *(_shares(e) for e in shown if (e.kind, e.factor, e.map, e.detector) == key),
        )
        for key in sorted(keys, key=lambda key: (kinds.index(key[0]), key[1]))
    )
    caption = (
        f"{title}: found in the first LS{_later(lines[0])}, by the digis that a channel expects (channels)"
    )
    return f'<div class="small">{table(caption, columns, rows)}</div>'


def _of_first(lines: Sequence[ComparedLine]) -> list[ComparedLine]:
    one = lines[0]
    same = (one.kind, one.factor, one.map, one.detector)
    return [each for each in lines if (each.kind, each.factor, each.map, each.detector) == same]


def injected(found: Found) -> str:
    """A table for each sample."""
    titles = dict.fromkeys(each.sample for each in found.injected)
    return "".join(_injected([e for e in found.injected if e.sample == title]) for title in titles)


def _injected(lines: Sequence[InjectedLine]) -> str:
    one = lines[0]
    thinned = one.kind != OWN
    keys = dict.fromkeys((each.kind, each.factor, each.detector) for each in lines)
    first = [each for each in lines if (each.kind, each.factor, each.detector) == next(iter(keys))]
    columns = [
        Column("Left", False),
        *([Column("Fault in", False)] if thinned else []),
        Column("Detector", False),
    ]
    columns += [Column(f"{each.expects} ({each.trials:,})") for each in first]
    columns += [Column("Wrong in 1,000"), *([Column("No verdict")] if any(e.unknown for e in lines) else [])]
    unit = "digis" if thinned else "counts"
    caption = f"{one.sample}: found in the first LS{_later(one)}, by the {unit} that a cell expects (cells)"
    return f'<div class="small">{table(caption, columns, _rows(lines, list(keys), thinned=thinned))}</div>'


def _rows(
    lines: Sequence[InjectedLine], keys: Sequence[tuple[str, float, str]], *, thinned: bool
) -> Iterator[tuple[str, ...]]:
    for kind, factor, detector in sorted(keys, key=lambda key: (key[0], key[1])):
        mine = [e for e in lines if (e.kind, e.factor, e.detector) == (kind, factor, detector)]
        whole = next(each for each in mine if each.expects == ALL)
        where = (kind,) if thinned else ()
        wrong = with_ends(whole.wrong, 1000.0)
        lost = (f"{whole.unknown} of {whole.looks}",) if any(each.unknown for each in lines) else ()
        yield (f"x{factor:g}", *where, detector, *(_shares(each) for each in mine), wrong, *lost)


def _later(line: InjectedLine | ComparedLine) -> str:
    return f"; below, within {line.together} LS" if line.together > 1 else ""


def _shares(line: InjectedLine | ComparedLine) -> str:
    if not line.trials:
        return NOT_KNOWN
    if line.together == 1:
        return share(line.first)
    return Markup(f"{escape(share(line.first))}<br>{escape(share(line.within))}")
