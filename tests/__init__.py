"""The tests: sentences about what the service does, each on every engine."""
