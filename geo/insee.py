"""Insee's tables by QPV as published (DEMO, REVN, IPRO, EDUC, LOGT…), RPLS aggregates too.

Classic files and ``data_*_V1_QP.csv``, the population of the quarters of 2024, both generations of
codes. Sources: « Données sur les quartiers de la politique de la ville » (Insee), RPLS (SDES).
"""

import re
from collections.abc import Collection, Mapping

import pandas as pd

from geo.errors import DataFileError
from geo.published import Known, Read, Table, contracted, figure, figures_of, grid, listed
from geo.schema import GENERATIONS, INSEE_COMMUNE, QPV_CODE, QPV_CODE_2015, cell_fault

_YEAR = re.compile(r"(?<![0-9])20[0-9]{2}(?![0-9])")
_LEVELS = {
    QPV_CODE: ("quarter", GENERATIONS[1]),
    QPV_CODE_2015: ("quarter", GENERATIONS[0]),
    INSEE_COMMUNE: ("commune", None),
    "[0-9]{9}": ("epci", None),
}
_TOTALS = re.compile(r"ens.*|0+", re.IGNORECASE)  # "Ensemble", "ENSQP", "00"
_CODE = "un code QPV (QP000000 ou QN00000A), de commune (5 signes) ou d'EPCI (9 chiffres)"


def read(
    content: bytes,
    name: str,
    known: Known,
    *,
    datasets: Mapping[str, str],
    areas: Collection[tuple[str, str]] | None = None,
) -> Read | None:
    """Read a published table by QPV into the long table; None when it is none of those known.

    ``name`` is the file's: it says the table and the year. ``datasets`` gives the data set written
    on the rows of a part (the part itself without it); ``areas`` keeps those (level, code) only,
    and the number of the others is told. Every fault of the file is in the answer: a cell that is
    no figure, a code that is none, the same code twice. A vintage or a column never met is kept and
    noted; so is every data year that is not proven.
    """
    named = _named(name, known)
    try:
        frame = grid(content, name)
    except DataFileError as error:
        return Read(faults=(str(error),)) if named else None
    table = named or _by_columns(list(frame.columns), known)
    if table is None:
        return None
    found = _YEAR.search(name)
    year = int(found.group()) if found else None
    frame, notes, faults = _rows(frame, name)
    variables, more = _variables(frame, table, known, name)
    rows, bad = figures_of(frame, variables, name=name, blank=table.blank)
    notes += more + _vintage_notes(table, year, name)
    whole = _long(rows, frame, table, year, known).assign(
        dataset=datasets.get(table.part, table.part)
    )
    notes += _undated(whole, name)
    return _kept(whole, areas, name, notes, [*faults, *bad])


def _named(name: str, known: Known) -> Table | None:
    for word, table in known.tables.items():
        if re.search(rf"(?<![A-Z]){word}(?![A-Z])", name.upper()):
            return table
    return None


def _by_columns(columns: list[str], known: Known) -> Table | None:
    folded = {column.casefold() for column in columns}
    for table in known.tables.values():
        if table.recognized_by and {one.casefold() for one in table.recognized_by} <= folded:
            return table
    return None


def _rows(frame: pd.DataFrame, name: str) -> tuple[pd.DataFrame, list[str], list[str]]:
    """Give each row its level; totals of all quarters go, and are told; wrong codes are faults."""
    column = frame.columns[0]
    codes = frame[column].fillna("")
    totals = codes.str.fullmatch(_TOTALS)
    notes = [
        f"{name}, ligne {line} : total « {codes[line]} » laissé de côté, qui n'est pas un quartier."
        for line in frame.index[totals]
    ]
    frame = frame[~totals]
    level, generation = codes.map(_level).str[0], codes.map(_level).str[1]
    frame = frame.assign(__level__=level, __generation__=generation)
    wrong = frame["__level__"].isna()
    faults = [
        cell_fault(f"{name}, ligne {line}", column, frame.at[line, column], _CODE)
        for line in frame.index[wrong]
    ]
    frame = frame[~wrong]
    twice = frame[column].duplicated(keep=False)
    faults += [
        cell_fault(
            f"{name}, ligne {line}", column, frame.at[line, column], "un code une seule fois"
        )
        for line in frame.index[twice]
    ]
    return frame, notes, faults


def _level(code: str) -> tuple[str | None, int | None]:
    return next(
        (level for pattern, level in _LEVELS.items() if re.fullmatch(pattern, code)), (None, None)
    )


def _variables(
    frame: pd.DataFrame, table: Table, known: Known, name: str
) -> tuple[dict[str, str], list[str]]:
    """Return the variable of each column that holds figures, and what is said of unknown ones."""
    spelled = {column.casefold(): column for column in table.columns}
    labels = {label.casefold() for label in known.labels}
    found, texts = {}, []
    for column in frame.columns[1:]:
        folded = column.casefold()
        if folded in spelled:
            found[column] = spelled[folded]
        elif not (column.startswith("__") or folded in labels or folded.startswith("note")):
            if _is_text(frame[column]):
                texts.append(column)
            else:
                found[column] = column
    unknown = [column for column, variable in found.items() if variable not in table.columns]
    notes = []
    if unknown:
        notes.append(
            f"{name} : {len(unknown)} colonne(s) inconnue(s) de la table {table.name} "
            f"({listed(unknown)}) ; gardée(s) sous ce nom, sans indicateur."
        )
    if texts:
        notes.append(
            f"{name} : {len(texts)} colonne(s) de texte inconnue(s) ({listed(texts)}) ; ce ne sont "
            "pas des chiffres."
        )
    return found, notes


def _is_text(cells: pd.Series) -> bool:
    for cell in cells.dropna():
        try:
            figure(cell, "absent")
        except ValueError:
            return True
    return False


def _vintage_notes(table: Table, year: int | None, name: str) -> list[str]:
    if year is None:
        return [f"{name} : le nom du fichier ne dit pas son année ; elle reste inconnue."]
    if year in table.vintages:
        return []
    met = ", ".join(map(str, table.vintages))
    return [
        f"{name} : millésime {year} de la table {table.name} jamais vérifié (connus : {met}) ; "
        "chiffres gardés."
    ]


def _long(
    rows: pd.DataFrame, frame: pd.DataFrame, table: Table, year: int | None, known: Known
) -> pd.DataFrame:
    place = frame[[frame.columns[0], "__level__", "__generation__"]]
    place.columns = pd.Index(["area_code", "area_level", "generation"])
    rows = rows.merge(place, left_on="line", right_index=True, how="left")
    proven = {
        variable: known.data_years.get((table.name, variable, year)) if year else None
        for variable in rows["variable"].unique()
    }
    dated = year if table.dated_by_file else None
    return contracted(
        rows.assign(
            table=table.shown_as,
            data_year=dated if dated else rows["variable"].map(proven).astype("Int64"),
            file_year=None if dated else year,
            generation=rows["generation"].astype("Int64"),
            dataset="",
        ).astype({"file_year": "Int64", "data_year": "Int64"})
    )


def _undated(rows: pd.DataFrame, name: str) -> list[str]:
    undated = list(rows.loc[rows["data_year"].isna(), "variable"].unique())
    if not undated:
        return []
    return [
        f"{name} : année de la donnée non établie pour {len(undated)} variable(s) "
        f"({listed(undated)}) ; seule l'année du fichier est connue."
    ]


def _kept(
    rows: pd.DataFrame,
    areas: Collection[tuple[str, str]] | None,
    name: str,
    notes: list[str],
    faults: list[str],
) -> Read:
    if areas is not None:
        places = pd.MultiIndex.from_frame(rows[["area_level", "area_code"]])
        ours = places.isin(list(areas))
        others = rows.loc[~ours, "area_code"].nunique()
        rows = rows[ours]
        if others:
            notes.append(f"{name} : {others} ligne(s) d'autres territoires, laissées de côté.")
    return Read(rows.reset_index(drop=True), tuple(notes), tuple(faults))
