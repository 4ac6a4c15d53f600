"""``geocode``: ask the address service where the projects without coordinates are."""

import sys
from typing import Annotated
from urllib.parse import urlsplit

import typer

from analysis import wording
from commands.options import TerritoryOption, Word, option, require
from geo.errors import PlaceError
from geo.geocoding import service
from store.atlas import open_atlas

app = typer.Typer()


@app.command(help="Situe par leur adresse les projets sans coordonnées ; reprend où il en était.")
def geocode(
    programme: Annotated[Word, option("--programme", "CODE", "Programme de projets.")] = None,
    again: Annotated[
        bool, typer.Option("--again", help="Redemande aussi les adresses sans réponse sûre.")
    ] = False,
    territory: TerritoryOption = None,
) -> None:
    """Send the addresses that wait, and nothing else, then tell what is placed."""
    atlas = open_atlas(code=territory)
    code = programme or atlas.territory.default_programme
    require({"--programme": (code, [one.code for one in atlas.territory.programmes])})
    projects = atlas.addressed(code)
    waiting = atlas.addresses.waiting(projects, again=again)
    if waiting:
        host = urlsplit(service()).hostname
        words = wording.plural(len(waiting), "adresse")
        typer.echo(
            f"{words} (avec commune ou code postal, rien d'autre) : envoi à {host}.", err=True
        )
    with typer.progressbar(length=max(len(waiting), 1), label="Adresses", file=sys.stderr) as bar:
        asked = atlas.addresses.resume(
            projects, again=again, progress=lambda done, _: bar.update(done - bar.pos)
        )
    typer.echo(told(*atlas.addresses.census(projects)))
    if asked.fault:
        raise PlaceError(f"{asked.fault} Relancez la commande pour reprendre.")


def told(placed: int, unsure: int, waiting: int) -> str:
    """Say how many projects without coordinates are placed, unsure and waiting."""
    return (
        f"Projets sans coordonnées : {placed} situés par leur adresse, {unsure} sans réponse sûre "
        f"(non situés), {waiting} en attente."
    )
