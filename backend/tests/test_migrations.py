"""The migrations make exactly the tables of the models, and can be taken back."""

from __future__ import annotations

from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from clients import Api
from factories import World, account
from sqlalchemy import Connection, inspect, text

from farewell.config import REPOSITORY
from farewell.database import Database
from farewell.tables import Base


@pytest.fixture
def database(tmp_path: Path) -> Database:
    """An empty database."""
    return Database(f"sqlite:///{tmp_path / 'empty.sqlite'}")


def migrate(connection: Connection, to: str) -> None:
    """Bring the database up or down to a revision."""
    config = Config()
    config.set_main_option("script_location", str(REPOSITORY / "backend" / "migrations"))
    config.attributes["connection"] = connection
    (command.upgrade if to == "head" else command.downgrade)(config, to)


def stamp(connection: Connection) -> None:
    """Say that the database was built by the newest migrations."""
    config = Config()
    config.set_main_option("script_location", str(REPOSITORY / "backend" / "migrations"))
    config.attributes["connection"] = connection
    command.stamp(config, "head")


def test_the_newest_schema_equals_the_models(database: Database) -> None:
    with database.engine.begin() as connection:
        migrate(connection, "head")
        context = MigrationContext.configure(connection, opts={"compare_type": True})

        assert compare_metadata(context, Base.metadata) == []


def test_upgrading_twice_is_harmless(database: Database) -> None:
    with database.engine.begin() as connection:
        migrate(connection, "head")
        migrate(connection, "head")


def test_the_schema_can_be_taken_back_and_built_again(database: Database) -> None:
    with database.engine.begin() as connection:
        migrate(connection, "head")
        migrate(connection, "base")
        assert set(inspect(connection).get_table_names()) <= {"alembic_version"}
        migrate(connection, "head")
        assert "closures" in inspect(connection).get_table_names()


def test_reasons_from_before_the_one_vocabulary_keep_their_meaning(api: Api, world: World) -> None:
    world.load(account())
    api.say(api.sign_in(), "close")
    world.closing().answer("exit_reason", "not_used_enough")
    with world.database.engine.begin() as connection:
        stamp(connection)
        migrate(connection, "0001")
        assert reasons(connection) == {"not_used"}

        migrate(connection, "head")

        assert reasons(connection) == {"not_used_enough"}
    assert world.show("T-1")["closing_case"]["reason_code"] == "not_used_enough"


def test_duties_from_before_payments_stay_as_they_were(world: World) -> None:
    world.load(account(balance_minor=50))
    world.close()
    before = world.show("T-1")["duties"]
    with world.database.engine.begin() as connection:
        stamp(connection)
        migrate(connection, "0004")
        migrate(connection, "head")

    assert len(before) == 2
    assert world.show("T-1")["duties"] == before
    world.clock.forward(days=5)
    assert world.sweep().done == 1


def reasons(connection: Connection) -> set[str]:
    """The reasons that the database holds, in cases and in answers."""
    found = connection.execute(
        text("SELECT reason_code FROM closing_cases UNION SELECT value FROM requirement_answers")
    )
    return set(found.scalars())


@pytest.mark.parametrize(
    "index",
    [
        ("closing_cases", "uq_closing_cases_open_account"),
        ("closures", "uq_closures_standing_account"),
        ("phone_numbers", "uq_phone_numbers_in_use"),
    ],
)
def test_what_must_be_unique_is_unique_in_the_database(
    database: Database, index: tuple[str, str]
) -> None:
    table, name = index
    with database.engine.begin() as connection:
        migrate(connection, "head")
        found = {i["name"]: i["unique"] for i in inspect(connection).get_indexes(table)}

    assert found[name] == 1
