"""Exact answers for tens of millions of positions: in which quarter, how far from its boundary.

The plane is cut into cells, each of which knows what its points may need (``geo.cell_grid``), and
compiled loops read the answers off (``geo.kernels``). The answers are those of ``geo.location``:
only points within rounding of an edge, a few in a million, are handed to GEOS itself.
"""

import hashlib
import json
import os
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple, Self

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray
from pyproj import CRS, Transformer

from geo import cell_file, cell_grid, kernels
from geo.errors import ContractError, CrsError, DataFileError
from geo.kernels import NOT_LOCATED, NOWHERE, UNSURE, Bytes, Cells, Floats, Ints, Layer
from geo.proximity import BAND_M, NPNRU_BAND_M

# The widest band, and the uncertainty of a position known by its street.
REACH_M = NPNRU_BAND_M + 100.0
_FORMAT = 1
_CHUNK = 1 << 20
# Within this many degrees of the layer, a position has an image in the layer's own projection.
_PROJECTED_DEGREES = 10.0


class Measures(NamedTuple):
    """What is known of each position; states are numbers of ``geo.location.STATES``."""

    member: Ints  # place in ``codes`` of the quarter that holds it, -1 for none
    state: Bytes  # inside, outside, undecided, not located
    distance_m: Floats  # metres to the boundary, negative inside; NaN beyond the reach
    nearest: Ints  # place in ``codes`` of the nearest quarter, -1 beyond the reach
    band: Bytes  # within 300 m of any quarter, itself included: a state too
    npnru_band: Bytes  # within 500 m of an NPNRU site, itself included: a state too


@dataclass(frozen=True)
class _Options:
    """What an index depends on besides the shapes."""

    crs: CRS
    points_crs: CRS
    reach: float
    npnru: frozenset[str]

    @classmethod
    def of(
        cls, layer: gpd.GeoDataFrame, points_crs: object, reach_m: float, npnru: Collection[str]
    ) -> Self:
        """Read the options of an index; a layer that is not in metres has no reach."""
        if layer.crs is None:
            raise CrsError("Couche des quartiers : aucun système de coordonnées ; déclarez-le.")
        crs = CRS(layer.crs)
        given = crs if points_crs is None else CRS.from_user_input(points_crs)
        metric = crs.is_projected and crs.axis_info[0].unit_name == "metre"
        return cls(crs, given, float(reach_m) if metric else 0.0, frozenset(npnru))


def layer_digest(
    layer: gpd.GeoDataFrame,
    *,
    points_crs: object = None,
    reach_m: float = REACH_M,
    npnru: Collection[str] = (),
) -> str:
    """Return the sha256 of all that an index built with these arguments depends on.

    The order of the rows does not count. Raises CrsError when the layer has no CRS.
    """
    return _digest(layer.sort_values("qpv_code"), _Options.of(layer, points_crs, reach_m, npnru))


def _digest(ordered: gpd.GeoDataFrame, options: _Options) -> str:
    systems = [options.crs.to_wkt(), options.points_crs.to_wkt()]
    described = [_FORMAT, kernels.SHIFT, *systems, options.reach, sorted(options.npnru)]
    labels = [ordered["qpv_code"].tolist(), _names(ordered)]
    found = hashlib.sha256(json.dumps([described, labels]).encode())
    for shape in shapely.to_wkb(ordered.geometry.to_numpy()):
        found.update(shape or b"-")
    return found.hexdigest()


def _names(layer: gpd.GeoDataFrame) -> list[str]:
    return [str(name) for name in layer.get("qpv_name", layer["qpv_code"])]


class CellIndex:
    """A layer of quarters, ready to answer for any number of positions.

    Built once with ``build``, kept with ``save``, reopened with ``load``; it never changes, may be
    shared between threads and sent to other processes. ``codes`` and ``names`` are in the order of
    codes, to which every number of a quarter refers.
    """

    def __init__(self, buffer: Bytes) -> None:
        # Read-only, so that a loop is compiled once for indexes built and reopened alike.
        self._buffer = buffer.view(np.ndarray)
        self._buffer.flags.writeable = False
        meta, arrays = cell_file.unpack(self._buffer)
        self._meta: dict[str, Any] = meta
        self._layer = Layer(*(arrays[name] for name in Layer._fields))
        self._cells = Cells(*(arrays[name] for name in Cells._fields))
        self._wkb = arrays["wkb"], arrays["wkb_ptr"]
        self.codes: tuple[str, ...] = tuple(meta["codes"])
        self.names: tuple[str, ...] = tuple(meta["names"])
        self.reach_m: float = meta["reach"]
        self.digest: str = meta["digest"]

    def __reduce__(self) -> tuple[type[Self], tuple[Bytes]]:
        return type(self), (np.asarray(self._buffer),)

    @classmethod
    def build(
        cls,
        layer: gpd.GeoDataFrame,
        *,
        points_crs: object = None,
        reach_m: float = REACH_M,
        npnru: Collection[str] = (),
    ) -> Self:
        """Index the polygons of a layer (``qpv_code``, optional ``qpv_name``, geometry).

        Positions will come in ``points_crs``, by default the layer's own. Distances are known up to
        ``reach_m`` metres outside a quarter; a layer that is not in metres answers ``locate`` only.
        ``npnru`` holds the codes of renewal sites. A quarter without geometry holds nothing.
        Raises ContractError for shapes that are not valid polygons, CrsError without a CRS.
        """
        if not 0 < reach_m < np.inf:
            raise ContractError(f"Portée de {reach_m} m ; attendu : un nombre de mètres positif.")
        options = _Options.of(layer, points_crs, reach_m, npnru)
        ordered = layer.sort_values("qpv_code")
        digest = _digest(ordered, options)
        kept = ordered[~(ordered.geometry.isna() | ordered.geometry.is_empty)]
        cell_grid.require_polygons(kept)
        shapes = kept.geometry.to_numpy()
        edges = cell_grid.edges_of(shapes, kept["qpv_code"].isin(options.npnru).to_numpy())
        size = float(np.sqrt(np.median(shapely.area(shapes)))) / cell_grid.CELLS_ACROSS
        forth, back = _transforms(options.points_crs, options.crs)
        cells = cell_grid.lay_out(edges, size, options.reach, forth, back)
        meta = {
            "codes": kept["qpv_code"].tolist(),
            "names": _names(kept),
            "crs": options.crs.to_wkt(),
            "points_crs": options.points_crs.to_wkt(),
            "same_plane": options.points_crs == options.crs,
            "degrees": options.points_crs.is_geographic,
            "reach": options.reach,
            "digest": digest,
        }
        return cls(
            cell_file.pack(meta, edges._asdict() | cells._asdict() | cell_file.well_known(shapes))
        )

    @classmethod
    def load(cls, path: Path, digest: str) -> Self:
        """Reopen a saved index, mapped in memory, if it is that of the layer of this digest.

        ``digest`` comes from ``layer_digest``. Raises DataFileError when the file is missing, is
        no index, is damaged, or was built from another layer or with other options.
        """
        try:
            index = cls(np.memmap(path, dtype="uint8", mode="r"))
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise DataFileError(
                f"L'index {path.name} est absent, tronqué ou illisible. {_REBUILD}"
            ) from error
        if index.digest != digest:
            raise DataFileError(
                f"L'index {path.name} est périmé : il décrit une autre couche ou d'autres réglages "
                f"(empreinte {index.digest[:12]}… ; attendu : {digest[:12]}…). {_REBUILD}"
            )
        return index

    def save(self, path: Path) -> None:
        """Write the index to a file, whole or not at all."""
        cell_file.write(self._buffer, path)

    def locate(self, x: ArrayLike, y: ArrayLike, *, workers: int | None = None) -> Ints:
        """Return the quarter of each position as its place in ``codes``, or -1.

        ``x`` and ``y`` are in the CRS of the points (longitude first). A position on an edge is in
        the quarter; in several, it is given to the lowest code. A missing or infinite coordinate
        is nowhere. Raises ContractError when the two differ in length.
        """
        u, v = _coordinates(x, y)
        members = np.empty(u.size, dtype="int32")

        def answer(part: slice) -> None:
            self._members(u[part], v[part], members[part], measured=False)

        _over_chunks(u.size, answer, workers)
        return members

    def measure(
        self,
        x: ArrayLike,
        y: ArrayLike,
        uncertainty_m: ArrayLike,
        *,
        never_inside: ArrayLike = False,
        workers: int | None = None,
    ) -> Measures:
        """Return all that is known of each position, given its uncertainty in metres.

        A position nearer to the boundary than ``uncertainty_m`` (one figure, or one a position) is
        undecided, as is one flagged ``never_inside`` that falls in a quarter; the same holds of
        the limits of the bands. Distances are exact to 1e-6 m, inside at any depth, outside up to
        ``reach_m`` (farther only for positions so vague that it matters). Raises CrsError when the
        layer is not in metres, ContractError for a negative or missing uncertainty.
        """
        if not self.reach_m:
            raise CrsError(
                "Mesurer des distances demande une couche de quartiers en mètres ; attendu : un "
                "système projeté (EPSG:2154). Reprojetez la couche."
            )
        u, v = _coordinates(x, y)
        doubts, vague = _uncertainties(uncertainty_m, never_inside, u.size)
        n = u.size
        answers = Measures(
            np.empty(n, "int32"), np.zeros(n, "uint8"), np.full(n, np.nan),
            np.full(n, NOWHERE, "int32"), np.empty(n, "uint8"), np.empty(n, "uint8"),
        )  # fmt: skip

        def answer(part: slice) -> None:
            whole = Measures._make(values[part] for values in answers)
            self._measure(u[part], v[part], doubts[part], vague[part], whole)

        _over_chunks(n, answer, workers)
        return answers

    def _members(
        self, u: Floats, v: Floats, members: Ints, *, measured: bool
    ) -> tuple[Ints, Ints, Floats, Floats]:
        """Write the quarters; return cells, chosen points, and the plane coordinates of these."""
        found = np.empty(u.size, dtype="int32")
        kernels.find_cells(self._cells, u, v, found, members)
        chosen = kernels.choose(self._cells, found, members, measured)
        x, y = self._to_plane(u[chosen], v[chosen])
        if kernels.find_members(self._layer, self._cells, chosen, found, x, y, members):
            unsure = members[chosen] == UNSURE
            members[chosen[unsure]] = self._ask_geos(x[unsure], y[unsure])
        return found, chosen, x, y

    def _measure(
        self, u: Floats, v: Floats, doubts: Floats, vague: Bytes, answers: Measures
    ) -> None:
        member, state, distance, nearest, band, npnru_band = answers
        doubts, vague = np.ascontiguousarray(doubts), np.ascontiguousarray(vague)
        state[~self._located(u, v)] = NOT_LOCATED
        found, chosen, x, y = self._members(u, v, member, measured=True)
        site = np.full(u.size, np.nan)
        kernels.measure(
            self._layer, self._cells, chosen, found, x, y, member, self.reach_m,
            distance, nearest, site,
        )  # fmt: skip
        widest = NPNRU_BAND_M if self._layer.renewal.any() else BAND_M
        far = (doubts + widest > self.reach_m) & (state != NOT_LOCATED)
        if far.any():
            limit = float(doubts[far].max()) + widest
            self._measure_far(u, v, np.flatnonzero(far), limit, distance, nearest, site)
        widths = np.array([BAND_M, NPNRU_BAND_M])
        kernels.decide(member, distance, site, doubts, vague, widths, state, band, npnru_band)

    def _measure_far(
        self, u: Floats, v: Floats, far: NDArray[np.intp], limit: float,
        distance: Floats, nearest: Ints, site: Floats,
    ) -> None:  # fmt: skip
        """Complete the distances of positions whose uncertainty is wider than the reach."""
        every, renewal = np.arange(len(self.codes)), np.flatnonzero(self._layer.renewal)
        for known, quarters in ((distance, every), (site, renewal)):
            asked = far[np.isnan(known[far])]
            points = np.asarray(shapely.points(*self._to_plane(u[asked], v[asked])))
            tree = shapely.STRtree(self._shapes[quarters])
            at, closest = _lowest(*tree.query_nearest(points, max_distance=limit))
            known[asked[at]] = shapely.distance(points[at], self._shapes[quarters[closest]])
            if known is distance:
                nearest[asked[at]] = quarters[closest]

    def _located(self, u: Floats, v: Floats) -> NDArray[np.bool_]:
        """Say which positions are some: finite, on the globe, with an image in the plane."""
        if not self._meta["degrees"]:
            return np.isfinite(u) & np.isfinite(v)
        located = (np.abs(u) <= 180) & (np.abs(v) <= 90)
        u0, v0, per_u, per_v = self._cells.grid
        rows, columns = (n * kernels.SIDE for n in self._cells.blocks.shape)
        far = located & (
            (np.abs(u - u0 - columns / per_u / 2) > columns / per_u / 2 + _PROJECTED_DEGREES)
            | (np.abs(v - v0 - rows / per_v / 2) > rows / per_v / 2 + _PROJECTED_DEGREES)
        )
        x, y = self._to_plane(u[far], v[far])
        located[far] = np.isfinite(x) & np.isfinite(y)
        return np.asarray(located)

    def _ask_geos(self, x: Floats, y: Floats) -> Ints:
        """Return the quarters of a few points by exact predicates, the lowest code first."""
        members = np.full(x.size, NOWHERE, dtype="int32")
        found = self._tree.query(shapely.points(x, y), predicate="intersects")
        at, quarter = _lowest(*found)
        members[at] = quarter
        return members

    @cached_property
    def _to_plane(self) -> cell_grid.Transform:
        if self._meta["same_plane"]:
            return _unchanged
        crs, given = CRS.from_wkt(self._meta["crs"]), CRS.from_wkt(self._meta["points_crs"])
        return _transforms(given, crs)[0]

    @cached_property
    def _shapes(self) -> NDArray[np.object_]:
        return cell_file.shapes_of(*self._wkb)

    @cached_property
    def _tree(self) -> shapely.STRtree:
        return shapely.STRtree(self._shapes)


_REBUILD = "Reconstruisez-le à partir de la couche des quartiers."


def _lowest(at: NDArray[np.intp], quarter: NDArray[np.intp]) -> tuple[Any, Any]:
    """Order pairs so that, written one after the other, the lowest quarter of a point stays."""
    order = np.lexsort((-quarter, at))
    return at[order], quarter[order]


def _unchanged(x: Floats, y: Floats) -> tuple[Floats, Floats]:
    return x, y


def _transforms(given: CRS, plane: CRS) -> tuple[cell_grid.Transform, cell_grid.Transform]:
    if given == plane:
        return _unchanged, _unchanged
    forth = Transformer.from_crs(given, plane, always_xy=True)
    back = Transformer.from_crs(plane, given, always_xy=True)
    return forth.transform, back.transform


def _coordinates(x: ArrayLike, y: ArrayLike) -> tuple[Floats, Floats]:
    u, v = (np.ascontiguousarray(values, dtype="float64").view() for values in (x, y))
    if u.ndim != 1 or u.shape != v.shape:
        raise ContractError(
            f"Coordonnées de tailles différentes : {u.shape} et {v.shape} ; attendu : deux listes "
            "de même longueur."
        )
    # Read-only as a column of a Parquet file is: one compiled loop for all.
    u.flags.writeable = v.flags.writeable = False
    return u, v


def _uncertainties(
    uncertainty_m: ArrayLike, never_inside: ArrayLike, size: int
) -> tuple[Floats, Bytes]:
    doubts = np.asarray(uncertainty_m, dtype="float64")
    if not np.all((doubts >= 0) & np.isfinite(doubts)):
        raise ContractError(
            "Incertitude absente, négative ou infinie ; attendu : un nombre de mètres, positif ou "
            "nul, pour chaque position."
        )
    vague = np.asarray(never_inside, dtype="uint8")
    try:
        return np.broadcast_to(doubts, size), np.broadcast_to(vague, size)
    except ValueError as error:
        raise ContractError(
            f"Incertitudes de taille {doubts.shape} pour {size} positions ; attendu : un seul "
            "nombre de mètres, ou un par position."
        ) from error


def _over_chunks(size: int, answer: Callable[[slice], None], workers: int | None) -> None:
    """Answer chunk by chunk, several at a time: the loops hold no lock."""
    parts = [slice(begin, begin + _CHUNK) for begin in range(0, size, _CHUNK)]
    workers = workers or os.cpu_count() or 1
    if len(parts) == 1 or workers == 1:
        for part in parts:
            answer(part)
    else:
        with ThreadPoolExecutor(workers) as pool:
            list(pool.map(answer, parts))
