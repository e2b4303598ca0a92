"""Finds sentences that were written into code instead of the files of words.

Words are two of them in a row, one with a capital letter, or one beside a fact in an f-string.
They are fine where customers never read them: those places are listed here.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Iterator
from html.parser import HTMLParser

TWO_WORDS = re.compile(r"[^\W\d_]{2,}[^\w\n]*\s[^\w\n]*[^\W\d_]+")
ONE_WORD = re.compile(r"\s*[^\W\d_a-z][^\W\d_A-Z]{2,}\s*[.!?…:]?\s*")
BESIDE_A_FACT = re.compile(r"[^\W\d_]{2,}[.,:;!?…]*\s|\s[^\W\d_]{2,}")

FOR_OPERATORS = {
    *("log.debug", "log.info", "log.warning", "log.error", "log.exception"),
    *("logging.basicConfig", "Counter", "Histogram"),
    *("typer.echo", "typer.Option", "typer.Argument", "typer.Typer"),
}
FOR_INTEGRATORS = {"Problem", "not_found", "FastAPI"}
NO_WORDS = {
    *("text", "re.compile", "re.sub", "re.split"),  # SQL and patterns
}
UNREAD_CALLS = FOR_OPERATORS | FOR_INTEGRATORS | NO_WORDS
"""Functions whose texts no customer reads."""

UNREAD_PLACES = {
    "farewell/app.py": {"PAGE_HEADERS"},
    "farewell/accounts/load.py": {"at"},
    "farewell/auditing/charges.py": {
        *("_card", "_cash_taken", "_charges_made", "_locks", "_open_charges"),
    },
    "farewell/auditing/checks.py": {"CHECKS", "report"},
    "farewell/auditing/closures.py": {
        *("_bill", "_refunds", "one_closure", "one_final_bill", "one_settlement"),
    },
    "farewell/auditing/promises.py": {
        *("chain_whole", "duties_done", "no_open_port_released", "nothing_past_retention"),
    },
    "farewell/database.py": {"on_connect"},
    "farewell/desk/handover.py": {"summary"},  # for the human who takes over
    "farewell/i18n.py": {"_mistakes"},
    "farewell/payments/ledger.py": {"findings"},
    "farewell/policy/billing.py": {"_contradictions"},
    "farewell/policy/load.py": {"maze_findings"},
    "actions/server.py": {"check_token", "hide_insides"},
    "components/channel.py": {"receive"},
    "components/encoder/graph.py": {"_embedded", "build", "linear", "split", "whole"},
    "components/encoder/runtime.py": {"__init__"},
    "components/encoder/weights.py": {"pretrained"},
    "components/vector_component.py": {"Self"},
    "components/responses.py": {"mistakes", "read_responses"},
}
"""Functions and variables of a module whose texts are for operators or other programs."""

NO_SENTENCES = {
    *("Authorization", "Vary", "Bearer", "Bearer "),
    *("BEGIN IMMEDIATE", "PRAGMA ", "READ COMMITTED"),
}
"""What looks like words, in every program: headers and SQL."""


def is_words(text: str) -> bool:
    """Whether a text is words, and not a name, a code or a pattern."""
    return text not in NO_SENTENCES and bool(TWO_WORDS.search(text) or ONE_WORD.fullmatch(text))


def in_python(source: str, unread: Collection[str] = ()) -> list[str]:
    """Words in Python; `unread` names functions and variables whose texts no customer reads."""
    tree = ast.parse(source)
    fine = {id(part) for node in _unread(tree, unread) for part in ast.walk(node)}
    found = []
    for node in ast.walk(tree):
        if id(node) in fine:
            continue
        match node:
            case ast.Constant(value=str(text)) if is_words(text):
                found.append(text)
            case ast.JoinedStr(values=parts):
                texts = [p.value for p in parts if isinstance(p, ast.Constant)]
                found += [t for t in texts if BESIDE_A_FACT.search(t) and t not in NO_SENTENCES]
            case _:
                pass
    return found


def _unread(tree: ast.AST, names: Collection[str]) -> Iterator[ast.AST]:
    for node in ast.walk(tree):
        match node:
            case ast.Expr(value=ast.Constant()):  # a docstring, also an attribute's
                yield node
            case ast.Raise():
                yield node
            case ast.Call(func=function) if ast.unparse(function) in UNREAD_CALLS:
                yield node
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) if name in names:
                yield node
            case ast.Assign(targets=[ast.Name(id=name)]) if name in {*names, "__all__"}:
                yield node
            case ast.AnnAssign(target=ast.Name(id=name)) if name in names:
                yield node
            case ast.Subscript(value=ast.Name(id="Literal")):
                yield node
            case _:
                pass


READ_ATTRIBUTES = {"title", "placeholder", "aria-label", "alt", "value", "content", "label"}
"""Attributes of HTML whose values people read."""

NAMES = {"Farewell", "width=device-width, initial-scale=1", "light dark"}
"""What a page may say in every language: the product's name, and values that are no words."""


class _Page(HTMLParser):
    """Texts between tags and in the attributes that are read, but for facts in braces."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name in READ_ATTRIBUTES:
                self._see(value or "")

    def handle_data(self, data: str) -> None:
        self._see(data)

    def _see(self, text: str) -> None:
        text = re.sub(r"\{\w+\}", "", text).strip()
        if re.search(r"[^\W\d_]", text) and text not in NAMES:
            self.found.append(text)


def in_html(source: str) -> list[str]:
    """Words in a page: any letters in a text, a title, a placeholder or a label."""
    page = _Page()
    page.feed(source)
    page.close()
    return page.found


JAVASCRIPT = re.compile(
    r"""//[^\n]*|/\*.*?\*/                 # comments
    |(?<=[(=,:]\ )/(?:\\.|\[(?:\\.|[^\]\n])*\]|[^/\\\n\[])+/[a-z]*  # patterns
    |(?<=\()/(?:\\.|\[(?:\\.|[^\]\n])*\]|[^/\\\n\[])+/[a-z]*
    |"((?:\\.|[^"\\\n])*)"|'((?:\\.|[^'\\\n])*)'|`((?:\\.|[^`\\])*)`""",
    re.VERBOSE | re.DOTALL,
)
SCRIPTS_OWN = {
    *("card person", "message ", ".choices button"),  # classes
    *("[data-word], [data-label], [data-placeholder]", "(hover: hover)", "Enter"),
}
"""Values of the page's script that look like words and are none that people read."""


def in_javascript(source: str) -> list[str]:
    """Words in a script: in any string or template."""
    found = []
    for match in JAVASCRIPT.finditer(source):
        plain, template = match[1] or match[2] or "", match[3] or ""
        parts = re.split(r"\$\{[^}]*\}", template)
        found += [text for text in (plain, *parts) if is_words(text)]
        found += [text for text in parts if len(parts) > 1 and BESIDE_A_FACT.search(text)]
    return [text for text in found if text not in SCRIPTS_OWN | NO_SENTENCES]
