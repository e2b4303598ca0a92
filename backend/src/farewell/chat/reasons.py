"""The reason for leaving, where it is said before there is a case or along with another wish.

It waits in the conversation until a case is being talked about, and is not asked for then.
"""

from __future__ import annotations

from farewell.chat.speaker import actor_of, case_of, person_of
from farewell.chat.tables import Conversation
from farewell.closing import case as cases
from farewell.closing import statements
from farewell.closing.tables import ClosingCase
from farewell.facts import Statement
from farewell.work import Work


def keep(conversation: Conversation, value: str, words: str, *, given: bool) -> None:
    """Keep a reason until there is a case. `value` is its code, or `words` where that is all.

    `given`: it was given as the reason, not found in passing. In passing it replaces none.
    """
    if given or conversation.reason is None:
        conversation.reason = {"value": value, "words": words[: cases.WORDS_KEPT], "given": given}


def take_along(conversation: Conversation, case: ClosingCase) -> None:
    """The customer turns to another account: the reason for leaving is still the same."""
    if case.gave_reason:
        keep(conversation, case.reason_code or "words", case.reason_words or "", given=False)


def settle(work: Work, conversation: Conversation) -> list[Statement]:
    """Put the reason that waits on the case that is being talked about, if there is one."""
    kept, case = conversation.reason, case_of(work, conversation)
    if kept is None or case is None or conversation.topic != "closing":
        return []
    conversation.reason = None
    if case.gave_reason and not kept["given"]:
        return []
    cases.answer(
        work,
        case=case,
        person=person_of(conversation),
        actor=actor_of(conversation),
        code="exit_reason",
        value=kept["value"],
        words=kept["words"],
    )
    if kept["value"] == "words":
        return [Statement("reason_thanks", {})]
    return [statements.reason_noted(work.policy(case.account), kept["value"])]
