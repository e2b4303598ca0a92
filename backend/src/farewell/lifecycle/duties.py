"""Which duties follow a closure, and when each is due (UTC)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from farewell.accounts.snapshot import AccountView
from farewell.billing.quote import Bill
from farewell.lifecycle.windows import end_of
from farewell.policy.model import AccountType

SETTLING_HOUR = time(12)


@dataclass(frozen=True)
class PlannedDuty:
    """One duty of a closure."""

    kind: str
    due_at: datetime


def _at(day: date, zone: str) -> datetime:
    return datetime.combine(day, SETTLING_HOUR, ZoneInfo(zone))


def retry_at(
    first: datetime, days: list[int], tried: int, now: datetime, zone: str
) -> datetime | None:
    """When a charge that was declined `tried` times is tried again; None: not any more.

    At noon of the policy's day after the first decline, at the account; a day later than now where
    that is over already, for a sweep that comes late must not use the days up at once.
    """
    if tried > len(days):
        return None
    here = ZoneInfo(zone)
    day = first.astimezone(here).date() + timedelta(days=days[tried - 1])
    return max(_at(day, zone), _at(now.astimezone(here).date() + timedelta(days=1), zone))


def _reminder(account: AccountView, kind: AccountType, closed_at: datetime) -> list[PlannedDuty]:
    """A reminder of a kept balance, on the policy's day before its last one."""
    kept, before = kind.balance.days.stated, kind.balance.remind_days_before.stated
    if kept is None or before is None or before >= kept:
        return []
    day = account.today(closed_at) + timedelta(days=kept - before)
    return [PlannedDuty("remind_balance", _at(day, account.zone))]


def duties_of(
    account: AccountView, kind: AccountType, closed_at: datetime, bill: Bill | None
) -> list[PlannedDuty]:
    """The duties of one closure. A window of N days includes the whole of its last day.

    `bill` is None for a sub-account that its agency took along: the agency's bill covers it.
    """
    planned: list[PlannedDuty] = []
    if bill and bill.total_minor:
        planned.append(PlannedDuty("settle_final_bill", _at(bill.settles_on, account.zone)))
    if bill and bill.refund_minor:
        planned.append(PlannedDuty("refund_credit", _at(bill.settles_on, account.zone)))

    def after(days: int | None, what: str) -> None:
        if days is not None:
            planned.append(PlannedDuty(what, end_of(closed_at, days, account.zone)))

    if kind.converts:
        planned.append(PlannedDuty("host_plan_convert", closed_at))
        return planned
    planned.append(PlannedDuty("host_account_closed", closed_at))
    if kind.signs_out.stated:
        planned.append(PlannedDuty("host_sessions_revoke", closed_at))
    if account.numbers and kind.numbers.on_close.stated == "released":
        planned.append(PlannedDuty("host_numbers_release", closed_at))
        after(kind.numbers.restore_days.stated, "end_number_restore")
    if kind.undo.by.stated in ("customer", "support"):
        after(kind.undo.days.stated, "end_reactivation")
    match kind.data.treatment.stated:
        case "kept":
            after(kind.data.kept_days.stated, "purge_data")
            after(kind.data.kept_days.stated, "host_data_purge")
        case "deleted_at_once":
            planned.append(PlannedDuty("purge_data", closed_at))
            planned.append(PlannedDuty("host_data_purge", closed_at))
    if account.balance_minor and kind.balance.treatment.stated == "keep_for_request":
        after(kind.balance.days.stated, "forfeit_balance")
        planned += _reminder(account, kind, closed_at)
    return planned
