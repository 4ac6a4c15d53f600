import geopandas as gpd
import pytest
import shapely
from pyproj import CRS
from shapely.geometry import Point

from geo.crs import metric_crs, require_crs, scale_error, to_metric, to_wgs84
from geo.errors import CrsError
from geo.proximity import BAND_M, NPNRU_BAND_M, bands
from tests.samples import atlas, squares


@pytest.mark.parametrize("name", ["EPSG:2154", "EPSG:5490", "EPSG:2972", "EPSG:2975", "EPSG:4471"])
def test_the_systems_of_france_are_metric(name):
    assert metric_crs(name).to_string() == name


@pytest.mark.parametrize(
    "name", ["EPSG:4326", "EPSG:3857", "EPSG:3395", "EPSG:2263", "", "Lambert"]
)
def test_what_does_not_measure_in_metres_is_refused(name):
    with pytest.raises(CrsError, match="EPSG:2154"):
        metric_crs(name)


def test_a_mismatch_is_refused_with_both_systems():
    with pytest.raises(CrsError, match=r"Essai.*EPSG:2154.*EPSG:4326"):
        require_crs(squares(), "EPSG:4326", "Essai")
    with pytest.raises(CrsError, match="aucun système"):
        require_crs(squares().set_crs(None, allow_override=True), "EPSG:2154", "Essai")
    require_crs(squares(), "EPSG:2154", "Essai")


def test_there_and_back():
    quarters = atlas().quarters
    metric = to_metric(quarters, atlas().territory.crs)
    assert metric.crs == atlas().territory.crs
    back = to_wgs84(metric)
    assert back.crs.to_epsg() == 4326
    assert shapely.hausdorff_distance(quarters.geometry, back.geometry).max() < 1e-9
    with pytest.raises(CrsError):
        to_metric(metric, atlas().territory.crs)
    with pytest.raises(CrsError):
        to_wgs84(gpd.GeoDataFrame(geometry=[Point(0, 0)]))


def test_a_band_reaches_its_width_and_no_farther():
    quarters = atlas().quarters_metric
    layer = bands(quarters, atlas().territory.npnru, atlas().territory.crs)
    assert list(layer["qpv_code"]) == list(quarters["qpv_code"])
    widths = layer.set_index("qpv_code")["width_m"]
    sites = set(atlas().territory.npnru)
    assert set(widths[widths == NPNRU_BAND_M].index) == sites
    assert (widths.drop(list(sites)) == BAND_M).all()
    for band, quarter, width in zip(layer.geometry, quarters.geometry, widths, strict=True):
        outer = shapely.get_coordinates(shapely.get_exterior_ring(shapely.get_parts(band)))
        reached = shapely.distance(shapely.points(outer), quarter)
        assert reached.max() <= width + 1e-6
        assert reached.min() >= width - 0.2
        assert band.intersection(quarter).area < 1e-3


def test_a_band_around_a_square_is_exact():
    layer = bands(squares(), ["QN00001A"], "EPSG:2154").set_index("qpv_code").geometry
    west, east = layer["QN00002B"], layer["QN00001A"]
    assert west.covers(Point(600_000 - 299.9, 7_000_500))
    assert not west.covers(Point(600_000 - 300.1, 7_000_500))
    assert east.covers(Point(602_000 + 499.9, 7_000_500))
    assert not east.covers(Point(602_000 + 500.1, 7_000_500))
    corner = 500 / 2**0.5  # the round corner, where a coarse buffer falls short
    assert east.covers(Point(602_000 + corner - 0.2, 7_001_000 + corner - 0.2))
    assert not west.covers(Point(600_500, 7_000_500)), "the quarter itself is not in its band"


def test_bands_refuse_degrees():
    with pytest.raises(CrsError):
        bands(atlas().quarters, [], atlas().territory.crs)
    assert atlas().bands.crs.to_epsg() == 4326


def test_the_system_of_the_territory_measures_the_ground():
    quarters, crs = atlas().quarters, atlas().territory.crs
    assert scale_error(quarters, crs) * NPNRU_BAND_M < 0.05, "metres"
    assert 0.0014 < scale_error(quarters, CRS("EPSG:2154")) < 0.0017
    with pytest.raises(CrsError, match="EPSG:4326"):
        scale_error(to_metric(quarters, crs), crs)
