"""Plays one written conversation and checks what it expects."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from launch.http import call
from wire.copies import Names
from wire.expecting import differences, holds
from wire.farewell import NOW, Farewell
from wire.scripts import Script, Step
from wire.talk import Talk, Turn

LATE_SECONDS = 20


class Play:
    """One conversation being played."""

    def __init__(self, farewell: Farewell, script: Script) -> None:
        self.farewell = farewell
        self.script = script
        self.named = Names(script.key)
        self.written: list[str] = []
        """The transcript, for the message of a failure."""
        self.messages = 0
        self.talks: list[tuple[str | None, Talk]] = []
        self.stopped: set[str] = set()

    def run(self) -> None:
        try:
            self.farewell.set_clock(self.script.clock or NOW)
            self._open(self.script.person or self.script.visitor, bool(self.script.person))
            for number, step in enumerate(self.script.steps, 1):
                self._step(number, step)
            self._check_state(self.script.finally_, "finally")
            most = self.script.at_most
            assert most is None or self.messages <= most, (
                f"{self.messages} messages, at most {most}"
            )
        except AssertionError as error:
            transcript = "\n".join(self.written)
            raise AssertionError(f"{error}\n\n{transcript}") from None
        finally:
            self._mend()

    def _open(self, who: str | None, signs_in: bool) -> Turn:
        base = self.farewell.base_url
        self.talk = Talk.sign_in(base, self.named(who)) if signs_in else Talk.visit(base, who)
        self.talks.append((who, self.talk))
        self.written.append(f"== {who or 'a visitor'}")
        return Turn("", [], 0)

    def _step(self, number: int, step: Step) -> None:
        self.written.append(f"> {step.act}: {step.value}")
        turn = self._act(step.act, self.named(step.value))
        self.written.append("\n".join(f"    {line}" for line in turn.text.splitlines()))
        if turn.buttons:
            self.written.append("    " + " ".join(f"[{b['title']}]" for b in turn.buttons))
        at = f"step {number} ({step.act}: {str(step.value)[:60]})"
        self._check(turn, step.expects, at)

    def _act(self, act: str, value: Any) -> Turn:
        acts: dict[str, Callable[[Any], Turn]] = {
            "customer": self._customer,
            "press": lambda title: self._send(self.talk.payload(title)),
            "press again": lambda title: self._send(self.talk.payload(title, ever=True)),
            "press of another conversation": self._press_foreign,
            "press twice at once": self._press_twice,
            "sign in": lambda email: self._open(email.replace(self._mark, ""), signs_in=True),
            "return to": self._return_to,
            "visit": lambda vendor: self._open(vendor, signs_in=False),
            "reload": self._reload,
            "comes later": self._comes_later,
            "nowhere": self._nowhere,
            "host": self._host,
            "stop": self._stop,
            "start": self._start,
            "freeze": lambda name: self._quietly(self.farewell.freeze, name),
            "thaw": lambda name: self._quietly(self.farewell.thaw, name),
            "clock": lambda moment: self._quietly(self.farewell.set_clock, moment),
            "sweep": lambda moment: self._quietly(
                self.farewell.command, "sweep", "--as-of", moment
            ),
        }
        return acts[act](value)

    def _customer(self, said: str | dict[str, Any]) -> Turn:
        return self._send(said if isinstance(said, str) else said["text"] * said["times"])

    def _send(self, message: str) -> Turn:
        self.messages += 1
        return self.talk.send(message)

    def _press_foreign(self, title: str) -> Turn:
        others = [talk for _, talk in self.talks if talk is not self.talk]
        return self._send(others[-1].payload(title))

    def _press_twice(self, title: str) -> Turn:
        payload = self.talk.payload(title)
        self.messages += 1
        url = f"{self.farewell.base_url}/webhooks/rest/webhook"

        def press(_: int) -> list[dict[str, Any]]:
            answer: list[dict[str, Any]] = call(
                "POST", url, {"message": payload}, token=self.talk.token, timeout=60
            )
            return answer

        with ThreadPoolExecutor(2) as pool:
            answers = list(pool.map(press, range(2)))
        self.talk.fetch()
        return self.talk.turn([message for answer in answers for message in answer])

    def _return_to(self, who: str) -> Turn:
        who = who.replace(self._mark, "")
        self.talk = [talk for name, talk in self.talks if name == who][-1]
        return self.talk.turn([m for m in self.talk.fetch() if m["sender"] != "customer"])

    def _reload(self, _: bool) -> Turn:
        """The page is opened again: it shows everything that was said, and the open question."""
        offered = self.talk.offered
        self.talk.heard = 0
        kept = self.talk.fetch()
        for message in kept:
            if message["sender"] != "customer":
                self.talk.turn([message])
        assert self.talk.offered == offered, "the page lost the open question"
        return Turn("\n".join(message["text"] for message in kept), offered, 0)

    def _host(self, news: dict[str, str]) -> Turn:
        """The host application reports how a port-out goes; what is said then is this turn."""
        call(
            "PUT",
            f"{self.farewell.base_url}/api/v1/service/numbers/{news['number']}/port-out",
            {"status": news["port"]},
            token=self.farewell.service_token,
        )
        return self.talk.turn([m for m in self.talk.fetch() if m["sender"] != "customer"])

    def _comes_later(self, wanted: str) -> Turn:
        """An answer that was late is waited for."""
        deadline = time.monotonic() + LATE_SECONDS
        heard: list[dict[str, Any]] = []
        while not any(holds(message["text"], wanted) for message in heard):
            assert time.monotonic() < deadline, f"{wanted!r} never came"
            time.sleep(0.2)
            heard += [m for m in self.talk.fetch() if m["sender"] != "customer"]
        return self.talk.turn(heard)

    def _nowhere(self, secret: str) -> Turn:
        """No file of Farewell holds it: not the database, not a log."""
        for file in self.farewell.data_dir.rglob("*"):
            if file.is_file():
                assert secret.encode().lower() not in file.read_bytes().lower(), f"in {file.name}"
        return Turn("", [], 0)

    def _stop(self, name: str) -> Turn:
        self.stopped.add(name)
        return self._quietly(self.farewell.stop, name)

    def _start(self, name: str) -> Turn:
        self.farewell.start(name)
        self.farewell.wait_ready()
        self.stopped.discard(name)
        return Turn("", [], 0)

    @staticmethod
    def _quietly(do: Callable[..., Any], *values: str) -> Turn:
        do(*values)
        return Turn("", [], 0)

    @property
    def _mark(self) -> str:
        return f".{self.script.key:02d}"

    def _mend(self) -> None:
        """Leave Farewell whole for the next conversation."""
        for name in ("rasa", "actions", "backend"):
            self.farewell.thaw(name)
        for name in list(self.stopped):
            self._start(name)

    def _check(self, turn: Turn, expects: dict[str, Any], at: str) -> None:
        for wanted in self.named(expects.get("says", [])):
            assert holds(turn.text, wanted), f"{at}: does not say {wanted!r}"
        for unwanted in self.named(expects.get("says not", [])):
            assert not holds(turn.text, unwanted), f"{at}: says {unwanted!r}"
        titles = [button["title"] for button in turn.buttons]
        for title in self.named(expects.get("buttons", [])):
            assert title in titles, f"{at}: no button {title!r} among {titles}"
        for title in self.named(expects.get("buttons not", [])):
            assert title not in titles, f"{at}: there is a button {title!r}"
        if expects.get("no buttons"):
            assert not titles, f"{at}: there are buttons {titles}"
        self._check_state(expects.get("state", {}), at)

    def _check_state(self, expected: dict[str, Any], at: str) -> None:
        for account, wanted in self.named(expected).items():
            shown = self.farewell.show(account)
            standing = [c for c in shown["closures"] if c["undone_at"] is None]
            assert len(standing) <= 1, f"{at}: {account} has {len(standing)} standing closures"
            found = list(differences(shown, wanted))
            assert not found, f"{at}: {account}: " + "; ".join(found)
