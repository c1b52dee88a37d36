"""The tools for assistants, through the client of the package that speaks their protocol."""
