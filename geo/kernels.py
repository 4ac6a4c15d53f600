"""Compiled loops of the cell index: points against cells, cells against edges.

Only arrays come in and go out; nothing here knows codes, files or reference systems. Two planes
are in use: ``u, v`` are the coordinates of the points as given (degrees or metres), in which the
cells are laid out; ``x, y`` are those of the layer's plane, in which edges and distances live.
``fastmath`` stays off: exact answers need every rounding to be where IEEE 754 puts it.
"""

import math
from collections.abc import Callable
from typing import NamedTuple, TypeVar, cast

import numba
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]
Bytes = NDArray[np.uint8]
Kernel = TypeVar("Kernel", bound=Callable[..., object])

# A block is a square of 2**SHIFT cells a side.
SHIFT = 4
SIDE = 1 << SHIFT
MASK = SIDE - 1
NOWHERE = -1  # in no quarter; of no cell
MIXED = -2  # the cell is crossed by an edge: ask the edges
UNSURE = -3  # an edge passes within rounding of the point: ask exact predicates
# Of a cell: no quarter touches it, the first of its quarters holds it whole, an edge may cross it.
EMPTY, FULL, CROSSED = 0, 1, 2
INSIDE, OUTSIDE, UNDECIDED, NOT_LOCATED = 0, 1, 2, 3
# GEOS trusts the sign of a determinant beyond 1e-15 of its terms (CGAlgorithmsDD::orientationIndex,
# after Shewchuk 1997, whose own bound is 3.3e-16); below that it computes on.
ROUNDING = 1e-15
# Squared distances that differ by less, relatively, are equal: two quarters share the place.
ALIKE = 1 - 1e-12


class Layer(NamedTuple):
    """Edges of the quarters in the layer's plane, quarter after quarter in the order of codes."""

    edges: Floats  # (m, 4): x1, y1, x2, y2, the lower end first, so that a shared edge is one edge
    slope: Floats  # (m,): 1 / length²
    owner: Ints  # (m,): quarter of the edge
    first: Ints  # (q + 1,): first edge of each quarter
    boxes: Floats  # (q, 4): least x, y, greatest x, y
    renewal: Bytes  # (q,): 1 for a quarter that is an NPNRU site


class Cells(NamedTuple):
    """What each cell knows; lists are in compressed rows (``*_ptr`` tells where each begins)."""

    grid: Floats  # (4,): u and v of the corner, cells per unit of u and of v
    blocks: Ints  # (rows, columns): number of the block, or NOWHERE
    kind: Bytes  # (cells,): EMPTY, FULL or CROSSED: alone in a small table, near at hand
    entry_ptr: Ints  # (cells + 1,): quarters that touch or hold the cell
    entry: Ints
    parity: Bytes  # edges right of the cell that every ray from it crosses, modulo 2
    slab_ptr: Ints  # (entries + 1,): edges a ray from the cell may cross
    slab: Ints
    near_ptr: Ints  # (cells + 1,): edges that may be the nearest one
    near: Ints


def compiled(function: Kernel) -> Kernel:
    """Compile a function once for all (kept on disk), free of the interpreter's lock."""
    return cast(Kernel, numba.njit(nogil=True, cache=True)(function))


@compiled
def find_cells(cells: Cells, u: Floats, v: Floats, found: Ints, members: Ints) -> None:
    """Write the cell of each point and what the cell alone says: a quarter, NOWHERE or MIXED.

    The cell is NOWHERE when the point is off the grid or far from every quarter.
    """
    # Fields are taken out of their tuples once: each use of one counts a reference.
    grid, blocks, kind = cells.grid, cells.blocks, cells.kind
    first, entry = cells.entry_ptr, cells.entry
    u0, v0, per_u, per_v = grid[0], grid[1], grid[2], grid[3]
    rows, columns = blocks.shape
    for i in range(u.size):
        column, row = (u[i] - u0) * per_u, (v[i] - v0) * per_v
        found[i] = members[i] = NOWHERE
        # Written so that a NaN is off the grid.
        if 0 <= column < columns * SIDE and 0 <= row < rows * SIDE:
            a, b = int(column), int(row)
            block = blocks[b >> SHIFT, a >> SHIFT]
            # Choices rather than branches: no processor can guess where the next point lies.
            c = (max(block, 0) << 2 * SHIFT) + ((b & MASK) << SHIFT) + (a & MASK)
            state = kind[c] if block >= 0 else EMPTY
            found[i] = c if block >= 0 else NOWHERE
            members[i] = MIXED if state == CROSSED else NOWHERE
            if state == FULL:
                members[i] = entry[first[c]]


@compiled
def choose(cells: Cells, found: Ints, members: Ints, measured: bool) -> Ints:
    """List, block by block, the points whose edges must be asked.

    They are those of mixed cells, or all that have near edges when distances are wanted. Taken
    in the order of blocks, whatever the order of the points, they find their edges in the cache.
    """
    near_ptr = cells.near_ptr
    wanted = np.empty(found.size, np.bool_)
    begin = np.zeros(near_ptr.size // SIDE**2 + 2, np.int32)
    for i in range(found.size):
        c = found[i]
        wanted[i] = c >= 0 and (members[i] == MIXED or (measured and near_ptr[c + 1] > near_ptr[c]))
        if wanted[i]:
            begin[(c >> 2 * SHIFT) + 1] += 1
    begin = np.cumsum(begin)
    chosen = np.empty(begin[-1], np.int32)
    for i in range(found.size):
        if wanted[i]:
            block = found[i] >> 2 * SHIFT
            chosen[begin[block]] = i
            begin[block] += 1
    return chosen


@compiled
def crossed(edges: Floats, e: int, x: float, y: float) -> int:
    """Say whether the ray from the point to greater x crosses the edge: 0, 1, or UNSURE.

    An edge counts from its lower end to below its upper one, as in GEOS' RayCrossingCounter.
    """
    x1, y1, x2, y2 = edges[e, 0], edges[e, 1], edges[e, 2], edges[e, 3]
    if y < y1 or y > y2 or (x > x1 and x > x2):
        return 0
    if x < x1 and x < x2:
        return 1 if y < y2 else 0
    left, right = (x1 - x) * (y2 - y), (x2 - x) * (y1 - y)
    turn = left - right
    if abs(turn) <= ROUNDING * (abs(left) + abs(right)):
        return UNSURE
    return 1 if turn > 0 and y < y2 else 0


@compiled
def _holds(edges: Floats, parity: int, slab: Ints, begin: int, end: int, x: float, y: float) -> int:
    """Say whether a quarter holds a point of a cell, by the cell's edges: 0, 1, or UNSURE."""
    for s in range(begin, end):
        hit = crossed(edges, slab[s], x, y)
        if hit == UNSURE:
            return UNSURE
        parity ^= hit
    return parity


@compiled
def find_members(
    layer: Layer, cells: Cells, chosen: Ints, found: Ints, x: Floats, y: Floats, members: Ints
) -> int:
    """Write the quarter of the chosen points of mixed cells, and count those that are UNSURE.

    ``x`` and ``y`` are those of the chosen points. The first quarter, of lowest code, is kept.
    """
    edges, first, entry = layer.edges, cells.entry_ptr, cells.entry
    parity, slab_ptr, slab = cells.parity, cells.slab_ptr, cells.slab
    unsure = 0
    for j in range(chosen.size):
        i = chosen[j]
        if members[i] != MIXED:
            continue
        member, c = NOWHERE, found[i]
        for n in range(first[c], first[c + 1]):
            held = _holds(edges, parity[n], slab, slab_ptr[n], slab_ptr[n + 1], x[j], y[j])
            if held != 0:
                member = entry[n] if held == 1 else UNSURE
                unsure += held == UNSURE
                break
        members[i] = member
    return unsure


@compiled
def foot(edges: Floats, slope: Floats, e: int, x: float, y: float) -> tuple[float, float]:
    """Return the place of an edge that is nearest to a point."""
    dx, dy = edges[e, 2] - edges[e, 0], edges[e, 3] - edges[e, 1]
    t = ((x - edges[e, 0]) * dx + (y - edges[e, 1]) * dy) * slope[e]
    t = min(max(t, 0.0), 1.0)
    return edges[e, 0] + t * dx, edges[e, 1] + t * dy


@compiled
def squared(edges: Floats, slope: Floats, e: int, x: float, y: float) -> float:
    """Return the squared distance from a point to an edge."""
    # From the point, not from the plane's origin: metres stay exact to far below a micrometre.
    dx, dy = edges[e, 2] - edges[e, 0], edges[e, 3] - edges[e, 1]
    px, py = x - edges[e, 0], y - edges[e, 1]
    t = min(max((px * dx + py * dy) * slope[e], 0.0), 1.0)
    px -= t * dx
    py -= t * dy
    return px * px + py * py


@compiled
def _nearest(
    edges: Floats, slope: Floats, owner: Ints, near: Ints, begin: int, end: int,
    x: float, y: float, member: int, renewal: Bytes,
) -> tuple[float, int, float]:  # fmt: skip
    """Return the squared distance to the nearest edge, its quarter, and that to a renewal site."""
    least, quarter, site = math.inf, NOWHERE, math.inf
    for s in range(begin, end):
        e = near[s]
        away, k = squared(edges, slope, e, x, y), owner[e]
        # Inside, the boundary that counts is the quarter's own.
        if away < least * ALIKE and (member == NOWHERE or member == k):  # noqa: SIM109
            least, quarter = away, k
        if away < site and renewal[k]:
            site = away
    return least, quarter, site


@compiled
def measure(
    layer: Layer, cells: Cells, chosen: Ints, found: Ints, x: Floats, y: Floats, members: Ints,
    reach: float, signed: Floats, nearest: Ints, renewal: Floats,
) -> None:  # fmt: skip
    """Write metres to the boundary (negative inside), nearest quarter, metres to a renewal site.

    Only for the chosen points, and only within ``reach`` metres outside; ``members`` is exact
    already. Of quarters equally near, the lowest code is named.
    """
    edges, slope, owner, sites = layer.edges, layer.slope, layer.owner, layer.renewal
    first, entry, parity = cells.entry_ptr, cells.entry, cells.parity
    slab_ptr, slab, near_ptr, near = cells.slab_ptr, cells.slab, cells.near_ptr, cells.near
    for j in range(chosen.size):
        i = chosen[j]
        c, member = found[i], members[i]
        away, quarter, site = _nearest(
            edges, slope, owner, near, near_ptr[c], near_ptr[c + 1], x[j], y[j], member, sites
        )
        if site < math.inf:
            for n in range(first[c], first[c + 1]):
                if sites[entry[n]]:
                    held = _holds(edges, parity[n], slab, slab_ptr[n], slab_ptr[n + 1], x[j], y[j])
                    site = site if held == 0 else 0.0
        if member >= 0:
            signed[i], nearest[i] = -math.sqrt(away), member
        elif away <= reach * reach:
            signed[i], nearest[i] = math.sqrt(away), quarter
        if site <= reach * reach:
            renewal[i] = math.sqrt(site)


@compiled
def _band(away: float, width: float, uncertainty: float) -> int:
    """Say whether a point lies in a band, a missing distance being farther than any."""
    if math.isnan(away):
        return OUTSIDE
    if abs(away - width) < uncertainty:
        return UNDECIDED
    return INSIDE if away <= width else OUTSIDE


@compiled
def decide(
    members: Ints, signed: Floats, renewal: Floats, uncertainty: Floats, vague: Bytes,
    widths: Floats, state: Bytes, band: Bytes, renewal_band: Bytes,
) -> None:  # fmt: skip
    """Write the three states of each point from its distances and its uncertainty in metres.

    ``vague`` positions are never inside. A quarter belongs to its own band. ``state`` holds
    NOT_LOCATED already where the position is none.
    """
    for i in range(signed.size):
        if state[i] == NOT_LOCATED:
            band[i] = renewal_band[i] = NOT_LOCATED
            continue
        held = members[i] >= 0
        state[i] = INSIDE if held else OUTSIDE
        if abs(signed[i]) < uncertainty[i] or (held and vague[i]):
            state[i] = UNDECIDED
        band[i] = _band(0.0 if held else signed[i], widths[0], uncertainty[i])
        renewal_band[i] = _band(renewal[i], widths[1], uncertainty[i])
