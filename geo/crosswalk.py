"""Codes of one generation of quarters read in the other, by the official correspondence."""

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

import pandas as pd

_SEPARATORS = re.compile(r"[,;/|\s]+")


@dataclass(frozen=True)
class DeclaredCodes:
    """What a cell of QPV codes says: known codes (2024), translated 2015 codes, unknown words."""

    codes: tuple[str, ...]
    translated: tuple[str, ...]
    unknown: tuple[str, ...]


def read_codes(cell: object, known: Collection[str], crosswalk: pd.DataFrame) -> DeclaredCodes:
    """Read a cell such as ``QN00001A, QP000002`` against the 2024 codes and the correspondence.

    Order is kept and repetitions dropped; a 2015 code gives every 2024 quarter that continues it.
    """
    return read_cells([cell], known, crosswalk)[0]


def read_cells(
    cells: Iterable[object], known: Collection[str], crosswalk: pd.DataFrame
) -> list[DeclaredCodes]:
    """Read every cell of a column like ``read_codes``, in order."""
    pairs = crosswalk.dropna(subset=["qpv_code_2015"])
    former: dict[str, list[str]] = {}
    for code, before in zip(pairs["qpv_code"], pairs["qpv_code_2015"], strict=True):
        former.setdefault(before, []).append(code)
    return [_read_cell(cell, known, former) for cell in cells]


def _read_cell(
    cell: object, known: Collection[str], former: Mapping[str, list[str]]
) -> DeclaredCodes:
    if not isinstance(cell, str):
        return DeclaredCodes((), (), ())
    codes: list[str] = []
    translated: list[str] = []
    unknown: list[str] = []
    for word in filter(None, _SEPARATORS.split(cell.strip().upper())):
        if word in known:
            codes.append(word)
        elif word in former:
            translated.append(word)
            codes.extend(code for code in former[word] if code in known)
        else:
            unknown.append(word)
    return DeclaredCodes(tuple(dict.fromkeys(codes)), tuple(translated), tuple(unknown))


def carry(values: pd.Series, crosswalk: pd.DataFrame) -> pd.Series:
    """Carry values indexed by 2015 code to the 2024 codes that continue them, one for one.

    A 2024 quarter whose 2015 predecessor has several successors gets nothing: splitting a figure
    needs areas or people, not a table of codes.
    """
    pairs = crosswalk.dropna(subset=["qpv_code_2015"])
    single = pairs[~pairs["qpv_code_2015"].duplicated(keep=False)]
    source = single.set_index("qpv_code")["qpv_code_2015"]
    found = values.reindex(source.to_numpy())
    return pd.Series(found.to_numpy(), index=source.index, name=values.name)
