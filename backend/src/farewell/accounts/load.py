"""Load vendors' accounts from a YAML file (`farewell load`). `docs/configuration.md` explains it.

Days may be given relative to now (`-20d`), so that a demo stays true.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from sqlalchemy import select

from farewell.accounts.file import (
    AccountIn,
    ClosedIn,
    FileIn,
    LoadError,
    MeterIn,
    NumberIn,
    PersonIn,
)
from farewell.accounts.numbers import end_numbers
from farewell.accounts.tables import (
    Account,
    Charge,
    Meter,
    Person,
    PhoneNumber,
    PortOut,
    Role,
    Subscription,
    Tax,
    UsageRecord,
)
from farewell.audit import OPERATOR, record
from farewell.chat.identity import hash_answer
from farewell.closing.tables import Closure
from farewell.errors import Problem
from farewell.lifecycle.duties import duties_of
from farewell.lifecycle.planning import plan
from farewell.policy.model import AccountType
from farewell.work import Work


def load(work: Work, content: FileIn) -> tuple[int, int]:
    """Add the people and accounts that are not there yet; returns how many of each.

    What exists already (by vendor and e-mail, by account number) is left as it is, so loading
    twice is harmless. Raises LoadError for a reference to something that is nowhere.
    """
    people = sum(_person(work, person) for person in content.people)
    work.session.flush()
    accounts = sum(_account(work, account) for account in content.accounts)
    record(
        work.session, work.now, OPERATOR, "data.loaded", "file", people=people, accounts=accounts
    )
    return people, accounts


def _find_person(work: Work, vendor: str, email: str) -> Person | None:
    return work.session.scalar(
        select(Person).where(Person.vendor == vendor, Person.email == email.strip().lower())
    )


def _person(work: Work, given: PersonIn) -> bool:
    if given.vendor not in work.policies:
        raise LoadError(f"person {given.email}: there is no policy for vendor {given.vendor!r}")
    if _find_person(work, given.vendor, given.email):
        return False
    questions = work.policies[given.vendor].security_questions
    if given.security and given.security.question >= len(questions):
        raise LoadError(
            f"person {given.email}: vendor {given.vendor!r} has no security question "
            f"{given.security.question}"
        )
    work.session.add(
        Person(
            vendor=given.vendor,
            subject=given.subject or given.email.strip().lower(),
            email=given.email.strip().lower(),
            name=given.name,
            language=given.language,
            about=given.about,
            security_question=given.security.question if given.security else None,
            security_answer_hash=hash_answer(given.security.answer) if given.security else None,
        )
    )
    return True


def _account(work: Work, given: AccountIn) -> bool:
    if work.session.scalar(select(Account).where(Account.number == given.number)):
        return False
    at = f"account {given.number}"
    policy = work.policies.get(given.vendor)
    if policy is None or given.type not in policy.account_types:
        raise LoadError(f"{at}: vendor {given.vendor!r} has no account type {given.type!r}")
    kind = policy.type_of(given.type)
    parent = _parent(work, given, kind.parent_type)
    _amounts_known(given, kind)
    account = Account(
        vendor=given.vendor,
        number=given.number,
        name=given.name,
        type=given.type,
        zone=given.zone,
        currency=given.currency.upper(),
        balance_minor=given.balance_minor,
        payment_method=given.payment_method,
        features=given.features,
        parent=parent,
    )
    if given.plan:
        account.subscription = Subscription(
            plan=given.plan.name,
            price_minor=given.plan.price_minor,
            interval=given.plan.interval,
            anchor_day=given.plan.anchor_day,
            anchor_month=given.plan.anchor_month or 1,
            billed_until=given.plan.billed_until,
            committed_until=given.plan.committed_until,
        )
    work.session.add(account)
    work.session.flush()
    for email, roles in given.roles.items():
        person = _find_person(work, given.vendor, email)
        if person is None:
            raise LoadError(f"{at}: there is no person {email!r} of vendor {given.vendor!r}")
        for role in [roles] if isinstance(roles, str) else roles:
            if role not in policy.role_names:
                raise LoadError(f"{at}: the policy knows no role {role!r}")
            account.roles.append(Role(person=person, role=role))
    account.numbers += [_number(number) for number in given.numbers]
    for charge in given.charges:
        account.charges.append(Charge(**charge.model_dump(), occurred_at=work.now))
    account.meters += [_meter(meter, work.now) for meter in given.meters]
    account.taxes += [Tax(name=t.name, rate_ppm=int(t.rate * 10_000)) for t in given.taxes]
    work.session.flush()
    if given.closed:
        _closed_before(work, account, given.closed)
    return True


def _amounts_known(given: AccountIn, kind: AccountType) -> None:
    """Refuse an account in a currency for which its policy states no amount of the fee."""
    rule = kind.billing.early_termination.stated
    committed = given.plan is not None and given.plan.committed_until is not None
    if committed and rule and rule.amounts and given.currency.upper() not in rule.amounts:
        raise LoadError(
            f"account {given.number}: the policy states no fee for leaving early in "
            f"{given.currency.upper()}"
        )


def _number(given: NumberIn) -> PhoneNumber:
    number = PhoneNumber(e164=given.e164, label=given.label)
    number.port_out = PortOut(status=given.port.status) if given.port else None
    if given.renewal:
        number.renewal_minor = given.renewal.price_minor
        number.renewal_anchor_day = given.renewal.anchor_day
        number.renewal_billed_until = given.renewal.billed_until
    return number


def _meter(given: MeterIn, now: datetime) -> Meter:
    return Meter(
        name=given.name,
        price_minor=given.price_minor,
        per=given.per,
        records=[
            UsageRecord(
                quantity=usage.quantity,
                occurred_at=moment(usage.at, now),
                reference=usage.reference,
            )
            for usage in given.usage
        ],
    )


def _parent(work: Work, given: AccountIn, wanted: str | None) -> Account | None:
    if given.parent is None:
        return None
    at = f"account {given.number}"
    parent = work.session.scalar(select(Account).where(Account.number == given.parent))
    if parent is None:
        raise LoadError(f"{at}: its parent {given.parent!r} must stand before it")
    if (parent.vendor, parent.type) != (given.vendor, wanted):
        raise LoadError(f"{at}: its parent {given.parent!r} is not of a type above {given.type!r}")
    if parent.currency != given.currency.upper():
        raise LoadError(f"{at}: its currency must be its parent's, for they share a final bill")
    return parent


def moment(value: str, now: datetime) -> datetime:
    """A moment from ISO 8601 or from days before now such as `-20d`.

    Raises LoadError otherwise.
    """
    relative = re.fullmatch(r"-(\d+)d", value)
    if relative:
        return now - timedelta(days=int(relative[1]))
    try:
        at = datetime.fromisoformat(value)
    except ValueError as error:
        raise LoadError(f"{value!r} is neither ISO 8601 nor like -20d") from error
    if at.tzinfo is None:
        raise LoadError(f"{value!r} needs a time zone, such as Z at its end")
    return at


def _closed_before(work: Work, account: Account, given: ClosedIn) -> None:
    person = _find_person(work, account.vendor, given.by)
    if person is None:
        raise LoadError(f"account {account.number}: closed by unknown person {given.by!r}")
    at, view, kind = moment(given.at, work.now), work.view(account), work.kind(account)
    closure = Closure(
        number=f"FW-{at:%Y%m%d}-{account.number}",
        account_id=account.id,
        kind="converted" if kind.converts else "closed",
        closed_by=person.id,
        closed_at=at,
    )
    work.session.add(closure)
    account.status = closure.kind
    if account.subscription:
        account.subscription.status = "free" if kind.converts else "canceled"
        account.subscription.locked_at = at
    if not kind.converts:
        try:
            end_numbers(account, kind, at)
        except Problem as problem:
            raise LoadError(f"account {account.number}: {problem.detail}") from problem
    work.session.flush()
    for duty in duties_of(view, kind, at, None):
        if duty.due_at > work.now:
            plan(work, closure, duty.kind, due_at=duty.due_at)
