"""What the policy says about a closing, as statements. Notices, answers to questions and the
receipt all say the same thing because they come from here.

Each function returns the statement that fits, with `…_not_stated` where the guide is silent.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from farewell.accounts.snapshot import AccountView
from farewell.billing.quote import Bill, line_phrase
from farewell.facts import Facts, Phrase, Statement, VendorWords
from farewell.policy.model import AccountType, Alternative, Contact, Policy, ReasonCode, Rule


def vendor(policy: Policy) -> VendorWords:
    """The vendor's name."""
    return VendorWords(policy.name)


def contacts(policy: Policy, *, in_hours: bool | None = None) -> list[Phrase]:
    """The ways to reach the vendor's people: all, or those within the stated hours or without."""
    ways = policy.support.contacts
    return [_contact(way) for way in ways if in_hours in (None, way.in_hours)]


def _contact(contact: Contact) -> Phrase:
    facts: Facts = {"who": VendorWords(contact.who)}
    way = Phrase(f"contact.{contact.channel}", facts)
    if contact.address:
        words = contact.address
        facts["address"] = words if isinstance(words, str) else VendorWords(words)
        way = Phrase(f"contact.{contact.channel}.at", facts)
    if contact.note:
        return Phrase("contact.noted", {"contact": way, "note": VendorWords(contact.note)})
    return way


def offers(alternatives: list[Alternative]) -> list[Phrase]:
    """Alternatives to closing, each with what goes on being charged."""
    listed = []
    for offer in alternatives:
        facts = {"title": VendorWords(offer.title), "text": VendorWords(offer.text)}
        key = "alternative.plain"
        if offer.still_charged:
            key, facts["charged"] = "alternative.charged", VendorWords(offer.still_charged)
        listed.append(Phrase(key, facts))
    return listed


def effect(account: AccountView, kind: AccountType) -> Statement:
    """When closing takes effect; while a number is being ported, not before that is done."""
    if kind.converts:
        return Statement("converts_to_plan", {"plan": VendorWords(kind.converts.to_plan)})
    if kind.takes_effect.stated is None:
        return Statement("effect_not_stated", {})
    if kind.signs_out.stated:
        code = "effect_signed_out_after_port" if account.porting else "effect_signed_out"
        return Statement(code, {})
    return Statement("effect_after_port" if account.porting else "effect_immediate", {})


def numbers(account: AccountView, policy: Policy) -> Statement:
    """What becomes of the numbers that are not being ported."""
    kind = policy.type_of(account.type)
    listed = [n.phrase() for n in account.all_numbers() if n.port is None]
    if not listed:
        return Statement("no_numbers", {})
    fate = kind.numbers.on_close.stated
    if fate is None:
        return Statement("numbers_not_stated", {"numbers": listed})
    code = {
        "released": "numbers_released",
        "may_be_lost": "numbers_may_be_lost",
        "kept": "numbers_kept",
        "none": "numbers_kept",
    }[fate]
    return Statement(code, {"numbers": listed})


def _until(closed_on: date | None, days: int) -> Phrase:
    """The last day of a window, or what it is counted from where the day is not known yet."""
    if closed_on is None:
        return Phrase("until.from_closing", {})
    return Phrase("until.day", {"day": closed_on + timedelta(days=days)})


def number_restore(policy: Policy, kind: AccountType, closed_on: date | None) -> Statement | None:
    """Whether released numbers can come back; None where none is released.

    `closed_on` is the day of closing in the account's zone, here and below; None: not known yet.
    """
    if kind.numbers.on_close.stated != "released":
        return None
    days = kind.numbers.restore_days.stated
    by_support = kind.numbers.restore_otherwise_by_support
    if days is not None:
        code = "numbers_restorable" if by_support else "numbers_restorable_until"
        return Statement(code, {"days": days, "until": _until(closed_on, days)})
    if by_support:
        return Statement("numbers_restore_support", {})
    return Statement("numbers_restore_not_stated", {"vendor": vendor(policy)})


def restore_too_late(policy: Policy, kind: AccountType) -> Statement:
    """What remains for released numbers that can no longer be restored here."""
    if kind.numbers.restore_otherwise_by_support:
        return Statement("numbers_by_support", {"contacts": contacts(policy)})
    return Statement("numbers_restore_not_stated", {"vendor": vendor(policy)})


def port_steps(policy: Policy, kind: AccountType) -> Statement:
    """How to take a number to another provider."""
    steps = [VendorWords(step) for step in kind.numbers.port_out_steps]
    if steps:
        return Statement("port_steps", {"steps": steps})
    return Statement("port_steps_not_stated", {"vendor": vendor(policy)})


def port_before_closing(kind: AccountType) -> Statement | None:
    """What happens to a number that is not ported out first."""
    if kind.numbers.on_close.stated != "may_be_lost":
        return None
    return Statement("port_before_closing", {})


def data(policy: Policy, kind: AccountType, closed_on: date | None) -> Statement:
    """What becomes of the data."""
    days = kind.data.kept_days.stated
    named = {"vendor": vendor(policy)}
    match kind.data.treatment.stated:
        case "kept" if days is not None and kind.converts is None:
            code = "data_kept_readable" if kind.data.readable_after_closing.stated else "data_kept"
            return Statement(code, {"days": days, "until": _until(closed_on, days)})
        case "kept" if kind.data.treatment.assumed:
            return Statement("data_stays_assumed", named)
        case "kept":
            return Statement("data_stays", {})
        case "deleted_at_once":
            return Statement("data_deleted", {})
        case _:
            return Statement("data_not_stated", named)


def fees(policy: Policy, kind: AccountType) -> Statement:
    """Fees and penalties for closing."""
    if kind.billing.fees.stated == "none":
        return Statement("no_fees", {})
    return Statement("fees_not_stated", {"vendor": vendor(policy)})


def balance(account: AccountView, policy: Policy, closed_on: date | None) -> Statement:
    """What becomes of money that the vendor holds for the customer, where no bill takes it."""
    if not account.held_minor:
        return Statement("no_balance", {})
    kind = policy.type_of(account.type)
    days = kind.balance.days.stated
    facts: Facts = {"balance": account.money(account.held_minor)}
    if kind.balance.treatment.stated == "keep_for_request" and days is not None:
        facts |= {"days": days, "until": _until(closed_on, days), "through": _through(policy, kind)}
        return Statement("balance_kept", facts)
    return Statement("balance_not_stated", {**facts, "vendor": vendor(policy)})


def _through(policy: Policy, kind: AccountType) -> VendorWords:
    return VendorWords(kind.balance.request_through or policy.name)


def credit(account: AccountView, kind: AccountType, bill: Bill) -> Statement | None:
    """What goes back of a credit that is set off against the bill; None where that is no rule."""
    days = kind.balance.days.stated
    if kind.balance.treatment.stated != "refund_to_card" or days is None:
        return None
    given = -sum(line.amount_minor for line in bill.lines if line.code == "credit")
    if not given:
        return Statement("no_credit", {"days": days})
    owed = sum(line.amount_minor for line in bill.lines if line.code != "credit")
    facts: Facts = {
        "balance": account.money(given),
        "owed": account.money(owed),
        "refund": account.money(bill.refund_minor),
        "total": account.money(bill.total_minor),
        "days": days,
    }
    return Statement("credit_refunded" if bill.refund_minor else "credit_used_up", facts)


def balance_rule(policy: Policy, kind: AccountType) -> Statement:
    """What becomes of a balance or credit, without an amount."""
    days = kind.balance.days.stated
    match kind.balance.treatment.stated:
        case "refund_to_card" if days is not None:
            return Statement("balance_refund_rule", {"days": days})
        case "keep_for_request" if days is not None:
            return Statement("balance_kept_rule", {"days": days, "through": _through(policy, kind)})
        case _:
            return Statement("balance_rule_not_stated", {"vendor": vendor(policy)})


def undo(policy: Policy, kind: AccountType, closed_on: date | None) -> Statement:
    """How a closing can be undone."""
    days = kind.undo.days.stated
    if kind.undo.by.stated == "nobody":
        return Statement("undo_never", {})
    if kind.undo.by.stated is None or days is None:
        return Statement("undo_not_stated", {"vendor": vendor(policy)})
    after = VendorWords(kind.undo.after_that or {"en": ""})
    facts: Facts = {"days": days, "until": _until(closed_on, days), "after": after}
    if kind.undo.by.stated == "customer":
        return Statement("undo_by_customer", facts)
    return Statement("undo_by_support", {**facts, "contacts": contacts(policy)})


def quote(account: AccountView, kind: AccountType, bill: Bill) -> Statement:
    """The final bill: lines, total, day; while a number is being ported, as if it closed today."""
    facts: Facts = {
        "lines": [line_phrase(line, bill.currency, account.number) for line in bill.stored_lines()],
        "total": account.money(bill.total_minor),
        "refund": account.money(bill.refund_minor),
    }
    if account.porting and (bill.total_minor or bill.refund_minor):
        rule = kind.balance.days if bill.refund_minor else kind.billing.settle_after_days
        facts["when"] = Phrase("when.at_closing", {})
        if rule.stated:
            facts["when"] = Phrase("when.days_after", {"days": rule.stated})
        return Statement("quote_refund_later" if bill.refund_minor else "quote_due_later", facts)
    facts["settles_on"] = bill.settles_on
    if bill.refund_minor:
        return Statement("quote_refund", facts)
    if bill.total_minor and kind.billing.settle_by.stated == "auto_pay":
        facts["method"] = account.payment_method or Phrase("method.on_file", {})
        return Statement("quote_due", facts)
    if bill.total_minor:
        return Statement("quote_due_otherwise", facts)
    if bill.written_off:
        facts["lines"] = [
            line_phrase(line, bill.currency, account.number) for line in bill.stored_write_offs()
        ]
        return Statement("quote_written_off", facts)
    return Statement("quote_nothing", facts)


def billing_rule(policy: Policy, kind: AccountType) -> Statement:
    """How the final bill comes about, without an amount."""
    days = kind.billing.settle_after_days.stated
    if kind.billing.outstanding.stated == "write_off":
        return Statement("bill_written_off", {})
    if kind.billing.timing.stated == "in_arrears" and days is not None:
        return Statement("bill_in_arrears", {"days": days})
    if kind.billing.timing.stated == "in_advance":
        return Statement("bill_usage_only", {})
    return Statement("bill_rule_not_stated", {"vendor": vendor(policy)})


def bill_assumed(policy: Policy, kind: AccountType) -> Statement | None:
    """That the way from the rules to the bill is our assumption; None where the guide has it."""
    rules = kind.billing
    shaping: list[Rule[Any]] = [rules.outstanding]
    if rules.outstanding.stated != "write_off":
        shaping = [rules.timing, rules.settle_after_days]
    if not any(rule.assumed for rule in shaping):
        return None
    return Statement("bill_as_far_as_known", {"vendor": vendor(policy)})


def billing_rules(policy: Policy, kind: AccountType) -> list[Statement]:
    """How the final bill comes about, and that it is assumed where it is."""
    assumed = bill_assumed(policy, kind)
    return [billing_rule(policy, kind), *([assumed] if assumed else [])]


def going_on(kind: AccountType) -> Statement | None:
    """What is charged as long as the account is not closed, also with an alternative."""
    charged = next((o.still_charged for o in kind.alternatives.offers if o.still_charged), None)
    return Statement("charged_until_closed", {"charged": VendorWords(charged)}) if charged else None


def children(account: AccountView) -> Statement:
    """The accounts that close together with this one."""
    return Statement("sub_accounts_closed", {"sub_accounts": [c.named() for c in account.children]})


def reason_noted(policy: Policy, code: ReasonCode) -> Statement:
    """The reason that was understood: as the policy's button names it, else in Farewell's words."""
    titles = {choice.code: VendorWords(choice.title) for choice in policy.exit_reasons.choices}
    return Statement("reason_noted", {"reason": titles.get(code) or Phrase(f"reason.{code}", {})})


def support_closes(policy: Policy) -> Statement:
    """Whether the vendor's people can close the account for the customer."""
    closes = policy.support.closes_for_customer.stated
    facts: Facts = {"contacts": contacts(policy), "vendor": vendor(policy)}
    if closes:
        return Statement("support_closes", facts)
    if policy.support.needs_failing_step:
        return Statement("support_needs_step", facts)
    if policy.support.closes_not_because:
        facts["because"] = VendorWords(policy.support.closes_not_because)
        return Statement("support_does_not_close_because", facts)
    return Statement("support_does_not_close", facts)


def who_closes(policy: Policy, kind: AccountType) -> Statement:
    """Which roles may close."""
    return Statement("who_closes", {"type": VendorWords(kind.name), "roles": roles(policy, kind)})


def roles(policy: Policy, kind: AccountType) -> list[VendorWords | Phrase]:
    """The roles that may close, marked where the guide names none."""
    names = [VendorWords(policy.role_names[role]) for role in kind.closed_by.stated or []]
    if not kind.closed_by.assumed:
        return [*names]
    return [Phrase("role.assumed", {"role": name, "vendor": vendor(policy)}) for name in names]
