"""Do due duties: note the attempt with its key, ask the provider, enter what came of it.

Three transactions a step with the call between the second and the third (decision 7). A crash
anywhere leaves either nothing or an attempt without an outcome; the next run then asks with the
same key, and the provider has one effect.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol, TypeVar

from sqlalchemy import func, select

from farewell.audit import SWEEP, record
from farewell.clock import Clock
from farewell.host.calling import HostCall, HostCaller
from farewell.lifecycle.claims import claim, claimed, free_abandoned, new_owner
from farewell.lifecycle.handlers import HANDLERS
from farewell.lifecycle.handling import (
    Again,
    Dropped,
    Ending,
    Finished,
    ForHuman,
    Handler,
    Later,
    Send,
    attempts_of,
)
from farewell.lifecycle.tables import Duty, DutyAttempt, HumanTask
from farewell.payments.provider import (
    Answer,
    Call,
    Captured,
    Declined,
    Done,
    LookUp,
    PaymentProvider,
    Pending,
    Silence,
)
from farewell.work import Work

log = logging.getLogger(__name__)
R = TypeVar("R")
TRIES = 10
"""Tries in a row without an answer; the last comes about 9 hours after the first."""
LOOKS = 24
"""Looks at a payment that is under way, the later ones once a day: bank debits take two weeks."""
KEY_MARGIN = timedelta(hours=4)
"""A key is not used any more this long before the provider may forget it."""


class InTransaction(Protocol):
    """Runs a use case in a transaction of its own."""

    def __call__(self, use: Callable[[Work], R], /) -> R: ...


@dataclass(frozen=True)
class Asked:
    """A call that is noted and can be made."""

    call: Call | HostCall
    key: str


@dataclass(frozen=True)
class Execution:
    """One run over the due duties. `as_of` (UTC) decides what is due, `clock` is the real time."""

    run: InTransaction
    provider: PaymentProvider
    host: HostCaller
    clock: Clock
    as_of: datetime
    owner: str

    def all_due(self) -> Counter[str]:
        """Do everything that is due, and count the steps' endings by their names."""
        self._run(free_abandoned)
        counted: Counter[str] = Counter()
        while (duty_id := self._run(self._claim)) is not None:
            counted[self._one(duty_id)] += 1
        return counted

    def _run(self, use: Callable[[Work], R]) -> R:
        return self.run(lambda work: use(replace(work, now=self.as_of)))

    def _claim(self, work: Work) -> str | None:
        duty = claim(work, kinds=HANDLERS, owner=self.owner, clock_now=self.clock())
        return duty.id if duty else None

    def _one(self, duty_id: str) -> str:
        try:
            asked = self._run(lambda work: self._begin(work, duty_id))
            if not isinstance(asked, Asked):
                return asked
            answer = self._perform(asked.call, asked.key)
            return self._run(lambda work: self._enter(work, duty_id, asked.key, answer))
        except Silence as silence:
            error = str(silence)
        except Exception as failure:
            # A defect of ours or of the provider's: it must not stop the other duties.
            log.exception("duty %s failed", duty_id)
            error = type(failure).__name__
        return self._run(lambda work: self._unanswered(work, duty_id, error))

    def _perform(self, call: Call | HostCall, key: str) -> Answer:
        if isinstance(call, HostCall):
            return self.host.perform(call, key)
        return self.provider.perform(call, key)

    def _begin(self, work: Work, duty_id: str) -> Asked | str:
        """Note an attempt, or take up the one whose outcome is not known."""
        duty = claimed(work, duty_id, self.owner)
        if duty is None or duty.state != "planned":
            return "lost"
        step = HANDLERS[duty.kind].prepare(work, duty)
        if not isinstance(step, Send):
            return self._end(work, duty, step)
        attempts = attempts_of(work, duty)
        attempt = attempts[-1] if attempts and attempts[-1].outcome is None else None
        if attempt is None:
            number = len(attempts) + 1
            attempt = DutyAttempt(
                duty_id=duty.id,
                number=number,
                call=type(step.call).__name__.lower(),
                key=f"farewell-{duty.id}-{number}",
                started_at=self.clock(),
            )
            work.session.add(attempt)
            work.session.flush()
        elif attempt.reference:
            return Asked(LookUp(attempt.reference), attempt.key)
        elif not isinstance(step.call, HostCall) and self._key_forgotten(attempt):
            return self._give_up(work, duty, ForHuman("outcome_unknown", {"key": attempt.key}))
        return Asked(step.call, attempt.key)

    def _key_forgotten(self, attempt: DutyAttempt) -> bool:
        kept = self.provider.keys_kept
        return kept is not None and self.clock() - attempt.started_at > kept - KEY_MARGIN

    def _enter(self, work: Work, duty_id: str, key: str, answer: Answer) -> str:
        """Enter the provider's answer, once, whoever asked."""
        duty = work.session.scalars(select(Duty).where(Duty.id == duty_id).with_for_update()).one()
        attempt = work.session.scalars(
            select(DutyAttempt).where(DutyAttempt.key == key).with_for_update()
        ).one()
        if attempt.outcome is not None:
            return "lost"
        if isinstance(answer, Pending):
            attempt.reference = answer.reference
            return self._ask_again(work, duty, "pending", LOOKS)
        attempt.answered_at = self.clock()
        duty.unanswered = 0
        match answer:
            case Done(reference) | Captured(reference):
                attempt.outcome = type(answer).__name__.lower()
                attempt.reference = reference
            case Declined(code):
                attempt.outcome, attempt.code = "declined", code
        work.session.flush()
        handler: Handler = HANDLERS[duty.kind]
        return self._end(work, duty, handler.conclude(work, duty, answer))

    def _unanswered(self, work: Work, duty_id: str, error: str) -> str:
        duty = claimed(work, duty_id, self.owner)
        if duty is None or duty.state != "planned":
            return "lost"
        return self._ask_again(work, duty, error, TRIES)

    def _ask_again(self, work: Work, duty: Duty, error: str, tries: int) -> str:
        """The same call with the same key, later and ever later, and a human in the end."""
        duty.unanswered += 1
        if duty.unanswered >= tries:
            key = next((a.key for a in attempts_of(work, duty) if a.outcome is None), None)
            human = ForHuman("no_answer", {"key": key, "error": error})
            return self._give_up(work, duty, human)
        pause = min(timedelta(minutes=2 ** (duty.unanswered - 1)), timedelta(days=1))
        return self._end(work, duty, Later(work.now + pause, error))

    def _give_up(self, work: Work, duty: Duty, human: ForHuman) -> str:
        HANDLERS[duty.kind].given_up(work, duty)
        return self._end(work, duty, human)

    def _end(self, work: Work, duty: Duty, ending: Ending) -> str:
        duty.claimed_by = duty.claimed_until = None
        match ending:
            case Again():
                return "again"
            case Later(at, error):
                duty.next_try_at, duty.last_error = at, error
                again_at = at.astimezone(UTC).isoformat()
                facts: dict[str, Any] = {"again_at": again_at, "error": error}
            case Finished():
                duty.state, duty.finished_at, duty.last_error = "done", work.now, None
                facts = {}
            case Dropped(why):
                duty.state, duty.finished_at, duty.last_error = "canceled", work.now, why
                facts = {"why": why}
            case ForHuman(code, about):
                duty.state, duty.finished_at, duty.last_error = "needs_human", work.now, code
                facts = {"code": code}
                work.session.add(
                    HumanTask(
                        duty_id=duty.id,
                        account_id=duty.account_id,
                        code=code,
                        facts=about,
                        created_at=work.now,
                    )
                )
        name = type(ending).__name__.lower()
        record(work.session, work.now, SWEEP, f"duty.{name}", f"duty:{duty.id}", **facts)
        return name


def without_handler(work: Work) -> int:
    """How many due duties wait for somebody who can do their kind."""
    return (
        work.session.scalar(
            select(func.count())
            .select_from(Duty)
            .where(Duty.state == "planned", Duty.due_at <= work.now)
            .where(Duty.kind.not_in(HANDLERS))
        )
        or 0
    )


def do_due(
    run: InTransaction,
    provider: PaymentProvider,
    host: HostCaller,
    clock: Clock,
    as_of: datetime,
) -> Counter[str]:
    """Do every duty that is due at `as_of` (UTC); counts how the steps ended."""
    return Execution(run, provider, host, clock, as_of, new_owner()).all_due()
