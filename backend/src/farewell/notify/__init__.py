"""Outgoing messages, written in the transaction that causes them."""
