"""The command line.

Exit status: 0 done, 1 refused input, 2 wrong usage, 3 verify found a difference, 4 database
or file trouble.
"""

from service.cli import (
    asking,
    assisting,
    auditing,
    backing_up,
    comparing,
    configuring,
    doctoring,
    exporting,
    filling,
    keeping,
    mending,
    proving,
    searching,
    serving,
    unlocking,
)
from service.cli.group import main

__all__ = [
    "asking",
    "assisting",
    "auditing",
    "backing_up",
    "comparing",
    "configuring",
    "doctoring",
    "exporting",
    "filling",
    "keeping",
    "main",
    "mending",
    "proving",
    "searching",
    "serving",
    "unlocking",
]
