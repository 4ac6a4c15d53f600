"""Filosofi's disposable income of communes, EPCI, departments, regions and metropolitan France.

Files ``FILO2019_DISP_COM.csv`` and the like (Insee, « Structure et distribution des revenus »): the
name says the year and the level, and most columns end with the two figures of the year.
"""

import re
from collections.abc import Collection, Mapping

from geo.errors import DataFileError
from geo.published import Areas, Known, Read, contracted, figures_of, grid, listed

_NAME = re.compile(r"FILO(?:SOFI)?_?(20[0-9]{2})_DISP_([A-Z]+)", re.IGNORECASE)
_STEM = re.compile(r"(.+?)([0-9]{2})")


def recognizes(name: str) -> bool:
    """Say whether a file is named like a Filosofi table of larger areas."""
    return _NAME.search(name) is not None


def read(
    content: bytes,
    name: str,
    known: Known,
    *,
    datasets: Mapping[str, str],
    areas: Collection[tuple[str, str]] | None = None,
) -> Read:
    """Read a Filosofi table into the long table.

    ``datasets`` gives the data set written on the rows; ``areas`` keeps those (level, code) only.
    The year of the data is the one of the name. A blank cell is a figure not disclosed; ``ns``,
    ``nd`` and ``s`` are kept apart as statuses. Faults: an unknown level, a column of another year,
    a cell that is no figure. A column never met is kept under its stem and noted.
    """
    match = _NAME.search(name)
    year, word = (int(match.group(1)), match.group(2).upper()) if match else (0, "")
    level = known.areas.levels.get(word)
    if level is None:
        expected = ", ".join(known.areas.levels)
        return Read(faults=(f"{name} : niveau « {word} » inconnu ; attendu : {expected}.",))
    try:
        frame = grid(content, name)
    except DataFileError as error:
        return Read(faults=(str(error),))
    variables, notes, faults = _variables(list(frame.columns), known, year, name)
    if year not in known.areas.vintages:
        notes.append(f"{name} : millésime {year} jamais vérifié ; chiffres gardés.")
    rows, bad = figures_of(frame, variables, name=name, blank=known.areas.blank)
    codes = frame[frame.columns[0]]
    repeated = codes[codes.duplicated(keep=False)].unique()
    if len(repeated):
        faults.append(f"{name} : code(s) répété(s) {listed(list(repeated))} ; gardez une ligne.")
    rows = rows.assign(area_code=rows["line"].map(codes), area_level=level)
    if areas is not None:
        wanted = [code for at, code in areas if at == level]
        rows = rows[rows["area_code"].isin(wanted)]
    part = known.areas.part
    years = {"data_year": year, "file_year": None, "generation": None}
    whole = rows.assign(table="", dataset=datasets.get(part, part), **years)
    whole = whole.astype(dict.fromkeys(years, "Int64"))
    return Read(contracted(whole).reset_index(drop=True), tuple(notes), (*faults, *bad))


def _variables(
    columns: list[str], known: Known, year: int, name: str
) -> tuple[dict[str, str], list[str], list[str]]:
    labels = {label.casefold() for label in known.labels}
    found, notes, faults, unknown = {}, [], [], []
    for column in columns[1:]:
        if column.casefold() in labels:
            continue
        stem, other = _stem(column, known.areas, year)
        if other:
            faults.append(
                f"{name}, colonne « {column} » : année {other} ; attendu : {year % 100:02d}, celle "
                "du nom du fichier."
            )
            continue
        if stem not in known.areas.columns:
            unknown.append(column)
        found[column] = known.areas.renamed.get(stem, stem)
    if unknown:
        notes.append(
            f"{name} : {len(unknown)} colonne(s) inconnue(s) ({listed(unknown)}) ; gardée(s) sans "
            "indicateur."
        )
    return found, notes, faults


def _stem(column: str, areas: Areas, year: int) -> tuple[str, str]:
    """Return a column without the figures of its year, and these when they are of another year."""
    match = _STEM.fullmatch(column)
    if column in areas.columns or not match:
        return column, ""
    stem, suffix = match.groups()
    if suffix == f"{year % 100:02d}":
        return stem, ""
    return column, suffix if stem in areas.columns else ""
