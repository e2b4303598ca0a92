"""No float touches money: not in the code that reckons with it, and not in the database."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Float, Integer, Numeric

from farewell.config import REPOSITORY
from farewell.tables import Base

SOURCE = REPOSITORY / "backend" / "src" / "farewell"
WITHOUT_MONEY = {"chat", "desk"}
"""Packages that show amounts and reckon with none."""
PACKAGES = sorted(p for p in SOURCE.iterdir() if p.is_dir() and p.name not in WITHOUT_MONEY)
MODULES = sorted(module for package in PACKAGES for module in package.rglob("*.py"))
FLOATING_NAMES = {"float", "round", "complex", "statistics", "math"}
FLOATING_ATTRIBUTES = {"total_seconds", "timestamp", "fsum", "as_integer_ratio"}
TIMES = {"seconds", "timeout", "wait"}
"""Names of what is waited for: a time limit may be 0.5."""


def _joins_a_path(node: ast.AST) -> bool:
    """Whether a division joins paths: somewhere in it is a text."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
        return _joins_a_path(node.left) or _joins_a_path(node.right)
    return isinstance(node, ast.JoinedStr) or (
        isinstance(node, ast.Constant) and isinstance(node.value, str)
    )


def _paths(tree: ast.AST) -> set[int]:
    """The parts of divisions that join paths."""
    return {
        id(part)
        for node in ast.walk(tree)
        if isinstance(node, ast.BinOp) and _joins_a_path(node)
        for part in ast.walk(node)
    }


def _times(tree: ast.AST) -> set[int]:
    """What is said of a time limit, and moments that are made whole at once."""
    said: list[ast.AST | None] = []
    for node in ast.walk(tree):
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=value) if name.lower() in TIMES:
                said.append(value)
            case ast.AnnAssign(target=ast.Name(id=name)) if name.lower() in TIMES:
                said += [node.annotation, node.value]
            case ast.arg(arg=name, annotation=kind) if name in TIMES:
                said.append(kind)
            case ast.keyword(arg=name, value=value) if name in TIMES:
                said.append(value)
            case ast.Call(func=ast.Name(id="int"), args=[ast.Call(func=ast.Attribute() as part)]):
                said.append(part if part.attr == "timestamp" else None)
    return {id(part) for node in said if node is not None for part in ast.walk(node)}


def floats_in(source: str) -> Iterator[str]:
    """Where a module has a float literal, a function that makes one, or a true division."""
    tree = ast.parse(source)
    fine = _paths(tree) | _times(tree)
    for node in ast.walk(tree):
        if id(node) in fine:
            continue
        match node:
            case ast.Constant(value=float() | complex()):
                yield f"{node.lineno}: {node.value}"
            case ast.Name(id=name) if name in FLOATING_NAMES:
                yield f"{node.lineno}: {name}"
            case ast.Attribute(attr=name) if name in FLOATING_ATTRIBUTES:
                yield f"{node.lineno}: {name}"
            case ast.BinOp(op=ast.Div()):
                yield f"{node.lineno}: /"
            case ast.AugAssign(op=ast.Div()):
                yield f"{node.lineno}: /="


@pytest.mark.parametrize("module", MODULES, ids=lambda m: str(m.relative_to(SOURCE)))
def test_code_that_reckons_with_money_has_no_float(module: Path) -> None:
    assert list(floats_in(module.read_text(encoding="utf-8"))) == []


def test_the_packages_with_money_are_among_those_that_are_checked() -> None:
    assert {"accounts", "billing", "closing", "lifecycle", "policy"} <= {p.name for p in PACKAGES}
    assert SOURCE / "billing" / "proration.py" in MODULES


@pytest.mark.parametrize(
    "planted",
    [
        "price = 14.67",
        "half = price_minor * 0.5",
        "share = price_minor / days",
        "share = Decimal(price_minor) / days",
        "price_minor /= 2",
        "price = float(text)",
        "cents = round(price_minor * 8 // 3, 2)",
        "def share(price: float) -> int: ...",
        "part = (end - start).total_seconds()",
        "fee = math.floor(price)",
        "part = int(amount * moment.timestamp())",
        "charge(seconds=30, price=0.5)",
        "tax = 1e2",
    ],
)
def test_a_planted_float_is_found(planted: str) -> None:
    whole = (SOURCE / "billing" / "proration.py").read_text(encoding="utf-8")

    assert list(floats_in(planted))
    assert list(floats_in(f"{whole}\n{planted}\n"))


@pytest.mark.parametrize(
    "fine",
    [
        'path = data / "exports" / name',
        'path = data / f"{name}.zip"',
        "days = a // b",
        "SECONDS = 30.0",
        "def call(seconds: float = SECONDS) -> None: ...",
        "client(timeout=2.5)",
        "created = int(since.timestamp())",
    ],
)
def test_paths_whole_divisions_and_time_limits_are_fine(fine: str) -> None:
    assert list(floats_in(fine)) == []


AMOUNTS = [
    column
    for table in Base.metadata.tables.values()
    for column in table.columns
    if column.name.endswith(("_minor", "_ppm")) or column.name in ("quantity", "per")
]


@pytest.mark.parametrize("column", AMOUNTS, ids=str)
def test_amounts_are_whole_numbers_in_the_database(column: object) -> None:
    assert isinstance(column.type, Integer)  # type: ignore[attr-defined]


def test_no_column_holds_a_fraction_and_the_amounts_are_found() -> None:
    columns = [c for table in Base.metadata.tables.values() for c in table.columns]

    assert [str(c) for c in columns if isinstance(c.type, Float | Numeric)] == []
    assert {"subscriptions.price_minor", "final_bills.total_minor", "adjustments.amount_minor"} <= {
        str(column) for column in AMOUNTS
    }
