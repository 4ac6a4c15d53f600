import math

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import Transformer
from shapely.geometry import Point

from geo.errors import CrsError
from geo.location import EDGE_M, STATES, locate
from tests.samples import LAMBERT, atlas, lambert_quarters, squares

CRS = LAMBERT
UNCERTAINTY = atlas().territory.nomenclature.uncertainty_m
EXACT = {**dict.fromkeys(UNCERTAINTY, 0.0)}
TO_METRES = Transformer.from_crs("EPSG:4326", "EPSG:2154", always_xy=True)
TO_DEGREES = Transformer.from_crs("EPSG:2154", "EPSG:4326", always_xy=True)
WEST, SOUTH, EAST, NORTH = atlas().quarters.total_bounds
POINTS = st.lists(
    st.tuples(st.floats(WEST, EAST), st.floats(SOUTH, NORTH), st.sampled_from(list(UNCERTAINTY))),
    min_size=1,
    max_size=40,
)
ANY_NUMBER = st.one_of(st.none(), st.floats(allow_nan=True, allow_infinity=True))


def positions(rows, index=None):
    frame = pd.DataFrame(rows, columns=["lon", "lat", "position_method"], index=index)
    return frame.astype({"lon": "float64", "lat": "float64", "position_method": "str"})


def metric(x, y, method="surveyed"):
    return (*TO_DEGREES.transform(x, y), method)


def on_squares(*rows, uncertainty=UNCERTAINTY):
    return locate(positions(rows), squares(), CRS, uncertainty)


@settings(max_examples=25, deadline=None)
@given(POINTS)
def test_answers_are_those_of_a_plain_search(rows):
    found = locate(positions(rows), lambert_quarters(), CRS, UNCERTAINTY)
    shapes = lambert_quarters().set_index("qpv_code").geometry
    for (lon, lat, method), answer in zip(rows, found.itertuples(), strict=True):
        point = Point(*TO_METRES.transform(lon, lat))
        holders = shapes.index[shapes.intersects(point)]
        edges = shapes.boundary.distance(point)
        metres = UNCERTAINTY[method]
        if len(holders):
            assert answer.nearest_qpv_code == holders[0]
            assert answer.distance_to_edge_m == pytest.approx(-edges[holders[0]], abs=1e-6)
        else:
            assert answer.distance_to_edge_m == pytest.approx(edges.min(), abs=1e-6)
            assert edges[answer.nearest_qpv_code] == pytest.approx(edges.min(), abs=1e-6)
        vague = len(holders) and method in ("locality", "commune")
        if vague or edges.min() < metres:
            assert answer.location_status == "undecided"
        else:
            assert answer.location_status == ("inside" if len(holders) else "outside")
        if answer.location_status == "inside":
            assert answer.qpv_code == holders[0]
        assert answer.uncertainty_m == metres


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(ANY_NUMBER, ANY_NUMBER, st.sampled_from([None, *UNCERTAINTY])), max_size=12),
    st.data(),
)
def test_every_row_and_the_index_are_kept(rows, data):
    labels = st.lists(st.integers(0, 5), min_size=len(rows), max_size=len(rows))
    index = pd.Index(data.draw(labels), dtype="int64", name="row")
    found = locate(positions(rows, index), lambert_quarters(), CRS, UNCERTAINTY)
    pd.testing.assert_index_equal(found.index, index)
    assert set(found["location_status"]) <= set(STATES)
    lost = found["location_status"] == "not_located"
    numbers = found[["distance_to_edge_m", "uncertainty_m"]]
    assert (numbers.isna().all(axis=1) == lost.to_numpy()).all()
    assert np.isfinite(numbers[~lost]).all(axis=None)
    assert (found["qpv_code"].notna() == (found["location_status"] == "inside")).all()
    assert (found["nearest_qpv_code"].isna() == lost).all()
    assert (found["method"].isna() == lost).all()
    assert (found["qpv_name"].notna() == (found["location_status"] == "inside")).all()
    assert not found.loc[lost, "on_edge"].any()
    assert (found["band_code"].notna() == found["in_band"].fillna(False)).all()


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf, 1e308, -1e308, 181.0, None])
def test_impossible_coordinates_are_not_located(bad):
    rows = [(bad, 50.5, "surveyed"), (2.5, bad, "surveyed"), (2.5, 50.5, "surveyed")]
    found = locate(positions(rows), lambert_quarters(), CRS, UNCERTAINTY)
    assert found["location_status"].tolist()[:2] == ["not_located"] * 2
    assert found["location_status"].iloc[2] != "not_located"


def test_an_empty_frame_gives_an_empty_answer():
    found = locate(positions([]), lambert_quarters(), CRS, UNCERTAINTY)
    assert len(found) == 0
    assert "location_status" in found


def test_three_states_and_the_signed_distance():
    found = on_squares(
        metric(600_500, 7_000_500),
        metric(600_500, 7_000_996),
        metric(600_500, 7_001_004),
        metric(600_500, 7_001_300),
        (None, None, None),
    )
    states = ["inside", "undecided", "undecided", "outside", "not_located"]
    assert found["location_status"].tolist() == states
    assert found["distance_to_edge_m"].tolist()[:4] == pytest.approx([-500, -4, 4, 300], abs=1e-4)
    assert found["nearest_qpv_code"].tolist()[:4] == ["QN00002B"] * 4
    assert found["qpv_code"].tolist()[0] == "QN00002B"
    assert found["qpv_code"].isna().tolist() == [False, True, True, True, True]


@pytest.mark.parametrize("y", [7_000_500.0, 7_000_000.0, 7_001_000.0])
def test_a_shared_edge_belongs_to_exactly_one_quarter(y):
    # In WGS 84 the edge is not exactly reached: the layer itself is asked, in metres.
    layer = squares()
    quarters = gpd.GeoDataFrame(layer, crs="EPSG:2154")
    lon, lat = TO_DEGREES.transform(601_000.0, y)
    x, back = TO_METRES.transform(lon, lat)
    moved = quarters.set_geometry(quarters.translate(x - 601_000.0, back - y))
    found = locate(positions([(lon, lat, "surveyed")]), moved, CRS, EXACT)
    assert found["location_status"].tolist() == ["inside"]
    assert found["qpv_code"].tolist() == ["QN00001A"], "the lowest code, whatever the layer's order"
    assert found["distance_to_edge_m"].abs().max() < 1e-6
    again = locate(positions([(lon, lat, "surveyed")]), moved.iloc[::-1], CRS, EXACT)
    pd.testing.assert_frame_equal(found, again)
    assert found["on_edge"].tolist() == [True]
    assert found["overlap"].tolist() == ["QN00002B"], "the other quarter is told"
    honest = locate(positions([(lon, lat, "surveyed")]), moved, CRS, UNCERTAINTY)
    assert honest["location_status"].tolist() == ["undecided"]


def test_a_vertex_of_a_real_quarter_is_undecided():
    vertices = shapely.get_coordinates(atlas().quarters.geometry)[::50]
    rows = [(lon, lat, "surveyed") for lon, lat in vertices]
    found = locate(positions(rows), lambert_quarters(), CRS, UNCERTAINTY)
    assert set(found["location_status"]) == {"undecided"}
    assert found["distance_to_edge_m"].abs().max() < 1e-3
    assert found["on_edge"].all()


def test_only_a_position_on_a_boundary_is_on_edge():
    found = on_squares(
        metric(600_000 + EDGE_M / 2, 7_000_500),
        metric(600_000 - EDGE_M / 2, 7_000_500),
        metric(600_000 + 3 * EDGE_M, 7_000_500),
        metric(600_500, 7_000_500),
        uncertainty=EXACT,
    )
    assert found["on_edge"].tolist() == [True, True, False, False]
    assert found["overlap"].isna().all()


@pytest.mark.parametrize("method", ["locality", "commune"])
def test_a_vague_position_is_never_inside(method):
    found = on_squares(metric(600_500, 7_000_500, method), uncertainty=EXACT)
    assert found["location_status"].tolist() == ["undecided"]
    assert found["qpv_code"].isna().all()
    far = on_squares(metric(700_500, 7_000_500, method))
    assert far["location_status"].tolist() == ["outside"]


def test_a_position_of_unsaid_or_unlisted_origin_has_the_unknown_uncertainty():
    found = on_squares(metric(600_500, 7_000_950, None), metric(600_500, 7_000_950, "satellite"))
    assert found["uncertainty_m"].tolist() == [UNCERTAINTY["unknown"]] * 2
    assert found["location_status"].tolist() == ["undecided"] * 2


@settings(max_examples=20, deadline=None)
@given(POINTS, st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter(rows, random):
    frame = positions(rows)
    order = list(frame.index)
    random.shuffle(order)
    layer = lambert_quarters()
    straight = locate(frame, layer, CRS, UNCERTAINTY)
    shuffled = locate(frame.loc[order], layer.iloc[::-1], CRS, UNCERTAINTY)
    pd.testing.assert_frame_equal(shuffled.loc[straight.index], straight)


def test_overlapping_quarters_are_told_and_the_lowest_code_wins():
    layer = squares()
    wide = gpd.GeoDataFrame(
        {"qpv_code": ["QN00003C", "QN00004D"]},
        geometry=[layer.union_all().buffer(50), layer.union_all().buffer(100)],
        crs=layer.crs,
    )
    both = gpd.GeoDataFrame(pd.concat([wide, layer], ignore_index=True), crs=layer.crs)
    rows = [metric(600_500, 7_000_500), metric(599_975, 7_000_500), metric(599_800, 7_000_500)]
    found = locate(positions(rows), both, CRS, UNCERTAINTY)
    assert found["qpv_code"].tolist()[:2] == ["QN00002B", "QN00003C"]
    assert found["overlap"].tolist()[:2] == ["QN00003C, QN00004D", "QN00004D"]
    assert found["overlap"].isna().tolist() == [False, False, True]
    assert found["distance_to_edge_m"].tolist() == pytest.approx([-500, -25, 100], abs=1e-4)


def test_of_two_quarters_equally_near_the_lowest_code_is_named():
    found = on_squares(metric(601_000, 7_002_000))
    assert found["nearest_qpv_code"].tolist() == ["QN00001A"]


def test_an_answer_carries_what_it_rests_on():
    quarters = lambert_quarters()
    home = quarters.geometry.representative_point()
    rows = positions([metric(p.x, p.y) for p in home]).assign(score=0.75)
    found = locate(rows, quarters, CRS, UNCERTAINTY, generation=2024)
    inside = found["location_status"] == "inside"
    assert inside.sum() > 10
    assert found["qpv_name"][inside].tolist() == quarters["qpv_name"][inside].tolist()
    assert set(found["perimeter"]) == {2024}
    assert set(found["score"]) == {0.75}
    assert set(found["method"]) == {"surveyed"}
    without = on_squares(metric(600_500, 7_000_500, "satellite"))
    assert without["method"].tolist() == ["unknown"]
    assert without[["score", "perimeter", "qpv_name"]].isna().all(axis=None)


def test_a_score_that_is_none_is_missing():
    rows = positions([metric(600_500, 7_000_500)] * 5)
    for scores in ([0.5, None, math.nan, math.inf, 1.0], ["0.5", "", "haut", b"x", 1]):
        found = locate(rows.assign(score=scores), squares(), CRS, UNCERTAINTY)
        assert found["score"].fillna(-1).tolist() == [0.5, -1, -1, -1, 1.0]


def test_degrees_are_refused():
    with pytest.raises(CrsError, match="EPSG:4326"):
        locate(positions([]), atlas().quarters, CRS, UNCERTAINTY)
    with pytest.raises(CrsError, match="ne mesure pas en mètres"):
        locate(positions([]), atlas().quarters, atlas().quarters.crs, UNCERTAINTY)
