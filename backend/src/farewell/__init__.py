"""Farewell's backend: it decides, closes, bills, and keeps every promise afterwards."""
