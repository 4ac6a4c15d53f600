"""What each cell of the index must remember: compiled loops over the cells and their edges.

A cell is described by a box of the layer's plane that holds it with room to spare, so that no
rounding, and no curvature of a cell laid out in degrees, can leave an edge out: an edge too many
costs time, never truth.
"""

import math

import numpy as np
from numpy.typing import NDArray

from geo.kernels import (
    CROSSED,
    EMPTY,
    FULL,
    SIDE,
    Bytes,
    Floats,
    Ints,
    Layer,
    compiled,
    crossed,
    foot,
    squared,
)


@compiled
def _empty_list() -> list[int]:
    # An element, never there, tells the compiler the type.
    return [0 for _ in range(0)]


@compiled
def describe_cells(
    layer: Layer, boxes: Floats, pair_ptr: NDArray[np.int64], pairs: Ints, reach: float
) -> tuple[Bytes, Ints, Ints, Bytes, Ints, Ints, Ints, Ints]:
    """Return what each cell remembers, as lengths and values of lists.

    ``boxes`` holds the cells, SIDE² to a block, and ``pairs`` the quarters near each block. The
    result: kinds; entries, their quarters and parities; slab edges; near edges.
    """
    n = len(boxes)
    kind = np.empty(n, np.uint8)
    entries, nears = np.empty(n, np.int32), np.empty(n, np.int32)
    entry, parity, slabs = _empty_list(), _empty_list(), _empty_list()
    slab, near = _empty_list(), _empty_list()
    away, closest = np.empty(len(layer.edges)), np.empty(len(layer.boxes))
    for c in range(n):
        block = c // SIDE**2
        quarters = pairs[pair_ptr[block] : pair_ptr[block + 1]]
        box = boxes[c]
        radius = math.hypot(box[2] - box[0], box[3] - box[1]) / 2
        _measure_edges(layer, quarters, box, reach + radius, away, closest)
        begin, begin_near = len(entry), len(near)
        full = _list_entries(layer, quarters, box, radius, closest, entry, parity, slabs, slab)
        if len(entry) == begin:
            kind[c] = EMPTY
        else:
            kind[c] = FULL if full == begin else CROSSED
        held = entry[begin:]
        if reach > 0:
            _list_near(layer, quarters, held, full >= 0, box, reach, away, closest, near)
        entries[c], nears[c] = len(entry) - begin, len(near) - begin_near
    return (
        kind, entries, np.array(entry, np.int32), np.array(parity, np.uint8),
        np.array(slabs, np.int32), np.array(slab, np.int32), nears, np.array(near, np.int32),
    )  # fmt: skip


@compiled
def _measure_edges(
    layer: Layer, quarters: Ints, box: Floats, limit: float, away: Floats, closest: Floats
) -> None:
    """Write the squared distance from a cell's centre to each edge, the distance to each quarter.

    A quarter whose box is farther than ``limit`` is infinitely far.
    """
    edges, slope, first, boxes = layer.edges, layer.slope, layer.first, layer.boxes
    x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    for k in quarters:
        aside = max(boxes[k, 0] - x, x - boxes[k, 2], 0.0)
        below = max(boxes[k, 1] - y, y - boxes[k, 3], 0.0)
        least = math.inf
        if math.hypot(aside, below) <= limit:
            for e in range(first[k], first[k + 1]):
                away[e] = squared(edges, slope, e, x, y)
                least = min(least, away[e])
        closest[k] = math.sqrt(least)


@compiled
def _list_entries(
    layer: Layer, quarters: Ints, box: Floats, radius: float, closest: Floats,
    entry: list[int], parity: list[int], slabs: list[int], slab: list[int],
) -> int:  # fmt: skip
    """List the quarters that touch or hold a cell; return the place of the first that holds it."""
    full = -1
    x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    for k in quarters:
        if closest[k] <= radius:
            begin = len(slab)
            parity.append(_list_slab(layer, k, box, slab))
            entry.append(k)
            slabs.append(len(slab) - begin)
        elif closest[k] < math.inf and _odd(layer, k, x, y):
            if full < 0:
                full = len(entry)
            parity.append(1)
            entry.append(k)
            slabs.append(0)
    return full


@compiled
def _odd(layer: Layer, k: int, x: float, y: float) -> bool:
    """Say whether a quarter holds a point that lies far from its edges."""
    edges, hits = layer.edges, 0
    for e in range(layer.first[k], layer.first[k + 1]):
        hits += crossed(edges, e, x, y)
    return hits % 2 == 1


@compiled
def _list_slab(layer: Layer, k: int, box: Floats, slab: list[int]) -> int:
    """List the edges a ray from the cell to greater x may cross; return the parity of the rest."""
    edges, parity = layer.edges, 0
    for e in range(layer.first[k], layer.first[k + 1]):
        x1, y1, x2, y2 = edges[e, 0], edges[e, 1], edges[e, 2], edges[e, 3]
        if y2 < box[1] or y1 > box[3] or max(x1, x2) < box[0]:
            continue
        if min(x1, x2) > box[2] and y1 < box[1] and y2 > box[3]:
            parity ^= 1
        else:
            slab.append(e)
    return parity


@compiled
def _list_near(
    layer: Layer, quarters: Ints, held: list[int], full: bool, box: Floats, reach: float,
    away: Floats, closest: Floats, near: list[int],
) -> None:  # fmt: skip
    """List the edges that may be the nearest to a point of a cell, within reach.

    Outside, all edges compete; inside a quarter, its own; for the band of renewal sites, theirs.
    """
    radius = math.hypot(box[2] - box[0], box[3] - box[1]) / 2
    needed, rivals = _empty_list(), _empty_list()
    least, site = math.inf, math.inf
    for k in quarters:
        least = min(least, closest[k])
        if layer.renewal[k]:
            site = min(site, closest[k])
    if not full and least - radius <= reach:
        for k in quarters:
            _list_rivals(layer, k, least + 2 * radius, away, closest, rivals)
        _keep_needed(layer, rivals, box, needed)
    for k in held:
        _list_rivals(layer, k, closest[k] + 2 * radius, away, closest, rivals)
        _keep_needed(layer, rivals, box, needed)
    if site - radius <= reach:
        for k in quarters:
            if layer.renewal[k]:
                _list_rivals(layer, k, site + 2 * radius, away, closest, rivals)
        _keep_needed(layer, rivals, box, needed)
    _append_once(needed, near)


@compiled
def _append_once(needed: list[int], near: list[int]) -> None:
    """Append edges in the order of codes, so that the first of equals is the lowest, each once."""
    needed.sort()
    for place in range(len(needed)):
        if place == 0 or needed[place] != needed[place - 1]:
            near.append(needed[place])


@compiled
def _list_rivals(
    layer: Layer, k: int, bound: float, away: Floats, closest: Floats, rivals: list[int]
) -> None:
    """List the edges of a quarter at most ``bound`` from the centre of the cell.

    A point is at most a radius from the centre: an edge farther from the centre than the nearest
    one by two radii is never the nearest.
    """
    if closest[k] <= bound:
        for e in range(layer.first[k], layer.first[k + 1]):
            if away[e] <= bound * bound:
                rivals.append(e)


@compiled
def _keep_needed(layer: Layer, rivals: list[int], box: Floats, needed: list[int]) -> None:
    """Keep the rivals that may be the nearest edge to a point of the cell, and empty their list.

    The points at least as far from an edge as from a given place make a convex set (they are so
    for each point of the edge, which is a half-plane). So an edge that is farther from all four
    corners of the cell than some place of another edge is farther from every point of the cell.
    The places tried are those of the edges that are nearest to the corners and to the centre.
    """
    edges, slope = layer.edges, layer.slope
    xs = (box[0], box[2], box[0], box[2], (box[0] + box[2]) / 2)
    ys = (box[1], box[1], box[3], box[3], (box[1] + box[3]) / 2)
    limits = np.empty((5, 4))
    for spot in range(5):
        nearest, least = -1, math.inf
        for e in rivals:
            squared_e = squared(edges, slope, e, xs[spot], ys[spot])
            if squared_e < least:
                nearest, least = e, squared_e
        if nearest >= 0:
            px, py = foot(edges, slope, nearest, xs[spot], ys[spot])
            for corner in range(4):
                from_place = (px - xs[corner]) ** 2 + (py - ys[corner]) ** 2
                # Room for rounding: a thousandth of a metre at most, far more than it needs.
                limits[spot, corner] = from_place * (1 + 1e-9) + 1e-6
    for e in rivals:
        beaten = False
        for spot in range(5):
            worse = 0
            for corner in range(4):
                worse += squared(edges, slope, e, xs[corner], ys[corner]) > limits[spot, corner]
            beaten = beaten or worse == 4
        if not beaten:
            needed.append(e)
    rivals.clear()
