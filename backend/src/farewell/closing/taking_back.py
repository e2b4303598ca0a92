"""Take back answers of an open closing case: the last one, or all.

A closure, an export and a port at the carrier are never undone by this.
"""

from __future__ import annotations

from sqlalchemy import delete

from farewell.audit import Actor, record
from farewell.closing.case import ask_again, refuse_too_late, state_of
from farewell.closing.requirements import SKIPPABLE
from farewell.closing.tables import CONFIRMED_STATES, Answer, ClosingCase, Shown
from farewell.work import Work

STANDING = "standing_confirmation"
SKIPPED = "skip_ahead"


def take_back_last(work: Work, *, case: ClosingCase, actor: Actor) -> str | None:
    """Reopen what the customer answered last before the question that is open now. Returns the code
    of what is open again.

    `STANDING` and `SKIPPED` are the go-ahead for later and "just cancel it". None where there is
    nothing to take back. Raises Problem 409 for a closing that takes effect at this moment.
    """
    refuse_too_late(work, case)
    code = _reopened(work, case)
    if code:
        case.touched_at = work.now
        record(work.session, work.now, actor, "requirement.reopened", f"case:{case.id}", code=code)
        work.session.flush()
    return code


def _reopened(work: Work, case: ClosingCase) -> str | None:
    if case.state in CONFIRMED_STATES:
        ask_again(work, case)
        return STANDING
    for given in list(reversed(case.answers)):
        skipped = case.skip_ahead and given.code in SKIPPABLE
        if not skipped and _asked_again_without(work, case, given):
            return given.code
    if not case.skip_ahead:
        return None
    case.skip_ahead = False
    return SKIPPED if state_of(work, case).unanswered else _reopened(work, case)


def _asked_again_without(work: Work, case: ClosingCase, given: Answer) -> bool:
    """Remove an answer, if it is what is asked next then. It is not where its question is over all
    the same, as after a verified port, and where it was given ahead of the open question."""
    code, subject = given.code, given.subject
    with work.session.begin_nested() as trial:
        case.answers.remove(given)
        work.session.delete(given)
        if code == "exit_reason":
            case.reason_code = case.reason_words = None
        if code == "open_port":
            _keep_again(case, subject)
        work.session.flush()
        asked = state_of(work, case).unanswered
        again = bool(asked) and (asked[0].code, asked[0].subject) == (code, subject)
        if not again:
            trial.rollback()
    return again


def take_back_all(work: Work, *, case: ClosingCase, viewer: str, actor: Actor) -> None:
    """Begin anew: no answer counts any more, and the viewer is shown every notice again.

    Raises Problem 409 for a closing that takes effect at this moment.
    """
    refuse_too_late(work, case)
    if case.state in CONFIRMED_STATES:
        ask_again(work, case)
    for given in list(case.answers):
        if given.code == "open_port":
            _keep_again(case, given.subject)
        case.answers.remove(given)
        work.session.delete(given)
    case.skip_ahead, case.reason_code, case.reason_words = False, None, None
    case.touched_at = work.now
    work.session.execute(delete(Shown).where(Shown.case_id == case.id, Shown.viewer == viewer))
    record(work.session, work.now, actor, "case.started_over", f"case:{case.id}")
    work.session.flush()


def _keep_again(case: ClosingCase, e164: str) -> None:
    """A number that was given up for this closing is not given up any more."""
    for account in (case.account, *case.account.children):
        for number in account.numbers:
            if number.e164 == e164 and number.status == "active" and number.port_out:
                number.port_out.given_up = False
