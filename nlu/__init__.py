"""Measures how well the assistant understands; `make nlu-eval`."""
