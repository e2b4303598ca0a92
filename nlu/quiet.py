"""Keeps Rasa's own lines out of a measurement's output; import it before anything of Rasa."""

from __future__ import annotations

import logging
import os
import warnings

import structlog


def hush() -> None:
    """Only errors are printed from here on, by whichever of its loggers Rasa writes."""
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    os.environ["RASA_TELEMETRY_ENABLED"] = "false"
    # Not by a filter: libraries set their own while they are imported.
    warnings.showwarning = lambda *_, **__: None
    logging.disable(logging.WARNING)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))


hush()
