"""Many at once on one database: each rule holds as if they had come one after the other."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from threading import Barrier, BrokenBarrierError, Event
from time import sleep
from typing import Any

import httpx
import pytest
from clients import Api, problem, settled
from factories import World, account, agency_with, phone, the_person, usage
from psycopg.errors import SerializationFailure
from sqlalchemy.exc import OperationalError

from farewell.audit import Actor, AuditEntry, broken_entries, record
from farewell.billing.tables import FinalBill
from farewell.chat.identity import new_conversation, verify
from farewell.chat.inbound import store_message
from farewell.chat.tables import Conversation, Message, VerificationFailures
from farewell.closing import routes
from farewell.closing.tables import ClosingCase, Closure
from farewell.errors import Problem
from farewell.notify.tables import OutgoingMessage
from farewell.work import Work

ONCE = (Closure, FinalBill, OutgoingMessage)


def at_once(*calls: Callable[[], Any]) -> list[Any]:
    """What the calls return; each is a thread, and all begin together."""
    start = Barrier(len(calls))

    def one(call: Callable[[], Any]) -> Any:
        start.wait()
        return call()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(one, calls))


def hundred(
    api: Api, path: str, token: str, body: dict[str, Any], key: str
) -> list[httpx.Response]:
    """A hundred requests at once; `key` is formatted with each one's number."""

    async def gather() -> list[httpx.Response]:
        requests = [
            api.http.post(
                path,
                json=body,
                headers={
                    "Authorization": f"Bearer {token}",
                    "Idempotency-Key": key.format(number),
                },
            )
            for number in range(100)
        ]
        return list(await asyncio.gather(*requests))

    return api.runner.run(gather())


def test_a_hundred_confirmations_at_once_close_once(api: Api, two: World) -> None:
    token = api.sign_in()
    path, body = settled(api, token)

    answers = hundred(api, f"{path}/confirm", token, body, "key-{}")

    assert Counter(answer.status_code for answer in answers) == {200: 100}
    assert len({answer.json()["closure"]["number"] for answer in answers}) == 1
    assert [two.count(table) for table in ONCE] == [1, 1, 1]
    assert two.run(lambda work: broken_entries(work.session)) == []


def test_a_hundred_confirmations_with_one_key_get_one_answer_or_are_in_flight(
    api: Api, two: World
) -> None:
    token = api.sign_in()
    path, body = settled(api, token)

    answers = hundred(api, f"{path}/confirm", token, body, "the-key")

    later = api.call("POST", f"{path}/confirm", token=token, key="the-key", json=body)
    done = [answer for answer in answers if answer.status_code == 200]
    assert done
    assert all(answer.json() == later.json() for answer in done)
    others = {problem(answer) for answer in answers if answer.status_code != 200}
    assert others <= {(409, "idempotency_key_in_flight")}
    assert [two.count(table) for table in ONCE] == [1, 1, 1]


def test_a_hundred_confirmations_in_threads_of_their_own_close_an_agency_once(
    world: World,
) -> None:
    world.load(*agency_with("S-1", "S-2"))
    closing = world.closing("A-1").settle()
    quote_id, shown = closing.quote()["id"], closing.codes()

    states = at_once(*[lambda: closing.confirm(quote_id, shown)] * 100)

    assert Counter(states) == {"closed": 100}
    assert [world.count(table) for table in ONCE] == [3, 1, 1]
    assert world.run(lambda work: broken_entries(work.session)) == []


def test_accounts_that_close_at_once_leave_one_whole_audit(world: World) -> None:
    numbers = [f"T-{index}" for index in range(12)]
    world.load(*[account(n, numbers=[phone(i)]) for i, n in enumerate(numbers)])

    at_once(*[lambda n=n: world.close(n) for n in numbers])

    assert [world.count(table) for table in ONCE] == [12, 12, 12]
    assert world.run(lambda work: broken_entries(work.session)) == []


def test_a_running_call_is_in_flight_for_the_same_key(
    api: Api, two: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = api.sign_in()
    path, body = settled(api, token)
    began, go_on = Event(), Event()
    confirm = routes.confirm

    def slow(*given: Any, **more: Any) -> ClosingCase:
        began.set()
        assert go_on.wait(10)
        return confirm(*given, **more)

    monkeypatch.setattr(routes, "confirm", slow)
    other = Api(two)

    def call(by: Api, **changed: str) -> httpx.Response:
        return by.call("POST", f"{path}/confirm", token=token, key="k", json=body | changed)

    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(call, other)
        assert began.wait(10)
        meanwhile, another = call(api), call(api, quote_id="another")
        go_on.set()
        answer = first.result()
    other.close()

    assert problem(meanwhile) == (409, "idempotency_key_in_flight")
    assert problem(another) == (422, "idempotency_key_reused")
    assert answer.json()["state"] == "closed"
    assert call(api).json() == answer.json()


def test_two_sweeps_at_once_stop_each_idle_case_once(world: World) -> None:
    numbers = [f"T-{index}" for index in range(5)]
    world.load(*[account(number) for number in numbers])
    for number in numbers:
        world.closing(number).open()
    world.clock.forward(days=2)

    swept = at_once(*[world.sweep] * 2)

    assert sorted(done.cases.abandoned for done in swept) == [0, 5]
    actions = world.run(lambda w: [entry.action for entry in w.session.query(AuditEntry)])
    assert actions.count("case.stopped") == 5
    assert world.run(lambda work: broken_entries(work.session)) == []


def test_a_confirmation_and_two_sweeps_at_once_close_or_stop_and_never_both(world: World) -> None:
    world.load(account(charges=[usage("Calls", 234)]))
    closing = world.closing().settle()
    world.clock.forward(days=1, seconds=1)
    quote_id, shown = closing.quote()["id"], closing.codes()

    def confirm() -> str:
        try:
            return closing.confirm(quote_id, shown)
        except Problem as refused:
            return refused.code

    state, *_ = at_once(confirm, *[world.sweep] * 2)

    closed = int(state == "closed")
    assert state in ("closed", "case_over")
    assert world.show("T-1")["account"]["status"] == ("closed" if closed else "active")
    assert [world.count(table) for table in ONCE] == [closed] * 3


def test_what_two_read_before_either_wrote_is_not_lost(world: World) -> None:
    world.run(lambda work: work.session.add(VerificationFailures(key="k", count=0)))
    both_have_read = Barrier(2)

    def count_one(work: Work) -> None:
        found = work.session.get_one(VerificationFailures, "k")
        with suppress(BrokenBarrierError):  # on SQLite the second one waits before it reads
            both_have_read.wait(0.5)
        found.count += 1

    at_once(*[lambda: world.run(count_one)] * 2)

    assert world.run(lambda w: w.session.get_one(VerificationFailures, "k").count) == 2


def test_who_lost_a_race_is_not_overtaken_again(world: World) -> None:
    goes_again, go_on = Event(), Event()
    attempts: list[int] = []

    def lose_once(work: Work) -> None:
        attempts.append(1)
        if len(attempts) == 1:
            raise OperationalError("…", {}, SerializationFailure())
        goes_again.set()
        assert go_on.wait(10)
        append(work)

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(lambda: world.run(lose_once))
        assert goes_again.wait(10)
        second = pool.submit(lambda: world.run(append))
        sleep(0.3)
        overtook = second.done()
        go_on.set()
        first.result(), second.result()

    assert not overtook
    assert len(attempts) == 2
    assert world.run(lambda work: broken_entries(work.session)) == []


def append(work: Work) -> None:
    """One entry of the audit."""
    record(work.session, work.now, Actor("operator", "cli"), "a", "b")


def test_who_looks_before_inserting_never_meets_a_unique_violation(world: World) -> None:
    both_have_looked = Barrier(2)

    def insert_if_absent(work: Work) -> None:
        if work.session.get(VerificationFailures, "k") is None:
            with suppress(BrokenBarrierError):
                both_have_looked.wait(0.5)
            work.session.add(VerificationFailures(key="k", count=0))

    at_once(*[lambda: world.run(insert_if_absent)] * 2)
    at_once(*[lambda: world.run(append)] * 20)

    assert world.count(VerificationFailures) == 1
    assert world.run(lambda work: broken_entries(work.session)) == []


def test_wrong_security_answers_at_once_count_each(world: World) -> None:
    world.load(account())

    def guess(work: Work) -> None:
        conversation, _ = new_conversation(work, person=None, vendor="tresta")
        verify(work, conversation, "T-1", "wrong")

    at_once(*[lambda: world.run(guess)] * 4)

    assert world.run(lambda w: w.session.get_one(VerificationFailures, "account:t-1").count) == 4


def test_a_message_waits_for_the_one_before_it_in_its_conversation(world: World) -> None:
    world.load(account())

    def begin(work: Work) -> str:
        who = the_person(work, "ann@example")
        return new_conversation(work, person=who, vendor="tresta")[0].id

    conversation_id = world.run(begin)
    stored, go_on = Event(), Event()

    def say(text: str, work: Work) -> int:
        conversation = work.session.get_one(Conversation, conversation_id)
        message = store_message(work, conversation, "bot", text, [])
        if text == "first":
            stored.set()
            assert go_on.wait(10)
        return message.id

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(lambda: world.run(lambda work: say("first", work)))
        assert stored.wait(10)
        second = pool.submit(lambda: world.run(lambda work: say("second", work)))
        sleep(0.3)
        overtook = second.done()
        go_on.set()
        ids = first.result(), second.result()

    assert not overtook
    assert ids[0] < ids[1]
    texts = world.run(lambda w: [m.text for m in w.session.query(Message).order_by(Message.id)])
    assert texts == ["first", "second"]
