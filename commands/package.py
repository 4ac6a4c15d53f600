"""``package`` and ``verify``: the analyst's package, and the proof that it can be made again."""

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from analysis import wording
from analysis.selection import Selection
from commands.export import CrsOption, DialectOption, options_of
from commands.options import Word, on_selection, option, require_out, say_limits, say_totals
from geo.errors import DataFileError
from geo.writers import write_file
from store.atlas import Atlas, open_atlas
from store.packages import package as make
from store.packages import territory_of
from store.packages import verify as compare

app = typer.Typer()


@app.command(
    help="Écrit un paquet (zip) : données, dictionnaire, manifeste, licence et attribution."
)
@on_selection
def package(
    atlas: Atlas,
    selection: Selection,
    crs: CrsOption = "4326",
    dialect: DialectOption = "fr",
    out: Annotated[Word, option("--out", "FICHIER", "Archive .zip à écrire.")] = None,
) -> None:
    """Write the package of a selection, and say what it holds."""
    path = require_out(out)
    time = datetime.now(UTC).isoformat(timespec="seconds")
    words = " ".join(["cli.py", *sys.argv[1:]]) if sys.argv[1:2] == ["package"] else ""
    content = make(atlas, selection, time, options_of(crs, dialect), words)
    write_file(Path(path), content)
    say_limits(atlas, selection)
    typer.echo(f"{path} : {wording.plural(len(content), 'octet')}.")
    say_totals(atlas, selection)


@app.command(help="Refait un paquet d'après son manifeste et compare chaque fichier.")
def verify(
    archive: Annotated[str, typer.Argument(metavar="PAQUET", help="Archive faite par package.")],
) -> None:
    """Make a package again; exit 1 with what differs."""
    try:
        content = Path(archive).read_bytes()
    except OSError as error:
        raise DataFileError(
            f"Paquet « {archive} » introuvable ou illisible ; attendu : un fichier .zip."
        ) from error
    lines = compare(open_atlas(code=territory_of(content)), content)
    if lines:
        raise DataFileError("\n".join(["Le paquet n'est pas refait à l'identique :", *lines]))
    typer.echo("Paquet refait à l'identique : chaque fichier, au bit près.")
