"""How a duty is done: one handler a kind, in steps between which everything is committed.

`prepare` runs in a transaction and says what to do next; a `Send` is carried out after the commit,
outside every transaction; `conclude` enters the provider's answer in another transaction. A step
may be repeated after a crash, so neither may have an effect beyond the database.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from farewell.accounts.tables import Account, Person
from farewell.billing.tables import FinalBill
from farewell.closing.tables import Closure
from farewell.facts import Statement
from farewell.host.calling import HostCall
from farewell.lifecycle.planning import plan
from farewell.lifecycle.tables import Duty, DutyAttempt
from farewell.notify.outbox import promise
from farewell.payments.provider import Answer, Call, Payer
from farewell.payments.tables import PaymentProfile
from farewell.work import Work


@dataclass(frozen=True)
class Send:
    """Ask the payment provider or tell the host application, after the commit."""

    call: Call | HostCall


@dataclass(frozen=True)
class Finished:
    """The duty is done."""


@dataclass(frozen=True)
class Dropped:
    """There is nothing to do any more; `why` is a code."""

    why: str


@dataclass(frozen=True)
class ForHuman:
    """A human has to finish it; `code` says why."""

    code: str
    facts: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Later:
    """Take it up again at `at` (UTC) with a new attempt; `error` is a code."""

    at: datetime
    error: str | None = None


@dataclass(frozen=True)
class Again:
    """One step is done, the next one follows at once."""


Ending = Finished | Dropped | ForHuman | Later | Again
Step = Send | Ending


def _no_answer_expected(work: Work, duty: Duty, answer: Answer) -> Ending:
    raise AssertionError(f"{duty.kind} asks nobody")


@dataclass(frozen=True)
class Handler:
    """How duties of one kind are done."""

    prepare: Callable[[Work, Duty], Step]
    conclude: Callable[[Work, Duty, Answer], Ending] = _no_answer_expected
    given_up: Callable[[Work, Duty], None] = lambda work, duty: None
    """What else follows where nobody knows what became of a call, and a human has to find out."""


def closure_of(work: Work, duty: Duty) -> Closure:
    """The closure that the duty follows."""
    return work.session.get_one(Closure, duty.closure_id)


def account_of(work: Work, duty: Duty) -> Account:
    """The account that the duty is about."""
    return work.session.get_one(Account, duty.account_id)


def bill_of(work: Work, duty: Duty) -> FinalBill:
    """The final bill of the duty's closure."""
    return work.session.query(FinalBill).filter_by(closure_id=duty.closure_id).one()


def payer_of(work: Work, account: Account) -> Payer | None:
    """Whom the provider charges; None where no payment method is on file.

    Without a profile the account itself is the customer, and its method on file the method.
    """
    profile = work.session.get(PaymentProfile, account.id)
    if profile:
        return Payer(profile.customer, profile.method)
    return Payer(account.id, account.payment_method) if account.payment_method else None


def attempts_of(work: Work, duty: Duty) -> list[DutyAttempt]:
    """The duty's calls, oldest first."""
    return (
        work.session.query(DutyAttempt)
        .filter_by(duty_id=duty.id)
        .order_by(DutyAttempt.number)
        .all()
    )


def tell_host_of_bill(work: Work, duty: Duty, bill: FinalBill) -> None:
    """Plan the event that the final bill is settled."""
    plan(work, closure_of(work, duty), "host_bill_settled", subject=bill.id)


def tell(work: Work, duty: Duty, statement: Statement) -> None:
    """Promise a message to the person who closed the account."""
    person = work.session.get_one(Person, closure_of(work, duty).closed_by)
    promise(
        work.session,
        work.now,
        kind=statement.code,
        person_id=person.id,
        account=account_of(work, duty),
        statements=[statement],
    )
