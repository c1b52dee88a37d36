"""The routes, a file a subject."""

from service.routes import (
    catalog,
    changes,
    corrections,
    differences,
    exports,
    feeds,
    ledger,
    log,
    matrix,
    positions,
    reports,
    revisions,
    statuses,
    timemaps,
    widgets,
    writes,
)

BLUEPRINTS = (
    reports.api,
    writes.api,
    catalog.api,
    positions.api,
    statuses.api,
    matrix.api,
    changes.api,
    differences.api,
    revisions.api,
    exports.api,
    ledger.api,
    log.api,
    corrections.api,
    timemaps.api,
    widgets.api,
    feeds.api,
)
