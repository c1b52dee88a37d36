"""The routes, a file a subject."""

from service.routes import catalog, matrix, positions, reports, statuses, writes

BLUEPRINTS = (reports.api, writes.api, catalog.api, positions.api, statuses.api, matrix.api)
