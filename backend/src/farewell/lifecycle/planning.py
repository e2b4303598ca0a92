"""Plan what has to be done after a closing."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from farewell.closing.tables import Closure
from farewell.lifecycle.tables import Duty
from farewell.work import Work


def plan(
    work: Work,
    closure: Closure,
    kind: str,
    *,
    due_at: datetime | None = None,
    subject: str = "",
    facts: dict[str, Any] | None = None,
) -> Duty:
    """Plan a duty of a closure that is stored already; without `due_at` (UTC) it is due now.

    `subject` tells duties of one kind apart, `facts` are what the handler needs.
    """
    duty = Duty(
        closure_id=closure.id,
        account_id=closure.account_id,
        kind=kind,
        subject=subject,
        due_at=due_at or work.now,
        facts=facts or {},
    )
    work.session.add(duty)
    return duty
