"""Alembic's way into a migration: the connection comes from `hotspots.store.migrate`."""

from alembic import context

from hotspots.store.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    # SQLite rolls back changed tables too, once BEGIN is sent by hand (see `store.engine`).
    transactional_ddl=True,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
