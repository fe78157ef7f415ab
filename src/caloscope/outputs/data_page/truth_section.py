"""The part of the page of a data set that tells what is known to be wrong with its maps."""

from collections.abc import Iterator
from html import escape

from caloscope.outputs.data_page.document import Column, more, table
from caloscope.outputs.data_page.facts import text
from caloscope.outputs.data_page.truth import TruthFacts

_TITLE = "What is known to be wrong"
_COLUMNS = [
    Column("number"),
    *(Column(name, False) for name in ("name", "kind", "map", "where")),
    *(Column(name) for name in ("cells", "lumisections")),
    Column("from", False),
]


def truth_section(of: TruthFacts | None, most: int | None) -> Iterator[str]:
    """The faults that were put in, the first `most` of them; nothing where none is known."""
    if of is None:
        return
    yield f'<section id="truth" aria-labelledby="truth-title"><h2 id="truth-title">{_TITLE}</h2>'
    each = ", ".join(f"{number:,} of {text(name)}" for name, number in of.by_map.items())
    note = of.note or f"Rows with a fault at work: {each or 'none'}."
    yield f'<p class="note">{escape(text(note))}</p>'
    if of.faults:
        yield table("Faults that were put in; numbers are those in the truth", _COLUMNS, [
            [str(one.number), text(one.name), one.what, text(one.map), text(one.where), f"{one.cells:,}",
             f"{one.lumis:,}", one.first]
            for one in of.faults[:most]
        ])  # fmt: skip
        yield more(of.number, most)
    yield "</section>\n"
