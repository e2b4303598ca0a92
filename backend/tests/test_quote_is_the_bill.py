"""Rules 3 and 4: what was quoted is charged, and afterwards nothing else."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime

import pytest
from factories import NOON, World, account, agency_with, phone, the_account, usage

from farewell.accounts.tables import Account, Charge, PortOut, Role
from farewell.billing.tables import Adjustment, FinalBill, Quote
from farewell.errors import Problem
from farewell.work import Work


def add_usage(world: World, number: str, amount: int) -> None:
    """Usage that arrives now."""

    def use(work: Work) -> None:
        found = the_account(work, number)
        found.charges.append(
            Charge(kind="usage", description="Late", amount_minor=amount, occurred_at=work.now)
        )

    world.run(use)


def test_the_final_bill_is_its_quote_line_by_line(world: World) -> None:
    world.load(account(charges=[usage("Calls", 234)]))
    closing = world.closing().settle()
    quote = closing.quote()

    closing.confirm(quote["id"])

    bill = world.run(lambda work: work.session.query(FinalBill).one())
    for key in ("total_minor", "refund_minor", "currency", "lines", "settles_on"):
        assert getattr(bill, key) == quote[key], key
    assert bill.quote_id == quote["id"]


def test_usage_after_the_quote_is_written_off_by_its_own_entry(world: World) -> None:
    world.load(account(charges=[usage("Calls", 234)]))
    closing = world.closing().settle()
    quote, shown = closing.quote(), closing.codes()
    add_usage(world, "T-1", 999)

    closing.confirm(quote["id"], shown)

    after = world.show("T-1")
    assert [bill["total_minor"] for bill in after["bills"]] == [1234]
    assert after["written_off"] == [{"description": "Late", "amount_minor": 999, "currency": "USD"}]
    charges = world.run(
        lambda work: [(c.amount_minor, c.status) for c in work.session.query(Charge)]
    )
    assert charges == [(234, "billed"), (999, "written_off")]


def test_usage_of_a_sub_account_after_the_quote_is_written_off_too(world: World) -> None:
    world.load(*agency_with("S-1"))
    closing = world.closing("A-1").settle()
    quote, shown = closing.quote(), closing.codes()
    add_usage(world, "S-1", 777)

    closing.confirm(quote["id"], shown)

    assert [a["amount_minor"] for a in world.show("A-1")["written_off"]] == [777]
    assert world.run(lambda work: work.session.query(Charge).filter_by(status="open").count()) == 0


@pytest.mark.parametrize("kind", ["full", "premium_pages"])
def test_outstanding_charges_are_written_off_each_by_its_own_entry(world: World, kind: str) -> None:
    charges = [usage("Invoice", 14700, "outstanding"), usage("Contacts", 2500, "outstanding")]
    world.load(
        account(
            "O-1", vendor="ontraport", type=kind, roles={"ann@example": "owner"}, charges=charges
        )
    )

    world.close("O-1")

    after = world.show("O-1")
    assert [a["amount_minor"] for a in after["written_off"]] == [14700, 2500]
    assert [(b["total_minor"], b["status"]) for b in after["bills"]] == [(0, "nothing_due")]
    assert "settle_final_bill" not in {duty["kind"] for duty in after["duties"]}


def test_a_credit_is_refunded_and_then_gone(world: World) -> None:
    world.load(account(balance_minor=9000))

    world.close()

    after = world.show("T-1")
    assert [(b["total_minor"], b["refund_minor"]) for b in after["bills"]] == [(0, 8000)]
    assert after["account"]["balance_minor"] == 0
    assert {d["kind"] for d in after["duties"]} >= {"refund_credit"}


def test_a_kept_balance_stays_on_the_account(world: World) -> None:
    world.load(
        account(
            "C-1",
            vendor="ctm",
            roles={"ann@example": "administrator"},
            balance_minor=5050,
        )
    )

    world.close("C-1")

    after = world.show("C-1")
    assert after["account"]["balance_minor"] == 5050
    assert "forfeit_balance" in {duty["kind"] for duty in after["duties"]}


def test_a_quote_is_kept_until_it_expires_and_then_replaced(world: World) -> None:
    world.load(account())
    closing = world.closing().settle()
    first = closing.quote()
    world.clock.forward(minutes=29, seconds=59)
    assert closing.quote()["id"] == first["id"]

    world.clock.forward(seconds=1)

    assert closing.quote()["id"] != first["id"]


def test_a_quote_ends_with_the_day_so_that_its_days_count_from_closing(world: World) -> None:
    world.clock.now = datetime(2026, 11, 11, 4, 50, tzinfo=UTC)  # 23:50 in New York
    world.load(account())
    closing = world.closing().settle()
    before = closing.quote()
    world.clock.forward(minutes=10)

    with pytest.raises(Problem):
        closing.confirm(before["id"], closing.codes())
    closing.confirm()

    assert before["settles_on"] == date(2026, 11, 15)
    assert world.show("T-1")["bills"][0]["settles_on"] == "2026-11-16"


def test_an_expired_quote_closes_nothing(world: World) -> None:
    world.load(account())
    closing = world.closing().settle()
    quote, shown = closing.quote(), closing.codes()
    world.clock.forward(minutes=30)

    with pytest.raises(Problem) as refused:
        closing.confirm(quote["id"], shown)

    assert (refused.value.status, refused.value.code) == (409, "quote_expired")
    assert world.show("T-1")["account"]["status"] == "closing"


def _plan(work: Work) -> None:
    subscription = the_account(work, "T-1").subscription
    assert subscription is not None
    subscription.price_minor += 1


def _payment(work: Work) -> None:
    the_account(work, "T-1").payment_method = "Visa ending 9999"


def _role(work: Work) -> None:
    one = the_account(work, "T-1")
    other = the_account(work, "T-9").roles[0].person
    one.roles.append(Role(person=other, role="billing_admin"))


def _balance(work: Work) -> None:
    the_account(work, "T-1").balance_minor = 100


CHANGES: list[Callable[[Work], None]] = [_plan, _payment, _role, _balance]


@pytest.mark.parametrize("change", CHANGES)
def test_a_changed_fact_makes_the_quote_stale_and_nothing_closes(
    world: World, change: Callable[[Work], None]
) -> None:
    world.load(account(), account("T-9", roles={"zoe@example": "billing_admin"}))
    closing = world.closing().settle()
    quote, shown = closing.quote(), closing.codes()
    world.run(change)
    world.clock.forward(seconds=1)

    with pytest.raises(Problem) as refused:
        closing.confirm(quote["id"], shown)

    assert refused.value.code == "quote_expired"
    assert closing.quote()["id"] != quote["id"]
    assert closing.confirm() == "closed"


def test_a_port_that_begins_after_the_quote_stops_the_closing(world: World) -> None:
    world.load(account(numbers=[phone()]))
    closing = world.closing().settle()
    quote, shown = closing.quote(), closing.codes()

    def begin(work: Work) -> None:
        the_account(work, "T-1").numbers[0].port_out = PortOut(status="submitted")

    world.run(begin)
    with pytest.raises(Problem) as refused:
        closing.confirm(quote["id"], shown)

    assert refused.value.code == "requirements_open"
    assert refused.value.extra["codes"] == ["open_port"]
    assert world.show("T-1")["numbers"][0]["status"] == "active"


def test_a_sub_account_that_appears_after_the_quote_makes_it_stale(world: World) -> None:
    world.load(*agency_with("S-1"))
    closing = world.closing("A-1").settle()
    quote, shown = closing.quote(), closing.codes()
    late = agency_with("S-1", "S-2")[2]
    world.load(late)
    world.clock.forward(seconds=1)

    with pytest.raises(Problem) as refused:
        closing.confirm(quote["id"], shown)

    assert refused.value.code == "quote_expired"
    assert world.show("S-2")["account"]["status"] == "active"


def test_a_quote_of_another_case_closes_nothing(world: World) -> None:
    world.load(account(), account("T-2"))
    other = world.closing("T-2").settle().quote()["id"]
    closing = world.closing("T-1").settle()
    shown = closing.codes()

    with pytest.raises(Problem) as refused:
        closing.confirm(other, shown)

    assert refused.value.code == "quote_expired"


def test_an_older_quote_closes_nothing_once_there_is_a_newer_one(world: World) -> None:
    world.load(account())
    closing = world.closing().settle()
    old = closing.quote()["id"]
    world.clock.forward(minutes=31)
    new, shown = closing.quote()["id"], closing.codes()

    with pytest.raises(Problem):
        closing.confirm(old, shown)

    assert closing.confirm(new, shown) == "closed"


def test_without_any_quote_nothing_closes(world: World) -> None:
    world.load(account())
    closing = world.closing().settle()

    with pytest.raises(Problem) as refused:
        closing.confirm("none", {"quote_due"})

    assert refused.value.code == "quote_expired"


def test_each_notice_that_was_not_shown_is_asked_for_by_code(world: World) -> None:
    world.load(account(numbers=[phone()], balance_minor=100))
    closing = world.closing().settle()
    quote_id, shown = closing.quote()["id"], closing.codes()
    notices = {code for code, kind in closing.owed() if kind == "acknowledge"}
    assert notices >= {"quote_due", "numbers_may_be_lost", "no_fees", "effect_immediate"}

    for code in sorted(notices):
        with pytest.raises(Problem) as refused:
            closing.confirm(quote_id, shown - {code})
        assert refused.value.code == "requirements_not_shown"
        assert refused.value.extra["codes"] == [code]

    assert closing.confirm(quote_id, notices) == "closed"


def test_an_open_question_keeps_the_account_open(world: World) -> None:
    world.load(account())
    closing = world.closing().open()
    quote_id, shown = closing.quote()["id"], closing.codes()

    with pytest.raises(Problem) as refused:
        closing.confirm(quote_id, shown)

    assert refused.value.code == "requirements_open"


@pytest.mark.parametrize(
    ("number", "given", "status"),
    [
        ("T-1", account(), "canceled"),
        (
            "P-1",
            account(
                "P-1", vendor="ontraport", type="premium_pages", roles={"ann@example": "owner"}
            ),
            "free",
        ),
    ],
)
def test_billing_is_locked_from_the_moment_of_closing(
    world: World, number: str, given: dict[str, object], status: str
) -> None:
    world.load(given)

    world.close(number)

    def locked(work: Work) -> tuple[object, str]:
        subscription = the_account(work, number).subscription
        assert subscription is not None
        return subscription.locked_at, subscription.status

    assert world.run(locked) == (NOON, status)


def test_a_locked_plan_costs_nothing_more(world: World) -> None:
    world.load(account())
    world.close()

    view = world.run(lambda work: work.view(the_account(work, "T-1")))

    assert view.subscription is None


def test_an_adjustment_and_a_bill_keep_the_account_s_currency(world: World) -> None:
    world.load(account(currency="JPY", charges=[usage("Calls", 234)]))
    closing = world.closing().settle()
    quote, shown = closing.quote(), closing.codes()
    add_usage(world, "T-1", 9)

    closing.confirm(quote["id"], shown)

    currencies = world.run(
        lambda work: {
            row.currency
            for table in (Quote, FinalBill, Adjustment, Account)
            for row in work.session.query(table)
        }
    )
    assert currencies == {"JPY"}
