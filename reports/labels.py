"""Where names are written on a map: beside their place, never over one another.

A name is tried on its place, then around it, farther and farther; a thin line leads back from
afar. What cannot be written without covering something is told, and not written.
"""

from collections.abc import Iterator
from math import cos, pi, sin

import numpy as np
import shapely
from shapely import STRtree
from shapely.geometry import LineString, Point, Polygon, box
from shapely.geometry.base import BaseGeometry
from shapely.ops import nearest_points

from reports import svg

GREY = "#5a5446"
_CHARACTER = 3.9  # points: the width of a letter of a text of 8, a little more than in the mean
_CAPITAL = 5.0
_UP, _DOWN = 5.0, 4.5  # points above and below the middle of a line of text
_DISTANCES = (4, 9, 15, 22, 30, 40, 52, 66, 82, 100)
_BESIDE = 9  # points: farther than that, a line leads to the place
_WAYS = 16
_TURNS = [(far, 2 * pi * k / _WAYS) for far in _DISTANCES for k in range(_WAYS)]
_FAR = np.array([0.0, *(far for far, _ in _TURNS)])
_COSINES = np.array([0.0, *(cos(angle) for _, angle in _TURNS)])  # the first is the place itself
_SINES = np.array([0.0, *(sin(angle) for _, angle in _TURNS)])


class Names:
    """The names of one picture, ``width`` × ``height`` points, placed one after the other."""

    def __init__(self, width: float, height: float, kept: BaseGeometry) -> None:
        """Start with nothing written; ``kept`` is left uncovered as long as there is room."""
        self.frame = box(3, 3, width - 3, height - 3)
        self.kept = kept
        shapely.prepare(kept)
        self.taken: list[BaseGeometry] = []
        self.plates: list[BaseGeometry] = []
        self.marks: list[str] = []
        self.missing: list[str] = []

    def keep_off(self, *shapes: BaseGeometry) -> None:
        """Say what no name may cover."""
        self.taken += shapes

    def write(
        self,
        at: svg.Point,
        words: str,
        *,
        fill: str = GREY,
        style: str = "italic",
        led: bool = True,
    ) -> bool:
        """Write a name at a place or, if it is covered, near it; say whether there was room.

        Without ``led`` the name stays close to its place, and no line is drawn.
        """
        for plate, line in self._places(at, words, led):
            self.taken.append(plate)
            self.plates.append(plate)
            if line is not None:
                self.taken.append(line)
                foot = (line.coords[1][0], line.coords[1][1])
                self.marks.append(svg.line(at, foot, stroke=fill, width=0.5))
                self.marks.append(svg.circle(at, 1.2, fill=fill))
            x, y = plate.centroid.coords[0]
            middle = (x, y + 3)
            self.marks.append(
                svg.text(middle, words, anchor="middle", fill=fill, style=style, halo=True)
            )
            return True
        self.missing.append(words)
        return False

    def _places(
        self, at: svg.Point, words: str, led: bool
    ) -> Iterator[tuple[Polygon, LineString | None]]:
        """Yield where a name covers nothing, nearest first, off what is kept if it can be."""
        plates, far = _around(at, width_of(words) / 2)
        free = shapely.covers(self.frame, plates)
        free[STRtree(self.taken).query(plates, predicate="intersects")[0]] = False
        if not led:
            free &= far <= _BESIDE
        off = ~shapely.intersects(self.kept, plates)
        for k in [*np.flatnonzero(free & off), *np.flatnonzero(free & ~off)]:
            line = None
            if far[k] > _BESIDE:
                foot = nearest_points(plates[k], Point(at))[0]
                line = LineString([at, (foot.x, foot.y)])
            if line is None or not shapely.intersects(self.plates, line).any():
                yield plates[k], line


def width_of(words: str) -> float:
    """Return the width of a text of 8 points, a little more than it is printed."""
    return sum(_CAPITAL if letter.isupper() else _CHARACTER for letter in words)


def _around(at: svg.Point, half: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the plates of a text ``2 × half`` wide around a place, nearest first, and how far."""
    x = at[0] + _COSINES * (_FAR + half)
    y = at[1] + _SINES * (_FAR + _UP)
    return shapely.box(x - half, y - _UP, x + half, y + _DOWN), _FAR
