"""Invalid rings are repaired, nothing is lost, and every repair is told in square metres."""

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import Transformer
from shapely.geometry import MultiPolygon, Polygon, box

from geo.crs import to_metric
from geo.errors import CrsError, DataFileError
from geo.repair import COLUMNS, area_m2, reason, repair, sentence
from tests.samples import atlas

EAST, NORTH = 2.5, 50.5


def layer(*shapes, crs="EPSG:4326"):
    codes = [f"QN{k:05d}A" for k in range(len(shapes))]
    return gpd.GeoDataFrame({"qpv_code": codes, "note": codes}, geometry=list(shapes), crs=crs)


def placed(*points):
    """A ring drawn on a grid of thousandths of a degree."""
    return Polygon([(EAST + x / 1000, NORTH + y / 1000) for x, y in points])


def box_of(x, y, to_x, to_y):
    return box(EAST + x / 1000, NORTH + y / 1000, EAST + to_x / 1000, NORTH + to_y / 1000)


BOW_TIE = placed((0, 0), (4, 4), (4, 0), (0, 4))
TOUCHING = placed((0, 0), (4, 0), (4, 4), (2, 0), (0, 4))
SPIKE = placed((0, 0), (4, 0), (4, 4), (4, 9), (4, 4), (0, 4))
NESTED = MultiPolygon([box_of(0, 0, 4, 4), box_of(1, 1, 2, 2)])
OUTSIDE_HOLE = Polygon(box_of(0, 0, 4, 4).exterior, [box_of(5, 5, 6, 6).exterior])
TWICE = MultiPolygon([box_of(0, 0, 4, 4), box_of(0, 0, 4, 4)])


@pytest.mark.parametrize(
    ("shape", "words"),
    [
        (BOW_TIE, "le contour se croise (en 2,50200 ; 50,50200)"),
        (TOUCHING, "le contour se touche lui-même (en 2,50200 ; 50,50000)"),
        (SPIKE, "le contour se croise (en 2,50400 ; 50,50900)"),
        (NESTED, "une partie du quartier est dans une autre (en 2,50200 ; 50,50200)"),
        (OUTSIDE_HOLE, "un trou est hors du contour (en 2,50500 ; 50,50500)"),
        (box_of(0, 0, 1, 1), ""),
    ],
)
def test_what_is_wrong_is_said_in_french(shape, words):
    assert reason(shape).startswith(words.split(" (")[0])
    assert ("(en 2,5" in reason(shape)) == bool(words)


def test_a_repair_keeps_rows_order_and_valid_shapes():
    given_layer = layer(box_of(5, 5, 6, 6), BOW_TIE, box_of(8, 8, 9, 9))
    found, report = repair(given_layer, "q.geojson")
    assert found.drop(columns="geometry").equals(given_layer.drop(columns="geometry"))
    assert found.crs == given_layer.crs
    assert found.geometry[0].equals_exact(given_layer.geometry[0], 0)
    assert report["qpv_code"].tolist() == ["QN00001A"]
    assert tuple(report.columns) == COLUMNS


def test_a_bow_tie_keeps_its_two_lobes():
    found, report = repair(layer(BOW_TIE), "q.geojson")
    lobes = [placed((0, 0), (2, 2), (0, 4)), placed((4, 0), (4, 4), (2, 2))]
    assert found.geometry[0].symmetric_difference(MultiPolygon(lobes)).area < 1e-15
    row = report.iloc[0]
    assert row["area_before_m2"] == pytest.approx(0, abs=20), "the loops of a crossing cancel out"
    assert row["area_after_m2"] == pytest.approx(sum(map(area_m2, lobes)))
    assert row["difference_m2"] == row["area_after_m2"] - row["area_before_m2"]
    assert (row["vertices_before"], row["vertices_after"]) == (5, 8)


@pytest.mark.parametrize("shape", [TOUCHING, SPIKE, NESTED, TWICE])
def test_a_ring_written_twice_over_is_counted_once(shape):
    found, report = repair(layer(shape), "q.geojson")
    assert found.is_valid.all()
    assert set(found.geom_type) <= {"Polygon", "MultiPolygon"}
    covered = area_m2(
        shapely.union_all([shapely.make_valid(one) for one in shapely.get_parts(shape)])
    )
    assert report["area_after_m2"][0] == pytest.approx(covered)


def test_a_hole_outside_becomes_a_part_and_the_report_says_by_how_much():
    found, report = repair(layer(OUTSIDE_HOLE), "q.geojson")
    shell, hole = area_m2(box_of(0, 0, 4, 4)), area_m2(box_of(5, 5, 6, 6))
    assert report["area_after_m2"][0] == pytest.approx(shell + hole)
    assert report["difference_m2"][0] == pytest.approx(2 * hole)
    assert found.is_valid.all()


def test_quarters_without_surface_are_all_named():
    flat = placed((0, 0), (4, 4), (0, 0), (0, 0))
    with pytest.raises(DataFileError) as caught:
        repair(layer(flat, box_of(0, 0, 1, 1), flat), "q.geojson")
    assert str(caught.value) == (
        "q.geojson : contour sans surface pour QN00000A, QN00002A ; attendu : des polygones. "
        "Corrigez ces contours dans le fichier, ou retirez ces quartiers."
    )


def test_a_layer_in_metres_is_refused():
    with pytest.raises(CrsError, match="EPSG:4326"):
        repair(layer(box_of(0, 0, 1, 1), crs="EPSG:2154"), "q.geojson")


def test_areas_agree_with_the_metric_system_of_the_territory():
    metric = to_metric(atlas().quarters, atlas().territory.crs)
    for shape, projected in zip(atlas().quarters.geometry, metric.geometry, strict=True):
        assert area_m2(shape) == pytest.approx(projected.area, rel=4e-3)
    ring = Transformer.from_crs(5490, 4326, always_xy=True)
    overseas = shapely.transform(
        box(640_000, 1_790_000, 641_000, 1_791_000), lambda xy: np.array(ring.transform(*xy.T)).T
    )
    assert area_m2(overseas) == pytest.approx(1_000_000, rel=2e-3)


def test_the_layer_of_the_territory_needs_no_repair():
    assert atlas().repairs.empty
    assert sentence(atlas().repairs) == ""


def test_the_sentence_counts_repairs_and_gives_the_widest():
    _, one = repair(layer(BOW_TIE), "q")
    _, two = repair(layer(BOW_TIE, TOUCHING), "q")
    assert sentence(one).startswith(
        "1 contour réparé à la lecture ; plus grand écart de surface : 6"
    )
    assert "\u202f" in sentence(one)
    assert sentence(two).startswith("2 contours réparés")


points = st.tuples(st.integers(0, 12), st.integers(0, 12))
rings = st.lists(points, min_size=3, max_size=12, unique=True)


@settings(deadline=None)
@given(st.lists(rings, min_size=1, max_size=4))
def test_whatever_the_rings_codes_and_count_are_kept(drawn):
    shapes = [placed(*ring) for ring in drawn]
    flat = [shapely.make_valid(one, method="structure", keep_collapsed=False).is_empty
            for one in shapes]  # fmt: skip
    invalid = [code for code, one in zip(layer(*shapes)["qpv_code"], shapes, strict=True)
               if not one.is_valid]  # fmt: skip
    if any(flat):
        with pytest.raises(DataFileError, match="sans surface"):
            repair(layer(*shapes), "q")
        return
    found, report = repair(layer(*shapes), "q")
    assert found["qpv_code"].tolist() == layer(*shapes)["qpv_code"].tolist()
    assert report["qpv_code"].tolist() == invalid
    assert found.is_valid.all()
    assert not found.is_empty.any()
    assert (report["area_after_m2"] > 0).all()
    again, nothing = repair(found, "q")
    assert nothing.empty
    assert again.geometry.geom_equals_exact(found.geometry, 0).all()
