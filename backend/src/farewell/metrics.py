"""What operators watch (`/metrics`, Prometheus text format). No label ever names a customer."""

from __future__ import annotations

from prometheus_client import Counter, Histogram

MESSAGES = Counter("farewell_customer_messages", "Customer messages received")
TURN_SECONDS = Histogram(
    "farewell_turn_seconds",
    "Seconds from a customer message to its answer",
    buckets=(0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10),
)
APOLOGIES = Counter(
    "farewell_apologies",
    "Turns that ended with an apology",
    ["reason"],
)
