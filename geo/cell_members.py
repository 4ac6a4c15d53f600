"""In which quarter each cell lies: compiled loops that write the table of ``kernels.Members``.

A cell is described by a box of the layer's plane that holds it with room to spare, so that no
rounding, and no curvature of a cell laid out in degrees, can leave an edge out: an edge too many
costs time, never truth. The first quarter of a cell, in the order of codes, that holds it whole
ends its list: those after it never answer.
"""

import numpy as np
from numpy.typing import NDArray

from geo.kernels import BELOW, FINE, NOWHERE, SIDE, Floats, Ints, Layer, compiled

# An edge beside a box passes left of it or out of its rows; right of it; or may cross it.
ASIDE, RIGHT, ACROSS = 0, 1, 2
_HELD, _CROSSED = 1, 2  # of a box and a quarter; 0 for one that does not touch it


@compiled
def describe_members(
    layer: Layer, beside: Ints, corners: Floats, room: float,
    pair_ptr: NDArray[np.int64], pairs: Ints,
) -> tuple[Ints, Ints, Ints]:  # fmt: skip
    """Return the cells, the fine cells and the records of blocks, each run counted from 0.

    ``corners`` (blocks, SIDE + 1, SIDE + 1, 2) are those of the cells in the layer's plane, and
    ``room`` the part of a cell's extent left around it. ``pairs`` are the quarters of each block,
    ``beside`` (edges, 2) the edges that share the lower and the upper end of each edge.
    """
    cells = np.empty(len(corners) * SIDE**2, np.int32)
    fine, records = [0 for _ in range(0)], [0 for _ in range(0)]
    box, small = np.empty(4), np.empty(4)
    kept = np.empty(len(layer.edges), np.int32)
    ends = np.empty(len(layer.boxes) + 1, np.int64)
    for c in range(cells.size):
        block, row, column = c // SIDE**2, c // SIDE % SIDE, c % SIDE
        square = corners[block, row : row + 2, column : column + 2]
        margin = _bound(square, 0.0, 0.0, 1.0, room, 0.0, box)
        quarters = pairs[pair_ptr[block] : pair_ptr[block + 1]]
        found = _list_quarters(layer, quarters, box, kept, ends)
        if len(found) == 0 or found[0] & 1 == 0:
            cells[c] = NOWHERE if len(found) == 0 else found[0] >> 1
            continue
        cells[c] = BELOW - len(fine)
        for part in range(FINE**2):
            low, left = part // FINE / FINE, part % FINE / FINE
            _bound(square, low, left, 1 / FINE, 0.0, margin, small)
            fine.append(_describe_fine(layer, beside, found, small, kept, ends, records))
    return cells, np.array(fine, np.int32), np.array(records, np.int32)


@compiled
def _bound(
    square: Floats, low: float, left: float, side: float, room: float, margin: float, box: Floats
) -> float:
    """Write the box of a part of a cell, with room around it; return the width of the room.

    The part is found between the cell's corners as in a bilinear map, which is off by length² x
    curvature / 8 twice over at most, far less than the room (see ``cell_grid.ROOM``).
    """
    for axis in range(2):
        least, most = np.inf, -np.inf
        for t in (low, low + side):
            for s in (left, left + side):
                at = (square[0, 0, axis] * (1 - s) + square[0, 1, axis] * s) * (1 - t)
                at += (square[1, 0, axis] * (1 - s) + square[1, 1, axis] * s) * t
                least, most = min(least, at), max(most, at)
        box[axis], box[axis + 2] = least, most
    margin += room * max(box[2] - box[0], box[3] - box[1])
    box[0] -= margin
    box[1] -= margin
    box[2] += margin
    box[3] += margin
    return margin


@compiled
def _side(edges: Floats, e: int, box: Floats) -> int:
    """Say where an edge passes, as seen from a box: ASIDE, RIGHT or ACROSS."""
    x1, y1, x2, y2 = edges[e, 0], edges[e, 1], edges[e, 2], edges[e, 3]
    if y2 < box[1] or y1 > box[3] or (x1 < box[0] and x2 < box[0]):
        return ASIDE
    if x1 > box[2] and x2 > box[2]:
        return RIGHT
    # The box has room for the rounding of these: corners all on one side are so in truth.
    dx, dy, lefts = x2 - x1, y2 - y1, 0
    for x in (box[0], box[2]):
        for y in (box[1], box[3]):
            lefts += dx * (y - y1) - dy * (x - x1) > 0
    if lefts == 4:
        return RIGHT
    return ASIDE if lefts == 0 else ACROSS


@compiled
def _list_quarters(
    layer: Layer, quarters: Ints, box: Floats, kept: Ints, ends: NDArray[np.int64]
) -> list[int]:
    """List twice the quarters that a box touches, plus 1 when an edge may cross it.

    ``kept`` gets their edges that are not ASIDE, and ``ends`` where those of each begin.
    """
    found = [0 for _ in range(0)]
    ends[0] = 0
    for k in quarters:
        bounds = layer.boxes[k]
        if bounds[0] > box[2] or bounds[2] < box[0] or bounds[1] > box[3] or bounds[3] < box[1]:
            continue
        begin = end = ends[len(found)]
        for e in range(layer.first[k], layer.first[k + 1]):
            kept[end] = e
            end += _side(layer.edges, e, box) != ASIDE
        state = _relate(layer.edges, kept[begin:end], box)
        if state:
            found.append(2 * k + (state == _CROSSED))
            ends[len(found)] = end
        if state == _HELD:
            break
    return found


@compiled
def _relate(edges: Floats, kept: Ints, box: Floats) -> int:
    """Say what a quarter is to a box, by its edges that may matter: _HELD, _CROSSED or 0."""
    y, parity = (box[1] + box[3]) / 2, 0
    for e in kept:
        side = _side(edges, e, box)
        if side == ACROSS:
            return _CROSSED
        if side == RIGHT and edges[e, 1] <= y < edges[e, 3]:
            parity ^= 1
    return _HELD if parity else 0


@compiled
def _describe_fine(
    layer: Layer, beside: Ints, found: list[int], box: Floats, kept: Ints,
    ends: NDArray[np.int64], records: list[int],
) -> int:  # fmt: skip
    """Return the code of a fine cell, whose record is added when it has one."""
    begin, entries = len(records), 0
    for n in range(len(found)):
        k, around = found[n] >> 1, kept[ends[n] : ends[n + 1]]
        state = _relate(layer.edges, around, box) if found[n] & 1 else _HELD
        if state == _HELD and entries == 0:
            return k
        if state:
            if entries == 0:
                records.append(0)
            entries += 1
            records.append(k)
            _add_entry(layer.edges, beside, around if state == _CROSSED else kept[:0], box, records)
        if state == _HELD:
            break
    if entries == 0:
        return NOWHERE
    records[begin] = entries
    return BELOW - begin


@compiled
def _add_entry(edges: Floats, beside: Ints, around: Ints, box: Floats, records: list[int]) -> None:
    """Add what ``kernels._holds`` asks of a quarter: parity, count of edges, edges with marks.

    No edge at all means a quarter that holds the whole cell.
    """
    place, parity = len(records), int(around.size == 0)
    records.append(0)
    records.append(0)
    for e in around:
        side = _side(edges, e, box)
        if side == RIGHT:
            parity ^= (edges[e, 1] <= box[1]) ^ (edges[e, 3] <= box[1])
        elif side == ACROSS:
            item = e << 2
            for end in range(2):
                y = edges[e, 1 + 2 * end]
                if box[1] < y <= box[3] and _side(edges, beside[e, end], box) == RIGHT:
                    item |= 2 >> end
            records.append(item)
    records[place], records[place + 1] = parity, len(records) - place - 2
