"""Signing in: showing a token once, for the forms, and for the pages where reading needs one."""

from http import HTTPStatus

from flask import Response, make_response, redirect, render_template, request

from service.access import door, sessions, tokens
from service.http import store
from service.pages.forms import unkept
from service.pages.view import pages

WRONG = "This is no valid token: it is unknown, expired or revoked."
STALE = "This page was too old, or your browser keeps no cookies of ours. Try again."


@pages.route("/sign-in", methods=["GET", "POST"])
def sign_in() -> Response:
    """Show a token."""
    if request.method != "POST":
        return _shown()
    if not sessions.is_proven(request):
        return _shown(STALE, HTTPStatus.FORBIDDEN)
    token = tokens.found(store().engine, request.form.get("token", "").strip())
    if token is None:
        return _shown(WRONG, HTTPStatus.FORBIDDEN)
    if token.scope == "feed":
        return _shown("This token is for feeds only.", HTTPStatus.FORBIDDEN)
    sessions.begin(store().engine, token)
    return _led_to(request.form.get("next", ""))


@pages.route("/sign-out", methods=["POST"])
def sign_out() -> Response:
    """Be nobody again."""
    if sessions.is_proven(request):
        sessions.end(store().engine, request)
    return _led_to("/")


def _shown(wrong: str = "", status: HTTPStatus = HTTPStatus.OK) -> Response:
    next_page = request.values.get("next", "")
    page = render_template(
        "pages/sign_in.html", wrong=wrong, next_page=next_page, who=door.visitor(request)
    )
    return unkept(page, status)


def _led_to(address: str) -> Response:
    """Lead to a page of ours, whatever the address says."""
    is_ours = address.startswith("/") and not address.startswith("//")
    is_plain = address.isprintable() and "\\" not in address
    where = address if is_ours and is_plain else "/"
    response: Response = make_response(redirect(where, HTTPStatus.SEE_OTHER))
    response.headers["Cache-Control"] = "no-store"
    return response
