"""Retention rules, and texts erased at a person's request."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def _text(*names: str) -> list[sa.Column[object]]:
    return [sa.Column(name, sa.Text(), nullable=False) for name in names]


def upgrade() -> None:
    """Create the new tables; what is stored stays as it is."""
    op.create_table(
        "retention_rules",
        sa.Column("source_key", sa.Integer(), nullable=False),
        sa.Column("months", sa.Integer(), nullable=False),
        *_text("action", "set_by", "set_at"),
        sa.PrimaryKeyConstraint("source_key", name="pk_retention_rules"),
        sa.ForeignKeyConstraint(
            ["source_key"], ["sources.source_key"], name="fk_retention_rules_source_key"
        ),
    )
    op.create_table(
        "erased_texts",
        sa.Column("erased_key", sa.Integer(), nullable=False),
        sa.Column("source_key", sa.Integer(), nullable=False),
        *_text("source_ref", "erased_by", "erased_at"),
        sa.PrimaryKeyConstraint("erased_key", name="pk_erased_texts"),
        sa.ForeignKeyConstraint(
            ["source_key"], ["sources.source_key"], name="fk_erased_texts_source_key"
        ),
        sa.UniqueConstraint("source_key", "source_ref", name="uq_erased_texts_source_key"),
    )
