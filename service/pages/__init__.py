"""The pages: what people look at, over the same answers as the API.

Each is found at the path of its answer without /v1. They are rendered here, and work without
JavaScript.
"""

from service.pages import (
    amending,
    catalog,
    differences,
    embeds,
    matrix,
    overview,
    positions,
    recording,
    reports,
    searching,
    signing_in,
)
from service.pages.view import pages

SUBJECTS = (
    amending,
    catalog,
    differences,
    embeds,
    matrix,
    overview,
    positions,
    recording,
    reports,
    searching,
    signing_in,
)
"""Each adds its routes to `pages`."""

__all__ = ["SUBJECTS", "pages"]
