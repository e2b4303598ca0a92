"""Every question of the closing × everything that may come between, over the wire.

`make test` plays a sample with every question and every interruption in it, `make campaign` all
cells, and writes them to `docs/dialogue-grid.md`. What is expected is in `tests/grid/`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
import yaml
from grid.reading import Cell, cells, interruptions, places, sample
from grid.run import Run
from grid.table import write
from wire.farewell import Farewell

from launch.paths import ROOT

CAMPAIGN = os.environ.get("FAREWELL_CAMPAIGN") == "1"
ALL = cells()
CHOSEN = ALL if CAMPAIGN else sample(ALL)
NO_QUESTIONS = {"none", "nothing_open", "unavailable"}
OF_THE_GATEWAY = {"security_question"}
OF_A_SECOND_PERSON = {"approve"}
"""The way there leads through two conversations; `fourth_vendor_later.yml` plays it."""


@pytest.fixture(scope="module")
def run(
    farewell: Farewell, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Run]:
    """The chosen cells of this session, being played."""
    items = [item for item in request.session.items if isinstance(item, pytest.Function)]
    wanted = [item.callspec.params["cell"] for item in items if "cell" in item.fixturenames]
    playing = Run(farewell, wanted, tmp_path_factory.mktemp("grid"))
    yield playing
    playing.close()
    if CAMPAIGN and len(wanted) == len(ALL):
        write(ROOT / "docs" / "dialogue-grid.md", ALL, playing.failures)


@pytest.mark.timeout(900)
@pytest.mark.parametrize("cell", CHOSEN, ids=lambda cell: cell.id)
def test_cell(run: Run, cell: Cell) -> None:
    run.result(cell)


def test_the_grid_has_every_question_that_the_assistant_may_ask() -> None:
    domain = yaml.safe_load((ROOT / "domain.yml").read_text())
    known = set(domain["slots"]["next_requirement"]["values"])

    assert {place.id for place in places()} == (
        known - NO_QUESTIONS - OF_A_SECOND_PERSON | OF_THE_GATEWAY
    )


def test_the_grid_has_every_question_that_a_customer_may_ask() -> None:
    domain = yaml.safe_load((ROOT / "domain.yml").read_text())
    asked = {intent for intent in domain["intents"] if intent.startswith("ask_")}

    assert asked <= {between.id for between in interruptions()}


def test_every_cell_has_an_expectation() -> None:
    assert all(cell.expected for cell in ALL)


def test_the_sample_has_every_question_and_every_interruption() -> None:
    chosen = sample(ALL)

    assert {cell.place.id for cell in chosen} == {place.id for place in places()}
    assert {cell.interruption.id for cell in chosen} == {i.id for i in interruptions()}
