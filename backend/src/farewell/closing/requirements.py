"""What a closing case still owes, worked out from policy and account.

The vocabulary of codes is closed; `docs/policy.md` documents each.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from farewell.accounts.snapshot import AccountView
from farewell.billing.quote import Bill
from farewell.closing import statements
from farewell.closing.effect import Effect
from farewell.facts import Facts, Phrase, Statement, VendorWords, fingerprint
from farewell.policy.model import Policy

Kind = Literal["blocker", "acknowledge", "choice", "input"]

ANSWERS: Mapping[str, tuple[str, ...]] = {
    "alternatives": ("decline",),
    "keep_numbers": ("release_all", "port_first"),
    "open_port": ("wait", "give_up"),
    "port_works": ("works", "not_yet"),
    "data_export": ("export", "have", "skip"),
    "sub_accounts": ("close_all", "transfer_first"),
    "exit_reason": ("skip", "words"),
    "approve": ("decline",),
}
"""Answers that a requirement takes; alternatives also take the policy's codes, and the reason takes
every reason's code. Agreeing as the second person is no answer but a confirmation."""

SKIPPABLE = ("alternatives", "keep_numbers", "data_export", "sub_accounts", "exit_reason")
"""What "just cancel it" passes over (rule 7); notices are still shown."""

NEXT_STEP_LATER = {("keep_numbers", "port_first"), ("sub_accounts", "transfer_first")}
"""Answers that let the case rest until the customer comes back; asked again then."""


@dataclass(frozen=True)
class Requirement:
    """One thing that a case owes. `subject` is the number that it is about, if any."""

    code: str
    kind: Kind
    facts: Facts
    subject: str = ""
    answered: bool = False

    @property
    def facts_hash(self) -> str:
        """Changes when what was shown would read differently."""
        return fingerprint(self.facts)


@dataclass(frozen=True)
class Answered:
    """What the customer said so far."""

    values: Mapping[tuple[str, str], str]
    skip_ahead: bool = False

    def value(self, code: str, subject: str = "") -> str | None:
        """The answer to a requirement, or None."""
        return self.values.get((code, subject))

    def settled(self, code: str, subject: str = "") -> bool:
        """Whether a choice needs no more asking."""
        given = self.value(code, subject)
        if given is not None and (code, given) not in NEXT_STEP_LATER:
            return True
        return self.skip_ahead and code in SKIPPABLE


def _notice(statement: Statement) -> Requirement:
    return Requirement(statement.code, "acknowledge", statement.facts)


def role_blocker(account: AccountView, policy: Policy, roles: set[str]) -> Requirement | None:
    """Rule 6: who may not close is told who may, by role and initials."""
    kind = policy.type_of(account.type)
    allowed = kind.closed_by.stated or []
    if roles & set(allowed):
        return None
    facts: Facts = {
        "account": account.label(kind),
        "roles": [VendorWords(policy.role_names[role]) for role in allowed],
        "contacts": statements.contacts(policy),
    }
    if not account.closers:
        return Requirement("role_vacant", "blocker", facts)
    facts["holders"] = [
        Phrase("role.holder", {"role": VendorWords(policy.role_names[r]), "initials": i})
        for r, i in account.closers
    ]
    return Requirement("role_missing", "blocker", facts)


def _numbers(
    account: AccountView, policy: Policy, said: Answered, now: datetime
) -> list[Requirement]:
    kind = policy.type_of(account.type)
    owed: list[Requirement] = []
    for number in account.all_numbers():
        if number.port is None:
            continue
        facts: Facts = {
            "number": number.phrase(),
            "port_state": Phrase(f"port.{number.port}", {}),
            "e164": number.e164,
        }
        code = "port_works" if number.port == "completed" else "open_port"
        given = said.value(code, number.e164)
        owed.append(
            Requirement(code, "choice", facts, number.e164, answered=given in ("wait", "not_yet"))
        )
    plain = [n for n in account.all_numbers() if n.port is None]
    if not plain:
        return owed
    owed.append(_notice(statements.numbers(account, policy)))
    restore = statements.number_restore(account, kind, now)
    if restore and kind.numbers.on_close.stated == "released":
        owed.append(_notice(restore))
    if kind.numbers.ask_to_keep.stated:
        steps = [VendorWords(step) for step in kind.numbers.port_out_steps]
        facts = {"steps": steps, "numbers": [n.phrase() for n in plain]}
        owed.append(
            Requirement("keep_numbers", "choice", facts, answered=said.settled("keep_numbers"))
        )
    return owed


def _alternatives(account: AccountView, policy: Policy, said: Answered) -> list[Requirement]:
    offers = policy.type_of(account.type).alternatives.offers
    if not offers or said.settled("alternatives"):
        return []
    options = [{"code": o.code, "title": VendorWords(o.title)} for o in offers]
    return [
        Requirement(
            "alternatives", "choice", {"offers": statements.offers(offers), "options": options}
        )
    ]


def requirements(
    account: AccountView,
    policy: Policy,
    said: Answered,
    bill: Bill,
    now: datetime,
    later: Effect | None = None,
) -> list[Requirement]:
    """Everything that a case owes, in the order in which the conversation leads through it.

    The confirmation is not among them: it follows when all of these are shown and answered. Days
    count from now, or from a later end.
    """
    kind = policy.type_of(account.type)
    now = later.at if later else now
    owed: list[Requirement] = []
    if kind.double_check_name and account.parent_name:
        facts: Facts = {"account": account.label(kind), "parent": account.parent_name}
        owed.append(Requirement("check_sub_account", "acknowledge", facts))
    owed += _alternatives(account, policy, said)
    if kind.converts is None:
        owed += _numbers(account, policy, said, now)
        if account.children:
            owed.append(_notice(statements.children(account)))
        if account.children and kind.cascade and kind.cascade.transfer_first.stated:
            owed.append(
                Requirement(
                    "sub_accounts",
                    "choice",
                    {"sub_accounts": [c.named() for c in account.children]},
                    answered=said.settled("sub_accounts"),
                )
            )
        owed.append(_notice(statements.data(account, policy, now)))
        if kind.data.offer_export:
            owed.append(
                Requirement("data_export", "choice", {}, answered=said.settled("data_export"))
            )
    owed.append(_notice(statements.effect(account, kind, later)))
    if kind.second_roles:
        owed.append(_notice(statements.second_approval(policy, kind)))
    owed.append(_notice(statements.quote(account, kind, bill, later)))
    if later:
        owed.append(_notice(statements.usage_until_effect(account, later)))
    if kind.billing.fees.stated == "none":
        owed.append(_notice(statements.fees(policy, kind)))
    if account.held_minor and kind.balance.treatment.stated != "refund_to_card":
        owed.append(_notice(statements.balance(account, policy, now)))
    if kind.converts is None:
        owed.append(_notice(statements.undo(account, policy, now)))
    options = [{"code": c.code, "title": VendorWords(c.title)} for c in policy.exit_reasons.choices]
    owed.append(
        Requirement(
            "exit_reason", "input", {"options": options}, answered=said.settled("exit_reason")
        )
    )
    return owed
