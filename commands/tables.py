"""``quarters`` and ``projects``: the tables of the screen, and totals that always reconcile."""

import pandas as pd
import typer

from analysis.allocation import CENTS
from analysis.programme import by_target, grand_total
from analysis.selection import Selection
from analysis.vocabulary import AMOUNT_WORDS, TARGET_WORDS
from commands.options import (
    LayoutOption,
    as_json,
    on_selection,
    records,
    require_layout,
    show,
    warn_if_fictitious,
)
from reports.terminal import table
from store.atlas import Atlas
from store.exports import CONTENTS
from store.tables import selected

# Columns of the exports that a terminal has room for, with their headers.
_QUARTERS = {
    "code_qpv": "Code",
    "nom": "Quartier",
    "communes": "Communes",
    "projets": "Projets",
    "demande_eur": "Demandé",
    "accorde_eur": "Accordé",
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
_AMOUNTS = dict(zip(CENTS, ("demande_eur", "accorde_eur", "annee_precedente_eur"), strict=True))

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
    warn_if_fictitious(atlas, selection)
    if layout == "json":
        typer.echo(_json(atlas, selection, frame))
        return
    show(frame, headers, layout)
    if layout == "table":
        typer.echo("\n" + _totals_table(_totals(atlas, selection)))


def _totals(atlas: Atlas, selection: Selection) -> pd.DataFrame:
    """Return the totals by target and the whole, the line « Total », amounts in euros."""
    rows = selected(atlas, selection)
    frame = by_target(rows).rename(index=TARGET_WORDS)
    frame.loc["Total"] = grand_total(rows)
    euros = frame[list(CENTS)].astype("Float64") / 100
    return (
        frame[["projects"]]
        .rename(columns={"projects": "projets"})
        .join(euros.rename(columns=_AMOUNTS))
    )


def _json(atlas: Atlas, selection: Selection, frame: pd.DataFrame) -> str:
    totals = _totals(atlas, selection).rename_axis("destination").reset_index()
    return as_json(
        {
            "territoire": atlas.territory.code,
            "programme": selection.programme,
            "annee": selection.year,
            "donnees_fictives": atlas.territory.programme(selection.programme).fictitious,
            "lignes": records(frame),
            "totaux": records(totals),
        }
    )


def _totals_table(totals: pd.DataFrame) -> str:
    frame = totals.rename_axis("destination").reset_index()
    words = {_AMOUNTS[name]: AMOUNT_WORDS[name] for name in CENTS}
    return table(frame, {"destination": "Total = somme des lignes", "projets": "Projets", **words})
