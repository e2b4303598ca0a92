"""One answer to every message, whatever breaks; and the call to Rasa is never dropped."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest
from clients import Api
from factories import World, account, e164, phone

from farewell.chat.tables import Conversation
from farewell.lifecycle.ports import port_news

Answer = Callable[[dict[str, Any]], Awaitable[httpx.Response]]


async def refused(_: dict[str, Any]) -> httpx.Response:
    """Nobody listens."""
    raise httpx.ConnectError("refused")


async def timed_out(_: dict[str, Any]) -> httpx.Response:
    """Rasa never answers."""
    raise httpx.ReadTimeout("too long")


def answers(status: int, **content: Any) -> Answer:
    """Rasa answers with a status."""

    async def answer(_: dict[str, Any]) -> httpx.Response:
        return httpx.Response(status, **content)

    return answer


BROKEN: dict[str, Answer] = {
    "down": refused,
    "timed out": timed_out,
    "error 500": answers(500, json={}),
    "error 401": answers(401, json={}),
    "no JSON": answers(200, text="<html>"),
    "nothing said": answers(200, json=[]),
    "no list": answers(200, json={"text": "hi"}),
    "actions down": answers(200, json=[{"text": "Close it now?"}]),
}


@pytest.mark.parametrize("broken", list(BROKEN.values()), ids=list(BROKEN))
def test_a_broken_assistant_is_apologised_for_with_a_way_to_a_human(
    api: Api, two: World, broken: Answer
) -> None:
    token = api.sign_in()
    api.rasa.answer = broken

    said = api.say(token, "close my account")

    assert len(said) == 1
    assert "(844) 2-TRESTA" in said[0]["text"]
    assert "nothing" not in said[0]["text"].lower()
    assert [m["sender"] for m in api.messages(token)] == ["customer", "system"]


def test_a_closure_that_committed_is_followed_by_its_receipt_when_the_answer_is_lost(
    api: Api, two: World
) -> None:
    token = api.sign_in()
    two.closing().settle()
    api.say(token, "close")
    lead = api.rasa.lead

    async def lost(body: dict[str, Any]) -> httpx.Response:
        await lead(body)
        raise httpx.ReadError("the connection broke")

    api.rasa.answer = lost
    said = api.say(token, "yes")

    number = two.show("T-1")["closures"][0]["number"]
    assert len(said) == 2
    assert "may have gone through" in said[0]["text"]
    assert number in said[1]["text"]
    assert "$10.00" in said[1]["text"]


def test_saying_yes_again_after_a_lost_answer_closes_nothing_twice(api: Api, two: World) -> None:
    token = api.sign_in()
    two.closing().settle()
    api.say(token, "close")
    lead = api.rasa.lead

    async def lost(body: dict[str, Any]) -> httpx.Response:
        await lead(body)
        raise httpx.ReadError("the connection broke")

    api.rasa.answer = lost
    said = api.say(token, "yes")
    api.rasa.answer = lead
    api.say(token, "yes")

    assert two.show("T-1")["closures"][0]["number"] in said[1]["text"]
    assert len(two.show("T-1")["closures"]) == 1
    assert len(two.show("T-1")["bills"]) == 1


def test_a_slow_answer_is_announced_in_time_and_stored_when_it_comes(world: World) -> None:
    api = Api(world, answer_within=0.05)
    release = asyncio.Event()
    lead = api.rasa.lead

    async def slow(body: dict[str, Any]) -> httpx.Response:
        await release.wait()
        return await lead(body)

    api.rasa.answer = slow
    token = api.guest("tresta")
    said = api.say(token, "hello")
    assert "longer than it should" in said[0]["text"]
    assert [m["sender"] for m in api.messages(token)] == ["customer", "system"]

    async def let_it_come() -> None:
        release.set()
        await asyncio.wait(list(api.app.state.gateway._running), timeout=5)

    api.runner.run(let_it_come())

    assert [m["sender"] for m in api.messages(token)] == ["customer", "system", "bot"]
    api.close()


def test_a_customer_who_goes_away_does_not_cancel_the_call(api: Api, two: World) -> None:
    token = api.sign_in()
    two.closing().settle()
    api.say(token, "close")
    lead = api.rasa.lead
    conversation = two.run(lambda work: work.session.query(Conversation).one().id)

    open_question = two.run(lambda work: work.session.query(Conversation).one().asked_key)

    async def leave() -> None:
        started, release = asyncio.Event(), asyncio.Event()

        async def slow(body: dict[str, Any]) -> httpx.Response:
            started.set()
            await release.wait()
            return await lead(body)

        api.rasa.answer = slow
        gateway = api.app.state.gateway
        customer = asyncio.create_task(gateway.receive(conversation, "yes", answers=open_question))
        await started.wait()
        customer.cancel()
        with pytest.raises(asyncio.CancelledError):
            await customer
        release.set()
        await asyncio.wait(list(gateway._running), timeout=5)

    api.runner.run(leave())

    assert two.show("T-1")["account"]["status"] == "closed"
    assert "closed" in api.messages(token)[-1]["text"]


def test_messages_of_one_conversation_reach_rasa_one_after_the_other(api: Api, two: World) -> None:
    api.sign_in()
    conversation = two.run(lambda work: work.session.query(Conversation).one().id)
    lead, inside, most = api.rasa.lead, 0, 0

    async def counting(body: dict[str, Any]) -> httpx.Response:
        nonlocal inside, most
        inside += 1
        most = max(most, inside)
        await asyncio.sleep(0.01)
        try:
            return await lead(body)
        finally:
            inside -= 1

    api.rasa.answer = counting

    async def at_once() -> None:
        gateway = api.app.state.gateway
        await asyncio.gather(
            *(gateway.receive(conversation, f"m{i}", answers=None) for i in range(5))
        )

    api.runner.run(at_once())

    assert most == 1
    assert sorted(api.rasa.texts) == [f"m{i}" for i in range(5)]


def test_parallel_yeses_close_once(api: Api, two: World) -> None:
    token = api.sign_in()
    two.closing().settle()
    api.say(token, "close")
    conversation = two.run(lambda work: work.session.query(Conversation).one().id)

    open_question = two.run(lambda work: work.session.query(Conversation).one().asked_key)

    async def at_once() -> None:
        gateway = api.app.state.gateway
        await asyncio.gather(
            *(gateway.receive(conversation, "yes", answers=open_question) for _ in range(5))
        )

    api.runner.run(at_once())

    assert len(two.show("T-1")["closures"]) == 1


def test_news_of_a_port_lets_the_assistant_speak_to_who_waits(api: Api, world: World) -> None:
    world.load(account(numbers=[phone(0, "submitted")]))
    token = api.sign_in()
    world.closing().settle()
    api.say(token, "close")
    api.say(token, "yes")
    assert world.show("T-1")["closing_case"]["state"] == "waiting_for_port"
    world.clock.forward(days=1)

    conversation = world.run(lambda work: port_news(work, e164=e164(), status="completed"))
    assert conversation is not None
    api.runner.run(api.app.state.gateway.nudge(conversation, "/port_update"))

    assert api.rasa.texts[-1] == "/port_update"
    assert api.messages(token)[-1]["text"] == "port_works?"


def test_a_guest_s_apology_names_no_vendor_that_nobody_chose(api: Api) -> None:
    token = api.guest()
    api.rasa.answer = refused

    assert "a person, please" in api.say(token, "hello")[0]["text"]


def test_a_yes_that_was_sent_before_the_question_came_is_no_answer_to_it(
    api: Api, two: World
) -> None:
    api.sign_in()
    two.closing().settle()
    conversation = two.run(lambda work: work.session.query(Conversation).one().id)

    async def too_early() -> None:
        gateway = api.app.state.gateway
        await asyncio.gather(
            gateway.receive(conversation, "close", answers=None),
            gateway.receive(conversation, "yes", answers=None),
        )

    api.runner.run(too_early())

    assert two.show("T-1")["account"]["status"] == "closing"
