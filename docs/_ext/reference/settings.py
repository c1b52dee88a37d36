"""The settings, as the program lists them."""

from reference.markdown import code, plain
from service.settings import IN_A_FILE, SETTINGS, Setting


def made() -> str:
    """Return a section for each setting, in their order."""
    return "\n\n".join(_section(one) for one in SETTINGS)


def _section(one: Setting[object]) -> str:
    facts = [f"- takes: {plain(one.takes)}"] if one.takes else []
    facts.append(f"- default: {code(one.default) or 'none'}")
    if one.is_secret:
        facts.append(f"- or in a file, named by {code(one.name + IN_A_FILE)}")
    return "\n\n".join([f"## {one.name}", plain(one.meaning), "\n".join(facts)])
