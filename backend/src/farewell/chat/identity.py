"""Who a conversation is: tokens, the host application's JWT, and a visitor's verification."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Literal

import jwt
import yaml
from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError
from pydantic import BaseModel, ConfigDict
from sqlalchemy import select

from farewell.accounts.tables import Account, Person
from farewell.audit import Actor, record
from farewell.chat.tables import Conversation, VerificationFailures
from farewell.errors import Problem
from farewell.work import Work

WRONG_ANSWERS = 5
WRONG_ANSWERS_OF_AN_ADDRESS = 20
LOCKED_FOR = timedelta(hours=1)
_hasher = PasswordHasher()
_NOBODYS_HASH = _hasher.hash(secrets.token_hex(8))


def hash_answer(answer: str) -> str:
    """An argon2 hash of a security answer; case and outer spaces do not count."""
    return _hasher.hash(_normal(answer))


def _normal(answer: str) -> str:
    return " ".join(answer.casefold().split())


def _matches(stored: str | None, answer: str) -> bool:
    """Compare in about the same time whether or not there is something to compare with."""
    try:
        return _hasher.verify(stored or _NOBODYS_HASH, _normal(answer)) and stored is not None
    except VerifyMismatchError:
        return False


def token_hash(token: str) -> str:
    """Tokens are stored by their hash only."""
    return hashlib.sha256(token.encode()).hexdigest()


def new_conversation(
    work: Work, *, person: Person | None, vendor: str | None
) -> tuple[Conversation, str]:
    """A conversation and the token that speaks in it."""
    token = secrets.token_urlsafe(32)
    conversation = Conversation(
        token_hash=token_hash(token), person=person, vendor=vendor, created_at=work.now
    )
    work.session.add(conversation)
    work.session.flush()
    return conversation, token


class HostKey(BaseModel):
    """How one host application signs the identity of its customers."""

    model_config = ConfigDict(extra="forbid")

    issuer: str
    vendor: str
    algorithm: Literal["HS256", "RS256"]
    key: str
    audience: str


def load_host_keys(path: Path | None) -> dict[str, HostKey]:
    """Host keys by issuer; empty without a file."""
    if path is None:
        return {}
    keys = [HostKey.model_validate(item) for item in yaml.safe_load(path.read_text())]
    return {key.issuer: key for key in keys}


NOT_SIGNED_IN = Problem(
    401, "not_signed_in", "Send a valid token in the Authorization header: Bearer TOKEN."
)


def conversation_of(work: Work, keys: dict[str, HostKey], token: str) -> Conversation:
    """The conversation that a token speaks in; a host's JWT opens it when it is new.

    Raises Problem 401 for any token that is not valid.
    """
    if token.count(".") == 2:
        return _from_host(work, keys, token)
    found = work.session.scalar(
        select(Conversation).where(Conversation.token_hash == token_hash(token))
    )
    if found is None:
        raise NOT_SIGNED_IN
    return found


def _from_host(work: Work, keys: dict[str, HostKey], token: str) -> Conversation:
    try:
        issuer = jwt.decode(token, options={"verify_signature": False}).get("iss")
        key = keys[str(issuer)]
        claims = jwt.decode(
            token,
            key.key,
            algorithms=[key.algorithm],
            audience=key.audience,
            issuer=key.issuer,
            options={"require": ["exp", "aud", "iss", "sub"]},
        )
    except (jwt.InvalidTokenError, KeyError, TypeError) as error:
        raise NOT_SIGNED_IN from error
    person = work.session.scalar(
        select(Person).where(Person.vendor == key.vendor, Person.subject == str(claims["sub"]))
    )
    if person is None:
        raise NOT_SIGNED_IN
    cid = claims.get("cid")
    external = f"{key.issuer}/{cid}" if cid else None
    query = select(Conversation).where(Conversation.person_id == person.id)
    query = (
        query.where(Conversation.external_id == external)
        if external
        else query.where(Conversation.token_hash.is_(None))
    )
    found = work.session.scalar(query.order_by(Conversation.created_at.desc()).limit(1))
    if found is None:
        taken = select(Conversation.id).where(Conversation.external_id == external)
        if external and work.session.scalar(taken):
            raise NOT_SIGNED_IN  # the conversation is another person's
        found = Conversation(
            external_id=external, person=person, vendor=key.vendor, created_at=work.now
        )
        work.session.add(found)
        work.session.flush()
    return found


@dataclass(frozen=True)
class Verification:
    """How a visitor's answer was taken: verified, wrong or locked."""

    outcome: Literal["verified", "wrong", "locked"]


def _account_for(work: Work, conversation: Conversation, number: str) -> Account | None:
    wanted = "".join(number.split()).casefold()
    vendors = [conversation.vendor] if conversation.vendor else list(work.policies)
    allowed = [v for v in vendors if work.policies[v].verification]
    accounts = work.session.scalars(select(Account).where(Account.vendor.in_(allowed)))
    return next((a for a in accounts if a.number.casefold() == wanted), None)


def _asked_person(account: Account | None) -> Person | None:
    """The one person of an account whose question is asked and whose answer counts."""
    people = [role.person for role in account.roles] if account else []
    return next(
        (p for p in people if p.security_question is not None and p.security_answer_hash), None
    )


def security_question(work: Work, conversation: Conversation, number: str) -> dict[str, str]:
    """The question for an account number.

    An unknown number has one too, always the same; only who has the service's secret could tell
    which.
    """
    account = _account_for(work, conversation, number)
    person = _asked_person(account)
    vendors = [account.vendor] if account else [conversation.vendor]
    policy = next(
        p for p in work.policies.values() if p.verification and (vendors[0] in (None, p.vendor))
    )
    questions = policy.security_questions
    if person and person.security_question is not None:
        return questions[person.security_question]
    asked = f"security-question:{''.join(number.split()).casefold()}"
    digest = hmac.digest(work.secret.encode(), asked.encode(), "sha256")
    return questions[digest[0] % len(questions)]


def verify(work: Work, conversation: Conversation, number: str, answer: str) -> Verification:
    """Check a security answer; the conversation becomes the person whose answer it is, once.

    Five wrong answers lock verification for that account number for an hour, known or not;
    twenty lock it for a network address. Sign-in is never locked.
    """
    counted = [_failures(work, f"account:{''.join(number.split()).casefold()}")]
    limits = [WRONG_ANSWERS]
    if conversation.address:
        counted.append(_failures(work, f"address:{conversation.address}"))
        limits.append(WRONG_ANSWERS_OF_AN_ADDRESS)
    if any(f.locked_until and f.locked_until > work.now for f in counted):
        return Verification("locked")
    account = _account_for(work, conversation, number)
    person = _asked_person(account)
    matches = _matches(person.security_answer_hash if person else None, answer)
    if account and person and matches and conversation.person_id is None:
        conversation.person = person
        conversation.vendor = account.vendor
        conversation.account = account
        counted[0].count = 0
        record(
            work.session,
            work.now,
            Actor(f"person:{person.id}", "chat"),
            "person.verified",
            f"conversation:{conversation.id}",
        )
        return Verification("verified")
    for failures, limit in zip(counted, limits, strict=True):
        if failures.locked_until:
            failures.locked_until, failures.count = None, 0
        failures.count += 1
        if failures.count >= limit:
            failures.locked_until = work.now + LOCKED_FOR
    work.session.flush()
    return Verification("locked" if any(f.locked_until for f in counted) else "wrong")


def _failures(work: Work, key: str) -> VerificationFailures:
    found = work.session.get(VerificationFailures, key)
    if found is None:
        found = VerificationFailures(key=key, count=0)
        work.session.add(found)
        work.session.flush()
    return found
