import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import Transformer
from shapely.geometry import (
    GeometryCollection,
    LineString,
    MultiLineString,
    MultiPoint,
    MultiPolygon,
    Point,
    Polygon,
    box,
)

from geo.errors import CrsError
from geo.location import locate
from geo.shapes import SHARED, locate_shapes, overlaps
from tests.samples import LAMBERT, atlas, lambert_quarters, squares

CRS = LAMBERT
UNCERTAINTY = atlas().territory.nomenclature.uncertainty_m
EXACT = dict.fromkeys(UNCERTAINTY, 0.0)
TO_DEGREES = Transformer.from_crs(2154, 4326, always_xy=True)
WEST, EAST = "QN00002B", "QN00001A"
X, Y = 600_000, 7_000_000
MOST_SHARE = 1 + 1e-9


def degrees(shape):
    return shapely.transform(
        shape, lambda points: np.column_stack(TO_DEGREES.transform(points[:, 0], points[:, 1]))
    )


def at(x0, y0, x1, y1):
    return box(X + x0, Y + y0, X + x1, Y + y1)


def layer(*shapes, method="surveyed", index=None):
    frame = {"position_method": [method] * len(shapes)}
    return gpd.GeoDataFrame(frame, geometry=[degrees(s) for s in shapes], crs=4326, index=index)


def on_squares(*shapes, uncertainty=UNCERTAINTY, **options):
    return locate_shapes(layer(*shapes, **options), squares(), CRS, uncertainty)


def one(shape, **options):
    """The answer for one shape, and its shares by quarter."""
    found, shares = on_squares(shape, **options)
    return found.iloc[0], dict(zip(shares["qpv_code"], shares["share"], strict=True))


@pytest.mark.parametrize(
    ("shape", "status", "shares"),
    [
        (at(500, 200, 1500, 400), SHARED, {EAST: 0.5, WEST: 0.5}),
        (at(-500, 200, 500, 400), SHARED, {WEST: 0.5}),
        (at(-500, -500, 2500, 1500), SHARED, {EAST: 1 / 6, WEST: 1 / 6}),
        (at(200, 200, 400, 400), "inside", {WEST: 1}),
        (at(1, 1, 400, 400), "undecided", {WEST: 1}),
        (at(-3, 200, 397, 400), "undecided", {WEST: 0.9925}),
        (at(-397, 200, 3, 400), "undecided", {WEST: 0.0075}),
        (at(200, 1200, 400, 1400), "outside", {}),
        (at(200, 1003, 400, 1400), "undecided", {}),
        (at(200, 1000, 400, 1400), "undecided", {}),
        (LineString([(X - 100, Y + 500), (X + 1100, Y + 500)]), SHARED,
         {WEST: 10 / 12, EAST: 1 / 12}),
        (MultiPoint([(X + 500, Y + 500), (X + 1500, Y + 500), (X, Y - 900), (X, Y - 90)]), SHARED,
         {EAST: 0.25, WEST: 0.25}),
        (MultiPoint([(X + 500, Y + 500)] * 3), "inside", {WEST: 1}),
        (MultiPoint([(X + 500, Y + 500), (X + 2, Y + 500)]), "undecided", {WEST: 1}),
        (MultiPolygon([at(200, 200, 300, 300), at(200, 1200, 300, 1500)]), SHARED, {WEST: 0.25}),
        (GeometryCollection([at(200, 200, 400, 400), Point(X, Y - 900)]), "inside", {WEST: 1}),
        (GeometryCollection([GeometryCollection([at(0, 100, 100, 200)]), at(0, 100, 100, 200)]),
         "undecided", {WEST: 1}),
        (GeometryCollection([LineString([(X + 100, Y + 100), (X + 100, Y + 300)]), Point(X, Y)]),
         "inside", {WEST: 1}),
        (MultiLineString([[(X + 100, Y + 100), (X + 900, Y + 100)]] * 2), "inside", {WEST: 1}),
    ],
)  # fmt: skip
def test_shapes_are_shared_by_what_overlaps(shape, status, shares):
    found, parts = one(shape)
    assert found["location_status"] == status
    # A side that is straight in degrees is not quite so in metres.
    assert parts == pytest.approx(shares, abs=1e-5)
    assert found["share_in_quarters"] == pytest.approx(sum(shares.values()), abs=1e-5)
    assert pd.isna(found["qpv_code"]) == (status != "inside")


def test_measures_have_their_unit():
    line = LineString([(X - 100, Y + 500), (X + 400, Y + 500)])
    points = MultiPoint([(X + 500, Y + 500), (X + 600, Y + 500), (X, Y - 900)])
    _, shares = on_squares(at(200, 200, 300, 400), line, points)
    assert shares["unit"].tolist() == ["m²", "m", "points"]
    assert shares["measure"].tolist() == pytest.approx([20_000, 400, 2], rel=1e-6)
    assert shares["row"].tolist() == [0, 1, 2]


def test_a_repaired_shape_keeps_its_area():
    knot = [(200, 200), (400, 400), (400, 200), (200, 400)]
    found, parts = one(Polygon([(X + x, Y + y) for x, y in knot]))
    assert found["location_status"] == "inside"
    assert parts == pytest.approx({WEST: 1})


def test_a_boundary_that_both_quarters_hold_is_shared_once():
    edge = LineString([(X + 1000, Y - 200), (X + 1000, Y + 1000)])
    found, parts = one(edge)
    assert found["location_status"] == "undecided", "nothing says on which side it runs"
    assert sum(parts.values()) == pytest.approx(10 / 12, abs=1e-5)
    layer_twice = gpd.GeoDataFrame(
        {"qpv_code": ["QN00009Z", EAST]}, geometry=[at(0, 0, 1000, 1000)] * 2, crs=2154
    )
    _, shares = locate_shapes(layer(at(-500, 0, 500, 500)), layer_twice, CRS, UNCERTAINTY)
    assert shares["qpv_code"].tolist() == [EAST], "the lowest code takes what both hold"
    assert shares["share"].tolist() == pytest.approx([0.5], abs=1e-5)


def test_bands_and_distances_of_a_shape_are_those_of_its_nearest_part():
    found, _ = on_squares(at(0, 1200, 100, 1900), at(0, 1400, 100, 1900), at(200, 300, 400, 800))
    assert found["distance_to_edge_m"].tolist() == pytest.approx([200, 400, -200], abs=0.01)
    assert found["in_band"].tolist() == [True, False, True]


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.tuples(st.floats(-900, 2900), st.floats(-900, 1900), st.sampled_from(list(UNCERTAINTY))),
        min_size=1,
        max_size=12,
    )
)
def test_a_point_gets_the_answer_of_locate(rows):
    points = gpd.GeoSeries([degrees(Point(X + x, Y + y)) for x, y, _ in rows], crs=4326)
    methods = [method for *_, method in rows]
    shapes = gpd.GeoDataFrame({"position_method": methods}, geometry=points)
    frame = pd.DataFrame({"lon": points.x, "lat": points.y, "position_method": methods})
    found, _ = locate_shapes(shapes, squares(), CRS, UNCERTAINTY, npnru=[EAST], generation=2024)
    want = locate(frame, squares(), CRS, UNCERTAINTY, npnru=[EAST], generation=2024)
    pd.testing.assert_frame_equal(found[want.columns], want)


def rectangles():
    side = st.integers(-1500, 2500)
    return st.tuples(side, side, st.integers(1, 2000), st.integers(1, 2000)).map(
        lambda s: at(s[0], s[1], s[0] + s[2], s[1] + s[3])
    )


@settings(max_examples=40, deadline=None)
@given(st.lists(rectangles(), min_size=1, max_size=6), st.lists(rectangles(), max_size=3))
def test_shares_never_exceed_the_whole_even_where_quarters_overlap(shapes, more):
    extra = gpd.GeoDataFrame(
        {"qpv_code": [f"QN0001{k}Z" for k in range(len(more))]}, geometry=more, crs=2154
    )
    quarters = gpd.GeoDataFrame(pd.concat([squares(), extra], ignore_index=True), crs=2154)
    found, shares = locate_shapes(layer(*shapes), quarters, CRS, EXACT)
    assert (shares["share"] > 0).all()
    assert (shares.groupby("row")["share"].sum() <= MOST_SHARE).all()
    assert not shares.duplicated(["row", "qpv_code"]).any()
    union = quarters.union_all()
    for row, shape in enumerate(shapes):
        held = shapely.area(shapely.intersection(shape, union)) / shape.area
        assert found["share_in_quarters"].iloc[row] == pytest.approx(held, abs=1e-3)


def test_the_index_is_kept_and_nothing_is_lost():
    index = pd.Index([7, 7, 3], name="row")
    shapes = gpd.GeoDataFrame(
        geometry=[degrees(at(500, 200, 1500, 400)), None, Polygon()], crs=4326, index=index
    )
    found, shares = locate_shapes(shapes, squares(), CRS, EXACT)
    pd.testing.assert_index_equal(found.index, index)
    assert found["location_status"].tolist() == [SHARED, "not_located", "not_located"]
    assert found["share_in_quarters"].isna().tolist() == [False, True, True]
    assert shares.index.tolist() == [7, 7]
    none, parts = locate_shapes(shapes.iloc[:0], squares(), CRS, EXACT)
    assert (len(none), len(parts)) == (0, 0)
    assert list(none.columns) == list(found.columns)
    assert list(parts.columns) == list(shares.columns)


def test_real_quarters_share_themselves_with_nobody():
    quarters = atlas().quarters
    found, shares = locate_shapes(quarters, lambert_quarters(), CRS, UNCERTAINTY)
    assert shares["qpv_code"].tolist() == quarters["qpv_code"].tolist()
    assert shares["share"].tolist() == pytest.approx([1.0] * len(quarters), abs=1e-9)
    assert set(found["location_status"]) == {"undecided"}, "a limit is nearer than any uncertainty"


def test_overlaps_are_reported_in_square_metres():
    assert overlaps(lambert_quarters(), CRS).empty
    assert overlaps(squares(), CRS).empty, "a shared edge is no overlap"
    quarters = squares()
    quarters.loc[2] = ["QN00003C", at(900, -100, 1200, 200)]
    found = overlaps(quarters, CRS)
    pairs = found[["qpv_code", "other_code"]].to_numpy().tolist()
    assert pairs == [[EAST, "QN00003C"], [WEST, "QN00003C"]]
    assert found["area_m2"].tolist() == pytest.approx([40_000, 20_000])
    with pytest.raises(CrsError, match="EPSG:4326"):
        overlaps(atlas().quarters, CRS)
