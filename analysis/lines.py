"""Funding lines out of any layout: a row a line, or columns for each funder, or one funder only."""

import re
from collections.abc import Iterable

import pandas as pd

from analysis import values
from analysis.faults import Faults
from analysis.fields import AMOUNT_FIELDS, LINE_FIELDS, Vocabulary, plain
from analysis.mapping import ColumnMap, funder_of
from analysis.values import BLOCKING, TO_CHECK, Problem, Reading

CENTS = [f"{name}_cents" for name in AMOUNT_FIELDS]
DAYS = ["requested_on", "decided_on"]
LINES = ["line", "funder", "status", *CENTS, *DAYS]
_RANK = {"granted": 0, "pending": 1, "refused": 2, "ineligible": 3}
_YEAR = re.compile(r"\b20[0-9]{2}\b")
_EMPTY_WORDS = {
    "montant",
    "montants",
    "subvention",
    "subventions",
    "eur",
    "euros",
    "de",
    "du",
    "la",
}


def read_lines(
    cells: pd.DataFrame, columns: ColumnMap, words: Vocabulary, faults: Faults
) -> pd.DataFrame:
    """Return one row a funding line: the file's line, funder, status, amounts (cents), days.

    In a wide layout a funder gives a line where one of its cells is filled. A line without a
    status is granted when an amount is granted, else what refuses the whole dossier, else pending.
    Faults are kept as they are met.
    """
    groups = _groups(columns, words) if columns.layout == "wide" else [("", _plain_group(columns))]
    parts = [_group(cells, columns, words, faults, funder, group) for funder, group in groups]
    lines = pd.concat(parts, ignore_index=True).sort_values("line", kind="stable")
    lines = lines.astype(dict.fromkeys(CENTS, "Int64"))
    paid = lines["granted_cents"].fillna(0) > 0
    derived = _dossier(cells, columns, words, lines["line"]).mask(paid, "granted")
    lines["status"] = lines["status"].fillna(derived)
    return lines.reset_index(drop=True)


def _dossier(
    cells: pd.DataFrame, columns: ColumnMap, words: Vocabulary, at: pd.Series
) -> pd.Series:
    """Return what the state of the whole dossier says of its lines that have no status."""
    header = columns.header("dossier_status")
    if not header:
        return pd.Series("pending", index=at.index)
    told = {text: words.statuses.get(plain(text)) for text in cells[header].dropna().unique()}
    codes = at.map(cells[header]).map(told)
    return codes.where(codes.isin(["refused", "ineligible"]), "pending")


def _plain_group(columns: ColumnMap) -> dict[str, str]:
    found = {name: columns.header(name) for name in LINE_FIELDS}
    return {name: header for name, header in found.items() if header}


def _groups(columns: ColumnMap, words: Vocabulary) -> list[tuple[str, dict[str, str]]]:
    """Return, for each funder's set of columns, its code and its headers by field.

    Two communes are one funder of the territory and two sets: their headers tell them apart.
    """
    found: dict[tuple[str, str], dict[str, str]] = {}
    wide = {header: one for header, one in columns.columns.items() if one.funder}
    pairs = [(one.field, one.funder) for one in wide.values()]
    several = {funder for field, funder in pairs if pairs.count((field, funder)) > 1}
    for header, one in wide.items():
        label = _label(header, words) if one.funder in several else ""
        group = found.setdefault((one.funder, label), {})
        if one.field in group:  # two columns for one amount: each is a line of its own
            group = found.setdefault((one.funder, header), {})
        group[one.field] = header
    return [(funder, group) for (funder, _), group in found.items()]


def _label(header: str, words: Vocabulary) -> str:
    text = f" {_YEAR.sub(' ', plain(header))} "
    for some in words.amount_words.values():
        for word in sorted(some, key=len, reverse=True):
            text = text.replace(f" {word} ", " ")
    return " ".join(word for word in text.split() if word not in _EMPTY_WORDS)


def _group(
    cells: pd.DataFrame,
    columns: ColumnMap,
    words: Vocabulary,
    faults: Faults,
    funder: str,
    group: dict[str, str],
) -> pd.DataFrame:
    filled = cells[list(group.values())].notna().any(axis=1) if funder else None
    kept = cells[filled] if filled is not None else cells
    part = pd.DataFrame(index=kept.index)
    part["line"] = kept.index
    part["funder"] = funder or _funders(kept, columns, words, faults)
    part["status"] = _statuses(kept, columns, words, faults, group)
    for name, readers in (*((one, values.cents) for one in AMOUNT_FIELDS), *_day_readers()):
        header = group.get(name)
        target = f"{name}_cents" if name in AMOUNT_FIELDS else name
        part[target] = faults.read(header, readers).reindex(kept.index) if header else None
    return part[LINES]


def _day_readers() -> Iterable[tuple[str, values.Reader]]:
    return ((name, values.day) for name in DAYS)


def _funders(
    cells: pd.DataFrame, columns: ColumnMap, words: Vocabulary, faults: Faults
) -> pd.Series:
    header = columns.header("funder")
    if not header:
        return pd.Series(columns.funder or None, index=cells.index, dtype="object")
    known = columns.values.get("funder", {})
    expected = "un financeur du territoire"
    remedy = "Dites à quel financeur du territoire il correspond (valeurs à rapprocher)."
    unknown = Reading(problem=Problem(BLOCKING, "funder", expected, remedy))

    def read(text: str) -> Reading:
        """Return the code of a text, or why it has none."""
        code = known.get(text) or funder_of(text, words)
        return Reading(code) if code else unknown

    missing = Problem(BLOCKING, "missing", expected, "Indiquez qui finance cette ligne.")
    faults.add_all(cells.index[cells[header].isna()], header, missing)
    return faults.read(header, read)


def _statuses(
    cells: pd.DataFrame,
    columns: ColumnMap,
    words: Vocabulary,
    faults: Faults,
    group: dict[str, str],
) -> pd.Series:
    header = group.get("status") or columns.header("status")
    if not header:
        return pd.Series(columns.status or None, index=cells.index, dtype="object")
    known = columns.values.get("status", {})
    expected = "un statut DAUPHIN, ou accordé, en cours, refusé, inéligible"
    remedy = "Dites ce que ce statut veut dire (valeurs à rapprocher)."
    unknown = Reading(problem=Problem(BLOCKING, "status", expected, remedy))

    def read(text: str) -> Reading:
        """Return the code of a text, or why it has none."""
        code = known.get(text) or words.statuses.get(plain(text))
        return Reading(code) if code else unknown

    return faults.read(header, read).reindex(cells.index).fillna(columns.status or pd.NA)


def gather(lines: pd.DataFrame, faults: Faults) -> pd.DataFrame:
    """Return one line a project and funder: several are added up, to the cent, and said.

    ``lines`` has ``project_id``; an amount missing on all of them stays missing; the status is the
    most advanced one.
    """
    keys = ["project_id", "funder"]
    twice = lines.duplicated(keys, keep=False)
    if not twice.any():
        return lines
    expected = "une ligne par financeur d'une action"
    remedy = "Montants additionnés ; vérifiez que ce n'est pas la même ligne deux fois."
    problem = Problem(TO_CHECK, "several_lines", expected, remedy)
    later = lines[lines.duplicated(keys)]
    for line, funder in zip(later["line"], later["funder"], strict=True):
        faults.add(line, "financeur", funder, problem)
    some = lines[twice].assign(rank=lines["status"].map(_RANK)).sort_values("rank", kind="stable")
    grouped = some.groupby(keys, sort=False)
    added = grouped[["line", "status", *DAYS]].first().join(grouped[CENTS].sum(min_count=1))
    return pd.concat([lines[~twice], added.reset_index()], ignore_index=True)[lines.columns]
