"""Accounts, sign-ins, one-time links, the audit record."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_REFUSE = """
CREATE TRIGGER audit_no_{what} BEFORE {verb} ON audit
BEGIN SELECT RAISE(ABORT, 'the audit record is only ever added to'); END
"""
# INSERT OR REPLACE would remove a line without asking the triggers above.
_ONLY_NEXT = """
CREATE TRIGGER audit_only_next BEFORE INSERT ON audit
WHEN NEW.audit_key IS NOT (SELECT coalesce(max(audit_key), 0) + 1 FROM audit)
BEGIN SELECT RAISE(ABORT, 'the audit record is only ever added to'); END
"""
_REFUSE_FUNCTION = """
CREATE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'the audit record is only ever added to'; END $$
"""
_REFUSE_TRIGGER = """
CREATE TRIGGER audit_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON audit
FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse()
"""


def _text(*names: str) -> list[sa.Column[object]]:
    return [sa.Column(name, sa.Text(), nullable=False) for name in names]


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "users",
        sa.Column("user_key", sa.Integer(), nullable=False),
        *_text("name", "display_name", "role", "password_hash", "password_at"),
        *_text("made_by", "made_at", "closed_at"),
        sa.PrimaryKeyConstraint("user_key", name="pk_users"),
        sa.UniqueConstraint("name", name="uq_users_name"),
    )
    op.create_table(
        "sign_ins",
        sa.Column("sign_in_key", sa.Integer(), nullable=False),
        sa.Column("user_key", sa.Integer(), nullable=False),
        *_text("token_hash", "browser"),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.Column("seen_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger()),
        *_text("ended_why"),
        sa.PrimaryKeyConstraint("sign_in_key", name="pk_sign_ins"),
        sa.ForeignKeyConstraint(["user_key"], ["users.user_key"], name="fk_sign_ins_user_key"),
        sa.UniqueConstraint("token_hash", name="uq_sign_ins_token_hash"),
    )
    op.create_index("ix_sign_ins_user_key", "sign_ins", ["user_key"])
    op.create_table(
        "one_time_links",
        sa.Column("one_time_key", sa.Integer(), nullable=False),
        sa.Column("user_key", sa.Integer()),
        *_text("token_hash", "made_by"),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("used_at", sa.BigInteger()),
        sa.PrimaryKeyConstraint("one_time_key", name="pk_one_time_links"),
        sa.ForeignKeyConstraint(
            ["user_key"], ["users.user_key"], name="fk_one_time_links_user_key"
        ),
        sa.UniqueConstraint("token_hash", name="uq_one_time_links_token_hash"),
    )
    op.create_index("ix_one_time_links_user_key", "one_time_links", ["user_key"])
    op.create_table(
        "sign_in_failures",
        *_text("failure_key"),
        sa.Column("n_failures", sa.Integer(), nullable=False),
        sa.Column("failed_at", sa.BigInteger(), nullable=False),
        sa.Column("wait_until", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("failure_key", name="pk_sign_in_failures"),
    )
    op.create_table(
        "audit",
        sa.Column("audit_key", sa.Integer(), nullable=False),
        *_text("done_at", "user_name", "role", "action", "subject", "details", "digest"),
        sa.PrimaryKeyConstraint("audit_key", name="pk_audit"),
    )
    for name in ("done_at", "user_name", "action"):
        op.create_index(f"ix_audit_{name}", "audit", [name])
    if op.get_bind().dialect.name == "sqlite":
        op.execute(_REFUSE.format(what="change", verb="UPDATE"))
        op.execute(_REFUSE.format(what="removal", verb="DELETE"))
        op.execute(_ONLY_NEXT)
    else:
        op.execute(_REFUSE_FUNCTION)
        op.execute(_REFUSE_TRIGGER)
