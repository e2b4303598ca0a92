"""Conversations: identity, the gateway to the assistant, what the assistant may ask."""
