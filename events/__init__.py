"""Immutable facts: what was reported, who recorded it, and the log that keeps it."""
