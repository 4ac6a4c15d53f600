"""The few marks that drawings are made of, as SVG; units are points of the printed page.

Texts are escaped here, so that a name given by a user is never read as markup. Sizes are those of
the paper: a text of 8 is 8 points.
"""

from collections.abc import Iterable, Sequence
from xml.sax.saxutils import escape

FONT = "Source Sans Pro"
LEAST_SIZE = 8.0  # points: nothing printed is smaller
Point = tuple[float, float]


def picture(width: float, height: float, marks: Iterable[str]) -> str:
    """Return a whole SVG picture, ``width`` × ``height`` points, of some marks."""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_n(width)}pt" height="{_n(height)}pt" '
        f'viewBox="0 0 {_n(width)} {_n(height)}">{"".join(marks)}</svg>'
    )


def text(
    at: Point,
    words: str,
    *,
    anchor: str = "start",
    fill: str = "#24282f",
    weight: int = 400,
    style: str = "normal",
    halo: bool = False,
    size: float = LEAST_SIZE,
) -> str:
    """Return a text; ``halo`` draws it first in white, so that it stays readable over lines."""
    x, y = at
    common = (
        f'x="{_n(x)}" y="{_n(y)}" font-family="{FONT}" font-size="{_n(size)}" '
        f'font-weight="{weight}" font-style="{style}" text-anchor="{anchor}"'
    )
    said = escape(words)
    back = f'<text {common} fill="#ffffff" stroke="#ffffff" stroke-width="2.5">{said}</text>'
    return f'{back if halo else ""}<text {common} fill="{fill}">{said}</text>'


def line(
    start: Point, end: Point, *, stroke: str = "#6b6f76", width: float = 0.75, dash: str = ""
) -> str:
    """Return a straight line; ``dash`` is the length of its strokes and gaps."""
    return path([[start, end]], stroke=stroke, width=width, dash=dash, closed=False)


def path(
    rings: Iterable[Sequence[Point]],
    *,
    fill: str = "none",
    stroke: str = "none",
    width: float = 0.75,
    dash: str = "",
    closed: bool = True,
) -> str:
    """Return lines or rings as one path; a ring within a ring is a hole."""
    end = "Z" if closed else ""
    drawn = "".join(
        "M" + "L".join(f"{_n(x)} {_n(y)}" for x, y in ring) + end for ring in rings if len(ring)
    )
    dashed = f' stroke-dasharray="{dash}"' if dash else ""
    return (
        f'<path d="{drawn}" fill="{fill}" fill-rule="evenodd" stroke="{stroke}" '
        f'stroke-width="{_n(width)}" stroke-linejoin="round"{dashed}/>'
    )


def circle(
    centre: Point,
    radius: float,
    *,
    fill: str = "none",
    stroke: str = "none",
    width: float = 0.75,
    dash: str = "",
) -> str:
    """Return a circle."""
    dashed = f' stroke-dasharray="{dash}"' if dash else ""
    return (
        f'<circle cx="{_n(centre[0])}" cy="{_n(centre[1])}" r="{_n(radius)}" fill="{fill}" '
        f'stroke="{stroke}" stroke-width="{_n(width)}"{dashed}/>'
    )


def _n(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")
