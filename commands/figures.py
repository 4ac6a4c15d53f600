"""``figures``: every figure of the quarters, with its years, its perimeter and its source."""

from pathlib import Path
from typing import Annotated

import typer

from analysis.listing import COLUMNS
from commands.options import (
    LayoutOption,
    TerritoryOption,
    Word,
    Words,
    option,
    require_each,
    require_layout,
    show,
)
from store.atlas import open_atlas
from store.listing import every_figure, read_folder

_HEADERS = {
    "quarter": "Quartier",
    "indicator": "Indicateur",
    "data_year": "Donnée",
    "file_year": "Fichier",
    "text": "Valeur",
    "unit": "Unité",
    "perimeter": "Périmètre",
}

app = typer.Typer()


@app.command(help="Liste les chiffres des quartiers : année, valeur, état, périmètre, source.")
def figures(
    quarters: Annotated[
        Words, typer.Argument(metavar="QUARTIER", help="Codes de quartiers ; sans eux, tous.")
    ] = None,
    indicator: Annotated[
        Words, option("--indicator", "CODE", "Indicateur ; peut se répéter.")
    ] = None,
    folder: Annotated[
        Word,
        option("--from", "DOSSIER", "Fichiers publiés à lire à la place des chiffres embarqués."),
    ] = None,
    territory: TerritoryOption = None,
    layout: LayoutOption = "table",
) -> None:
    """Print one line a quarter, an indicator and a vintage; what was noted in the files first."""
    require_layout(layout)
    atlas = open_atlas(code=territory)
    require_each(
        {
            "QUARTIER": (quarters or [], list(atlas.quarter_labels)),
            "--indicator": (indicator or [], list(atlas.indicators)),
        }
    )
    published = read_folder(atlas, Path(folder)) if folder else None
    for note in published.notes if published else ():
        typer.echo(note, err=True)
    frame = every_figure(atlas, quarters or None, indicator or None, published)
    if layout == "table":  # a year is not a number of things: 2021, not 2 021
        years = ("data_year", "file_year")
        frame = frame.assign(**{name: frame[name].astype("str") for name in years})
        show(frame, _HEADERS, layout)
    else:
        show(frame[list(COLUMNS)], _HEADERS, layout)
