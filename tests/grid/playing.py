"""Plays one cell: to the place, the interruption in between, and on from there."""

from __future__ import annotations

import json
from typing import Any

from wire.copies import Names
from wire.expecting import differences, holds
from wire.farewell import Farewell
from wire.scripts import Script
from wire.talk import Talk, Turn

from grid.reading import Cell, Place
from grid.wording import HUMAN, WORDINGS, is_worded, titles


class Playing:
    """One cell being played. `answers` says what answers a question that it led to."""

    def __init__(self, farewell: Farewell, cell: Cell, answers: dict[str, str]) -> None:
        self.farewell, self.cell, self.place = farewell, cell, cell.place
        self.expected = cell.expected
        own = {"choose_account": f"[{self.place.named}]"} if self.place.named else {}
        self.answers = answers | own | {self.place.asks: self.place.answer}
        self.named = Names(cell.number)
        self.accounts = [account["number"] for account in script_of(cell).also["accounts"]]
        self.accounts += self.place.data
        self.written: list[str] = []
        """The transcript, for the message of a failure."""

    def arrive(self) -> None:
        """Go the shortest way to the place, and see that its question is asked."""
        base, place = self.farewell.base_url, self.place
        if place.again:
            self.farewell.forget_wrong_answers()
        if place.person:
            self.talk = Talk.sign_in(base, self.named(place.person))
        else:
            self.talk = Talk.visit(base, place.visitor)
        for words in way_of(self.cell):
            turn = self._act(words)
        if not place.again:
            self._asks(turn, place.asks, "first", place)
        self.before = self._held()

    def interrupt(self) -> None:
        """Say it, once or twice, and see what comes of it."""
        once = self.cell.interruption.once or self.expected.once
        for n, words in enumerate(self.cell.interruption.say[: 1 if once else None]):
            turn = self._act(words)
            self._says(self._before_the_question(turn), self.expected.says)
            for unwanted in self.named(list(self.expected.says_not)):
                assert not holds(turn.text, unwanted), f"says {unwanted!r}"
            self._follows(turn, WORDINGS[n + 1])
        self._check_unchanged()

    def go_on(self, to_the_end: bool) -> None:
        """Answer what is open now; from the place's own question the way leads to its end."""
        place, expected = self.place, self.expected
        if expected.next:
            return self._next(expected.next)
        if expected.then == "rest" and not place.rests:
            return None
        leads_to = self._leads_to()
        if leads_to:
            return self._answer_other(leads_to)
        self._says(self._act(place.answer), expected.answered or place.then)
        if expected.answered:
            return None
        if to_the_end or not place.finish:
            for words in place.finish:
                self._act(words)
            self._check_ends()
        return None

    def _next(self, words: str) -> None:
        turn = self._act(words)
        if self.expected.closes:
            self._says(turn, self.place.then)
            return self._check_ends()
        self._says(turn, self.expected.next_says)
        if asked := self.expected.next_asks:
            last = turn.messages[-1]["text"]
            assert any(is_worded(last, asked, w) for w in WORDINGS), f"does not ask {asked}: {last}"
        return self._check_unchanged()

    def _answer_other(self, question: str) -> None:
        if question not in self.answers:
            return
        turn = self._act(self.answers[question])
        last = turn.messages[-1]["text"]
        assert not any(is_worded(last, question, w) for w in WORDINGS), f"{question} is not settled"

    def _act(self, words: str) -> Turn:
        presses = words.startswith("[")
        said = self.named(words.strip("[]") if presses else words)
        self.written.append(f"> {words[:80]}")
        turn = self.talk.send(self.talk.payload(said) if presses else said)
        self.written += [f"    {line}" for line in turn.text.splitlines()]
        if turn.buttons:
            self.written.append("    " + " ".join(f"[{b['title']}]" for b in turn.buttons))
        return turn

    def _says(self, turn: Turn, wanted: tuple[Any, ...]) -> None:
        for one in self.named(list(wanted)):
            assert holds(turn.text, one), f"does not say {one!r}"

    def _before_the_question(self, turn: Turn) -> Turn:
        """What was said before the place's question came again: its words are no answer."""
        place = self.place
        if self.expected.then or place.rests or place.again:
            return turn
        said = turn.messages[:-1]
        return Turn("\n".join(message["text"] for message in said), [], 0, said)

    def _leads_to(self) -> str:
        """The other question that must follow, if it is another one."""
        then = self.expected.then
        if not isinstance(then, dict):
            return ""
        return self.place.second_asks if then["asks"] == "second" else str(then["asks"])

    def _follows(self, turn: Turn, wording: str) -> None:
        leads_to = self._leads_to()
        if leads_to:
            then: dict[str, str] = self.expected.then
            own = self.place if leads_to == self.place.asks and not self.cell.with_second else None
            self._asks(turn, leads_to, then.get("wording", "first"), own)
        elif self.place.again and self.expected.then != "rest":
            self._says(turn, self.place.again)
            self._offers(turn, set(self.place.options))
        elif self.expected.then == "rest" or self.place.rests:
            assert self.place.rests or not self._still_asks(turn), "the question is still asked"
        else:
            self._asks(turn, self.place.asks, wording, self.place)

    def _still_asks(self, turn: Turn) -> bool:
        if self.place.again:
            return all(holds(turn.text, one) for one in self.place.again)
        last = turn.messages[-1]["text"]
        return any(is_worded(last, self.place.asks, wording) for wording in WORDINGS)

    def _asks(self, turn: Turn, question: str, wording: str, place: Place | None) -> None:
        last = turn.messages[-1]["text"]
        assert is_worded(last, question, wording), f"does not ask {question} ({wording}): {last}"
        wanted = titles(question, wording) | set(place.options if place else ())
        self._offers(turn, wanted | ({HUMAN} if wording == "with_human" else set()))

    def _offers(self, turn: Turn, wanted: set[str]) -> None:
        offered = {button["title"] for button in turn.messages[-1].get("buttons", [])}
        missing = set(self.named(sorted(wanted))) - offered
        assert not missing, f"no button {', '.join(sorted(missing))}"

    def _held(self) -> dict[str, dict[str, Any]]:
        return {account: parts_of(self._show(account)) for account in self.accounts}

    def _show(self, account: str) -> dict[str, Any]:
        return self.farewell.show(self.named(account))

    def _check_unchanged(self) -> None:
        """Nothing happened to the account, but for what the interruption is meant to do."""
        for account, now in self._held().items():
            for part, held in now.items():
                was = self.before[account][part]
                allowed = part in self.expected.may or (
                    part in ("answers", "reason") and "case" in self.expected.may
                )
                assert allowed or held == was, (
                    f"{account}: {part} changed from {json.dumps(was)} to {json.dumps(held)}"
                )

    def _check_ends(self) -> None:
        for account, wanted in self.named(self.place.ends).items():
            found = list(differences(self.farewell.show(account), wanted))
            assert not found, f"{account}: " + "; ".join(found)


def parts_of(shown: dict[str, Any]) -> dict[str, Any]:
    """What an account holds, in the parts that an interruption may or may not change."""
    account, case = dict(shown["account"]), dict(shown["closing_case"] or {})
    account["status"] = {"closing": "active"}.get(account["status"], account["status"])
    parts = {k: v for k, v in shown.items() if k not in ("account", "closing_case")}
    return {
        **parts,
        "account": account,
        "case": {key: case.get(key) for key in ("id", "state", "standing_limit_minor")},
        "answers": case.get("answers"),
        "reason": [case.get("reason_code"), case.get("reason_words")],
    }


def way_of(cell: Cell) -> list[str]:
    """The way to the place; who has two accounts says which after the first message."""
    way = list(cell.place.way)
    return [way[0], f"[{cell.place.named}]", *way[1:]] if cell.with_second else way


def script_of(cell: Cell) -> Script:
    """The cell's accounts and people, in the form that gets copied."""
    place = cell.place
    also = {"people": [], "accounts": [], **place.also}
    if cell.with_second:
        also["accounts"] = [*also["accounts"], place.second]
    return Script("grid", cell.number, cell.id, (), place.person, data=place.data, also=also)
