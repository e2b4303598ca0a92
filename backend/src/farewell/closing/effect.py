"""When a confirmed closing takes effect, and what it was confirmed for.

Days are whole ones in the account's zone. Service goes on to the end of the last day; the closing
takes effect with the first moment of the next one, and the last day counts as used.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from farewell.accounts.snapshot import AccountView
from farewell.billing.money import Money
from farewell.billing.quote import Bill, final_bill, paid_until
from farewell.facts import Phrase
from farewell.lifecycle.windows import end_of
from farewell.policy.model import AccountType, ChargedUpTo, Notice, Policy

TICK = timedelta(seconds=1)


@dataclass(frozen=True)
class Effect:
    """A closing that takes effect later than at once."""

    at: datetime
    """The first moment after the last day (UTC)."""
    last_day: date
    """The last day of service, in the account's zone."""
    notice_days: int | None
    """Days of notice; None where the end of the paid period decides."""
    usage_limit_minor: int = 0
    """The most that usage until then adds to the final bill; 0 where it is written off."""

    @property
    def billed_at(self) -> datetime:
        """The moment that the final bill is as of: still on the last day (UTC)."""
        return self.at - TICK


def effect_of(
    account: AccountView, kind: AccountType, now: datetime, agreed: datetime | None = None
) -> Effect | None:
    """When a closing takes effect that is confirmed now; None for at once.

    `agreed` is the moment of one that was confirmed before, where it still lies ahead. An account
    without a plan has no paid period that it could wait for.
    """
    rule, plan, today = kind.takes_effect.stated, account.subscription, account.today(now)
    notice = rule.notice_days if isinstance(rule, Notice) else None
    if agreed and agreed > now:
        last = account.today(agreed - TICK)
    elif notice is not None:
        last = today + timedelta(days=notice)
    elif rule == "period_end" and plan is not None:
        last = paid_until(plan, today)
    else:
        return None
    at = end_of(now, (last - today).days, account.zone)
    return Effect(at, last, notice, _usage_limit(account, kind))


def _usage_limit(account: AccountView, kind: AccountType) -> int:
    rule = kind.usage_until_effect.stated if kind.usage_until_effect else None
    if not isinstance(rule, ChargedUpTo) or rule.currency != account.currency:
        return 0
    return rule.up_to_minor


def bill_for(account: AccountView, policy: Policy, now: datetime, later: Effect | None) -> Bill:
    """The final bill of a closing that is confirmed now, as of now or of its later end.

    Until a later end nothing is charged, so it covers the time from now to then, and it is settled
    when that is over.
    """
    if later is None:
        return final_bill(account, policy, now)
    bill = final_bill(account, policy, later.billed_at, since=now)
    return replace(bill, settles_on=max(bill.settles_on, account.today(later.at)))


def net_of(bill: Bill) -> int:
    """What a customer pays in all; negative where money goes back (minor units)."""
    return bill.total_minor - bill.refund_minor


def amount_of(bill: Bill, limit_minor: int, later: Effect | None) -> Phrase:
    """The final bill in a few words, with the most that it may become (minor units; negative for
    money back): by usage until a later end, else by the days until it is carried out."""

    def money(minor: int) -> Money:
        return Money(minor, bill.currency)

    more = limit_minor > net_of(bill)
    grows = "" if not more else ".usage" if later else ".days"
    if not bill.refund_minor:
        return Phrase(
            f"bill.total{grows}", {"total": money(bill.total_minor), "limit": money(limit_minor)}
        )
    if more and limit_minor > 0:
        grows += ".or_pay"
    facts = {"refund": money(bill.refund_minor), "limit": money(abs(limit_minor))}
    return Phrase(f"bill.refund{grows}", facts)


Agreed = dict[str, Any]
"""What a confirmation for later was given for, as JSON."""


def agreed_facts(account: AccountView, notices: Iterable[str]) -> Agreed:
    """What has to hold still when a confirmation for later is carried out: plans, the accounts and
    numbers that go, and the notices that were shown. Amounts have a limit of their own."""
    parts = account.everywhere()
    return {
        "plan": [[p.number, _plan(p)] for p in parts],
        "sub_accounts": [part.number for part in account.children],
        "numbers": [n.e164 for n in account.all_numbers() if n.port is None],
        "notices": sorted(code for code in notices if not code.startswith("quote_")),
    }


def _plan(account: AccountView) -> Any:
    """The plan without what was billed, which the limit looks after."""
    plan = account.subscription
    return {k: v for k, v in asdict(plan).items() if k != "billed_until"} if plan else None


def what_changed(agreed: Agreed, now: Agreed) -> list[str]:
    """The names of what is not as it was agreed. What went away does not matter: a number that was
    ported meanwhile or a sub-account that was transferred is not closed."""
    before: dict[str, Any] = dict(agreed["plan"])
    plans = any(number in before and before[number] != plan for number, plan in now["plan"])
    more = [
        name
        for name in ("sub_accounts", "numbers", "notices")
        if set(now[name]) - set(agreed[name])
    ]
    return [*(["plan"] if plans else []), *more]
