"""Everything wrong in an imported file, told at once: line, column, value, remedy, severity."""

from collections.abc import Hashable, Iterable

import pandas as pd

from analysis import wording
from analysis.values import BLOCKING, FOR_INFORMATION, NOTHING, TO_CHECK, Problem, Reader

SEVERITIES = {
    BLOCKING: "Bloquant",
    TO_CHECK: "À vérifier",
    FOR_INFORMATION: "Pour information",
}
KINDS = {
    "column": "Colonne manquante",
    "unused": "Colonne non reprise",
    "cells": "Cellules en trop",
    "missing": "Information manquante",
    "total": "Ligne de total",
    "amount": "Montant illisible",
    "rounded": "Montant à plus de deux décimales",
    "date": "Date",
    "year": "Exercice",
    "other_year": "Autre exercice",
    "reference": "Référence",
    "no_reference": "Sans référence",
    "shared_reference": "Référence partagée",
    "repeated": "Ligne répétée",
    "several_lines": "Plusieurs lignes d'un financeur",
    "conflict": "Dossier contradictoire",
    "partial": "Dossier incomplet",
    "siret": "SIRET",
    "rna": "RNA",
    "commune": "Commune",
    "postcode": "Code postal",
    "position": "Position",
    "quarter": "Quartier",
    "theme": "Thématique",
    "dispositif": "Dispositif",
    "renewal": "Nouveau ou renouvelé",
    "count": "Nombre de personnes",
    "funder": "Financeur",
    "status": "Statut",
    "plan": "Plan de financement",
    "excess": "Accordé supérieur au demandé",
    "inconsistent": "Statut et montant",
    "duplicate": "Doublon possible",
}
WHOLE_FILE = 0  # the line of what concerns the file and no row of it
_COLUMNS = ("line", "column", "value", "kind", "severity", "expected", "remedy", "mended")
_ORDER = {severity: place for place, severity in enumerate(SEVERITIES)}


class Faults:
    """What is found while a table of text is read, and the cells that could be mended."""

    def __init__(self, cells: pd.DataFrame) -> None:
        self.cells = cells
        self._rows: list[tuple[object, ...]] = []
        self.mended: dict[tuple[int, str], str] = {}

    def read(self, header: str, reader: Reader) -> pd.Series:
        """Read a column with a reader, each distinct text once; returns values on the same index.

        The faults of its cells and their mended texts are kept.
        """
        column = self.cells[header]
        readings = {text: reader(str(text)) for text in column.dropna().unique()}
        faulty = {text for text, one in readings.items() if one.problem is not None}
        if faulty:
            for line, text in column[column.isin(faulty)].items():
                one = readings[text]
                if one.problem is not None:
                    self.add(line, header, text, one.problem, one.mended)
        values = [readings.get(text, NOTHING).value for text in column.tolist()]
        return pd.Series(values, index=column.index, dtype="object")

    def add(
        self,
        line: Hashable,
        column: str,
        value: object,
        problem: Problem,
        mended: str | None = None,
    ) -> None:
        """Keep one fault; ``mended`` is the text that replaces the cell in the mended file."""
        number = int(str(line))
        shown = None if pd.isna(value) else str(value)  # type: ignore[call-overload]
        one = problem
        self._rows.append(
            (number, column, shown, one.kind, one.severity, one.expected, one.remedy, mended)
        )
        if mended is not None and number != WHOLE_FILE:
            self.mended[number, column] = mended

    def add_all(self, lines: Iterable[Hashable], column: str, problem: Problem) -> None:
        """Keep the same fault for several lines, each with its own cell of the column."""
        known = column in self.cells.columns
        for line in lines:
            self.add(line, column, self.cells.at[line, column] if known else None, problem)

    def lines(self, severity: str) -> set[int]:
        """Return the lines with a fault of a severity."""
        return {int(str(row[0])) for row in self._rows if row[4] == severity}

    def frame(self) -> pd.DataFrame:
        """Return the faults, gravest first, then by line: one row a fault, columns of text.

        ``line`` is 0 for the whole file.
        """
        frame = pd.DataFrame(self._rows, columns=list(_COLUMNS)).drop_duplicates()
        order = frame["severity"].map(_ORDER)
        frame = frame.assign(order=order).sort_values(["order", "line"], kind="stable")
        text = dict.fromkeys(_COLUMNS[1:], "str")
        return frame.drop(columns="order").astype({"line": "int64", **text}).reset_index(drop=True)


def counts(faults: pd.DataFrame) -> dict[str, int]:
    """Return the number of faults of each severity, in the order of SEVERITIES."""
    found = faults["severity"].value_counts()
    return {severity: int(found.get(severity, 0)) for severity in SEVERITIES}


def told(faults: pd.DataFrame) -> str:
    """Say how many faults there are of each severity (``2 bloquants, 1 à vérifier``)."""
    found = counts(faults)
    words = {
        BLOCKING: wording.plural(found[BLOCKING], "bloquant"),
        TO_CHECK: f"{wording.number(found[TO_CHECK])} à vérifier",
        FOR_INFORMATION: f"{wording.number(found[FOR_INFORMATION])} pour information",
    }
    kept = [words[severity] for severity, count in found.items() if count]
    return ", ".join(kept) if kept else "aucun défaut"


def table(faults: pd.DataFrame, row: str = "ligne") -> pd.DataFrame:
    """Return the faults in French, as the screen, the file and the terminal show them.

    ``row`` is the word for a row of the file.
    """
    line = faults["line"].astype("str").where(faults["line"] != WHOLE_FILE, "fichier")
    return pd.DataFrame(
        {
            "Gravité": faults["severity"].map(SEVERITIES),
            row.capitalize(): line,
            "Colonne": faults["column"],
            "Valeur": faults["value"],
            "Constat": faults["kind"].map(KINDS),
            "Attendu": faults["expected"],
            "Remède": faults["remedy"],
            "Corrigé": faults["mended"],
        }
    )


def sentences(faults: pd.DataFrame, row: str = "ligne") -> list[str]:
    """Return one French sentence a fault: where, what was found, what was expected, the remedy."""
    return [
        _sentence(row, *cells)
        for cells in zip(
            *(faults[name].tolist() for name in ("line", "column", "value", "kind", "expected")),
            faults["remedy"].tolist(),
            strict=True,
        )
    ]


def _sentence(
    row: str, line: int, column: str, value: object, kind: str, expected: str, remedy: str
) -> str:
    where = "Fichier" if line == WHOLE_FILE else f"{row.capitalize()} {line}"
    if isinstance(column, str) and column:
        where += f", colonne « {column} »"
    found = f" : « {value} »" if isinstance(value, str) else ""
    return f"{where}{found} – {_inner(KINDS[kind])} ; attendu : {expected}. {remedy}"


def _inner(words: str) -> str:
    """Write a title inside a sentence, acronyms kept."""
    return words if words[:2].isupper() else words[:1].lower() + words[1:]
