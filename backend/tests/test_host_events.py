"""The host application hears what it has to do: signed, at least once, until it answers."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest
from factories import NOON, World, account, agency_with, e164, phone, the_account, the_person
from pydantic import HttpUrl, SecretStr
from standardwebhooks import Webhook, WebhookVerificationError
from test_settlement import duty

from farewell.audit import Actor
from farewell.host.addresses import HostAddress, HostsError, load_hosts
from farewell.host.calling import HostCaller
from farewell.lifecycle.reactivation import restore_numbers
from farewell.work import Work

SECRET = "whsec_" + "QUFB" * 8
ADMIN = {"ann@example": "administrator"}


class Host:
    """A host application: answers as it is told, and keeps what it got."""

    def __init__(self) -> None:
        self.status = 204
        self.got: list[tuple[httpx.Headers, bytes]] = []
        self.dies = False

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.got.append((request.headers, request.content))
        if self.dies:
            raise httpx.ReadTimeout("no answer")
        return httpx.Response(self.status)

    def events(self) -> list[tuple[str, dict[str, Any]]]:
        """Types and facts, in the order in which they came."""
        bodies = [json.loads(body) for _, body in self.got]
        return [(body["type"], body["data"]) for body in bodies]

    def of(self, kind: str) -> list[dict[str, Any]]:
        """Facts of the events of a type."""
        return [data for name, data in self.events() if name == kind]


@pytest.fixture
def host(world: World) -> Host:
    """The host application of all three vendors."""
    answering = Host()
    address = HostAddress(url=HttpUrl("https://host.example/events"), secret=SecretStr(SECRET))
    world.hosts.update(dict.fromkeys(world.policies, address))
    world.host = HostCaller(world.hosts, world.clock, httpx.MockTransport(answering))
    return answering


def statuses(world: World, number: str) -> list[str]:
    return [n["status"] for n in world.show(number)["numbers"]]


def come_back(world: World, number: str) -> None:
    """Reactivate, and restore the numbers."""
    world.reactivate(number)

    def use(work: Work) -> None:
        who, each = the_person(work, "ann@example"), the_account(work, number)
        restore_numbers(work, person=who, account=each, actor=Actor("person:x", "api"))

    world.run(use)


def test_a_closing_is_told_and_every_event_is_signed(world: World, host: Host) -> None:
    world.load(account())
    world.close()
    world.sweep()

    ((headers, body),) = host.got
    closure = world.show("T-1")["closures"][0]
    assert json.loads(body) == {
        "type": "account.closed",
        "timestamp": closure["closed_at"],
        "data": {
            "account": "T-1",
            "closure": closure["number"],
            "kind": "closed",
            "closed_at": closure["closed_at"],
        },
    }
    signature = headers["webhook-signature"]
    at = world.clock()
    assert headers["webhook-timestamp"] == str(int(at.timestamp()))
    assert Webhook(SECRET).sign(headers["webhook-id"], at, body.decode()) == signature


def test_a_changed_body_does_not_verify(world: World, host: Host) -> None:
    world.clock.now = NOON.now(NOON.tzinfo)
    world.load(account())
    world.close()
    world.sweep()

    ((headers, body),) = host.got
    Webhook(SECRET).verify(body, dict(headers))
    with pytest.raises(WebhookVerificationError):
        Webhook(SECRET).verify(body.replace(b"T-1", b"T-2"), dict(headers))


def test_a_number_is_releasing_until_the_host_has_acknowledged(world: World, host: Host) -> None:
    world.load(account("C-1", vendor="ctm", roles=ADMIN, numbers=[phone(), phone(1)]))
    host.status = 500
    world.close("C-1")
    world.sweep()
    assert statuses(world, "C-1") == ["releasing", "releasing"]

    host.status = 200
    world.clock.forward(minutes=2)
    world.sweep()

    assert statuses(world, "C-1") == ["released", "released"]
    assert host.of("numbers.release")[-1]["numbers"] == [e164(0), e164(1)]


@pytest.mark.parametrize("failure", ["status", "silence", "redirect"])
def test_what_is_not_acknowledged_comes_again_under_the_same_id(
    world: World, host: Host, failure: str
) -> None:
    world.load(account())
    world.close()
    host.status = {"status": 503, "redirect": 302}.get(failure, 204)
    host.dies = failure == "silence"
    world.sweep()
    assert duty(world, "host_account_closed")["state"] == "planned"

    host.status, host.dies = 204, False
    world.clock.forward(minutes=2)
    world.sweep()
    world.sweep()

    ids = [headers["webhook-id"] for headers, _ in host.got]
    assert len(ids) == 2
    assert len(set(ids)) == 1
    assert duty(world, "host_account_closed")["state"] == "done"


def test_a_host_that_never_answers_ends_with_a_human(world: World, host: Host) -> None:
    world.load(account())
    world.close()
    host.status = 500

    for _ in range(40):
        world.clock.forward(hours=3)
        world.sweep()

    shown = world.show("T-1")
    assert "no_answer" in [task["code"] for task in shown["human_tasks"]]
    assert duty(world, "host_account_closed")["state"] == "needs_human"


def test_without_a_host_nobody_is_told_and_numbers_are_released_at_once(world: World) -> None:
    world.load(account("C-1", vendor="ctm", roles=ADMIN, numbers=[phone()]))
    world.close("C-1")
    assert statuses(world, "C-1") == ["released"]

    world.sweep()

    assert duty(world, "host_account_closed", "C-1")["state"] == "canceled"


def test_an_agency_tells_of_each_account_that_closes_with_it(world: World, host: Host) -> None:
    world.load(*agency_with("A-2", "A-3"))
    world.close("A-1")
    world.sweep()

    assert {data["account"] for data in host.of("account.closed")} == {"A-1", "A-2", "A-3"}
    assert {data["account"] for data in host.of("numbers.release")} == {"A-2", "A-3"}


def test_a_settled_bill_is_told_with_its_amount(world: World, host: Host) -> None:
    world.load(account(), account("T-2", balance_minor=9000))
    world.close()
    world.close("T-2")
    world.clock.forward(days=6)
    world.sweep()
    world.sweep()

    told = {data["account"]: data for data in host.of("bill.settled")}
    assert (told["T-1"]["total_minor"], told["T-1"]["status"]) == (1000, "settled")
    assert (told["T-2"]["refund_minor"], told["T-2"]["status"]) == (8000, "settled")


def test_who_comes_back_is_told_with_the_numbers_that_come_back(world: World, host: Host) -> None:
    rows = agency_with("A-2")
    rows[1]["roles"] = ADMIN
    world.load(*rows)
    world.close("A-2")
    world.sweep()

    come_back(world, "A-2")
    world.sweep()

    assert statuses(world, "A-2") == ["active"]
    assert host.of("numbers.restore")[-1]["numbers"] == [e164(0)]
    assert [name for name, _ in host.events()].count("account.reactivated") == 1


def test_who_comes_back_before_the_host_heard_of_it_is_not_released(
    world: World, host: Host
) -> None:
    rows = agency_with("A-2")
    rows[1]["roles"] = ADMIN
    world.load(*rows)
    world.close("A-2")

    come_back(world, "A-2")
    world.sweep()

    assert host.of("numbers.release") == []
    assert statuses(world, "A-2") == ["active"]


def test_a_conversion_and_signing_out_are_told(world: World, host: Host) -> None:
    owner = {"ann@example": "owner"}
    world.load(
        account("O-1", vendor="ontraport", type="premium_pages", roles=owner),
        account("O-2", vendor="ontraport", type="full", roles=owner),
    )
    world.close("O-1")
    world.close("O-2")
    world.sweep()

    assert host.of("plan.convert")[0]["plan"]
    assert host.of("sessions.revoke")[0]["subjects"] == ["ann@example"]
    assert {data["account"] for data in host.of("data.purge")} == {"O-2"}


# --- the file of addresses ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("tresta: {url: http://host.example, secret: whsec_QUFB}", "https"),
        ("tresta: {url: https://host.example, secret: whsec_QUFB}", "at least 24 bytes"),
        ("tresta: {url: https://host.example, secret: '%%%'}", "base64"),
        ("tresta: {url: https://host.example}", "secret"),
        ("- tresta", "expected vendors"),
        ("{", "not valid YAML"),
    ],
)
def test_a_bad_file_is_refused_and_no_secret_is_told(tmp_path: Any, content: str, why: str) -> None:
    file = tmp_path / "hosts.yml"
    file.write_text(content)

    with pytest.raises(HostsError, match=why) as refused:
        load_hosts(file)

    assert "QUFB" not in str(refused.value)


def test_a_good_file_is_read(tmp_path: Any) -> None:
    file = tmp_path / "hosts.yml"
    file.write_text(f"tresta: {{url: 'http://127.0.0.1:9000/x', secret: {SECRET}}}")

    assert str(load_hosts(file)["tresta"].url) == "http://127.0.0.1:9000/x"
