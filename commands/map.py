"""``map``: the map of a selection as one HTML file."""

from pathlib import Path
from typing import Annotated

import typer

from analysis import wording
from analysis.measure import EFFORT
from analysis.selection import Selection
from commands.options import (
    Word,
    day_of,
    on_selection,
    option,
    require,
    require_out,
    say_limits,
)
from geo.writers import write_file
from reports.map_file import map_file
from store.atlas import Atlas
from store.material import gather_map
from store.measures import measure_labels

app = typer.Typer()


@app.command(name="map", help="Écrit la carte en un seul fichier HTML, qui s'ouvre sans internet.")
@on_selection
def draw(
    atlas: Atlas,
    selection: Selection,
    indicator: Annotated[
        Word,
        option("--indicator", "CODE", "Couleur des quartiers ; sans elle, euros par habitant."),
    ] = None,
    out: Annotated[Word, option("--out", "FICHIER", "Fichier HTML à écrire.")] = None,
    day: Annotated[
        Word, option("--date", "AAAA-MM-JJ", "Date écrite sur la carte ; sans elle, ce jour.")
    ] = None,
) -> None:
    """Write the map of a selection: the same bytes as the button of the page Carte."""
    code = indicator or EFFORT
    require({"--indicator": (code, measure_labels(atlas))})
    path = require_out(out)
    content = map_file(gather_map(atlas, selection, code), day_of(day))
    write_file(Path(path), content)
    say_limits(atlas, selection)
    typer.echo(f"{path} : {wording.plural(len(content), 'octet')}.")
