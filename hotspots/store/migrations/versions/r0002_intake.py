"""Placings, decisions, links, and batches that can be undone."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


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
    """Create the new tables and columns; what is stored stays as it is."""
    for column in (
        sa.Column("also_seen", sa.LargeBinary(), nullable=False, server_default=""),
        sa.Column("record_before", sa.Text(), nullable=False, server_default=""),
        sa.Column("undone_at", sa.Text(), nullable=False, server_default=""),
        sa.Column("undone_by", sa.Text(), nullable=False, server_default=""),
    ):
        op.add_column("batches", column)
    op.create_table(
        "withdrawn_incidents",
        sa.Column("withdrawn_key", sa.Integer(), nullable=False),
        sa.Column("source_key", sa.Integer(), nullable=False),
        sa.Column("source_ref", sa.Text(), nullable=False),
        sa.Column("trait_key", sa.Integer(), nullable=False),
        *_own(),
        sa.Column("batch_id", sa.Integer(), nullable=False),
        sa.Column("content_hash", sa.LargeBinary(16), nullable=False),
        sa.Column("undone_batch", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("withdrawn_key", name="pk_withdrawn_incidents"),
        sa.ForeignKeyConstraint(
            ["source_key"], ["sources.source_key"], name="fk_withdrawn_incidents_source_key"
        ),
        sa.ForeignKeyConstraint(
            ["trait_key"], ["traits.trait_key"], name="fk_withdrawn_incidents_trait_key"
        ),
        sa.ForeignKeyConstraint(
            ["batch_id"], ["batches.batch_id"], name="fk_withdrawn_incidents_batch_id"
        ),
        sa.ForeignKeyConstraint(
            ["undone_batch"], ["batches.batch_id"], name="fk_withdrawn_incidents_undone_batch"
        ),
    )
    op.create_index("ix_withdrawn_incidents_undone_batch", "withdrawn_incidents", ["undone_batch"])
    op.create_table(
        "decisions",
        sa.Column("decision_key", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("decided_by", sa.Text(), nullable=False),
        sa.Column("decided_at", sa.Text(), nullable=False),
        sa.Column("before", sa.Text(), nullable=False),
        sa.Column("undone_by", sa.Text(), nullable=False),
        sa.Column("undone_at", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("decision_key", name="pk_decisions"),
    )
    op.create_table(
        "placings",
        sa.Column("placing_key", sa.Integer(), nullable=False),
        sa.Column("source_key", sa.Integer(), nullable=False),
        sa.Column("source_ref", sa.Text(), nullable=False),
        sa.Column("x", sa.Double()),
        sa.Column("y", sa.Double()),
        sa.Column("place_method", sa.Text(), nullable=False),
        sa.Column("place_precision_m", sa.Double()),
        sa.Column("place_score", sa.Double()),
        sa.Column("place_matched", sa.Text(), nullable=False),
        sa.Column("place_state", sa.Text(), nullable=False),
        sa.Column("place_key", sa.Text(), nullable=False),
        sa.Column("decision_key", sa.Integer()),
        sa.PrimaryKeyConstraint("placing_key", name="pk_placings"),
        sa.ForeignKeyConstraint(
            ["source_key"], ["sources.source_key"], name="fk_placings_source_key"
        ),
        sa.ForeignKeyConstraint(
            ["decision_key"], ["decisions.decision_key"], name="fk_placings_decision_key"
        ),
        sa.UniqueConstraint("source_key", "source_ref", name="uq_placings_source_key"),
    )
    op.create_index("ix_placings_place_state", "placings", ["place_state"])
    op.create_index("ix_placings_place_key", "placings", ["place_key"])
    op.create_table(
        "remembered_places",
        sa.Column("place_key", sa.Text(), nullable=False),
        sa.Column("place_text", sa.Text(), nullable=False),
        sa.Column("x", sa.Double()),
        sa.Column("y", sa.Double()),
        sa.Column("place_method", sa.Text(), nullable=False),
        sa.Column("place_precision_m", sa.Double()),
        sa.Column("place_matched", sa.Text(), nullable=False),
        sa.Column("place_state", sa.Text(), nullable=False),
        sa.Column("decision_key", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("place_key", name="pk_remembered_places"),
        sa.ForeignKeyConstraint(
            ["decision_key"], ["decisions.decision_key"], name="fk_remembered_places_decision_key"
        ),
    )
    op.create_table(
        "links",
        sa.Column("link_key", sa.Integer(), nullable=False),
        sa.Column("source_key_a", sa.Integer(), nullable=False),
        sa.Column("ref_a", sa.Text(), nullable=False),
        sa.Column("source_key_b", sa.Integer(), nullable=False),
        sa.Column("ref_b", sa.Text(), nullable=False),
        sa.Column("link_state", sa.Text(), nullable=False),
        sa.Column("link_score", sa.Double()),
        sa.Column("decision_key", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("link_key", name="pk_links"),
        sa.ForeignKeyConstraint(
            ["source_key_a"], ["sources.source_key"], name="fk_links_source_key_a"
        ),
        sa.ForeignKeyConstraint(
            ["source_key_b"], ["sources.source_key"], name="fk_links_source_key_b"
        ),
        sa.ForeignKeyConstraint(
            ["decision_key"], ["decisions.decision_key"], name="fk_links_decision_key"
        ),
        sa.UniqueConstraint(
            "source_key_a", "ref_a", "source_key_b", "ref_b", name="uq_links_source_key_a"
        ),
    )
