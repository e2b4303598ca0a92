"""What a customer takes back or adds in free words in the middle of a closing.

These few are known from the words of the catalogue and from where the closing stands, so nothing
has to be guessed. Each leads back to a question or keeps something: none of them closes, releases
or charges anything.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import select

from farewell.accounts.snapshot import NumberView
from farewell.accounts.tables import PhoneNumber
from farewell.chat import plain, replies, wishes
from farewell.chat.days import no_other_day
from farewell.chat.naming import accounts_named, numbers_meant
from farewell.chat.speaker import actor_of, case_of, person_of
from farewell.chat.tables import Conversation, Message
from farewell.closing import case as cases
from farewell.closing import taking_back
from farewell.closing.tables import ClosingCase
from farewell.facts import Phrase, Statement
from farewell.work import Work

Said = list[Statement]
Correction = Callable[[], Said]

LONGEST = 160
"""Characters of a message that holds nothing else."""


@dataclass(frozen=True)
class Talk:
    """A message in a conversation whose account is being closed."""

    work: Work
    conversation: Conversation
    case: ClosingCase
    text: str

    def numbers(self, meant: Callable[[PhoneNumber], bool]) -> list[PhoneNumber]:
        """Those numbers of the account and the ones under it that are meant."""
        accounts = (self.case.account, *self.case.account.children)
        return [number for account in accounts for number in account.numbers if meant(number)]


def correction(work: Work, conversation: Conversation, text: str) -> Correction | None:
    """What the text corrects, to be carried out by a call. None where it corrects nothing."""
    case = case_of(work, conversation)
    if case is None or conversation.awaits_message or not text or len(text) > LONGEST:
        return None
    talk = Talk(work, conversation, case, text)
    return next((found for look in LOOKED_FOR if (found := look(talk))), None)


def correct(work: Work, conversation: Conversation) -> Said:
    """Carry out what the customer's last message corrects."""
    text = work.session.scalar(
        select(Message.text)
        .where(Message.conversation_id == conversation.id, Message.sender == "customer")
        .order_by(Message.id.desc())
        .limit(1)
    )
    found = correction(work, conversation, text or "")
    if found is None:
        return []
    conversation.topic = "closing"
    return found()


def _given_up(talk: Talk) -> Correction | None:
    """A number in the middle of a port is given up in plain words; which one has to be said."""
    ported = talk.numbers(_is_open)
    if not ported or not plain.gives_up(talk.conversation, talk.text):
        return None
    named = numbers_meant(talk.conversation, talk.text, ported)
    if len(named) == 1:
        return lambda: replies.name_number(
            talk.work, talk.conversation, talk.case, "give_up", named[0].e164
        )

    def ask_which() -> Said:
        talk.conversation.awaits_number = "give_up"
        return [Statement("name_the_number", {"numbers": [_phrase(n) for n in ported]})]

    return ask_which


def _number_named(talk: Talk) -> Correction | None:
    """A bare number: after it was asked for it is the answer, else it is no other account's."""
    if not plain.is_bare_number(talk.text):
        return None
    value = talk.conversation.awaits_number
    in_use = talk.numbers(lambda n: n.status == "active")
    named = numbers_meant(talk.conversation, talk.text, in_use)
    if len(named) != 1:
        return None
    if not _is_open(named[0]):
        return lambda: wishes.further_told(talk.work, talk.conversation, always=True)
    if value is None:
        return lambda: wishes.question(talk.work, talk.conversation, "port_out")
    return lambda: replies.name_number(
        talk.work, talk.conversation, talk.case, value, named[0].e164
    )


def _is_open(number: PhoneNumber) -> bool:
    active = number.status == "active"
    return active and number.port_out is not None and number.port_out.is_open


def _number_kept(talk: Talk) -> Correction | None:
    """A number that was given up for this closing is to be kept: the one named, else all."""
    given_up = talk.numbers(
        lambda n: n.status == "active" and n.port_out is not None and n.port_out.given_up
    )
    if not given_up:
        return None
    named = numbers_meant(talk.conversation, talk.text, given_up)
    if not plain.takes_number_back(talk.conversation, talk.text, named=bool(named)):
        return None
    kept = named or given_up

    def keep() -> Said:
        for number in kept:
            taking_back.keep_number(
                talk.work, case=talk.case, e164=number.e164, actor=actor_of(talk.conversation)
            )
        return [Statement("number_kept", {"numbers": [_phrase(number) for number in kept]})]

    return keep


def _port_fails(talk: Talk) -> Correction | None:
    """A number that was said to work at the new provider does not."""
    said_to_work = {a.subject for a in talk.case.answers if a.value == "works"}
    verified = talk.numbers(lambda n: n.status == "ported" and n.e164 in said_to_work)
    named = numbers_meant(talk.conversation, talk.text, verified)
    elsewhere = talk.conversation.asked != "exit_reason"  # where an app is said not to work
    if not verified or not plain.says_it_fails(
        talk.conversation, talk.text, named=bool(named), pointing=elsewhere
    ):
        return None
    failing = named or verified

    def reopen() -> Said:
        for number in failing:
            taking_back.reopen_port(
                talk.work, case=talk.case, e164=number.e164, actor=actor_of(talk.conversation)
            )
        return [Statement("port_reopened", {"numbers": [_phrase(number) for number in failing]})]

    return reopen


def _phrase(number: PhoneNumber) -> Phrase:
    return NumberView(number.e164, number.label, None).phrase()


def _sub_account_stays(talk: Talk) -> Correction | None:
    """A sub-account is not to be closed with its agency."""
    account = talk.case.account
    cascade = talk.work.kind(account).cascade
    children = [child for child in account.children if child.status in ("active", "closing")]
    if not children or cascade is None or not cascade.transfer_first.stated:
        return None
    if not plain.excepts(talk.conversation, talk.text):
        return None
    named = accounts_named(talk.work, talk.conversation, talk.text, plainly=True)
    kind = talk.work.kind(account)
    if not named or any(one not in children for one in named):
        return None
    if plain.names_kind(talk.conversation, talk.text, kind):  # "harbor, but not the agency"
        return None

    def ask_again() -> Said:
        actor = actor_of(talk.conversation)
        taking_back.reopen(talk.work, case=talk.case, code="sub_accounts", actor=actor)
        names = [talk.work.view(one).named() for one in named]
        return [Statement("sub_account_stays", {"accounts": names})]

    return ask_again


def _other_reason(talk: Talk) -> Correction | None:
    """The reason that was given is to be another one."""
    given = talk.case.answer_to("exit_reason")
    if given is None or not plain.changes_reason(talk.conversation, talk.text):
        return None

    def ask_again() -> Said:
        actor = actor_of(talk.conversation)
        taking_back.reopen(talk.work, case=talk.case, code="exit_reason", actor=actor)
        return [Statement("reopened", {"question": Phrase("step.exit_reason", {})})]

    return ask_again


def _further_account(talk: Talk) -> Correction | None:
    """Another account is to be closed as well, after this one."""
    words = talk.conversation
    if plain.asks(words, talk.text) or not plain.adds(words, talk.text):
        return None
    present = talk.case.account
    own = cases.accounts_of(talk.work, person_of(talk.conversation))
    others = [
        account
        for account in own
        if account is not present
        and account.parent_id != present.id
        and account.status in ("active", "closing")
    ]
    named = accounts_named(talk.work, talk.conversation, talk.text, plainly=True)
    further = [account for account in others if account in named]
    if named == [present]:  # "and close Boston as well", which is the one
        return lambda: wishes.further_told(talk.work, talk.conversation, always=True)
    if not named and len(others) == 1 and plain.names_the_other(words, talk.text):
        further = others
    if not further:
        return None

    def remember() -> Said:
        return wishes.remember(talk.work, talk.conversation, further)

    return remember


def _day(talk: Talk) -> Correction | None:
    """A yes for another day is none: closing takes effect at once."""
    if talk.conversation.asked not in plain.CONFIRMATIONS:
        return None
    told = no_other_day(talk.work, talk.conversation, talk.text)
    return (lambda: told) if told else None


LOOKED_FOR: tuple[Callable[[Talk], Correction | None], ...] = (
    _given_up,
    _number_named,
    _number_kept,
    _port_fails,
    _sub_account_stays,
    _other_reason,
    _further_account,
    _day,
)
