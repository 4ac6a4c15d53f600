"""Where the fictitious projects lie: one method for each kind of position a real file shows."""

import math
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from random import Random

from pyproj import CRS, Transformer
from shapely import MultiPolygon, Point, Polygon, get_coordinates, unary_union

from geo.catalogue import Dataset
from geo.crs import WGS84, to_metric
from geo.readers import read_communes, read_crosswalk, read_quarters
from geo.territory import Territory

# Metres kept between a boundary and a point meant to be plainly inside, by method of position.
MARGIN_M = {"housenumber": 20.0, "surveyed": 20.0, "street": 115.0}
# The places are drawn in Lambert-93, whatever the territory computes in: drawn in another system,
# the same seed would give other places.
DRAWN_IN = CRS("EPSG:2154")
_MOST_TRIES = 2_000


@dataclass(frozen=True)
class Commune:
    """A commune of the territory, with an interior point in metres (DRAWN_IN)."""

    code: str
    name: str
    population: int
    point: Point


@dataclass(frozen=True)
class Quarter:
    """A quarter: its geometry in the metric CRS, its exact WGS 84 vertices, its communes."""

    code: str
    name: str
    code_2015: str
    shape: Polygon | MultiPolygon
    vertices: tuple[tuple[float, float], ...]
    communes: tuple[Commune, ...]
    weight: float


@dataclass(frozen=True)
class Place:
    """What a project row says of its position; ``quarters`` are those it is drawn in or for.

    ``shares`` are per cent of the declared quarters, in order; ``people`` the weights by which the
    planned beneficiaries are split between them.
    """

    kind: str
    label: str
    quarters: tuple[str, ...] = ()
    scope: str = ""
    declared: str = ""
    address: str = ""
    commune_code: str = ""
    commune_name: str = ""
    lon: float | None = None
    lat: float | None = None
    method: str = ""
    address_kind: str = ""
    shares: tuple[int, ...] = ()
    people: tuple[int, ...] = ()


def load_quarters(
    territory: Territory, catalogue: dict[str, Dataset], rng: Random
) -> tuple[list[Quarter], list[Commune]]:
    """Read the quarters, heaviest first, and the communes of the territory.

    Weights fall as 1/rank^0.8, renewal sites first, so that projects are spread unevenly.
    """
    communes = _communes(territory, catalogue)
    layer = read_quarters(catalogue[territory.datasets["quarters"]])
    crosswalk = read_crosswalk(catalogue[territory.datasets["crosswalk"]])
    former = dict(zip(crosswalk["qpv_code"], crosswalk["qpv_code_2015"].fillna(""), strict=True))
    order = layer["qpv_code"].tolist()
    rng.shuffle(order)
    order.sort(key=lambda code: code not in territory.npnru)
    exact = layer.set_index("qpv_code").geometry
    metric = to_metric(layer, DRAWN_IN).set_index("qpv_code")
    quarters = [
        Quarter(
            code=code,
            name=str(metric.at[code, "qpv_name"]),
            code_2015=former.get(code, ""),
            shape=metric.at[code, "geometry"],
            vertices=tuple((x, y) for x, y in get_coordinates(exact[code]).tolist()),
            communes=_communes_of(metric.at[code, "commune_codes"], communes),
            weight=1 / rank**0.8,
        )
        for rank, code in enumerate(order, start=1)
    ]
    return quarters, list(communes.values())


def _communes(territory: Territory, catalogue: dict[str, Dataset]) -> dict[str, Commune]:
    table = read_communes(catalogue[territory.datasets["communes"]])
    project = Transformer.from_crs(WGS84, DRAWN_IN, always_xy=True).transform
    rows = table[["commune_code", "commune_name", "population", "lon", "lat"]].to_numpy().tolist()
    return {
        code: Commune(code, name, population, Point(project(lon, lat)))
        for code, name, population, lon, lat in rows
    }


def _communes_of(codes: str, communes: dict[str, Commune]) -> tuple[Commune, ...]:
    """Keep the communes of the territory: a quarter may reach into a neighbouring one."""
    named = [code.strip() for code in codes.split(",")]
    return tuple(communes[code] for code in named if code in communes)


def _declare(place: Place, *codes: str) -> Place:
    """Write the codes the operator declares; the project then serves quarters."""
    quarters = tuple(dict.fromkeys((*place.quarters, *codes)))
    return replace(place, scope="quarters", declared=", ".join(codes), quarters=quarters)


class Placer:
    """Draws places; ``barred`` is a quarter that must stay empty."""

    def __init__(
        self,
        territory: Territory,
        catalogue: dict[str, Dataset],
        rng: Random,
        streets: list[str],
    ) -> None:
        self.rng = rng
        self.streets = streets
        self.territory = territory
        self.quarters, self.communes = load_quarters(territory, catalogue, rng)
        self.all_quarters = unary_union([quarter.shape for quarter in self.quarters])
        self.barred = ""
        self._degrees = Transformer.from_crs(DRAWN_IN, WGS84, always_xy=True).transform
        self._kinds: dict[str, Callable[[Quarter], Place]] = {
            "inside": self._inside,
            "code": self._code,
            "several": self._several,
            "territory": self._territory,
            "outside": self._outside,
            "near": self._near,
            "address": self._address,
            "boundary": self._boundary,
            "commune": self._commune,
            "conflict": self._conflict,
            "vague": self._vague,
            "vertex": self._vertex,
        }

    def draw(self, kind: str, among: Collection[str] = ()) -> Place:
        """Draw a place of this kind, about one of the quarters ``among`` (all by default)."""
        return self._kinds[kind](self._quarter(among))

    def _quarter(self, among: Collection[str] = ()) -> Quarter:
        open_quarters = [quarter for quarter in self.quarters if quarter.code != self.barred]
        asked = [quarter for quarter in open_quarters if quarter.code in among]
        chosen = asked or open_quarters
        return self.rng.choices(chosen, [quarter.weight for quarter in chosen])[0]

    def _inside(self, quarter: Quarter) -> Place:
        method = self.rng.choices(("housenumber", "surveyed", "street"), (82, 11, 7))[0]
        place = self._at(
            self._point_in(quarter, MARGIN_M[method]), "inside", quarter, method, quarter.name
        )
        return _declare(place, quarter.code) if self.rng.random() < 0.6 else place

    def _code(self, quarter: Quarter) -> Place:
        place = Place(kind="code", label=quarter.name, quarters=(quarter.code,), scope="quarters")
        if self.rng.random() < 0.5:
            commune = self.rng.choice(quarter.communes)
            place = replace(place, commune_code=commune.code, commune_name=commune.name)
        old = quarter.code_2015 and self.rng.random() < 0.3
        return replace(place, declared=quarter.code_2015 if old else quarter.code)

    def _several(self, quarter: Quarter) -> Place:
        others = [one for one in self.quarters if one.code not in (quarter.code, self.barred)]
        others.sort(key=lambda one: (round(quarter.shape.distance(one.shape)), one.code))
        count = min(self.rng.choices((2, 3, 4), (60, 28, 12))[0], len(others) + 1)
        codes = (quarter.code, *(one.code for one in others[: count - 1]))
        if self.rng.random() < 0.2:
            label = f"{count} quartiers"
            point = self._point_in(quarter, MARGIN_M["housenumber"])
            place = self._at(point, "several", quarter, "housenumber", label)
        else:
            place = Place(kind="several", label=f"{count} quartiers")
        return _declare(place, *sorted(codes))

    def _territory(self, _quarter: Quarter) -> Place:
        return Place(kind="territory", label=self.territory.short_name, scope="territory")

    def _commune(self, quarter: Quarter) -> Place:
        commune = self.rng.choice(quarter.communes)
        return Place(
            kind="commune",
            label=commune.name,
            scope="commune",
            commune_code=commune.code,
            commune_name=commune.name,
        )

    def _address(self, quarter: Quarter) -> Place:
        commune = self.rng.choice(quarter.communes)
        return Place(
            kind="address",
            label=commune.name,
            address=self._street(),
            commune_code=commune.code,
            commune_name=commune.name,
        )

    def _outside(self, _quarter: Quarter) -> Place:
        """Draw a point plainly outside: over 550 m from any quarter, near a commune's point."""
        weights = [commune.population for commune in self.communes]
        for _ in range(_MOST_TRIES):
            commune = self.rng.choices(self.communes, weights)[0]
            point = self._around(commune.point, 20, 300)
            if self.all_quarters.distance(point) > 550:
                return self._place(point, "outside", commune, "housenumber", commune.name)
        raise RuntimeError("Aucune commune du territoire n'est à plus de 550 m d'un quartier.")

    def _near(self, quarter: Quarter) -> Place:
        for _ in range(_MOST_TRIES):
            point = self._around(self._edge(quarter), 100, 400)
            if 100 <= self.all_quarters.distance(point) <= 400:
                return self._at(point, "near", quarter, "housenumber")
        raise RuntimeError(f"Aucun point à 100-400 m de {quarter.code}.")

    def _boundary(self, quarter: Quarter) -> Place:
        """Draw a point nearer the edge than its method can tell: inside or outside, who knows."""
        method = self.rng.choices(("housenumber", "street"), (3, 1))[0]
        nearest_m, farthest_m = (0.5, 6) if method == "housenumber" else (10, 60)
        point = self._around(self._edge(quarter), nearest_m, farthest_m)
        place = self._at(point, "boundary", quarter, method)
        return _declare(place, quarter.code) if self.rng.random() < 0.5 else place

    def _conflict(self, quarter: Quarter) -> Place:
        others = [one.code for one in self.quarters if one.code not in (quarter.code, self.barred)]
        point = self._point_in(quarter, MARGIN_M["housenumber"])
        place = self._at(point, "conflict", quarter, "housenumber", quarter.name)
        return _declare(place, self.rng.choice(others))

    def _vague(self, quarter: Quarter) -> Place:
        commune = self.rng.choice(quarter.communes)
        return self._place(commune.point, "vague", commune, "commune", commune.name)

    def _vertex(self, quarter: Quarter) -> Place:
        """Draw a vertex of the layer with its very coordinates, not rounded again."""
        lon, lat = self.rng.choice(quarter.vertices)
        commune = self._nearest_commune(quarter, quarter.shape.centroid)
        return Place(
            kind="vertex",
            label=commune.name,
            quarters=(quarter.code,),
            address=self._street(),
            commune_code=commune.code,
            commune_name=commune.name,
            lon=lon,
            lat=lat,
            method="surveyed",
        )

    def _at(self, point: Point, kind: str, quarter: Quarter, method: str, label: str = "") -> Place:
        commune = self._nearest_commune(quarter, point)
        place = self._place(point, kind, commune, method, label or commune.name)
        return replace(place, quarters=() if kind == "near" else (quarter.code,))

    def _place(self, point: Point, kind: str, commune: Commune, method: str, label: str) -> Place:
        lon, lat = self._degrees(point.x, point.y)
        return Place(
            kind=kind,
            label=label,
            address="" if method == "commune" else self._street(),
            commune_code=commune.code,
            commune_name=commune.name,
            lon=round(lon, 6),
            lat=round(lat, 6),
            method=method,
        )

    def _street(self) -> str:
        return f"{self.rng.randint(1, 98)} {self.rng.choice(self.streets)}"

    def _nearest_commune(self, quarter: Quarter, point: Point) -> Commune:
        return min(quarter.communes, key=lambda commune: point.distance(commune.point))

    def _point_in(self, quarter: Quarter, margin_m: float) -> Point:
        """Draw a point inside, ``margin_m`` or more from the edge (half if it is too narrow)."""
        left, bottom, right, top = quarter.shape.bounds
        edge = quarter.shape.boundary
        for _ in range(_MOST_TRIES):
            point = Point(self.rng.uniform(left, right), self.rng.uniform(bottom, top))
            if quarter.shape.contains(point) and edge.distance(point) >= margin_m:
                return point
        return self._point_in(quarter, margin_m / 2)

    def _edge(self, quarter: Quarter) -> Point:
        edge = quarter.shape.boundary
        return edge.interpolate(self.rng.uniform(0, edge.length))

    def _around(self, center: Point, nearest_m: float, farthest_m: float) -> Point:
        angle = self.rng.uniform(0, 2 * math.pi)
        metres = self.rng.uniform(nearest_m, farthest_m)
        return Point(center.x + metres * math.cos(angle), center.y + metres * math.sin(angle))
