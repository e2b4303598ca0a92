"""Take back answers of an open closing case: the last one, or all.

A closure, an export and a port at the carrier are never undone by this.
"""

from __future__ import annotations

from sqlalchemy import delete

from farewell.audit import Actor, record
from farewell.closing.case import ask_again, state_of
from farewell.closing.requirements import SKIPPABLE
from farewell.closing.tables import Answer, ClosingCase, Shown
from farewell.work import Work

STANDING = "standing_confirmation"
SKIPPED = "skip_ahead"
SKIPPED_AS = {
    "keep_numbers": "release_all",
    "data_export": "skip",
    "sub_accounts": "close_all",
    "exit_reason": "skip",
}
"""What it comes to that a question was passed over."""


def take_back_last(work: Work, *, case: ClosingCase, actor: Actor) -> str | None:
    """Reopen what the customer answered last before the question that is open now. Returns the code
    of what is open again.

    `STANDING` and `SKIPPED` are the go-ahead for after a port and "just cancel it". None where
    there is nothing to take back.
    """
    code = _reopened(work, case)
    if code:
        case.touched_at = work.now
        record(work.session, work.now, actor, "requirement.reopened", f"case:{case.id}", code=code)
        work.session.flush()
    return code


def _reopened(work: Work, case: ClosingCase) -> str | None:
    if case.state == "waiting_for_port":
        ask_again(case)
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
    """Begin anew: no answer counts any more, and the viewer is shown every notice again."""
    if case.state == "waiting_for_port":
        ask_again(case)
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


def keep_number(work: Work, *, case: ClosingCase, e164: str, actor: Actor) -> None:
    """A number that was given up is not: what becomes of it is asked again."""
    _keep_again(case, e164)
    _ask_anew(work, case, "open_port", e164)
    record(work.session, work.now, actor, "port.kept", f"number:{e164}")
    work.session.flush()


def reopen_port(work: Work, *, case: ClosingCase, e164: str, actor: Actor) -> None:
    """A number that was said to work at the new provider does not: whether it works is asked
    again, and until then it counts as being ported."""
    for account in (case.account, *case.account.children):
        for number in account.numbers:
            if number.e164 == e164 and number.status == "ported" and number.port_out:
                number.port_out.status, number.status = "completed", "active"
    _ask_anew(work, case, "port_works", e164)
    record(work.session, work.now, actor, "port.reopened", f"number:{e164}")
    work.session.flush()


def reopen(work: Work, *, case: ClosingCase, code: str, actor: Actor) -> None:
    """One answer is taken back, also where the question was skipped; the others that were skipped
    stay so."""
    if case.skip_ahead:
        for owed in state_of(work, case).owed:
            skipped = SKIPPED_AS.get(owed.code)
            if skipped and owed.code != code and case.answer_to(owed.code) is None:
                answer = Answer(
                    code=owed.code, subject="", value=skipped, by=case.opened_by, at=work.now
                )
                case.answers.append(answer)
        if case.answer_to("alternatives") is None:
            case.answers.append(
                Answer(
                    code="alternatives", subject="", value="decline", by=case.opened_by, at=work.now
                )
            )
    case.skip_ahead = False
    if code == "exit_reason":
        case.reason_code = case.reason_words = None
    _ask_anew(work, case, code)
    record(work.session, work.now, actor, "requirement.reopened", f"case:{case.id}", code=code)
    work.session.flush()


def _ask_anew(work: Work, case: ClosingCase, code: str, subject: str = "") -> None:
    if case.state == "waiting_for_port":
        ask_again(case)
    given = case.answer_to(code, subject)
    if given:
        case.answers.remove(given)
        work.session.delete(given)
    case.touched_at = work.now


def _keep_again(case: ClosingCase, e164: str) -> None:
    """A number that was given up for this closing is not given up any more."""
    for account in (case.account, *case.account.children):
        for number in account.numbers:
            if number.e164 == e164 and number.status == "active" and number.port_out:
                number.port_out.given_up = False
