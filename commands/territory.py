"""``territory``: write the file of a new territory from the official layers."""

from typing import Annotated

import typer

from analysis import wording
from commands.fetch import Bar, OriginOption, tell
from commands.options import Word, option
from geo.catalogue import data_directory, installed_directory
from store.official import official_origin
from store.territories import found

app = typer.Typer()
territory = typer.Typer(help="Ajoute un territoire : une intercommunalité et ses quartiers.")
app.add_typer(territory, name="territory")


@territory.callback()
def group() -> None:
    """Hold the commands about territories."""


@territory.command(help="Écrit le fichier d'un territoire, d'après les couches officielles.")
def new(
    siren: Annotated[str, typer.Argument(metavar="SIREN", help="Celui de l'intercommunalité.")],
    origin: OriginOption = None,
    name: Annotated[Word, option("--name", "NOM", "Nom ; sans lui, celui de la liste.")] = None,
    code: Annotated[Word, option("--code", "CODE", "Nom du fichier.")] = None,
) -> None:
    """Write the file, then say how to open the territory and what is left to complete."""
    source = official_origin() if origin is None else origin
    done = found(
        data_directory(),
        installed_directory(),
        siren,
        origin=source,
        name=name or "",
        code=code or "",
        progress=Bar().step,
    )
    tell(done.outcomes)
    typer.echo(
        f"{done.path.parent.name}/{done.path.name} : {done.name}, "
        f"{wording.plural(done.communes, 'commune')}, {wording.plural(done.quarters, 'quartier')}."
    )
    typer.echo(
        f"Pour l'ouvrir : ATLAS_TERRITORY={done.code}. À compléter dans ce fichier : financeurs, "
        "dispositifs, sites NPNRU."
    )
