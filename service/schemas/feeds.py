"""The shape of a JSON Feed."""

from marshmallow import fields

from service.schemas.shapes import Answer, instant, many, text, texts


class FeedAuthor(Answer):
    """Who published it."""

    name = text()


class FeedItem(Answer):
    """One report, as it reads."""

    id = text("A URN that survives changes of host.")
    url = text()
    title = text("Plain text.")
    content_html = text()
    content_text = text()
    date_published = instant("When it was first recorded.")
    date_modified = instant("When it was last corrected, retracted or reinstated.")
    authors = many(FeedAuthor)
    tags = texts()
    stancelog = fields.Dict(
        data_key="_stancelog",
        metadata={"description": "The report's id, type, date, attribution, whether it stands."},
    )


class JsonFeed(Answer):
    """A page of JSON Feed 1.1."""

    version = text()
    title = text()
    description = text()
    home_page_url = text()
    feed_url = text()
    next_url = fields.String()
    language = text()
    authors = many(FeedAuthor)
    items = many(FeedItem)
