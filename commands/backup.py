"""``backup`` and ``restore``: the database in one file, and back."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from analysis import wording
from geo.errors import StoreError
from store.backup import backup as write_copy
from store.backup import restore as put_back
from store.database import Database

app = typer.Typer()


@app.command(help="Sauvegarde la base (imports, décisions) dans un fichier, même en service.")
def backup(
    file: Annotated[str, typer.Argument(metavar="FICHIER", help="À écrire, sous un nom neuf.")],
) -> None:
    """Write a copy of the whole database."""
    count = write_copy(Database(), Path(file))
    typer.echo(f"{file} : {wording.plural(count, 'enregistrement')}.")


@app.command(help="Remet une sauvegarde à la place de la base, qui est d'abord sauvegardée.")
def restore(
    file: Annotated[str, typer.Argument(metavar="FICHIER", help="Écrit par backup.")],
) -> None:
    """Put a copy back; what it replaces is kept beside it, in another copy."""
    database, path = Database(), Path(file)
    now = datetime.now().astimezone().strftime("%Y%m%d-%H%M%S")
    former = path.with_name(f"{path.stem}.avant-{now}.sqlite")
    kept = _keep(database, former) if path.is_file() else ""
    try:
        count = put_back(database, path)
    except StoreError:
        former.unlink(missing_ok=True)  # nothing was replaced
        raise
    typer.echo(f"Base remise depuis {file} : {wording.plural(count, 'enregistrement')}.{kept}")


def _keep(database: Database, former: Path) -> str:
    if not database.is_empty():
        write_copy(database, former)
        return f" L'état précédent est dans {former.name}."
    return ""
