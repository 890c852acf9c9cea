"""Alembic's way into a migration: the connection comes from `hotspots.store.migrate`."""

from alembic import context

from hotspots.accounts.tables import VERSION_TABLE, metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transactional_ddl=True,
    render_as_batch=True,
    version_table=VERSION_TABLE,
)
with context.begin_transaction():
    context.run_migrations()
