"""``import``: a file of projects into the database, after its faults and what it changes."""

import getpass
from typing import Annotated

import typer

from analysis import wording
from analysis.difference import CHANGES
from commands.check import Examined, FileArgument, MappingOption, SheetOption
from commands.options import TerritoryOption, Word, harmless, option
from commands.progress import progress_line
from geo.errors import ImportRefused
from store.atlas import open_atlas
from store.bringing import DEFAULT_LABEL, bring, difference, programme_code
from store.imports import Difference

app = typer.Typer()
_MOST_SAID = 30


@app.command("import", help="Importe un fichier de projets : défauts, différence, confirmation.")
def import_file(
    file: FileArgument,
    year: Annotated[int | None, option("--year", "ANNÉE", "Exercice importé.")] = None,
    mapping: MappingOption = None,
    sheet: SheetOption = None,
    programme: Annotated[
        str, option("--programme", "NOM", "Programme à créer ou à mettre à jour.")
    ] = DEFAULT_LABEL,
    author: Annotated[
        Word, option("--author", "NOM", "Qui importe ; sans lui, la session.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="N'attend pas de confirmation.")] = False,
    territory: TerritoryOption = None,
) -> None:
    """Tell what is wrong and what would change, ask, then import the sound dossiers."""
    atlas = open_atlas(code=territory)
    code = programme_code(programme)
    examined = Examined(atlas, file, year, mapping, sheet, code)
    found = examined.diagnosis
    typer.echo("\n".join([harmless(examined.summary()), *examined.said()]))
    if found.projects.empty:
        raise ImportRefused("Aucun dossier à importer : corrigez le fichier, puis recommencez.")
    with progress_line() as tell:
        tell(0, "Comparaison avec le programme")
        wanted = difference(atlas, found, code, examined.year)
    typer.echo(f"\nProgramme « {harmless(programme)} », exercice {examined.year} : {told(wanted)}.")
    for line in _listed(wanted):
        typer.echo(line)
    if wanted.is_empty:
        typer.echo("Rien ne change : rien n'est importé.")
        return
    if found.rejected:
        words = wording.plural(len(found.rejected), "ligne rejetée", "lignes rejetées")
        typer.echo(f"{words} : leurs dossiers restent comme ils sont dans le programme.")
    if not yes and not _agreed():
        raise ImportRefused("Import abandonné : rien n'a été changé.")
    with progress_line() as tell:
        tell(0.5, "Écriture")
        number = bring(
            atlas,
            wanted,
            examined.received,
            found,
            examined.columns,
            author=author or getpass.getuser(),
            sha256=examined.sha256,
            label=programme,
        )
    typer.echo(f"Import n° {number} fait. « cli.py undo {number} » l'annule.")


def _agreed() -> bool:
    answer = typer.prompt("Importer ? [o/N]", default="n", show_default=False)
    return str(answer).strip().casefold() in ("o", "oui")


def told(wanted: Difference) -> str:
    """Say how many projects are added, changed, removed and unchanged."""
    return ", ".join(wording.plural(count, CHANGES[word]) for word, count in wanted.counts.items())


def _listed(wanted: Difference) -> list[str]:
    moved = wanted.changes[wanted.changes["change"] != "unchanged"]
    lines = [
        harmless(f"- {CHANGES[change]} : {title} ({operator})")
        for change, title, operator in zip(
            moved["change"].head(_MOST_SAID), moved["title"], moved["operator"], strict=False
        )
    ]
    rest = len(moved) - _MOST_SAID
    return [*lines, f"- … et {wording.number(rest)} autres."] if rest > 0 else lines
