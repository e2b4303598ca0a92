"""The registry: which handler does duties of which kind.

A kind that is not here stays planned and is counted by the sweep; a new handler is one line.
"""

from __future__ import annotations

from farewell.host.events import EVENTS, TELL_HOST
from farewell.lifecycle.balances import FORFEIT, REMIND
from farewell.lifecycle.handling import Ending, Finished, Handler
from farewell.lifecycle.provider_duties import CANCEL_PAYMENT, CANCEL_SUBSCRIPTION, WATCH
from farewell.lifecycle.refunds import REFUND
from farewell.lifecycle.settlement import SETTLE
from farewell.lifecycle.tables import Duty
from farewell.work import Work


def _window_over(work: Work, duty: Duty) -> Ending:
    """A window ends by itself: what it allowed asks the day, and nothing is left to do."""
    return Finished()


WINDOW = Handler(_window_over)
HANDLERS: dict[str, Handler] = {
    "settle_final_bill": SETTLE,
    "refund_credit": REFUND,
    "refund_balance": REFUND,
    "refund_captured": REFUND,
    "refund_provider_charge": REFUND,
    "remind_balance": REMIND,
    "forfeit_balance": FORFEIT,
    "cancel_provider_subscription": CANCEL_SUBSCRIPTION,
    "cancel_charge_payment": CANCEL_PAYMENT,
    "watch_provider": WATCH,
    "end_number_restore": WINDOW,
    "end_reactivation": WINDOW,
    **dict.fromkeys(EVENTS, TELL_HOST),
}
