"""The pages: what people look at, over the same answers as the API.

Each is found at the path of its answer without /v1. They are rendered here, and work without
JavaScript.
"""

from service.pages import catalog, differences, embeds, matrix, overview, positions, reports  # noqa: F401
from service.pages.view import pages

__all__ = ["pages"]
