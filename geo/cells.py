"""Cells of a text table turned into numbers, money and flags, with every fault kept for the end."""

import math
import re
from collections.abc import Callable, Sequence

import pandas as pd
import pandera.pandas as pa

from geo.errors import ContractError, DataFileError
from geo.schema import cell_fault, report

_INTEGER = re.compile(r"-?[0-9]{1,15}")
_NUMBER = re.compile(r"-?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]{1,3})?")
_EUROS = re.compile(r"(-?[0-9]{1,13})(?:\.([0-9]{1,2}))?")


class Sheet:
    """A table being read, and every fault met in its cells, so that they are told at once.

    ``frame`` holds text, row ``k`` of its index being line ``k + 2`` of the file ``name``. A cell
    that cannot be read becomes missing and a fault. Raises DataFileError without ``columns``.
    """

    def __init__(self, frame: pd.DataFrame, name: str, columns: Sequence[str]) -> None:
        self.frame = frame
        self.name = name
        self.faults: list[str] = []
        require(columns, list(frame.columns), name)

    def text(self, column: str) -> pd.Series:
        """Return a column as it is."""
        return self.frame[column]

    def integers(self, column: str) -> pd.Series:
        """Read whole numbers (Int64)."""
        return self._read(column, "un nombre entier", _integer).astype("Int64")

    def floats(self, column: str) -> pd.Series:
        """Read decimal numbers written with a point (float64); NaN and infinity are faults."""
        return self._read(column, "un nombre (point décimal)", _finite).astype("float64")

    def cents(self, column: str) -> pd.Series:
        """Read euros, positive or nil, as integer cents (Int64)."""
        expected = "un montant en euros, positif, à deux décimales au plus (1234.50)"
        return self._read(column, expected, _amount).astype("Int64")

    def flags(self, column: str) -> pd.Series:
        """Read true or false (bool); a blank cell is a fault."""
        return self._read(column, "true ou false", _flag, blank="").astype("bool")

    def _read(
        self, column: str, expected: str, convert: Callable[[str], object], blank: str | None = None
    ) -> pd.Series:
        values: list[object] = []
        for row, cell in self.frame[column].items():
            text = blank if pd.isna(cell) else cell
            try:
                values.append(None if text is None else convert(text))
            except ValueError:
                values.append(None)
                self.faults.append(cell_fault(f"ligne {int(str(row)) + 2}", column, cell, expected))
        return pd.Series(values, index=self.frame.index, dtype="object")

    def report(
        self, frame: pd.DataFrame, contract: pa.DataFrameSchema, names: dict[str, str] | None = None
    ) -> str:
        """Return the message that tells every fault, of the cells and of the contract."""
        return report(frame, contract, self.name, names=names, met=self.faults)

    def checked(
        self, frame: pd.DataFrame, contract: pa.DataFrameSchema, names: dict[str, str] | None = None
    ) -> pd.DataFrame:
        """Return the frame, renumbered, if neither its cells nor the contract have a fault."""
        refuse(self.report(frame, contract, names))
        return frame.reset_index(drop=True)


def require(columns: Sequence[str], found: Sequence[str], source: str) -> None:
    """Raise DataFileError naming the columns that ``source`` lacks and those it has."""
    missing = [column for column in columns if column not in found]
    if missing:
        raise DataFileError(
            f"{source} : colonne(s) {', '.join(missing)} absente(s) ; colonnes trouvées : "
            f"{', '.join(map(str, found))}. Ajoutez-les, ou corrigez leur nom."
        )


def refuse(*messages: str) -> None:
    """Raise one ContractError with every message that is not empty, if there is any."""
    told = [message for message in messages if message]
    if told:
        raise ContractError("\n".join(told))


def euros_to_cents(text: str) -> int:
    """Turn decimal euros written with a point into integer cents; raises ValueError otherwise.

    Exact: no float on the way. At most two decimals and thirteen figures before the point.
    """
    found = _EUROS.fullmatch(text)
    if found is None:
        raise ValueError(text)
    euros, decimals = found.groups(default="")
    return int(euros + decimals.ljust(2, "0"))


def _amount(text: str) -> int:
    cents = euros_to_cents(text)
    if cents < 0:
        raise ValueError(text)
    return cents


def _integer(text: str) -> int:
    # int() alone would take "1_000", " 12 " or figures of another script.
    if not _INTEGER.fullmatch(text):
        raise ValueError(text)
    return int(text)


def _finite(text: str) -> float:
    number = float(text) if _NUMBER.fullmatch(text) else math.nan
    if not math.isfinite(number):
        raise ValueError(text)
    return number


def _flag(text: str) -> bool:
    if text not in ("true", "false"):
        raise ValueError(text)
    return text == "true"
