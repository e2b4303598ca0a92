"""The public API of accounts and closing cases."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Header
from pydantic import BaseModel, Field

from farewell.accounts.tables import Person
from farewell.audit import Actor
from farewell.callers import Customer, CustomerDep, Json
from farewell.chat.speaker import person_of
from farewell.chat.tables import Conversation
from farewell.closing import case as cases
from farewell.closing.approval import awaited_from, decline
from farewell.closing.confirm import approve, close_after_port, closure_json, confirm
from farewell.closing.effect import TICK
from farewell.closing.tables import OPEN_STATES, ClosingCase, Closure
from farewell.errors import Problem, not_found
from farewell.facts import as_json
from farewell.idempotency import once
from farewell.work import Work

router = APIRouter(prefix="/api/v1", tags=["closing"])
KeyHeader = Annotated[str | None, Header(alias="Idempotency-Key")]


class AnswerBody(BaseModel):
    """The answer to one requirement."""

    answer: str = Field(max_length=64)
    subject: str = Field(default="", max_length=64)
    words: str | None = Field(default=None, max_length=1000)
    version: int | None = None


class ConfirmBody(BaseModel):
    """The one confirmation: which quote, and what was shown."""

    quote_id: str = Field(max_length=36)
    shown: list[str] = Field(max_length=64)
    version: int | None = None


def _actor(person: Person) -> Actor:
    return Actor(f"person:{person.id}", "api")


def _case(work: Work, person: Person, case_id: str, version: int | None = None) -> ClosingCase:
    case = work.session.get(ClosingCase, case_id)
    if case is None or case.account not in cases.accounts_of(work, person):
        raise not_found("closing case")
    if version is not None and version != case.version:
        raise Problem(
            409, "version_changed", f"The case is at version {case.version}; read it again."
        )
    return case


def case_json(work: Work, case: ClosingCase) -> Json:
    """A case for the API: state, requirements, quote, closure."""
    work.session.flush()
    body: Json = {
        "id": case.id,
        "account": case.account.number,
        "state": case.state,
        "version": case.version,
        **confirmed_json(work, case),
        "requirements": [],
        "quote": None,
        "closure": None,
    }
    if case.state in OPEN_STATES:
        state = cases.state_of(work, case)
        body["requirements"] = [
            {
                "code": r.code,
                "kind": r.kind,
                "subject": r.subject,
                "answered": r.answered,
                "facts": as_json(r.facts),
            }
            for r in state.owed
        ]
        if state.quote:
            body["quote"] = quote_json(state.quote)
    closure = (
        work.session.query(Closure)
        .filter_by(case_id=case.id)
        .order_by(Closure.closed_at.desc())
        .first()
    )
    if closure:
        body["closure"] = closure_json(closure)
    return body


def confirmed_json(work: Work, case: ClosingCase) -> Json:
    """When a confirmed case takes effect, and who has to agree to it or did."""
    at, kind = case.effective_at, work.kind(case.account)
    view = work.view(case.account)
    return {
        "effective_at": at.isoformat() if at else None,
        "last_day": view.today(at - TICK).isoformat() if at else None,
        "confirmed_at": case.standing_at.isoformat() if case.standing_at else None,
        "second_approval": {
            "roles": kind.second_roles,
            "approved_at": case.approval.at.isoformat() if case.approval else None,
        }
        if kind.second_roles
        else None,
    }


def quote_json(quote: Any) -> Json:
    """A quote for the API; amounts in minor units."""
    return {
        "id": quote.id,
        "as_of": quote.as_of.isoformat(),
        "expires_at": quote.expires_at.isoformat(),
        "currency": quote.currency,
        "total_minor": quote.total_minor,
        "refund_minor": quote.refund_minor,
        "settles_on": quote.settles_on.isoformat(),
        "effective_at": quote.effective_at.isoformat() if quote.effective_at else None,
        "usage_limit_minor": quote.usage_limit_minor,
        "lines": quote.lines,
        "written_off": quote.written_off,
    }


@router.get("/me/accounts")
def my_accounts(customer: CustomerDep) -> list[Json]:
    """The accounts that the caller may see, and whether the caller may close them."""

    def use(work: Work, conversation: Conversation) -> list[Json]:
        person = person_of(conversation)
        return [
            {
                "number": account.number,
                "name": account.name,
                "type": account.type,
                "status": account.status,
                "parent": account.parent.number if account.parent else None,
                "may_close": cases.may_close(work, person, account),
            }
            for account in cases.accounts_of(work, person)
        ]

    return customer.run(use)


@router.post("/accounts/{number}/closing-case")
def open_closing_case(number: str, customer: CustomerDep) -> Json:
    """Open a closing case or continue the open one."""

    def use(work: Work, conversation: Conversation) -> Json:
        person = person_of(conversation)
        account = cases.visible_account(work, person, number)
        case = cases.open_case(work, person=person, account=account, actor=_actor(person))
        return case_json(work, case)

    return customer.run(use)


@router.get("/closing-cases/{case_id}")
def read_case(case_id: str, customer: CustomerDep) -> Json:
    """State, requirements and quote of a case."""
    return customer.run(lambda w, c: case_json(w, _case(w, person_of(c), case_id)))


@router.put("/closing-cases/{case_id}/requirements/{code}")
def answer(case_id: str, code: str, body: AnswerBody, customer: CustomerDep) -> Json:
    """Answer one requirement."""

    def use(work: Work, conversation: Conversation) -> Json:
        person = person_of(conversation)
        case = _case(work, person, case_id, body.version)
        cases.answer(
            work,
            case=case,
            person=person,
            actor=_actor(person),
            code=code,
            value=body.answer,
            subject=body.subject,
            words=body.words,
        )
        close_after_port(work, case=case, actor=_actor(person))
        return case_json(work, case)

    return customer.run(use)


@router.post("/closing-cases/{case_id}/quotes")
def quote(case_id: str, customer: CustomerDep) -> Json:
    """The valid quote, or a new one."""

    def use(work: Work, conversation: Conversation) -> Json:
        person = person_of(conversation)
        case = _case(work, person, case_id)
        if case.state not in OPEN_STATES:
            raise Problem(409, "case_over", f"This closing case is {case.state}.")
        asked = awaited_from(work, person, case.account)
        if not asked and not cases.may_close(work, person, case.account):
            raise Problem(403, "role_missing", "Your role does not close this account.")
        return quote_json(cases.offer_quote(work, case))

    return customer.run(use)


@router.post("/closing-cases/{case_id}/confirm")
def confirm_case(
    case_id: str, body: ConfirmBody, customer: CustomerDep, idempotency_key: KeyHeader = None
) -> Json:
    """Close the account: one confirmation with the quote and the codes that were shown."""
    return _once(customer, "confirm", confirm, case_id, body, idempotency_key)


@router.post("/closing-cases/{case_id}/approve")
def approve_case(
    case_id: str, body: ConfirmBody, customer: CustomerDep, idempotency_key: KeyHeader = None
) -> Json:
    """Agree as the second person, with the quote and the codes that were shown."""
    return _once(customer, "approve", approve, case_id, body, idempotency_key)


def _once(
    customer: Customer,
    name: str,
    use_case: Callable[..., ClosingCase],
    case_id: str,
    body: ConfirmBody,
    idempotency_key: str | None,
) -> Json:
    """Confirm or approve, once for each key."""

    def use(work: Work, conversation: Conversation) -> Json:
        person = person_of(conversation)

        def run() -> Json:
            case = _case(work, person, case_id, body.version)
            use_case(
                work,
                case=case,
                person=person,
                actor=_actor(person),
                quote_id=body.quote_id,
                shown=set(body.shown),
            )
            return case_json(work, case)

        return once(
            work.session,
            work.now,
            caller=f"person:{person.id}",
            key=idempotency_key,
            request=[name, case_id, body.model_dump()],
            run=run,
        )

    return customer.run(use)


@router.post("/closing-cases/{case_id}/decline")
def decline_case(case_id: str, customer: CustomerDep) -> Json:
    """Do not agree as the second person: the closing is stopped."""

    def use(work: Work, conversation: Conversation) -> Json:
        person = person_of(conversation)
        case = _case(work, person, case_id)
        decline(work, case=case, person=person, actor=_actor(person))
        return case_json(work, case)

    return customer.run(use)


@router.post("/closing-cases/{case_id}/withdraw")
def withdraw(case_id: str, customer: CustomerDep) -> Json:
    """Stop a case, a waiting one too."""

    def use(work: Work, conversation: Conversation) -> Json:
        person = person_of(conversation)
        case = _case(work, person, case_id)
        if not cases.may_close(work, person, case.account):
            raise Problem(403, "role_missing", "Your role does not stop this closing.")
        cases.withdraw(work, case=case, actor=_actor(person))
        return case_json(work, case)

    return customer.run(use)
