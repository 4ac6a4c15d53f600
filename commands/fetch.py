"""``fetch``: install the official layers from their publishers, a mirror or a folder."""

import sys
from typing import Annotated

import typer

from commands.options import TerritoryOption, Word, option, require
from geo.catalogue import installed_directory
from geo.errors import DataFileError
from store.atlas import open_atlas
from store.official import Installer, Outcome, official_origin

app = typer.Typer()
OriginOption = Annotated[
    Word,
    option("--from", "DOSSIER|ADRESSE", "Dossier ou miroir, au lieu des adresses officielles."),
]


@app.command(help="Installe les couches officielles à la place des données embarquées.")
def fetch(
    origin: OriginOption = None,
    layer: Annotated[
        list[str] | None, option("--layer", "CLÉ", "Cette couche seulement ; peut se répéter.")
    ] = None,
    restore: Annotated[
        Word, option("--restore", "CLÉ", "Remet la version précédente d'une couche.")
    ] = None,
    territory: TerritoryOption = None,
) -> None:
    """Install layers, or put one back, and say what became of each."""
    atlas = open_atlas(code=territory)
    installer = Installer(atlas.directory, installed_directory(), atlas.territory.epci_siren)
    known = list(installer.official.layers)
    chosen = [restore] if restore else (layer or [])
    require({"--restore" if restore else "--layer": (word, known) for word in chosen})
    if restore:
        tell([installer.restore(restore)])
        return
    source = official_origin() if origin is None else origin
    outcomes = installer.fetch(source, keys=chosen, progress=Bar().step)
    tell(outcomes)
    if any(one.failed for one in outcomes) or not any(one.done for one in outcomes):
        raise DataFileError("Toutes les couches n'ont pas été installées ; rien n'a été perdu.")


class Bar:
    """A line of progress on the standard error, one a file, when someone is there to see it."""

    def __init__(self) -> None:
        """Start with no file."""
        self._title = ""

    def step(self, title: str, done: int, total: int) -> None:
        """Show how far a file is, in megabytes or per cent."""
        if not sys.stderr.isatty():
            if title != self._title:
                typer.echo(f"{title}…", err=True)
        else:
            far = f"{100 * done // total} %" if total else f"{done / 2**20:.1f} Mo"
            start = "\n" if self._title and title != self._title else "\r"
            typer.echo(f"{start}{title} : {far}\x1b[K", nl=False, err=True)
        self._title = title


def tell(outcomes: list[Outcome]) -> None:
    """Print one line a layer: its key, what it is, what became of it."""
    if sys.stderr.isatty():
        typer.echo("", err=True)
    for one in outcomes:
        typer.echo(f"{one.layer.key} ({one.layer.title}) : {one.word}, {one.words}.")
        for note in one.notes:
            typer.echo(f"  - {note}", err=True)
