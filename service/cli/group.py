"""The command itself: its options, and what becomes of failures."""

import os
import sqlite3
import sys
from typing import Any

import click
import psycopg
from alembic.util import CommandError
from sqlalchemy.exc import SQLAlchemyError

from events.timeline import DatabaseUrlError, LogError
from projections.ledger import RewrittenError
from projections.projector import OtherVersionError
from service import settings
from service.backups.files import BackupError
from service.cli.speaking import DIFFERENT, REFUSED, TROUBLE, fail
from service.opening import NotReadyError
from service.problems import InvalidQueryError, NotFoundError


class Commands(click.Group):
    """Commands in the order in which a newcomer needs them; failures as exit statuses."""

    ORDER = (
        "init",
        "import",
        "export",
        "serve",
        "demo",
        "position",
        "history",
        "status",
        "search",
        "changes",
        "diff",
        "revisions",
        "corrections",
        "rebuild",
        "retry",
        "project",
        "verify",
        "checkpoint",
        "backup",
        "restore",
        "copy",
        "mcp",
        "token",
        "settings",
        "doctor",
    )

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in that order."""
        return sorted(self.commands, key=self.ORDER.index)

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command, and say in one line what went wrong."""
        try:
            return super().invoke(ctx)
        except NotFoundError as error:
            hint = f" Did you mean {', '.join(error.did_you_mean)}?" if error.did_you_mean else ""
            fail(REFUSED, f"{error}{hint}")
        except InvalidQueryError as error:
            raise click.UsageError(
                "; ".join(
                    f"--{fault.field.replace('_', '-')}: {fault.message}" for fault in error.faults
                )
            ) from None
        except (DatabaseUrlError, settings.SettingError) as error:
            raise click.UsageError(str(error)) from None
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            sys.exit(TROUBLE)
        except RewrittenError as error:
            fail(DIFFERENT, str(error))
        except (OSError, NotReadyError, OtherVersionError, BackupError) as error:
            fail(TROUBLE, str(error))
        except (SQLAlchemyError, sqlite3.Error, psycopg.Error, LogError, CommandError) as error:
            fail(TROUBLE, f"database trouble: {str(error).splitlines()[0]}")


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--database",
    metavar="URL",
    envvar=settings.database_url.name,
    show_default=settings.database_url.default,
    show_envvar=True,
    help="sqlite:///FILE or postgresql://USER:PASSWORD@HOST/NAME.",
)
@click.version_option(package_name="stancelog")
@click.pass_context
def main(context: click.Context, database: str | None) -> None:
    """What was the position of a party on an issue at a date, as known on a date?

    Reports go in as immutable events; answers come with the reports that say so.

    \b
    A first look, with the bundled example:
      stancelog demo
      stancelog position ukraine ukraine-nato-membership --as-of 2025-12-20
    """
    context.obj = database or settings.database_url()
