"""A closing that takes effect later: settled now, carried out once, at most for what was agreed."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from clients import Api
from factories import World, account, e164, phone, the_account, the_person, usage
from made_up import NIMBUS, kind, rule, words, world_of

from farewell.accounts.tables import Account, Charge, PhoneNumber, PortOut, Role, Subscription
from farewell.audit import Actor, broken_entries
from farewell.billing.tables import FinalBill
from farewell.closing import case as cases
from farewell.closing import confirm as confirming
from farewell.closing.confirm import close_after_port
from farewell.closing.tables import ClosingCase, Closure
from farewell.errors import Problem
from farewell.lifecycle.sweep import Swept, sweep
from farewell.notify.tables import OutgoingMessage
from farewell.work import Work

NOON = datetime(2026, 11, 10, 17, tzinfo=UTC)
CAPTAIN = {"ann@example": "captain"}
Changed = Callable[[Work, Account], None]
PLAIN: dict[str, Any] = {
    "alternatives": {"offers": []},
    "signs_out": rule(False),
    "balance": {"treatment": rule("refund_to_card"), "days": rule(9)},
}


def notice(days: int, **changes: Any) -> dict[str, Any]:
    """A kind of account that closes after days of notice."""
    return kind(**PLAIN, takes_effect=rule({"notice_days": days}), **changes)


def period_end(**changes: Any) -> dict[str, Any]:
    """A kind of account that closes at the end of the paid period."""
    return kind(**PLAIN, takes_effect=rule("period_end"), **changes)


IN_ADVANCE = {
    "timing": rule("in_advance"),
    "proration": rule("actual_days"),
    "outstanding": rule("collect"),
    "settle_after_days": rule(0),
    "settle_by": rule("auto_pay"),
    "fees": rule("none"),
}
METERED = {"usage_until_effect": rule({"up_to_minor": 1000, "currency": "USD"})}


@pytest.fixture
def later(tmp_path: Path) -> World:
    """A world of one vendor with kinds of account that close later."""
    policy = deepcopy(NIMBUS)
    policy["account_types"] = {
        "notice": notice(30),
        "month": period_end(),
        "metered": notice(30, **METERED),
        "prepaid": notice(30, billing=IN_ADVANCE),
        "fleet": notice(
            30,
            cascade={
                "closes_children": rule(True),
                "transfer_first": rule(False),
                "children_alone_close_parent": rule(False),
            },
        ),
        "boat": period_end(name=words("Boat"), parent_type="fleet"),
    }
    return world_of(tmp_path, policy)


def one(**more: Any) -> dict[str, Any]:
    """An account of $30 a month in New York that closes after 30 days' notice."""
    given = {"vendor": "nimbus", "type": "notice", "roles": CAPTAIN}
    return account("N-1", **(given | more))


def scheduled(world: World, number: str = "N-1", **answers: str) -> None:
    """Confirm the closing of an account for its later end."""
    assert world.closing(number).settle(**answers).confirm() == "scheduled"


def at(world: World, *moment: int) -> Swept:
    """Sweep at a moment (UTC)."""
    year, month, day, *time = moment
    world.clock.now = datetime(year, month, day, *time, tzinfo=UTC)
    return world.run(sweep)


def case_of(world: World, number: str = "N-1") -> dict[str, Any]:
    """The newest case of an account."""
    shown: dict[str, Any] = world.show(number)["closing_case"]
    return shown


def change(world: World, use: Callable[[Work, Account], Any], number: str = "N-1") -> None:
    """Something about the account changes."""

    def run(work: Work) -> None:
        use(work, the_account(work, number))

    world.run(run)


def charge(world: World, description: str, amount: int, kind: str = "usage") -> None:
    """A charge that occurs now."""
    change(
        world,
        lambda work, found: found.charges.append(
            Charge(
                kind=kind, description=description, amount_minor=amount, occurred_at=world.clock()
            )
        ),
    )


def told(world: World, kind: str) -> list[dict[str, Any]]:
    """The facts of messages of a kind in the outbox."""
    return world.run(
        lambda work: [m.facts for m in work.session.query(OutgoingMessage).filter_by(kind=kind)]
    )


# --- when ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("anchor", "zone", "now", "last_day", "effective_at"),
    [
        (1, "America/New_York", (2026, 11, 10, 17), "2026-11-30", "2026-12-01T05:00:00+00:00"),
        (1, "America/New_York", (2026, 12, 1, 4, 59), "2026-11-30", "2026-12-01T05:00:00+00:00"),
        (1, "America/New_York", (2026, 12, 1, 5), "2026-12-31", "2027-01-01T05:00:00+00:00"),
        (31, "UTC", (2027, 2, 10), "2027-02-27", "2027-02-28T00:00:00+00:00"),
        (31, "UTC", (2028, 2, 10), "2028-02-28", "2028-02-29T00:00:00+00:00"),
        (30, "UTC", (2028, 2, 29), "2028-03-29", "2028-03-30T00:00:00+00:00"),
        (15, "Pacific/Auckland", (2026, 11, 13, 12), "2026-11-14", "2026-11-14T11:00:00+00:00"),
        # Clocks change on the last day: it has 25 hours, and the next begins in winter time.
        (2, "America/New_York", (2026, 10, 20), "2026-11-01", "2026-11-02T05:00:00+00:00"),
    ],
)
def test_the_paid_period_ends_with_the_day_before_the_anchor(
    later: World, anchor: int, zone: str, now: tuple[int, ...], last_day: str, effective_at: str
) -> None:
    plan = {"name": "Sail", "price_minor": 3000, "anchor_day": anchor}
    later.load(one(type="month", zone=zone, plan=plan))
    later.clock.now = datetime(*now, tzinfo=UTC)  # type: ignore[misc, arg-type]

    scheduled(later)

    case = case_of(later)
    assert (case["last_day"], case["effective_at"]) == (last_day, effective_at)


@pytest.mark.parametrize(
    ("zone", "now", "last_day", "effective_at"),
    [
        ("America/New_York", (2026, 11, 10, 17), "2026-12-10", "2026-12-11T05:00:00+00:00"),
        ("America/New_York", (2026, 11, 11, 4, 59), "2026-12-10", "2026-12-11T05:00:00+00:00"),
        ("Asia/Tokyo", (2026, 11, 10, 17), "2026-12-11", "2026-12-11T15:00:00+00:00"),
        ("UTC", (2028, 1, 31), "2028-03-01", "2028-03-02T00:00:00+00:00"),
        ("UTC", (2027, 1, 31), "2027-03-02", "2027-03-03T00:00:00+00:00"),
        ("America/New_York", (2027, 2, 20, 17), "2027-03-22", "2027-03-23T04:00:00+00:00"),
    ],
)
def test_notice_counts_whole_days_after_the_day_of_confirming(
    later: World, zone: str, now: tuple[int, ...], last_day: str, effective_at: str
) -> None:
    later.load(one(zone=zone))
    later.clock.now = datetime(*now, tzinfo=UTC)  # type: ignore[misc, arg-type]

    scheduled(later)

    case = case_of(later)
    assert (case["last_day"], case["effective_at"]) == (last_day, effective_at)


def test_without_a_plan_there_is_no_paid_period_to_wait_for(later: World) -> None:
    later.load(one(type="month", plan=None))

    assert later.closing("N-1").settle().confirm() == "closed"


def test_what_is_billed_already_is_served(later: World) -> None:
    later.load(one(type="month"))
    change(later, lambda _, found: setattr(found.subscription, "billed_until", _day("2027-05-31")))

    scheduled(later)

    assert case_of(later)["last_day"] == "2027-05-31"


def _day(text: str) -> Any:
    return datetime.fromisoformat(text).date()


# --- while it is scheduled -----------------------------------------------------------------------


def test_nothing_is_released_or_charged_until_then_and_nothing_renews(later: World) -> None:
    later.load(one(numbers=[phone()], charges=[usage("Wind", 7)]))

    scheduled(later)

    shown = later.show("N-1")
    assert shown["account"]["status"] == "closing"
    assert shown["account"]["renewal_stopped"] is True
    assert shown["account"]["billing_locked"] is False
    assert [n["status"] for n in shown["numbers"]] == ["active"]
    assert (shown["closures"], shown["bills"], shown["duties"]) == ([], [], [])
    (plan,) = later.run(lambda w: [s.renews for s in w.session.query(Subscription)])
    assert plan is False
    codes = [s["code"] for s in told(later, "closing_scheduled")[0]["statements"]]
    assert codes == ["status_scheduled", "quote_at_end", "usage_free_until_end", "withdraw_until"]


def test_the_notices_name_the_last_day_and_count_from_it(later: World) -> None:
    later.load(one(numbers=[phone()]))

    owed = later.closing("N-1").settle().codes()

    assert {"effect_notice", "quote_at_end", "usage_free_until_end"} <= owed
    assert not owed & {"effect_immediate", "quote_due"}

    def days(work: Work) -> dict[str, str]:
        case = cases.open_case_of(work, the_account(work, "N-1"))
        assert case is not None
        return {
            r.code: str(r.facts.get("until") or r.facts.get("last_day"))
            for r in cases.state_of(work, case).owed
        }

    said = later.run(days)
    assert said["effect_notice"] == "2026-12-10"
    assert said["data_kept"] == "2026-12-18"  # closed on the 11th, and kept for seven days


def test_confirming_again_changes_nothing(later: World) -> None:
    later.load(one())
    closing = later.closing("N-1").settle()
    quote, shown = closing.quote()["id"], closing.codes()
    closing.confirm(quote, shown)
    before = later.show("N-1")
    later.clock.forward(days=3)

    assert closing.confirm(quote, shown) == "scheduled"

    assert later.show("N-1") == before
    assert later.count(OutgoingMessage) == 1


def test_withdrawn_it_renews_as_before_and_never_closes(later: World) -> None:
    later.load(one(numbers=[phone()]))
    before = later.show("N-1")
    scheduled(later)

    later.closing("N-1").withdraw()
    swept = at(later, 2027, 1, 5)

    shown = later.show("N-1")
    assert swept.closed == 0
    assert shown["closing_case"]["state"] in ("abandoned", "expired")
    assert (shown["closing_case"]["effective_at"], shown["closing_case"]["last_day"]) == (None,) * 2
    for key in ("account", "numbers", "bills", "closures"):
        assert shown[key] == before[key], key


def test_it_can_be_withdrawn_to_the_last_second_and_no_longer(later: World) -> None:
    later.load(one(), account("N-2", vendor="nimbus", type="notice", roles=CAPTAIN))
    scheduled(later)
    scheduled(later, "N-2")

    later.clock.now = datetime(2026, 12, 11, 4, 59, 59, tzinfo=UTC)
    later.closing("N-1").withdraw()
    later.clock.forward(seconds=1)
    with pytest.raises(Problem) as refused:
        later.closing("N-2").withdraw()

    assert (refused.value.status, refused.value.code) == (409, "effect_passed")
    later.run(sweep)
    assert later.show("N-1")["account"]["status"] == "active"
    assert later.show("N-2")["account"]["status"] == "closed"


@pytest.mark.parametrize("code", ["data_export", "keep_numbers"])
def test_no_answer_takes_it_back_either_once_its_moment_has_come(later: World, code: str) -> None:
    later.load(one(numbers=[phone()]))
    scheduled(later)
    later.clock.now = datetime(2026, 12, 11, 5, tzinfo=UTC)

    with pytest.raises(Problem) as refused:
        later.closing("N-1").answer(code, "port_first" if code == "keep_numbers" else "skip")

    assert refused.value.code == "effect_passed"


def test_keeping_a_number_after_all_takes_the_go_ahead_back(later: World) -> None:
    later.load(one(numbers=[phone()]))
    scheduled(later)

    later.closing("N-1").answer("keep_numbers", "port_first")

    assert case_of(later)["state"] == "open"
    assert later.show("N-1")["account"]["renewal_stopped"] is False
    assert at(later, 2026, 12, 12).closed == 0


# --- the end -------------------------------------------------------------------------------------


def test_it_closes_at_the_first_moment_after_the_last_day(later: World) -> None:
    later.load(one(numbers=[phone()]))
    scheduled(later)

    assert at(later, 2026, 12, 11, 4, 59, 59).closed == 0
    assert later.show("N-1")["account"]["status"] == "closing"
    assert at(later, 2026, 12, 11, 5).closed == 1

    shown = later.show("N-1")
    assert shown["account"]["status"] == "closed"
    assert shown["account"]["billing_locked"] is True
    assert [n["status"] for n in shown["numbers"]] == ["released"]
    # November has 30 days, and of December 10 of 31 were used: nothing was charged until then.
    assert [line["days"] for line in shown["bills"][0]["lines"]] == [30, 10]
    assert shown["bills"][0]["total_minor"] == 3000 + 968
    due = {d["kind"]: d["due_at"][:10] for d in shown["duties"]}
    assert (due["settle_final_bill"], due["purge_data"]) == ("2026-12-22", "2026-12-19")
    assert later.run(lambda work: broken_entries(work.session)) == []


def test_sweeping_twice_or_side_by_side_closes_once(later: World) -> None:
    later.load(one(numbers=[phone()]))
    scheduled(later)
    later.clock.now = datetime(2026, 12, 11, 6, tzinfo=UTC)
    api = Api(later)

    with ThreadPoolExecutor(3) as pool:
        swept = list(pool.map(lambda _: api.app.state.services.in_transaction(sweep), range(6)))
    api.close()

    assert sum(done.closed for done in swept) == 1
    assert [later.count(table) for table in (Closure, FinalBill)] == [1, 1]
    assert len(told(later, "receipt")) == 1


def test_one_that_cannot_close_keeps_no_other_open(
    later: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    later.load(one(), account("N-2", vendor="nimbus", type="notice", roles=CAPTAIN))
    scheduled(later)
    scheduled(later, "N-2")
    closes = confirming._close

    def fails_for_one(work: Work, state: cases.CaseState, *rest: Any) -> None:
        if state.account.number == "N-1":
            closes(work, state, *rest)
            raise Problem(409, "closed_already", "Somebody was faster.")
        closes(work, state, *rest)

    monkeypatch.setattr(confirming, "_close", fails_for_one)

    assert at(later, 2026, 12, 11, 6).closed == 1

    assert later.show("N-1")["closures"] == []
    assert later.show("N-1")["closing_case"]["state"] == "scheduled"
    assert later.show("N-2")["account"]["status"] == "closed"


def test_a_late_sweep_charges_nothing_for_the_days_after_the_end(later: World) -> None:
    later.load(one())
    scheduled(later)
    agreed = case_of(later)["standing_limit_minor"]
    later.clock.now = datetime(2027, 1, 20, tzinfo=UTC)
    charge(later, "Wind", 5000)

    later.run(sweep)

    shown = later.show("N-1")
    assert [b["total_minor"] for b in shown["bills"]] == [agreed] == [3968]
    assert shown["bills"][0]["settles_on"] == "2027-01-19"  # today in New York, not last year
    assert [w["amount_minor"] for w in shown["written_off"]] == [5000]


def test_a_period_that_is_paid_in_advance_is_charged_no_further_than_the_end(later: World) -> None:
    later.load(one(type="prepaid"))
    scheduled(later)

    at(later, 2026, 12, 11, 5)

    (bill,) = later.show("N-1")["bills"]
    assert [(line["first"], line["last"]) for line in bill["lines"]] == [
        ("2026-12-01", "2026-12-10")
    ]
    assert (bill["total_minor"], bill["settles_on"]) == (968, "2026-12-11")


def test_days_that_were_billed_all_the_same_are_not_billed_twice(later: World) -> None:
    later.load(one())
    scheduled(later)
    change(later, lambda _, found: setattr(found.subscription, "billed_until", _day("2026-11-30")))

    at(later, 2026, 12, 11, 5)

    assert [b["total_minor"] for b in later.show("N-1")["bills"]] == [968]


def test_a_credit_goes_back_as_it_was_promised(later: World) -> None:
    later.load(one(balance_minor=10000))
    scheduled(later)
    assert case_of(later)["standing_limit_minor"] == -6032

    at(later, 2026, 12, 11, 5)

    (bill,) = later.show("N-1")["bills"]
    assert (bill["total_minor"], bill["refund_minor"]) == (0, 6032)


# --- usage until then ----------------------------------------------------------------------------


def test_usage_until_the_end_is_written_off_unless_the_policy_says_otherwise(later: World) -> None:
    later.load(one(charges=[usage("Before", 50)]))
    scheduled(later)
    later.clock.forward(days=3)
    charge(later, "Meanwhile", 40)

    at(later, 2026, 12, 11, 5)

    shown = later.show("N-1")
    assert [b["total_minor"] for b in shown["bills"]] == [3968 + 50]
    assert [w["description"] for w in shown["written_off"]] == ["Meanwhile"]


def test_usage_until_the_end_is_charged_up_to_the_stated_limit(later: World) -> None:
    later.load(one(type="metered", charges=[usage("Before", 50)]))
    assert "usage_charged_until_end" in later.closing("N-1").settle().codes()
    scheduled(later)
    assert case_of(later)["standing_limit_minor"] == 3968 + 50 + 1000
    later.clock.forward(days=1)
    charge(later, "A fee that nobody spoke of", 1, kind="outstanding")
    for amount in (600, 500, 400):
        later.clock.forward(days=1)
        charge(later, f"Wind {amount}", amount)

    at(later, 2026, 12, 11, 6)

    shown = later.show("N-1")
    billed = [x["description"] for x in shown["bills"][0]["lines"] if x["code"] == "charge"]
    assert billed == ["Before", "Wind 600", "Wind 400"]
    assert shown["bills"][0]["total_minor"] == 3968 + 50 + 1000
    off = {w["description"] for w in shown["written_off"]}
    assert off == {"Wind 500", "A fee that nobody spoke of"}


def test_usage_after_the_end_is_not_charged_however_late_the_sweep_is(later: World) -> None:
    later.load(one(type="metered"))
    scheduled(later)
    later.clock.now = datetime(2026, 12, 11, 4, 59, 59, tzinfo=UTC)
    charge(later, "In the last second", 10)
    later.clock.forward(seconds=1)
    charge(later, "After it", 20)

    at(later, 2026, 12, 14)

    shown = later.show("N-1")
    assert shown["bills"][0]["total_minor"] == 3968 + 10
    assert [w["description"] for w in shown["written_off"]] == ["After it"]


def test_a_limit_in_another_currency_charges_nothing(later: World) -> None:
    later.load(one(type="metered", currency="JPY"))

    owed = later.closing("N-1").settle().codes()

    assert "usage_free_until_end" in owed
    assert "usage_charged_until_end" not in owed


# --- what changed meanwhile ----------------------------------------------------------------------


def dearer(_: Work, found: Account) -> None:
    assert found.subscription is not None
    found.subscription.price_minor = 3001


def cheaper(_: Work, found: Account) -> None:
    assert found.subscription is not None
    found.subscription.price_minor = 10


def another_number(_: Work, found: Account) -> None:
    found.numbers.append(PhoneNumber(e164=e164(7)))


def role_lost(work: Work, found: Account) -> None:
    work.session.delete(next(r for r in found.roles if r.role == "captain"))


def credit_spent(_: Work, found: Account) -> None:
    found.balance_minor = 0


@pytest.mark.parametrize(
    ("changed", "because"),
    [
        (dearer, ["plan", "amount"]),
        (cheaper, ["plan"]),
        (another_number, ["numbers"]),
        (role_lost, ["role"]),
        (credit_spent, ["amount"]),
    ],
)
@pytest.mark.parametrize("when", [(2026, 11, 12), (2026, 12, 11, 6)])
def test_what_is_not_as_it_was_agreed_closes_nothing_and_is_told(
    later: World,
    changed: Callable[[Work, Account], None],
    because: list[str],
    when: tuple[int, ...],
) -> None:
    later.load(one(numbers=[phone()], balance_minor=500))
    scheduled(later)
    change(later, changed)

    swept = at(later, *when)

    shown = later.show("N-1")
    assert swept.closed == 0
    assert (shown["closing_case"]["state"], shown["closing_case"]["effective_at"]) == ("open", None)
    assert shown["account"]["renewal_stopped"] is False
    assert shown["closures"] == []
    (facts,) = told(later, "closing_lapsed")
    reasons = [r["phrase"] for r in facts["statements"][0]["facts"]["because"]]
    assert reasons == [f"lapsed.{reason}" for reason in because]
    assert at(later, 2027, 1, 20).closed == 0


def test_it_can_be_confirmed_again_after_that(later: World) -> None:
    later.load(one())
    scheduled(later)
    change(later, dearer)
    at(later, 2026, 11, 12)

    scheduled(later)

    assert case_of(later)["last_day"] == "2026-12-11"


def test_who_else_may_close_is_told_when_the_role_is_lost(later: World) -> None:
    later.load(one(roles={"ann@example": "captain", "bea@example": "captain"}))
    scheduled(later)
    change(
        later,
        lambda work, found: work.session.delete(
            next(r for r in found.roles if r.person.email == "ann@example")
        ),
    )

    at(later, 2026, 11, 12)

    assert len(told(later, "closing_lapsed")) == 2


@pytest.mark.parametrize(
    "changed",
    [
        lambda _, found: setattr(found, "payment_method", "Visa ending 1111"),
        lambda _, found: setattr(found, "balance_minor", 900),
        lambda work, found: found.roles.append(
            Role(person=the_person(work, "zed@example"), role="captain")
        ),
        lambda _, found: setattr(found.numbers[1], "status", "released"),
    ],
    ids=["another card", "more credit", "another captain", "a number less"],
)
def test_what_costs_the_customer_nothing_does_not_stop_it(later: World, changed: Changed) -> None:
    later.load(
        one(numbers=[phone(), phone(1)], balance_minor=500),
        account("N-9", vendor="nimbus", type="notice", roles={"zed@example": "captain"}),
    )
    scheduled(later)
    change(later, changed)

    assert at(later, 2026, 12, 11, 6).closed == 1


def open_port(world: World) -> None:
    """A number is on its way to another provider."""
    port = PortOut(status="submitted")
    change(world, lambda _, found: setattr(found.numbers[0], "port_out", port))


def test_a_port_that_was_opened_meanwhile_is_waited_for_at_no_further_cost(later: World) -> None:
    later.load(one(numbers=[phone(), phone(1)]))
    scheduled(later)
    open_port(later)

    assert at(later, 2026, 12, 11, 6).closed == 0

    shown = later.show("N-1")
    assert shown["closing_case"]["state"] == "waiting_for_port"
    assert shown["account"]["renewal_stopped"] is True
    assert {n["status"] for n in shown["numbers"]} == {"active"}
    assert len(told(later, "closing_waits_for_port")) == 1
    at(later, 2027, 1, 20)
    assert len(told(later, "closing_waits_for_port")) == 1
    change(later, lambda _, found: setattr(found.numbers[0].port_out, "status", "completed"))

    assert it_works(later)

    shown = later.show("N-1")
    assert [n["status"] for n in shown["numbers"]] == ["ported", "released"]
    assert [b["total_minor"] for b in shown["bills"]] == [3968]
    assert shown["bills"][0]["settles_on"] == "2027-01-19"


def it_works(world: World) -> bool:
    """The customer says that the ported number works; True when that closed."""

    def use(work: Work) -> bool:
        case = cases.open_case_of(work, the_account(work, "N-1"))
        assert case is not None
        actor = Actor("ann", "api")
        cases.answer(
            work,
            case=case,
            person=the_person(work, "ann@example"),
            actor=actor,
            code="port_works",
            value="works",
            subject=e164(),
        )
        return close_after_port(work, case=case, actor=actor)

    return world.run(use)


def test_a_port_that_works_before_the_end_changes_nothing_about_the_day(later: World) -> None:
    later.load(one(numbers=[phone(0, "submitted"), phone(1)]))
    scheduled(later)
    change(later, lambda _, found: setattr(found.numbers[0].port_out, "status", "completed"))

    assert not it_works(later)

    assert case_of(later)["state"] == "scheduled"
    assert at(later, 2026, 12, 11, 6).closed == 1
    assert [n["status"] for n in later.show("N-1")["numbers"]] == ["ported", "released"]


def test_a_number_that_was_waited_for_and_stays_is_not_released_unasked(later: World) -> None:
    later.load(one(numbers=[phone(0, "submitted")]))
    scheduled(later)
    change(later, lambda _, found: setattr(found.numbers[0].port_out, "status", "canceled"))

    at(later, 2026, 12, 11, 6)

    assert case_of(later)["state"] == "open"
    assert [n["status"] for n in later.show("N-1")["numbers"]] == ["active"]


# --- an agency -----------------------------------------------------------------------------------


def fleet(world: World) -> None:
    """A fleet with two boats, of which ann@example is captain."""
    boat = {"vendor": "nimbus", "type": "boat", "parent": "N-1", "roles": {}}
    world.load(one(type="fleet"), account("B-1", **boat), account("B-2", **boat))


def test_all_of_an_agency_stops_renewing_and_closes_at_the_same_moment(later: World) -> None:
    fleet(later)
    scheduled(later)
    numbers = ("N-1", "B-1", "B-2")
    assert all(later.show(n)["account"]["renewal_stopped"] for n in numbers)

    assert at(later, 2026, 12, 11, 5).closed == 1

    assert {later.show(n)["account"]["status"] for n in numbers} == {"closed"}
    assert [b["total_minor"] for b in later.show("N-1")["bills"]] == [3 * 3968]


def test_withdrawing_the_agency_leaves_a_boat_that_ends_by_itself(later: World) -> None:
    fleet(later)
    scheduled(later, "B-1")
    scheduled(later)

    later.closing("N-1").withdraw()

    assert later.show("B-1")["account"]["renewal_stopped"] is True
    assert later.show("B-2")["account"]["renewal_stopped"] is False
    assert at(later, 2026, 12, 1, 5).closed == 1
    assert later.show("B-1")["account"]["status"] == "closed"


def test_withdrawing_a_boat_does_not_make_it_renew_while_its_agency_ends(later: World) -> None:
    fleet(later)
    scheduled(later)
    scheduled(later, "B-1")

    later.closing("B-1").withdraw()

    assert later.show("B-1")["account"]["renewal_stopped"] is True


def test_one_open_case_an_account_holds_for_scheduled_ones_too(later: World) -> None:
    later.load(one())
    scheduled(later)

    later.closing("N-1").open()

    assert later.count(ClosingCase) == 1
