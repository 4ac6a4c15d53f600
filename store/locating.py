"""From a file of positions to a file of answers: in which quarter, how far from its boundary.

A Parquet file with two columns of numbers goes through ``geo.stream``, whatever its length; every
other file is answered by ``geo.location`` at once. The two give the same answers, except that the
former leaves distances beyond its reach empty.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import ArrayLike
from pyproj import CRS, Transformer
from pyproj.exceptions import CRSError

from analysis.perimeters import overlap_sentence
from geo.cell_digest import REACH_M
from geo.cell_index import CellIndex
from geo.coordinates import FAULTS, diagnose, usable
from geo.crs import WGS84, to_metric, to_wgs84
from geo.errors import ContractError, CrsError, DataFileError
from geo.layers import generation_of, read_layer
from geo.location import locate
from geo.proximity import BAND_M
from geo.repair import sentence
from geo.schema import GENERATIONS
from geo.shapes import locate_shapes, overlaps
from geo.stream import (
    LOCATED,
    Progress,
    Question,
    answer_schema,
    in_the_way,
    locate_parquet,
    open_parquet,
    require_other,
    within,
)
from store.atlas import Atlas
from store.indexes import kept_index
from store.outcome import Outcome
from store.positions import numbers, read_positions, require_format, write_positions
from store.samples import first_rows, misread_words

_LON = ("lon", "lng", "long", "longitude", "x", "coord_x", "geo_lon")
_LAT = ("lat", "latitude", "y", "coord_y", "geo_lat")
_METHOD, _ASKED = "position_method", "asked"
# A reading of the two numbers that explains the position: the others only say that it is far.
_MISREAD = FAULTS[:4]
_MOST_JUDGED, _MOST_FILES = 20_000, 20  # rows judged of each file afterwards, files told of


@dataclass(frozen=True)
class Request:
    """What is asked of a file; all but ``crs`` may be left to the territory or to the file.

    ``qpv`` is a layer of quarters; ``uncertainty_m`` the metres of every position, else those of
    its ``position_method``, else of an unknown origin; ``band_m`` the width of a band, in metres;
    ``lon`` and ``lat`` columns, ``crs`` the system of their numbers.
    """

    qpv: Path | None = None
    generation: int | None = None
    uncertainty_m: float | None = None
    band_m: float | None = None
    lon: str | None = None
    lat: str | None = None
    crs: str = WGS84


class Locator:
    """The quarters, the scale of uncertainty and the wishes of one run."""

    def __init__(self, atlas: Atlas, request: Request) -> None:
        _check_metres(request)
        self.request = request
        self.known: Mapping[str, float] = atlas.territory.nomenclature.uncertainty_m
        self.crs = atlas.territory.crs
        layer, repairs = _quarters(atlas, request)
        self.quarters = to_metric(layer, self.crs)
        shared = overlap_sentence(overlaps(self.quarters, self.crs), {})
        self.remarks = [words for words in (sentence(repairs), shared) if words]
        self.generation = generation_of(self.quarters["qpv_code"])
        self.perimeter = f"QPV {self.generation}"
        self.points_crs = _system(request.crs)

    def index(self, question: Question) -> CellIndex:
        """Return the cell index that answers a question, as far as its band reaches."""
        reach, metres, width = REACH_M, question.uncertainty_m, question.band_m or 0.0
        if width > BAND_M:  # up to there, an index asks farther by itself when the doubt is wide
            doubts = metres.values() if isinstance(metres, Mapping) else [metres]
            reach = max(reach, width + max(float(doubt or 0) for doubt in doubts))
        return kept_index(self.quarters, points_crs=self.points_crs, reach_m=reach)

    def question(self, schema: pa.Schema, name: str) -> Question:
        """Return what is asked of a Parquet file of this schema; raises ContractError."""
        lon, lat = columns_of(schema.names, self.request, name)
        metres: float | Mapping[str, float] | None = self.request.uncertainty_m
        if metres is None:
            metres = self.known if _METHOD in schema.names else self.known["unknown"]
        width = self.request.band_m
        question = Question(lon, lat, metres, self.perimeter, reduced_vat=False, band_m=width)
        answer_schema(schema, question, name)
        return question

    def check(self, file: pq.ParquetFile, question: Question, name: str) -> None:
        """Refuse a Parquet file whose positions are plainly read in the wrong system.

        Judged on the first rows of row groups taken from end to end of the file; ``judged`` tells
        what the others are worth, once they are answered.
        """
        sample = first_rows(file, question.read[:2])
        self.diagnosed(self.degrees(sample["x"], sample["y"], sample.index), name)

    def judged(self, outcome: Outcome) -> list[str]:
        """Return the words for the files of which a sample, from end to end, is misread in part."""
        told = []
        for name, frames in outcome.sample.items():
            sample = pd.concat(frames)
            sample = sample.iloc[:: len(sample) // _MOST_JUDGED + 1]
            positions = self.degrees(sample["x"], sample["y"], sample.index)
            found, misread = self._misread(positions)
            if misread.any():
                words = misread_words(positions, found, misread, name, " d'un échantillon")
                told.append(
                    f"{words} Leurs réponses valent pour les nombres tels qu'ils sont lus : "
                    "corrigez ces positions, puis relancez."
                )
        more = len(told) - _MOST_FILES
        return told if more <= 0 else [*told[:_MOST_FILES], f"Et {more} autres fichiers."]

    def degrees(self, x: ArrayLike, y: ArrayLike, index: pd.Index) -> pd.DataFrame:
        """Return numbers of the system asked for as ``lon`` and ``lat`` (EPSG:4326)."""
        to_degrees = Transformer.from_crs(self.points_crs, WGS84, always_xy=True)
        lon, lat = np.asarray(x), np.asarray(y)
        if self.points_crs != CRS(WGS84):
            lon, lat = to_degrees.transform(lon, lat)
        return pd.DataFrame({"lon": lon, "lat": lat}, index=index)

    def diagnosed(self, positions: pd.DataFrame, name: str) -> tuple[pd.DataFrame, list[str]]:
        """Return the positions without those that are misread, and the words to say so.

        A position that another reading of its two numbers brings near a quarter is misread. Raises
        CrsError when most of the file is.
        """
        found, misread = self._misread(positions)
        if not misread.any():
            return positions, []
        told = misread_words(positions, found, misread, name)
        if misread.sum() * 2 > positions.notna().all(axis=1).sum():
            raise CrsError(
                f"{told} Remède : {found[misread].iloc[0]['remedy']} Relancez avec --crs (par "
                "exemple EPSG:2154), ou échangez --lon et --lat."
            )
        kept = usable(positions, found.where(misread))
        return kept, [f"{told} Elles sont restées « non localisées »."]

    def _misread(self, positions: pd.DataFrame) -> tuple[pd.DataFrame, pd.Series]:
        found = diagnose(positions, self._marks, self.crs)
        return found, found["fault"].isin(_MISREAD)

    @cached_property
    def _marks(self) -> pd.DataFrame:
        """The quarters as the places that a position is judged by (contract COMMUNES, in part)."""
        inside = to_wgs84(self.quarters.set_geometry(self.quarters.representative_point()))
        names = self.quarters["qpv_name"].fillna(self.quarters["qpv_code"])
        points = {"lon": inside.geometry.x, "lat": inside.geometry.y}
        return pd.DataFrame({"commune_code": inside["qpv_code"], "commune_name": names, **points})


def locate_file(
    atlas: Atlas, request: Request, source: Path, target: Path, progress: Progress | None = None
) -> Outcome:
    """Write the rows of ``source``, in their order, with their answers, to ``target``.

    Columns added: those of ``geo.stream.LOCATED``, ``share_in_quarters`` for lines and areas, and
    ``in_band`` when a band is asked for. Formats are those of ``store.positions.FORMATS``, by
    suffix. ``progress`` is called while a Parquet file streams. ``target`` appears only when it is
    whole. Raises an AtlasError that says what is wrong and how to mend it.
    """
    kinds = require_format(source), require_format(target)
    require_other(source, target)
    if source.is_dir():
        raise DataFileError(f"{source.name} est un dossier ; attendu : un fichier, ou --engine.")
    locator = Locator(atlas, request)
    if kinds == (".parquet", ".parquet") and streams(source, request):
        return _streamed(locator, source, target, progress)
    frame = read_positions(source)
    columns, points, outcome = _answers(locator, frame, source.name)
    write_positions(frame.assign(**columns), points, target)
    return outcome


def streams(source: Path, request: Request) -> bool:
    """Say whether a Parquet file holds two columns of numbers to be streamed.

    Raises DataFileError when it is no Parquet file.
    """
    schema = open_parquet(source).schema_arrow
    if request.lon is None and b"geo" in (schema.metadata or {}):
        return False
    axes = [schema.field(name).type for name in columns_of(schema.names, request, source.name)]
    return not any(pa.types.is_string(kind) or pa.types.is_large_string(kind) for kind in axes)


def columns_of(names: list[str], request: Request, name: str) -> tuple[str, str]:
    """Return the columns of coordinates: those asked for, else those of a usual name.

    Raises ContractError when one is not found.
    """
    folded = {column.strip().casefold(): column for column in reversed(names)}
    found: list[str] = []
    faults: list[str] = []
    for option, asked, usual in (("--lon", request.lon, _LON), ("--lat", request.lat, _LAT)):
        if asked is not None:
            column = asked if asked in names else None
        else:
            column = next((folded[word] for word in usual if word in folded), None)
        if column is None:
            expected = asked or f"une colonne parmi {', '.join(usual)}"
            faults.append(f"{option} : « {expected} » introuvable")
        else:
            found.append(column)
    if faults:
        raise ContractError(
            f"{name} : colonnes de coordonnées. {' ; '.join(faults)}. Colonnes du fichier : "
            f"{', '.join(names)}. Indiquez-les avec --lon COLONNE --lat COLONNE."
        )
    return found[0], found[1]


def _check_metres(request: Request) -> None:
    options = {"--uncertainty-m": request.uncertainty_m, "--band-m": request.band_m}
    wrong = [
        f"{option} : {metres:g} refusé"
        for option, metres in options.items()
        if metres is not None and not 0 <= metres < np.inf
    ]
    if wrong:
        raise ContractError(f"{' ; '.join(wrong)} ; attendu : un nombre de mètres, positif ou nul.")


def _quarters(atlas: Atlas, request: Request) -> tuple[gpd.GeoDataFrame, pd.DataFrame]:
    """Return the quarters asked for (EPSG:4326) and what was repaired in them.

    They are those of a layer, or the territory's of a generation.
    """
    if request.qpv is not None:
        layer, repairs = read_layer(request.qpv)
    elif request.generation in (None, atlas.territory.generation):
        return atlas.quarters, atlas.repairs
    elif request.generation == GENERATIONS[0] and atlas.relations_are_measured:
        layer, repairs = atlas.former_layer
    else:
        raise DataFileError(
            f"Le territoire « {atlas.territory.code} » n'a pas de couche des quartiers de "
            f"{request.generation} ; donnez-en une avec --qpv COUCHE."
        )
    found = generation_of(layer["qpv_code"])
    if request.generation not in (None, found):
        raise DataFileError(
            f"La couche donnée est celle des quartiers de {found} ; attendu : {request.generation} "
            "(--generation). Changez l'une ou l'autre."
        )
    return layer, repairs


def _system(name: str) -> CRS:
    text = name.strip()
    try:
        crs = CRS.from_user_input(f"EPSG:{text}" if text.isdigit() else text)
    except CRSError:
        crs = None
    if crs is None or not (crs.is_geographic or crs.is_projected):
        raise CrsError(
            f"--crs : système de coordonnées « {name} » inconnu ; attendu : un code comme "
            "EPSG:2154 (Lambert-93) ou EPSG:4326 (degrés)."
        )
    return crs


def _streamed(locator: Locator, source: Path, target: Path, progress: Progress | None) -> Outcome:
    outcome = Outcome(warnings=[*locator.remarks])
    with open_parquet(source) as file:
        question = locator.question(file.schema_arrow, source.name)
        locator.check(file, question, source.name)
    index = locator.index(question)
    watch = outcome.watcher(source.name, question.read[:2])
    locate_parquet(source, target, index, question, progress=progress, watch=watch)
    outcome.warnings += locator.judged(outcome)
    outcome.warnings.append(
        f"Au-delà de {index.reach_m:.0f} m d'un quartier, distance et quartier le plus proche sont "
        "laissés vides (fichier Parquet)."
    )
    return outcome


def _answers(
    locator: Locator, frame: pd.DataFrame, name: str
) -> tuple[dict[str, pd.Series], gpd.GeoSeries, Outcome]:
    """Return the columns to add, the points that were asked about, and the outcome."""
    answered = [*LOCATED.names, "in_band", "share_in_quarters"]
    taken = in_the_way(list(frame.columns), answered)
    if taken:
        raise ContractError(f"{name} : {' ; '.join(taken)}.")
    if isinstance(frame, gpd.GeoDataFrame) and locator.request.lon is None:
        found, points, warnings = _located_shapes(locator, frame, name)
    else:
        found, points, warnings = _located_points(locator, frame, name)
    columns = {column: found[column] for column in LOCATED.names if column != "perimeter"}
    columns["perimeter"] = pd.Series(locator.perimeter, frame.index, dtype="str")
    if "share_in_quarters" in found:
        columns["share_in_quarters"] = found["share_in_quarters"]
    if locator.request.band_m is not None:
        distance = found["distance_to_edge_m"].to_numpy()
        answer = within(distance, found["uncertainty_m"].to_numpy(), locator.request.band_m)
        answer[found["location_status"] == "not_located"] = None
        columns["in_band"] = pd.Series(answer, frame.index, dtype="boolean")
    return (
        columns,
        points,
        Outcome(Counter(found["location_status"]), [*locator.remarks, *warnings]),
    )


def _located_points(
    locator: Locator, frame: pd.DataFrame, name: str
) -> tuple[pd.DataFrame, gpd.GeoSeries, list[str]]:
    lon, lat = columns_of([str(column) for column in frame.columns], locator.request, name)
    given = locator.degrees(numbers(frame[lon]), numbers(frame[lat]), frame.index)
    return _asked(locator, given, frame, name)


def _located_shapes(
    locator: Locator, frame: gpd.GeoDataFrame, name: str
) -> tuple[pd.DataFrame, gpd.GeoSeries, list[str]]:
    shapes = to_wgs84(frame[[frame.geometry.name]])
    if shapes.geom_type.dropna().eq("Point").all():
        given = pd.DataFrame({"lon": shapes.geometry.x, "lat": shapes.geometry.y})
        return _asked(locator, given, frame, name)
    known, methods = _methods(locator, frame)
    found, _ = locate_shapes(
        shapes.assign(position_method=methods), locator.quarters, locator.crs, known,
        generation=locator.generation,
    )  # fmt: skip
    return found, shapes.geometry, []


def _asked(
    locator: Locator, given: pd.DataFrame, frame: pd.DataFrame, name: str
) -> tuple[pd.DataFrame, gpd.GeoSeries, list[str]]:
    kept, warnings = locator.diagnosed(given, name)
    known, methods = _methods(locator, frame)
    found = locate(
        kept.assign(position_method=methods), locator.quarters, locator.crs, known,
        generation=locator.generation,
    )  # fmt: skip
    points = gpd.points_from_xy(given["lon"], given["lat"], crs=WGS84)
    lost = (found["location_status"] == "not_located").to_numpy()
    return found, gpd.GeoSeries(points, frame.index).mask(lost), warnings


def _methods(locator: Locator, frame: pd.DataFrame) -> tuple[dict[str, float], pd.Series]:
    metres = locator.request.uncertainty_m
    if metres is not None:
        known = {**locator.known, _ASKED: metres}
        return known, pd.Series(_ASKED, frame.index, dtype="str")
    none = pd.Series(None, index=frame.index, dtype="object")
    return dict(locator.known), frame.get(_METHOD, none)
