"""Limits that keep one client from taking what all of them need."""

MOST_BYTES = 10 * 1024 * 1024
"""Largest body that is read; larger ones are 413."""

MOST_WAITING = 8
"""Requests of one process that may wait for something to be recorded; others are answered at
once. Each has a thread, of which the server gives a process 512 divided by the number of
processes, so half of them are free even with 32 processes."""

LONGEST_WAIT = 5
"""Seconds that a read waits for the `min_seq` that it insists on."""

KEY_KEPT = 3 * 24 * 60 * 60
"""Seconds that an Idempotency-Key and its answer are kept."""

KEY_IN_FLIGHT = 60
"""Seconds until a request with an Idempotency-Key counts as ended by a crash, and not answered."""

MOST_LINES = 10_000
"""Records of one batch: others wait while it is recorded."""

MOST_CONNECTIONS = 4096
"""Connections that one process has at once, those that are idle among them."""

HEAD_TIME = 10
"""Seconds that a client has to send the head of a request, and that an idle connection is kept."""

THREADS = 512
"""Of the server, in all of its processes: requests that are being answered at once."""

MOST_BODIES = 1024
"""Bodies that one process reads at once: each takes a thread until it is there, or its client is
gone."""

MOST_BODIES_OF_ONE = 32
"""Bodies that are waited for at once from one address."""

BODY_TIME = 30
"""Seconds that a client has to send a body."""

MOST_EXPORTS = 32
"""Exports that one process sends at once: each takes a thread for as long as its reader does."""

MOST_TOOLS_AT_ONCE = 4
"""Calls of tools that one `stancelog mcp` works on at a time; others wait for their turn."""

LARGEST_TOOL_ANSWER = 256 * 1024
"""Bytes of an answer that an assistant is given; it is told to ask for less instead."""
