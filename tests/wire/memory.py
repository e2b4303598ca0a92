"""Rasa's memory of the started Farewell, to be read by tests: the same store, with a window."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from rasa.core.tracker_store import InMemoryTrackerStore
from rasa.shared.core.events import BotUttered
from rasa.shared.core.trackers import DialogueStateTracker


class ReadableMemory(InMemoryTrackerStore):
    """Keeps conversations as the real one does, and writes what it holds into a folder."""

    def __init__(self, folder: str, **more: Any) -> None:
        super().__init__(**more)
        self._folder = Path(folder)

    async def save(self, tracker: DialogueStateTracker) -> None:
        """Keep the conversation, and what it holds where the tests can read it."""
        await super().save(tracker)
        file = self._folder / f"{tracker.sender_id}.json"
        said = set(json.loads(file.read_text())["said"]) if file.exists() else set()
        said |= {
            event.metadata["utter_action"]
            for event in tracker.events
            if isinstance(event, BotUttered) and "utter_action" in event.metadata
        }
        holds = {
            "slots": tracker.current_slot_values(),
            "loop": tracker.active_loop_name,
            "heard": tracker.latest_message.as_dict() if tracker.latest_message else None,
            "said": sorted(said),
        }
        file.write_text(json.dumps(holds))
