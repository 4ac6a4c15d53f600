"""The atlas in a terminal: the same figures and the same files as the screen."""

import sys
from collections.abc import Sequence

import typer

from commands import (
    backup,
    bring,
    cases,
    check,
    compare,
    equity,
    export,
    fetch,
    figures,
    geocode,
    imports,
    locate,
    map,
    package,
    report,
    tables,
    territory,
)
from commands.french import Group, in_french, refusal
from commands.options import UnknownChoice
from geo.errors import AtlasError

app = typer.Typer(
    cls=Group,
    subcommand_metavar="COMMANDE [ARGUMENTS]...",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Atlas des quartiers prioritaires : les chiffres et les fichiers de l'application.",
)
GROUPS = (
    *(tables, figures, compare, equity, cases, export, locate, check, bring, fetch, geocode),
    *(territory, imports, backup, report, map, package),
)
for module in GROUPS:
    app.add_typer(module.app)
in_french(app)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code: 0 done, 1 data at fault, 2 command at fault.

    Errors go to the standard error in French, without a traceback.
    """
    words = list(sys.argv[1:] if arguments is None else arguments) or ["--help"]
    try:
        return int(app(words, prog_name="cli.py", standalone_mode=False) or 0)
    except UnknownChoice as error:
        typer.echo(str(error), err=True)
        return 2
    except AtlasError as error:
        typer.echo(str(error), err=True)
        return 1
    except typer.TyperException as error:
        typer.echo(refusal(error, words), err=True)
        return 2
    except typer.Abort:
        return 130


if __name__ == "__main__":
    sys.exit(main())
