"""The migrations make exactly the tables of the models, and each can be taken back."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from clients import Api
from factories import World, account, phone, usage
from sqlalchemy import Connection, inspect, text

from farewell.database import Database
from farewell.schema import alembic_config, migrate
from farewell.tables import Base

NEWEST, NOTHING = "head", "base"


def up(connection: Connection, to: str = NEWEST) -> None:
    """Bring the schema up to a revision."""
    command.upgrade(alembic_config(connection), to)


def down(connection: Connection, to: str) -> None:
    """Take the schema back to a revision."""
    command.downgrade(alembic_config(connection), to)


def revisions(connection: Connection) -> list[str]:
    """Every revision, oldest first. Two that follow the same one fail here."""
    script = ScriptDirectory.from_config(alembic_config(connection))
    assert len(script.get_heads()) == 1, script.get_heads()
    return [revision.revision for revision in script.walk_revisions()][::-1]


def schema(connection: Connection) -> dict[str, Any]:
    """Columns, keys and indexes of every table, as the database tells them."""
    inspector = inspect(connection)

    def told(things: list[Any]) -> list[str]:
        return sorted(json.dumps(thing, default=str, sort_keys=True) for thing in things)

    return {
        table: (
            told([(c["name"], c["type"], c["nullable"]) for c in inspector.get_columns(table)]),
            inspector.get_pk_constraint(table)["constrained_columns"],
            told(inspector.get_foreign_keys(table)),
            told(inspector.get_unique_constraints(table)),
            told(inspector.get_indexes(table)),
        )
        for table in inspector.get_table_names()
        if table != "alembic_version"
    }


def test_the_newest_schema_equals_the_models(bare_database: Database) -> None:
    with bare_database.engine.begin() as connection:
        up(connection)
        context = MigrationContext.configure(connection, opts={"compare_type": True})

        assert compare_metadata(context, Base.metadata) == []


def test_the_models_make_the_schema_of_the_migrations(bare_database: Database) -> None:
    with bare_database.engine.begin() as connection:
        up(connection)
        migrated = schema(connection)
        down(connection, NOTHING)

        Base.metadata.create_all(connection)

        assert schema(connection) == migrated


def test_each_revision_can_be_taken_back(bare_database: Database) -> None:
    with bare_database.engine.begin() as connection:
        before = []
        for revision in revisions(connection):
            before.append((revision, schema(connection)))
            up(connection, revision)
        newest = schema(connection)
        for revision, as_it_was in reversed(before):
            down(connection, f"{revision}-1")
            assert schema(connection) == as_it_was, revision
        assert schema(connection) == {}
        up(connection)
        assert schema(connection) == newest


def test_a_database_in_use_can_be_taken_back_and_brought_up_again(
    bare_database: Database, tmp_path: Path
) -> None:
    migrate(bare_database)
    world = World(tmp_path, bare_database)
    world.load(account(numbers=[phone()], charges=[usage("Calls", 234)]), account("T-2"))
    world.close()
    world.closing("T-2").settle()
    before = world.show("T-1")

    with bare_database.engine.begin() as connection:
        oldest = revisions(connection)[0]
        down(connection, oldest)
        up(connection)

    # The books came with payments, and are gone where their tables were.
    assert world.show("T-1") == {**before, "books": {}, "payments": []}
    assert world.closing("T-2").confirm() == "closed"


def test_upgrading_twice_is_harmless(bare_database: Database) -> None:
    migrate(bare_database)
    migrate(bare_database)


def test_several_machines_that_start_at_once_migrate_once(bare_database: Database) -> None:
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(migrate, [bare_database] * 4))

    with bare_database.engine.begin() as connection:
        assert connection.scalar(text("SELECT count(*) FROM alembic_version")) == 1


def test_reasons_from_before_the_one_vocabulary_keep_their_meaning(
    bare_database: Database, tmp_path: Path
) -> None:
    migrate(bare_database)
    world = World(tmp_path, bare_database)
    world.load(account())
    api = Api(world)
    api.say(api.sign_in(), "close")
    api.close()
    world.closing().answer("exit_reason", "not_used_enough")
    with bare_database.engine.begin() as connection:
        down(connection, "0001")
        assert reasons(connection) == {"not_used"}

        up(connection)

        assert reasons(connection) == {"not_used_enough"}
    assert world.show("T-1")["closing_case"]["reason_code"] == "not_used_enough"


def test_duties_from_before_payments_stay_as_they_were(world: World) -> None:
    world.load(account(balance_minor=50))
    world.close()
    before = world.show("T-1")["duties"]
    with world.database.engine.begin() as connection:
        command.stamp(alembic_config(connection), NEWEST)
        down(connection, "0004")
        up(connection)

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
    bare_database: Database, index: tuple[str, str]
) -> None:
    table, name = index
    with bare_database.engine.begin() as connection:
        up(connection)
        found = {i["name"]: i["unique"] for i in inspect(connection).get_indexes(table)}

    assert found[name] == 1
