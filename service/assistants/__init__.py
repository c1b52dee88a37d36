"""Assistants: the questions of the API as read-only tools, over the Model Context Protocol.

Needs the extra `mcp`; only `server` imports it. Start reading at `tools.py`. Source:
https://modelcontextprotocol.io/specification
"""
