"""A duty is done once: by two sweeps at once, and after a crash at any point (decision 7)."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from threading import Barrier, Lock
from typing import TypeVar

import pytest
from factories import World, account
from test_settlement import DUE, broken_books, duty, paid, told

from farewell.lifecycle.claims import HELD, new_owner
from farewell.lifecycle.execution import LOOKS, TRIES, Execution
from farewell.lifecycle.tables import Duty, DutyAttempt
from farewell.payments.provider import (
    Answer,
    Call,
    Charge,
    Declined,
    Done,
    PaymentProvider,
    Pending,
    Silence,
)
from farewell.payments.simulated import SimulatedCard
from farewell.payments.tables import SimulatedOperation
from farewell.work import Work

R = TypeVar("R")


class Crash(BaseException):
    """The process is gone."""


class Watched:
    """Passes calls on to a provider and keeps them; may crash before or after one."""

    keys_kept: timedelta | None = None

    def __init__(self, behind: PaymentProvider, crash: str = "") -> None:
        self.behind, self.crash = behind, crash
        self.calls: list[tuple[Call, str]] = []
        self.lock = Lock()

    def perform(self, call: Call, key: str) -> Answer:
        """One call."""
        with self.lock:
            self.calls.append((call, key))
        if self.crash == "before the call":
            raise Crash
        answer = self.behind.perform(call, key)
        if self.crash == "after the call":
            raise Crash
        return answer


def gone_process() -> str:
    """The owner of a sweep whose process has ended."""
    ended = subprocess.run(
        [sys.executable, "-c", "import os; print(os.getpid())"],
        capture_output=True,
        text=True,
        check=True,
    )
    machine, _, run = new_owner().split("/")
    return f"{machine}/{ended.stdout.strip()}/{run}"


def execute(
    world: World,
    provider: PaymentProvider,
    owner: str | None = None,
    run: Callable[[Callable[[Work], R]], R] | None = None,
) -> None:
    """One run over the due duties."""
    Execution(
        run or world.run,
        provider,
        world.host,
        world.clock,
        world.clock(),
        owner or new_owner(),
    ).all_due()


def closed_and_due(world: World, **more: str) -> None:
    """An account whose final bill is due."""
    world.load(account(**more))
    world.close()
    world.clock.now = DUE


def charges_made(world: World) -> int:
    """What the simulated provider really charged."""
    return world.run(
        lambda work: work.session.query(SimulatedOperation).filter_by(kind="charge").count()
    )


class CrashingRun:
    """Runs transactions; the process is gone before or after the commit of one of them."""

    def __init__(self, world: World, number: int, commits: bool) -> None:
        self.world, self.number, self.commits, self.seen = world, number, commits, 0

    def __call__(self, use: Callable[[Work], R]) -> R:
        """One transaction."""
        self.seen += 1
        if self.seen != self.number:
            return self.world.run(use)

        def crashing(work: Work) -> R:
            done = use(work)
            work.session.flush()
            if self.commits:
                return done
            raise Crash

        self.world.run(crashing)
        raise Crash


def finished_once(world: World, keys: list[str]) -> None:
    """One effect at the provider, one in the books, one message, one key."""
    assert charges_made(world) == 1
    assert paid(world) == [1000]
    assert told(world) == ["final_bill_paid"]
    assert duty(world, "settle_final_bill")["state"] == "done"
    assert len(set(keys)) == 1
    assert broken_books(world) == []


@pytest.mark.parametrize("commits", [False, True])
@pytest.mark.parametrize("number", range(1, 6))
def test_a_crash_in_any_transaction_is_made_good_by_the_next_run(
    world: World, number: int, commits: bool
) -> None:
    closed_and_due(world)
    provider = Watched(world.provider)
    try:
        execute(world, provider, gone_process(), CrashingRun(world, number, commits))
        crashed = False
    except Crash:
        crashed = True

    execute(world, provider)

    assert crashed
    finished_once(world, [key for _, key in provider.calls])


@pytest.mark.parametrize("crash", ["before the call", "after the call"])
def test_a_crash_around_the_call_leads_to_the_same_key_and_one_effect(
    world: World, crash: str
) -> None:
    closed_and_due(world)
    first, second = Watched(world.provider, crash), Watched(world.provider)
    with pytest.raises(Crash):
        execute(world, first, gone_process())
    attempts = duty(world, "settle_final_bill")["attempts"]
    assert [a["outcome"] for a in attempts] == ["unknown"], "noted before the call"

    execute(world, second)

    assert [key for _, key in first.calls] == [key for _, key in second.calls]
    finished_once(world, [key for _, key in first.calls + second.calls])


KILLED = """
import os, sys
from datetime import datetime
from pathlib import Path
sys.path.insert(0, {tests!r})
from factories import POLICIES
from farewell.database import Database
from farewell.host.calling import HostCaller
from farewell.lifecycle.execution import do_due
from farewell.payments.simulated import SimulatedCard
from farewell.work import Work

now = datetime.fromisoformat({now!r})
database = Database({url!r})
card = SimulatedCard(database, lambda: now)

def run(use):
    with database.transaction() as session:
        return use(Work(session, now, POLICIES, Path({folder!r})))

class Killed:
    keys_kept = None
    def perform(self, call, key):
        card.perform(call, key)
        os._exit(9)

do_due(run, Killed(), HostCaller({{}}, lambda: now), lambda: now, now)
"""


def test_a_killed_sweep_is_taken_over_at_once(world: World) -> None:
    closed_and_due(world)
    script = KILLED.format(
        tests=str(Path(__file__).parent),
        folder=str(world.folder),
        url=world.database.engine.url.render_as_string(hide_password=False),
        now=world.clock().isoformat(),
    )
    killed = subprocess.run([sys.executable, "-c", script], check=False)
    assert killed.returncode == 9
    assert (charges_made(world), paid(world)) == (1, [])

    provider = Watched(world.provider)
    execute(world, provider)

    finished_once(world, [key for _, key in provider.calls])


def test_ten_sweeps_at_once_do_each_duty_once(world: World) -> None:
    numbers = [f"T-{i}" for i in range(1, 6)]
    world.load(*[account(number) for number in numbers])
    for number in numbers:
        world.close(number)
    world.clock.now = DUE
    provider, start = Watched(world.provider), Barrier(10)

    def one(_: int) -> None:
        start.wait()
        execute(world, provider)

    with ThreadPoolExecutor(10) as pool:
        list(pool.map(one, range(10)))

    keys = [key for call, key in provider.calls if isinstance(call, Charge)]
    assert len(keys) == len(set(keys)) == 5
    assert [paid(world, number) for number in numbers] == [[1000]] * 5
    assert broken_books(world) == []


def test_a_duty_in_another_sweep_s_hands_is_left_alone_until_its_time_is_over(
    world: World,
) -> None:
    closed_and_due(world)
    with pytest.raises(Crash):
        execute(world, Watched(world.provider, "before the call"), "another-machine/1/a")
    provider = Watched(world.provider)

    execute(world, provider)
    assert provider.calls == []

    world.clock.now += HELD
    execute(world, provider)
    finished_once(world, [key for _, key in provider.calls])


def test_what_comes_back_late_from_a_lost_sweep_is_entered_once(world: World) -> None:
    """The first sweep is slow; its time is over, another one does the duty, then it answers."""
    closed_and_due(world)
    slow = Watched(world.provider)
    behind = slow.behind

    class Slow:
        keys_kept = None

        def perform(self, call: Call, key: str) -> Answer:
            answer = behind.perform(call, key)
            world.clock.now += HELD
            execute(world, slow)
            return answer

    execute(world, Slow())

    finished_once(world, [key for _, key in slow.calls])


def test_a_decline_that_comes_back_late_counts_once(world: World) -> None:
    """Two sweeps heard the same decline: one try is used up, and the customer hears of it once."""
    closed_and_due(world)
    declined = Declined("card_declined")

    class Slow:
        keys_kept = None

        def perform(self, call: Call, key: str) -> Answer:
            world.clock.now += HELD
            execute(world, Always(declined))
            return declined

    execute(world, Slow())

    assert told(world) == ["charge_declined"]
    assert len(duty(world, "settle_final_bill")["attempts"]) == 1


def test_a_lost_answer_is_asked_for_again_with_the_same_key(world: World) -> None:
    closed_and_due(world, payment_method="Visa ending 0119")
    provider = Watched(world.provider)

    execute(world, provider)
    assert (charges_made(world), paid(world)) == (1, [])
    assert duty(world, "settle_final_bill")["last_error"] == "timeout"
    world.clock.forward(minutes=1)
    execute(world, provider)

    assert len(provider.calls) == 2
    finished_once(world, [key for _, key in provider.calls])


def test_silence_ends_with_a_human_who_gets_the_key(world: World) -> None:
    closed_and_due(world, payment_method="Visa ending 0127")
    provider = Watched(world.provider)
    moments = []
    for _ in range(200):
        before = len(provider.calls)
        execute(world, provider)
        if len(provider.calls) > before:
            moments.append(round((world.clock() - DUE).total_seconds() / 60))
        world.clock.forward(minutes=10)

    assert len(provider.calls) == TRIES
    assert moments == sorted(moments)
    (task,) = world.show("T-1")["human_tasks"]
    assert (task["code"], task["facts"]["error"]) == ("no_answer", "timeout")
    assert {task["facts"]["key"]} == {key for _, key in provider.calls}
    assert world.show("T-1")["bills"][0]["status"] == "needs_human"
    assert told(world) == ["payment_unclear"]


class Always:
    """Answers every call alike."""

    def __init__(self, answer: Answer | Exception, keys_kept: timedelta | None = None) -> None:
        self.answer, self.keys_kept, self.calls = answer, keys_kept, 0

    def perform(self, call: Call, key: str) -> Answer:
        """One call."""
        self.calls += 1
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def test_a_payment_that_stays_under_way_for_weeks_ends_with_a_human(world: World) -> None:
    closed_and_due(world)
    provider = Always(Pending("pi_1"))
    for _ in range(600):
        execute(world, provider)
        world.clock.forward(hours=1)

    assert provider.calls == LOOKS
    assert [t["code"] for t in world.show("T-1")["human_tasks"]] == ["no_answer"]


def test_a_key_that_the_provider_may_have_forgotten_is_not_used_again(world: World) -> None:
    closed_and_due(world)
    provider = Always(Silence("timeout"), keys_kept=timedelta(hours=24))
    execute(world, provider)
    world.clock.forward(hours=21)

    execute(world, provider)

    assert provider.calls == 1
    assert [t["code"] for t in world.show("T-1")["human_tasks"]] == ["outcome_unknown"]


def test_a_defect_in_one_duty_does_not_stop_the_others(world: World) -> None:
    world.load(account(), account("T-2", payment_method="Visa ending 9999"))
    for number in ("T-1", "T-2"):
        world.close(number)
    world.clock.now = DUE
    behind = world.provider

    class Defect:
        keys_kept = None

        def perform(self, call: Call, key: str) -> Answer:
            if isinstance(call, Charge) and (call.payer.method or "").endswith("9999"):
                raise ZeroDivisionError
            return behind.perform(call, key)

    execute(world, Defect())

    assert paid(world, "T-1") == [1000]
    assert duty(world, "settle_final_bill", "T-2")["last_error"] == "ZeroDivisionError"
    assert duty(world, "settle_final_bill", "T-2")["state"] == "planned"


def test_the_call_is_made_outside_every_transaction(world: World) -> None:
    closed_and_due(world)
    seen = []

    class Looking:
        keys_kept = None

        def perform(self, call: Call, key: str) -> Answer:
            # SQLite has one writer: this would wait for a transaction that is still open.
            world.run(lambda work: work.session.query(Duty).update({"last_error": "seen"}))
            seen.append(world.run(lambda work: work.session.query(DutyAttempt).one().key))
            return Done("x")

    execute(world, Looking())

    assert len(seen) == 1
    assert paid(world) == [1000]


def test_a_declined_answer_is_final_for_its_key(world: World) -> None:
    closed_and_due(world)
    execute(world, Always(Declined("card_declined")))
    first = world.run(lambda work: work.session.query(DutyAttempt).one().key)
    world.clock.forward(days=3)

    provider = Watched(SimulatedCard(world.database, world.clock))
    execute(world, provider)

    assert [key for _, key in provider.calls] != [first]
    assert paid(world) == [1000]
