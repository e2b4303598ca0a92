"""What the assistant says, in the conversation's language.

English is in `domain.yml`. Another language is a file `locales/<language>/responses.yml` of the
same form; a response that it lacks is said in English. The gateway names the language with each
message (`components/channel.py`).
"""

from __future__ import annotations

import json
import logging
import os
import re
from pathlib import Path
from typing import Any

from rasa.core.nlg import TemplatedNaturalLanguageGenerator
from rasa.shared.core.constants import SESSION_START_METADATA_SLOT
from rasa.shared.core.domain import Domain
from rasa.shared.core.trackers import DialogueStateTracker
from rasa.utils.endpoints import EndpointConfig

log = logging.getLogger(__name__)
ROOT = Path(__file__).resolve().parent.parent
Variation = dict[str, Any]
Responses = dict[str, list[Variation]]


class LanguageError(ValueError):
    """A language's responses cannot be used; names file, response and reason, one a line."""


def _when(variation: Variation) -> str:
    """Under which condition and in which channel a variation is said."""
    return json.dumps([variation.get("condition"), variation.get("channel")], sort_keys=True)


def _form(variation: Variation) -> tuple[frozenset[str], tuple[str, ...]]:
    """What a translation must keep: the facts in braces, and what the buttons do."""
    buttons = variation.get("buttons") or []
    words = [variation.get("text") or "", *(button["title"] for button in buttons)]
    facts = frozenset(fact for text in words for fact in re.findall(r"\{(\w+)\}", text))
    return facts, tuple(button["payload"] for button in buttons)


def mistakes(responses: Responses, english: Responses) -> list[str]:
    """Where a language says what English does not: other responses, conditions, facts, buttons."""
    found = []
    for name, variations in responses.items():
        if name not in english:
            found.append(f"{name}: English has no such response")
            continue
        for variation in variations:
            same = [one for one in english[name] if _when(one) == _when(variation)]
            if not same:
                found.append(f"{name}: English has no variation under this condition")
            elif _form(variation) not in [_form(one) for one in same]:
                found.append(f"{name}: the facts in braces or the buttons' payloads differ")
    return found


def missing(responses: Responses, english: Responses) -> list[str]:
    """Responses that a language lacks wholly or for one of their conditions."""
    return [
        name
        for name, variations in english.items()
        if {_when(one) for one in variations} - {_when(one) for one in responses.get(name, [])}
    ]


def read_responses(locales: Path, english: Responses) -> dict[str, Responses]:
    """The responses of every language but English.

    Raises LanguageError with everything that is wrong in any of them.
    """
    languages: dict[str, Responses] = {}
    wrong: list[str] = []
    for path in sorted(locales.glob("*/responses.yml")):
        language = path.parent.name
        try:
            languages[language] = Domain.from_file(path).responses
        except Exception as error:  # Rasa's own kinds for YAML, schema and domain
            wrong.append(f"{language}/responses.yml: {error}")
            continue
        found = mistakes(languages[language], english)
        wrong += [f"{language}/responses.yml: {mistake}" for mistake in found]
        lacking = missing(languages[language], english)
        if lacking:
            log.warning("%s lacks %d responses: %s", language, len(lacking), ", ".join(lacking))
    if wrong:
        raise LanguageError("\n".join(wrong))
    return languages


def language_of(tracker: DialogueStateTracker) -> str | None:
    """The language that came with the last message, or with the first before it was heard."""
    message = tracker.latest_message
    metadata = (message.metadata if message else None) or tracker.get_slot(
        SESSION_START_METADATA_SLOT
    )
    return (metadata or {}).get("language")


class ResponsesByLanguage(TemplatedNaturalLanguageGenerator):
    """Rasa's own generator for each language; the domain's English where one has no words.

    Everything is read here and not when Rasa sets the model's domain: there it would log an error
    and go on without words.
    """

    def __init__(
        self, endpoint_config: EndpointConfig | None = None, domain: Domain | None = None
    ) -> None:
        """Read and check the languages.

        Raises LanguageError.
        """
        super().__init__(domain.responses if domain else {})
        locales = Path(os.environ.get("FAREWELL_LOCALES") or ROOT / "locales")
        english = Domain.from_file(ROOT / "domain.yml").responses
        self.speak(read_responses(locales, english))

    def speak(self, languages: dict[str, Responses]) -> None:
        """Take the responses of these languages, beside the domain's English."""
        self._languages = {
            language: TemplatedNaturalLanguageGenerator(responses)
            for language, responses in languages.items()
        }

    async def generate(
        self, utter_action: str, tracker: DialogueStateTracker, output_channel: str, **facts: Any
    ) -> dict[str, Any] | None:
        """A response in the conversation's language."""
        own = self._languages.get(language_of(tracker) or "")
        said: dict[str, Any] | None = None
        if own:
            said = await own.generate(utter_action, tracker, output_channel, **facts)
        return said or await super().generate(utter_action, tracker, output_channel, **facts)
