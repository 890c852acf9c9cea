"""Tables of the first version."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def _traits() -> list[sa.Column[object]]:
    return [
        sa.Column("time_precision", sa.Text(), nullable=False),
        sa.Column("offence", sa.Text(), nullable=False),
        sa.Column("offence_groups", sa.Text(), nullable=False),
        sa.Column("offence_codes", sa.Text(), nullable=False),
        sa.Column("discovered_by", sa.Text(), nullable=False),
        sa.Column("place_method", sa.Text(), nullable=False),
        sa.Column("place_precision_m", sa.Double()),
        sa.Column("displaced", sa.SmallInteger(), nullable=False),
        sa.Column("relevance", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("counted", sa.SmallInteger(), nullable=False),
    ]


def _own() -> list[sa.Column[object]]:
    return [
        sa.Column("occurred_from", sa.BigInteger()),
        sa.Column("occurred_to", sa.BigInteger()),
        sa.Column("reported_at", sa.BigInteger()),
        sa.Column("offence_detail", sa.Text(), nullable=False),
        sa.Column("x", sa.Double()),
        sa.Column("y", sa.Double()),
        sa.Column("place_text", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
    ]


def upgrade() -> None:
    """Create all tables."""
    op.create_table(
        "sources",
        sa.Column("source_key", sa.Integer(), nullable=False),
        sa.Column("source_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("citation", sa.Text(), nullable=False),
        sa.Column("n_incidents", sa.Integer(), nullable=False),
        sa.Column("n_displaced", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("source_key", name="pk_sources"),
        sa.UniqueConstraint("source_id", name="uq_sources_source_id"),
    )
    op.create_table(
        "source_records",
        sa.Column("record_key", sa.Integer(), nullable=False),
        sa.Column("source_key", sa.Integer(), nullable=False),
        sa.Column("first_day", sa.Text(), nullable=False),
        sa.Column("last_day", sa.Text(), nullable=False),
        sa.Column("confirmed", sa.SmallInteger(), nullable=False),
        sa.PrimaryKeyConstraint("record_key", name="pk_source_records"),
        sa.ForeignKeyConstraint(
            ["source_key"], ["sources.source_key"], name="fk_source_records_source_key"
        ),
    )
    op.create_index("ix_source_records_source_key", "source_records", ["source_key"])
    op.create_table(
        "batches",
        sa.Column("batch_id", sa.Integer(), nullable=False),
        sa.Column("source_key", sa.Integer(), nullable=False),
        sa.Column("file_name", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("format", sa.Text(), nullable=False),
        sa.Column("imported_at", sa.Text(), nullable=False),
        sa.Column("user_name", sa.Text(), nullable=False),
        sa.Column("mapping", sa.Text(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("batch_id", name="pk_batches"),
        sa.ForeignKeyConstraint(
            ["source_key"], ["sources.source_key"], name="fk_batches_source_key"
        ),
    )
    op.create_index("ix_batches_source_key", "batches", ["source_key"])
    op.create_table(
        "traits",
        sa.Column("trait_key", sa.Integer(), nullable=False),
        *_traits(),
        sa.PrimaryKeyConstraint("trait_key", name="pk_traits"),
    )
    op.create_table(
        "incidents",
        sa.Column("row_key", sa.Integer(), nullable=False),
        sa.Column("source_key", sa.Integer(), nullable=False),
        sa.Column("source_ref", sa.Text(), nullable=False),
        sa.Column("trait_key", sa.Integer(), nullable=False),
        *_own(),
        sa.Column("batch_id", sa.Integer(), nullable=False),
        sa.Column("content_hash", sa.LargeBinary(16), nullable=False),
        sa.PrimaryKeyConstraint("row_key", name="pk_incidents"),
        sa.ForeignKeyConstraint(["trait_key"], ["traits.trait_key"], name="fk_incidents_trait_key"),
        sa.ForeignKeyConstraint(
            ["source_key"], ["sources.source_key"], name="fk_incidents_source_key"
        ),
        sa.ForeignKeyConstraint(["batch_id"], ["batches.batch_id"], name="fk_incidents_batch_id"),
        sa.UniqueConstraint("source_key", "source_ref", name="uq_incidents_source_key"),
    )
    op.create_index("ix_incidents_source_time", "incidents", ["source_key", "occurred_from"])
    op.create_table(
        "incident_versions",
        sa.Column("version_key", sa.Integer(), nullable=False),
        sa.Column("row_key", sa.Integer(), nullable=False),
        sa.Column("trait_key", sa.Integer(), nullable=False),
        *_own(),
        sa.Column("batch_id", sa.Integer(), nullable=False),
        sa.Column("content_hash", sa.LargeBinary(16), nullable=False),
        sa.Column("replaced_by", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("version_key", name="pk_incident_versions"),
        sa.ForeignKeyConstraint(
            ["trait_key"], ["traits.trait_key"], name="fk_incident_versions_trait_key"
        ),
        sa.ForeignKeyConstraint(
            ["row_key"], ["incidents.row_key"], name="fk_incident_versions_row_key"
        ),
        sa.ForeignKeyConstraint(
            ["batch_id"], ["batches.batch_id"], name="fk_incident_versions_batch_id"
        ),
        sa.ForeignKeyConstraint(
            ["replaced_by"], ["batches.batch_id"], name="fk_incident_versions_replaced_by"
        ),
    )
    op.create_index("ix_incident_versions_row_key", "incident_versions", ["row_key"])
    op.create_table(
        "store_state",
        sa.Column("state_key", sa.Integer(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("state_key", name="pk_store_state"),
    )
    op.bulk_insert(
        sa.table(
            "store_state",
            sa.column("state_key", sa.Integer()),
            sa.column("version", sa.Text()),
        ),
        [{"state_key": 1, "version": "empty"}],
    )
