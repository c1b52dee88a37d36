"""Paths, parameters and records, from the OpenAPI document that the program serves."""

from collections.abc import Iterator
from typing import Any

from reference.markdown import code, plain, table, words
from service.description import document
from service.schemas.answers import record_name
from service.schemas.records import SCHEMAS

Described = dict[str, Any]
OF_ALL = ("min_seq", "If-None-Match")
"""Parameters that all reads take."""

LONGEST = 12
"""Values of a list that are told one by one."""


def made() -> str:
    """Return a section for each group of paths, in the order of the document."""
    told = document()
    groups = {tag["name"]: [f"## {tag['name']}", plain(tag["description"])] for tag in told["tags"]}
    for path, item in told["paths"].items():
        for method, operation in item.items():
            if method != "parameters":
                given = [*item.get("parameters", []), *operation.get("parameters", [])]
                given = [_whole(told, one) for one in given]
                groups[operation["tags"][0]].append(_operation(method, path, operation, given))
    return "\n\n".join(part for group in groups.values() for part in group)


def records() -> str:
    """Return a section for each type of record, with its fields and those of what it holds."""
    schemas = document()["components"]["schemas"]
    wanted = [record_name(schema) for schema in SCHEMAS.values()]
    for name in wanted:  # it grows
        wanted += [one for one in _held(schemas[name]) if one not in wanted]
    return "\n\n".join(_fields(name, schemas[name]) for name in wanted)


def _operation(method: str, path: str, operation: Described, given: list[Described]) -> str:
    told = [
        f"### {code(f'{method.upper()} {path}')}",
        words(operation.get("summary", "")),
        words(operation.get("description", "")),
    ]
    body = operation.get("requestBody", {}).get("content", {})
    if body:
        told.append("Takes " + ", ".join(_content(body)) + ".")
    answers = [
        f"{code(status)} {', '.join(_content(answer.get('content', {})))}".strip()
        for status, answer in operation["responses"].items()
        if str(status).startswith("2")
    ]
    if answers:
        told.append("Answers " + "; ".join(answers) + ".")
    others = [code(status) for status in operation["responses"] if not status.startswith("2")]
    told.append("Or " + ", ".join(others) + ".")
    rows = [
        (code(one["name"]), one["in"], _type(one["schema"]), words(one.get("description", "")))
        for one in given
        if one["in"] != "path" and one["name"] not in OF_ALL
    ]
    told.append(table(("parameter", "in", "type", "meaning"), rows))
    return "\n\n".join(part for part in told if part)


def _whole(told: Described, one: Described) -> Described:
    """Return a parameter that may be one that many operations share."""
    if "$ref" not in one:
        return one
    shared: Described = told["components"]["parameters"][_name(one["$ref"])]
    return shared


def _content(content: Described) -> Iterator[str]:
    for media, one in content.items():
        schema = one.get("schema", {})
        names = [_name(ref) for ref in _refs(schema)]
        yield f"{code(media)}" + (f" ({', '.join(map(code, names))})" if names else "")


def _fields(name: str, schema: Described) -> str:
    required = schema.get("required", ())
    rows = [
        (
            code(field),
            "yes" if field in required else "",
            ". ".join(part for part in (_type(one), words(one.get("description", ""))) if part),
        )
        for field, one in schema.get("properties", {}).items()
    ]
    return f"## {_heading(name)}\n\n" + table(("field", "required", "what it is"), rows)


def _heading(name: str) -> str:
    return name.removesuffix("Record")


def _type(schema: Described) -> str:
    if refs := list(_refs(schema)):
        names = [_heading(_name(ref)) for ref in refs]
        name = ", ".join(f"[{one}](#{one.lower()})" for one in names)
        return f"list of {name}" if "items" in schema else name
    if values := schema.get("enum") or schema.get("items", {}).get("enum"):
        told = [code(str(value)) for value in values if value is not None]
        return ", ".join(told) if len(told) <= LONGEST else f"one of {', '.join(told)}"
    if "const" in schema:
        return code(str(schema["const"]))
    if "items" in schema:
        return f"list of {_type(schema['items'])}s"
    kind = schema.get("type", "")
    kinds = [one for one in (kind if isinstance(kind, list) else [kind]) if one != "null"]
    return " or ".join(kinds) + (f" ({schema['format']})" if "format" in schema else "")


def _refs(schema: Described) -> Iterator[str]:
    if "$ref" in schema:
        yield schema["$ref"]
    if "items" in schema:
        yield from _refs(schema["items"])
    for way in ("anyOf", "oneOf", "allOf"):
        for part in schema.get(way, ()):
            yield from _refs(part)


def _held(schema: Described) -> list[str]:
    return [_name(ref) for one in schema.get("properties", {}).values() for ref in _refs(one)]


def _name(ref: str) -> str:
    return ref.rpartition("/")[2]
