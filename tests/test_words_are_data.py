"""What customers read is in files of words, never in code: another language is files alone."""

from __future__ import annotations

from pathlib import Path

import pytest
from stray_words import UNREAD_PLACES, in_html, in_javascript, in_python

from launch.paths import ROOT

PYTHON = [
    path
    for folder in ("backend/src", "actions", "components")
    for path in sorted((ROOT / folder).rglob("*.py"))
]
PAGES = [
    path
    for kind in ("*.html", "*.js", "*.ts")
    for path in sorted((ROOT / "web").rglob(kind))
    if "node_modules" not in path.parts
]


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def unread_in(path: Path) -> set[str]:
    return next((p for file, p in UNREAD_PLACES.items() if name(path).endswith(file)), set())


@pytest.mark.parametrize("path", PYTHON, ids=name)
def test_no_sentence_for_customers_is_in_python(path: Path) -> None:
    assert in_python(path.read_text(encoding="utf-8"), unread_in(path)) == []


@pytest.mark.parametrize("path", PAGES, ids=name)
def test_no_sentence_for_customers_is_in_the_page(path: Path) -> None:
    look = in_html if path.suffix == ".html" else in_javascript
    assert look(path.read_text(encoding="utf-8")) == []


def test_there_is_something_to_look_at() -> None:
    assert len(PYTHON) > 50
    assert {"index.html", "chat.js"} <= {path.name for path in PAGES}


@pytest.mark.parametrize("file", UNREAD_PLACES)
def test_every_exempt_place_is_needed(file: str) -> None:
    (path,) = [path for path in PYTHON if name(path).endswith(file)]
    source, places = path.read_text(encoding="utf-8"), UNREAD_PLACES[file]
    for place in places:
        assert len(in_python(source, places - {place})) > len(in_python(source, places)), place


@pytest.mark.parametrize(
    "planted",
    [
        'say("Your account is closed.")',
        'reply = "Please wait"',
        'def title():\n    return "Close it"',
        'BUTTONS = {"yes": "Yes, please"}',
        'facts = {"method": "the card on file"}',
        'text = f"{first} and {last}"',
        'text = f"Closed: {account} on {day}"',
        'title = "Skip"',
        'words = "Done."',
        'log.info("fine here")\nsay("but not here")',
        'raise Late("fine here") from error\nsay("but not here")',
        'class Reply:\n    """A reply."""\n    text: str = "not this one"',
        'def greet(words="hello there"):\n    """Greet."""',
        'Statement("closed", {"how": "by the customer"})',
        'label = "Número de cuenta"',
    ],
)
def test_a_sentence_that_is_planted_in_python_is_found(planted: str) -> None:
    assert in_python(planted)


@pytest.mark.parametrize(
    "fine",
    [
        '"""What this module is for."""',
        'class Case:\n    state: str\n    """How far it is."""',
        'log.warning("no answer for %s", conversation_id)',
        'raise ValueError("give a source or a reason")',
        'raise Problem(404, "not_found", "There is no such account.")',
        'typer.echo(f"{people} people added")',
        'code = "quote_changed"',
        'key = f"gateway.{kind}"',
        'path = f"/exports/{export_id}"',
        'session.execute(text("SELECT 1 FROM accounts"))',
        'pattern = re.compile(r"yes or no")',
        'text = "\\n".join(f"• {item}" for item in items)',
    ],
)
def test_what_no_customer_reads_is_let_be(fine: str) -> None:
    assert in_python(fine) == []


@pytest.mark.parametrize(
    "planted",
    [
        "<p>Welcome</p>",
        "<button>Send it</button>",
        "<title>Close your account</title>",
        '<input placeholder="Write a message">',
        '<a title="More" href="/more"></a>',
        '<div aria-label="Conversation"></div>',
        '<img alt="A person">',
        "<noscript>Please turn on JavaScript {version}</noscript>",
    ],
)
def test_a_word_that_is_planted_in_the_page_is_found(planted: str) -> None:
    assert len(in_html(planted)) == 1


@pytest.mark.parametrize(
    "planted",
    [
        'element.textContent = "Please wait";',
        "say('That went wrong');",
        "say(`You have ${n} characters left`);",
        "say(`${n} left`);",
        'button.title = "Send";',
        'const words = { heading: "Good morning" };',
        'element.setAttribute("aria-label", "Your message");',
        '// a comment\nsay("not a comment");',
    ],
)
def test_a_sentence_that_is_planted_in_the_script_is_found(planted: str) -> None:
    assert in_javascript(planted)


def test_what_the_script_needs_is_let_be() -> None:
    fine = '// Two words\nmake("p", "note"); ask(`/api/v1/x?after=${id}`); fill(words.chat.left);'
    assert in_javascript(fine) == []
