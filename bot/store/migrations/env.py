"""Alembic's entry: runs on the connection handed in by bot.store.migrate, or on DATABASE_URL by hand."""

from alembic import context
from sqlalchemy import Connection

from bot.store.schema import metadata


def run(connection: Connection) -> None:
    """Apply the wanted revisions inside the transaction that is already open."""
    context.configure(connection=connection, target_metadata=metadata, transactional_ddl=False)
    context.run_migrations()


run(context.config.attributes["connection"])
