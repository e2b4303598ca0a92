"""Set-up, start and stop of Farewell on one machine.

Standard library only, so that any Python can run it; `run` alone needs honcho.
"""
