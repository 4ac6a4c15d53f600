"""``locate``: in which quarter each row of a file of positions is, on one machine or several."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from commands.options import TerritoryOption, Word, option, require, require_out
from geo.crs import WGS84
from store.atlas import open_atlas
from store.positions import FORMATS

app = typer.Typer()


@app.command(
    help="Dit dans quel quartier est chaque ligne d'un fichier de positions. De Parquet à Parquet, "
    "distance et quartier le plus proche sont vides au-delà de 600 m d'un quartier, ou de la bande "
    "demandée."
)
def locate(
    file: Annotated[str, typer.Argument(metavar="FICHIER", help=f"{', '.join(FORMATS)}.")],
    out: Annotated[Word, option("--out", "FICHIER", "À écrire, dans l'un de ces formats.")] = None,
    qpv: Annotated[
        Word, option("--qpv", "COUCHE", "Quartiers, au lieu de ceux du territoire.")
    ] = None,
    generation: Annotated[int | None, option("--generation", "ANNÉE", "2015 ou 2024.")] = None,
    uncertainty_m: Annotated[
        float | None,
        option(
            "--uncertainty-m",
            "M",
            "Incertitude ; sans elle, celle de position_method, ou d'une origine inconnue.",
        ),
    ] = None,
    band_m: Annotated[
        float | None, option("--band-m", "M", "Ajoute in_band : à moins de M mètres ?")
    ] = None,
    lon: Annotated[Word, option("--lon", "COLONNE", "Longitudes, ou x.")] = None,
    lat: Annotated[Word, option("--lat", "COLONNE", "Latitudes, ou y.")] = None,
    crs: Annotated[str, option("--crs", "EPSG", "Système de ces deux colonnes.")] = WGS84,
    engine: Annotated[
        Word,
        option("--engine", "dask", "FICHIER : dossier ou motif de Parquet ; --out : dossier."),
    ] = None,
    scheduler: Annotated[Word, option("--scheduler", "tcp://…", "Sans lui : ici même.")] = None,
    territory: TerritoryOption = None,
) -> None:
    """Write the file with the answers beside its rows, then tell the states."""
    # Compiled loops take a second to load: the other commands do without.
    from store.cluster import locate_dataset
    from store.locating import Request, locate_file

    target = Path(require_out(out))
    if engine or scheduler:
        require({"--engine": (engine, ("dask",))})
    atlas, layer = open_atlas(code=territory), Path(qpv) if qpv else None
    request = Request(layer, generation, uncertainty_m, band_m, lon, lat, crs)
    with typer.progressbar(length=100, label="Localisation", file=sys.stderr) as bar:

        def progress(done: int, total: int) -> None:
            bar.update(100 * done // max(total, 1) - bar.pos)

        if engine:
            found = locate_dataset(atlas, request, file, target, scheduler, progress)
        else:
            found = locate_file(atlas, request, Path(file), target, progress)
        progress(1, 1)
    for warning in found.warnings:
        typer.echo(warning, err=True)
    typer.echo(f"{out} : {found.told()}")
