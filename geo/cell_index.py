"""Exact answers for tens of millions of positions: in which quarter, how far from its boundary.

The plane is cut into cells, each of which knows what its points may need (``geo.cell_grid``), and
compiled loops read the answers off (``geo.kernels``). The answers are those of ``geo.location``:
only points within rounding of an edge, a few in a million, are handed to GEOS itself.
"""

import os
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple, Self, TypeVar

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray
from pyproj import CRS, Transformer

from geo import cell_file, cell_grid, kernels
from geo.cell_digest import REACH_M, Options, digest_of, names_of
from geo.errors import ContractError, CrsError, DataFileError
from geo.kernels import (
    NOT_LOCATED,
    NOWHERE,
    UNDECIDED,
    UNSURE,
    Bytes,
    Floats,
    Ints,
    Layer,
    Members,
    Near,
)
from geo.proximity import BAND_M, NPNRU_BAND_M

_CHUNK = 1 << 20
# Within this many degrees of the layer, a position has an image in the layer's own projection.
_PROJECTED_DEGREES = 10.0
Parts = TypeVar("Parts", Layer, Members, Near)


class Measures(NamedTuple):
    """What is known of each position; states are numbers of ``geo.location.STATES``."""

    member: Ints  # place in ``codes`` of the quarter that holds it, -1 for none
    state: Bytes  # inside, outside, undecided, not located
    distance_m: Floats  # metres to the boundary, negative inside; NaN beyond the reach
    nearest: Ints  # place in ``codes`` of the nearest quarter, -1 beyond the reach
    band: Bytes  # within 300 m of any quarter, itself included: a state too
    npnru_band: Bytes  # within 500 m of an NPNRU site, itself included: a state too


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
        self._layer = _tuple(Layer, arrays)
        self._quarters = _tuple(Members, arrays, "quarters_")
        self._sites = _tuple(Members, arrays, "sites_")
        self._near = _tuple(Near, arrays, "near_")
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
        options = Options.of(layer, points_crs, reach_m, npnru)
        ordered = layer.sort_values("qpv_code")
        digest = digest_of(ordered, options)
        kept = ordered[~(ordered.geometry.isna() | ordered.geometry.is_empty)]
        cell_grid.require_polygons(kept)
        shapes = kept.geometry.to_numpy()
        edges, beside = cell_grid.edges_of(shapes, kept["qpv_code"].isin(options.npnru).to_numpy())
        size = float(np.sqrt(np.median(shapely.area(shapes)))) / cell_grid.CELLS_ACROSS
        planes = _transforms(options.points_crs, options.crs)
        every, shared = np.arange(len(shapes)), _shared_sites(shapes, edges)
        arrays = edges._asdict() | cell_file.well_known(shapes)
        for prefix, cells in (
            ("quarters_", cell_grid.lay_out_members(edges, beside, every, size, *planes)),
            ("sites_", cell_grid.lay_out_members(edges, beside, shared, size, *planes)),
            ("near_", cell_grid.lay_out_near(edges, size, options.reach, *planes)),
        ):
            arrays |= {prefix + name: values for name, values in cells._asdict().items()}
        meta = {
            "codes": kept["qpv_code"].tolist(),
            "names": names_of(kept),
            "crs": options.crs.to_wkt(),
            "points_crs": options.points_crs.to_wkt(),
            "same_plane": options.points_crs == options.crs,
            "degrees": options.points_crs.is_geographic,
            "reach": options.reach,
            "digest": digest,
        }
        return cls(cell_file.pack(meta, arrays))

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
        if u.size <= _CHUNK:
            self._locate(u, v, members)
        else:
            _over_chunks(
                u.size, lambda part: self._locate(u[part], v[part], members[part]), workers
            )
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
        n = u.size
        doubts, vague = _uncertainties(uncertainty_m, never_inside, n)
        answers = Measures(
            np.empty(n, "int32"), np.zeros(n, "uint8"), np.full(n, np.nan),
            np.full(n, NOWHERE, "int32"), np.empty(n, "uint8"), np.empty(n, "uint8"),
        )  # fmt: skip

        def answer(part: slice) -> None:
            """Write the answers of a part of the points in place."""
            whole = Measures._make(values[part] for values in answers)
            doubt = doubts[part] if doubts.size > 1 else doubts
            vagueness = vague[part] if vague.size > 1 else vague
            self._measure(u[part], v[part], doubt, vagueness, whole)

        _over_chunks(n, answer, workers)
        return answers

    def _locate(self, u: Floats, v: Floats, members: Ints) -> None:
        """Write the quarter of each position."""
        if self._to_plane is _unchanged:
            if kernels.locate(self._quarters, self._layer.edges, u, v, members):
                doubtful = members == UNSURE
                members[doubtful] = self._ask_geos(u[doubtful], v[doubtful])
            return
        places, x, y, unsure = self._settle(self._quarters, u, v, members)
        if unsure:
            doubtful = members[places] == UNSURE
            members[places[doubtful]] = self._ask_geos(x[doubtful], y[doubtful])

    def _settle(
        self, cells: Members, u: Floats, v: Floats, members: Ints
    ) -> tuple[Ints, Floats, Floats, int]:
        """Write quarters, taking to the layer's plane only the positions that edges are asked of.

        Returns these, their coordinates there, and how many are UNSURE.
        """
        places, records = np.empty((2, u.size + 1), dtype="int32")
        count = kernels.find(cells, u, v, members, places, records)
        places, records = places[:count], records[:count]
        x, y = self._to_plane(u[places], v[places])
        edges = self._layer.edges
        return places, x, y, kernels.settle(edges, cells.table, places, records, x, y, members)

    def _measure(
        self, u: Floats, v: Floats, doubts: Floats, vague: Bytes, answers: Measures
    ) -> None:
        member, state, distance, nearest, band, npnru_band = answers
        self._place(u, v, state)
        self._locate(u, v, member)
        chosen, found = kernels.choose(self._near, u, v)
        a, b = u[chosen], v[chosen]
        x, y = self._to_plane(a, b)
        sites = np.empty(chosen.size if self._sites.table.size else 0, dtype="int32")
        if sites.size:
            self._settle(self._sites, a, b, sites)
        site, size = np.full(u.size, np.nan), chosen.size
        known = np.empty(size), np.empty(size, dtype="int32"), np.empty(size)
        kernels.measure(
            self._layer, self._near, found, x, y, member[chosen], sites, self.reach_m, *known
        )
        kernels.spread(chosen, *known, distance, nearest, site)
        widest = NPNRU_BAND_M if self._layer.renewal.any() else BAND_M
        if u.size and doubts.max() + widest > self.reach_m:
            far = (doubts + widest > self.reach_m) & (state != NOT_LOCATED)
            limit = float(doubts.max()) + widest
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

    def _place(self, u: Floats, v: Floats, state: Bytes) -> None:
        """Write which positions are none: not finite, off the globe, of no image in the plane."""
        if kernels.place(u, v, self._known, self._meta["degrees"], state):
            far = np.flatnonzero(state == UNDECIDED)
            x, y = self._to_plane(u[far], v[far])
            state[far[~(np.isfinite(x) & np.isfinite(y))]] = NOT_LOCATED

    @cached_property
    def _known(self) -> Floats:
        """The box around the layer within which every longitude and latitude has an image."""
        u0, v0, per_u, per_v = self._near.grid
        rows, columns = (n * kernels.SIDE for n in self._near.blocks.shape)
        far = _PROJECTED_DEGREES
        return np.array([
            max(u0 - far, -180.0), max(v0 - far, -90.0),
            min(u0 + columns / per_u + far, 180.0), min(v0 + rows / per_v + far, 90.0),
        ])  # fmt: skip

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


def _tuple(kind: type[Parts], arrays: dict[str, NDArray[Any]], prefix: str = "") -> Parts:
    return kind(*(arrays[prefix + name] for name in kind._fields))


def _shared_sites(shapes: NDArray[np.object_], layer: Layer) -> NDArray[np.intp]:
    """Return the renewal sites that touch or overlap another quarter, which may answer for them."""
    one, other = shapely.STRtree(shapes).query(shapes, predicate="intersects")
    sites = np.unique(one[one != other])
    return sites[layer.renewal[sites] == 1]


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
    if {doubts.size, vague.size} - {1, size}:
        raise ContractError(
            f"Incertitudes de taille {doubts.shape} pour {size} positions ; attendu : un seul "
            "nombre de mètres, ou un par position."
        )
    return np.ascontiguousarray(doubts).reshape(-1), np.ascontiguousarray(vague).reshape(-1)


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
