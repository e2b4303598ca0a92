"""A transaction is repeated where another one was in the way, and for no other reason."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
from clients import Api
from factories import World, account
from psycopg import errors
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError, ProgrammingError

from farewell import database as databases
from farewell.accounts.tables import Account, Person
from farewell.database import address, lost_race, new_id
from farewell.errors import Problem
from farewell.services import Services
from farewell.work import Work

Use = Callable[[Work], str]


@pytest.fixture
def services(api: Api) -> Services:
    """The application's services."""
    found: Services = api.app.state.services
    return found


def losing(times: int, error: DBAPIError) -> tuple[Use, list[int]]:
    """A use case that meets an error a number of times, and the list of its attempts."""
    attempts: list[int] = []

    def use(_: Work) -> str:
        attempts.append(len(attempts) + 1)
        if len(attempts) <= times:
            raise error
        return "done"

    return use, attempts


def said_by_postgresql(kind: type[DBAPIError], cause: psycopg.Error) -> DBAPIError:
    """The error as SQLAlchemy passes it on."""
    return kind("…", {}, cause)


@pytest.mark.parametrize("lost", [errors.SerializationFailure, errors.DeadlockDetected])
def test_a_lost_race_is_run_again(services: Services, lost: type[psycopg.Error]) -> None:
    use, attempts = losing(3, said_by_postgresql(OperationalError, lost()))

    assert services.in_transaction(use) == "done"
    assert attempts == [1, 2, 3, 4]


@pytest.mark.parametrize("lost", [errors.SerializationFailure, errors.DeadlockDetected])
def test_who_loses_for_too_long_hears_that_it_is_busy(
    services: Services, monkeypatch: pytest.MonkeyPatch, lost: type[psycopg.Error]
) -> None:
    monkeypatch.setattr(databases, "PATIENCE", 0.2)
    use, attempts = losing(10_000, said_by_postgresql(OperationalError, lost()))

    with pytest.raises(Problem) as refused:
        services.in_transaction(use)

    assert (refused.value.status, refused.value.code) == (409, "busy")
    assert len(attempts) > 1


@pytest.mark.parametrize(
    "error",
    [
        said_by_postgresql(IntegrityError, errors.UniqueViolation()),
        said_by_postgresql(IntegrityError, errors.ForeignKeyViolation()),
        said_by_postgresql(ProgrammingError, errors.UndefinedTable()),
        said_by_postgresql(OperationalError, errors.AdminShutdown()),
    ],
    ids=lambda error: type(error.orig).__name__,
)
def test_any_other_error_is_raised_at_once_as_what_it_is(
    services: Services, error: DBAPIError
) -> None:
    use, attempts = losing(1, error)

    with pytest.raises(type(error)) as raised:
        services.in_transaction(use)

    assert raised.value is error
    assert attempts == [1]


def test_a_duplicate_is_a_mistake_and_not_busy(services: Services, two: World) -> None:
    attempts = []

    def add_again(work: Work) -> None:
        attempts.append(1)
        first = work.session.query(Person).first()
        assert first is not None
        twin = Person(vendor=first.vendor, subject=first.subject, email="x", name="x")
        work.session.add(twin)

    with pytest.raises(IntegrityError):
        services.in_transaction(add_again)

    assert attempts == [1]


def test_sqlite_s_lock_is_a_lost_race_and_its_other_errors_are_not(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "x", isolation_level=None, timeout=0)) as holder:
        holder.execute("BEGIN IMMEDIATE")
        with closing(sqlite3.connect(tmp_path / "x", isolation_level=None, timeout=0)) as other:
            with pytest.raises(sqlite3.OperationalError) as locked:
                other.execute("BEGIN IMMEDIATE")
            with pytest.raises(sqlite3.OperationalError) as missing:
                other.execute("SELECT 1 FROM nowhere")

    assert lost_race(OperationalError("…", {}, locked.value))
    assert not lost_race(OperationalError("…", {}, missing.value))


def test_an_amount_beyond_32_bits_is_kept(world: World) -> None:
    world.load(account())
    large = 9_000_000_000_000

    def grow(work: Work) -> None:
        work.session.query(Account).one().balance_minor = large

    world.run(grow)

    assert world.run(lambda work: work.session.query(Account).one().balance_minor) == large


def test_a_character_that_no_text_may_hold_is_refused_and_breaks_nothing(
    api: Api, two: World
) -> None:
    token = api.sign_in()

    named = api.call("POST", "/api/v1/accounts/T%001/closing-case", token=token)
    signed_in = api.call("POST", "/api/v1/demo/sign-in", json={"email": f"\0{new_id()}"})

    assert {named.status_code, signed_in.status_code} <= {404, 422}
    assert named.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("given", "driver"),
    [
        ("sqlite:////data/farewell.sqlite", "sqlite"),
        ("postgresql://me@db.example/farewell", "postgresql+psycopg"),
        ("postgres://me:word@db.example:6432/farewell", "postgresql+psycopg"),
        ("postgresql+psycopg://me@db.example/farewell", "postgresql+psycopg"),
    ],
)
def test_an_address_gets_the_driver_that_is_installed(given: str, driver: str) -> None:
    url = address(given)

    assert url.drivername == driver
    assert url.render_as_string(hide_password=False).split("://")[1] == given.split("://")[1]


@pytest.mark.parametrize("given", ["mysql://me@db.example/x", "postgresql+psycopg2://me@db/x"])
def test_an_address_of_something_else_is_refused_by_name(given: str) -> None:
    with pytest.raises(RuntimeError, match=r"DATABASE_URL.*neither sqlite nor postgresql"):
        address(given)
