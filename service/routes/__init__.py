"""The routes, a file a subject."""

from service.routes import (
    catalog,
    changes,
    corrections,
    differences,
    exports,
    ledger,
    log,
    matrix,
    positions,
    reports,
    revisions,
    search,
    statuses,
    timemaps,
    writes,
)

BLUEPRINTS = (
    reports.api,
    search.api,
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
)
