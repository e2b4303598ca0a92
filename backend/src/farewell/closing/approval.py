"""The second person whom a policy wants to agree to a closing: who may, and how they are asked.

Whoever wants the closing confirms first, the second person last. One person never counts twice.
"""

from __future__ import annotations

from sqlalchemy import select

from farewell.accounts.reading import roles_of
from farewell.accounts.tables import Account, Person, Role
from farewell.audit import Actor, record
from farewell.closing import statements
from farewell.closing.case import open_case_of, withdraw
from farewell.closing.requirements import Requirement
from farewell.closing.tables import ClosingCase
from farewell.errors import Problem
from farewell.facts import Facts, Phrase, Statement, VendorWords
from farewell.notify.telling import tell
from farewell.work import Work


def holders(work: Work, account: Account, besides: Person) -> list[Role]:
    """Everybody who may agree as the second person, in the account or the one above."""
    wanted = work.kind(account).second_roles
    roles = [*account.roles, *(account.parent.roles if account.parent else [])]
    return [r for r in roles if r.role in wanted and r.person_id != besides.id]


def may_approve(work: Work, person: Person, account: Account) -> bool:
    """Whether a person's role agrees to closings of this kind of account."""
    return bool(set(work.kind(account).second_roles) & roles_of(person, account))


def awaited_from(work: Work, person: Person, account: Account) -> ClosingCase | None:
    """The case of the account that waits for this person to agree, if it does."""
    case = open_case_of(work, account)
    if case is None or case.state != "waiting_for_approval" or case.standing_by == person.id:
        return None
    return case if may_approve(work, person, account) else None


def awaited_anywhere(work: Work, person: Person) -> ClosingCase | None:
    """The oldest case that waits for this person to agree, of any account."""
    waiting = work.session.scalars(
        select(ClosingCase)
        .join(Account)
        .where(ClosingCase.state == "waiting_for_approval", Account.vendor == person.vendor)
        .order_by(ClosingCase.standing_at)
    )
    return next((c for c in waiting if awaited_from(work, person, c.account)), None)


def second_blocker(work: Work, person: Person, account: Account) -> Requirement | None:
    """Why this person's confirmation would wait in vain: nobody else could agree."""
    policy, kind = work.policy(account), work.kind(account)
    if not kind.second_roles or holders(work, account, besides=person):
        return None
    facts: Facts = {
        "account": work.view(account).label(kind),
        "roles": statements.role_names(policy, kind.second_roles),
        "contacts": statements.contacts(policy),
    }
    return Requirement("second_vacant", "blocker", facts)


def named_holders(work: Work, account: Account, besides: Person) -> list[Phrase]:
    """Who may agree, by role and initials."""
    names = work.policy(account).role_names
    return [
        Phrase("role.holder", {"role": VendorWords(names[r.role]), "initials": r.person.initials})
        for r in holders(work, account, besides)
    ]


def ask_second(work: Work, case: ClosingCase, person: Person, actor: Actor) -> None:
    """Let the case wait for a second person, and ask everybody who may agree."""
    account = case.account
    case.state = "waiting_for_approval"
    record(work.session, work.now, actor, "case.approval_wanted", f"case:{case.id}")
    wanted = Statement(
        "approval_wanted", {"account": work.view(account).named(), "who": person.initials}
    )
    asked = {role.person_id: role.person for role in holders(work, account, besides=person)}
    for second in asked.values():
        tell(work, second, account, wanted)


def decline(work: Work, *, case: ClosingCase, person: Person, actor: Actor) -> None:
    """The second person does not agree: the closing is stopped, and who wanted it is told.

    Raises Problem 403 for somebody who is not asked, 409 where nothing waits for it.
    """
    refuse_unasked(work, case, person)
    first, account = work.session.get_one(Person, case.standing_by), case.account
    record(work.session, work.now, actor, "case.approval_declined", f"case:{case.id}")
    withdraw(work, case=case, actor=actor, because="declined")
    facts = {"account": work.view(account).named(), "who": person.initials}
    tell(work, first, account, Statement("approval_declined", facts))


def refuse_unasked(work: Work, case: ClosingCase, person: Person) -> None:
    """Only a second person with the role agrees or declines, and only while that is awaited.

    Raises Problem 403 or 409.
    """
    if case.state != "waiting_for_approval":
        raise Problem(409, "approval_not_awaited", f"This closing case is {case.state}.")
    if case.standing_by == person.id:
        raise Problem(403, "second_person_needed", "Somebody else has to agree: you confirmed it.")
    if not may_approve(work, person, case.account):
        raise Problem(403, "role_missing", "Your role does not agree to this closing.")
