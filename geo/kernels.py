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
Shorts = NDArray[np.uint16]
Words = NDArray[np.uint64]
Kernel = TypeVar("Kernel", bound=Callable[..., object])

# A block is a square of SIDE cells a side; a cell crossed by an edge is one of FINE fine cells.
SHIFT, FINE_SHIFT = 4, 2
SIDE, FINE = 1 << SHIFT, 1 << FINE_SHIFT
MASK, FINE_MASK = SIDE - 1, FINE - 1
NOWHERE = -1  # in no quarter; of no cell
UNSURE = -2  # an edge passes within rounding of the point: ask exact predicates
# Of a code of a table: from here down it is a place in the table (BELOW - code), no quarter.
BELOW = -2
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


class Members(NamedTuple):
    """In which quarter a point lies: a grid of blocks, cut into cells, cut into fine cells.

    Most points need only ``blocks`` and ``bits``, which are small enough to stay near the
    processor. ``table`` holds three kinds of runs, one after the other. The cells, block by block,
    row by row: NOWHERE, the quarter that holds the whole cell, or where its fine cells begin. The
    fine cells of a cell: likewise, or where their record begins. A record: how many quarters may
    hold a point of the fine cell, then for each, in the order of codes: the quarter, the parity of
    the edges that every ray to greater x crosses, how many edges cross the fine cell, and these
    (see ``_holds``).
    """

    grid: Floats  # (6,): u, v of the corner, fine cells per unit of u, of v, columns, rows of them
    blocks: Shorts  # row by row, the number of each block, 0 for those that no quarter touches
    bits: Words  # SIDE² bits a block: whether its cells are not NOWHERE
    table: Ints


class Near(NamedTuple):
    """The edges that may be the nearest one to a point of each cell, in compressed rows."""

    grid: Floats  # (4,): u and v of the corner, cells per unit of u and of v
    blocks: Ints  # (rows, columns): number of the block, or NOWHERE
    near_ptr: Ints  # (cells + 1,): where the edges of each cell begin
    near: Ints


def compiled(function: Kernel) -> Kernel:
    """Compile a function once for all (kept on disk), free of the interpreter's lock."""
    return cast(Kernel, numba.njit(nogil=True, cache=True)(function))


@compiled
def find(cells: Members, u: Floats, v: Floats, members: Ints, places: Ints, records: Ints) -> int:
    """Write the quarter of each point that its cell alone tells, and list the others.

    Returns how many others there are; ``places`` and ``records`` get the number of each and where
    the record of its fine cell begins.
    """
    count = _find_cells(cells.grid, cells.blocks, cells.bits, u, v, members, places, records)
    # A loop a step: the processor fetches far places of the table for many points at once. Listed
    # whatever the code, kept only if needed: it cannot guess where the next point lies.
    for step in range(2):
        kept = 0
        for j in range(count):
            i, at = places[j], records[j]
            code = cells.table[at >> 2 * FINE_SHIFT if step == 0 else at]
            members[i] = code
            places[kept] = i
            records[kept] = BELOW - code + (at & FINE**2 - 1 if step == 0 else 0)
            kept += code <= BELOW
        count = kept
    return count


@compiled
def _find_cells(
    grid: Floats, blocks: Shorts, bits: Words, u: Floats, v: Floats,
    members: Ints, places: Ints, records: Ints,
) -> int:  # fmt: skip
    """List the points whose cell a quarter touches, with the number of their fine cell."""
    u0, v0, per_u, per_v, columns, rows = grid[0], grid[1], grid[2], grid[3], grid[4], grid[5]
    # Numbers without a sign: no test of negative places.
    per_block, mask = np.uint32(SHIFT + FINE_SHIFT), np.uint32(MASK)
    short, fine_mask = np.uint32(FINE_SHIFT), np.uint32(FINE_MASK)
    across = np.uint32(columns) >> per_block
    count = np.uintp(0)
    for i in range(np.uintp(u.size)):
        column, row = (u[i] - u0) * per_u, (v[i] - v0) * per_v
        members[i] = NOWHERE
        # Written so that a NaN is off the grid.
        if (column >= 0) & (column < columns) & (row >= 0) & (row < rows):
            a, b = np.uint32(np.int64(column)), np.uint32(np.int64(row))
            cell = np.uint32(blocks[np.uintp((b >> per_block) * across + (a >> per_block))])
            cell = (cell << np.uint32(SHIFT)) | ((b >> short) & mask)
            cell = (cell << np.uint32(SHIFT)) | ((a >> short) & mask)
            some = bits[np.uintp(cell >> np.uint32(6))] >> np.uint64(cell & np.uint32(63))
            fine = ((b & fine_mask) << short) | (a & fine_mask)
            places[count] = i
            records[count] = (cell << np.uint32(2 * FINE_SHIFT)) | fine
            count += np.uintp(some & np.uint64(1))
    return int(np.int64(count))


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
def _holds(edges: Floats, table: Ints, entry: int, x: float, y: float) -> int:
    """Say whether a quarter holds a point of a fine cell, by its entry: 0, 1, or UNSURE.

    Edges that cross the cell are asked one by one. Of those that pass right of it, a chain is
    crossed as often as its two ends are on either side of the ray, modulo 2: the ends that lie
    beside the cell are ends of an edge asked, and marked on it (bit 1: lower end, bit 0: upper).
    """
    parity = table[entry + 1]
    for s in range(entry + 3, entry + 3 + table[entry + 2]):
        item = table[s]
        e = item >> 2
        hit = crossed(edges, e, x, y)
        if hit == UNSURE:
            return UNSURE
        parity ^= hit
        if item & 2 and edges[e, 1] <= y:
            parity ^= 1
        if item & 1 and edges[e, 3] <= y:
            parity ^= 1
    return parity


@compiled
def settle(
    edges: Floats, table: Ints, places: Ints, records: Ints, x: Floats, y: Floats, members: Ints
) -> int:
    """Write the quarter of points by their records, and count those that are UNSURE.

    ``x`` and ``y`` are those of the listed points. The first quarter, of lowest code, is kept.
    """
    unsure = 0
    for j in range(places.size):
        entry, member = records[j] + 1, NOWHERE
        for _ in range(table[records[j]]):
            held = _holds(edges, table, entry, x[j], y[j])
            if held != 0:
                member = table[entry] if held == 1 else UNSURE
                unsure += held == UNSURE
                break
            entry += 3 + table[entry + 2]
        members[places[j]] = member
    return unsure


@compiled
def locate(cells: Members, edges: Floats, u: Floats, v: Floats, members: Ints) -> int:
    """Write the quarter of each point given in the layer's plane, and count those UNSURE."""
    places, records = np.empty(u.size + 1, np.int32), np.empty(u.size + 1, np.int32)
    count = find(cells, u, v, members, places, records)
    places, records = places[:count], records[:count]
    return settle(edges, cells.table, places, records, u[places], v[places], members)


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
def choose(cells: Near, u: Floats, v: Floats) -> tuple[Ints, Ints]:
    """List, block by block, the points whose cell has near edges, and these cells.

    Taken in the order of blocks, whatever the order of the points, they find their edges in the
    processor's cache.
    """
    grid, blocks, near_ptr = cells.grid, cells.blocks, cells.near_ptr
    u0, v0, per_u, per_v = grid[0], grid[1], grid[2], grid[3]
    columns, rows = blocks.shape[1] * SIDE, blocks.shape[0] * SIDE
    places, found = np.empty(u.size + 1, np.int32), np.empty(u.size + 1, np.uint32)
    begin = np.zeros(near_ptr.size // SIDE**2 + 2, np.uint32)
    count = np.uintp(0)
    for i in range(np.uintp(u.size)):
        column, row = (u[i] - u0) * per_u, (v[i] - v0) * per_v
        block, c = np.int32(NOWHERE), np.uint32(0)
        if (column >= 0) & (column < columns) & (row >= 0) & (row < rows):
            a, b = np.uint32(np.int64(column)), np.uint32(np.int64(row))
            block = blocks[np.uintp(b >> np.uint32(SHIFT)), np.uintp(a >> np.uint32(SHIFT))]
            c = ((b & np.uint32(MASK)) << np.uint32(SHIFT)) | (a & np.uint32(MASK))
        places[count], found[count] = i, (np.uint32(block) << np.uint32(2 * SHIFT)) | c
        begin[np.uintp(np.int64(block) + 2)] += np.uint32(1)
        count += np.uintp(block >= 0)
    begin[1] = 0  # of the points of no block
    begin = np.cumsum(begin)
    chosen, cell = np.empty(count, np.int32), np.empty(count, np.int32)
    for j in range(count):
        run = np.uintp(found[j] >> np.uint32(2 * SHIFT)) + np.uintp(1)
        spot = np.uintp(begin[run])
        chosen[spot], cell[spot] = places[j], found[j]
        begin[run] += 1
    kept = np.uintp(0)
    for j in range(count):
        at = np.uintp(cell[j])
        chosen[kept], cell[kept] = chosen[j], cell[j]
        kept += np.uintp(near_ptr[at + np.uintp(1)] > near_ptr[at])
    return chosen[:kept], cell[:kept]


@compiled
def measure(
    layer: Layer, cells: Near, found: Ints, x: Floats, y: Floats, members: Ints, sites: Ints,
    reach: float, signed: Floats, nearest: Ints, renewal: Floats,
) -> None:  # fmt: skip
    """Write metres to the boundary (negative inside), nearest quarter, metres to a renewal site.

    All arrays are those of the points that ``choose`` listed, ``found`` their cells; what is
    farther than ``reach`` metres outside is NaN or NOWHERE. ``members`` is exact already, as is
    ``sites``: the renewal sites of the points, of those that share ground with another quarter (of
    size 0 when there are none). Of quarters equally near, the lowest code is named.
    """
    edges, slope, owner, renewed = layer.edges, layer.slope, layer.owner, layer.renewal
    near_ptr, near = cells.near_ptr, cells.near
    # The loop over edges is written here: a function of its own would count references.
    for j in range(np.uintp(found.size)):
        c, member, px, py = np.uintp(found[j]), members[j], x[j], y[j]
        least, quarter, site = math.inf, np.int32(NOWHERE), math.inf
        for s in range(np.uintp(near_ptr[c]), np.uintp(near_ptr[c + np.uintp(1)])):
            e = near[s]
            away, k = squared(edges, slope, e, px, py), owner[e]
            # Inside, the boundary that counts is the quarter's own. Choices rather than branches.
            counts = (away < least * ALIKE) & ((member == NOWHERE) | (member == k))
            least, quarter = away if counts else least, k if counts else quarter
            other = away if renewed[np.uintp(k)] else math.inf
            site = other if other < site else site
        held, away = member >= 0, math.sqrt(least)
        far = not held and away > reach
        signed[j] = -away if held else math.nan if far else away
        nearest[j] = NOWHERE if far else quarter
        within = held and renewed[max(member, 0)] != 0
        within = within or (sites.size > 0 and sites[j] != NOWHERE)
        away = 0.0 if within else math.sqrt(site)
        renewal[j] = away if away <= reach else math.nan


@compiled
def spread(
    places: Ints, signed: Floats, nearest: Ints, renewal: Floats,
    all_signed: Floats, all_nearest: Ints, all_renewal: Floats,
) -> None:  # fmt: skip
    """Write what was found of listed points where they stand among all.

    Apart from ``measure``, whose long sums would leave the processor waiting for each write.
    """
    for j in range(np.uintp(places.size)):
        i = np.uintp(places[j])
        all_signed[i], all_nearest[i], all_renewal[i] = signed[j], nearest[j], renewal[j]


@compiled
def place(u: Floats, v: Floats, known: Floats, degrees: bool, state: Bytes) -> int:
    """Write NOT_LOCATED where a position is none, UNDECIDED where it may be none, else INSIDE.

    Returns how many are UNDECIDED: on the globe, but out of the box ``known`` (least u, v,
    greatest u, v) within which every longitude and latitude has an image in the layer's plane.
    """
    unsure = 0
    for i in range(u.size):
        if not degrees:
            state[i] = INSIDE if math.isfinite(u[i]) and math.isfinite(v[i]) else NOT_LOCATED
        elif known[0] <= u[i] <= known[2] and known[1] <= v[i] <= known[3]:
            state[i] = INSIDE
        elif abs(u[i]) <= 180 and abs(v[i]) <= 90:
            state[i] = UNDECIDED
            unsure += 1
        else:
            state[i] = NOT_LOCATED
    return unsure


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

    ``uncertainty`` and ``vague`` hold one value for all, or one a point; ``vague`` positions are
    never inside. A quarter belongs to its own band. ``state`` holds NOT_LOCATED already where the
    position is none.
    """
    doubts, vagues = int(uncertainty.size > 1), int(vague.size > 1)
    for i in range(signed.size):
        if state[i] == NOT_LOCATED:
            band[i] = renewal_band[i] = NOT_LOCATED
            continue
        held, doubt = members[i] >= 0, uncertainty[i * doubts]
        state[i] = INSIDE if held else OUTSIDE
        if abs(signed[i]) < doubt or (held and vague[i * vagues]):
            state[i] = UNDECIDED
        band[i] = _band(0.0 if held else signed[i], widths[0], doubt)
        renewal_band[i] = _band(renewal[i], widths[1], doubt)
