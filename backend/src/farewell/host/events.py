"""The duties that tell the host application what it has to do or to know."""

from __future__ import annotations

from typing import Any

from farewell.accounts.tables import Account, PhoneNumber
from farewell.billing.tables import FinalBill
from farewell.closing.tables import Closure
from farewell.host.calling import HostCall
from farewell.lifecycle.handling import (
    Dropped,
    Ending,
    Finished,
    Handler,
    Later,
    Send,
    Step,
    account_of,
    closure_of,
)
from farewell.lifecycle.tables import Duty
from farewell.lifecycle.windows import LATER
from farewell.payments.provider import Answer
from farewell.work import Work

EVENTS = {
    "host_account_closed": "account.closed",
    "host_account_reactivated": "account.reactivated",
    "host_bill_settled": "bill.settled",
    "host_data_purge": "data.purge",
    "host_numbers_release": "numbers.release",
    "host_numbers_restore": "numbers.restore",
    "host_plan_convert": "plan.convert",
    "host_sessions_revoke": "sessions.revoke",
}
"""The event of each kind of duty."""


def prepare(work: Work, duty: Duty) -> Step:
    """The event with its facts; nobody is told where no host application is set up."""
    account = account_of(work, duty)
    if account.vendor not in work.hosts:
        _acknowledged(work, duty)
        return Dropped("no_host")
    if duty.kind == "host_numbers_restore" and _release_under_way(work, duty):
        return Later(work.now + LATER, "release_under_way")
    closure = closure_of(work, duty)
    call = HostCall(
        vendor=account.vendor,
        type=EVENTS[duty.kind],
        happened_at=closure.closed_at.isoformat(),
        data={"account": account.number, "closure": closure.number, **_facts(work, duty, closure)},
    )
    return Send(call)


def conclude(work: Work, duty: Duty, answer: Answer) -> Ending:
    """The host has acknowledged."""
    _acknowledged(work, duty)
    return Finished()


TELL_HOST = Handler(prepare, conclude)


def _facts(work: Work, duty: Duty, closure: Closure) -> dict[str, Any]:
    account = account_of(work, duty)
    match duty.kind:
        case "host_account_closed":
            return {"kind": closure.kind, "closed_at": closure.closed_at.isoformat()}
        case "host_account_reactivated":
            back = closure.undone_at
            return {"reactivated_at": back.isoformat() if back else None}
        case "host_bill_settled":
            return _bill(work.session.get_one(FinalBill, duty.subject))
        case "host_data_purge":
            return {"purge_from": duty.due_at.isoformat()}
        case "host_numbers_release":
            return {"numbers": [number.e164 for number in _released_by(account, closure)]}
        case "host_numbers_restore":
            return {"numbers": sorted(duty.facts["numbers"])}
        case "host_plan_convert":
            converts = work.kind(account).converts
            return {"plan": converts.to_plan["en"] if converts else None}
        case "host_sessions_revoke":
            return {"subjects": sorted({role.person.subject for role in account.roles})}
        case kind:
            raise AssertionError(f"{kind} has no facts")


def _bill(bill: FinalBill) -> dict[str, Any]:
    return {
        "currency": bill.currency,
        "total_minor": bill.total_minor,
        "refund_minor": bill.refund_minor,
        "status": bill.status,
    }


def _released_by(account: Account, closure: Closure) -> list[PhoneNumber]:
    return sorted(
        (
            number
            for number in account.numbers
            if number.is_released and number.released_at == closure.closed_at
        ),
        key=lambda number: number.e164,
    )


def _release_under_way(work: Work, duty: Duty) -> bool:
    """Whether a sweep is just telling the host the opposite: that has to arrive first."""
    release = (
        work.session.query(Duty)
        .filter_by(closure_id=duty.closure_id, kind="host_numbers_release")
        .one_or_none()
    )
    return release is not None and release.claimed_by is not None


def _acknowledged(work: Work, duty: Duty) -> None:
    """A number is released when the host has said so."""
    if duty.kind == "host_numbers_release":
        for number in _released_by(account_of(work, duty), closure_of(work, duty)):
            number.status = "released"
