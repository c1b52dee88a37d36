"""The same answers as CSV: the path of a list, and `.csv` behind it."""

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from hashlib import blake2b
from threading import BoundedSemaphore
from typing import Any

from flask import Response, current_app, g, request, stream_with_context
from marshmallow import RAISE, Schema

from service import exports
from service.answers import Body
from service.exports import Export, citation, csv_lines
from service.http import Api, conditioned, is_pinned, json
from service.paging import MOST
from service.problems import BusyError
from service.repeats import CODE, PINNED, UNPINNED
from service.routes import (
    changes,
    corrections,
    differences,
    matrix,
    positions,
    reports,
    revisions,
    statuses,
)
from service.schemas import answers as shapes
from service.schemas.queries import (
    ChangePage,
    CorrectionPage,
    History,
    InheritingPage,
    MatrixQuery,
    MomentPage,
    PositionPage,
    ReportPage,
    StepPage,
    Strict,
    Switch,
)

api = Api("exports", __name__, url_prefix="/v1", description="The same answers as CSV.")

PAGING = ("limit", "cursor")
"""An export is one answer, whole."""

EXCEL = Switch(
    load_default=False,
    metadata={
        "description": "1: for Excel. Says that it is UTF-8, and puts an apostrophe before what "
        "a spreadsheet would take for a formula.",
    },
)

ROUTES: tuple[tuple[str, Export, type[Schema], Callable[..., Body]], ...] = (
    ("/positions", exports.POSITIONS, PositionPage, positions.list_of_all),
    (
        "/parties/<party>/positions",
        exports.POSITIONS,
        InheritingPage,
        positions.list_of_party,
    ),
    (
        "/issues/<issue>/positions",
        exports.POSITIONS,
        InheritingPage,
        positions.list_on_issue,
    ),
    (
        "/parties/<party>/positions/<issue>/history",
        exports.POSITION_HISTORY,
        History,
        positions.history_of,
    ),
    (
        "/parties/<party>/positions/<issue>/revisions",
        exports.POSITION_REVISIONS,
        MomentPage,
        revisions.of_position,
    ),
    ("/issues/<issue>/status/history", exports.STATUS_HISTORY, History, statuses.history_of),
    (
        "/issues/<issue>/status/revisions",
        exports.STATUS_REVISIONS,
        MomentPage,
        revisions.of_status,
    ),
    ("/matrix", exports.MATRIX, MatrixQuery, matrix.matrix_of),
    ("/changes", exports.CHANGES, ChangePage, changes.list_of),
    (
        "/parties/<party>/changes",
        exports.CHANGES,
        ChangePage,
        changes.list_of,
    ),
    (
        "/issues/<issue>/changes",
        exports.CHANGES,
        ChangePage,
        changes.list_of,
    ),
    ("/diff", exports.DIFFERENCES, StepPage, differences.difference_of),
    ("/reports", exports.REPORT_LIST, ReportPage, reports.list_of),
    ("/corrections", exports.CORRECTIONS, CorrectionPage, corrections.list_of),
)


def _add(path: str, export: Export, schema: type[Schema], answer: Callable[..., Body]) -> None:
    without = [*PAGING, *re.findall(r"<(\w+)>", path)]
    with_excel = schema.from_dict({"excel": EXCEL}, name=f"{schema.__name__}Export")
    parameters = with_excel(exclude=[name for name in without if name in schema().fields])

    def view(parameters: dict[str, Any], **address: str) -> Response:
        excel = parameters.pop("excel")
        return _streamed(export, _pages(answer, parameters, address), excel=excel)

    view.__name__ = path.replace("/", "_").replace("<", "").replace(">", "").strip("_")
    view.__doc__ = f"Export {path.rsplit('/', 1)[1]} as CSV, all of them."
    view = api.response(200, {"type": "string"}, content_type="text/csv")(view)
    view = api.arguments(parameters, location="query", unknown=RAISE)(view)
    api.route(f"{path}.csv")(view)


def _pages(
    answer: Callable[..., Body], parameters: dict[str, Any], address: dict[str, str]
) -> Iterator[Body]:
    """Yield every page of a list. Each is read by itself: the cursor keeps them one list."""
    asked = parameters | {"limit": MOST}
    while True:
        page = answer(dict(asked), **address)
        yield page
        if page.get("next") is None:
            return
        asked["cursor"] = page["next"]


def _streamed(export: Export, pages: Iterator[Body], *, excel: bool) -> Response:
    first = next(pages)
    room: BoundedSemaphore = current_app.extensions["stancelog.exports"]
    if not room.acquire(blocking=False):
        raise BusyError("As many exports are being sent here as there may be at once.", 10)
    left = ExitStack()
    left.callback(room.release)  # once

    def rows() -> Iterator[Body]:
        with left:
            yield from export.rows(first)
            for page in pages:
                yield from export.rows(page)

    cited = citation(export, first, request.host_url.rstrip("/"))
    lines = csv_lines(cited, export.columns, rows(), excel=excel)
    response = Response(stream_with_context(lines), mimetype="text/csv")
    response.call_on_close(left.close)  # also where nobody read it
    name = f"stancelog-{export.title.replace(' ', '-')}-seq-{exports.log_position(first)}.csv"
    response.headers["Content-Disposition"] = f'inline; filename="{name}"'
    response.headers.add("Link", f'<{exports.permalink(first)}>; rel="cite-as"')
    response.headers.add("Link", '</v1/columns>; rel="describedby"')
    response.headers["Cache-Control"] = UNPINNED
    if is_pinned(first, request.path.removesuffix(".csv")):
        made = g.state.generation, g.state.set_aside  # rows that were mended give another answer
        told = repr((request.host_url, request.full_path, CODE, *made))
        response.set_etag(blake2b(told.encode(), digest_size=12).hexdigest())
        response.headers["Cache-Control"] = PINNED
        return conditioned(response)
    return response


for _route in ROUTES:
    _add(*_route)


@api.route("/columns")
@api.arguments(Strict, location="query", unknown=RAISE)
@api.response(200, shapes.ColumnListAnswer)
def columns(_: dict[str, Any]) -> Response:
    """What does each column of each export mean?"""
    return json({"columns": exports.dictionary()})
