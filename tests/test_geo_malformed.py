"""Malformed input, case by case: what is said of it, and that no row is lost."""

import csv
import decimal
import io
import json
import math

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from shapely.geometry import (
    GeometryCollection,
    LinearRing,
    LineString,
    MultiPoint,
    MultiPolygon,
    Point,
    Polygon,
    box,
)

from geo import readers
from geo.coordinates import diagnose
from geo.errors import AtlasError, ContractError, CrsError
from geo.layers import read_layer
from geo.location import locate
from geo.schema import PROJECTS
from geo.shapes import locate_shapes, overlaps
from store.atlas import Atlas
from tests.samples import LAMBERT, atlas, copy_data, dataset, rewrite, squares

CRS = LAMBERT
UNCERTAINTY = atlas().territory.nomenclature.uncertainty_m
LON, LAT = 2.55, 50.5
GOOD = (LON, LAT)
with np.errstate(invalid="ignore"):
    NAN_LINE = LineString([(2.5, 50.5), (math.nan, 50.6)])
    INFINITE_POINTS = MultiPoint([(2.5, 50.5), (math.inf, 50)])
KNOT = Polygon([(2.5, 50.4), (2.6, 50.5), (2.6, 50.4), (2.5, 50.5)])

# Positions: every one is kept, and none is located.
POSITIONS = {
    "both missing": (None, None),
    "no longitude": (None, LAT),
    "no latitude": (LON, None),
    "NaN": (math.nan, LAT),
    "NA": (pd.NA, LAT),
    "infinite": (math.inf, LAT),
    "infinite the other way": (LON, -math.inf),
    "1e308": (1e308, LAT),
    "-1e308": (LON, -1e308),
    "beyond a half turn": (180.0000001, LAT),
    "beyond the pole": (LON, -90.0000001),
    "Lambert-93": (668_135.2, 7_042_936.4),
    "CC50": (1_668_184.6, 9_253_817.3),
    "Web Mercator": (284_055.3, 6_530_346.9),
    "a word": ("Béthune", LAT),
    "a decimal comma": ("2,55", LAT),
    "degrees and minutes": ("2°33'", LAT),
    "empty text": ("", ""),
    "bytes": (b"\xff", LAT),
    "a list": ([LON], LAT),
    "a complex number": (2.5 + 1j, LAT),
    "a number too large": (10**400, LAT),
    "a decimal NaN": (decimal.Decimal("NaN"), LAT),
    "an object": (object(), LAT),
}

# Shapes: the status of each, none lost.
SHAPES = {
    "missing": (None, "not_located"),
    "empty point": (Point(), "not_located"),
    "empty polygon": (Polygon(), "not_located"),
    "empty multipolygon": (MultiPolygon(), "not_located"),
    "empty collection": (GeometryCollection(), "not_located"),
    "collection of empties": (GeometryCollection([Point(), LineString()]), "not_located"),
    "NaN point": (Point(math.nan, LAT), "not_located"),
    "infinite point": (Point(math.inf, LAT), "not_located"),
    "1e308": (Point(1e308, -1e308), "not_located"),
    "a NaN among vertices": (NAN_LINE, "not_located"),
    "a vertex out of the world": (LineString([(2.5, 50.5), (2.5, 95)]), "not_located"),
    "metres": (box(668_000, 7_042_000, 669_000, 7_043_000), "not_located"),
    "one point of several lost": (INFINITE_POINTS, "not_located"),
    "knot": (KNOT, "outside"),
    "line without length": (LineString([(2.5, 50.5), (2.5, 50.5)]), "outside"),
    "ring": (LinearRing([(2.5, 50.5), (2.6, 50.5), (2.6, 50.6)]), "outside"),
    "flat polygon": (Polygon([(2.5, 50.5), (2.6, 50.5), (2.5, 50.5)]), "outside"),
    "third dimension": (Point(2.5, 50.5, 1e308), "outside"),
    "nested collections": (
        GeometryCollection([GeometryCollection([KNOT, Point(2.5, 50.5)]), MultiPolygon([KNOT])]),
        "outside",
    ),
    "polygons one over the other": (MultiPolygon([KNOT, KNOT]), "outside"),
}


def columns(pairs):
    return pd.DataFrame(pairs, columns=["lon", "lat"], dtype="object")


@pytest.mark.parametrize("pair", POSITIONS.values(), ids=POSITIONS)
def test_a_malformed_position_is_kept_and_not_located(pair):
    found = locate(columns([GOOD, pair, GOOD]), squares(), CRS, UNCERTAINTY)
    assert found["location_status"].tolist() == ["outside", "not_located", "outside"]
    lost = found.iloc[1]
    assert lost[["qpv_code", "nearest_qpv_code", "distance_to_edge_m", "in_band"]].isna().all()
    # The diagnosis speaks of it, or has nothing to speak of; it never proposes nonsense.
    told = diagnose(columns([pair]), atlas().communes, CRS).iloc[0]
    if pd.notna(told["fault"]):
        assert "attendu" in told["message"] or "Position proposée" in told["message"]


def test_all_malformed_positions_together_keep_their_index():
    index = pd.Index(list(POSITIONS), name="case")
    found = locate(columns(list(POSITIONS.values())).set_index(index), squares(), CRS, UNCERTAINTY)
    pd.testing.assert_index_equal(found.index, index)
    assert set(found["location_status"]) == {"not_located"}


@pytest.mark.parametrize(("shape", "status"), SHAPES.values(), ids=SHAPES)
def test_a_malformed_shape_is_kept_and_has_a_status(shape, status):
    layer = gpd.GeoDataFrame(geometry=[Point(*GOOD), shape, Point(*GOOD)], crs=4326)
    found, shares = locate_shapes(layer, squares(), CRS, UNCERTAINTY)
    assert found["location_status"].tolist() == ["outside", status, "outside"]
    assert shares.empty


def test_all_malformed_shapes_together_keep_their_index():
    names, shapes = list(SHAPES), [shape for shape, _ in SHAPES.values()]
    layer = gpd.GeoDataFrame({"case": names}, geometry=shapes, crs=4326).set_index("case")
    found, _ = locate_shapes(layer, squares(), CRS, UNCERTAINTY)
    assert found.index.tolist() == names
    assert found["location_status"].tolist() == [status for _, status in SHAPES.values()]


def quarters(*shapes, codes=None, crs="EPSG:2154"):
    names = codes or [f"QN0000{k}A" for k in range(1, len(shapes) + 1)]
    return gpd.GeoDataFrame({"qpv_code": names}, geometry=list(shapes), crs=crs)


SQUARE = box(600_000, 7_000_000, 601_000, 7_001_000)
TWISTED = Polygon([(0, 0), (1, 1), (1, 0), (0, 1)])
FIX = "Corrigez la couche, puis recommencez."
NO_POLYGON = "contour absent ou qui n'est pas un polygone"
LAYERS = {
    "no quarter": (
        quarters(),
        "Couche des quartiers : aucun quartier ; attendu : un au moins.",
    ),
    "no reference system": (
        quarters(SQUARE, crs=None),
        "Couche des quartiers : aucun système de coordonnées ; attendu : EPSG:2154.",
    ),
    "degrees": (
        quarters(SQUARE, crs="EPSG:4326"),
        "Couche des quartiers : coordonnées en EPSG:4326 ; attendu : EPSG:2154. "
        "Reprojetez la couche avant de l'utiliser.",
    ),
    "other metres": (
        quarters(SQUARE, crs="EPSG:3950"),
        "Couche des quartiers : coordonnées en EPSG:3950 ; attendu : EPSG:2154. "
        "Reprojetez la couche avant de l'utiliser.",
    ),
    "missing outline": (
        quarters(SQUARE, None),
        f"Couche des quartiers : {NO_POLYGON} : QN00002A. {FIX}",
    ),
    "empty outline": (
        quarters(Polygon(), SQUARE),
        f"Couche des quartiers : {NO_POLYGON} : QN00001A. {FIX}",
    ),
    "points and lines": (
        quarters(SQUARE, SQUARE.boundary, SQUARE.centroid),
        f"Couche des quartiers : {NO_POLYGON} : QN00002A, QN00003A. {FIX}",
    ),
    "crossed outline": (
        quarters(TWISTED, SQUARE),
        f"Couche des quartiers : contour non valide (il se recoupe) : QN00001A. {FIX}",
    ),
    "a code twice": (
        quarters(SQUARE, SQUARE, codes=["QN00001A", "QN00001A"]),
        f"Couche des quartiers : code présent plusieurs fois : QN00001A. {FIX}",
    ),
    "everything at once": (
        quarters(TWISTED, None, SQUARE, codes=["QN00002A", "QN00001A", "QN00002A"]),
        f"Couche des quartiers : {NO_POLYGON} : QN00001A ; contour non valide (il se recoupe) : "
        f"QN00002A ; code présent plusieurs fois : QN00002A. {FIX}",
    ),
}


@pytest.mark.parametrize(("layer", "message"), LAYERS.values(), ids=LAYERS)
def test_a_layer_that_cannot_answer_is_refused(layer, message):
    shapes = gpd.GeoDataFrame(geometry=[Point(*GOOD)], crs=4326)
    for ask in (
        lambda: locate(columns([GOOD]), layer, CRS, UNCERTAINTY),
        lambda: locate_shapes(shapes, layer, CRS, UNCERTAINTY),
        lambda: overlaps(layer, CRS),
    ):
        with pytest.raises((ContractError, CrsError)) as caught:
            ask()
        assert str(caught.value) == message


UNUSABLE = "Incertitude des positions : valeur inutilisable ou absente pour"
EXPECTED = "attendu : un nombre de mètres, positif ou nul, pour chaque origine et pour « unknown »."


@pytest.mark.parametrize(
    ("uncertainty", "which"),
    [
        ({}, "unknown"),
        ({"street": 100.0}, "unknown"),
        ({"street": -1.0, "unknown": 100.0}, "street"),
        ({"street": math.nan, "unknown": math.inf}, "street, unknown"),
    ],
)
def test_an_uncertainty_that_is_none_is_refused(uncertainty, which):
    with pytest.raises(ContractError) as caught:
        locate(columns([GOOD]), squares(), CRS, uncertainty)
    assert str(caught.value) == f"{UNUSABLE} {which} ; {EXPECTED}"


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        (columns([GOOD]).drop(columns="lat"), "« lat » absente ou présente plusieurs fois"),
        (columns([GOOD]).rename(columns={"lat": "lon"}), "« lon » absente ou présente plusieurs"),
        (pd.DataFrame({"x": [1], "y": [2]}), "Colonnes trouvées : x, y."),
        (pd.DataFrame(), "Colonnes trouvées : ."),
    ],
)
def test_a_table_without_coordinates_is_refused(frame, message):
    with pytest.raises(ContractError) as caught:
        locate(frame, squares(), CRS, UNCERTAINTY)
    assert message in str(caught.value)
    with pytest.raises(ContractError, match="Positions : colonne"):
        diagnose(frame, atlas().communes, CRS)


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        (pd.DataFrame({"x": [1]}), "Couche à localiser : aucune géométrie"),
        (gpd.GeoDataFrame({"x": [1]}), "Couche à localiser : aucune géométrie"),
        (gpd.GeoDataFrame(geometry=[Point(*GOOD)]), "aucun système de coordonnées"),
        (gpd.GeoDataFrame(geometry=[SQUARE], crs=2154), "coordonnées en EPSG:2154"),
    ],
)
def test_shapes_without_a_place_are_refused(layer, message):
    with pytest.raises((ContractError, CrsError), match=message):
        locate_shapes(layer, squares(), CRS, UNCERTAINTY)


# Files.


def feature(geometry, code="QN00001A"):
    properties = {"code_qp": code, "lib_qp": "A", "insee_com": "01004", "lib_com": "B"}
    return {"type": "Feature", "properties": properties, "geometry": geometry}


def collection(*features, **members):
    return json.dumps({"type": "FeatureCollection", "features": list(features), **members})


def polygon(*ring):
    return {"type": "Polygon", "coordinates": [[*ring, ring[0]]]}


def triangle(x=2.0, y=50.0, step=0.1):
    return polygon([x, y], [x + step, y], [x + step, y + step])


FILES = {
    "nothing": ("", "format de fichier non reconnu"),
    "a page of the web": ("<html>Erreur 404</html>", "format de fichier non reconnu"),
    "cut": (collection(feature(triangle()))[:80], "n'est pas un GeoJSON lisible"),
    "a list": ("[1, 2]", "n'est pas un GeoJSON lisible"),
    "no features": ('{"type": "FeatureCollection"}', "n'est pas un GeoJSON lisible"),
    "a null feature": (collection(None), "n'est pas un GeoJSON lisible"),
    "no quarter": (collection(), "aucun quartier"),
    "no outline": (collection(feature(None)), "sans géométrie"),
    "a point": (collection(feature({"type": "Point", "coordinates": GOOD})), "des polygones"),
    "words": (collection(feature(triangle("a", "b", "c"))), "illisible"),
    "NaN": (collection(feature(triangle(math.nan))), "n'est pas un GeoJSON lisible"),
    "1e308": (collection(feature(triangle(1e308))), "longitudes et latitudes en degrés"),
    "Lambert-93": (
        collection(feature(triangle(650_000, 7_040_000, 1_000))),
        "ressemblent à du Lambert-93 (EPSG:2154) non déclaré",
    ),
    "flat": (collection(feature(polygon([2, 50], [2.1, 50], [2, 50]))), "sans surface"),
    "an address to fetch": (
        collection(feature(triangle()), crs={"type": "link", "properties": {"href": "http://x"}}),
        "Une adresse n'est jamais suivie",
    ),
    "an Insee code": (collection(feature(triangle(), "01004")), "attendu : un code QPV"),
    "a code twice": (
        collection(feature(triangle()), feature(triangle(3.0))),
        "une valeur qui n'apparaît qu'une fois",
    ),
    "two generations": (
        collection(feature(triangle()), feature(triangle(3.0), "QP001001")),
        "quartiers de deux générations",
    ),
}


@pytest.mark.parametrize(("content", "message"), FILES.values(), ids=FILES)
def test_a_malformed_layer_file_gets_a_message(tmp_path, content, message):
    path = tmp_path / "couche.geojson"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(AtlasError) as caught:
        read_layer(path)
    assert "couche.geojson" in str(caught.value)
    assert message in str(caught.value)


CELLS = {
    "a decimal comma": ("2,55", "un nombre (point décimal)"),
    "a word": ("inconnue", "un nombre (point décimal)"),
    "infinite": ("inf", "un nombre (point décimal)"),
    "NaN": ("nan", "un nombre (point décimal)"),
    "hexadecimal": ("0x1F", "un nombre (point décimal)"),
    "another script": ("٢.٥", "un nombre (point décimal)"),
    "a formula": ("=1+1", "un nombre (point décimal)"),
    "1e308": ("1e308", "une longitude en degrés, de -180 à 180"),
    "no system has such metres": ("20037510", "une longitude en degrés, de -180 à 180"),
}


@pytest.mark.parametrize(("cell", "expected"), CELLS.values(), ids=CELLS)
def test_a_malformed_cell_of_a_programme_gets_a_message(tmp_path, cell, expected):
    row = {"project_id": "P1", "programme": "essai", "fictitious": "true", "year": "2025"}
    row |= {"title": "Action", "operator": "Porteur", "lon": cell, "lat": "50.5"}
    text = io.StringIO()
    writer = csv.DictWriter(text, list(PROJECTS.columns))
    writer.writeheader()
    writer.writerow(row)
    money = "project_id,funder,status,requested_eur,granted_eur,previous_eur\nP1,etat,granted,,1,\n"
    with pytest.raises(ContractError) as caught:
        readers.read_programme(
            dataset(tmp_path / "projets.csv", text.getvalue()),
            dataset(tmp_path / "argent.csv", money),
        )
    shown = float(cell) if expected.startswith("une longitude") else cell
    assert f"ligne 2, colonne « lon » : « {shown} » ; attendu : {expected}" in str(caught.value)


def test_a_programme_full_of_wrong_positions_loses_no_project_and_no_cent(tmp_path):
    data = copy_data(tmp_path)
    path = data / "demo" / "projects.csv"
    frame = pd.read_csv(path, dtype="str", keep_default_na=False)
    wrong = [("50.48", "2.55"), ("668135", "7042936"), ("0", "0"), ("2.55", ""), ("179", "-89")]
    some = np.flatnonzero(frame["lon"] != "")[: 4 * len(wrong)]
    for k, row in enumerate(some):
        frame.loc[row, ["lon", "lat"]] = wrong[k % len(wrong)]
    rewrite(path, frame.to_csv(index=False, lineterminator="\n"))
    before, after = atlas().programme("demo"), Atlas(data).programme("demo")
    assert after.projects["project_id"].tolist() == before.projects["project_id"].tolist()
    faulty = after.diagnosis["fault"].notna()
    assert faulty[some].sum() == len(some) - (frame.loc[some, "address_kind"] == "seat").sum()
    assert faulty.sum() == faulty[some].sum()
    assert set(after.located.loc[some, "location_status"]) == {"not_located"}
    cents = [name for name in before.ledger if str(name).endswith("_cents")]
    assert after.ledger[cents].sum().tolist() == before.ledger[cents].sum().tolist()
