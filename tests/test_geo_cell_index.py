import pickle
import time
from functools import cache
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import shapely
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pyproj import Transformer
from shapely.geometry import LineString, MultiPolygon, Point, Polygon, box

from geo import cell_grid, location
from geo.cell_digest import REACH_M, layer_digest
from geo.cell_index import CellIndex
from geo.crs import metric_crs
from geo.errors import ContractError, CrsError, DataFileError
from geo.stream import Question, locate_parquet

QUARTERS = Path(__file__).resolve().parent.parent / "data" / "qpv" / "qpv_2024.geojson"
L93 = "EPSG:2154"
WGS84 = "EPSG:4326"
ORIGIN = np.array([650_000.0, 7_040_000.0])
UNCERTAINTY = {"surveyed": 5.0, "street": 100.0, "commune": 5000.0, "unknown": 100.0}
INSIDE, OUTSIDE, UNDECIDED, NOT_LOCATED = range(4)
few = settings(max_examples=40, deadline=None)


def layer_of(*shapes, crs=L93):
    codes = [f"QN062{k:02d}M" for k in range(len(shapes))]
    return gpd.GeoDataFrame({"qpv_code": codes}, geometry=list(shapes), crs=crs)


def moved(shape, x=0.0, y=0.0):
    return shapely.transform(shape, lambda points: points + ORIGIN + [x, y])


@cache
def real():
    layer = gpd.read_file(QUARTERS).rename(columns={"code_qp": "qpv_code", "lib_qp": "qpv_name"})
    return layer[["qpv_code", "qpv_name", "geometry"]].to_crs(L93)


def members(shapes, x, y):
    """Truth: GEOS' exact predicates, the lowest quarter first."""
    found = np.full(len(x), -1)
    for k in reversed(range(len(shapes))):
        found[shapely.intersects_xy(shapes[k], x, y)] = k
    return found


def points_of(x, y):
    return np.asarray(shapely.points(np.column_stack([x, y])))


def signed(shapes, member, x, y, reach=REACH_M):
    away = shapely.distance(shapely.boundary(shapes)[:, None], points_of(x, y)[None])
    own = away[np.maximum(member, 0), np.arange(len(x))]
    least = away.min(axis=0)
    return np.where(member >= 0, -own, np.where(least <= reach, least, np.nan))


def around(shapes, rng, each=40):
    """Points where faults would hide: vertices, edges, a hair beside them, near and far."""
    corners = shapely.get_coordinates(shapes)
    middles = (corners[1:] + corners[:-1]) / 2
    exact = np.vstack([corners, middles])
    hair = exact + rng.normal(0, 1e-9, exact.shape)
    level = np.column_stack([rng.permutation(exact[:, 0]), exact[:, 1]])
    low, high = exact.min(0) - 900, exact.max(0) + 900
    anywhere = rng.uniform(low, high, (each * len(shapes), 2))
    points = np.vstack([exact, hair, level, anywhere])
    return points[:, 0], points[:, 1]


HOLED = moved(box(0, 0, 1000, 800).difference(box(300, 200, 700, 600)))
LAYERS = {
    "two squares sharing an edge": [moved(box(0, 0, 400, 400)), moved(box(400, 0, 800, 400))],
    "overlapping": [moved(box(0, 0, 500, 500)), moved(box(250, 250, 900, 900), 0.1, 0.3)],
    "one within another": [moved(Point(500, 500).buffer(200)), moved(box(0, 0, 1000, 1000))],
    "a hole, and a quarter in it": [HOLED, moved(box(300, 200, 700, 600))],
    "several parts": [
        MultiPolygon([moved(box(0, 0, 300, 200)), moved(box(5000, 900, 5200, 1300))]),
        moved(Polygon([(600, 0), (900, 50), (750, 700)])),
    ],
    "a great one and a tiny one": [moved(Point(0, 0).buffer(9000)), moved(box(0, 0, 0.5, 0.5))],
}


@pytest.mark.parametrize("name", LAYERS)
def test_members_and_distances_are_those_of_geos(name):
    layer = layer_of(*LAYERS[name])
    shapes = layer.geometry.to_numpy()
    x, y = around(shapes, np.random.default_rng(1))
    index = CellIndex.build(layer)
    member = members(shapes, x, y)
    np.testing.assert_array_equal(index.locate(x, y), member)
    found = index.measure(x, y, 0)
    np.testing.assert_array_equal(found.member, member)
    np.testing.assert_allclose(found.distance_m, signed(shapes, member, x, y), rtol=0, atol=1e-6)


def test_real_quarters_give_the_answers_of_geos():
    layer = real()
    shapes = layer.sort_values("qpv_code").geometry.to_numpy()
    x, y = around(shapes, np.random.default_rng(2))
    index = CellIndex.build(layer)
    member = members(shapes, x, y)
    assert (member >= 0).sum() > 5000 < (member < 0).sum()
    np.testing.assert_array_equal(index.locate(x, y), member)
    found = index.measure(x, y, 0).distance_m
    np.testing.assert_allclose(found, signed(shapes, member, x, y), rtol=0, atol=1e-6)


def test_points_on_the_limits_of_cells():
    layer = real()
    shapes = layer.sort_values("qpv_code").geometry.to_numpy()
    index = CellIndex.build(layer)
    u0, v0, per_u, per_v, columns, rows = index._quarters.grid
    steps = np.random.default_rng(3).uniform(0, 1, 4000)
    x = u0 + np.floor(steps * columns) / per_u
    y = v0 + np.floor(steps[::-1] * rows) / per_v
    x = np.concatenate([x, np.nextafter(x, 0), x])
    y = np.concatenate([y, y, np.nextafter(y, 1e9)])
    np.testing.assert_array_equal(index.locate(x, y), members(shapes, x, y))


coordinates = st.one_of(
    st.floats(allow_nan=True, allow_infinity=True),
    st.integers(-20, 120).map(lambda tens: 10.0 * tens),
    st.floats(-200, 1200),
)
STAR = Polygon([(0, 0), (400, 130), (1000, 10), (610, 420), (700, 1000), (330, 500), (10, 900)])


@pytest.fixture(scope="module")
def odd_layer():
    layer = layer_of(STAR, box(330, 130, 1000, 500), box(1000, 10, 1100, 1000))
    return layer.geometry.to_numpy(), CellIndex.build(layer)


@given(st.lists(st.tuples(coordinates, coordinates), max_size=30))
@example([(1e308, 0.0), (-1e308, 1e308), (np.nan, 0.0), (np.inf, -np.inf)])
@few
def test_any_numbers_get_the_answer_of_geos(odd_layer, points):
    shapes, index = odd_layer
    x, y = np.array(points, dtype="float64").reshape(-1, 2).T
    np.testing.assert_array_equal(index.locate(x, y), members(shapes, x, y))
    for doubt in (5, 5000):
        states = index.measure(x, y, doubt).state
        np.testing.assert_array_equal(states == NOT_LOCATED, ~(np.isfinite(x) & np.isfinite(y)))


near_one = st.floats(0, 1).map(lambda t: t**3)


@given(st.lists(st.tuples(st.integers(0, 6), near_one, st.floats(-1e-9, 1e-9)), min_size=1))
@few
def test_a_hair_beside_an_edge(odd_layer, draws):
    shapes, index = odd_layer
    ring = np.array(STAR.exterior.coords)
    points = [ring[k] + t * (ring[k + 1] - ring[k]) + hair for k, t, hair in draws]
    x, y = np.array(points).T
    np.testing.assert_array_equal(index.locate(x, y), members(shapes, x, y))


@given(
    st.lists(
        st.lists(st.tuples(*2 * [st.integers(0, 900)]), min_size=3, max_size=8),
        min_size=1,
        max_size=3,
    ),
    st.integers(0, 2**32),
)
@few
def test_any_shapes_give_the_answers_of_geos(rings, seed):
    hulls = [shapely.make_valid(Polygon(ring)) for ring in rings]
    far = [moved(one, 0.37, 0.11) for one in hulls if one.geom_type in ("Polygon", "MultiPolygon")]
    shapes = np.array([one for one in far if one.is_valid])  # moving rounds a touch into a cross
    if not shapes.size:
        return
    index = CellIndex.build(layer_of(*shapes))
    rng = np.random.default_rng(seed)
    x, y = around(shapes, rng)
    # And on the limits of the finest cells, where two cells must not disagree.
    u0, v0, per_u, per_v, columns, rows = index._quarters.grid
    limits = np.floor(rng.uniform(0, [columns, rows], (400, 2))) / [per_u, per_v] + [u0, v0]
    across = np.column_stack([rng.choice(x, 400), limits[:, 1]])
    x, y = np.vstack([np.column_stack([x, y]), limits, across]).T
    np.testing.assert_array_equal(index.locate(x, y), members(shapes, x, y))


def positions(rng, n):
    """Longitudes and latitudes about the real quarters, some far, some impossible."""
    west, south, east, north = real().to_crs(WGS84).total_bounds
    lon = rng.uniform(west - 0.1, east + 0.1, n)
    lat = rng.uniform(south - 0.1, north + 0.1, n)
    odd = [(0, 0), (181, 50), (2.5, 91), (np.nan, 50), (np.inf, 50), (1e308, 1e308), (-61.5, 16.2)]
    odd += [(3, -90), (3, -89.9), (-177, -50), (2.5, 50.3)]
    lon[: len(odd)], lat[: len(odd)] = np.array(odd, dtype="float64").T
    return lon, lat


@pytest.fixture(scope="module")
def degrees():
    return CellIndex.build(real(), points_crs=WGS84, npnru=["QN06211M", "QN06208M"])


def simple(lon, lat, methods):
    frame = pd.DataFrame({"lon": lon, "lat": lat, "position_method": methods})
    return location.locate(frame, real(), metric_crs(L93), UNCERTAINTY)


def test_longitudes_and_latitudes_get_the_answer_of_the_simple_engine(degrees):
    rng = np.random.default_rng(4)
    lon, lat = positions(rng, 4000)
    methods = rng.choice(["surveyed", "street", "commune"], lon.size)
    want = simple(lon, lat, methods)
    found = degrees.measure(
        lon, lat, [UNCERTAINTY[name] for name in methods], never_inside=methods == "commune"
    )
    states = [location.STATES[k] for k in found.state]
    assert set(states) == set(location.STATES)
    assert states == want["location_status"].tolist()
    inside = [degrees.codes[k] if s == INSIDE else None for k, s in zip(*found[:2], strict=True)]
    assert inside == want["qpv_code"].astype(object).where(want["qpv_code"].notna(), None).tolist()
    known = ~np.isnan(found.distance_m)
    assert known[(want["distance_to_edge_m"] <= REACH_M).to_numpy()].all()
    np.testing.assert_allclose(
        found.distance_m[known], want["distance_to_edge_m"][known], rtol=0, atol=1e-6
    )
    nearest = [degrees.codes[k] for k in found.nearest[known]]
    assert nearest == want["nearest_qpv_code"][known].tolist()


def test_vertices_given_in_degrees(degrees):
    lon, lat = shapely.get_coordinates(real().to_crs(WGS84).geometry.to_numpy()).T
    x, y = Transformer.from_crs(WGS84, L93, always_xy=True).transform(lon, lat)
    shapes = real().sort_values("qpv_code").geometry.to_numpy()
    np.testing.assert_array_equal(degrees.locate(lon, lat), members(shapes, x, y))


def test_a_layer_in_degrees_answers_in_its_own_plane():
    layer = real().to_crs(WGS84)
    shapes = layer.sort_values("qpv_code").geometry.to_numpy()
    lon, lat = positions(np.random.default_rng(5), 5000)
    index = CellIndex.build(layer)
    np.testing.assert_array_equal(index.locate(lon, lat), members(shapes, lon, lat))
    with pytest.raises(CrsError, match="EPSG:2154"):
        index.measure(lon, lat, 5)


@pytest.mark.parametrize(
    ("crs", "place"), [("EPSG:2975", (55.5, -21.1)), ("EPSG:5490", (-61.5, 16))]
)
def test_overseas_positions_in_degrees(crs, place):
    x, y = Transformer.from_crs(WGS84, crs, always_xy=True).transform(*place)
    layer = layer_of(Point(x, y).buffer(500), box(x + 400, y, x + 900, y + 900), crs=crs)
    rng = np.random.default_rng(6)
    lon, lat = (centre + rng.normal(0, 0.01, 3000) for centre in place)
    x, y = Transformer.from_crs(WGS84, crs, always_xy=True).transform(lon, lat)
    shapes = layer.geometry.to_numpy()
    found = CellIndex.build(layer, points_crs=WGS84).measure(lon, lat, 0)
    member = members(shapes, x, y)
    np.testing.assert_array_equal(found.member, member)
    np.testing.assert_allclose(found.distance_m, signed(shapes, member, x, y), rtol=0, atol=1e-6)


def band(away, width, doubt):
    sure = np.where(away <= width, INSIDE, OUTSIDE)
    return np.where(np.abs(away - width) < doubt, UNDECIDED, sure)


@pytest.mark.parametrize("doubt", [0.0, 100.0, 1000.0])
def test_states_and_bands(doubt):
    shapes = np.array([box(0, 0, 400, 400), box(300, 300, 900, 700), box(2500, 0, 2900, 400)])
    layer = layer_of(*(moved(shape) for shape in shapes))
    sites = ["QN06201M"]
    rng = np.random.default_rng(7)
    x, y = (rng.uniform(-2500, 5500, 4000) for _ in range(2))
    found = CellIndex.build(layer, npnru=sites).measure(x + ORIGIN[0], y + ORIGIN[1], doubt)
    points = points_of(x, y)
    to_area = shapely.distance(shapes[:, None], points[None])
    member = members(shapes, x, y)
    to_edge = signed(shapes, member, x, y, np.inf)
    want = np.where(np.abs(to_edge) < doubt, UNDECIDED, np.where(member >= 0, INSIDE, OUTSIDE))
    np.testing.assert_array_equal(found.state, want)
    np.testing.assert_array_equal(found.band, band(to_area.min(axis=0), 300, doubt))
    np.testing.assert_array_equal(found.npnru_band, band(to_area[1], 500, doubt))


def test_the_band_of_a_site_where_another_quarter_is_nearer():
    centre = moved(Point(0, 0))
    site, around_it = centre.buffer(300, 64), centre.buffer(900).difference(centre.buffer(840))
    shapes = np.array([around_it, site])
    index = CellIndex.build(layer_of(*shapes), npnru=["QN06201M"])
    turn, away = np.random.default_rng(13).uniform([0, 795], [7, 805], (4000, 2)).T
    x, y = ORIGIN[0] + away * np.cos(turn), ORIGIN[1] + away * np.sin(turn)
    found = index.measure(x, y, 0)
    assert set(found.nearest) == {0}
    want = band(shapely.distance(site, points_of(x, y)), 500, 0)
    assert {*want} == {INSIDE, OUTSIDE}
    np.testing.assert_array_equal(found.npnru_band, want)


def test_without_a_renewal_site_its_band_is_empty():
    found = CellIndex.build(layer_of(moved(box(0, 0, 400, 400)))).measure(
        ORIGIN[:1], ORIGIN[1:], 10
    )
    assert found.band.tolist() == [INSIDE]
    assert found.npnru_band.tolist() == [OUTSIDE]


def test_equal_distances_name_the_lowest_code():
    layer = layer_of(moved(box(800, 0, 1200, 400)), moved(box(0, 0, 400, 400)))
    found = CellIndex.build(layer).measure([ORIGIN[0] + 600], [ORIGIN[1] + 200], 5)
    assert found.nearest.tolist() == [0]
    assert found.distance_m.tolist() == [200.0]


def test_the_order_of_rows_does_not_count():
    layer = real()
    turned = layer.iloc[::-1]
    x, y = around(layer.geometry.to_numpy(), np.random.default_rng(8), each=10)
    one, other = CellIndex.build(layer), CellIndex.build(turned)
    assert one.codes == other.codes == tuple(sorted(layer["qpv_code"]))
    np.testing.assert_array_equal(one.locate(x, y), other.locate(x, y))
    assert layer_digest(layer) == layer_digest(turned) == one.digest


def test_many_points_are_answered_as_one_by_one(odd_layer):
    _, index = odd_layer
    rng = np.random.default_rng(9)
    x, y = rng.uniform(-700, 1800, (2, 700_000))
    found = index.measure(x, y, rng.uniform(0, 50, x.size))
    np.testing.assert_array_equal(found.member, index.locate(x, y, workers=1))
    some = rng.integers(0, x.size, 2000)
    alone = index.measure(x[some], y[some], 0, workers=1)
    np.testing.assert_array_equal(found.distance_m[some], alone.distance_m)
    np.testing.assert_array_equal(found.nearest[some], alone.nearest)


def test_no_point_at_all(odd_layer):
    _, index = odd_layer
    assert index.locate([], []).shape == (0,)
    assert all(values.shape == (0,) for values in index.measure([], [], 5))


def test_quarters_without_a_contour_hold_nothing():
    layer = layer_of(None, moved(box(0, 0, 400, 400)), Polygon())
    index = CellIndex.build(layer)
    assert index.codes == ("QN06201M",)
    assert index.locate([ORIGIN[0] + 5], [ORIGIN[1] + 5]).tolist() == [0]


def test_shapes_without_an_exact_inside_are_refused_together():
    bow = Polygon([(0, 0), (1, 1), (1, 0), (0, 1)])
    with pytest.raises(ContractError) as refusal:
        CellIndex.build(layer_of(bow, LineString([(0, 0), (1, 1)]), box(0, 0, 1, 1)))
    message = str(refusal.value)
    assert "QN06200M : contour non valide" in message
    assert "QN06201M : LineString, attendu : polygone" in message
    assert "QN06202M" not in message
    with pytest.raises(ContractError, match="aucun quartier"):
        CellIndex.build(layer_of(None))
    with pytest.raises(ContractError, match="Portée de 0 m"):
        CellIndex.build(layer_of(box(0, 0, 1, 1)), reach_m=0)
    with pytest.raises(CrsError, match="aucun système"):
        CellIndex.build(layer_of(box(0, 0, 1, 1), crs=None))


def test_bad_arguments_are_refused_in_words(odd_layer):
    _, index = odd_layer
    with pytest.raises(ContractError, match="même longueur"):
        index.locate([1, 2], [1])
    for doubt in (-1, np.nan, np.inf, [5, np.nan]):
        with pytest.raises(ContractError, match="Incertitude absente"):
            index.measure([1, 2], [1, 2], doubt)
    with pytest.raises(ContractError, match="un par position"):
        index.measure([1, 2], [1, 2], [1, 2, 3])


def test_saved_and_reopened(tmp_path, degrees):
    file = tmp_path / "quarters.index"
    degrees.save(file)
    assert [path.name for path in tmp_path.iterdir()] == ["quarters.index"]
    start = time.perf_counter()
    again = CellIndex.load(file, degrees.digest)
    assert time.perf_counter() - start < 0.5
    lon, lat = positions(np.random.default_rng(10), 3000)
    lon = np.append(lon, 2.55)
    lat = np.append(lat, 50.48)
    for one, other in ((again, degrees), (pickle.loads(pickle.dumps(again)), degrees)):  # noqa: S301
        for left, right in zip(
            one.measure(lon, lat, 5000), other.measure(lon, lat, 5000), strict=True
        ):
            np.testing.assert_array_equal(left, right)
        assert (one.codes, one.names) == (other.codes, other.names)


def test_another_layer_or_other_options_make_it_stale(tmp_path):
    layer, file = real(), tmp_path / "quarters.index"
    index = CellIndex.build(layer)
    index.save(file)
    nudged = layer.set_geometry(layer.translate(1e-6))
    others = [
        layer_digest(nudged),
        layer_digest(layer.iloc[1:]),
        layer_digest(layer, npnru=["QN06211M"]),
        layer_digest(layer, reach_m=500),
        layer_digest(layer, points_crs=WGS84),
        layer_digest(layer.assign(qpv_name="x")),
    ]
    assert len({*others, index.digest}) == 7
    for digest in others:
        with pytest.raises(DataFileError, match="périmé"):
            CellIndex.load(file, digest)


@pytest.mark.parametrize("fault", ["missing", "empty", "cut", "altered", "other"])
def test_a_damaged_index_is_refused(tmp_path, fault):
    file = tmp_path / "quarters.index"
    index = CellIndex.build(layer_of(moved(box(0, 0, 400, 400))))
    index.save(file)
    content = bytearray(file.read_bytes())
    if fault in ("altered", "other"):
        content[len(content) // 2 if fault == "altered" else 0] ^= 1
    length = {"empty": 0, "cut": len(content) // 2}.get(fault, len(content))
    file.write_bytes(content[:length])
    if fault == "missing":
        file.unlink()
    with pytest.raises(DataFileError, match="Reconstruisez-le"):
        CellIndex.load(file, index.digest)


def test_cells_grow_when_the_layer_is_wide(monkeypatch):
    monkeypatch.setattr(cell_grid, "MOST_BLOCKS", 9)
    layer = layer_of(moved(box(0, 0, 300, 300)), moved(box(90_000, 50_000, 90_400, 50_300)))
    index = CellIndex.build(layer)
    assert index._near.blocks.size <= 9
    shapes = layer.geometry.to_numpy()
    x, y = around(shapes, np.random.default_rng(11), each=2000)
    np.testing.assert_array_equal(index.locate(x, y), members(shapes, x, y))


def write_positions(path, n=5000, group=700, **more):
    rng = np.random.default_rng(12)
    lon, lat = positions(rng, n)
    table = pa.table(
        {
            "id": pa.array([f"{k:05d}" for k in range(n)]),
            "lon": pa.array(lon, from_pandas=True),
            "lat": lat,
            "doubt": rng.choice([5.0, 100.0], n),
            "when": pa.array(np.arange(n), pa.timestamp("ms", tz="Europe/Paris")),
            **more,
        }
    )
    pq.write_table(table, path, row_group_size=group)
    return table


@pytest.mark.parametrize("longest", [1 << 20, 300])
def test_a_parquet_file_keeps_its_rows_and_columns(tmp_path, degrees, monkeypatch, longest):
    monkeypatch.setattr("geo.stream._LONGEST", longest)
    monkeypatch.setattr("geo.stream._BATCH", 256)
    source, target = tmp_path / "in.parquet", tmp_path / "out.parquet"
    table = write_positions(source)
    steps = []
    question = Question("lon", "lat", "doubt", perimeter="QPV 2024")
    rows = locate_parquet(
        source, target, degrees, question, progress=lambda *step: steps.append(step)
    )
    assert rows == 5000
    assert steps[-1] == (5000, 5000)
    assert sorted(steps) == steps
    assert len(steps) > 7
    written = pq.read_table(target)
    assert written.select(table.column_names).equals(table)
    lon, lat = (table[name].to_numpy() for name in ("lon", "lat"))
    methods = np.where(table["doubt"].to_numpy() == 5, "surveyed", "street")
    want = simple(lon, lat, methods)
    for name in ("qpv_code", "location_status"):
        found = written[name].cast(pa.string()).to_pylist()
        assert found == want[name].astype(object).where(want[name].notna(), None).tolist()
    away = want["distance_to_edge_m"].where(want["distance_to_edge_m"] <= REACH_M)
    np.testing.assert_allclose(written["distance_to_edge_m"].to_numpy(), away, rtol=0, atol=1e-6)
    assert written["distance_to_edge_m"].null_count == away.isna().sum()
    assert set(written["perimeter"].to_pylist()) == {"QPV 2024"}
    assert [path.name for path in sorted(tmp_path.iterdir())] == ["in.parquet", "out.parquet"]


def test_without_an_uncertainty_only_the_quarter_is_told(tmp_path, degrees):
    source, target = tmp_path / "in.parquet", tmp_path / "out.parquet"
    table = write_positions(source)
    locate_parquet(source, target, degrees, Question("lon", "lat"))
    written = pq.read_table(target)
    assert written.column_names == [*table.column_names, "qpv_code", "qpv_name"]
    member = degrees.locate(table["lon"].to_numpy(), table["lat"].to_numpy())
    assert (member >= 0).any()
    assert written["qpv_code"].to_pylist() == [degrees.codes[k] if k >= 0 else None for k in member]
    assert written["qpv_name"].to_pylist() == [degrees.names[k] if k >= 0 else None for k in member]


def test_an_empty_parquet_file_stays_one(tmp_path, degrees):
    source, target = tmp_path / "in.parquet", tmp_path / "out.parquet"
    pq.write_table(
        pa.table({"lon": pa.array([], pa.float64()), "lat": pa.array([], pa.int64())}), source
    )
    assert locate_parquet(source, target, degrees, Question("lon", "lat", 5.0)) == 0
    assert pq.read_table(target).num_rows == 0


def test_parquet_refusals_name_every_fault(tmp_path, degrees):
    source, target = tmp_path / "in.parquet", tmp_path / "out.parquet"
    write_positions(source, qpv_code=pa.array(["x"] * 5000))
    with pytest.raises(ContractError) as refusal:
        locate_parquet(source, target, degrees, Question("id", "latitude", 5.0))
    for words in ("« latitude » absente", "« id » de type string", "« qpv_code » déjà présente"):
        assert words in str(refusal.value)
    with pytest.raises(DataFileError, match="lu lui-même"):
        locate_parquet(source, source, degrees, Question("lon", "lat"))
    with pytest.raises(DataFileError, match="absent"):
        locate_parquet(tmp_path / "no.parquet", target, degrees, Question("lon", "lat"))
    assert not target.exists()


def test_a_parquet_file_damaged_within_leaves_no_output(tmp_path, degrees):
    source, target = tmp_path / "in.parquet", tmp_path / "out.parquet"
    write_positions(source)
    content = bytearray(source.read_bytes())
    content[2000:60_000] = b"\xff" * 58_000
    source.write_bytes(content)
    with pytest.raises(DataFileError, match="tronqué ou altéré"):
        locate_parquet(source, target, degrees, Question("lon", "lat"))
    assert [path.name for path in tmp_path.iterdir()] == ["in.parquet"]
