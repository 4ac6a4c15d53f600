"""``imports``, ``undo``, ``programmes``: what was imported, by whom, and how to go back."""

import getpass
from typing import Annotated

import pandas as pd
import typer

from commands.options import LayoutOption, TerritoryOption, Word, option, require_layout, show
from store.atlas import Atlas, open_atlas

_IMPORTS = {
    "numero": "N°",
    "date_utc": "Date (UTC)",
    "auteur": "Qui",
    "programme": "Programme",
    "annee": "Année",
    "fichier": "Fichier",
    "lignes": "Lignes",
    "rejetees": "Rejetées",
    "ajoutes": "Ajoutés",
    "modifies": "Modifiés",
    "retires": "Retirés",
    "etat": "État",
}
_PROGRAMMES = {"code": "Code", "nom": "Programme", "origine": "Origine", "affiche": "Affiché"}
AuthorOption = Annotated[Word, option("--author", "NOM", "Qui agit ; sans lui, le compte ouvert.")]

app = typer.Typer()


@app.command(help="Liste les imports : qui, quand, quel fichier, ce qui a changé.")
def imports(territory: TerritoryOption = None, layout: LayoutOption = "table") -> None:
    """Print the journal of imports, latest first."""
    require_layout(layout)
    entries = journal(open_atlas(code=territory))
    # A year is no amount: no blank between its thousands.
    show(entries.astype({"annee": "str"}) if layout == "table" else entries, _IMPORTS, layout)


def journal(atlas: Atlas) -> pd.DataFrame:
    """Return the journal of imports as it leaves the atlas, latest first: French columns."""
    entries = atlas.imports.entries().iloc[::-1].reset_index(drop=True)
    names = {
        "numero": "id",
        "date_utc": "imported_at",
        "auteur": "author",
        "programme": "programme",
        "annee": "year",
        "fichier": "file_name",
        "empreinte_sha256": "sha256",
        "lignes": "rows_in",
        "rejetees": "rejected",
        "ajoutes": "added",
        "modifies": "changed",
        "retires": "removed",
    }
    frame = pd.DataFrame({name: entries[source] for name, source in names.items()})
    frame["date_utc"] = entries["imported_at"].dt.strftime("%Y-%m-%d %H:%M").astype("str")
    frame["etat"] = [
        f"annulé par n° {by}"
        if not pd.isna(by)
        else f"annulation du n° {of}"
        if not pd.isna(of)
        else "en vigueur"
        for by, of in zip(entries["undone_by"], entries["undoes"], strict=True)
    ]
    return frame


@app.command(help="Annule un import : les lignes qu'il avait remplacées reviennent.")
def undo(
    number: Annotated[int, typer.Argument(metavar="IMPORT", help="Numéro donné par imports.")],
    author: AuthorOption = None,
    territory: TerritoryOption = None,
) -> None:
    """Undo an import and print the entry of the journal that says so."""
    entry = open_atlas(code=territory).imports.undo(number, author=author or getpass.getuser())
    typer.echo(f"Import n° {number} annulé (journal : n° {entry}).")


@app.command(help="Liste les programmes ; en retire un de l'affichage, ou le remet.")
def programmes(
    hide: Annotated[Word, option("--hide", "CODE", "À retirer ; rien n'est perdu.")] = None,
    bring_back: Annotated[Word, option("--show", "CODE", "À remettre.")] = None,
    territory: TerritoryOption = None,
    layout: LayoutOption = "table",
) -> None:
    """Print the programmes, after hiding one or bringing one back."""
    require_layout(layout)
    atlas = open_atlas(code=territory)
    if hide:
        atlas.registry.hide(hide)
    if bring_back:
        atlas.registry.show(bring_back)
    atlas.refresh()
    both = [(one, True) for one in atlas.territory.programmes]
    both += [(one, False) for one in atlas.registry.hidden()]
    rows = [
        {
            "code": one.code,
            "nom": one.label,
            "origine": "fichier" if one.datasets else "import",
            "affiche": "oui" if shown else "non",
        }
        for one, shown in both
    ]
    show(pd.DataFrame(rows), _PROGRAMMES, layout)
