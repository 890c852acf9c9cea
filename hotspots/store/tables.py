"""The tables of the store, in SQL that SQLite and PostgreSQL both read.

Times of incidents are whole seconds since 1970-01-01 00:00 of the Prague wall clock: an integer
is half the size of ISO text, compares and indexes as it is, and becomes `datetime64[s]` without
being parsed. Days of record and the moment of an import are few and stand as ISO text, so that
a person with a database browser can read them.
"""

from typing import Final

from sqlalchemy import (
    BigInteger,
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
)

from hotspots import schema

# The revision that the code speaks; `migrations/versions` must lead to it.
HEAD: Final = "0003"

TEXT_COLUMNS: Final = (
    schema.TIME_PRECISION,
    schema.OFFENCE,
    schema.OFFENCE_GROUPS,
    schema.OFFENCE_CODES,
    schema.OFFENCE_DETAIL,
    schema.DISCOVERED_BY,
    schema.PLACE_TEXT,
    schema.PLACE_METHOD,
    schema.RELEVANCE,
    schema.STATUS,
    schema.NOTE,
)
TIME_COLUMNS: Final = (schema.OCCURRED_FROM, schema.OCCURRED_TO, schema.REPORTED_AT)
NUMBER_COLUMNS: Final = (schema.X, schema.Y, schema.PLACE_PRECISION_M)
FLAG_COLUMNS: Final = (schema.DISPLACED, schema.COUNTED)

# What an incident says, without what names it (source, source_ref) and who brought it (batch).
CONTENT_COLUMNS: Final = tuple(
    name
    for name in schema.INCIDENT_COLUMNS
    if name in {*TEXT_COLUMNS, *TIME_COLUMNS, *NUMBER_COLUMNS, *FLAG_COLUMNS}
)

# Columns with few different combinations, kept in `traits`; the others are the incident's own.
TRAIT_COLUMNS: Final = (
    schema.TIME_PRECISION,
    schema.OFFENCE,
    schema.OFFENCE_GROUPS,
    schema.OFFENCE_CODES,
    schema.DISCOVERED_BY,
    schema.PLACE_METHOD,
    schema.PLACE_PRECISION_M,
    schema.DISPLACED,
    schema.RELEVANCE,
    schema.STATUS,
    schema.COUNTED,
)
OWN_COLUMNS: Final = tuple(name for name in CONTENT_COLUMNS if name not in TRAIT_COLUMNS)

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "ix": "ix_%(table_name)s_%(column_0_name)s",
    }
)


def _columns(names: tuple[str, ...]) -> list[Column[object]]:
    """Return fresh columns of the type that each name's content has."""
    columns: list[Column[object]] = []
    for name in names:
        if name in TIME_COLUMNS:
            columns.append(Column(name, BigInteger))
        elif name in NUMBER_COLUMNS:
            columns.append(Column(name, Double))
        elif name in FLAG_COLUMNS:
            columns.append(Column(name, SmallInteger, nullable=False))
        else:
            columns.append(Column(name, Text, nullable=False))
    return columns


sources = Table(
    "sources",
    metadata,
    Column("source_key", Integer, primary_key=True),
    Column("source_id", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("label", Text, nullable=False),
    Column("citation", Text, nullable=False),
    # Totals of `incidents`, kept in the same transaction: pages ask for them at every view.
    Column("n_incidents", Integer, nullable=False),
    Column("n_displaced", Integer, nullable=False),
    UniqueConstraint("source_id"),
)

source_records = Table(
    "source_records",
    metadata,
    Column("record_key", Integer, primary_key=True),
    Column("source_key", ForeignKey("sources.source_key"), nullable=False, index=True),
    Column("first_day", Text, nullable=False),
    Column("last_day", Text, nullable=False),
    Column("confirmed", SmallInteger, nullable=False),  # 0: inferred from the data
)

batches = Table(
    "batches",
    metadata,
    Column(schema.BATCH_ID, Integer, primary_key=True),
    Column("source_key", ForeignKey("sources.source_key"), nullable=False, index=True),
    Column("file_name", Text, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("format", Text, nullable=False),
    Column("imported_at", Text, nullable=False),  # ISO, UTC
    Column("user_name", Text, nullable=False),
    Column("mapping", Text, nullable=False),
    Column("account", Text, nullable=False),  # JSON
    # References of the file that the store had already with the same content, by the batch whose
    # content it was, zlib of JSON; undoing that batch must not take away what this one says too.
    # Empty for imports of earlier versions of the program, which did not note it.
    Column("also_seen", LargeBinary, nullable=False, server_default=""),
    # What the import did to the periods of record, JSON: see `hotspots.store.record_steps`.
    Column("record_before", Text, nullable=False, server_default=""),
    Column("undone_at", Text, nullable=False, server_default=""),  # ISO, UTC
    Column("undone_by", Text, nullable=False, server_default=""),
)

traits = Table(
    "traits",
    metadata,
    Column("trait_key", Integer, primary_key=True),
    *_columns(TRAIT_COLUMNS),
)

incidents = Table(
    "incidents",
    metadata,
    Column("row_key", Integer, primary_key=True),
    Column("source_key", ForeignKey("sources.source_key"), nullable=False),
    Column(schema.SOURCE_REF, Text, nullable=False),
    Column("trait_key", ForeignKey("traits.trait_key"), nullable=False),
    *_columns(OWN_COLUMNS),
    Column(schema.BATCH_ID, ForeignKey(f"batches.{schema.BATCH_ID}"), nullable=False),
    Column("content_hash", LargeBinary(16), nullable=False),
    UniqueConstraint("source_key", schema.SOURCE_REF),
    Index("ix_incidents_source_time", "source_key", schema.OCCURRED_FROM),
)

# What an incident said before a later file corrected it: nothing is lost.
incident_versions = Table(
    "incident_versions",
    metadata,
    Column("version_key", Integer, primary_key=True),
    Column("row_key", ForeignKey("incidents.row_key"), nullable=False, index=True),
    Column("trait_key", ForeignKey("traits.trait_key"), nullable=False),
    *_columns(OWN_COLUMNS),
    Column(schema.BATCH_ID, ForeignKey(f"batches.{schema.BATCH_ID}"), nullable=False),
    Column("content_hash", LargeBinary(16), nullable=False),
    Column("replaced_by", ForeignKey(f"batches.{schema.BATCH_ID}"), nullable=False),
)

# What a batch brought before it was undone: nothing is lost.
withdrawn_incidents = Table(
    "withdrawn_incidents",
    metadata,
    Column("withdrawn_key", Integer, primary_key=True),
    Column("source_key", ForeignKey("sources.source_key"), nullable=False),
    Column(schema.SOURCE_REF, Text, nullable=False),
    Column("trait_key", ForeignKey("traits.trait_key"), nullable=False),
    *_columns(OWN_COLUMNS),
    Column(schema.BATCH_ID, ForeignKey(f"batches.{schema.BATCH_ID}"), nullable=False),
    Column("content_hash", LargeBinary(16), nullable=False),
    Column("undone_batch", ForeignKey(f"batches.{schema.BATCH_ID}"), nullable=False, index=True),
)

# What a person decided; one that is undone stays, so that everybody sees what happened.
decisions = Table(
    "decisions",
    metadata,
    Column("decision_key", Integer, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("subject", Text, nullable=False),  # for a reader: the text of a place, a pair
    Column("decided_by", Text, nullable=False),
    Column("decided_at", Text, nullable=False),  # ISO, UTC
    Column("before", Text, nullable=False),  # JSON: rows to put back when it is undone
    Column("undone_by", Text, nullable=False),
    Column("undone_at", Text, nullable=False),  # ISO, UTC; empty while it holds
)

# Where an incident is, found by its text or by a person. It belongs to the incident's name, not to
# its row, so that it outlives an update of the file and an import undone and made again.
placings = Table(
    "placings",
    metadata,
    Column("placing_key", Integer, primary_key=True),
    Column("source_key", ForeignKey("sources.source_key"), nullable=False),
    Column(schema.SOURCE_REF, Text, nullable=False),
    Column(schema.X, Double),
    Column(schema.Y, Double),
    Column(schema.PLACE_METHOD, Text, nullable=False),
    Column(schema.PLACE_PRECISION_M, Double),
    Column(schema.PLACE_SCORE, Double),
    Column(schema.PLACE_MATCHED, Text, nullable=False),
    Column(schema.PLACE_STATE, Text, nullable=False, index=True),
    Column(schema.PLACE_KEY, Text, nullable=False, index=True),
    Column("decision_key", ForeignKey("decisions.decision_key")),
    UniqueConstraint("source_key", schema.SOURCE_REF),
)

# What a person decided for every incident with the same text of a place.
remembered_places = Table(
    "remembered_places",
    metadata,
    Column(schema.PLACE_KEY, Text, primary_key=True),
    Column(schema.PLACE_TEXT, Text, nullable=False),
    Column(schema.X, Double),
    Column(schema.Y, Double),
    Column(schema.PLACE_METHOD, Text, nullable=False),
    Column(schema.PLACE_PRECISION_M, Double),
    Column(schema.PLACE_MATCHED, Text, nullable=False),
    Column(schema.PLACE_STATE, Text, nullable=False),
    Column("decision_key", ForeignKey("decisions.decision_key"), nullable=False),
)

# Two incidents that are, or are not, one event; named as placings are.
links = Table(
    "links",
    metadata,
    Column("link_key", Integer, primary_key=True),
    Column("source_key_a", ForeignKey("sources.source_key"), nullable=False),
    Column("ref_a", Text, nullable=False),
    Column("source_key_b", ForeignKey("sources.source_key"), nullable=False),
    Column("ref_b", Text, nullable=False),
    Column(schema.LINK_STATE, Text, nullable=False),
    Column(schema.LINK_SCORE, Double),
    Column("decision_key", ForeignKey("decisions.decision_key"), nullable=False),
    UniqueConstraint("source_key_a", "ref_a", "source_key_b", "ref_b"),
)

# How long a source's incidents are kept as they came.
retention_rules = Table(
    "retention_rules",
    metadata,
    Column("source_key", ForeignKey("sources.source_key"), primary_key=True),
    Column("months", Integer, nullable=False),
    Column("action", Text, nullable=False),
    Column("set_by", Text, nullable=False),
    Column("set_at", Text, nullable=False),  # ISO, UTC
)

# Incidents whose texts were erased at a person's request: they stay erased when their file comes
# again.
erased_texts = Table(
    "erased_texts",
    metadata,
    Column("erased_key", Integer, primary_key=True),
    Column("source_key", ForeignKey("sources.source_key"), nullable=False),
    Column(schema.SOURCE_REF, Text, nullable=False),
    Column("erased_by", Text, nullable=False),
    Column("erased_at", Text, nullable=False),  # ISO, UTC
    UniqueConstraint("source_key", schema.SOURCE_REF),
)

# One row; its text changes with every change of what can be read.
store_state = Table(
    "store_state",
    metadata,
    Column("state_key", Integer, primary_key=True),
    Column("version", Text, nullable=False),
)
