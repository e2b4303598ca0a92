"""Builds people, accounts and cases for tests, through the same doors that the product uses."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from farewell.accounts.file import FileIn
from farewell.accounts.load import load
from farewell.accounts.show import show
from farewell.accounts.tables import Account, Person
from farewell.audit import Actor
from farewell.billing.money import Money
from farewell.closing import case as cases
from farewell.closing.confirm import confirm
from farewell.closing.tables import ClosingCase
from farewell.config import REPOSITORY
from farewell.database import Base, Database
from farewell.host.addresses import HostAddress
from farewell.host.calling import HostCaller
from farewell.lifecycle.reactivation import reactivate
from farewell.lifecycle.sweep import Swept, sweep
from farewell.payments.provider import PaymentProvider
from farewell.payments.simulated import SimulatedCard
from farewell.policy.load import load_policies
from farewell.policy.model import Policy
from farewell.work import Work

R = TypeVar("R")
POLICIES = load_policies(REPOSITORY / "policies")
NOON = datetime(2026, 11, 10, 17, 0, tzinfo=UTC)
"""A Tuesday, noon in New York."""
API = "api"
DEFAULTS = {
    "alternatives": "decline",
    "keep_numbers": "release_all",
    "open_port": "wait",
    "port_works": "not_yet",
    "data_export": "skip",
    "sub_accounts": "close_all",
    "exit_reason": "skip",
}
"""What a customer answers who just wants to close."""


class FixedClock:
    """Shows one moment until it is moved."""

    def __init__(self, now: datetime = NOON) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **delta: float) -> datetime:
        """Move the clock on."""
        self.now += timedelta(**delta)
        return self.now


def person(email: str, vendor: str = "tresta", **more: Any) -> dict[str, Any]:
    """A person; the name follows from the e-mail."""
    name = email.split("@")[0].replace(".", " ").title()
    return {"email": email, "name": name, "vendor": vendor, **more}


def account(number: str = "T-1", **more: Any) -> dict[str, Any]:
    """A Tresta account of $30 a month that ann@example closes, unless said otherwise."""
    given: dict[str, Any] = {
        "number": number,
        "vendor": "tresta",
        "name": f"Account {number}",
        "type": "standalone",
        "zone": "America/New_York",
        "plan": {"name": "Unlimited", "price_minor": 3000},
        "payment_method": "Visa ending 4242",
        "roles": {"ann@example": "billing_admin"},
    }
    return given | more


def agency_with(*children: str, email: str = "ann@example") -> list[dict[str, Any]]:
    """A CTM agency A-1 of one Agency Administrator, and sub-accounts with a number each."""
    parent = account(
        "A-1",
        vendor="ctm",
        type="agency",
        plan={"name": "Agency", "price_minor": 19900},
        roles={email: "agency_administrator"},
        charges=[usage("Reports", 500)],
    )
    return [parent] + [
        account(
            number,
            vendor="ctm",
            type="sub_account",
            parent="A-1",
            roles={},
            numbers=[phone(index)],
            charges=[usage(f"Minutes {number}", 100 + index)],
        )
        for index, number in enumerate(children)
    ]


def phone(index: int = 0, port: str | None = None) -> dict[str, Any]:
    """A fictional number, with a port-out in a state if wanted."""
    number: dict[str, Any] = {"e164": e164(index)}
    return number | ({"port": {"status": port}} if port else {})


def e164(index: int = 0) -> str:
    """The fictional number with this index."""
    return f"+1303555{100 + index:04d}"


def usage(description: str, amount_minor: int, kind: str = "usage") -> dict[str, Any]:
    """An open charge."""
    return {"kind": kind, "description": description, "amount_minor": amount_minor}


class World:
    """One test's database, clock and policies."""

    def __init__(
        self, folder: Path, database: Database, policies: dict[str, Policy] | None = None
    ) -> None:
        self.folder = folder
        self.clock = FixedClock()
        self.policies = policies or POLICIES
        self.database = database
        self.provider: PaymentProvider = SimulatedCard(self.database, self.clock)
        self.hosts: dict[str, HostAddress] = {}
        self.host = HostCaller(self.hosts, self.clock)

    def _work(self, session: Session) -> Work:
        return Work(session, self.clock(), self.policies, self.folder, hosts=self.hosts)

    def run(self, use: Callable[[Work], R]) -> R:
        """One use case in one transaction, repeated as the product repeats it."""

        return self.database.run(lambda session: use(self._work(session)))

    def load(self, *accounts: dict[str, Any], people: list[dict[str, Any]] | None = None) -> None:
        """Load accounts, and everybody who has a role in them."""
        given = people or []
        known = {(p["email"], p["vendor"]) for p in given}
        for item in accounts:
            for email in item["roles"]:
                if (email, item["vendor"]) not in known:
                    known.add((email, item["vendor"]))
                    given = [*given, person(email, item["vendor"])]
        content = FileIn.model_validate({"people": given, "accounts": list(accounts)})
        self.run(lambda work: load(work, content))

    def show(self, number: str) -> dict[str, Any]:
        """Everything about an account, as `farewell show` prints it."""
        return self.run(lambda work: show(work, number))

    def reactivate(
        self, number: str = "T-1", email: str = "ann@example", price: Money | None = None
    ) -> None:
        """A person takes a closed account back at a price, else at what its plan costs."""

        def use(work: Work) -> None:
            who, mine = the_person(work, email), the_account(work, number)
            plan = mine.subscription
            agreed = price or Money(plan.price_minor if plan else 0, mine.currency)
            actor = Actor(f"person:{who.id}", API)
            reactivate(work, person=who, account=mine, actor=actor, price=agreed)

        self.run(use)

    def sweep(self) -> Swept:
        """What the passage of time does, as of the world's clock."""
        return sweep(self.run, self.provider, self.host, self.clock, self.clock())

    def count(self, table: type[Base]) -> int:
        """Rows of a table."""
        return self.run(lambda work: work.session.query(table).count())

    def closing(self, number: str = "T-1", email: str = "ann@example") -> Closing:
        """A person's way through the closing of an account."""
        return Closing(self, number, email)

    def close(self, number: str = "T-1", email: str = "ann@example", **answers: str) -> Closing:
        """Close an account; what is asked is answered so that it closes."""
        closing = self.closing(number, email).settle(**answers)
        closing.confirm()
        return closing


def the_person(work: Work, email: str) -> Person:
    """A person by e-mail."""
    return work.session.scalars(select(Person).where(Person.email == email)).one()


def the_account(work: Work, number: str) -> Account:
    """An account by number."""
    return work.session.scalars(select(Account).where(Account.number == number)).one()


class Closing:
    """Leads one person through one account's closing case; each step is its own transaction."""

    def __init__(self, world: World, number: str, email: str) -> None:
        self.world, self.number, self.email = world, number, email

    def _in_case(self, use: Callable[[Work, ClosingCase, Person, Actor], R]) -> R:
        def run(work: Work) -> R:
            who = the_person(work, self.email)
            actor = Actor(f"person:{who.id}", API)
            account = the_account(work, self.number)
            case = (
                cases.open_case_of(work, account)
                or work.session.scalars(
                    select(ClosingCase)
                    .where(ClosingCase.account_id == account.id)
                    .order_by(ClosingCase.touched_at.desc())
                ).first()
            )
            if case is None:
                case = cases.open_case(work, person=who, account=account, actor=actor)
            return use(work, case, who, actor)

        return self.world.run(run)

    def open(self) -> Closing:
        """Open or continue the case."""

        def run(work: Work) -> None:
            who = the_person(work, self.email)
            actor = Actor(f"person:{who.id}", API)
            account = the_account(work, self.number)
            cases.open_case(work, person=who, account=account, actor=actor)

        self.world.run(run)
        return self

    def answer(self, code: str, value: str, subject: str = "", words: str | None = None) -> Closing:
        """Answer one requirement."""
        self._in_case(
            lambda work, case, who, actor: cases.answer(
                work,
                case=case,
                person=who,
                actor=actor,
                code=code,
                value=value,
                subject=subject,
                words=words,
            )
        )
        return self

    def settle(self, **answers: str) -> Closing:
        """Open the case and answer everything that is asked."""
        self.open()
        while asked := self.unanswered():
            for code, subject in asked:
                self.answer(code, answers.get(code, DEFAULTS[code]), subject)
        return self

    def owed(self) -> list[tuple[str, str]]:
        """Codes and kinds of what the case owes."""
        return self._in_case(
            lambda work, case, *_: [(r.code, r.kind) for r in cases.state_of(work, case).owed]
        )

    def unanswered(self) -> list[tuple[str, str]]:
        """Codes and subjects of open questions."""
        return self._in_case(
            lambda work, case, *_: [
                (r.code, r.subject) for r in cases.state_of(work, case).unanswered
            ]
        )

    def codes(self) -> set[str]:
        """Codes of what the case owes, with a quote offered."""
        return self._in_case(
            lambda work, case, *_: {
                r.code for r in cases.state_of(work, case, with_quote=True).owed
            }
        )

    def quote(self) -> dict[str, Any]:
        """The valid quote or a new one."""

        def use(work: Work, case: ClosingCase, *_: Any) -> dict[str, Any]:
            quote = cases.offer_quote(work, case)
            return {c.name: getattr(quote, c.name) for c in quote.__table__.columns}

        return self._in_case(use)

    def confirm(self, quote_id: str | None = None, shown: set[str] | None = None) -> str:
        """Confirm with what was shown; returns the case's state."""
        quote_id = quote_id or self.quote()["id"]
        shown = self.codes() if shown is None else shown
        return self._in_case(
            lambda work, case, who, actor: (
                confirm(
                    work, case=case, person=who, actor=actor, quote_id=quote_id, shown=shown
                ).state
            )
        )

    def withdraw(self) -> Closing:
        """Stop the case."""
        self._in_case(lambda work, case, _who, actor: cases.withdraw(work, case=case, actor=actor))
        return self
