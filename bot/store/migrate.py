"""Bring the database to the schema this program expects, once, even when many processes start together."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.database import Database

_ADVISORY_LOCK = 4_951_373
"""Any fixed number: PostgreSQL lets one holder of it through at a time."""


class SchemaTooNew(Exception):
    """The database was upgraded by a newer program; an older one must not write to it."""


def config() -> Config:
    """Alembic's configuration, without a file: the scripts lie beside this module."""
    made = Config()
    made.set_main_option("script_location", str(Path(__file__).with_name("migrations")))
    made.set_main_option("path_separator", "os")
    return made


def _upgrade(connection: Connection) -> None:
    made = config()
    scripts = ScriptDirectory.from_config(made)
    current = MigrationContext.configure(connection).get_current_revision()
    if current == scripts.get_current_head():
        return
    if current is not None and current not in {script.revision for script in scripts.walk_revisions()}:
        raise SchemaTooNew(f"the database is at revision {current}, which this program does not know")
    made.attributes["connection"] = connection
    command.upgrade(made, "head")


async def migrate(database: Database) -> None:
    """Upgrade to the newest schema; does nothing when it is already there.

    Runs inside the single-writer transaction (SQLite) or under an advisory lock (PostgreSQL). Raises
    SchemaTooNew instead of touching a database from the future.
    """

    async def job(connection: AsyncConnection) -> None:
        if not database.is_sqlite:
            await connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ADVISORY_LOCK})
        await connection.run_sync(_upgrade)

    await database.write(job)


async def is_current(database: Database) -> bool:
    """True when the schema is exactly the one this program was written for (for /readyz)."""

    def head(connection: Connection) -> bool:
        current = MigrationContext.configure(connection).get_current_revision()
        return current == ScriptDirectory.from_config(config()).get_current_head()

    async with database.read() as connection:
        return await connection.run_sync(head)
