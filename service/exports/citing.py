"""How an export is cited: what it is, both clocks, the position in the log, where it is found."""

from importlib.metadata import version

from service.answers import Body
from service.exports.columns import Export


def permalink(answer: Body) -> str:
    """Return the path at which an export is found for ever."""
    path, _, query = str(answer["links"]["permalink"]).partition("?")
    return f"{path}.csv?{query}"


def citation(export: Export, answer: Body, root: str = "") -> str:
    """Return a citation of an export in one line, without commas and quotes.

    `root`: the address of the server, before paths.
    """
    subject = [answer.get(name) for name in ("party", "issue")]
    about = " on ".join(name for name in subject if name)
    told = [
        f"Stancelog {version('stancelog')}: {export.title}{f' of {about}' if about else ''}",
        *_moments(answer),
        f"floor {answer['floor']}",
        f"floor of statuses {answer['status_floor']}" if "status_floor" in answer else "",
        f"{root}{permalink(answer)}",
    ]
    return plain("; ".join(one for one in told if one))


def cited(export: Export, clocks: Body, *, is_dated: bool, floor: bool) -> str:
    """Return a citation of what is found at no address. `floor`: whether it weighs evidence."""
    told = [
        f"Stancelog {version('stancelog')}: {export.title}",
        _moment(clocks, is_dated=is_dated),
        f"floor {clocks['floor']}" if floor else "",
    ]
    return plain("; ".join(one for one in told if one))


def log_position(answer: Body) -> int:
    """Return the position in the log that pins an answer."""
    seq: int = answer["seq"] if "seq" in answer else answer["to"]["seq"]
    return seq


def _moments(answer: Body) -> list[str]:
    if "axis" in answer:
        return [f"{end} {_moment(answer[end])}" for end in ("from", "to")]
    window = f"from {answer['from'] or 'ever'} to {answer['to']}" if "to" in answer else ""
    is_dated = "as_of=" in answer["links"]["permalink"]  # else it is over all time
    return [window, _moment(answer, is_dated=is_dated)]


def _moment(told: Body, *, is_dated: bool = True) -> str:
    as_of = f"as of {told['as_of']}; " if is_dated else ""
    known = told["known_at"] or "the empty log"
    return f"{as_of}known at {known}; log position {told['seq']}"


def plain(text: str) -> str:
    """Return text that is one cell of a comment line: no comma, quote or line break."""
    return " ".join(text.replace(",", "%2C").replace('"', "'").split())
