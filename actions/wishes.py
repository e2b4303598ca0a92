"""What the customer wants: close, go on, another account, stop, a human."""

from __future__ import annotations

from rasa_sdk import Tracker

from actions.base import Told, reason, said
from actions.client import Backend, Utterance


class CloseAccount(Told):
    """Open or continue the closing of the account that is meant."""

    action_name = "action_close_account"

    async def ask(self, backend: Backend, tracker: Tracker) -> list[Utterance]:
        """Pass the words on: they may name the account, and tell why."""
        return await backend.wish("closing", said(tracker), reason(tracker))


class ReactivateAccount(Told):
    """The closed account is wanted back."""

    action_name = "action_reactivate_account"

    async def ask(self, backend: Backend, tracker: Tracker) -> list[Utterance]:
        """Pass the words on: they may name the account."""
        return await backend.wish("reactivation", said(tracker))


class JustCancel(Told):
    """No more questions: show what must be shown, then confirm."""

    action_name = "action_just_cancel"

    async def ask(self, backend: Backend, tracker: Tracker) -> list[Utterance]:
        """Skip what can be skipped."""
        return await backend.skip_ahead(said(tracker), reason(tracker))


class GoOn(Told):
    """Take up where it stopped."""

    action_name = "action_go_on"

    async def ask(self, backend: Backend, tracker: Tracker) -> list[Utterance]:
        """Pass the words on: they may name the account."""
        return await backend.go_on(said(tracker), reason(tracker))


class ChooseAccount(Told):
    """The customer names an account."""

    action_name = "action_choose_account"

    async def ask(self, backend: Backend, tracker: Tracker) -> list[Utterance]:
        """The backend looks in the customer's own accounts."""
        return await backend.choose_account(said(tracker), reason(tracker))


class ChangeAccount(Told):
    """The account was the wrong one."""

    action_name = "action_change_account"

    async def ask(self, backend: Backend, tracker: Tracker) -> list[Utterance]:
        """The backend looks in the customer's own accounts."""
        return await backend.change_account(said(tracker), reason(tracker))


class StopClosing(Told):
    """Never mind: nothing changes."""

    action_name = "action_stop_closing"

    async def ask(self, backend: Backend, tracker: Tracker) -> list[Utterance]:
        """Withdraw the case."""
        return await backend.stop()


class GoBack(Told):
    """The last answer is taken back."""

    action_name = "action_go_back"

    async def ask(self, backend: Backend, tracker: Tracker) -> list[Utterance]:
        """The backend knows what it was."""
        return await backend.go_back()


class StartOver(Told):
    """Every answer is taken back."""

    action_name = "action_start_over"

    async def ask(self, backend: Backend, tracker: Tracker) -> list[Utterance]:
        """Begin anew."""
        return await backend.start_over()


class HandOver(Told):
    """A human is wanted."""

    action_name = "action_hand_over"

    async def ask(self, backend: Backend, tracker: Tracker) -> list[Utterance]:
        """Record it with the code of what failed, if anything did."""
        return await backend.hand_over(tracker.get_slot("error_code"), said(tracker))


class ConfirmClosure(Told):
    """The customer answered the one confirmation."""

    action_name = "action_confirm_closure"

    async def ask(self, backend: Backend, tracker: Tracker) -> list[Utterance]:
        """The backend decides whether it was a plain yes to exactly what was shown."""
        return await backend.confirm(said(tracker), reason(tracker))


class ConsentToReactivation(Told):
    """The customer agrees to the price."""

    action_name = "action_consent_to_reactivation"

    async def ask(self, backend: Backend, tracker: Tracker) -> list[Utterance]:
        """Reactivate at the price that was shown."""
        return await backend.consent()


class RestoreNumbers(Told):
    """Released numbers come back."""

    action_name = "action_restore_numbers"

    async def ask(self, backend: Backend, tracker: Tracker) -> list[Utterance]:
        """Restore them."""
        return await backend.restore_numbers(True)


class LeaveNumbers(Told):
    """Released numbers stay released."""

    action_name = "action_leave_numbers"

    async def ask(self, backend: Backend, tracker: Tracker) -> list[Utterance]:
        """Leave them."""
        return await backend.restore_numbers(False)


class NotUnderstood(Told):
    """No intent fits, or one that is not served here."""

    action_name = "action_not_understood"

    async def ask(self, backend: Backend, tracker: Tracker) -> list[Utterance]:
        """The backend looks whether an account of the customer's is named."""
        foreign = tracker.get_intent_of_latest_message() == "out_of_scope"
        return await backend.not_understood(said(tracker), foreign)


class Correct(Told):
    """The gateway knows that something is taken back or added."""

    action_name = "action_correct"

    async def ask(self, backend: Backend, tracker: Tracker) -> list[Utterance]:
        """The backend holds the words, and knows what they correct."""
        return await backend.correct()


class Undecided(Told):
    """Neither yes nor no."""

    action_name = "action_undecided"

    async def ask(self, backend: Backend, tracker: Tracker) -> list[Utterance]:
        """The backend knows what must not happen meanwhile."""
        return await backend.undecided()


class UnaskedYes(Told):
    """A yes without a question that takes one."""

    action_name = "action_unasked_yes"

    async def ask(self, backend: Backend, tracker: Tracker) -> list[Utterance]:
        """Go on with what rests, if anything does."""
        return await backend.unasked(True)


class UnaskedNo(Told):
    """A no, or "skip", without a question that takes one."""

    action_name = "action_unasked_no"

    async def ask(self, backend: Backend, tracker: Tracker) -> list[Utterance]:
        """Say what rests, if anything does."""
        return await backend.unasked(False)
