"""What the policy says about a closing, as statements. Notices, answers to questions and the
receipt all say the same thing because they come from here.

Each function returns the statement that fits, with `…_not_stated` where the guide is silent.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from farewell.accounts.snapshot import AccountView
from farewell.billing.quote import Bill, line_phrase
from farewell.closing.effect import Effect, amount_of, net_of
from farewell.facts import Facts, Phrase, Statement, VendorWords
from farewell.policy.model import AccountType, Alternative, Contact, Policy, ReasonCode


def vendor(policy: Policy) -> VendorWords:
    """The vendor's name."""
    return VendorWords(policy.name)


def contacts(policy: Policy) -> list[Phrase]:
    """The ways to reach the vendor's people."""
    return [_contact(contact) for contact in policy.support.contacts]


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


def effect(account: AccountView, kind: AccountType, later: Effect | None = None) -> Statement:
    """When closing takes effect."""
    if kind.converts:
        return Statement("converts_to_plan", {"plan": VendorWords(kind.converts.to_plan)})
    if kind.takes_effect.stated is None:
        return Statement("effect_not_stated", {})
    if later and later.notice_days is not None:
        days = {"days": later.notice_days, "last_day": later.last_day}
        return Statement("effect_notice", days)
    if later:
        return Statement("effect_period_end", {"last_day": later.last_day})
    if kind.signs_out.stated:
        return Statement("effect_signed_out", {})
    return Statement("effect_immediate", {})


def usage_until_effect(account: AccountView, later: Effect) -> Statement:
    """What becomes of usage between confirming and the end."""
    if later.usage_limit_minor:
        limit = account.money(later.usage_limit_minor)
        return Statement("usage_charged_until_end", {"limit": limit})
    return Statement("usage_free_until_end", {})


def second_approval(policy: Policy, kind: AccountType) -> Statement:
    """Which roles a second person must have who agrees."""
    return Statement("second_approval", {"roles": role_names(policy, kind.second_roles)})


def role_names(policy: Policy, roles: list[str]) -> list[VendorWords]:
    """Roles in the vendor's words."""
    return [VendorWords(policy.role_names[role]) for role in roles]


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


def number_restore(
    account: AccountView, kind: AccountType, closed_at: datetime
) -> Statement | None:
    """Whether released numbers can come back."""
    days = kind.numbers.restore_days.stated
    if days is not None:
        until = account.today(closed_at) + timedelta(days=days)
        by_support = kind.numbers.restore_otherwise_by_support
        code = "numbers_restorable" if by_support else "numbers_restorable_until"
        return Statement(code, {"days": days, "until": until})
    if kind.numbers.restore_otherwise_by_support:
        return Statement("numbers_restore_support", {})
    return None


def port_steps(policy: Policy, kind: AccountType) -> Statement:
    """How to take a number to another provider."""
    steps = [VendorWords(step) for step in kind.numbers.port_out_steps]
    if steps:
        return Statement("port_steps", {"steps": steps})
    return Statement("port_steps_not_stated", {"vendor": vendor(policy)})


def data(account: AccountView, policy: Policy, closed_at: datetime) -> Statement:
    """What becomes of the data."""
    kind = policy.type_of(account.type)
    if kind.converts:
        return Statement("data_stays", {})
    match kind.data.treatment.stated:
        case "kept" if kind.data.kept_days.stated is not None:
            days = kind.data.kept_days.stated
            until = account.today(closed_at) + timedelta(days=days)
            code = "data_kept_readable" if kind.data.readable_after_closing.stated else "data_kept"
            return Statement(code, {"days": days, "until": until})
        case "kept":
            return Statement("data_stays", {})
        case "deleted_at_once":
            return Statement("data_deleted", {})
        case _:
            return Statement("data_not_stated", {"vendor": vendor(policy)})


def fees(policy: Policy, kind: AccountType) -> Statement:
    """Fees and penalties for closing."""
    if kind.billing.fees.stated == "none":
        return Statement("no_fees", {})
    return Statement("fees_not_stated", {"vendor": vendor(policy)})


def balance(account: AccountView, policy: Policy, closed_at: datetime) -> Statement:
    """What becomes of money that the vendor holds for the customer."""
    kind = policy.type_of(account.type)
    money = account.money(account.held_minor)
    days = kind.balance.days.stated
    match kind.balance.treatment.stated:
        case "refund_to_card" if days is not None:
            return Statement("balance_refund_rule", {"days": days, "balance": money})
        case "keep_for_request" if days is not None and account.held_minor:
            until = account.today(closed_at) + timedelta(days=days)
            through = kind.balance.request_through or policy.name
            return Statement(
                "balance_kept",
                {"days": days, "until": until, "balance": money, "through": VendorWords(through)},
            )
        case _ if not account.held_minor:
            return Statement("no_balance", {})
        case _:
            return Statement("balance_not_stated", {"balance": money, "vendor": vendor(policy)})


def undo(account: AccountView, policy: Policy, closed_at: datetime) -> Statement:
    """How a closing can be undone."""
    kind = policy.type_of(account.type)
    days = kind.undo.days.stated
    after = VendorWords(kind.undo.after_that or {"en": ""})
    until = account.today(closed_at) + timedelta(days=days) if days is not None else None
    facts: Facts = {"days": days, "until": until, "after": after}
    match kind.undo.by.stated:
        case "customer" if until:
            return Statement("undo_by_customer", facts)
        case "support" if until:
            return Statement("undo_by_support", {**facts, "contacts": contacts(policy)})
        case "nobody":
            return Statement("undo_never", {})
        case _:
            return Statement("undo_not_stated", {"vendor": vendor(policy)})


def quote(
    account: AccountView, kind: AccountType, bill: Bill, later: Effect | None = None
) -> Statement:
    """The final bill: lines, total, day."""
    facts: Facts = {
        "lines": [line_phrase(line, bill.currency, account.number) for line in bill.stored_lines()],
        "total": account.money(bill.total_minor),
        "refund": account.money(bill.refund_minor),
        "settles_on": bill.settles_on,
    }
    if later:
        amount = amount_of(bill, net_of(bill) + later.usage_limit_minor, later)
        return Statement("quote_at_end", {**facts, "last_day": later.last_day, "amount": amount})
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
    roles = [VendorWords(policy.role_names[role]) for role in kind.closed_by.stated or []]
    return Statement("who_closes", {"type": VendorWords(kind.name), "roles": roles})
