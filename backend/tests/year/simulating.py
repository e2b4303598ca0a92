"""A year in the life of many accounts: they close, come back, port, pay or don't, and the machine
dies now and then. Everything is drawn from one seed, so that a bad year can be played again."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from factories import World, account, person, the_account, the_person, usage
from sqlalchemy import event, select

from farewell.accounts.tables import Account, PhoneNumber
from farewell.audit import HOST, Actor
from farewell.billing import charging
from farewell.billing.money import Money
from farewell.closing import case as cases
from farewell.closing.confirm import close_after_port
from farewell.errors import Problem
from farewell.lifecycle.balances import request_balance_refund
from farewell.lifecycle.ports import port_news
from farewell.lifecycle.reactivation import reactivate, restore_numbers
from farewell.lifecycle.sweep import sweep
from farewell.payments.provider import Answer, Call
from farewell.payments.simulated import SimulatedCard
from farewell.work import Work

R = TypeVar("R")
START = datetime(2027, 3, 1, 15, tzinfo=UTC)
"""The year holds a leap day, and both changes of the clocks."""
CARDS = ["4242"] * 12 + ["0002", "0341", "0119", "0127", "0259", "5126"]
ZONES = ["America/New_York", "America/Denver", "Europe/Berlin", "Asia/Tokyo", "Pacific/Auckland"]
CURRENCIES = ["USD"] * 6 + ["JPY", "KWD"]
KINDS = [("tresta", "standalone", "billing_admin")] * 5 + [
    ("ctm", "standalone", "administrator"),
    ("ctm", "standalone", "administrator"),
    ("ctm", "agency", "agency_administrator"),
    ("ontraport", "full", "owner"),
    ("ontraport", "premium_pages", "owner"),
]


class Crash(BaseException):
    """The process dies here. No `except Exception` of ours sees it."""


class Dying(SimulatedCard):
    """The simulated card; when `fatal`, the process dies after the effect, before it is told."""

    fatal = False

    def perform(self, call: Call, key: str) -> Answer:
        answer = super().perform(call, key)
        if self.fatal:
            self.fatal = False
            raise Crash
        return answer


class Year:
    """Plays days; counts what happened by name."""

    def __init__(self, world: World, accounts: int, seed: int) -> None:
        self.world = world
        self.rng = random.Random(seed)  # noqa: S311 - a year that can be played again
        self.happened: Counter[str] = Counter()
        world.clock.now = START
        world.provider = self.card = Dying(world.database, world.clock)
        self.e164 = iter(range(2_000_000, 3_000_000))
        self.people: dict[str, str] = {}
        self.owners: dict[str, str] = {}
        self._load(accounts)

    # --- who is there -----------------------------------------------------------------------

    def _load(self, accounts: int) -> None:
        given: list[dict[str, Any]] = []
        while len(given) < accounts:
            given += self._customer(len(given))
        people = [person(email, vendor) for email, vendor in self.people.items()]
        self.world.load(*given, people=people)
        self.numbers = [each["number"] for each in given]

    def _customer(self, n: int) -> list[dict[str, Any]]:
        vendor, kind, role = self.rng.choice(KINDS)
        email = f"c{n}@{vendor}.example"
        self.people[email] = vendor
        currency = "USD" if vendor == "ctm" else self.rng.choice(CURRENCIES)
        main = self._account(f"Y-{n}", vendor, kind, currency, {email: role}, email)
        if kind != "agency":
            return [main]
        return [main] + [
            self._account(f"Y-{n + i}", vendor, "sub_account", currency, {}, email, f"Y-{n}")
            for i in range(1, self.rng.randint(2, 4))
        ]

    def _account(
        self,
        number: str,
        vendor: str,
        kind: str,
        currency: str,
        roles: dict[str, str],
        owner: str,
        parent: str | None = None,
    ) -> dict[str, Any]:
        rng = self.rng
        self.owners[number] = owner
        return account(
            number,
            vendor=vendor,
            type=kind,
            currency=currency,
            zone=rng.choice(ZONES),
            roles=roles,
            parent=parent,
            balance_minor=rng.choice([0, 0, 0, 2500, 90000]),
            payment_method=f"Visa ending {rng.choice(CARDS)}",
            plan={
                "name": "Plan",
                "price_minor": rng.choice([999, 3000, 14900]),
                "anchor_day": rng.choice([1, 15, 29, 30, 31]),
            },
            numbers=[{"e164": f"+1303{next(self.e164)}"} for _ in range(rng.randint(0, 2))],
            charges=[usage("Calls", rng.randint(1, 5000)) for _ in range(rng.randint(0, 2))],
        )

    # --- what happens on a day --------------------------------------------------------------

    def day(self) -> None:
        """One day: the host charges, carriers report, customers come, the sweep runs."""
        self.world.clock.now += timedelta(hours=20)
        for what, times in (
            (self._charge, 4),
            (self._port, 1),
            (self._carriers, 1),
            (self._close, max(1, len(self.numbers) // 250)),
            (self._come_back, 1),
            (self._ask_for_balance, 1),
        ):
            for _ in range(times):
                what()
        self.world.clock.now += timedelta(hours=4)
        self._sweep()

    def _pick(self, *statuses: str) -> str | None:
        def use(work: Work) -> list[str]:
            found = select(Account.number).where(Account.status.in_(statuses))
            return sorted(work.session.scalars(found))

        found = self.world.run(use)
        return self.rng.choice(found) if found else None

    def _try(self, name: str, use: Callable[[Work], R]) -> R | None:
        """Do something that may be refused; both are counted."""
        try:
            done = self.world.run(use)
        except Problem as problem:
            self.happened[f"{name} refused: {problem.code}"] += 1
            return None
        self.happened[name] += 1
        return done

    def _charge(self) -> None:
        number, minor = self.rng.choice(self.numbers), self.rng.randint(1, 3000)

        def use(work: Work) -> bool:
            made = charging.rate_usage(
                work, the_account(work, number), HOST, description="Calls", amount_minor=minor
            )
            return isinstance(made, charging.Refused)

        refused = self._try("usage rated", use)
        if refused:
            self.happened["usage refused by the lock"] += 1

    def _port(self) -> None:
        if self.rng.random() < 0.7:
            return
        number = self._number(None)
        if number:
            self._try("port begun", lambda w: port_news(w, e164=number, status="submitted"))

    def _carriers(self) -> None:
        number = self._number(("submitted", "confirmed"))
        if number is None or self.rng.random() < 0.5:
            return
        status = self.rng.choice(["confirmed", "completed", "completed", "canceled"])
        self._try(f"port {status}", lambda w: port_news(w, e164=number, status=status))

    def _number(self, states: tuple[str, ...] | None) -> str | None:
        def use(work: Work) -> list[str]:
            return sorted(
                n.e164
                for n in work.session.scalars(
                    select(PhoneNumber).where(PhoneNumber.status == "active")
                )
                if (n.port_out.status if n.port_out else None) in (states or (None,))
            )

        found = self.world.run(use)
        return self.rng.choice(found) if found else None

    def _close(self) -> None:
        number = self._pick("active", "closing")
        if number is None:
            return
        rng = self.rng
        closing = self.world.closing(number, self.owners[number])
        answers = {
            "data_export": rng.choice(["skip", "skip", "export"]),
            "open_port": rng.choice(["wait", "give_up"]),
            "port_works": rng.choice(["not_yet", "works"]),
        }
        try:
            with self._may_die(0.1):
                closing.settle(**answers)
                if rng.random() < 0.15:
                    closing.withdraw()
                    self.happened["never mind"] += 1
                    return
                state = closing.confirm()
        except Crash:
            self.happened["died while closing"] += 1
            self._again(closing, answers)
            return
        except Problem as problem:
            self.happened[f"closing refused: {problem.code}"] += 1
            return
        self.happened[state] += 1
        self._verify(number)

    def _again(self, closing: Any, answers: dict[str, str]) -> None:
        """The customer tries once more; what was committed before the crash is not done twice."""
        try:
            self.happened[closing.settle(**answers).confirm()] += 1
        except Problem as problem:
            self.happened[f"closing refused: {problem.code}"] += 1

    def _verify(self, number: str) -> None:
        """A waiting case whose port is complete: the customer says that it works."""

        def use(work: Work) -> None:
            each = the_account(work, number)
            case = cases.open_case_of(work, each)
            if case is None or case.state != "waiting_for_port":
                return
            actor = Actor("person:x", "api")
            who = the_person(work, self.owners[number])
            for phone in each.numbers:
                if phone.port_out and phone.port_out.status == "completed":
                    cases.answer(
                        work,
                        case=case,
                        person=who,
                        actor=actor,
                        code="port_works",
                        value="works",
                        subject=phone.e164,
                    )
            if close_after_port(work, case=case, actor=actor):
                self.happened["closed after its port"] += 1

        self.world.run(use)

    def _come_back(self) -> None:
        for number in self._waiting():
            self._verify(number)
        number = self._pick("closed")
        if number is None or self.rng.random() < 0.6:
            return

        def use(work: Work) -> None:
            each, who = the_account(work, number), the_person(work, self.owners[number])
            plan = each.subscription
            price = Money(plan.price_minor if plan else 0, each.currency)
            actor = Actor(f"person:{who.id}", "api")
            reactivate(work, person=who, account=each, actor=actor, price=price)
            restore_numbers(work, person=who, account=each, actor=actor)

        self._try("came back", use)

    def _waiting(self) -> list[str]:
        def use(work: Work) -> list[str]:
            found = select(cases.ClosingCase).where(cases.ClosingCase.state == "waiting_for_port")
            return sorted(case.account.number for case in work.session.scalars(found))

        return self.world.run(use)

    def _ask_for_balance(self) -> None:
        number = self._pick("closed")
        if number is None or self.rng.random() < 0.5:
            return

        def use(work: Work) -> None:
            who = the_person(work, self.owners[number])
            actor = Actor(f"person:{who.id}", "api")
            request_balance_refund(work, person=who, account=the_account(work, number), actor=actor)

        self._try("balance asked for", use)

    # --- the sweep, and death ---------------------------------------------------------------

    def _sweep(self) -> None:
        try:
            with self._may_die(0.2):
                self.card.fatal = self.rng.random() < 0.1
                self._one_sweep()
        except Crash:
            self.happened["died while sweeping"] += 1
            self.card.fatal = False
            # What the dead process held is free once its claim is over.
            self.world.clock.now += timedelta(minutes=3)
            self._one_sweep()
        finally:
            self.card.fatal = False

    def _one_sweep(self) -> None:
        world = self.world
        swept = sweep(world.run, world.provider, world.host, world.clock, world.clock())
        for name in ("done", "dropped", "later", "for_human"):
            self.happened[f"duties {name}"] += getattr(swept, name)

    @contextmanager
    def _may_die(self, chance: float) -> Iterator[None]:
        """Now and then the process dies before one of the next database statements."""
        if self.rng.random() >= chance:
            yield
            return
        left = self.rng.randint(1, 60)

        def count(*_: Any) -> None:
            nonlocal left
            left -= 1
            if left == 0:
                raise Crash

        engine = self.world.database.engine
        event.listen(engine, "before_cursor_execute", count)
        try:
            yield
        finally:
            event.remove(engine, "before_cursor_execute", count)
