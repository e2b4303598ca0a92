"""Humans: handovers and when people answer."""
