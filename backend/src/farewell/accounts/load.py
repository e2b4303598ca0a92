"""Load vendors' accounts from a YAML file (`farewell load`). `docs/configuration.md` explains it.

Days may be given relative to now (`-20d`), so that a demo stays true.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal

import phonenumbers
import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator
from sqlalchemy import select

from farewell.accounts.numbers import end_numbers
from farewell.accounts.tables import (
    Account,
    Charge,
    Person,
    PhoneNumber,
    PortOut,
    Role,
    Subscription,
)
from farewell.audit import Actor, record
from farewell.chat.identity import hash_answer
from farewell.closing.tables import Closure
from farewell.errors import Problem
from farewell.lifecycle.duties import duties_of
from farewell.lifecycle.tables import Duty
from farewell.policy.model import ZoneName
from farewell.work import Work

OPERATOR = Actor("operator", "cli")


class LoadError(ValueError):
    """A file that cannot be loaded; names the place and the reason. Nothing was loaded."""


class Part(BaseModel):
    """Base: unknown keys are errors."""

    model_config = ConfigDict(extra="forbid")


class SecurityIn(Part):
    """A security question (index into the policy's list) and its answer."""

    question: int = Field(ge=0)
    answer: str = Field(min_length=1)


class PersonIn(Part):
    """A person."""

    email: str
    name: str
    vendor: str
    subject: str | None = None
    language: str = "en"
    about: str | None = None
    security: SecurityIn | None = None


class PortIn(Part):
    """An open port-out."""

    status: Literal["submitted", "confirmed", "completed", "verified", "canceled"]


class NumberIn(Part):
    """A phone number in E.164 form."""

    e164: str
    label: str | None = None
    port: PortIn | None = None

    @field_validator("e164")
    @classmethod
    def is_e164(cls, value: str) -> str:
        """Refuse what is no number, but let fictional ones (555-01xx) through."""
        try:
            parsed = phonenumbers.parse(value)
        except phonenumbers.NumberParseException as error:
            raise ValueError(f"{value!r} is no phone number such as +13035550101") from error
        return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)


class PlanIn(Part):
    """The plan; price in minor units for a full month."""

    name: str
    price_minor: int = Field(ge=0)
    anchor_day: int = Field(default=1, ge=1, le=31)


class ChargeIn(Part):
    """An open charge in minor units."""

    kind: Literal["usage", "outstanding"]
    description: str
    amount_minor: int = Field(ge=0)


class ClosedIn(Part):
    """The account was closed before it was loaded."""

    at: str
    by: str


class AccountIn(Part):
    """An account. Its number is part of file names, so it has no slash and no leading dot."""

    number: str = Field(pattern=r"^\w[\w .:#-]{0,39}$")
    vendor: str
    name: str
    type: str
    zone: ZoneName = "UTC"
    currency: str = Field(default="USD", min_length=3, max_length=3)
    balance_minor: int = Field(default=0, ge=0)
    payment_method: str | None = None
    parent: str | None = None
    plan: PlanIn | None = None
    roles: dict[str, str | list[str]] = Field(default_factory=dict)
    """E-mail of a person → role or roles."""
    numbers: list[NumberIn] = Field(default_factory=list)
    charges: list[ChargeIn] = Field(default_factory=list)
    features: dict[str, str] = Field(default_factory=dict)
    closed: ClosedIn | None = None


class FileIn(Part):
    """A whole file."""

    people: list[PersonIn] = Field(default_factory=list)
    accounts: list[AccountIn] = Field(default_factory=list)


def read_file(path: Path) -> FileIn:
    """Read and check a file.

    Raises LoadError with file, place and reason.
    """
    try:
        return FileIn.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")) or {})
    except yaml.YAMLError as error:
        raise LoadError(f"{path.name}: not valid YAML: {error}") from error
    except ValidationError as error:
        raise LoadError(
            "\n".join(
                f"{path.name}: {'.'.join(str(p) for p in e['loc'])}: {e['msg']}"
                for e in error.errors()
            )
        ) from error


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
    parent = _parent(work, given, policy.type_of(given.type).parent_type)
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
            anchor_day=given.plan.anchor_day,
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
    for number in given.numbers:
        port = PortOut(status=number.port.status) if number.port else None
        account.numbers.append(PhoneNumber(e164=number.e164, label=number.label, port_out=port))
    for charge in given.charges:
        account.charges.append(Charge(**charge.model_dump(), occurred_at=work.now))
    work.session.flush()
    if given.closed:
        _closed_before(work, account, given.closed)
    return True


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
            work.session.add(
                Duty(
                    closure_id=closure.id, account_id=account.id, kind=duty.kind, due_at=duty.due_at
                )
            )
