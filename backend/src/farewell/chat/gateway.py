"""Between the customer and the assistant: one answer to every message, whatever breaks.

The call to Rasa is never dropped: a late answer is stored when it comes.
"""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import Callable
from typing import Any, TypeVar

import httpx
from starlette.concurrency import run_in_threadpool

from farewell import metrics
from farewell.billing.money import Money
from farewell.billing.tables import FinalBill
from farewell.chat.asking import forget_question
from farewell.chat.inbound import (
    Reply,
    human_sentence,
    offer_button,
    store_message,
    take,
)
from farewell.chat.outbound import deliver
from farewell.chat.plain import CONFIRMATIONS, CONFIRMED
from farewell.chat.speaker import language_of
from farewell.chat.tables import Conversation, Message
from farewell.closing.case import standing_closure
from farewell.facts import Moment, texts
from farewell.work import Work

log = logging.getLogger(__name__)
R = TypeVar("R")
RASA_PATIENCE = 240.0
"""Seconds after which a call to Rasa counts as failed; below the lock's and action's own limits
the answer may still come, so this is long."""
READY_PATIENCE = 2.0
"""Seconds after which an assistant that is asked whether it is there counts as away."""
Wire = list[dict[str, Any]]
REPEAT = "/repeat_question"


def _begin(_: Work, conversation: Conversation) -> str:
    """Expect the actions to run; returns the language to speak."""
    conversation.actions_ran = False
    return language_of(conversation).language


def wire(messages: list[Message]) -> Wire:
    """Messages in the form of Rasa's REST channel."""
    return [
        {"text": m.text, "buttons": m.buttons} if m.buttons else {"text": m.text} for m in messages
    ]


class Gateway:
    """Takes customers' messages and brings the assistant's answers."""

    def __init__(
        self,
        in_transaction: Callable[[Callable[[Work], Any]], Any],
        *,
        rasa_url: str,
        actions_url: str | None,
        service_token: str,
        answer_within: float,
        message_limit: int,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._in_transaction = in_transaction
        self._answer_within = answer_within
        self._limit = message_limit
        self._actions_url = actions_url
        self._locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._running: set[asyncio.Task[Any]] = set()
        self._rasa = httpx.AsyncClient(
            base_url=rasa_url,
            headers={"Authorization": f"Bearer {service_token}"},
            timeout=httpx.Timeout(RASA_PATIENCE, connect=3.0),
            transport=transport,
        )

    async def assistant_answers(self) -> bool:
        """Whether Rasa with its model, and its actions, are there for a first message."""
        asked = [
            "/webhooks/farewell/",
            *([f"{self._actions_url}/health"] if self._actions_url else []),
        ]
        try:
            for url in asked:
                (await self._rasa.get(url, timeout=READY_PATIENCE)).raise_for_status()
        except httpx.HTTPError:
            return False
        return True

    async def close(self) -> None:
        """Wait shortly for answers that are under way, then close the connection."""
        if self._running:
            await asyncio.wait(self._running, timeout=5)
        await self._rasa.aclose()

    async def _work(self, use: Callable[[Work, Conversation], R], conversation_id: str) -> R:
        def run(work: Work) -> R:
            return use(work, work.session.get_one(Conversation, conversation_id))

        result: R = await run_in_threadpool(self._in_transaction, run)
        return result

    async def receive(self, conversation_id: str, raw: str, *, answers: str | None) -> Wire:
        """Answer one customer message within the promised time.

        `answers` is the question that was open when the message arrived.
        """
        metrics.MESSAGES.inc()
        task = asyncio.create_task(self._timed_turn(conversation_id, raw, answers))
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        try:
            return await asyncio.wait_for(asyncio.shield(task), self._answer_within)
        except TimeoutError:
            metrics.APOLOGIES.labels("slow").inc()
            return await self._work(self._slow, conversation_id)

    async def _timed_turn(self, conversation_id: str, raw: str, answers: str | None) -> Wire:
        with metrics.TURN_SECONDS.time():
            return await self._turn(conversation_id, raw, answers)

    async def nudge(self, conversation_id: str, payload: str) -> None:
        """Let the assistant speak without a customer message, after something happened."""
        async with self._locks[conversation_id]:
            await self._ask_rasa(conversation_id, payload, apologise=False)

    async def _turn(self, conversation_id: str, raw: str, answers: str | None) -> Wire:
        async with self._locks[conversation_id]:
            route = await self._work(
                lambda w, c: take(w, c, raw, self._limit, answers=answers), conversation_id
            )
            if isinstance(route, Reply):
                told = await self._work(lambda w, c: self._reply(w, c, route), conversation_id)
                if not route.then_ask:
                    return told
                return told + await self._ask_rasa(conversation_id, REPEAT, apologise=False)
            return await self._ask_rasa(conversation_id, route.text)

    async def _ask_rasa(self, conversation_id: str, text: str, *, apologise: bool = True) -> Wire:
        language = await self._work(_begin, conversation_id)
        try:
            answer = await self._rasa.post(
                "/webhooks/farewell/webhook",
                json={
                    "sender": conversation_id,
                    "message": text,
                    "metadata": {"language": language},
                },
            )
            answer.raise_for_status()
            said = answer.json()
            if not isinstance(said, list) or not said:
                raise ValueError("the assistant gave no answer")
        except (httpx.HTTPError, ValueError) as error:
            log.warning("no answer for conversation %s: %s", conversation_id, type(error).__name__)
            metrics.APOLOGIES.labels("assistant_unavailable").inc()
            if not apologise:  # the customer wrote nothing and waits for nothing
                return []
            # What never reached the assistant changed nothing: the open question still stands.
            reached = not isinstance(error, httpx.ConnectError)
            return await self._work(
                lambda w, c: self._apologise(w, c, drop_question=reached), conversation_id
            )
        return await self._work(lambda w, c: self._deliver(w, c, said), conversation_id)

    def _deliver(self, work: Work, conversation: Conversation, said: Wire) -> Wire:
        if not conversation.actions_ran:
            # Every turn of the assistant asks the backend what comes next. Where that did not
            # happen, its actions are down, and what it says rests on what was true before.
            log.warning("the actions did not run for conversation %s", conversation.id)
            metrics.APOLOGIES.labels("actions_unavailable").inc()
            return self._apologise(work, conversation)
        return wire(deliver(work, conversation, said))

    @staticmethod
    def _reply(work: Work, conversation: Conversation, reply: Reply) -> Wire:
        buttons = [offer_button(work, conversation, t, p, None) for t, p in reply.buttons]
        return wire([store_message(work, conversation, "bot", reply.text, buttons)])

    @staticmethod
    def _slow(work: Work, conversation: Conversation) -> Wire:
        text = language_of(conversation).text(
            "gateway.slow", human=human_sentence(work, conversation)
        )
        return wire([store_message(work, conversation, "system", text, [])])

    @staticmethod
    def _apologise(work: Work, conversation: Conversation, *, drop_question: bool = True) -> Wire:
        """An apology that never claims that nothing happened; a closure's facts follow it."""
        words = language_of(conversation)
        confirming = conversation.pressed == CONFIRMED or conversation.asked in CONFIRMATIONS
        if drop_question:  # a newer one may have been lost: no yes may meet it
            forget_question(conversation)
        apology = "gateway.apology.confirming" if confirming else "gateway.apology"
        sentences = [words.text(apology, human=human_sentence(work, conversation))]
        account = conversation.account
        closure = standing_closure(work, account) if account else None
        bill = (
            work.session.query(FinalBill).filter_by(closure_id=closure.id).one_or_none()
            if closure
            else None
        )
        if account and closure and bill:
            facts = {
                "account": work.view(account).named(),
                "closure": closure.number,
                "at": Moment(closure.closed_at, account.zone),
                "total": Money(bill.total_minor, bill.currency),
                "settles_on": bill.settles_on,
            }
            sentences.append(words.text(f"gateway.{closure.kind}", **texts(facts, words)))
        return wire([store_message(work, conversation, "system", s, []) for s in sentences])
