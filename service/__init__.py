"""How people reach the timeline: HTTP, the command line, and the shapes of both."""
