"""Lets a use case die in the middle: in a child process that ends, without a word, at a statement.

    for death in deaths(world, lambda world: world.closing().confirm(quote_id, shown)):
        assert everything(world) == before, death.statement
    assert world.count(Closure) == 1

The child dies before its first statement, its second, …, before each COMMIT, until it survives.
What a use case committed before its death stays: one of several transactions goes on from there
the next time. `die_at` is for tests that want to begin from the same state each time.
"""

from __future__ import annotations

import os
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count
from typing import Any

from factories import World
from sqlalchemy import event, select

from farewell.database import Base, Database

DEAD, FAILED = 70, 71
"""What the child process ends with; 0 where the use case came through."""
Rows = dict[str, list[tuple[Any, ...]]]


@dataclass(frozen=True)
class Death:
    """Where a process died: before its nth statement."""

    at: int
    statement: str


def deaths(world: World, run: Callable[[World], object]) -> Iterator[Death]:
    """Run a use case until it survives, dying one statement later each time."""
    for at in count(1):
        death = die_at(at, world, run)
        if death is None:
            return
        yield death


def die_at(at: int, world: World, run: Callable[[World], object]) -> Death | None:
    """Run a use case in a process that dies before its nth statement (COMMIT is one too).

    Returns None where it had fewer and came through. The process gets connections of its own; the
    test's are as they were.

    Raises AssertionError where the use case failed by itself.
    """
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        _live_and_die(at, world, run, writer)
    os.close(writer)
    with os.fdopen(reader) as pipe:
        last = pipe.read()
    _, status = os.waitpid(child, 0)
    ended = os.waitstatus_to_exitcode(status)
    assert ended in (0, DEAD), f"the use case ended with {ended}:\n{last}"
    return Death(at, last) if ended == DEAD else None


def _live_and_die(at: int, world: World, run: Callable[[World], object], writer: int) -> None:
    """The child's life. It never returns: what the test would do next is the parent's."""
    try:
        world.database = Database(world.database.url)
        statements = count(1)

        def before(statement: str) -> None:
            if next(statements) == at:
                os.write(writer, statement[:1000].encode())
                os._exit(DEAD)

        engine = world.database.engine
        event.listen(engine, "before_cursor_execute", lambda *given: before(given[2]))
        event.listen(engine, "commit", lambda _: before("COMMIT"))
        run(world)
        os._exit(0)
    except BaseException:
        os.write(writer, traceback.format_exc()[-4000:].encode())
    finally:
        os._exit(FAILED)


def everything(world: World) -> Rows:
    """Every row of every table, to compare."""
    return world.run(
        lambda work: {
            table.name: sorted(
                (tuple(row) for row in work.session.execute(select(table))), key=repr
            )
            for table in Base.metadata.sorted_tables
        }
    )
