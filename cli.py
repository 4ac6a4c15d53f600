"""The atlas in a terminal: the same figures and the same files as the screen."""

import json
import sys
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Annotated, Any

import pandas as pd
import typer

from analysis import wording
from analysis.allocation import CENTS
from analysis.programme import by_target, grand_total
from analysis.selection import Selection
from analysis.vocabulary import AMOUNT_WORDS, TARGET_WORDS, labels
from geo.errors import AtlasError
from geo.schema import WGS84
from geo.writers import to_csv, write_file
from reports.terminal import table
from store.atlas import Atlas, open_atlas
from store.cases import export_cases
from store.exports import CONTENTS, MIME_TYPES, export_bytes
from store.positions import FORMATS
from store.tables import selected

LAYOUTS = ("table", "csv", "json")
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
_CASES = {
    "identifiant": "Identifiant",
    "cas": "Cas",
    "intitule": "Intitulé",
    "accorde_eur": "Accordé",
    "constat": "Constat",
}
_AMOUNTS = dict(zip(CENTS, ("demande_eur", "accorde_eur", "annee_precedente_eur"), strict=True))

app = typer.Typer(
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Atlas des quartiers prioritaires : les chiffres et les fichiers de l'application.",
)

Word = str | None
Words = list[str] | None
TerritoryOption = Annotated[
    Word, typer.Option("--territory", metavar="CODE", help="Territoire de data/territories/.")
]
ProgrammeOption = Annotated[
    Word, typer.Option("--programme", metavar="CODE", help="Programme de projets.")
]
YearOption = Annotated[
    Word, typer.Option("--year", metavar="ANNÉE", help="Année ; sans elle, la dernière.")
]
ThemeOption = Annotated[
    Words, typer.Option("--theme", metavar="CODE", help="Thème ; peut se répéter.")
]
FunderOption = Annotated[
    Words, typer.Option("--funder", metavar="CODE", help="Financeur ; peut se répéter.")
]
StatusOption = Annotated[
    Words, typer.Option("--status", metavar="CODE", help="Statut ; peut se répéter.")
]
DispositifOption = Annotated[
    Words, typer.Option("--dispositif", metavar="CODE", help="Dispositif ; peut se répéter.")
]
QuarterOption = Annotated[
    Words, typer.Option("--quarter", metavar="QPV", help="Code de quartier ; peut se répéter.")
]
LayoutOption = Annotated[
    str,
    typer.Option("--format", metavar="FORMAT", help=f"{', '.join(LAYOUTS)}.", show_default=False),
]


class UnknownChoice(AtlasError):
    """A word of the command line is not one of those allowed; the message lists them."""


@app.command(help="Liste les quartiers : projets, demandé, accordé, euros par habitant.")
def quarters(
    territory: TerritoryOption = None,
    programme: ProgrammeOption = None,
    year: YearOption = None,
    theme: ThemeOption = None,
    funder: FunderOption = None,
    status: StatusOption = None,
    dispositif: DispositifOption = None,
    quarter: QuarterOption = None,
    layout: LayoutOption = "table",
) -> None:
    """Print one line a quarter, then the totals of the selection."""
    _require({"--format": (layout, LAYOUTS)})
    atlas = open_atlas(code=territory)
    filters = _filters(theme, funder, status, dispositif, quarter)
    _print(atlas, _selection(atlas, programme, year, filters), "quarters", _QUARTERS, layout)


@app.command(help="Liste les projets, puis les totaux par destination.")
def projects(
    territory: TerritoryOption = None,
    programme: ProgrammeOption = None,
    year: YearOption = None,
    theme: ThemeOption = None,
    funder: FunderOption = None,
    status: StatusOption = None,
    dispositif: DispositifOption = None,
    quarter: QuarterOption = None,
    layout: LayoutOption = "table",
) -> None:
    """Print one line a project, then the totals of the selection."""
    _require({"--format": (layout, LAYOUTS)})
    atlas = open_atlas(code=territory)
    filters = _filters(theme, funder, status, dispositif, quarter)
    _print(atlas, _selection(atlas, programme, year, filters), "projects", _PROJECTS, layout)


@app.command(help="Liste les projets à décider : ce qui n'est pas sûr, et pourquoi.")
def cases(
    territory: TerritoryOption = None,
    programme: ProgrammeOption = None,
    year: YearOption = None,
    theme: ThemeOption = None,
    funder: FunderOption = None,
    status: StatusOption = None,
    dispositif: DispositifOption = None,
    quarter: QuarterOption = None,
    layout: LayoutOption = "table",
) -> None:
    """Print one line a case: the queue of the page « À décider »."""
    _require({"--format": (layout, LAYOUTS)})
    atlas = open_atlas(code=territory)
    filters = _filters(theme, funder, status, dispositif, quarter)
    selection = _selection(atlas, programme, year, filters)
    frame = export_cases(atlas, selection)
    _warn_if_fictitious(atlas, selection)
    if layout == "csv":
        typer.echo(to_csv(frame), nl=False)
    elif layout == "json":
        typer.echo(json.dumps(_records(frame), ensure_ascii=False, allow_nan=False, indent=2))
    else:
        typer.echo(table(frame, _CASES))


@app.command(help="Écrit les quartiers ou les projets dans un fichier, comme la page Données.")
def export(
    what: Annotated[
        Word, typer.Option("--what", metavar="QUOI", help=f"{', '.join(CONTENTS)}.")
    ] = None,
    file_format: Annotated[
        Word, typer.Option("--format", metavar="FORMAT", help=f"{', '.join(MIME_TYPES)}.")
    ] = None,
    out: Annotated[Word, typer.Option("--out", metavar="FICHIER", help="Fichier à écrire.")] = None,
    territory: TerritoryOption = None,
    programme: ProgrammeOption = None,
    year: YearOption = None,
    theme: ThemeOption = None,
    funder: FunderOption = None,
    status: StatusOption = None,
    dispositif: DispositifOption = None,
    quarter: QuarterOption = None,
) -> None:
    """Write a selection to a file: the same bytes as the button of the page."""
    _require({"--what": (what, CONTENTS), "--format": (file_format, MIME_TYPES)})
    if not out:
        raise UnknownChoice("--out est obligatoire ; attendu : le nom du fichier à écrire.")
    atlas = open_atlas(code=territory)
    filters = _filters(theme, funder, status, dispositif, quarter)
    selection = _selection(atlas, programme, year, filters)
    content = export_bytes(atlas, selection, str(what), str(file_format))
    write_file(Path(out), content)
    _warn_if_fictitious(atlas, selection)
    typer.echo(f"{out} : {wording.plural(len(content), 'octet')}.")


def _option(flag: str, metavar: str, words: str) -> Any:
    return typer.Option(flag, metavar=metavar, help=words)


@app.command(help="Dit dans quel quartier est chaque ligne d'un fichier de positions.")
def locate(
    file: Annotated[str, typer.Argument(metavar="FICHIER", help=f"{', '.join(FORMATS)}.")],
    out: Annotated[Word, _option("--out", "FICHIER", "À écrire, dans l'un de ces formats.")] = None,
    qpv: Annotated[
        Word, _option("--qpv", "COUCHE", "Quartiers, au lieu de ceux du territoire.")
    ] = None,
    generation: Annotated[int | None, _option("--generation", "ANNÉE", "2015 ou 2024.")] = None,
    uncertainty_m: Annotated[
        float | None,
        _option(
            "--uncertainty-m",
            "M",
            "Incertitude ; sans elle, celle de position_method, ou d'une origine inconnue.",
        ),
    ] = None,
    band_m: Annotated[
        float | None, _option("--band-m", "M", "Ajoute in_band : à moins de M mètres ?")
    ] = None,
    lon: Annotated[Word, _option("--lon", "COLONNE", "Longitudes, ou x.")] = None,
    lat: Annotated[Word, _option("--lat", "COLONNE", "Latitudes, ou y.")] = None,
    crs: Annotated[str, _option("--crs", "EPSG", "Système de ces deux colonnes.")] = WGS84,
    engine: Annotated[
        Word,
        _option("--engine", "dask", "FICHIER : dossier ou motif de Parquet ; --out : dossier."),
    ] = None,
    scheduler: Annotated[Word, _option("--scheduler", "tcp://…", "Sans lui : ici même.")] = None,
    territory: TerritoryOption = None,
) -> None:
    """Write the file with the answers beside its rows, then tell the states."""
    # Compiled loops take a second to load: the other commands do without.
    from store.cluster import locate_dataset
    from store.locating import Request, locate_file

    if not out:
        raise UnknownChoice("--out est obligatoire ; attendu : le nom du fichier à écrire.")
    if engine or scheduler:
        _require({"--engine": (engine, ("dask",))})
    atlas, layer = open_atlas(code=territory), Path(qpv) if qpv else None
    request = Request(layer, generation, uncertainty_m, band_m, lon, lat, crs)
    with typer.progressbar(length=100, label="Localisation", file=sys.stderr) as bar:

        def progress(done: int, total: int) -> None:
            bar.update(100 * done // max(total, 1) - bar.pos)

        if engine:
            found = locate_dataset(atlas, request, file, Path(out), scheduler, progress)
        else:
            found = locate_file(atlas, request, Path(file), Path(out), progress)
        progress(1, 1)
    for warning in found.warnings:
        typer.echo(warning, err=True)
    typer.echo(f"{out} : {found.told()}")


def _filters(
    theme: Words, funder: Words, status: Words, dispositif: Words, quarter: Words
) -> dict[str, list[str]]:
    words = {
        "theme": theme,
        "funder": funder,
        "status": status,
        "dispositif": dispositif,
        "quarter": quarter,
    }
    return {name: list(dict.fromkeys(chosen or ())) for name, chosen in words.items()}


def _require(choices: dict[str, tuple[Word, Collection[str]]]) -> None:
    """Refuse every word that is not one of those allowed, all at once."""
    faults = [
        f"{option} « {word} » inconnu ; attendu : {', '.join(known)}."
        if word
        else f"{option} est obligatoire ; attendu : {', '.join(known)}."
        for option, (word, known) in choices.items()
        if word is None or word not in known
    ]
    if faults:
        raise UnknownChoice("\n".join(faults))


def _selection(
    atlas: Atlas, programme: Word, year: Word, filters: dict[str, list[str]]
) -> Selection:
    territory = atlas.territory
    code = programme or territory.default_programme
    _require({"--programme": (code, [known.code for known in territory.programmes])})
    years = [str(known) for known in atlas.years(code)]
    choices: dict[str, tuple[Word, Collection[str]]] = {"--year": (year or years[0], years)}
    for name, words in filters.items():
        known = atlas.quarter_labels if name == "quarter" else labels(territory, name)
        unknown = [word for word in words if word not in known]
        if unknown:
            choices[f"--{name}"] = (", ".join(unknown), list(known))
    _require(choices)
    return Selection(
        programme=code,
        year=int(year or years[0]),
        themes=tuple(filters["theme"]),
        funders=tuple(filters["funder"]),
        statuses=tuple(filters["status"]),
        dispositifs=tuple(filters["dispositif"]),
        quarters=tuple(filters["quarter"]),
    )


def _print(
    atlas: Atlas, selection: Selection, what: str, headers: dict[str, str], layout: str
) -> None:
    frame = pd.DataFrame(CONTENTS[what](atlas, selection))[list(headers)]
    _warn_if_fictitious(atlas, selection)
    if layout == "csv":
        typer.echo(to_csv(frame), nl=False)
    elif layout == "json":
        typer.echo(_json(atlas, selection, frame))
    else:
        typer.echo(table(frame, headers))
        typer.echo("\n" + _totals_table(_totals(atlas, selection)))


def _warn_if_fictitious(atlas: Atlas, selection: Selection) -> None:
    if atlas.territory.programme(selection.programme).fictitious:
        typer.echo("Données fictives : programme de démonstration.", err=True)


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
    content = {
        "territoire": atlas.territory.code,
        "programme": selection.programme,
        "annee": selection.year,
        "donnees_fictives": atlas.territory.programme(selection.programme).fictitious,
        "lignes": _records(frame),
        "totaux": _records(totals),
    }
    return json.dumps(content, ensure_ascii=False, allow_nan=False, indent=2)


def _records(frame: pd.DataFrame) -> list[dict[str, object]]:
    plain = frame.astype("object").where(frame.notna(), None)
    return [{str(name): value for name, value in row.items()} for row in plain.to_dict("records")]


def _totals_table(totals: pd.DataFrame) -> str:
    frame = totals.rename_axis("destination").reset_index()
    words = {_AMOUNTS[name]: AMOUNT_WORDS[name] for name in CENTS}
    return table(frame, {"destination": "Total = somme des lignes", "projets": "Projets", **words})


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code: 0 done, 1 data at fault, 2 command at fault.

    Errors go to the standard error in French, without a traceback.
    """
    words = list(sys.argv[1:] if arguments is None else arguments) or ["--help"]
    try:
        return int(app(words, prog_name="cli.py", standalone_mode=False) or 0)
    except UnknownChoice as error:
        typer.echo(str(error), err=True)
        return 2
    except AtlasError as error:
        typer.echo(str(error), err=True)
        return 1
    except typer.TyperException:
        typer.echo(
            f"Commande incomprise : « {' '.join(words)} ». Commandes : quarters, projects, cases, "
            "export, locate. « cli.py COMMANDE --help » donne leurs options.",
            err=True,
        )
        return 2
    except typer.Abort:
        return 130


if __name__ == "__main__":
    sys.exit(main())
