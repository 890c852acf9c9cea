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
HEAD: Final = "0001"

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

# One row; its text changes with every change of what can be read.
store_state = Table(
    "store_state",
    metadata,
    Column("state_key", Integer, primary_key=True),
    Column("version", Text, nullable=False),
)
