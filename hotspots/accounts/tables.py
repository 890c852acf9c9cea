"""The tables of accounts: who may sign in, who is signed in, and who did what.

They lie in a database of their own, `accounts.db` (on a server beside the others), since SQLite
has one writer at a time: nobody waits for the end of an import to sign in. Moments of sign-ins are
whole seconds since 1970, UTC, because they are compared at every request; others are ISO text.
"""

from typing import Final

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Integer,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
)

# The revision that the code speaks; `migrations/versions` must lead to it.
HEAD: Final = "0001"
VERSION_TABLE: Final = "accounts_version"

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "ix": "ix_%(table_name)s_%(column_0_name)s",
    }
)

# A person's name stands in imports, decisions and the audit record, so nobody is ever deleted: an
# account that is no longer wanted is closed.
users = Table(
    "users",
    metadata,
    Column("user_key", Integer, primary_key=True),
    Column("name", Text, nullable=False),  # what is typed at sign-in, in lower case
    Column("display_name", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("password_hash", Text, nullable=False),  # Argon2id; empty until one is chosen
    Column("password_at", Text, nullable=False),
    Column("made_by", Text, nullable=False),
    Column("made_at", Text, nullable=False),
    Column("closed_at", Text, nullable=False),  # empty while it is open
    UniqueConstraint("name"),
)

# Browsers that are, or were, signed in.
sign_ins = Table(
    "sign_ins",
    metadata,
    Column("sign_in_key", Integer, primary_key=True),
    Column("user_key", ForeignKey("users.user_key"), nullable=False, index=True),
    Column("token_hash", Text, nullable=False),  # SHA-256 of what the browser holds
    Column("browser", Text, nullable=False),  # for its user, who may end it
    Column("made_at", BigInteger, nullable=False),
    Column("seen_at", BigInteger, nullable=False),
    Column("ended_at", BigInteger),
    Column("ended_why", Text, nullable=False),
    UniqueConstraint("token_hash"),
)

# Links that work once: for the first administrator, and to choose a first or another password.
one_time_links = Table(
    "one_time_links",
    metadata,
    Column("one_time_key", Integer, primary_key=True),
    Column("user_key", ForeignKey("users.user_key"), index=True),  # none: first administrator
    Column("token_hash", Text, nullable=False),
    Column("made_by", Text, nullable=False),
    Column("made_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Column("used_at", BigInteger),
    UniqueConstraint("token_hash"),
)

# Wrong passwords in a row, by what was tried and from where.
sign_in_failures = Table(
    "sign_in_failures",
    metadata,
    Column("failure_key", Text, primary_key=True),
    Column("n_failures", Integer, nullable=False),
    Column("failed_at", BigInteger, nullable=False),
    Column("wait_until", BigInteger, nullable=False),
)

# Rows are only ever added: triggers refuse changes, and each row's digest covers the row before,
# so that a change by other means shows.
audit = Table(
    "audit",
    metadata,
    Column("audit_key", Integer, primary_key=True),
    Column("done_at", Text, nullable=False, index=True),
    Column("user_name", Text, nullable=False, index=True),
    Column("role", Text, nullable=False),
    Column("action", Text, nullable=False, index=True),
    Column("subject", Text, nullable=False),
    Column("details", Text, nullable=False),  # JSON
    Column("digest", Text, nullable=False),
)
