"""``compare``: a quarter against its communes, larger areas and the other quarters."""

from typing import Annotated

import pandas as pd
import typer

from commands.options import (
    LayoutOption,
    TerritoryOption,
    Words,
    option,
    require,
    require_layout,
    show,
)
from store.atlas import open_atlas
from store.comparisons import comparison, export_comparisons, vintages_of

_HEADERS = {
    "libelle_court": "Indicateur",
    "annee": "Année",
    "territoire": "Territoire",
    "texte": "Valeur",
    "rang": "Rang",
    "intervalle": "Intervalle à 95 %",
    "ecart_texte": "Écart du quartier",
}

app = typer.Typer()


@app.command(help="Compare un quartier à ses communes, aux territoires plus larges, aux autres.")
def compare(
    quarter: Annotated[str, typer.Argument(metavar="QPV", help="Code du quartier.")],
    indicator: Annotated[
        Words, option("--indicator", "CODE", "Indicateur ; peut se répéter ; sans lui, tous.")
    ] = None,
    year: Annotated[
        int | None,
        option("--year", "ANNÉE", "Année de la donnée ; sans elle, la dernière qui se compare."),
    ] = None,
    layout: LayoutOption = "table",
    territory: TerritoryOption = None,
) -> None:
    """Print what the page « Comparer » shows: a line an area, the quarter first."""
    require_layout(layout)
    atlas = open_atlas(code=territory)
    codes = list(dict.fromkeys(indicator or atlas.indicators))
    unknown = [code for code in codes if code not in atlas.indicators]
    require(
        {
            "QPV": (quarter, list(atlas.quarter_labels)),
            "--indicator": (", ".join(unknown) or codes[0], list(atlas.indicators)),
        }
    )
    years = {code: {one.data_year: one for one in vintages_of(atlas, code)} for code in codes}
    known = {str(one) for found in years.values() for one in found if one is not None}
    require({"--year": (str(year), sorted(known))} if year is not None else {})
    kept = [code for code in codes if year is None or year in years[code]]
    found = [comparison(atlas, code, quarter, years[code].get(year)) for code in kept]
    frame = export_comparisons(atlas, found)
    show(frame if layout != "table" else _noted(frame), _HEADERS, layout)
    if layout == "table":
        typer.echo(_notes(frame))


def _noted(frame: pd.DataFrame) -> pd.DataFrame:
    """Replace each refusal by the number of its note: a cell has no room for a sentence."""
    numbers = {sentence: rank for rank, sentence in enumerate(_reasons(frame), start=1)}
    refused = frame["refus"].notna()
    noted = frame.loc[refused, "ecart_texte"].map(lambda text: f"non calculé ({numbers[text]})")
    return frame.assign(ecart_texte=noted.reindex(frame.index).fillna(frame["ecart_texte"]))


def _reasons(frame: pd.DataFrame) -> list[str]:
    return list(frame.loc[frame["refus"].notna(), "ecart_texte"].unique())


def _notes(frame: pd.DataFrame) -> str:
    sources = [source for source in frame["source"].unique() if source]
    notes = [f"({rank}) {text}." for rank, text in enumerate(_reasons(frame), start=1)]
    measured = [f"Chiffre du quartier : {text}." for text in frame["perimetre"].unique() if text]
    return "\n".join(["", *notes, *measured, *(f"Source : {source}." for source in sources)])
