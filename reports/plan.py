"""The map of a sheet, drawn as vectors from the layers in the territory's metric system."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import cos, hypot, sin, sqrt

import geopandas as gpd
import pandas as pd
import shapely
from shapely.affinity import affine_transform
from shapely.geometry import Point, Polygon, box
from shapely.geometry.base import BaseGeometry

from analysis import wording
from analysis.contrast import ink
from analysis.palette import ACCENT, INK
from reports import svg
from reports.labels import Names, width_of

HEIGHT = 255.0  # points: nine centimetres
_LEAST_RADIUS, _MOST_RADIUS = 5.5, 13.0
_GROUND = "#fbfaf6"
_OTHER = "#e3ddcf"
_OWN = "#cfdcec"
_SECURE_M = 220.0  # metres of the neighbourhood shown around a quarter, at least
_TURNS = 220
_NEAREST = 7  # communes named around a quarter
_OTHERS = 14  # communes without a quarter that may be named on the map of a territory


@dataclass(frozen=True)
class Frame:
    """From metres of the ground to points of the paper: the view, its size and its scale."""

    west: float
    south: float
    metres: float  # one point of the paper, on the ground
    width: float
    height: float

    def at(self, x: float, y: float) -> svg.Point:
        """Return where a position of the ground is drawn."""
        return (x - self.west) / self.metres, self.height - (y - self.south) / self.metres

    @property
    def ground(self) -> Polygon:
        """Return the part of the ground that is shown."""
        wide, high = self.width * self.metres, self.height * self.metres
        return box(self.west, self.south, self.west + wide, self.south + high)


def frame_of(shape: BaseGeometry, width: float, height: float = HEIGHT) -> Frame:
    """Return the view of a shape (metres), in the middle, with its surroundings."""
    west, south, east, north = shape.bounds
    margin = max(_SECURE_M, 0.12 * max(east - west, north - south))
    scale = max((east - west + 2 * margin) / width, (north - south + 2 * margin) / height)
    x, y = (west + east) / 2, (south + north) / 2
    return Frame(x - scale * width / 2, y - scale * height / 2, scale, width, height)


def quarter_map(
    quarters: gpd.GeoDataFrame,
    code: str,
    projects: gpd.GeoDataFrame,
    communes: gpd.GeoDataFrame,
    groups: Mapping[str, tuple[str, str, str]],
    names: Mapping[str, str],
    npnru: Mapping[str, str],
    width: float,
) -> tuple[str, int]:
    """Draw a quarter, its neighbours and its projects; return the SVG and the projects outside it.

    Layers are in one metric CRS. ``projects`` has ``granted_cents``, ``group`` and
    ``location_status``; those without a position are not drawn. ``groups`` gives letter, label and
    colour by family of themes, ``npnru`` the renewal sites by code.
    """
    own = quarters.set_index("qpv_code").geometry[code]
    view = frame_of(own, width)
    seen = shapely.intersects(quarters.geometry.to_numpy(), view.ground.buffer(20 * view.metres))
    others = quarters[seen & (quarters["qpv_code"] != code).to_numpy()]
    marks = [_ground(view)]
    marks += [_shape(view, shape, _OTHER, svg_stroke="#8a8370") for shape in others.geometry]
    marks.append(_shape(view, own, _OWN, svg_stroke=ACCENT, width=2.2))
    shown = _shown(view, projects)
    circles, placed = _projects(view, shown, groups)
    written = Names(view.width, view.height, _on_paper(view, own))
    written.keep_off(*_furniture(view), *(Point(x, y).buffer(r) for x, y, r in placed))
    tag = _tag(view, own, written) if code in npnru else ""
    codes = str(quarters.set_index("qpv_code")["commune_codes"][code])
    _commune_names(written, view, communes, own, codes)
    _quarter_names(written, view, others, names, npnru)
    marks += [*written.marks, *circles, tag]
    marks += _scale_bar(view) + _north(view)
    located = projects[~projects.geometry.isna()]
    return svg.picture(view.width, view.height, marks), len(located) - len(shown)


def territory_map(
    quarters: gpd.GeoDataFrame,
    fills: Mapping[str, str],
    marks_of: Mapping[str, str],
    communes: gpd.GeoDataFrame,
    npnru: Mapping[str, str],
    width: float,
    height: float = HEIGHT,
) -> tuple[str, list[str]]:
    """Draw every quarter with its fill and its number (``marks_of``), a halo for NPNRU sites.

    Every commune that bears a quarter is named where its point (``communes``) is known; return the
    SVG, and the names that could not be written.
    """
    view = frame_of(box(*quarters.total_bounds), width, height)
    marks = [_ground(view)]
    for code, shape in zip(quarters["qpv_code"], quarters.geometry, strict=True):
        marks.append(_shape(view, shape, fills[code], svg_stroke=INK, width=0.6))
    numbers, placed = _numbers(view, quarters, marks_of, npnru)
    written = Names(view.width, view.height, _on_paper(view, quarters.geometry.union_all()))
    written.keep_off(*_furniture(view), *(Point(x, y).buffer(r + 1) for x, y, r in placed))
    bearing = {code for cell in quarters["commune_codes"] for code in codes_of(cell)}
    _largest(written, view, communes, bearing)
    marks += written.marks + numbers
    marks += _scale_bar(view) + _north(view)
    ours = set(communes["commune_name"][communes["commune_code"].isin(bearing)])
    missing = [name for name in written.missing if name in ours]
    return svg.picture(view.width, view.height, marks), missing


def _ground(view: Frame) -> str:
    corners = [(0, 0), (view.width, 0), (view.width, view.height), (0, view.height)]
    return svg.path([corners], fill=_GROUND, stroke="#cfc8b8", width=1)


def _shape(
    view: Frame, shape: BaseGeometry, fill: str, *, svg_stroke: str, width: float = 0.6
) -> str:
    seen = shape.intersection(view.ground.buffer(20 * view.metres))
    seen = seen.simplify(0.3 * view.metres).intersection(view.ground)
    rings = [
        [view.at(x, y) for x, y in ring.coords]
        for part in _polygons(seen)
        for ring in (part.exterior, *part.interiors)
    ]
    return svg.path(rings, fill=fill, stroke=svg_stroke, width=width) if rings else ""


def _polygons(shape: BaseGeometry) -> list[Polygon]:
    parts = list(getattr(shape, "geoms", [shape]))
    return [part for part in parts if isinstance(part, Polygon) and not part.is_empty]


def _away(view: Frame, name: str, x: float, y: float) -> tuple[svg.Point, str]:
    """Return where to write a place out of view, on the edge, with an arrow that leads there."""
    words = _pointing(name, x, y, view)
    half = width_of(words) / 2 + 4
    edge = (min(max(x, half), view.width - half), min(max(y, 9), view.height - 9))
    return edge, words


def _pointing(name: str, x: float, y: float, view: Frame) -> str:
    if x < 0 or x > view.width:
        return f"← {name}" if x < 0 else f"{name} →"
    return f"↑ {name}" if y < 0 else f"↓ {name}"


def _quarter_names(
    written: Names,
    view: Frame,
    others: gpd.GeoDataFrame,
    names: Mapping[str, str],
    npnru: Mapping[str, str],
) -> None:
    """Name the neighbouring quarters whose part in view can be told."""
    for code, shape in zip(others["qpv_code"], others.geometry, strict=True):
        seen = shape.intersection(view.ground)
        if seen.area < (45 * view.metres) ** 2:
            continue
        point = seen.representative_point()
        words = names[code] + (" (NPNRU)" if code in npnru else "")
        place = view.at(point.x, point.y)
        written.write(place, wording.shortened(words, 44), fill="#4d4838", style="normal")


def _commune_names(
    written: Names, view: Frame, communes: gpd.GeoDataFrame, own: BaseGeometry, codes: str
) -> None:
    """Name the communes: at their point when it is in view, else on the edge that leads there.

    Those of the quarter (``codes``) come first, then the nearest.
    """
    far = communes.geometry.distance(own.centroid)
    first = ~communes["commune_code"].isin(codes_of(codes))
    order = pd.DataFrame({"first": first, "far": far}).sort_values(["first", "far"], kind="stable")
    near = communes.loc[order.index[:_NEAREST]]
    for point, name in zip(near.geometry, near["commune_name"].astype("str"), strict=True):
        x, y = view.at(point.x, point.y)
        if 0 < x < view.width and 0 < y < view.height:
            written.write((x, y), name.upper())
        else:
            written.write(*_away(view, name, x, y), led=False)


def codes_of(cell: str) -> list[str]:
    """Return the codes of a cell of ``commune_codes``."""
    return [code.strip() for code in cell.split(",")]


def _largest(written: Names, view: Frame, communes: gpd.GeoDataFrame, bearing: set[str]) -> None:
    """Name every commune that bears a quarter, then the largest others that fit by their place."""
    ordered = communes.sort_values("population", ascending=False, kind="stable")
    ours = ordered["commune_code"].isin(bearing)
    inside = ordered.geometry.within(view.ground)
    points = [view.at(point.x, point.y) for point in ordered.geometry[ours]]
    written.keep_off(*(Point(place).buffer(1) for place in points))  # no name on another's place
    for led, part in ((True, ordered[ours]), (False, ordered[~ours & inside].head(_OTHERS))):
        for point, name in zip(part.geometry, part["commune_name"].astype("str"), strict=True):
            x, y = view.at(point.x, point.y)
            seen = 0 < x < view.width and 0 < y < view.height
            place, words = ((x, y), name) if seen else _away(view, name, x, y)
            written.write(place, words, led=led)


def _shown(view: Frame, projects: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    located = projects[~projects.geometry.isna()]
    seen = located[located.geometry.within(view.ground.buffer(-8 * view.metres))]
    return seen.assign(order=seen["granted_cents"].fillna(0)).sort_values(
        ["order", "project_id"], ascending=[False, True], kind="stable"
    )


def _projects(
    view: Frame, shown: gpd.GeoDataFrame, groups: Mapping[str, tuple[str, str, str]]
) -> tuple[list[str], list[tuple[float, float, float]]]:
    """Draw the projects, their area after their granted euros, largest first, moved apart.

    A circle that would cover another is moved, and a thin line leads to its true position.
    """
    most = max(float(shown["order"].max()) if len(shown) else 0.0, 1.0)
    placed: list[tuple[float, float, float]] = []
    lines, circles = [], []
    names = ("order", "group", "location_status", "geometry")
    for cents, group, status, point in zip(*(shown[name] for name in names), strict=True):
        radius = max(_LEAST_RADIUS, _MOST_RADIUS * sqrt(float(cents) / most))
        true = view.at(point.x, point.y)
        x, y = _free(true, radius, placed, view)
        placed.append((x, y, radius))
        letter, _, colour = groups[group]
        if hypot(x - true[0], y - true[1]) > 2:
            lines.append(svg.line(true, (x, y), stroke=INK, width=0.5))
            lines.append(svg.circle(true, 1.2, fill=INK))
        hollow = status == "undecided"
        if hollow:
            circles.append(
                svg.circle((x, y), radius, fill="#ffffff", stroke=INK, width=1, dash="2 1.5")
            )
        else:
            circles.append(svg.circle((x, y), radius, fill=colour, stroke=INK, width=0.6))
        letter_ink = INK if hollow else ink(colour)
        circles.append(svg.text((x, y + 2.8), letter, anchor="middle", fill=letter_ink, weight=700))
    return lines + circles, placed


def _free(
    true: svg.Point, radius: float, placed: list[tuple[float, float, float]], view: Frame
) -> svg.Point:
    """Return the nearest place along a spiral where a circle covers no other, within the view."""
    for x, y in _spiral(true):
        inside = radius < x < view.width - radius and radius < y < view.height - radius
        legend = (x < 130 and y > view.height - 26) or (x > view.width - 26 and y < 36)
        if (
            inside
            and not legend
            and all(hypot(x - a, y - b) >= radius + other + 0.5 for a, b, other in placed)
        ):
            return x, y
    return true


def _spiral(start: svg.Point) -> Iterator[svg.Point]:
    yield start
    for turn in range(1, _TURNS):
        angle, far = 2.4 * turn, 2.2 * sqrt(turn) * 1.6
        yield start[0] + far * cos(angle), start[1] + far * sin(angle)


def _numbers(
    view: Frame,
    quarters: gpd.GeoDataFrame,
    marks_of: Mapping[str, str],
    npnru: Mapping[str, str],
) -> tuple[list[str], list[tuple[float, float, float]]]:
    placed: list[tuple[float, float, float]] = []
    lines, marks = [], []
    for code, shape in zip(quarters["qpv_code"], quarters.geometry, strict=True):
        point = shape.representative_point()
        true = view.at(point.x, point.y)
        x, y = _free((true[0] + 9, true[1] - 9), 7, [*placed, (*true, 3)], view)
        placed.append((x, y, 7))
        lines.append(svg.line(true, (x, y), stroke=INK, width=0.5))
        edge = 1.8 if code in npnru else 0.7
        marks.append(svg.circle((x, y), 6.5, fill="#ffffff", stroke=INK, width=edge))
        marks.append(svg.text((x, y + 2.8), marks_of[code], anchor="middle", weight=700))
    return lines + marks, placed


def _furniture(view: Frame) -> tuple[Polygon, Polygon]:
    """Return the plates of the scale bar and of the north arrow, on the paper."""
    return box(0, view.height - 26, 150, view.height), box(view.width - 28, 0, view.width, 36)


def _on_paper(view: Frame, shape: BaseGeometry) -> BaseGeometry:
    """Return a shape of the ground as it is drawn, what is out of view left out."""
    seen = shape.intersection(view.ground).simplify(view.metres)
    scale, foot = 1 / view.metres, view.height + view.south / view.metres
    return affine_transform(seen, [scale, 0, 0, -scale, -view.west * scale, foot])


def _tag(view: Frame, own: BaseGeometry, written: Names) -> str:
    """Mark a renewal site with its word, at the top of the quarter, where no name may be."""
    west, _, east, north = own.intersection(view.ground).bounds
    x, y = view.at((west + east) / 2, north)
    y = max(y - 4, 11)
    ring = [(x - 18, y - 9), (x + 18, y - 9), (x + 18, y + 3), (x - 18, y + 3)]
    written.keep_off(Polygon(ring))
    plate = svg.path([ring], fill=ACCENT)
    return plate + svg.text((x, y), "NPNRU", anchor="middle", fill="#ffffff", weight=700)


def _scale_bar(view: Frame) -> list[str]:
    most = 110 * view.metres
    power = 10 ** (len(str(int(most))) - 1)
    metres = next(k * power for k in (5, 2, 1) if k * power <= most)
    long, y = metres / view.metres, view.height - 8
    plate = [(3, y - 15), (long + 22, y - 15), (long + 22, y + 5), (3, y + 5)]
    words = wording.metres(metres) if metres < 1000 else f"{metres // 1000}{wording.NARROW}km"
    return [
        svg.path([plate], fill="#ffffff"),
        svg.path(
            [[(8, y - 4), (8, y), (8 + long, y), (8 + long, y - 4)]],
            stroke=INK,
            width=1,
            closed=False,
        ),
        svg.text((8 + long / 2, y - 4), words, anchor="middle"),
    ]


def _north(view: Frame) -> list[str]:
    x, y = view.width - 14, 8
    return [
        svg.path([[(x - 11, 2), (x + 11, 2), (x + 11, 33), (x - 11, 33)]], fill="#ffffff"),
        svg.path([[(x, y - 3), (x + 5, y + 11), (x, y + 8), (x - 5, y + 11)]], fill=INK),
        svg.text((x, y + 21), "N", anchor="middle", weight=700),
    ]
