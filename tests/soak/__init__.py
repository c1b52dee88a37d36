"""Faults that take longer than a test should: `make soak`."""
