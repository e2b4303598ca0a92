"""Languages are folders of files: read and checked at the start, and English where they lack."""

from __future__ import annotations

import json
import shutil
from datetime import datetime, time
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from clients import Api
from factories import World, account, person

from farewell.billing.money import Money
from farewell.chat.plain import is_plain_yes
from farewell.chat.tables import Conversation
from farewell.config import REPOSITORY
from farewell.i18n import LanguageError, catalogues, preferred, read_catalogues
from farewell.languages import missing

HEADER = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=utf-8\\n"\n\n'


@pytest.fixture
def locales(tmp_path: Path) -> Path:
    """English, and German with a few words."""
    folder = tmp_path / "locales"
    shutil.copytree(REPOSITORY / "locales" / "en", folder / "en")
    yes = {"plain.yes": "ja|jawohl", "plain.yes.after": "bitte", "plain.polite": "danke"}
    write(folder, **yes, **{"account.named": "{name} (Nr. {number})"})
    (folder / "de" / "page.json").write_text(json.dumps({"chat": {"send": "Senden"}}))
    return folder


@pytest.fixture
def german(locales: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """German exists."""
    monkeypatch.setattr("farewell.i18n.catalogues", lambda: read_catalogues(locales))


def write(folder: Path, language: str = "de", /, **texts: str) -> None:
    """A language's catalogue with these texts."""
    (folder / language).mkdir(exist_ok=True)
    entries = "\n".join(f'msgid "{key}"\nmsgstr "{text}"\n' for key, text in texts.items())
    (folder / language / "backend.po").write_text(HEADER + entries, encoding="utf-8")


def test_a_language_says_what_it_has_and_english_otherwise(locales: Path) -> None:
    german = read_catalogues(locales)["de"]

    assert german.text("account.named", name="A", number="1") == "A (Nr. 1)"
    assert german.text("day.mon") == "Monday"
    assert german.page_words()["chat"]["send"] == "Senden"
    assert german.page_words()["chat"]["leave"] == "Other person"


def test_days_times_and_money_are_written_as_the_language_does(locales: Path) -> None:
    german = read_catalogues(locales)["de"]
    at = datetime(2026, 11, 23, 8, 0, tzinfo=ZoneInfo("America/New_York"))

    assert german.day(at.date()) == "23.11.2026"
    assert german.clock(time(20, 0)) == "20:00"
    assert german.moment(at) == "Mo., 23. Nov. 2026, 08:00 EST"
    assert german.money(Money(1467, "USD")).replace("\xa0", " ") == "14,67 $"


@pytest.mark.parametrize(
    ("texts", "reason"),
    [
        ({"day.monday": "Montag"}, "day.monday: English has no such text"),
        ({"account.named": "{name} ({nummer})"}, "account.named: the facts in braces differ"),
        ({"account.named": "{name}"}, "account.named: the facts in braces differ"),
    ],
)
def test_a_text_that_does_not_fit_is_refused_with_its_place(
    locales: Path, texts: dict[str, str], reason: str
) -> None:
    write(locales, **texts)

    with pytest.raises(LanguageError, match=r"^de/backend\.po: ") as refused:
        read_catalogues(locales)
    assert reason in str(refused.value)


def test_a_folder_that_is_no_language_is_refused(locales: Path) -> None:
    write(locales, "klingon", **{"day.mon": "x"})

    with pytest.raises(LanguageError, match="klingon/"):
        read_catalogues(locales)


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        ("de", "de"),
        ("de-AT,en;q=0.5", "de"),
        ("fr,de;q=0.3,en;q=0.8", "en"),
        ("fr;q=x,de;q=0.3", "de"),
        ("fr", "en"),
        ("", "en"),
    ],
)
@pytest.mark.usefixtures("german")
def test_a_browser_gets_the_language_that_it_likes_best(accepted: str, language: str) -> None:
    assert preferred(accepted).language == language


@pytest.mark.usefixtures("german")
def test_the_page_comes_in_the_browsers_language(api: Api) -> None:
    page = api.call("GET", "/", headers={"Accept-Language": "de"}).text
    words = api.call("GET", "/assets/words/de.json").json()

    assert '<html lang="de">' in page
    assert "{" not in page
    assert words["chat"]["send"] == "Senden"


@pytest.mark.parametrize(
    ("offered", "spoken"), [("de", "de"), ("de-CH", "de"), ("xx", "en"), (None, "en")]
)
@pytest.mark.usefixtures("german")
def test_a_visitor_is_spoken_to_in_the_language_of_the_page(
    api: Api, offered: str | None, spoken: str
) -> None:
    body = {"vendor": "tresta", "language": offered}
    guest = api.call("POST", "/api/v1/guest", json=body).json()
    api.say(guest["token"], "hello")

    assert guest["language"] == spoken
    assert api.rasa.requests[0]["metadata"] == {"language": spoken}


@pytest.mark.usefixtures("german")
def test_a_plain_yes_is_one_of_the_persons_language(api: Api, world: World) -> None:
    world.load(account(), people=[person("ann@example", language="de")])
    api.sign_in()

    def understood(word: str) -> bool:
        return world.run(lambda w: is_plain_yes(w.session.query(Conversation).one(), word))

    assert understood("Jawohl!")
    assert not understood("yes")


def test_what_is_missing_is_named(locales: Path) -> None:
    (locales / "de" / "responses.yml").write_text("responses: {utter_greet: [{text: Hallo}]}")

    lacks = missing(locales, REPOSITORY / "policies", REPOSITORY / "domain.yml")["de"]

    assert "backend.po: day.mon" in lacks
    assert "backend.po: plain.yes" not in lacks
    assert "page.json: chat.leave" in lacks
    assert "page.json: chat.send" not in lacks
    assert "responses.yml: utter_thanks" in lacks
    assert "responses.yml: utter_greet" not in lacks
    assert "tresta.yml: account_types.standalone.name" in lacks


def test_the_languages_that_are_here_can_be_used() -> None:
    assert "en" in catalogues()
