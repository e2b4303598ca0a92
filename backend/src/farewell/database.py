"""The database: base class, column types, and transactions that are repeated where others were
faster. SQLite and PostgreSQL keep the same promises (docs/decisions/0006)."""

from __future__ import annotations

import logging
import sqlite3
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, TypeVar

from sqlalchemy import (
    BigInteger,
    DateTime,
    Dialect,
    Integer,
    MetaData,
    TypeDecorator,
    create_engine,
    event,
    make_url,
    text,
)
from sqlalchemy.engine import URL, Engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import DeclarativeBase, Session, sessionmaker
from sqlalchemy.pool import NullPool
from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_exception,
    stop_after_delay,
    wait_random_exponential,
)

log = logging.getLogger(__name__)
R = TypeVar("R")
PATIENCE = 10.0
"""Seconds after which a use case that others overtook again and again is given up."""
READS_FIRST = "reads_first"
"""Execution option: on SQLite too, what is committed can be read while somebody else writes."""
SERIALIZATION_FAILURE, DEADLOCK = "40001", "40P01"
"""SQLSTATEs of PostgreSQL after which the whole transaction is worth another try. A unique
violation is none: who looks before inserting gets a serialization failure first, and who does
not has made a mistake."""


class Base(DeclarativeBase):
    """Base of all tables; constraints have names so that migrations can change them."""

    # Amounts in minor units outgrow 32 bits. SQLite's integers have 64 anyway, and only a column
    # that is called INTEGER counts up by itself there.
    type_annotation_map = {int: BigInteger().with_variant(Integer(), "sqlite")}

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(column_0_label)s",
            "uq": "uq_%(table_name)s_%(column_0_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


class UtcDateTime(TypeDecorator[datetime]):
    """A moment in UTC. Naive values are refused; what is read back is aware."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment without a time zone was about to be stored")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def new_id() -> str:
    """A random identifier."""
    return str(uuid.uuid4())


def address(url: str) -> URL:
    """A database's address with its driver; `postgres://` means PostgreSQL as well.

    Raises RuntimeError for anything but SQLite and PostgreSQL.
    """
    given = make_url(url)
    if given.drivername in ("postgres", "postgresql"):
        return given.set(drivername="postgresql+psycopg")
    if given.drivername not in ("sqlite", "postgresql+psycopg"):
        raise RuntimeError(f"DATABASE_URL: {given.drivername} is neither sqlite nor postgresql.")
    return given


def make_engine(url: str) -> Engine:
    """An engine whose transactions are serializable."""
    where = address(url)
    return _sqlite(where) if where.drivername == "sqlite" else _postgresql(where)


def _postgresql(url: URL) -> Engine:
    engine = create_engine(url, isolation_level="SERIALIZABLE", pool_pre_ping=True)

    @event.listens_for(engine, "connect")
    def on_connect(connection: Any, _record: Any) -> None:
        # A machine that vanished in the middle holds its locks no longer than this.
        connection.execute("SET idle_in_transaction_session_timeout = '60s'")
        connection.commit()

    return engine


def _sqlite(url: URL) -> Engine:
    """Foreign keys, WAL, and transactions that wait their turn from the start."""
    engine = create_engine(url, poolclass=NullPool, connect_args={"timeout": 15})

    @event.listens_for(engine, "connect")
    def on_connect(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # the begin event below issues BEGIN itself
        for pragma in ("foreign_keys=ON", "journal_mode=WAL", "synchronous=NORMAL"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def on_begin(connection: Any) -> None:
        # IMMEDIATE takes the write lock at once: two confirmations queue instead of colliding.
        queues = not connection.get_execution_options().get(READS_FIRST)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if queues else "BEGIN")

    return engine


def lost_race(error: BaseException) -> bool:
    """Whether another transaction was in the way, so that the same work may succeed next time."""
    if not isinstance(error, DBAPIError):
        return False
    if isinstance(error.orig, sqlite3.Error):
        code: int = getattr(error.orig, "sqlite_errorcode", 0)
        return code & 0xFF == sqlite3.SQLITE_BUSY
    return getattr(error.orig, "sqlstate", None) in (SERIALIZATION_FAILURE, DEADLOCK)


def _log_retry(state: RetryCallState) -> None:
    error = state.outcome.exception() if state.outcome else None
    cause = error.orig if isinstance(error, DBAPIError) else error
    log.info("a transaction is tried again: %s", type(cause).__name__)


class Database:
    """Hands out sessions. One use case is one session and one transaction."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.engine = make_engine(url)
        self._sessions = sessionmaker(self.engine, expire_on_commit=False)

    @property
    def is_postgresql(self) -> bool:
        """Whether several transactions may run at once here."""
        return self.engine.dialect.name == "postgresql"

    @contextmanager
    def transaction(self, *, reads_first: bool = False, in_turn: bool = False) -> Iterator[Session]:
        """A session that commits when the block ends well and rolls back otherwise.

        `reads_first` does not wait for another one's changes before it reads. `in_turn` waits for
        everybody who appends to the audit, and lets nobody else do so before this transaction
        ends. Nearly every change appends there, so that one goes through.
        """
        with self._sessions() as session, session.begin():
            session.connection(execution_options={READS_FIRST: reads_first and not in_turn})
            if in_turn and self.is_postgresql:
                # LOCK comes before the snapshot is taken: what is read then is the newest.
                session.execute(text("LOCK TABLE audit IN SHARE ROW EXCLUSIVE MODE"))
            yield session

    def run(self, use: Callable[[Session], R], *, reads_first: bool = False) -> R:
        """Run a use case in one transaction, again and in turn where another one was faster.

        Raises the database's last error where it was for PATIENCE seconds.
        """
        attempts = Retrying(
            retry=retry_if_exception(lost_race),
            wait=wait_random_exponential(multiplier=0.01, max=0.5),
            stop=stop_after_delay(PATIENCE),
            before_sleep=_log_retry,
            reraise=True,
        )

        def attempt() -> R:
            again = attempts.statistics["attempt_number"] > 1
            with self.transaction(reads_first=reads_first, in_turn=again) as session:
                return use(session)

        return attempts(attempt)
