"""Answers to questions in the middle, from policy and account."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from farewell.accounts.tables import Account
from farewell.chat.tables import Conversation
from farewell.closing import statements
from farewell.closing.case import (
    bill_of,
    effect_for,
    is_due,
    open_case_of,
    promised_effect,
    standing_closure,
    valid_quote,
)
from farewell.closing.effect import bill_for
from farewell.closing.scheduling import is_scheduled_for, withdraw_until
from farewell.desk.handover import when_people_answer
from farewell.desk.hours import WEEK
from farewell.facts import Moment, Phrase, Statement, VendorWords, from_json
from farewell.lifecycle.exports import latest_export
from farewell.policy.model import AccountType, OpeningHours, Policy
from farewell.work import Work


def _final_bill(work: Work, account: Account) -> list[Statement]:
    policy, view, kind = work.policy(account), work.view(account), work.kind(account)
    rule = statements.billing_rule(policy, kind)
    if account.status in ("closed", "converted"):
        return [rule]
    case = open_case_of(work, account)
    quote = valid_quote(work, case, view) if case else None
    if quote:
        later, bill = promised_effect(quote, view, kind), bill_of(quote)
    else:
        later = effect_for(work, account)
        bill = bill_for(view, policy, work.now, later)
    told = [rule, statements.quote(view, kind, bill, later)]
    return [*told, statements.usage_until_effect(view, later)] if later else told


def counted_from(work: Work, account: Account) -> datetime:
    """The moment from which days are counted that follow a closing: a later end, else now."""
    later = effect_for(work, account)
    return later.at if later else work.now


def _balance(work: Work, account: Account) -> list[Statement]:
    at = counted_from(work, account)
    return [statements.balance(work.view(account), work.policy(account), at)]


def _export(work: Work, account: Account) -> list[Statement]:
    kind = work.kind(account)
    found = latest_export(work, account)
    told = [export_ready(found.id, work, account)] if found else []
    if account.status in ("active", "closing") and kind.data.offer_export and not told:
        told.append(Statement("export_offered", {}))
    return [*told, *_data(work, account)]


def _data(work: Work, account: Account) -> list[Statement]:
    at = counted_from(work, account)
    return [statements.data(work.view(account), work.policy(account), at)]


def _undo(work: Work, account: Account) -> list[Statement]:
    later = effect_for(work, account)
    before = [withdraw_until(later)] if later else []
    at = counted_from(work, account)
    return [*before, statements.undo(work.view(account), work.policy(account), at)]


def export_ready(export_id: str, work: Work, account: Account) -> Statement:
    """Where the archive is and how long it is kept."""
    found = latest_export(work, account)
    until = found.expires_at if found else work.now
    return Statement(
        "export_ready", {"link": f"/exports/{export_id}", "until": Moment(until, account.zone)}
    )


def _ports(work: Work, account: Account) -> list[Statement]:
    view = work.view(account)
    open_ports = [
        Phrase("port.line", {"number": n.phrase(), "state": Phrase(f"port.{n.port}", {})})
        for n in view.all_numbers()
        if n.port
    ]
    told = [statements.port_steps(work.policy(account), work.kind(account))]
    if open_ports:
        told.insert(0, Statement("open_ports", {"ports": open_ports}))
    return told


def _numbers(work: Work, account: Account) -> list[Statement]:
    policy, kind, view = work.policy(account), work.kind(account), work.view(account)
    told = [statements.numbers(view, policy)]
    restore = statements.number_restore(view, kind, counted_from(work, account))
    if restore and told[0].code == "numbers_released":
        told.append(restore)
    return told


def _who(work: Work, account: Account) -> list[Statement]:
    policy, kind, view = work.policy(account), work.kind(account), work.view(account)
    holders = [
        Phrase("role.holder", {"role": VendorWords(policy.role_names[r]), "initials": i})
        for r, i in view.closers
    ]
    told = [statements.who_closes(policy, kind)]
    if holders:
        told.append(Statement("who_holds", {"holders": holders}))
    return [*told, statements.support_closes(policy)]


def _alternative(work: Work, account: Account) -> list[Statement]:
    offers = work.kind(account).alternatives.offers
    if not offers:
        return [Statement("no_alternatives", {"vendor": statements.vendor(work.policy(account))})]
    return [Statement("alternatives_listed", {"offers": statements.offers(offers)})]


def _effective_date(work: Work, account: Account) -> list[Statement]:
    kind, later = work.kind(account), effect_for(work, account)
    case = open_case_of(work, account)
    if case and later and case.state == "scheduled":
        return [is_scheduled_for(work.view(account), later), withdraw_until(later)]
    told = [statements.effect(work.view(account), kind, later)]
    if kind.second_roles:
        told.append(statements.second_approval(work.policy(account), kind))
    if kind.converts and kind.takes_effect.stated:  # which says what becomes of it, not when
        told.append(Statement("effect_immediate", {}))
    return told


def _sub_accounts(work: Work, account: Account) -> list[Statement]:
    view, kind = work.view(account), work.kind(account)
    if view.children:
        told = [statements.children(view)]
        if kind.cascade and kind.cascade.children_alone_close_parent.stated is False:
            told.append(Statement("sub_accounts_alone", {}))
        return told
    if view.parent_name:
        return [Statement("parent_stays", {"parent": view.parent_name})]
    return [Statement("no_sub_accounts", {})]


def _status(work: Work, account: Account) -> list[Statement]:
    closure = standing_closure(work, account)
    named = work.view(account).named()
    if closure:
        return [closed_already(work, account)]
    case, later = open_case_of(work, account), effect_for(work, account)
    if case and later and case.state == "scheduled" and not is_due(work, case):
        return [is_scheduled_for(work.view(account), later)]
    code = STATUS.get(case.state if case else None, "status_waiting")
    return [Statement(code, {"account": named})]


STATUS = {
    None: "status_active",
    "open": "status_open",
    "waiting_for_approval": "status_waiting_for_approval",
    "scheduled": "status_closing_now",
}


def too_late_to_withdraw(work: Work, conversation: Conversation) -> Statement:
    """That a scheduled closing can't be taken back, since its moment has come."""
    assert conversation.account is not None
    return Statement("status_closing_now", {"account": work.view(conversation.account).named()})


def closed_already(work: Work, account: Account) -> Statement:
    """That an account is closed or converted already, when, and the closure's number."""
    closure = standing_closure(work, account)
    assert closure is not None
    code = "converted_already" if closure.kind == "converted" else "closed_already"
    return Statement(
        code,
        {
            "account": work.view(account).named(),
            "closure": closure.number,
            "at": Moment(closure.closed_at, account.zone),
        },
    )


TOLD_AT_CLOSING = {
    "final_bill": (
        "final_bill_promised",
        "refund_promised",
        "charges_canceled",
        "nothing_to_pay",
    ),
    "refund": ("refund_promised", "balance_kept", "balance_not_stated"),
    "numbers": (
        "released",
        "numbers_restorable",
        "numbers_restorable_until",
        "numbers_kept",
        "numbers_restore_support",
        "numbers_may_be_lost_after",
        "numbers_unknown_after",
    ),
}
"""What the receipt says on a topic; said again when it is asked about afterwards."""


def answer_for_account(work: Work, topic: str, account: Account) -> list[Statement]:
    """Answer a question about an account; after a closing as it was told then."""
    closure = standing_closure(work, account)
    if closure is None:
        return ABOUT_ACCOUNT[topic](work, account)
    told = [
        Statement(s["code"], from_json(s["facts"]))
        for s in closure.statements
        if s["code"] in TOLD_AT_CLOSING.get(topic, ())
    ]
    if told:
        return told
    # Days count from the closing, not from the question.
    return ABOUT_ACCOUNT[topic](replace(work, now=closure.closed_at), account)


ABOUT_ACCOUNT: dict[str, Callable[[Work, Account], list[Statement]]] = {
    "final_bill": _final_bill,
    "refund": _balance,
    "data_export": _export,
    "data_retention": _data,
    "port_out": _ports,
    "numbers": _numbers,
    "who_can_cancel": _who,
    "alternative": _alternative,
    "undo": _undo,
    "effective_date": _effective_date,
    "sub_accounts": _sub_accounts,
    "closing_number": _status,
    "fees": lambda w, a: [statements.fees(w.policy(a), w.kind(a))],
}


def _roles_by_type(policy: Policy) -> list[Statement]:
    found: list[Statement] = []
    for kind in policy.account_types.values():
        found.append(statements.who_closes(policy, kind))
    return found


ABOUT_VENDOR: dict[str, Callable[[Policy, AccountType], list[Statement]]] = {
    "fees": lambda p, k: [statements.fees(p, k)],
    "final_bill": lambda p, k: [statements.billing_rule(p, k)],
    "port_out": lambda p, k: [statements.port_steps(p, k)],
}


def _weekdays(hours: OpeningHours) -> Phrase:
    """Days in a row as a range, others one by one."""
    days = sorted(hours.days, key=WEEK.index)
    names = [Phrase(f"day.{day}", {}) for day in days]
    in_a_row = WEEK.index(days[-1]) - WEEK.index(days[0]) == len(days) - 1
    if in_a_row and len(days) > 2:
        return Phrase("hours.range", {"first": names[0], "last": names[-1]})
    listed: Phrase = names[0]
    for name in names[1:]:
        listed = Phrase("hours.and", {"first": listed, "next": name})
    return listed


def answer_for_vendor(work: Work, topic: str, policy: Policy, zone: str) -> list[Statement] | None:
    """An answer that needs no account, or None where it depends on one."""
    if topic == "agent_hours":
        told = [when_people_answer(policy, work, zone)]
        hours = policy.support.hours.stated
        if hours:
            facts = {
                "days": _weekdays(hours),
                "opens": hours.opens,
                "closes": hours.closes,
                "zone": hours.zone,
            }
            told.append(Statement("hours_week", facts))
        return told
    if topic == "who_can_cancel":
        return [*_roles_by_type(policy), statements.support_closes(policy)]
    rule = ABOUT_VENDOR.get(topic)
    if rule is None:
        return None
    # Said without an account only where every kind of account has the same answer.
    answers = [rule(policy, kind) for kind in policy.account_types.values()]
    same = all([s.code for s in a] == [s.code for s in answers[0]] for a in answers)
    return answers[0] if same else None


TOPICS = sorted({*ABOUT_ACCOUNT, "agent_hours"})
