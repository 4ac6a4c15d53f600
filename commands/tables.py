"""``quarters`` and ``projects``: the tables of the screen, and totals that always reconcile."""

import pandas as pd
import typer

from analysis.selection import Selection
from analysis.vocabulary import AMOUNT_WORDS, sharing
from commands.options import (
    LayoutOption,
    as_json,
    on_selection,
    records,
    require_layout,
    say_limits,
    say_totals,
    show,
)
from geo.location import INDICATIVE
from store.atlas import Atlas
from store.exports import CONTENTS
from store.tables import totals_of

# Columns of the exports that a terminal has room for, with their headers.
_QUARTERS = {
    "code_qpv": "Code",
    "nom": "Quartier",
    "communes": "Communes",
    "projets": "Projets",
    "demande_eur": "Demandé",
    "accorde_eur": "Accordé",
    "annee_precedente_eur": AMOUNT_WORDS["previous_cents"],
    "accorde_par_habitant_eur": "€ par habitant",
}
_PROJECTS = {
    "identifiant": "Identifiant",
    "intitule": "Intitulé",
    "porteur": "Porteur",
    "theme": "Thème",
    "statuts": "Statuts",
    "beneficie_a": "Bénéficie à",
    "quartiers": "Quartiers",
    "demande_eur": "Demandé",
    "accorde_eur": "Accordé",
    "annee_precedente_eur": AMOUNT_WORDS["previous_cents"],
}
app = typer.Typer()


@app.command(help="Liste les quartiers : projets, demandé, accordé, euros par habitant.")
@on_selection
def quarters(atlas: Atlas, selection: Selection, layout: LayoutOption = "table") -> None:
    """Print one line a quarter, then the totals of the selection."""
    _print(atlas, selection, "quarters", _QUARTERS, layout)


@app.command(help="Liste les projets, puis les totaux par destination.")
@on_selection
def projects(atlas: Atlas, selection: Selection, layout: LayoutOption = "table") -> None:
    """Print one line a project, then the totals of the selection."""
    _print(atlas, selection, "projects", _PROJECTS, layout)


def _print(
    atlas: Atlas, selection: Selection, what: str, headers: dict[str, str], layout: str
) -> None:
    require_layout(layout)
    frame = pd.DataFrame(CONTENTS[what](atlas, selection))[list(headers)]
    say_limits(atlas, selection)
    if layout == "json":
        typer.echo(_json(atlas, selection, frame))
        return
    show(frame, headers, layout)
    say_totals(atlas, selection, err=layout == "csv")


def _json(atlas: Atlas, selection: Selection, frame: pd.DataFrame) -> str:
    totals = totals_of(atlas, selection)
    return as_json(
        {
            "territoire": atlas.territory.code,
            "programme": selection.programme,
            "annee": selection.year,
            "regle_partage": sharing(selection.rules),
            "hypothese": selection.what_if,
            "avertissement": INDICATIVE,
            "donnees_fictives": atlas.territory.programme(selection.programme).fictitious,
            "lignes": records(frame),
            "totaux": records(totals),
        }
    )
