"""News from carriers about numbers on their way to another provider."""

from __future__ import annotations

from sqlalchemy import select

from farewell.accounts.tables import PhoneNumber, PortOut
from farewell.audit import HOST, record
from farewell.chat.tables import Conversation
from farewell.closing.case import open_case_of
from farewell.errors import Problem, not_found
from farewell.facts import Statement
from farewell.notify.outbox import promise
from farewell.work import Work


def port_news(work: Work, *, e164: str, status: str) -> str | None:
    """Note a port's new status. Returns the conversation to speak in, if a case waits for it.

    `completed` is the carrier's word only: the customer is asked whether it works (rule 5).
    Raises Problem 404 for an unknown number and 409 for a port that is verified already.
    """
    number = work.session.scalar(
        select(PhoneNumber).where(PhoneNumber.e164 == e164, PhoneNumber.status == "active")
    )
    if number is None:
        raise not_found("number in use")
    port = number.port_out
    if port is None:
        port = PortOut(number=number, status=status)
        work.session.add(port)
    elif port.status == "verified":
        raise Problem(409, "port_verified", "The customer has verified this port already.")
    elif port.status == status:
        return None
    if port.status == "canceled":
        port.given_up = False  # a new port: what was given up was the one before
    port.status = status
    record(work.session, work.now, HOST, "port.news", f"number:{e164}", status=status)
    account = number.account
    case = open_case_of(work, account)
    if case is None and account.parent:
        case = open_case_of(work, account.parent)
    if case is None or case.state != "waiting_for_port" or status not in ("completed", "canceled"):
        return None
    waiting_for = case.standing_by or case.opened_by
    if status == "canceled":
        # The customer agreed to close once the number is elsewhere; now it stays, so ask again.
        case.state, case.standing_limit_minor = "open", None
        case.touched_at = work.now
        record(work.session, work.now, HOST, "case.asks_again", f"case:{case.id}")
    promise(
        work.session,
        work.now,
        kind=f"port_{status}",
        person_id=waiting_for,
        account=case.account,
        statements=[Statement(f"port_{status}", {"number": e164})],
    )
    conversation = work.session.scalar(
        select(Conversation)
        .where(Conversation.account_id == case.account_id)
        .where(Conversation.person_id == waiting_for)
        .order_by(Conversation.created_at.desc())
        .limit(1)
    )
    if conversation is None:
        return None
    conversation.topic = "closing"
    return conversation.id
