"""Whole conversations over the wire: what is said, and what is true afterwards."""

from __future__ import annotations

import pytest
from wire.farewell import Farewell
from wire.play import Play
from wire.scripts import Script, mistakes, read_all


@pytest.mark.parametrize("script", read_all(), ids=lambda script: script.id)
def test_conversation(farewell: Farewell, script: Script) -> None:
    Play(farewell, script).run()


def test_a_badly_written_conversation_is_refused_with_its_place() -> None:
    found = mistakes({"name": "x", "steps": [{"say": "hello"}, {"customer": "a", "says": "b"}]})

    assert "needs either 'person' (an e-mail) or 'visitor' (a vendor, or nothing)" in found
    assert any(mistake.startswith("step 1: needs exactly one of customer") for mistake in found)
    assert "step 2: 'says' must be list, not 'b'" in found
