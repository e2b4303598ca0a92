"""Fixtures: one temporary world a test, on each database."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import databases
import pytest
from clients import Api
from factories import World, account, phone

from farewell.database import Database

WORKER = "PYTEST_XDIST_WORKER" in os.environ


def pytest_configure() -> None:
    if not WORKER:
        databases.begin_run()


def pytest_unconfigure() -> None:
    if not WORKER:
        databases.end_run()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say once, and not by a letter only, that a database was missing."""
    skipped = terminalreporter.getreports("skipped")
    missing = sum(databases.UNREACHABLE in str(report.longrepr) for report in skipped)
    if missing:
        terminalreporter.write_line(f"{missing} tests were skipped: {databases.UNREACHABLE}.")


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with all tables and no row."""
    path = tmp_path_factory.mktemp("template") / "empty.sqlite"
    databases.with_tables(Database(f"sqlite:///{path}"))
    return path


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Database]:
    """A PostgreSQL database with all tables; each test finds it empty."""
    made = databases.with_tables(Database(databases.create_postgresql()))
    yield made
    databases.drop(made)


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Database:
    """A database with all tables and no row: each test that uses one runs on both."""
    if request.param == "sqlite":
        template: Path = request.getfixturevalue("sqlite_template")
        return databases.sqlite_copy(template, tmp_path)
    made: Database = request.getfixturevalue("postgresql")
    databases.empty(made)
    return made


@pytest.fixture(params=["sqlite", "postgresql"])
def bare_database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A database without any table."""
    if request.param == "sqlite":
        yield Database(f"sqlite:///{tmp_path / 'bare.sqlite'}")
        return
    made = Database(databases.create_postgresql())
    yield made
    databases.drop(made)


@pytest.fixture
def world(tmp_path: Path, database: Database) -> World:
    """An empty database, a clock that stands still, the real policies."""
    return World(tmp_path, database)


@pytest.fixture
def api(world: World) -> Iterator[Api]:
    """The application over the world."""
    started = Api(world)
    yield started
    started.close()


@pytest.fixture
def two(world: World) -> World:
    """Ann's account T-1 with Bob as a plain user, and Zoe's account T-2."""
    world.load(
        account(roles={"ann@example": "billing_admin", "bob@example": "user"}, numbers=[phone()]),
        account("T-2", roles={"zoe@example": "billing_admin"}),
    )
    return world
