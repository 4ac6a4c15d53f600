"""One generation of quarters read in the other: by areas where both layers are present, else codes.

Areas say by how much a quarter moved; the official correspondence only says which code continues
which. A figure is carried as it is only where one quarter continues one quarter.
"""

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from pyproj import CRS

from geo.crs import require_crs
from geo.schema import GENERATIONS

RELATIONS = (
    *("identical", "moved", "continued", "split", "merged", "split_and_merged"),
    *("new", "dropped"),
)
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


def split_codes(cell: object) -> list[str]:
    """Return the words of a cell of QPV codes, in order, repetitions kept; none if it is empty."""
    return [*filter(None, _SEPARATORS.split(cell.strip().upper()))] if isinstance(cell, str) else []


def _read_cell(
    cell: object, known: Collection[str], former: Mapping[str, list[str]]
) -> DeclaredCodes:
    codes: list[str] = []
    translated: list[str] = []
    unknown: list[str] = []
    for word in split_codes(cell):
        if word in known:
            codes.append(word)
        elif word in former:
            translated.append(word)
            codes.extend(code for code in former[word] if code in known)
        else:
            unknown.append(word)
    return DeclaredCodes(tuple(dict.fromkeys(codes)), tuple(translated), tuple(unknown))


def carriers(crosswalk: pd.DataFrame) -> dict[str, str | None]:
    """Return the 2015 code whose figures each 2024 quarter takes over, one for one.

    A 2024 quarter whose 2015 predecessor has several successors, or that has several
    predecessors, takes none (None): sharing or adding up a figure needs areas or people, not a
    table of codes. A quarter without a predecessor is left out.
    """
    pairs = _pairs(crosswalk)
    ends = list(zip(pairs["qpv_code_2015"], pairs["qpv_code"], strict=True))
    old, new = Counter(old for old, _ in ends), Counter(new for _, new in ends)
    return {b: a if old[a] == 1 and new[b] == 1 else None for a, b in ends}


class Tolerance(NamedTuple):
    """When a shared area counts, and why; shares are parts of a quarter, from 0 to 1."""

    sliver: float
    identical: float
    reason: str


TOLERANCE = Tolerance(
    sliver=0.05,
    identical=0.999,
    reason=(
        "Une surface commune de moins de 5 % de chacun des deux quartiers est une lisière "
        "redessinée, pas une partie du quartier qui change de mains ; deux contours qui partagent "
        "99,9 % de leur surface ne diffèrent que par l'arrondi des coordonnées. Convention de "
        "l'atlas : aucune règle officielle n'est publiée."
    ),
)


def overlap(former: gpd.GeoDataFrame, current: gpd.GeoDataFrame, crs: CRS) -> pd.DataFrame:
    """Measure what each 2015 quarter shares with each 2024 quarter, and what it shares with none.

    Both layers hold ``qpv_code`` and valid polygons in the metric ``crs``. One row a pair with a
    common area, then one a quarter for what no quarter of the other generation covers (its code
    missing): ``qpv_code_2015, qpv_code, area_m2, share_of_old, share_of_new`` (parts of each
    quarter's whole area, 0 to 1, missing where there is no such quarter). The shares of a 2015
    quarter add up to 1, as long as no two quarters of 2024 overlap. Raises CrsError.
    """
    for layer, year in zip((former, current), GENERATIONS, strict=True):
        require_crs(layer, crs, f"Couche des quartiers {year}")
    old, new = former.geometry.to_numpy(), current.geometry.to_numpy()
    i, j = shapely.STRtree(new).query(old, predicate="intersects")
    shared = shapely.area(shapely.intersection(old[i], new[j]))
    i, j, shared = i[shared > 0], j[shared > 0], shared[shared > 0]
    left, added = _uncovered(old, new), _uncovered(new, old)
    rows = pd.DataFrame(
        {
            "old": np.concatenate([i, np.arange(len(old)), np.full(len(new), -1)]),
            "new": np.concatenate([j, np.full(len(old), -1), np.arange(len(new))]),
            "area_m2": np.concatenate([shared, left, added]),
        }
    )
    rows = rows[rows["area_m2"] > 0]
    return pd.DataFrame(
        {
            "qpv_code_2015": _take(former["qpv_code"].to_numpy(), rows["old"], None),
            "qpv_code": _take(current["qpv_code"].to_numpy(), rows["new"], None),
            "area_m2": rows["area_m2"],
            "share_of_old": rows["area_m2"] / _take(shapely.area(old), rows["old"], np.nan),
            "share_of_new": rows["area_m2"] / _take(shapely.area(new), rows["new"], np.nan),
        }
    ).sort_values(["qpv_code_2015", "qpv_code"], ignore_index=True)


def relations_by_area(overlaps: pd.DataFrame, tolerance: Tolerance = TOLERANCE) -> pd.DataFrame:
    """Name what became of each quarter, from ``overlap``'s rows.

    One row a pair that counts (see TOLERANCE), then new and dropped quarters: ``qpv_code_2015,
    qpv_code, relation`` (RELATIONS). A pair is "split" when its 2015 quarter has several
    successors, "merged" when its 2024 quarter has several predecessors, "split_and_merged" when
    both; alone, it is "identical" or "moved".
    """
    shares = overlaps[["share_of_old", "share_of_new"]]
    counted = overlaps[shares.max(axis=1) >= tolerance.sliver]
    same = shares.min(axis=1) >= tolerance.identical
    alone = pd.Series(np.where(same, "identical", "moved"), index=overlaps.index)
    return _named(overlaps, _pairs(counted), alone)


def relations_by_code(crosswalk: pd.DataFrame) -> pd.DataFrame:
    """Name what became of each quarter, from the official correspondence (contract CROSSWALK).

    Like ``relations_by_area``; a lone pair is "moved" or "identical" as its official status says
    (MODIFIE, INCHANGE), and only "continued" under another status: codes do not tell more.
    """
    alone = crosswalk["status"].map({"MODIFIE": "moved", "INCHANGE": "identical"})
    return _named(crosswalk, _pairs(crosswalk), alone.fillna("continued"))


def uncrossed(codes: Iterable[str]) -> pd.DataFrame:
    """Return the correspondence (contract CROSSWALK) of quarters of which nothing older is known.

    Their 2015 code is missing and their status says so; it is no claim that they are new.
    """
    frame = pd.DataFrame({"qpv_code": list(codes), "qpv_code_2015": None, "status": "INCONNU"})
    return frame.astype("str")


def _named(rows: pd.DataFrame, pairs: pd.DataFrame, alone: pd.Series) -> pd.DataFrame:
    several = _count(pairs, "qpv_code_2015").gt(1), _count(pairs, "qpv_code").gt(1)
    words = alone[pairs.index].mask(several[0], "split").mask(several[1], "merged")
    named = pairs.assign(relation=words.mask(several[0] & several[1], "split_and_merged"))
    ends = [
        pd.DataFrame({column: _without(rows[column], pairs[column]), "relation": relation})
        for column, relation in (("qpv_code", "new"), ("qpv_code_2015", "dropped"))
    ]
    columns = ["qpv_code_2015", "qpv_code", "relation"]
    frame = pd.concat([named, *ends])[columns].astype("str")
    return frame.sort_values(["qpv_code", "qpv_code_2015"], ignore_index=True)


def _pairs(rows: pd.DataFrame) -> pd.DataFrame:
    return rows[["qpv_code_2015", "qpv_code"]].dropna()


def _count(pairs: pd.DataFrame, column: str) -> pd.Series:
    return pairs.groupby(column)[column].transform("size")


def _without(codes: pd.Series, paired: pd.Series) -> list[str]:
    return sorted(set(codes.dropna()) - set(paired))


def _uncovered(shapes: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Return the area of each shape that none of the others covers."""
    tree = shapely.STRtree(others)
    around = [shapely.union_all(others[tree.query(one)]) for one in shapes]
    return np.asarray(shapely.area(shapely.difference(shapes, around)), dtype="float64")


def _take(values: np.ndarray, rows: pd.Series, without: object) -> np.ndarray:
    return np.append(values, np.array([without], dtype=values.dtype))[rows.to_numpy()]
