"""What every part of the application uses: settings, database, policies, clock."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from farewell.chat.identity import HostKey, load_host_keys
from farewell.clock import Clock, clock_from
from farewell.config import Settings
from farewell.database import Database, lost_race
from farewell.errors import Problem
from farewell.host.addresses import HostAddress, load_hosts
from farewell.i18n import catalogues
from farewell.policy.load import load_policies
from farewell.policy.model import Policy
from farewell.work import Work

R = TypeVar("R")


@dataclass
class Services:
    """What routes use; built once at the start."""

    settings: Settings
    database: Database
    policies: dict[str, Policy]
    clock: Clock
    host_keys: dict[str, HostKey]
    hosts: Mapping[str, HostAddress] = field(default_factory=dict)

    def in_transaction(self, use: Callable[[Work], R], *, reads_first: bool = False) -> R:
        """Run a use case in one transaction, again where another one was faster.

        `reads_first` does not wait for another one's changes before it reads.

        Raises Problem 409 where another one was faster for too long.
        """
        try:
            return self.database.run(
                lambda session: use(self._work(session)), reads_first=reads_first
            )
        except OperationalError as error:
            if not lost_race(error):
                raise
            raise Problem(
                409, "busy", "Somebody else changed this at the same moment. Try again."
            ) from error

    def _work(self, session: Session) -> Work:
        return Work(
            session,
            self.clock(),
            self.policies,
            self.settings.data,
            self.settings.secret_if_any,
            self.hosts,
        )


def build_services(settings: Settings) -> Services:
    """Open the database, read the policies and the languages.

    Raises PolicyError for a bad policy file, LanguageError for a bad language, HostsError for bad
    addresses of host applications.
    """
    catalogues()
    settings.data.mkdir(parents=True, exist_ok=True)
    if settings.clock_starts_at and not settings.demo:
        raise RuntimeError("FAREWELL_CLOCK_STARTS_AT works in demo mode only.")
    return Services(
        settings=settings,
        database=Database(settings.url),
        policies=load_policies(settings.policies),
        clock=clock_from(settings.clock_starts_at),
        host_keys=load_host_keys(settings.host_keys),
        hosts=load_hosts(settings.hosts),
    )
