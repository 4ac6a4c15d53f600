"""Which edges may be the nearest one to the points of a cell: compiled loops over the cells.

A cell is described by a box of the layer's plane that holds it with room to spare, so that no
rounding, and no curvature of a cell laid out in degrees, can leave an edge out: an edge too many
costs time, never truth.
"""

import math

import numpy as np
from numpy.typing import NDArray

from geo.kernels import SIDE, Floats, Ints, Layer, compiled, crossed, foot, squared


@compiled
def _empty_list() -> list[int]:
    # An element, never there, tells the compiler the type.
    return [0 for _ in range(0)]


@compiled
def describe_near(
    layer: Layer, boxes: Floats, pair_ptr: NDArray[np.int64], pairs: Ints, reach: float
) -> tuple[Ints, Ints]:
    """Return how many edges may be the nearest to points of each cell, and these edges.

    ``boxes`` holds the cells, SIDE² to a block, and ``pairs`` the quarters near each block.
    """
    n = len(boxes)
    counts, near = np.empty(n, np.int32), _empty_list()
    away, closest = np.empty(len(layer.edges)), np.empty(len(layer.boxes))
    for c in range(n):
        block = c // SIDE**2
        quarters = pairs[pair_ptr[block] : pair_ptr[block + 1]]
        box = boxes[c]
        radius = math.hypot(box[2] - box[0], box[3] - box[1]) / 2
        _measure_edges(layer, quarters, box, reach + radius, away, closest)
        held, full = _holders(layer, quarters, box, radius, closest)
        begin = len(near)
        _list_near(layer, quarters, held, full, box, reach, away, closest, near)
        counts[c] = len(near) - begin
    return counts, np.array(near, np.int32)


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
def _holders(
    layer: Layer, quarters: Ints, box: Floats, radius: float, closest: Floats
) -> tuple[list[int], bool]:
    """List the quarters that touch or hold a cell; say whether one holds it whole."""
    held, full = _empty_list(), False
    x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    for k in quarters:
        if closest[k] <= radius:
            held.append(k)
        elif closest[k] < math.inf and _odd(layer, k, x, y):
            full = True
            held.append(k)
    return held, full


@compiled
def _odd(layer: Layer, k: int, x: float, y: float) -> bool:
    """Say whether a quarter holds a point that lies far from its edges."""
    edges, hits = layer.edges, 0
    for e in range(layer.first[k], layer.first[k + 1]):
        hits += crossed(edges, e, x, y)
    return hits % 2 == 1


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
