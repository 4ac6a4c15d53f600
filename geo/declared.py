"""What a file declares for each of the quarters it names: shares and beneficiaries, in order.

The cells are aligned with the codes of ``declared_qpv``: ``QN00001A, QN00002B`` with ``60, 40``.
"""

import re

import pandas as pd

from geo.crosswalk import split_codes
from geo.schema import PEOPLE, SHARE, cell_fault

_SEPARATORS = re.compile(r"[,;]")
WHOLE = 10_000  # a share of 100 %, in hundredths of a per cent


def shares(cell: object) -> tuple[int, ...]:
    """Read percentages such as ``60, 39.5, 0.5`` as hundredths of a per cent, exactly.

    A missing cell gives nothing; one that is not written so raises ValueError.
    """
    return tuple(_hundredths(word) for word in _words(cell, SHARE))


def counts(cell: object) -> tuple[int, ...]:
    """Read whole numbers such as ``120, 80``, like ``shares``."""
    return tuple(int(word) for word in _words(cell, PEOPLE))


def _words(cell: object, pattern: str) -> list[str]:
    if not isinstance(cell, str):
        return []
    words = [word.strip() for word in _SEPARATORS.split(cell)]
    if not all(re.fullmatch(pattern, word) for word in words):
        raise ValueError(cell)
    return words


def _hundredths(word: str) -> int:
    # No float on the way: 33.33 is 3333.
    whole, _, decimals = word.partition(".")
    return int(whole + decimals.ljust(2, "0"))


def faults(projects: pd.DataFrame) -> list[str]:
    """Return the French faults of the declared shares and beneficiaries of a table of projects.

    Row ``k`` of the index is line ``k + 2`` of the file. One value a declared code is expected,
    and shares add up to 100. A cell that is not written as a list of numbers is left to the
    contract.
    """
    return [
        cell_fault(f"ligne {int(str(row)) + 2}", column, cell, expected)
        for column in ("declared_shares", "qpv_beneficiaries")
        for row, cell, codes in zip(
            projects.index, projects[column], projects["declared_qpv"], strict=True
        )
        if (expected := _expected(column, cell, len(split_codes(codes))))
    ]


def _expected(column: str, cell: object, quarters: int) -> str:
    """Say what a cell should hold, nothing if it is right (or not for us to judge)."""
    try:
        found = shares(cell) if column == "declared_shares" else counts(cell)
    except ValueError:
        return ""
    if not found:
        return ""
    if len(found) != quarters:
        codes = f"{quarters} code(s) dans « declared_qpv », {len(found)} valeur(s) ici"
        return f"une valeur par quartier déclaré ({codes})"
    if column == "declared_shares" and sum(found) != WHOLE:
        return f"des parts dont la somme fait 100 (ici {_written(sum(found))})"
    return ""


def _written(hundredths: int) -> str:
    return f"{hundredths / 100:.2f}".rstrip("0").rstrip(".").replace(".", ",")
