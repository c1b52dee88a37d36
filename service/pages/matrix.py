"""Parties x issues."""

from flask import request
from sqlalchemy import Connection

from service import answers, lookup
from service.pages.stops import around
from service.pages.view import View, names, pages, render, viewing


@pages.get("/matrix")
def matrix() -> str:
    """Where did all of them stand on all of it?"""
    with viewing() as (connection, view):
        parties, titles = names(connection, view)
        rows = _chosen("party", connection, view) or sorted(parties, key=lambda id_: parties[id_].casefold())
        columns = _chosen("issue", connection, view) or sorted(titles, key=lambda id_: titles[id_].casefold())
        found = answers.matrix(connection, rows, columns, view.clocks)
        cells = {(cell["party"], cell["issue"]): cell for cell in found["cells"]}
        told = {party for party, _ in cells}
        return render(
            "matrix.html",
            view,
            around=around(connection, view),
            title="Parties and issues",
            rows=[party for party in rows if party in told],
            silent=[party for party in rows if party not in told],
            columns=columns,
            cells=cells,
            parties=parties,
            titles=titles,
        )


def _chosen(kind: str, connection: Connection, view: View) -> list[str]:
    texts = (text.strip() for one in request.args.getlist(kind) for text in one.split(","))
    found = []
    for text in filter(None, texts):
        if kind == "party":
            found.append(lookup.party_id(connection, text, view.clocks.seq, view.head))
        else:
            found.append(lookup.issue_id(connection, text, view.head))
    return list(dict.fromkeys(found))
