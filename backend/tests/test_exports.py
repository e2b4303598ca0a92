"""An export holds everything that is stored, before a closing and after it."""

from __future__ import annotations

import json
import zipfile
from datetime import UTC, datetime, timedelta
from typing import Any

from factories import World, account, agency_with, phone, the_account, usage
from sqlalchemy import select

from farewell.audit import Actor
from farewell.closing.tables import Closure
from farewell.lifecycle.exports import make_export, still_readable


def ctm(**more: Any) -> dict[str, Any]:
    """A CTM standalone account."""
    return account("C-1", vendor="ctm", roles={"ann@example": "administrator"}, **more)


def content(world: World, number: str) -> dict[str, Any]:
    """What an export of an account holds now."""
    file = world.run(
        lambda work: make_export(work, the_account(work, number), Actor("ann", "api")).file
    )
    with zipfile.ZipFile(world.folder / "exports" / file) as archive:
        found: dict[str, Any] = json.loads(archive.read("account.json"))
    return found


def test_nothing_is_missing_after_the_closing(world: World) -> None:
    world.load(ctm(numbers=[phone()], charges=[usage("Minutes", 845)]))
    before = content(world, "C-1")

    world.close("C-1")

    after = content(world, "C-1")
    assert [n["e164"] for n in after["numbers"]] == [n["e164"] for n in before["numbers"]]
    assert [n["status"] for n in after["numbers"]] == ["released"]
    assert [(c["description"], c["status"]) for c in before["charges"]] == [("Minutes", "open")]
    assert [(c["description"], c["status"]) for c in after["charges"]] == [("Minutes", "billed")]
    assert before["plan"]["name"] == after["plan"]["name"]
    assert (before["closures"], len(after["closures"])) == ([], 1)
    assert after["closures"][0]["final_bill"]["lines"][0]["amount_minor"] == 845


def test_sub_accounts_are_in_it_closed_ones_too(world: World) -> None:
    world.load(*agency_with("S-1", "S-2"))
    world.close("S-1")

    found = content(world, "A-1")

    assert {s["number"]: s["status"] for s in found["sub_accounts"]} == {
        "S-1": "closed",
        "S-2": "active",
    }
    assert all(s["numbers"] for s in found["sub_accounts"])


def test_closed_data_is_readable_until_its_last_day_is_over(world: World) -> None:
    world.load(ctm())
    world.close("C-1")

    def readable() -> bool:
        return world.run(
            lambda work: still_readable(
                work, the_account(work, "C-1"), work.session.scalars(select(Closure)).one()
            )
        )

    end = datetime(2027, 1, 10, 5, tzinfo=UTC)  # Jan 9 is over in New York
    world.clock.now = end - timedelta(seconds=1)
    assert readable()
    world.clock.now = end
    assert not readable()
