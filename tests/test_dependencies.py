"""What the program depends on: all of it pinned, whole, and free to be passed on.

Known vulnerabilities are asked for by `make audit`, which needs a network.
"""

import re
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

PINNED = dict(
    line.split("==")
    for line in (Path(__file__).parents[1] / "constraints.txt").read_text().splitlines()
)

ONLY_EVER_BETA = {
    "opentelemetry-exporter-http-transport",
    "opentelemetry-exporter-otlp-common",
    "opentelemetry-semantic-conventions",
    "sphinx-basic-ng",
}
"""Parts of an extra that have no other releases, and which released versions of the rest need."""

FREE = re.compile(
    r"MIT|BSD|Apache|ISC|PSF|Python Software Foundation|Zope|ZPL|MPL|Mozilla|LGPL|Lesser|0BSD"
    r"|Unlicense|Public Domain|HPND|PostgreSQL",
    re.IGNORECASE,
)
"""Licences under which a program that uses something may be under its own."""


def needed(name: str, *extras: str) -> Iterator[Distribution]:
    """Every package that one needs, itself included, as installed here."""
    todo, seen = [(name, frozenset(extras))], set()
    while todo:
        key, wanted = todo.pop()
        if (key, wanted) in seen:
            continue
        seen.add((key, wanted))
        try:
            found = distribution(key)
        except PackageNotFoundError:
            continue  # an extra that is not installed here
        yield found
        for text in found.requires or ():
            one = Requirement(text)
            applies = one.marker is None or any(
                one.marker.evaluate({"extra": extra}) for extra in wanted or {""}
            )
            if applies:
                todo.append((canonicalize_name(one.name), frozenset(one.extras)))


def extras() -> list[str]:
    return distribution("stancelog").metadata.get_all("Provides-Extra") or []


def test_every_package_that_is_needed_is_pinned_at_the_version_that_is_tested():
    pinned = {canonicalize_name(name): Version(version) for name, version in PINNED.items()}
    installed = {
        canonicalize_name(one.name): Version(one.version) for one in needed("stancelog", *extras())
    }
    for name in ("stancelog", "pip", "setuptools"):  # ours, and what installs the others
        installed.pop(name, None)
    assert len(installed) > 50
    assert {name: pinned.get(name) for name in installed} == installed


def test_nothing_is_pinned_at_a_version_before_its_release():
    early = {name for name, version in PINNED.items() if Version(version).is_prerelease}
    assert early <= ONLY_EVER_BETA


def test_every_package_runs_on_the_oldest_python_that_is_promised():
    promised = distribution("stancelog").metadata["Requires-Python"]
    oldest = promised.removeprefix(">=") + ".0"
    for one in needed("stancelog", *extras()):
        wants = SpecifierSet(one.metadata["Requires-Python"] or "")
        assert wants.contains(oldest), (one.name, one.version, str(wants))


def test_the_packages_fit_together():
    done = subprocess.run(
        [sys.executable, "-m", "pip", "check"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout


def test_what_is_needed_to_run_may_be_used_by_a_program_under_any_licence():
    for one in needed("stancelog"):
        told = one.metadata
        words = [told.get("License-Expression") or told.get("License") or ""]
        words += [line for line in told.get_all("Classifier") or () if line.startswith("License")]
        assert FREE.search(" ".join(words)), (one.name, words)
