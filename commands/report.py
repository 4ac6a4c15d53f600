"""``report``: the printed sheets, one PDF a quarter."""

from pathlib import Path
from typing import Annotated

import typer

from analysis import wording
from analysis.selection import Selection
from commands.options import (
    UnknownChoice,
    Word,
    Words,
    day_of,
    on_selection,
    option,
    require_each,
    say_limits,
)
from geo.writers import write_file
from reports.printing import EVERY, KINDS, printed
from store.atlas import Atlas
from store.material import gather

app = typer.Typer()


@app.command(help="Écrit en PDF les fiches des quartiers (deux pages chacune).")
@on_selection
def report(
    atlas: Atlas,
    selection: Selection,
    what: Annotated[
        Words,
        typer.Argument(metavar="QUOI", help=f"Codes de quartiers, {EVERY} ou {', '.join(KINDS)}."),
    ] = None,
    out: Annotated[Word, option("--out", "DOSSIER", "Dossier où écrire les PDF.")] = None,
    day: Annotated[
        Word, option("--date", "AAAA-MM-JJ", "Date écrite sur les fiches ; sans elle, ce jour.")
    ] = None,
    address: Annotated[
        Word, option("--address", "ADRESSE", "Adresse de l'atlas, au début des liens imprimés.")
    ] = None,
) -> None:
    """Write the documents asked for; the same bytes as the buttons of the page Quartiers."""
    if not out:
        raise UnknownChoice("--out est obligatoire ; attendu : le dossier où écrire les fiches.")
    asked = what or [EVERY]
    require_each({"QUOI": (asked, [*atlas.quarter_labels, EVERY, *KINDS])})
    folder = Path(out)
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in printed(gather(atlas, selection, day_of(day), address or ""), asked):
        write_file(folder / name, content)
        typer.echo(f"{folder / name} : {wording.plural(len(content), 'octet')}.")
    say_limits(atlas, selection)
