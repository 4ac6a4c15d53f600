"""``cases``: the queue of the page « À décider »."""

import typer

from analysis.selection import Selection
from commands.options import (
    LayoutOption,
    on_selection,
    require_layout,
    say_limits,
    say_totals,
    show,
)
from store.atlas import Atlas
from store.cases import export_cases

_CASES = {
    "identifiant": "Identifiant",
    "cas": "Cas",
    "intitule": "Intitulé",
    "accorde_eur": "Accordé",
    "constat": "Constat",
}

app = typer.Typer()


@app.command(help="Liste les projets à décider : ce qui n'est pas sûr, et pourquoi.")
@on_selection
def cases(atlas: Atlas, selection: Selection, layout: LayoutOption = "table") -> None:
    """Print one line a case: the queue of the page « À décider »."""
    require_layout(layout)
    say_limits(atlas, selection)
    show(export_cases(atlas, selection), _CASES, layout)
    say_totals(atlas, selection, err=layout != "table")
