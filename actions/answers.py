"""Answers to the requirements of a closing case, one action an answer."""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar

from rasa_sdk import Tracker

from actions.base import Told, reason, said
from actions.client import Backend, Utterance


class FixedAnswer(Told):
    """Answers one requirement with one value; the words may name a number."""

    code: ClassVar[str]
    may_tell_why: ClassVar[bool] = False
    """Whether a wish to close is such an answer, whose words may hold the reason for leaving."""

    @property
    @abstractmethod
    def value(self) -> str:
        """The answer."""

    async def ask(self, backend: Backend, tracker: Tracker) -> list[Utterance]:
        """Answer the requirement."""
        why = [reason(tracker)] if self.may_tell_why else []
        return await backend.answer(self.code, self.value, said(tracker), *why)


class DeclineAlternatives(FixedAnswer):
    """Close all the same."""

    action_name, code, value = "action_decline_alternatives", "alternatives", "decline"
    may_tell_why = True


class KeepNumbers(FixedAnswer):
    """Port numbers out first; the case rests."""

    action_name, code, value = "action_keep_numbers", "keep_numbers", "port_first"


class ReleaseNumbers(FixedAnswer):
    """No number is to be kept."""

    action_name, code, value = "action_release_numbers", "keep_numbers", "release_all"


class WaitForPort(FixedAnswer):
    """Close when the port is done."""

    action_name, code, value = "action_wait_for_port", "open_port", "wait"


class GiveUpNumber(FixedAnswer):
    """Give up the very number that is named or was just asked about."""

    action_name, code, value = "action_give_up_number", "open_port", "give_up"


class PortWorks(FixedAnswer):
    """The number works at the new provider."""

    action_name, code, value = "action_port_works", "port_works", "works"


class PortNotYet(FixedAnswer):
    """The number does not work at the new provider yet."""

    action_name, code, value = "action_port_not_yet", "port_works", "not_yet"


class ExportData(FixedAnswer):
    """Make an export now."""

    action_name, code, value = "action_export_data", "data_export", "export"


class HaveExport(FixedAnswer):
    """The customer has the data already."""

    action_name, code, value = "action_have_export", "data_export", "have"


class SkipExport(FixedAnswer):
    """No export is wanted."""

    action_name, code, value = "action_skip_export", "data_export", "skip"
    may_tell_why = True


class CloseSubAccounts(FixedAnswer):
    """Close all sub-accounts with the agency."""

    action_name, code, value = "action_close_sub_accounts", "sub_accounts", "close_all"


class TransferFirst(FixedAnswer):
    """Some sub-accounts are to be transferred first; the case rests."""

    action_name, code, value = "action_transfer_first", "sub_accounts", "transfer_first"


class DeclineApproval(FixedAnswer):
    """The second person does not agree to the closing."""

    action_name, code, value = "action_decline_approval", "approve", "decline"


class GiveReason(FixedAnswer):
    """The reason in the customer's own words."""

    action_name, code, value = "action_give_reason", "exit_reason", "words"
    may_tell_why = True


class SkipReason(FixedAnswer):
    """No reason is given, unless by the words around a wish to close."""

    action_name, code, value = "action_skip_reason", "exit_reason", "skip"

    async def ask(self, backend: Backend, tracker: Tracker) -> list[Utterance]:
        """Pass a wish on with its words; the backend skips where they hold nothing else."""
        wishes = tracker.get_intent_of_latest_message() == "cancel_account"
        value = "words" if wishes else self.value
        return await backend.answer(self.code, value, said(tracker), reason(tracker))


class TakeOption(Told):
    """A button with an option of account or policy was pressed."""

    action_name = "action_take_option"

    async def ask(self, backend: Backend, tracker: Tracker) -> list[Utterance]:
        """The option's code comes from the button that the gateway offered."""
        return await backend.take_option(next(tracker.get_latest_entity_values("option"), ""))


class TakeAlternative(Told):
    """The customer names an alternative in words."""

    action_name = "action_take_alternative"

    async def ask(self, backend: Backend, tracker: Tracker) -> list[Utterance]:
        """The backend takes it only where one is clearly meant."""
        return await backend.take_alternative(said(tracker))
