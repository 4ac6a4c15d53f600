"""``export``: the files of the page « Données »."""

from pathlib import Path
from typing import Annotated

import typer

from analysis import wording
from analysis.selection import Selection
from commands.options import (
    Word,
    on_selection,
    option,
    require,
    require_out,
    say_limits,
    say_totals,
)
from geo.writers import write_file
from store.atlas import Atlas
from store.exports import CONTENTS, MIME_TYPES, export_bytes

app = typer.Typer()


@app.command(help="Écrit quartiers, projets ou totaux dans un fichier, comme la page Données.")
@on_selection
def export(
    atlas: Atlas,
    selection: Selection,
    what: Annotated[Word, option("--what", "QUOI", f"{', '.join(CONTENTS)}.")] = None,
    file_format: Annotated[Word, option("--format", "FORMAT", f"{', '.join(MIME_TYPES)}.")] = None,
    out: Annotated[Word, option("--out", "FICHIER", "Fichier à écrire.")] = None,
) -> None:
    """Write a selection to a file: the same bytes as the button of the page."""
    require({"--what": (what, CONTENTS), "--format": (file_format, MIME_TYPES)})
    path = require_out(out)
    content = export_bytes(atlas, selection, str(what), str(file_format))
    write_file(Path(path), content)
    say_limits(atlas, selection)
    typer.echo(f"{path} : {wording.plural(len(content), 'octet')}.")
    say_totals(atlas, selection)
