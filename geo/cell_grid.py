"""The cells of the index: how quarters are cut into them and what each cell must remember.

A grid of square blocks covers the layer; the blocks within ``reach`` of a quarter are cut into
cells. For each cell, all that any of its points may need is found once: the quarter it wholly lies
in, the edges a ray from it may cross, the edges that may be the nearest.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from os import cpu_count

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray

from geo.cell_edges import describe_cells
from geo.errors import ContractError, CrsError
from geo.kernels import NOWHERE, SIDE, Cells, Floats, Ints, Layer

Transform = Callable[[Floats, Floats], tuple[Floats, Floats]]
# Room left around a box: a straight side of the given plane bends in the other by length² x
# curvature / 8, which stays under a hundredth of the length up to some 80 km at curvatures of
# 1e-6 per metre (meridians and parallels in a projection used within its area).
ROOM = 0.01
CELLS_ACROSS = 6  # cells along the side of a quarter of median area
_POLYGONS = ("Polygon", "MultiPolygon")
MOST_BLOCKS = 1 << 20
MOST_CELLS = 1 << 22


def require_polygons(layer: gpd.GeoDataFrame) -> None:
    """Raise ContractError for shapes that have no exact inside, naming every fault at once."""
    if layer.empty:
        raise ContractError("La couche ne contient aucun quartier avec un contour.")
    kinds = layer.geometry.geom_type
    faults = [
        f"{code} : {kind}, attendu : polygone"
        for code, kind in zip(layer["qpv_code"], kinds, strict=True)
        if kind not in _POLYGONS
    ]
    broken = ~layer.geometry.is_valid & kinds.isin(_POLYGONS)
    reasons = shapely.is_valid_reason(layer.geometry[broken].to_numpy())
    faults += [
        f"{code} : contour non valide ({reason})"
        for code, reason in zip(layer["qpv_code"][broken], reasons, strict=True)
    ]
    if faults:
        raise ContractError(
            "La couche des quartiers ne peut pas être indexée. Réparez ces contours : "
            + " ; ".join(faults)
            + "."
        )


def edges_of(shapes: NDArray[np.object_], renewal: NDArray[np.bool_]) -> Layer:
    """Cut polygons into edges, in the order of the polygons; edges of no length are dropped."""
    parts, of_part = shapely.get_parts(shapes, return_index=True)
    rings, of_ring = shapely.get_rings(parts, return_index=True)
    points, ring = shapely.get_coordinates(rings, return_index=True)
    start, end = points[:-1], points[1:]
    real = (ring[:-1] == ring[1:]) & (start != end).any(axis=1)
    start, end = start[real], end[real]
    owner = of_part[of_ring[ring[:-1][real]]].astype("int32")
    upward = (start[:, 1] < end[:, 1]) | ((start[:, 1] == end[:, 1]) & (start[:, 0] < end[:, 0]))
    lower = np.where(upward[:, None], start, end)
    upper = np.where(upward[:, None], end, start)
    return Layer(
        edges=np.hstack([lower, upper]),
        slope=1.0 / ((upper - lower) ** 2).sum(axis=1),
        owner=owner,
        first=np.searchsorted(owner, np.arange(len(shapes) + 1)).astype("int32"),
        boxes=shapely.bounds(shapes),
        renewal=renewal.astype("uint8"),
    )


def lay_out(
    layer: Layer, size: float, reach: float, to_plane: Transform, from_plane: Transform
) -> Cells:
    """Lay the cells over a layer and describe each of them.

    ``size`` is the side of a cell and ``reach`` the distance up to which the nearest edge is
    wanted, both in units of the layer's plane. ``to_plane`` takes the coordinates in which points
    will come to the layer's plane, ``from_plane`` does the reverse. Raises CrsError when the layer
    cannot be brought to the points' plane.
    """
    widened = layer.boxes + np.array([-1, -1, 1, 1]) * (reach + size)
    grid, shape, ranges = _grid(_images(widened, from_plane), widened, size)
    block, quarter = _pairs(ranges, shape[1])
    near, pair_ptr = np.unique(block, return_index=True)
    blocks = np.full(shape, NOWHERE, dtype="int32")
    blocks.flat[near] = np.arange(near.size)
    boxes = _cell_boxes(near, grid, shape[1], to_plane)
    pair_ptr = np.append(pair_ptr, block.size)
    return _assemble(grid, blocks, _describe(layer, boxes, pair_ptr, quarter, reach))


def _images(boxes: Floats, transform: Transform) -> Floats:
    """Return boxes of another plane that hold the images of these boxes, with room to spare."""
    x1, y1, x2, y2 = boxes.T
    x, y = (x1 + x2) / 2, (y1 + y2) / 2
    across = np.stack([x1, x, x2, x1, x2, x1, x, x2])
    along = np.stack([y1, y1, y1, y, y, y2, y2, y2])
    u, v = transform(across.ravel(), along.ravel())
    return _roomy(u.reshape(across.shape), v.reshape(along.shape))


def _roomy(u: Floats, v: Floats) -> Floats:
    low, high = np.stack([u.min(0), v.min(0)], -1), np.stack([u.max(0), v.max(0)], -1)
    if not (np.isfinite(low).all() and np.isfinite(high).all()):
        raise CrsError(
            "La couche des quartiers sort du domaine de son système de coordonnées : des sommets "
            "n'ont pas d'image en longitude et latitude. Vérifiez le système déclaré."
        )
    room = ROOM * (high - low)
    return np.concatenate([low - room, high + room], axis=-1)


def _grid(
    images: Floats, boxes: Floats, size: float
) -> tuple[Floats, tuple[int, int], NDArray[np.int64]]:
    """Choose the grid: corner and cells per unit, rows and columns of blocks, blocks per quarter.

    Cells are made larger until the blocks, and the cells of those near a quarter, are few enough.
    """
    corner, top = np.nanmin(images[:, :2], axis=0), np.nanmax(images[:, 2:], axis=0)
    extent = np.nanmax(boxes[:, 2:], axis=0) - np.nanmin(boxes[:, :2], axis=0)
    while True:
        side = SIDE * size * (top - corner) / extent
        columns, rows = (int(n) + 1 for n in (top - corner) / side)
        ranges = ((images - np.tile(corner, 2)) / np.tile(side, 2)).astype("int64")
        wide, high = ranges[:, 2] - ranges[:, 0] + 1, ranges[:, 3] - ranges[:, 1] + 1
        if rows * columns <= MOST_BLOCKS and (wide * high).sum() * SIDE**2 <= MOST_CELLS:
            return np.concatenate([corner, SIDE / side]), (rows, columns), ranges
        size *= 1.5


def _pairs(ranges: NDArray[np.int64], columns: int) -> tuple[NDArray[np.int64], Ints]:
    """List (block, quarter) for every block a quarter may matter to, by block, then by quarter."""
    wide = ranges[:, 2] - ranges[:, 0] + 1
    counts = wide * (ranges[:, 3] - ranges[:, 1] + 1)
    quarter = np.repeat(np.arange(len(ranges)), counts)
    rank = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    row = ranges[quarter, 1] + rank // wide[quarter]
    block = row * columns + ranges[quarter, 0] + rank % wide[quarter]
    order = np.argsort(block, kind="stable")
    return block[order], quarter[order].astype("int32")


def _cell_boxes(near: NDArray[np.int64], grid: Floats, columns: int, to_plane: Transform) -> Floats:
    """Return the box of each cell in the layer's plane, from the images of its four corners."""
    steps = np.arange(SIDE + 1)
    row, column = np.divmod(near, columns)
    u = grid[0] + (column[:, None] * SIDE + steps) / grid[2]
    v = grid[1] + (row[:, None] * SIDE + steps) / grid[3]
    shape = (near.size, SIDE + 1, SIDE + 1)
    u, v = np.broadcast_to(u[:, None, :], shape), np.broadcast_to(v[:, :, None], shape)
    x, y = (a.reshape(shape) for a in to_plane(u.ravel(), v.ravel()))
    corners = [np.s_[:, :-1, :-1], np.s_[:, :-1, 1:], np.s_[:, 1:, :-1], np.s_[:, 1:, 1:]]
    images = _roomy(np.stack([x[c] for c in corners]), np.stack([y[c] for c in corners]))
    return np.asarray(images.reshape(-1, 4))


def _describe(
    layer: Layer, boxes: Floats, pair_ptr: NDArray[np.int64], pairs: Ints, reach: float
) -> list[tuple[NDArray[np.generic], ...]]:
    """Describe the cells, a run of blocks to each processor."""
    workers = cpu_count() or 1
    cuts = np.linspace(0, pair_ptr.size - 1, workers + 1).astype("int64")
    with ThreadPoolExecutor(workers) as pool:
        return list(
            pool.map(
                lambda a, b: describe_cells(
                    layer, boxes[a * SIDE**2 : b * SIDE**2], pair_ptr[a : b + 1], pairs, reach
                ),
                cuts[:-1],
                cuts[1:],
            )
        )


def _assemble(grid: Floats, blocks: Ints, runs: list[tuple[NDArray[np.generic], ...]]) -> Cells:
    kind, entries, entry, parity, slabs, slab, nears, near = (
        np.concatenate(lists) for lists in zip(*runs, strict=True)
    )
    rows, slab_rows, near_rows = _rows(entries), _rows(slabs), _rows(nears)
    return Cells(grid, blocks, kind, rows, entry, parity, slab_rows, slab, near_rows, near)


def _rows(counts: NDArray[np.generic]) -> Ints:
    """Return where each row of a compressed list begins, and where the last one ends."""
    return np.concatenate([[0], np.cumsum(counts)]).astype("int32")
