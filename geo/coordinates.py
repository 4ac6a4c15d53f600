"""Coordinates that cannot be right: swapped, or numbers of one system read in another.

A position is judged by its commune: farther from it than a commune is wide, it is not used until a
person has decided. Every other way to read the two numbers is tried, and the one that brings the
position back to its commune is proposed. A box around the country would not do: numbers in Web
Mercator read as Lambert-93 fall inside France.
"""

from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

import numpy as np
import pandas as pd
import shapely
from babel.numbers import format_decimal
from numpy.typing import NDArray
from pyproj import CRS, Geod, Transformer

from geo.crs import DEGREES, WGS84, systems_in_use
from geo.errors import ContractError
from geo.location import Floats, Places, degrees
from geo.proximity import nearest_of

# Metres from the point of a commune beyond which a position is not believed to lie in it: the
# widest communes of metropolitan France reach some 20 km, nearly all less than 10.
COMMUNE_RADIUS_M = 15_000.0
# Metres around the territory within which a project of another commune is looked for.
ELSEWHERE_M = 300_000.0
FAULTS = (
    *("swapped", "metres_as_degrees", "degrees_as_metres", "wrong_system"),
    *("far", "impossible", "zero", "incomplete", "not_finite"),
)
_GROUND = Geod(ellps="WGS84")
_DECIMALS = 6  # of a degree: about 0.1 m
_CHECK = "Vérifiez-la avant de l'accepter, ou corrigez le fichier."
_MEND = "Corrigez les coordonnées, ou videz les deux cellules."


class _Reading(NamedTuple):
    """Another way to read two numbers: what they were taken for, what they may be."""

    taken: int
    meant: int
    flip: bool


class _Asked(NamedTuple):
    """Suspect positions: as read, row of their commune (-1: unknown), whether it is elsewhere."""

    lon: Floats
    lat: Floats
    own: Places
    elsewhere: NDArray[np.bool_]


class _Best(NamedTuple):
    """The reading that comes nearest to the commune: its number, position, metres, commune."""

    reading: Places
    lon: Floats
    lat: Floats
    metres: Floats
    commune: Places


class _Reference:
    """The communes a position is judged by."""

    def __init__(self, communes: pd.DataFrame, crs: CRS) -> None:
        if communes.empty:
            raise ContractError("Aucune commune ; attendu : celles du territoire, une au moins.")
        self.lon, self.lat = degrees(communes, "lon"), degrees(communes, "lat")
        self.labels = (communes["commune_name"] + " (" + communes["commune_code"] + ")").to_list()
        self._rows = {code: k for k, code in enumerate(communes["commune_code"])}
        self._plane = Transformer.from_crs(WGS84, crs, always_xy=True)
        self._points = shapely.points(*self._plane.transform(self.lon, self.lat))
        self.systems = systems_in_use(crs, float(self.lon.mean()), float(self.lat.mean()))

    def own(self, positions: pd.DataFrame) -> tuple[Places, NDArray[np.bool_]]:
        """Return the row of each position's commune (-1: unknown) and whether it is elsewhere."""
        if "commune_code" not in positions:
            return np.full(len(positions), -1), np.zeros(len(positions), dtype=bool)
        codes = positions["commune_code"]
        rows = np.array([self._rows.get(code, -1) for code in codes], dtype="int64")
        return rows, codes.notna().to_numpy() & (rows < 0)

    def away(self, lon: Floats, lat: Floats, own: Places) -> tuple[Places, Floats]:
        """Return the commune (the nearest without an own one) and the metres to its point.

        Metres are on the ellipsoid; a position that is none is infinitely far.
        """
        possible = (np.abs(lon) <= 180) & (np.abs(lat) <= 90)
        x, y = self._plane.transform(np.where(possible, lon, 0.0), np.where(possible, lat, 0.0))
        asked = np.full(len(lon), None, dtype=object)
        finite = possible & np.isfinite(x) & np.isfinite(y) & (own < 0)
        asked[finite] = shapely.points(x[finite], y[finite])
        rows = np.where(own >= 0, own, nearest_of(asked, self._points)[0])
        known = possible & (rows >= 0)
        metres = np.full(len(lon), np.inf)
        metres[known] = _GROUND.inv(
            lon[known], lat[known], self.lon[rows[known]], self.lat[rows[known]]
        )[2]
        return rows, metres


def diagnose(
    positions: pd.DataFrame,
    communes: pd.DataFrame,
    crs: CRS,
    *,
    radius_m: float = COMMUNE_RADIUS_M,
) -> pd.DataFrame:
    """Say which positions cannot be right, why, and which position is proposed instead.

    ``positions`` holds ``lon``, ``lat`` (EPSG:4326, degrees, as they were read) and
    ``commune_code`` (may be absent); ``communes`` keeps contract COMMUNES; ``crs`` is the
    territory's metric CRS. A position is plausible within ``radius_m`` of its commune's point; of
    the nearest commune when its own is unknown. A commune of elsewhere cannot be judged so: a
    position far from the territory is told only when reading its degrees otherwise brings it
    within ELSEWHERE_M. Result, on the index of ``positions``:
    ``fault`` (of FAULTS, missing for a plausible or absent position), ``message`` and ``remedy``
    (French), ``proposed_lon``, ``proposed_lat`` (degrees, missing when nothing explains it).
    Raises ContractError without the columns or without a commune.
    """
    lon, lat = degrees(positions, "lon"), degrees(positions, "lat")
    reference = _Reference(communes, crs)
    own, elsewhere = reference.own(positions)
    rows, metres = reference.away(lon, lat, own)
    absent = np.isnan(lon) & np.isnan(lat)
    reach = np.where(elsewhere, ELSEWHERE_M, radius_m)
    suspect = np.flatnonzero(~absent & (metres > reach))
    readings = list(_readings(reference.systems))
    asked = _Asked(lon[suspect], lat[suspect], own[suspect], elsewhere[suspect])
    best = _read_again(asked, reference, readings)
    told: list[tuple[object, ...]] = [(None, None, None, np.nan, np.nan)] * len(positions)
    for j, k in enumerate(suspect.tolist()):
        if best.metres[j] <= reach[k]:
            told[k] = _misread(lon[k], lat[k], readings[best.reading[j]], best, j, reference)
        else:
            where = reference.labels[rows[k]] if rows[k] >= 0 else ""
            told[k] = _unexplained(lon[k], lat[k], where, metres[k], elsewhere[k], radius_m)
    columns = {"fault": "str", "message": "str", "remedy": "str"}
    columns |= dict.fromkeys(("proposed_lon", "proposed_lat"), "float64")
    return pd.DataFrame(told, index=positions.index, columns=list(columns)).astype(columns)


def usable(positions: pd.DataFrame, diagnosis: pd.DataFrame) -> pd.DataFrame:
    """Return the positions with ``lon`` and ``lat`` missing wherever the diagnosis has a fault."""
    sound = diagnosis["fault"].isna()
    return positions.assign(**{name: positions[name].where(sound) for name in ("lon", "lat")})


def _readings(systems: dict[int, str]) -> Iterator[_Reading]:
    for taken in systems:
        for meant in systems:
            for flip in (False, True):
                if taken != meant or flip:
                    yield _Reading(taken, meant, flip)


@cache
def _transformer(epsg: int) -> Transformer:
    return Transformer.from_crs(WGS84, f"EPSG:{epsg}", always_xy=True)


def _read(reading: _Reading, lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
    """Return the degrees that the numbers behind ``lon, lat`` give when read another way."""
    if reading.taken != DEGREES:
        lon, lat = _transformer(reading.taken).transform(lon, lat)
    if reading.flip:
        lon, lat = lat, lon
    if reading.meant != DEGREES:
        lon, lat = _transformer(reading.meant).transform(lon, lat, direction="INVERSE")
    return lon, lat


def _read_again(asked: _Asked, reference: _Reference, readings: list[_Reading]) -> _Best:
    none = np.full(len(asked.lon), -1)
    best = _Best(none, asked.lon, asked.lat, np.full(len(none), np.inf), none)
    for k, reading in enumerate(readings if len(none) else []):
        lon, lat = _read(reading, asked.lon, asked.lat)
        commune, metres = reference.away(lon, lat, asked.own)
        # Far from the territory, numbers of two metric systems may look alike by chance.
        nearer = (metres < best.metres) & ~(asked.elsewhere & (reading.taken != DEGREES))
        found = _Best(np.full(len(none), k), lon, lat, metres, commune)
        best = _Best._make([np.where(nearer, *pair) for pair in zip(found, best, strict=True)])
    return best


def _misread(
    lon: float, lat: float, reading: _Reading, best: _Best, j: int, reference: _Reference
) -> tuple[object, ...]:
    names = reference.systems
    taken, meant = names[reading.taken], names[reading.meant]
    order = ", longitude et latitude échangées" if reading.flip else ""
    if reading.taken == reading.meant:
        fault, what = "swapped", "Longitude et latitude inversées"
        remedy = "Échanger longitude et latitude"
    else:
        metric = [epsg != DEGREES for epsg in reading[:2]]
        fault = (
            "wrong_system"
            if all(metric)
            else ("degrees_as_metres" if metric[0] else "metres_as_degrees")
        )
        what = (
            f"Coordonnées en {meant} lues comme des {taken}"
            if not metric[0]
            else (f"Coordonnées en {meant} lues comme du {taken}")
        )
        remedy = f"Lire les coordonnées en {meant}{order}"
    x, y = round(float(best.lon[j]), _DECIMALS), round(float(best.lat[j]), _DECIMALS)
    message = (
        f"{what} : trouvé {_pair(lon, lat)} ; autrement lue, la position est à "
        f"{_km(best.metres[j])} de {reference.labels[best.commune[j]]}. Position proposée : "
        f"{_pair(x, y)}. {_CHECK}"
    )
    return fault, message, f"{remedy}.", x, y


def _unexplained(
    lon: float, lat: float, commune: str, metres: float, elsewhere: bool, radius_m: float
) -> tuple[object, ...]:
    found = f"trouvé {_pair(lon, lat)}"
    if np.isnan(lon) or np.isnan(lat):
        fault, message = "incomplete", f"Position incomplète : {found} ; attendu : les deux nombres"
    elif not (np.isfinite(lon) and np.isfinite(lat)):
        fault, message = "not_finite", f"Position infinie : {found} ; attendu : des degrés"
    elif lon == 0 and lat == 0:
        fault, message = "zero", f"Position non renseignée : {found} ; attendu : des cellules vides"
    elif np.isinf(metres):
        fault = "impossible"
        message = (
            f"Coordonnées impossibles : {found} ; attendu : des degrés (longitude de -180 à 180, "
            "latitude de -90 à 90). Aucun système connu ne les ramène dans la commune"
        )
    elif elsewhere:
        return None, None, None, np.nan, np.nan
    else:
        fault = "far"
        message = (
            f"Position éloignée : {found}, à {_km(metres)} de {commune} ; attendu : moins de "
            f"{_km(radius_m)}. Vérifiez aussi la commune"
        )
    return fault, f"{message}. {_MEND}", None, np.nan, np.nan


def _pair(lon: float, lat: float) -> str:
    return f"longitude {_number(lon)}, latitude {_number(lat)}"


def _number(value: float) -> str:
    if np.isnan(value):
        return "absente"
    if np.isinf(value):
        return "infinie"
    if abs(value) >= 1e12:
        return f"{value:.3e}".replace(".", ",")
    return str(
        format_decimal(round(float(value), _DECIMALS), format="#,##0.######", locale="fr_FR")
    )


def _km(metres: float) -> str:
    return str(format_decimal(metres / 1000, format="#,##0.#", locale="fr_FR")) + "\u202fkm"
