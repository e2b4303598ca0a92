"""What every part of the application uses: settings, database, policies, clock."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.orm.exc import StaleDataError

from farewell.chat.identity import HostKey, load_host_keys
from farewell.clock import Clock, clock_from
from farewell.config import Settings
from farewell.database import Database
from farewell.errors import Problem
from farewell.i18n import catalogues
from farewell.policy.load import load_policies
from farewell.policy.model import Policy
from farewell.work import Work

log = logging.getLogger(__name__)
R = TypeVar("R")
ATTEMPTS = 4


@dataclass
class Services:
    """What routes use; built once at the start."""

    settings: Settings
    database: Database
    policies: dict[str, Policy]
    clock: Clock
    host_keys: dict[str, HostKey]

    def in_transaction(self, use: Callable[[Work], R]) -> R:
        """Run a use case in one transaction, again where another one was faster.

        Raises Problem 409 where it was every time.
        """
        for _ in range(ATTEMPTS):
            try:
                return self._once(use)
            except (IntegrityError, StaleDataError, OperationalError) as error:
                log.warning("a transaction is tried again: %s", type(error).__name__)
        raise Problem(409, "busy", "Somebody else changed this at the same moment. Try again.")

    def _once(self, use: Callable[[Work], R]) -> R:
        with self.database.transaction() as session:
            return use(
                Work(
                    session,
                    self.clock(),
                    self.policies,
                    self.settings.data,
                    self.settings.public_url.rstrip("/"),
                    self.settings.secret_if_any,
                )
            )


def build_services(settings: Settings) -> Services:
    """Open the database, read the policies and the languages.

    Raises PolicyError for a bad policy file, LanguageError for a bad language.
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
    )
