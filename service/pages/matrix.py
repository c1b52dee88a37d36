"""Parties x issues."""

from typing import Any

from flask import request
from sqlalchemy import Connection

from service import answers
from service.pages.stops import around
from service.pages.view import Named, View, names, pages, render, viewing
from service.routes.matrix import named


@pages.get("/matrix")
def matrix() -> str:
    """Where did all of them stand on all of it?"""
    with viewing() as (connection, view):
        return render(
            "matrix.html",
            view,
            title="Parties and issues",
            around=around(connection, view),
            **table(connection, view),
        )


def table(connection: Connection, view: View) -> dict[str, Any]:
    """Return rows, columns and cells of the parties and issues asked for, by name."""
    parties, titles = names(connection, view)
    rows, columns = chosen(connection, view)
    rows, columns = rows or by_name(parties), columns or by_name(titles)
    found = answers.matrix(connection, rows, columns, view.clocks)
    cells = {(cell["party"], cell["issue"]): cell for cell in found["cells"]}
    told = {party for party, _ in cells}
    return {
        "rows": [party for party in rows if party in told],
        "silent": [party for party in rows if party not in told],
        "columns": columns,
        "cells": cells,
        "parties": parties,
        "titles": titles,
    }


def by_name(called: Named) -> list[str]:
    """Return ids in the order of their names."""
    return sorted(called, key=lambda key: (called[key].casefold(), key))


def chosen(connection: Connection, view: View) -> tuple[list[str], list[str]]:
    """Return the ids of the parties and of the issues that are asked for; empty: every one."""
    asked = {kind: request.args.getlist(kind) for kind in ("party", "issue")}
    return named(connection, view.head, view.clocks, asked)
