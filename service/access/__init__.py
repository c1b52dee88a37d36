"""Who asks, and what they may do: tokens, sessions of the pages, and the rules at the door.

What is kept here is not read from the log, is in no export, and is lost with the database.
"""
