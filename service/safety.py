"""What browsers are told to be careful about."""

PAGE = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors "
)
"""Of a page: it loads nothing but what is ours. Who may frame it is to be added."""

ANSWER = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
"""Of anything else: a browser that shows it does nothing with it."""

ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "strict-origin-when-cross-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}

TLS_ONLY = "max-age=31536000"
"""A browser that was here by TLS comes by nothing else for a year."""


def policy(framed_by: str = "'self'") -> str:
    """Return the Content-Security-Policy of a page that some may frame."""
    return PAGE + framed_by


def headers(mimetype: str | None, *, is_secure: bool) -> dict[str, str]:
    """Return what goes with an answer that says nothing of its own about it."""
    told = ALWAYS | {"Content-Security-Policy": policy() if mimetype == "text/html" else ANSWER}
    return told | {"Strict-Transport-Security": TLS_ONLY} if is_secure else told
