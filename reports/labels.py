"""Where names are written on a map: beside their place, never over one another.

A name is tried on its place, then around it, farther and farther; a thin line leads back from
afar. What cannot be written without covering something is told, and not written.
"""

from collections.abc import Iterator
from math import cos, pi, sin

from shapely.geometry import LineString, Point, Polygon, box
from shapely.geometry.base import BaseGeometry
from shapely.ops import nearest_points

from reports import svg

GREY = "#5a5446"
_CHARACTER = 3.9  # points: the width of a letter of a text of 8, a little more than in the mean
_CAPITAL = 5.0
_UP, _DOWN = 5.0, 4.5  # points above and below the middle of a line of text
_DISTANCES = (0, 4, 9, 15, 22, 30, 40, 52, 66, 82, 100)
_BESIDE = 9  # points: farther than that, a line leads to the place
_WAYS = 16


class Names:
    """The names of one picture, ``width`` × ``height`` points, placed one after the other."""

    def __init__(self, width: float, height: float, kept: BaseGeometry) -> None:
        """Start with nothing written; ``kept`` is left uncovered as long as there is room."""
        self.frame = box(3, 3, width - 3, height - 3)
        self.kept = kept
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
        half = width_of(words) / 2
        for kept in (self.kept, Polygon()):
            for plate, far in _around(at, half):
                if far > _BESIDE and not led:
                    break
                line = None
                if far > _BESIDE:
                    foot = nearest_points(plate, Point(at))[0]
                    line = LineString([at, (foot.x, foot.y)])
                if self._free(plate, line, kept):
                    yield plate, line

    def _free(self, plate: Polygon, line: LineString | None, kept: BaseGeometry) -> bool:
        if not self.frame.contains(plate) or plate.intersects(kept):
            return False
        if any(plate.intersects(other) for other in self.taken):
            return False
        return line is None or not any(line.intersects(name) for name in self.plates)


def width_of(words: str) -> float:
    """Return the width of a text of 8 points, a little more than it is printed."""
    return sum(_CAPITAL if letter.isupper() else _CHARACTER for letter in words)


def _around(at: svg.Point, half: float) -> Iterator[tuple[Polygon, float]]:
    """Yield the plates of a text ``2 × half`` wide around a place, with their distance to it."""
    x, y = at
    for far in _DISTANCES:
        for turn in range(_WAYS if far else 1):
            angle = 2 * pi * turn / _WAYS
            cx = x + (cos(angle) * (far + half) if far else 0)
            cy = y + (sin(angle) * (far + _UP) if far else 0)
            yield box(cx - half, cy - _UP, cx + half, cy + _DOWN), far
