"""``export``: the files of the page « Données »."""

from pathlib import Path
from typing import Annotated

import typer

from analysis import wording
from analysis.selection import USUAL_INDICATOR, Selection
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
from store.contents import CONTENTS, SYSTEMS
from store.exports import ALL, DIALECTS, MIME_TYPES, Options, export_bytes
from store.subsidies import subsidies

app = typer.Typer()
CHOICES = (*CONTENTS, ALL)
_CODES = [str(code) for code in SYSTEMS]
CrsOption = Annotated[
    str, option("--crs", "CODE", f"Système : EPSG {' ou '.join(_CODES)}.", show_default=False)
]
DialectOption = Annotated[
    str, option("--csv", "DIALECTE", f"CSV : {' ou '.join(DIALECTS)}.", show_default=False)
]


@app.command(help="Écrit un contenu de la sélection dans un fichier, comme la page Données.")
@on_selection
def export(
    atlas: Atlas,
    selection: Selection,
    what: Annotated[Word, option("--what", "QUOI", f"{', '.join(CHOICES)}.")] = None,
    file_format: Annotated[Word, option("--format", "FORMAT", f"{', '.join(MIME_TYPES)}.")] = None,
    crs: CrsOption = "4326",
    dialect: DialectOption = "fr",
    indicator: Annotated[
        str, option("--indicator", "CODE", "Indicateur dont un GeoPackage colore les quartiers.")
    ] = USUAL_INDICATOR,
    out: Annotated[Word, option("--out", "FICHIER", "Fichier à écrire.")] = None,
) -> None:
    """Write a selection to a file: the same bytes as the button of the page."""
    require(
        {
            "--what": (what, CHOICES),
            "--format": (file_format, MIME_TYPES),
            **({"--indicator": (indicator, atlas.indicators)} if file_format == "gpkg" else {}),
        }
    )
    path = require_out(out)
    options = options_of(crs, dialect, indicator)
    content = export_bytes(atlas, selection, str(what), str(file_format), options)
    write_file(Path(path), content)
    say_limits(atlas, selection)
    if file_format == "scdl" and (remark := subsidies(atlas, selection).remark):
        typer.echo(remark, err=True)
    typer.echo(f"{path} : {wording.plural(len(content), 'octet')}.")
    say_totals(atlas, selection)


def options_of(crs: str, dialect: str, indicator: str = USUAL_INDICATOR) -> Options:
    """Return the options of a file from the words of the terminal, refused all at once."""
    require({"--crs": (crs, _CODES), "--csv": (dialect, DIALECTS)})
    return Options(int(crs), dialect, indicator)
