"""The databases of the tests: SQLite files, and PostgreSQL databases of this run alone."""

from __future__ import annotations

import os
import shutil
import uuid
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import make_url, text

from farewell.database import Database
from farewell.tables import Base

SERVER = os.environ.get("FAREWELL_TEST_POSTGRES", "postgresql://postgres@127.0.0.1:5432/postgres")
UNREACHABLE = f"PostgreSQL does not answer at {SERVER}"
RUN = "FAREWELL_TEST_RUN"
"""Names this run in the environment, so that its workers share the name."""
PREFIX = "farewell_run_"
_held: list[psycopg.Connection] = []


def _server() -> psycopg.Connection:
    return psycopg.connect(SERVER, autocommit=True, connect_timeout=5)


def begin_run() -> None:
    """Name the run, and drop what a run left that was killed: nobody holds its lock any more."""
    run = os.environ[RUN] = uuid.uuid4().hex[:12]
    try:
        server = _server()
    except psycopg.OperationalError:
        return  # the tests say so
    _held.append(server)
    server.execute("SELECT pg_advisory_lock(hashtext(%s))", [run])
    for left in {name.removeprefix(PREFIX).split("_")[0] for name in _names(server, "")}:
        free = server.execute("SELECT pg_try_advisory_lock(hashtext(%s))", [left]).fetchone()
        if left != run and free == (True,):
            _drop(server, _names(server, left))


def end_run() -> None:
    """Drop what this run's workers could not drop themselves."""
    for server in _held:
        with server:
            _drop(server, _names(server, os.environ[RUN]))


def _names(server: psycopg.Connection, run: str) -> list[str]:
    found = server.execute(
        "SELECT datname FROM pg_database WHERE starts_with(datname, %s)", [PREFIX + run]
    )
    return [name for (name,) in found]


def _drop(server: psycopg.Connection, names: list[str]) -> None:
    for name in names:
        command = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)")
        server.execute(command.format(sql.Identifier(name)))


def create_postgresql() -> str:
    """The address of a new, empty database of this run.

    Where no server answers, the test is skipped, and fails in CI.
    """
    name = f"{PREFIX}{os.environ[RUN]}_{uuid.uuid4().hex[:8]}"
    try:
        server = _server()
    except psycopg.OperationalError as error:
        if os.environ.get("CI"):
            pytest.fail(f"{UNREACHABLE}: {error}", pytrace=False)
        pytest.skip(UNREACHABLE)
    with server:
        server.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        # Nothing here has to outlive the machine.
        server.execute(
            sql.SQL("ALTER DATABASE {} SET synchronous_commit = off").format(sql.Identifier(name))
        )
    return make_url(SERVER).set(database=name).render_as_string(hide_password=False)


def drop(database: Database) -> None:
    """Let go of a PostgreSQL database and drop it."""
    database.engine.dispose()
    with _server() as server:
        _drop(server, [str(database.engine.url.database)])


def with_tables(database: Database) -> Database:
    """The database with the tables of the models."""
    Base.metadata.create_all(database.engine)
    return database


EMPTY = """
DO $$
DECLARE name text; filled boolean;
BEGIN
    FOREACH name IN ARRAY string_to_array('{tables}', ' ') LOOP
        EXECUTE format('SELECT EXISTS (SELECT 1 FROM %I)', name) INTO filled;
        IF filled THEN EXECUTE format('DELETE FROM %I', name); END IF;
    END LOOP;
    FOR name IN SELECT sequencename FROM pg_sequences WHERE last_value IS NOT NULL LOOP
        EXECUTE format('ALTER SEQUENCE %I RESTART', name);
    END LOOP;
END $$
"""
"""Faster than TRUNCATE where most tables are empty."""


def empty(database: Database) -> None:
    """Delete every row of a PostgreSQL database; its ids begin anew."""
    tables = " ".join(table.name for table in reversed(Base.metadata.sorted_tables))
    with database.engine.begin() as connection:
        connection.execute(text(EMPTY.format(tables=tables)))


def sqlite_copy(template: Path, folder: Path) -> Database:
    """A SQLite database that begins as a copy of another one."""
    path = folder / "test.sqlite"
    shutil.copyfile(template, path)
    return Database(f"sqlite:///{path}")
