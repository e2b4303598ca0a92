"""Answers to questions in the middle, from policy and account."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from sqlalchemy import select

from farewell.accounts.snapshot import AccountView, NumberView
from farewell.accounts.tables import Account, Person
from farewell.billing.quote import Bill, final_bill
from farewell.chat.afterwards import answer_when_closed, closed_already, export_after
from farewell.closing import statements
from farewell.closing.case import bill_of, open_case_of, standing_closure, valid_quote
from farewell.closing.tables import Closure
from farewell.desk.handover import when_people_answer
from farewell.desk.hours import WEEK
from farewell.facts import Facts, Moment, Phrase, Statement, VendorWords
from farewell.lifecycle.exports import latest_export
from farewell.lifecycle.reactivation import restorable_numbers
from farewell.policy.model import AccountType, OpeningHours, Policy
from farewell.work import Work


def _final_bill(work: Work, account: Account) -> list[Statement]:
    policy, view, kind = work.policy(account), work.view(account), work.kind(account)
    rule, *assumed = statements.billing_rules(policy, kind)
    told = [rule, statements.quote(view, kind, _bill(work, account, view)), *assumed]
    taken = any(
        o.sets.items() <= account.features.items() for o in kind.alternatives.offers if o.sets
    )
    going_on = statements.going_on(kind) if taken else None
    return [going_on, *told] if going_on else told


def _bill(work: Work, account: Account, view: AccountView) -> Bill:
    """The bill that was quoted, or what it would be now."""
    case = open_case_of(work, account)
    quote = valid_quote(work, case, view) if case else None
    return bill_of(quote) if quote else final_bill(view, work.policy(account), work.now)


def _closed_on(work: Work, view: AccountView) -> date | None:
    """The day of closing, if it closed now; None while a number is being ported."""
    return None if view.porting else view.today(work.now)


def _balance(work: Work, account: Account) -> list[Statement]:
    policy, view, kind = work.policy(account), work.view(account), work.kind(account)
    credit = statements.credit(view, kind, _bill(work, account, view))
    return [credit or statements.balance(view, policy, _closed_on(work, view))]


def _data(work: Work, account: Account) -> list[Statement]:
    """What becomes of the data; nothing does as long as the account is not closed."""
    view, kind = work.view(account), work.kind(account)
    told = statements.data(work.policy(account), kind, _closed_on(work, view))
    if account.status != "active" or kind.converts:
        return [told]
    return [Statement("data_while_active", {"account": view.named()}), told]


def _export(work: Work, account: Account) -> list[Statement]:
    found = latest_export(work, account)
    told = [export_ready(found.id, work, account)] if found else []
    if work.kind(account).data.offer_export and not told:
        told.append(Statement("export_offered", {}))
    return [*told, *_data(work, account)]


def export_ready(export_id: str, work: Work, account: Account) -> Statement:
    """Where the archive is and how long it is kept."""
    found = latest_export(work, account)
    until = found.expires_at if found else work.now
    return Statement(
        "export_ready",
        {"link": f"{work.public_url}/exports/{export_id}", "until": Moment(until, account.zone)},
    )


def _ports(work: Work, account: Account) -> list[Statement]:
    view = work.view(account)
    open_ports = [
        Phrase("port.line", {"number": n.phrase(), "state": Phrase(f"port.{n.port}", {})})
        for n in view.all_numbers()
        if n.port
    ]
    told = _port_rules(work.policy(account), work.kind(account))
    if open_ports:
        told.insert(0, Statement("open_ports", {"ports": open_ports}))
    return told


def _port_rules(policy: Policy, kind: AccountType) -> list[Statement]:
    otherwise = statements.port_before_closing(kind)
    return [statements.port_steps(policy, kind), *([otherwise] if otherwise else [])]


def _numbers(work: Work, account: Account) -> list[Statement]:
    policy, kind, view = work.policy(account), work.kind(account), work.view(account)
    told = _released_before(work, account)
    if told and not view.all_numbers():
        return told
    told.append(statements.numbers(view, policy))
    restore = statements.number_restore(policy, kind, _closed_on(work, view))
    if restore and told[-1].code == "numbers_released":
        told.append(restore)
    return told


def _released_before(work: Work, account: Account) -> list[Statement]:
    """Numbers that an earlier closing released, in an account that is active again."""
    waiting = restorable_numbers(work, account)
    if waiting:
        listed = [NumberView(n.e164, n.label, None).phrase() for n in waiting]
        return [Statement("numbers_to_restore", {"numbers": listed})]
    if any(number.status == "released" for number in account.numbers):
        return [statements.restore_too_late(work.policy(account), work.kind(account))]
    return []


def _undo(work: Work, account: Account) -> list[Statement]:
    told = statements.undo(
        work.policy(account), work.kind(account), _closed_on(work, work.view(account))
    )
    again = work.session.scalar(select(Closure.id).where(Closure.account_id == account.id).limit(1))
    return [Statement("closing_again_possible", {}), told] if again else [told]


def _transfer(policy: Policy, kind: AccountType) -> list[Statement]:
    """How an account goes to another owner or out of its agency."""
    facts: Facts = {"vendor": statements.vendor(policy), "contacts": statements.contacts(policy)}
    between = kind.parent_type or (kind.cascade and kind.cascade.transfer_first.stated)
    return [Statement("transfer_by_vendor" if between else "transfer_not_stated", facts)]


def _dispute(policy: Policy) -> list[Statement]:
    return [Statement("dispute", {"contacts": statements.contacts(policy)})]


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
    kind = work.kind(account)
    told = [statements.effect(work.view(account), kind)]
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
    case = open_case_of(work, account)
    code = {None: "status_active", "open": "status_open"}.get(
        case.state if case else None, "status_waiting"
    )
    return [Statement(code, {"account": named})]


def answer_for_account(
    work: Work, topic: str, account: Account, person: Person | None
) -> list[Statement]:
    """Answer a question about an account, as it is: open, active again, or closed."""
    closure = standing_closure(work, account)
    if closure is not None and person is not None:
        if topic == "data_export":
            found = latest_export(work, account)
            told = [export_ready(found.id, work, account)] if found else []
            return [*told, *export_after(work, account, person, closure)]
        after = answer_when_closed(work, topic, account, person, closure)
        if after is not None:
            return after
    return ABOUT_ACCOUNT[topic](work, account)


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
    "transfer": lambda w, a: _transfer(w.policy(a), w.kind(a)),
    "disputed_charge": lambda w, a: _dispute(w.policy(a)),
}


def _roles_by_type(policy: Policy) -> list[Statement]:
    found: list[Statement] = []
    for kind in policy.account_types.values():
        found.append(statements.who_closes(policy, kind))
    return found


ABOUT_VENDOR: dict[str, Callable[[Policy, AccountType], list[Statement]]] = {
    "fees": lambda p, k: [statements.fees(p, k)],
    "final_bill": statements.billing_rules,
    "refund": lambda p, k: [statements.balance_rule(p, k)],
    "data_retention": lambda p, k: [statements.data(p, k, None)],
    "port_out": _port_rules,
    "undo": lambda p, k: [statements.undo(p, k, None)],
    "transfer": _transfer,
    "disputed_charge": lambda p, k: _dispute(p),
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


def answer_by_rule(topic: str, policy: Policy, kind: AccountType) -> list[Statement]:
    """What the policy says on a topic for a kind of account, without anything of the account."""
    return ABOUT_VENDOR[topic](policy, kind)


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
    return answers[0] if all(answer == answers[0] for answer in answers) else None


TOPICS = sorted({*ABOUT_ACCOUNT, "agent_hours"})
