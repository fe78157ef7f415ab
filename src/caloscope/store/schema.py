"""The tables. A change of meaning here is a new `VERSION`: stores of another version are refused."""

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    literal_column,
)
from sqlalchemy.types import TypeEngine

VERSION = "5"
UPGRADED = ("4",)
"""Older versions that `upgrade` brings to this one."""

metadata = MetaData()

# SQLite numbers rows by itself only where the type is spelt INTEGER.
_Id = BigInteger().with_variant(Integer, "sqlite")


def _required(name: str, kind: type[TypeEngine[Any]], default: str | None = None) -> Column[object]:
    """A column that is never NULL; a default where it came later than the first rows of its table."""
    return Column(name, kind, nullable=False, server_default=default)


meta = Table("meta", metadata, Column("key", Text, primary_key=True), _required("value", Text))

bundles = Table(
    "bundles",
    metadata,
    Column("hash", Text, primary_key=True),
    *(_required(name, Text) for name in ("name", "map", "detector", "view", "era", "noise")),
    Column("calorimeter", Text),
    _required("card", Text),
    *(_required(name, Text) for name in ("state", "state_by", "state_reason")),
    Column("state_at", Double),
)

# What (label, map, bundle) a row belongs to, once, so that rows stay small.
series = Table(
    "series",
    metadata,
    Column("id", _Id, primary_key=True),
    _required("label", Text),
    _required("map", Text),
    Column("bundle", Text, ForeignKey("bundles.hash"), nullable=False),
    UniqueConstraint("label", "map", "bundle"),
)

results = Table(
    "results",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("series", BigInteger, ForeignKey("series.id"), nullable=False),
    _required("run", BigInteger),
    _required("lumi", BigInteger),
    _required("quality", Text),
    Column("reason", Text),
    _required("flag_reason", Text),
    Column("events", BigInteger),
    Column("image_events", BigInteger),
    Column("pileup", Double),
    _required("span", BigInteger),
    _required("degraded", Text),
    _required("bad_cells", BigInteger),
    _required("masked_cells", BigInteger),
    _required("scored_at", Double),
    _required("seconds", Double),
    _required("content", Text),
    _required("detail", Text),
    Column("began_at", Double),
    *(_required(name, Text, "") for name in ("source", "stages", "version")),
    # What retention decided on the arrays: NULL nothing yet, 0 to keep them for now, 1 all there was.
    Column("settled", SmallInteger),
    UniqueConstraint("series", "run", "lumi"),
)

# Only what retention has still to look at: it never walks through the months before. The 0 is spelt out, for
# SQLite takes such an index only where the query says the same.
ONLY_NEW = results.c.settled.is_(None)
ONLY_KEPT = results.c.settled == literal_column("0")
for _name, _only in (("results_unsettled", ONLY_NEW), ("results_kept", ONLY_KEPT)):
    _columns = (results.c[name] for name in ("series", "run", "lumi"))
    Index(_name, *_columns, sqlite_where=_only, postgresql_where=_only)

# Apart from the results, so that a list of results never drags the pictures along.
arrays = Table(
    "arrays",
    metadata,
    Column("result", BigInteger, ForeignKey("results.id", ondelete="CASCADE"), primary_key=True),
    Column("blob", LargeBinary, nullable=False),
)

# A cell that was flagged in every lumisection from first to last, each of which was scored.
flags = Table(
    "flags",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("series", BigInteger, ForeignKey("series.id"), nullable=False),
    _required("run", BigInteger),
    Column("depth", Integer),
    _required("y", Integer),
    _required("x", Integer),
    _required("first", BigInteger),
    _required("last", BigInteger),
    _required("code", SmallInteger),
    _required("direction", SmallInteger),
    _required("reason", Text),
    Column("peak", Double),
    Index("flags_by_end", "series", "run", "last"),
)

incidents = Table(
    "incidents",
    metadata,
    Column("series", BigInteger, ForeignKey("series.id"), primary_key=True),
    Column("id", Text, primary_key=True),
    _required("hardware", Text),
    _required("cells", Text),
    *(
        _required(f"{edge}_{part}", BigInteger)
        for edge in ("opened", "last", "onset")
        for part in ("run", "lumi")
    ),
    Column("closed_run", BigInteger),
    Column("closed_lumi", BigInteger),
    _required("direction", Text),
    _required("reason", Text),
    _required("severity", SmallInteger),
    Column("factor", Double),
    Column("peak_evidence", Double),
    _required("masked", Boolean),
    _required("standing", Boolean),
    _required("gaps", Text),
)

checkpoints = Table(
    "checkpoints",
    metadata,
    Column("series", BigInteger, ForeignKey("series.id"), primary_key=True),
    Column("run", BigInteger, primary_key=True),
    Column("lumi", BigInteger, primary_key=True),
    Column("blob", LargeBinary, nullable=False),
)

files = Table(
    "files",
    metadata,
    Column("path", Text, primary_key=True),
    Column("size", BigInteger, primary_key=True),
    Column("mtime_ns", BigInteger, primary_key=True),
    _required("status", Text),
    Column("fault", Text),
    _required("detail", Text),
    _required("lumis", BigInteger),
    _required("seconds", Double),
    _required("noted_at", Double),
    _required("attempts", Integer, "1"),
    Column("next_try", Double),
    *(_required(name, Text, "") for name in ("stages", "version")),
    Index("files_by_status", "status"),
)

lumis = Table(
    "lumis",
    metadata,
    Column("label", Text, primary_key=True),
    Column("run", BigInteger, primary_key=True),
    Column("lumi", BigInteger, primary_key=True),
    *(_required(name, Text) for name in ("state", "origin", "detail", "off", "trigger")),
    Column("fill", BigInteger),
    *(_required(name, Text) for name in ("events", "levels")),
    _required("shift", Double),
    _required("book", Text),
)

runs = Table(
    "runs",
    metadata,
    Column("label", Text, primary_key=True),
    Column("run", BigInteger, primary_key=True),
    _required("first_seen", Double),
    _required("last_seen", Double),
    Column("ended_at", Double),
    _required("ended_by", Text),
)

masks = Table(
    "masks",
    metadata,
    Column("id", _Id, primary_key=True),
    _required("map", Text),
    _required("cells", Text),
    _required("author", Text),
    _required("reason", Text),
    _required("created_at", Double),
    Column("until", Double),
    _required("revoked", Boolean),
    sqlite_autoincrement=True,
)

# Ids are never used twice: a page asks for what came after the last one that it saw.
changes = Table(
    "changes",
    metadata,
    Column("id", _Id, primary_key=True),
    _required("kind", Text),
    Column("label", Text),
    Column("run", BigInteger),
    Column("lumi", BigInteger),
    Column("map", Text),
    sqlite_autoincrement=True,
)
