"""Accounts, people, roles, numbers, port-outs, usage and balances."""
