"""Backups: one file with all of a database, checked after it is written and before it is trusted.

Of SQLite it is a database of its own, of PostgreSQL what `pg_dump` writes.
"""
