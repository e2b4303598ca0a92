"""Brings the database's schema to a revision of `backend/migrations`."""

from __future__ import annotations

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, text

from farewell.config import REPOSITORY
from farewell.database import Database

MIGRATIONS_LOCK = 7_203_114
"""Key of PostgreSQL's advisory lock: of several machines that start at once, one migrates."""


def alembic_config(connection: Connection) -> Config:
    """Alembic's settings for a connection whose transaction is open."""
    config = Config()
    config.set_main_option("script_location", str(REPOSITORY / "backend" / "migrations"))
    config.attributes["connection"] = connection
    return config


def migrate(database: Database) -> None:
    """Bring the database to the newest schema, in one transaction."""
    with database.engine.connect() as connection:
        if database.is_postgresql:
            # Who waited for the lock has to see what the one before did.
            connection.execution_options(isolation_level="READ COMMITTED")
        with connection.begin():
            if database.is_postgresql:
                connection.execute(text(f"SELECT pg_advisory_xact_lock({MIGRATIONS_LOCK})"))
            command.upgrade(alembic_config(connection), "head")
