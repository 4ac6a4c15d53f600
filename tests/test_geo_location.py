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
from geo.location import STATES, locate
from tests.samples import atlas, squares

CRS = atlas().territory.crs
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
    found = locate(positions(rows), atlas().quarters_metric, CRS, UNCERTAINTY)
    shapes = atlas().quarters_metric.set_index("qpv_code").geometry
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
    found = locate(positions(rows, index), atlas().quarters_metric, CRS, UNCERTAINTY)
    pd.testing.assert_index_equal(found.index, index)
    assert set(found["location_status"]) <= set(STATES)
    lost = found["location_status"] == "not_located"
    numbers = found[["distance_to_edge_m", "uncertainty_m"]]
    assert (numbers.isna().all(axis=1) == lost.to_numpy()).all()
    assert np.isfinite(numbers[~lost]).all(axis=None)
    assert (found["qpv_code"].notna() == (found["location_status"] == "inside")).all()
    assert (found["nearest_qpv_code"].isna() == lost).all()


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf, 1e308, -1e308, 181.0, None])
def test_impossible_coordinates_are_not_located(bad):
    rows = [(bad, 50.5, "surveyed"), (2.5, bad, "surveyed"), (2.5, 50.5, "surveyed")]
    found = locate(positions(rows), atlas().quarters_metric, CRS, UNCERTAINTY)
    assert found["location_status"].tolist()[:2] == ["not_located"] * 2
    assert found["location_status"].iloc[2] != "not_located"


def test_an_empty_frame_gives_an_empty_answer():
    found = locate(positions([]), atlas().quarters_metric, CRS, UNCERTAINTY)
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
    honest = locate(positions([(lon, lat, "surveyed")]), moved, CRS, UNCERTAINTY)
    assert honest["location_status"].tolist() == ["undecided"]


def test_a_vertex_of_a_real_quarter_is_undecided():
    vertices = shapely.get_coordinates(atlas().quarters.geometry)[::50]
    rows = [(lon, lat, "surveyed") for lon, lat in vertices]
    found = locate(positions(rows), atlas().quarters_metric, CRS, UNCERTAINTY)
    assert set(found["location_status"]) == {"undecided"}
    assert found["distance_to_edge_m"].abs().max() < 1e-3


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
    layer = atlas().quarters_metric
    straight = locate(frame, layer, CRS, UNCERTAINTY)
    shuffled = locate(frame.loc[order], layer.iloc[::-1], CRS, UNCERTAINTY)
    pd.testing.assert_frame_equal(shuffled.loc[straight.index], straight)


def test_degrees_are_refused():
    with pytest.raises(CrsError, match="EPSG:4326"):
        locate(positions([]), atlas().quarters, CRS, UNCERTAINTY)
