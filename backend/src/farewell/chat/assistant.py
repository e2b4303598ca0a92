"""Routes for the assistant's actions. They name a conversation; the backend knows who that is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, Literal

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field

from farewell.callers import ServicesDep, service_only
from farewell.chat import reasons, replies, retracing, verifying, wishes
from farewell.chat.answers import TOPICS
from farewell.chat.asking import Asking, asking
from farewell.chat.days import no_other_day
from farewell.chat.inbound import question_text
from farewell.chat.leading import Option, next_step
from farewell.chat.plain import CONFIRMED
from farewell.chat.speaker import actor_of, language_of
from farewell.chat.tables import Conversation
from farewell.desk.handover import hand_over, leave_message
from farewell.errors import Problem, not_found
from farewell.facts import Statement, as_text, fingerprint, texts
from farewell.policy.model import ReasonCode
from farewell.work import Work

router = APIRouter(
    prefix="/api/v1/assistant/conversations/{conversation_id}",
    tags=["assistant"],
    dependencies=[Depends(service_only)],
)
Said = list[Statement]


class Utterance(BaseModel):
    """A statement for the customer; the assistant has the wording for its code."""

    code: str
    facts: dict[str, str]
    shown: str


class Spoken(BaseModel):
    """What came of a customer's wish."""

    say: list[Utterance]


class Choice(BaseModel):
    """An option that account or policy offers."""

    title: str
    code: str


class NextStep(BaseModel):
    """What to say, and the next requirement with its facts."""

    say: list[Utterance]
    next_requirement: str
    asking: Asking
    facts: dict[str, str]
    options: list[Choice]


class Words(BaseModel):
    """What the customer wrote."""

    text: str = Field(default="", max_length=8000)


class Reason(BaseModel):
    """Why the customer leaves, as the assistant sorted the words."""

    code: ReasonCode


class WishWords(Words):
    """Words of a wish; they may tell why the customer leaves."""

    reason: Reason | None = None
    wishes: ClassVar[bool] = True
    """Whether a day in them is one that the customer wishes for."""


class Asked(WishWords):
    """Words of a question."""

    wishes: ClassVar[bool] = False


class Wish(WishWords):
    """A wish to close or reactivate."""

    wish: Literal["closing", "reactivation"]


class AnswerTo(WishWords):
    """An answer to a requirement."""

    wishes: ClassVar[bool] = False

    code: str = Field(max_length=64)
    value: str = Field(max_length=64)


class OptionTaken(Words):
    """An offered option."""

    option: str = Field(max_length=200)


class Yes(BaseModel):
    """Yes or no."""

    yes: bool


class HandoverWish(Words):
    """A human is wanted."""

    error_code: str | None = Field(default=None, max_length=64)


class HumansMessage(Words):
    """A message for the humans. `declined`: the words were understood as something else."""

    declined: bool = False


class NotUnderstood(Words):
    """Words that the assistant could not place."""

    out_of_scope: bool


class AccountNumber(BaseModel):
    """An account number that a visitor gave."""

    account_number: str = Field(max_length=200)


def _in_conversation(
    services: ServicesDep, conversation_id: str, use: Callable[[Work, Conversation], Any]
) -> Any:
    def run(work: Work) -> Any:
        conversation = work.session.get(Conversation, conversation_id)
        if conversation is None:
            raise not_found("conversation")
        conversation.actions_ran = True
        return use(work, conversation)

    return services.in_transaction(run)


def _utterances(said: list[tuple[Statement, str]], conversation: Conversation) -> list[Utterance]:
    words = language_of(conversation)
    return [Utterance(code=s.code, facts=texts(s.facts, words), shown=shown) for s, shown in said]


def _speak(
    services: ServicesDep,
    conversation_id: str,
    use: Callable[[Work, Conversation], Said],
    words: WishWords | None = None,
) -> Spoken:
    """Do what the customer wants; a reason in the words of the wish is kept beside it, and a day
    that the closing can't wait for is named."""

    def run(work: Work, conversation: Conversation) -> Spoken:
        told = use(work, conversation)
        if words and words.reason:
            reasons.keep(conversation, words.reason.code, words.text, given=False)
        told = [*told, *reasons.settle(work, conversation)]
        if words and words.wishes and conversation.topic == "closing":
            told += no_other_day(work, conversation, words.text)
        said = [(s, fingerprint(s.facts)) for s in told]
        return Spoken(say=_utterances(said, conversation))

    spoken: Spoken = _in_conversation(services, conversation_id, run)
    return spoken


@router.post("/next-step")
def next_requirement(conversation_id: str, services: ServicesDep) -> NextStep:
    """What to say and ask next."""

    def run(work: Work, conversation: Conversation) -> NextStep:
        step = next_step(work, conversation)
        words = language_of(conversation)

        def choice(option: Option) -> Choice:
            return Choice(title=as_text(option.title, words), code=option.code)

        conversation.step_facts = step.bound
        return NextStep(
            say=_utterances(list(step.say), conversation),
            next_requirement=step.code,
            asking=asking(conversation, step.code, step.bound),
            facts=texts(step.facts, words),
            options=[choice(option) for option in step.options],
        )

    result: NextStep = _in_conversation(services, conversation_id, run)
    return result


@router.post("/wish")
def wish(conversation_id: str, body: Wish, services: ServicesDep) -> Spoken:
    """The customer wants to close or reactivate."""
    return _speak(
        services, conversation_id, lambda w, c: wishes.wish(w, c, body.wish, body.text), body
    )


@router.post("/continue")
def go_on(conversation_id: str, body: WishWords, services: ServicesDep) -> Spoken:
    """The customer wants to go on where it stopped."""
    return _speak(services, conversation_id, lambda w, c: wishes.go_on(w, c, body.text), body)


@router.post("/skip-ahead")
def skip_ahead(conversation_id: str, body: WishWords, services: ServicesDep) -> Spoken:
    """ "Just cancel it"."""
    return _speak(services, conversation_id, lambda w, c: wishes.skip_ahead(w, c, body.text), body)


@router.post("/account")
def choose_account(conversation_id: str, body: WishWords, services: ServicesDep) -> Spoken:
    """The customer names an account."""
    return _speak(
        services, conversation_id, lambda w, c: wishes.choose_account(w, c, body.text), body
    )


@router.post("/other-account")
def change_account(conversation_id: str, body: WishWords, services: ServicesDep) -> Spoken:
    """The account was the wrong one."""
    return _speak(
        services, conversation_id, lambda w, c: wishes.change_account(w, c, body.text), body
    )


@router.post("/answers")
def answer(conversation_id: str, body: AnswerTo, services: ServicesDep) -> Spoken:
    """The customer answers a requirement."""
    reason = body.reason.code if body.reason else None
    return _speak(
        services,
        conversation_id,
        lambda w, c: replies.answer(w, c, body.code, body.value, body.text or None, reason),
        body,
    )


@router.post("/options")
def take_option(conversation_id: str, body: OptionTaken, services: ServicesDep) -> Spoken:
    """The customer takes an offered option."""
    return _speak(
        services, conversation_id, lambda w, c: replies.take_option(w, c, body.option, body.text)
    )


@router.post("/alternative")
def take_alternative(conversation_id: str, body: Words, services: ServicesDep) -> Spoken:
    """The customer names an alternative in words."""
    return _speak(services, conversation_id, lambda w, c: replies.take_alternative(w, c, body.text))


@router.post("/confirm")
def confirm(conversation_id: str, body: WishWords, services: ServicesDep) -> Spoken:
    """The customer answered the confirmation; only a plain yes or its button closes."""

    def use(work: Work, conversation: Conversation) -> Said:
        # The gateway notes a plain yes and its button; what the assistant sends is no evidence.
        plain = conversation.pressed == CONFIRMED
        return replies.confirm_closure(work, conversation, plain)

    return _speak(services, conversation_id, use, body)


@router.post("/stop")
def stop(conversation_id: str, services: ServicesDep) -> Spoken:
    """ "Never mind"."""
    return _speak(services, conversation_id, wishes.stop)


@router.post("/back")
def go_back(conversation_id: str, services: ServicesDep) -> Spoken:
    """ "Go back": the last answer is taken back."""
    return _speak(services, conversation_id, retracing.go_back)


@router.post("/start-over")
def start_over(conversation_id: str, services: ServicesDep) -> Spoken:
    """ "Start over": every answer is taken back."""
    return _speak(services, conversation_id, retracing.start_over)


@router.post("/not-understood")
def not_understood(conversation_id: str, body: NotUnderstood, services: ServicesDep) -> Spoken:
    """The assistant could not place what the customer wrote."""
    return _speak(
        services,
        conversation_id,
        lambda w, c: wishes.not_understood(w, c, body.text, body.out_of_scope),
    )


@router.post("/questions/{topic}")
def question(conversation_id: str, topic: str, body: Asked, services: ServicesDep) -> Spoken:
    """A question in the middle; its words may tell why the customer leaves."""
    if topic not in TOPICS:
        raise Problem(404, "not_found", "There is no such question.")

    def use(work: Work, conversation: Conversation) -> Said:
        told = wishes.question(work, conversation, topic)
        if topic == "effective_date":
            told = [*told, *no_other_day(work, conversation, body.text)]
        return told

    return _speak(services, conversation_id, use, body)


@router.post("/handover")
def handover(conversation_id: str, body: HandoverWish, services: ServicesDep) -> Spoken:
    """The customer wants a human."""

    def use(work: Work, conversation: Conversation) -> Said:
        told = hand_over(
            work,
            conversation=conversation,
            actor=actor_of(conversation),
            error_code=body.error_code,
            text=body.text.strip(),
        )
        number = conversation.verifying_account
        if number is None:
            return told
        question = question_text(work, conversation, number, again=True)
        return [*told, Statement("security_question", {"question": question})]

    return _speak(services, conversation_id, use)


@router.post("/message")
def message(conversation_id: str, body: HumansMessage, services: ServicesDep) -> Spoken:
    """The customer leaves a message for the humans, or none."""

    def use(work: Work, conversation: Conversation) -> Said:
        return leave_message(
            work,
            conversation=conversation,
            actor=actor_of(conversation),
            text=body.text.strip(),
            declined=body.declined,
        )

    return _speak(services, conversation_id, use)


@router.post("/reactivation-consent")
def consent(conversation_id: str, services: ServicesDep) -> Spoken:
    """The customer agrees to the price of reactivation."""
    return _speak(services, conversation_id, replies.consent)


@router.post("/restore-numbers")
def restore(conversation_id: str, body: Yes, services: ServicesDep) -> Spoken:
    """The customer wants released numbers back, or not."""
    return _speak(services, conversation_id, lambda w, c: replies.restore(w, c, body.yes))


@router.post("/verification")
def begin_verification(conversation_id: str, body: AccountNumber, services: ServicesDep) -> Spoken:
    """A visitor gave an account number; the next message goes to the gateway as the answer."""

    return _speak(
        services,
        conversation_id,
        lambda w, c: verifying.begin_verification(w, c, body.account_number),
    )


@router.post("/verified")
def verified(conversation_id: str, services: ServicesDep) -> Spoken:
    """The visitor became a person; go on with what was wanted."""
    return _speak(
        services,
        conversation_id,
        lambda w, c: wishes.wish(w, c, c.wanted or "closing", "") if c.person_id else [],
    )
