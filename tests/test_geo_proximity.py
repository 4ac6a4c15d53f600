import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import Geod, Transformer
from shapely.geometry import Point, box

from geo.errors import CrsError
from geo.location import locate
from geo.proximity import BAND_M, NPNRU_BAND_M, bands, nearest_of
from tests.samples import LAMBERT, atlas, lambert_quarters, squares

CRS = LAMBERT
UNCERTAINTY = atlas().territory.nomenclature.uncertainty_m
EXACT = dict.fromkeys(UNCERTAINTY, 0.0)
TO_DEGREES = Transformer.from_crs(2154, 4326, always_xy=True)
TO_METRES = Transformer.from_crs(4326, 2154, always_xy=True)
SITE = "QN00001A"  # the eastern square, from x = 601 000 to 602 000
MIDDLE = 7_000_500


def asked(*points, uncertainty=EXACT, npnru=(), method="surveyed"):
    rows = [(*TO_DEGREES.transform(x, y), method) for x, y in points]
    frame = pd.DataFrame(rows, columns=["lon", "lat", "position_method"])
    return locate(frame, squares(), CRS, uncertainty, npnru=npnru)


def answers(column):
    return [None if pd.isna(cell) else cell for cell in column]


@pytest.mark.parametrize(
    ("x", "npnru", "band"),
    [
        (600_000 - 299.9, (), "QN00002B"),
        (600_000 - 300.1, (), None),
        (602_000 + 299.9, (), SITE),
        (602_000 + 300.1, (), None),
        (602_000 + 300.1, (SITE,), SITE),
        (602_000 + 499.9, (SITE,), SITE),
        (602_000 + 500.1, (SITE,), None),
        (600_000 - 300.1, (SITE,), None),
        (600_500.0, (), "QN00002B"),
        (601_500.0, (SITE,), SITE),
    ],
)
def test_bands_are_exact_distances(x, npnru, band):
    found = asked((x, MIDDLE), npnru=npnru)
    assert answers(found["in_band"]) == [band is not None]
    assert answers(found["band_code"]) == [band]


def test_the_band_turns_round_a_corner():
    # 300 m in a straight line from the south-west corner, not 300 m each way.
    x, y = 600_000 - 212.0, 7_000_000 - 212.0
    found = asked((x, y), (x - 0.3, y - 0.3))
    assert answers(found["in_band"]) == [True, False]
    assert found["distance_to_edge_m"].tolist() == pytest.approx(
        [212 * 2**0.5, 212.3 * 2**0.5], abs=1e-5
    )


def test_the_nearest_quarter_is_named_before_the_renewal_site():
    at = (600_900.0, 7_001_200.0)  # 200 m from the western square, 223.6 m from the site
    assert answers(asked(at, npnru=(SITE,))["band_code"]) == ["QN00002B"]


@pytest.mark.parametrize(
    ("away", "answer"), [(294.9, True), (295.1, None), (304.9, None), (305.1, False)]
)
def test_within_the_uncertainty_of_the_limit_nothing_is_said(away, answer):
    found = asked((600_000 - away, MIDDLE), uncertainty=UNCERTAINTY)
    assert answers(found["in_band"]) == [answer]
    assert answers(found["band_code"]) == ["QN00002B" if answer else None]


def test_a_sure_band_wins_over_an_unsure_one():
    # 300 m from the ordinary limit, but deep in the 500 m of the renewal site.
    found = asked((602_000 + 300.0, MIDDLE), uncertainty=UNCERTAINTY, npnru=(SITE,))
    assert answers(found["in_band"]) == [True]
    assert answers(found["band_code"]) == [SITE]


def test_what_is_not_located_is_in_no_known_band():
    frame = pd.DataFrame({"lon": [None, np.inf], "lat": [50.5, 50.5]}, dtype="float64")
    found = locate(frame, squares(), CRS, EXACT)
    assert found["in_band"].isna().all()
    assert found["band_code"].isna().all()


@settings(max_examples=20, deadline=None)
@given(st.lists(st.tuples(st.floats(-0.02, 0.02), st.floats(-0.02, 0.02)), min_size=1, max_size=25))
def test_real_bands_are_those_of_a_plain_search(moves):
    layer, npnru = lambert_quarters(), set(atlas().territory.npnru)
    homes = shapely.get_coordinates(layer.geometry.representative_point())
    degrees = [TO_DEGREES.transform(*homes[k % len(homes)]) for k in range(len(moves))]
    rows = [(x + dx, y + dy) for (x, y), (dx, dy) in zip(degrees, moves, strict=True)]
    frame = pd.DataFrame(rows, columns=["lon", "lat"])
    found = locate(frame, layer, CRS, EXACT, npnru=npnru)
    for (lon, lat), answer in zip(rows, found.itertuples(), strict=True):
        away = layer.set_index("qpv_code").distance(Point(TO_METRES.transform(lon, lat)))
        widths = pd.Series({code: 500.0 if code in npnru else 300.0 for code in away.index})
        holders = away.index[away <= widths]
        assert bool(answer.in_band) == bool(len(holders))
        if len(holders):
            assert answer.band_code in holders


@pytest.mark.parametrize("metres", [BAND_M, NPNRU_BAND_M])
def test_metres_are_those_of_the_ground(metres):
    # Every vertex of every quarter, a band's width away in eight directions, on the ellipsoid.
    ground, layer = Geod(ellps="GRS80"), atlas().quarters_metric
    corners = np.repeat(shapely.get_coordinates(atlas().quarters.geometry.to_numpy()), 8, axis=0)
    bearings = np.tile(np.arange(0, 360, 45), len(corners) // 8)
    away = np.full(len(corners), metres)
    lon, lat, _ = ground.fwd(corners[:, 0], corners[:, 1], bearings, away)
    found = locate(pd.DataFrame({"lon": lon, "lat": lat}), layer, layer.crs, EXACT)
    told = found["distance_to_edge_m"]
    # The corner is the nearest edge for some of them: those show the scale, to the decimetre.
    assert told[found["location_status"] == "outside"].max() == pytest.approx(metres, abs=0.05)
    assert (told > metres - 0.05).sum() > 100
    # The nearest edge of each one, measured again on the ellipsoid.
    edges = layer.set_index("qpv_code").boundary.loc[found["nearest_qpv_code"]].to_numpy()
    points = gpd.GeoSeries(gpd.points_from_xy(lon, lat), crs=4326).to_crs(layer.crs).to_numpy()
    nearest = shapely.get_point(shapely.shortest_line(points, edges), 1)
    ends = gpd.GeoSeries(nearest, crs=layer.crs).to_crs(4326)
    true = ground.inv(lon, lat, ends.x.to_numpy(), ends.y.to_numpy())[2]
    assert np.abs(told.abs() - true).max() < 0.05


def test_the_drawn_band_is_the_exact_one_within_a_hand():
    layer = lambert_quarters()
    drawn = bands(layer, atlas().territory.npnru, CRS)
    for quarter, band in zip(layer.itertuples(), drawn.itertuples(), strict=True):
        width = NPNRU_BAND_M if quarter.qpv_code in atlas().territory.npnru else BAND_M
        assert band.width_m == width
        outer = shapely.get_coordinates(shapely.union(band.geometry, quarter.geometry))
        away = shapely.distance(shapely.points(outer), quarter.geometry)
        assert away.max() == pytest.approx(width, abs=0.2)
        assert shapely.area(shapely.intersection(band.geometry, quarter.geometry)) < 1e-3
    with pytest.raises(CrsError, match="EPSG:4326"):
        bands(atlas().quarters, (), CRS)


def test_nearest_of_names_the_first_of_equals_and_survives_nothing():
    polygons = np.array([box(2, 0, 3, 1), box(0, 0, 1, 1), box(2, 0, 3, 1)], dtype=object)
    points = np.array([Point(1.5, 0.5), None, Point(2.5, 0.5), Point(-3, 0.5)], dtype=object)
    rows, metres = nearest_of(points, polygons)
    assert rows.tolist() == [0, -1, 0, 1]
    np.testing.assert_array_equal(metres, [0.5, np.nan, 0.0, 3.0])
    rows, metres = nearest_of(points, polygons[:0])
    assert rows.tolist() == [-1] * 4
    assert np.isnan(metres).all()


def test_a_layer_in_another_order_gives_the_same_bands():
    layer = gpd.GeoDataFrame(squares())
    frame = pd.DataFrame([TO_DEGREES.transform(601_000, 7_001_100)], columns=["lon", "lat"])
    both = [locate(frame, one, CRS, EXACT) for one in (layer, layer.iloc[::-1])]
    pd.testing.assert_frame_equal(both[0], both[1])
    assert both[0]["band_code"].tolist() == [SITE], "the lowest code of two equally near"
