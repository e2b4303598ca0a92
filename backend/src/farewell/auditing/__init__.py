"""Proofs over the whole database, and the record for an auditor."""
