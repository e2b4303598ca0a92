"""Plays written conversations over the wire against really started processes."""
