"""The cells of the index: how quarters are cut into them and what each cell must remember.

A grid of square blocks covers the layer. The blocks that a quarter touches are cut into cells that
tell in which quarter a point lies, those within ``reach`` of a quarter into cells that tell which
edges may be the nearest.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from os import cpu_count
from typing import TypeVar

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray

from geo.cell_edges import describe_near
from geo.cell_members import describe_members
from geo.errors import ContractError, CrsError
from geo.kernels import BELOW, FINE, NOWHERE, SIDE, Floats, Ints, Layer, Members, Near

Transform = Callable[[Floats, Floats], tuple[Floats, Floats]]
Run = TypeVar("Run")
# Room left around a box: a straight side of the given plane bends in the other by length² x
# curvature / 8, which stays under a hundredth of the length up to some 80 km at curvatures of
# 1e-6 per metre (meridians and parallels in a projection used within its area).
ROOM = 0.01
# In the layer's own plane nothing bends, and rounding is far below this part of a cell.
PLAIN_ROOM = 1e-4
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


def edges_of(shapes: NDArray[np.object_], renewal: NDArray[np.bool_]) -> tuple[Layer, Ints]:
    """Cut polygons into edges, in the order of the polygons; edges of no length are dropped.

    Returns with them, for each edge, the edges of its ring that share its lower and upper end.
    """
    parts, of_part = shapely.get_parts(shapes, return_index=True)
    rings, of_ring = shapely.get_rings(parts, return_index=True)
    points, ring = shapely.get_coordinates(rings, return_index=True)
    start, end = points[:-1], points[1:]
    real = (ring[:-1] == ring[1:]) & (start != end).any(axis=1)
    start, end, ring = start[real], end[real], ring[:-1][real]
    owner = of_part[of_ring[ring]].astype("int32")
    upward = (start[:, 1] < end[:, 1]) | ((start[:, 1] == end[:, 1]) & (start[:, 0] < end[:, 0]))
    lower = np.where(upward[:, None], start, end)
    upper = np.where(upward[:, None], end, start)
    layer = Layer(
        edges=np.hstack([lower, upper]),
        slope=1.0 / ((upper - lower) ** 2).sum(axis=1),
        owner=owner,
        first=np.searchsorted(owner, np.arange(len(shapes) + 1)).astype("int32"),
        boxes=shapely.bounds(shapes),
        renewal=renewal.astype("uint8"),
    )
    return layer, _beside(ring, upward)


def _beside(ring: NDArray[np.integer], upward: NDArray[np.bool_]) -> Ints:
    """Return the edges that share the lower and the upper end of each, neighbours in its ring."""
    first, last = np.searchsorted(ring, ring), np.searchsorted(ring, ring, side="right") - 1
    edge = np.arange(ring.size)
    before, after = np.where(edge == first, last, edge - 1), np.where(edge == last, first, edge + 1)
    sides = np.where(upward[:, None], np.stack([before, after], 1), np.stack([after, before], 1))
    return sides.astype("int32")


def lay_out_members(
    layer: Layer, beside: Ints, quarters: NDArray[np.intp], size: float,
    to_plane: Transform, from_plane: Transform,
) -> Members:  # fmt: skip
    """Lay cells over some quarters of a layer and write in which of them each lies.

    ``size`` is the side of a cell in units of the layer's plane. ``to_plane`` takes the coordinates
    in which points will come to the layer's plane, ``from_plane`` does the reverse. Raises CrsError
    when the layer cannot be brought to the points' plane.
    """
    if quarters.size == 0:
        none = np.zeros(0, dtype="int32")
        return Members(np.zeros(6), none.astype("uint16"), none.astype("uint64"), none)
    widened = layer.boxes[quarters] + np.array([-1, -1, 1, 1]) * size
    grid, shape, (held, pair_ptr, place) = _blocks(widened, size, from_plane)
    pairs = quarters[place].astype("int32")
    corners = np.stack(_cell_corners(held, grid, shape[1], to_plane), axis=-1)
    room = PLAIN_ROOM if to_plane is from_plane else ROOM
    runs = _in_threads(
        lambda a, b: describe_members(
            layer, beside, corners[a:b], room, pair_ptr[a : b + 1], pairs
        ),
        pair_ptr.size - 1,
    )
    blocks = np.zeros(shape, dtype="uint16")  # MOST_CELLS makes them few enough
    blocks.flat[held] = np.arange(1, held.size + 1)
    cells = np.concatenate([np.full(SIDE**2, NOWHERE, dtype="int32"), *(run[0] for run in runs)])
    bits = np.packbits(cells != NOWHERE, bitorder="little").view("<u8").astype("uint64")
    sizes = [n * SIDE * FINE for n in shape[::-1]]
    head = np.concatenate([grid * np.array([1, 1, FINE, FINE]), sizes])
    return Members(head, blocks.ravel(), bits, _table(runs))


def _table(runs: list[tuple[Ints, Ints, Ints]]) -> Ints:
    """Join the runs of a table: places counted in each run become places of the table.

    The cells of a block that no quarter touches come first.
    """
    first = np.full(SIDE**2, NOWHERE, dtype="int32")
    begin = [first.size + sum(run[0].size for run in runs)]
    for kind in (1, 2):
        for run in runs:
            begin.append(begin[-1] + run[kind].size)
    if begin[-1] > np.iinfo("int32").max:
        raise ContractError("La couche des quartiers a trop de sommets pour être indexée.")
    parts = [first]
    for kind in (0, 1):
        for number, run in enumerate(runs):
            shift = begin[kind * len(runs) + number]
            parts.append(np.where(run[kind] <= BELOW, run[kind] - shift, run[kind]))
    return np.concatenate([*parts, *(run[2] for run in runs)], dtype="int32", casting="unsafe")


def lay_out_near(
    layer: Layer, size: float, reach: float, to_plane: Transform, from_plane: Transform
) -> Near:
    """Lay cells around a layer and list the edges that may be the nearest to points of each.

    ``reach`` is the distance up to which the nearest edge is wanted, in units of the layer's plane,
    0 for none; the rest is as in ``lay_out_members``.
    """
    if not reach:
        none = np.zeros(1, dtype="int32")
        return Near(np.zeros(4), np.empty((0, 0), dtype="int32"), none, none[:0])
    widened = layer.boxes + np.array([-1, -1, 1, 1]) * (reach + size)
    grid, shape, (held, pair_ptr, pairs) = _blocks(widened, size, from_plane)
    blocks = np.full(shape, NOWHERE, dtype="int32")
    blocks.flat[held] = np.arange(held.size)
    boxes = _cell_boxes(*_cell_corners(held, grid, shape[1], to_plane))
    runs = _in_threads(
        lambda a, b: describe_near(
            layer, boxes[a * SIDE**2 : b * SIDE**2], pair_ptr[a : b + 1], pairs, reach
        ),
        held.size,
    )
    counts, near = (np.concatenate(lists) for lists in zip(*runs, strict=True))
    return Near(grid, blocks, np.append(0, np.cumsum(counts)).astype("int32"), near)


def _blocks(
    boxes: Floats, size: float, from_plane: Transform
) -> tuple[Floats, tuple[int, int], tuple[NDArray[np.int64], NDArray[np.int64], Ints]]:
    """Return the grid and its shape; the blocks under the boxes, and the quarters of each."""
    grid, shape, ranges = _grid(_images(boxes, from_plane), boxes, size)
    block, quarter = _pairs(ranges, shape[1])
    held, pair_ptr = np.unique(block, return_index=True)
    return grid, shape, (held, np.append(pair_ptr, block.size), quarter)


def _in_threads(describe: Callable[[int, int], Run], blocks: int) -> list[Run]:
    """Describe the cells, a run of blocks to each processor."""
    workers = cpu_count() or 1
    cuts = np.linspace(0, blocks, workers + 1).astype("int64")
    with ThreadPoolExecutor(workers) as pool:
        return list(pool.map(describe, cuts[:-1], cuts[1:]))


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


def _cell_corners(
    held: NDArray[np.int64], grid: Floats, columns: int, to_plane: Transform
) -> tuple[Floats, Floats]:
    """Return x and y of the corners of the cells of blocks, each (blocks, SIDE + 1, SIDE + 1)."""
    steps = np.arange(SIDE + 1)
    row, column = np.divmod(held, columns)
    u = grid[0] + (column[:, None] * SIDE + steps) / grid[2]
    v = grid[1] + (row[:, None] * SIDE + steps) / grid[3]
    shape = (held.size, SIDE + 1, SIDE + 1)
    u, v = np.broadcast_to(u[:, None, :], shape), np.broadcast_to(v[:, :, None], shape)
    x, y = (a.reshape(shape) for a in to_plane(u.ravel(), v.ravel()))
    return x, y


def _cell_boxes(x: Floats, y: Floats) -> Floats:
    """Return the box of each cell in the layer's plane, from its four corners."""
    corners = [np.s_[:, :-1, :-1], np.s_[:, :-1, 1:], np.s_[:, 1:, :-1], np.s_[:, 1:, 1:]]
    images = _roomy(np.stack([x[c] for c in corners]), np.stack([y[c] for c in corners]))
    return np.asarray(images.reshape(-1, 4))
