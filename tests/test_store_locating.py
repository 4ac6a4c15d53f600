"""Files of positions in, files of answers out: every format, nothing lost, nothing dangerous."""

import geopandas as gpd
import numpy as np
import openpyxl
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from shapely.geometry import LineString, Point, box

from geo.errors import AtlasError, ContractError, CrsError, DataFileError
from geo.location import locate
from store.locating import Request, locate_file
from store.positions import FORMATS, numbers, read_positions
from tests.samples import atlas

LOCATED = ["qpv_code", "qpv_name", "location_status", "distance_to_edge_m", "nearest_qpv_code"]
ADDED = [*LOCATED, "perimeter"]
REQUEST = Request(uncertainty_m=10.0, band_m=300.0)


def positions(n=120, seed=1):
    """Positions around the quarters, half of them within, one missing; codes with zeros."""
    rng = np.random.default_rng(seed)
    west, south, east, north = atlas().quarters.total_bounds
    frame = pd.DataFrame(
        {
            "code": [f"{k:05}" for k in range(n)],
            "lon": rng.uniform(west, east, n),
            "lat": rng.uniform(south, north, n),
        }
    )
    inside = atlas().quarters_metric.geometry.sample_points(4, rng=1).explode().to_crs(4326)
    frame.loc[: len(inside) - 1, ["lon", "lat"]] = np.column_stack([inside.x, inside.y])
    frame.loc[n - 1, ["lon", "lat"]] = np.nan
    return frame


def truth(frame):
    known = {**atlas().territory.nomenclature.uncertainty_m, "asked": 10.0}
    return locate(
        frame.assign(position_method="asked"), atlas().quarters_metric, atlas().territory.crs, known
    )


def write(frame, path):
    shapes = gpd.GeoDataFrame(frame, geometry=gpd.points_from_xy(frame.lon, frame.lat), crs=4326)
    shapes = shapes.set_geometry(shapes.geometry.mask(frame.lon.isna()))
    writers = {
        ".csv": lambda: frame.to_csv(path, sep=";", decimal=",", index=False),
        ".xlsx": lambda: frame.to_excel(path, index=False),
        ".geojson": lambda: path.write_text(shapes[["code", "geometry"]].to_json(), "utf-8"),
        ".gpkg": lambda: shapes[["code", "geometry"]].to_file(path),
        ".parquet": lambda: frame.to_parquet(path),
    }
    writers[path.suffix]()
    return path


@pytest.mark.parametrize("out", FORMATS)
@pytest.mark.parametrize("given", FORMATS)
def test_every_format_gives_the_answers_of_the_engine(tmp_path, given, out):
    frame = positions()
    source, target = write(frame, tmp_path / f"in{given}"), tmp_path / f"out{out}"
    outcome = locate_file(atlas(), REQUEST, source, target)
    found, expected = read_positions(target), truth(frame)
    assert list(found["code"]) == list(frame["code"])
    for column in ("qpv_code", "qpv_name", "location_status"):
        assert list(found[column].astype("object").fillna("")) == list(expected[column].fillna(""))
    reach = expected["distance_to_edge_m"] <= 600.0
    got = numbers(found["distance_to_edge_m"])
    np.testing.assert_allclose(got[reach], expected["distance_to_edge_m"][reach], atol=1e-3)
    assert list(found["nearest_qpv_code"][reach]) == list(expected["nearest_qpv_code"][reach])
    assert set(found["perimeter"]) == {"QPV 2024"}
    assert outcome.states == expected["location_status"].value_counts().to_dict()
    assert {"inside", "outside", "not_located"} <= set(outcome.states)


@pytest.mark.parametrize("given", [".csv", ".parquet"])
def test_a_band_is_told_by_exact_distance(tmp_path, given):
    frame = positions()
    target = tmp_path / "out.parquet"
    locate_file(atlas(), REQUEST, write(frame, tmp_path / f"in{given}"), target)
    metres = truth(frame)["distance_to_edge_m"].to_numpy()
    sure = ~np.isnan(metres) & (np.abs(np.maximum(metres, 0) - 300) >= 10)
    band = pq.read_table(target)["in_band"].to_pandas()
    assert list(band[sure]) == list(metres[sure] <= 300)
    assert band[~sure].isna().all()
    assert 0 < (metres[sure] <= 300).sum() < sure.sum()


@pytest.mark.parametrize("given", [".csv", ".parquet"])
def test_a_wide_band_reaches_as_far_as_asked(tmp_path, given):
    frame = positions()
    target = tmp_path / "out.parquet"
    request = Request(uncertainty_m=10.0, band_m=1500.0)
    locate_file(atlas(), request, write(frame, tmp_path / f"in{given}"), target)
    metres = truth(frame)["distance_to_edge_m"].to_numpy()
    sure = ~np.isnan(metres) & (np.abs(np.maximum(metres, 0) - 1500) >= 10)
    band = pq.read_table(target)["in_band"].to_pandas()
    assert list(band[sure]) == list(metres[sure] <= 1500)


@pytest.mark.parametrize("given", [".csv", ".parquet"])
def test_uncertainty_is_that_of_each_method_when_none_is_given(tmp_path, given):
    frame = positions(64).assign(position_method=["surveyed", "street", "locality", None] * 16)
    target = tmp_path / "out.parquet"
    locate_file(atlas(), Request(), write(frame, tmp_path / f"in{given}"), target)
    known = atlas().territory.nomenclature.uncertainty_m
    expected = locate(frame, atlas().quarters_metric, atlas().territory.crs, known)
    states = pq.read_table(target)["location_status"].to_pylist()
    assert states == list(expected["location_status"])
    assert {"inside", "undecided"} <= set(states)


def test_a_position_of_unknown_origin_is_as_vague_as_the_scale_says(tmp_path):
    frame = positions(64)
    for given in (".csv", ".parquet"):
        target = tmp_path / "out.parquet"
        found = locate_file(atlas(), Request(), write(frame, tmp_path / f"in{given}"), target)
        precise = locate_file(atlas(), REQUEST, tmp_path / f"in{given}", target)
        assert found.states["undecided"] > precise.states["undecided"]


def test_columns_and_metres_of_another_system(tmp_path):
    frame = positions()
    points = gpd.GeoSeries(gpd.points_from_xy(frame.lon, frame.lat), crs=4326).to_crs(2154)
    metres = pd.DataFrame({"code": frame["code"], "est": points.x, "nord": points.y})
    request = Request(uncertainty_m=10.0, lon="est", lat="nord", crs="2154")
    metres.to_parquet(tmp_path / "in.parquet")
    metres.to_csv(tmp_path / "in.csv", index=False)
    for given in ("in.parquet", "in.csv"):
        locate_file(atlas(), request, tmp_path / given, tmp_path / "out.parquet")
        states = pq.read_table(tmp_path / "out.parquet")["location_status"].to_pylist()
        assert states == list(truth(frame)["location_status"])


def test_a_layer_and_a_generation_may_be_given(tmp_path):
    layer = atlas().quarters[["qpv_code", "qpv_name", "geometry"]].head(3)
    layer = layer.rename(columns={"qpv_code": "code_qp", "qpv_name": "lib_qp"})
    layer.assign(code_qp=["QP062001", "QP062002", "QP062003"]).to_file(tmp_path / "q.gpkg")
    source = write(positions(), tmp_path / "in.csv")
    request = Request(qpv=tmp_path / "q.gpkg", generation=2015, uncertainty_m=5.0)
    locate_file(atlas(), request, source, tmp_path / "out.parquet")
    found = pd.read_parquet(tmp_path / "out.parquet")
    assert set(found["qpv_code"].dropna()) == {"QP062001", "QP062002", "QP062003"}
    assert set(found["perimeter"]) == {"QPV 2015"}
    with pytest.raises(DataFileError, match=r"quartiers de 2015 ; attendu : 2024 \(--generation\)"):
        locate_file(
            atlas(), Request(qpv=tmp_path / "q.gpkg", generation=2024), source, tmp_path / "a.csv"
        )
    with pytest.raises(DataFileError, match=r"n'a pas de couche des quartiers de 2015.*--qpv"):
        locate_file(atlas(), Request(generation=2015), source, tmp_path / "a.csv")


def test_lines_and_areas_are_shared_by_overlap(tmp_path):
    quarter = atlas().quarters_metric.geometry.iloc[0]
    x, y = quarter.representative_point().coords[0]
    far = quarter.bounds[2] + 5000
    shapes = [box(x - 1, y - 1, x + 1, y + 1), LineString([(x, y), (far, y)]), None, Point(x, y)]
    frame = gpd.GeoDataFrame({"code": list("abcd")}, geometry=shapes, crs=atlas().territory.crs)
    frame.to_file(tmp_path / "in.gpkg")
    locate_file(atlas(), Request(uncertainty_m=0.1), tmp_path / "in.gpkg", tmp_path / "out.geojson")
    found = read_positions(tmp_path / "out.geojson")
    assert list(found["location_status"]) == ["inside", "shared", "not_located", "inside"]
    assert found["share_in_quarters"][0] == pytest.approx(1)
    assert 0 < found["share_in_quarters"][1] < 1


def test_text_files_of_any_make_are_read(tmp_path):
    texts = {
        "semicolon.csv": "Nom;Longitude;Latitude\r\nÉcole;2,6412;50,5321\r\n",
        "comma.csv": 'Nom,Longitude,Latitude\nÉcole,"2,6412",50.5321\n',
        "tab.csv": "Nom\tx\ty\nÉcole\t2.6412\t50.5321",
    }
    for name, text in texts.items():
        for encoding in ("utf-8", "utf-8-sig", "cp1252"):
            (tmp_path / name).write_bytes(text.encode(encoding))
            locate_file(atlas(), REQUEST, tmp_path / name, tmp_path / "out.parquet")
            found = pd.read_parquet(tmp_path / "out.parquet")
            assert list(found["Nom"]) == ["École"]
            assert found["location_status"].iloc[0] != "not_located"


def test_no_row_is_lost_whatever_the_cells_hold(tmp_path):
    cells = [
        "",
        "abc",
        "NaN",
        "inf",
        "1e308",
        "-1",
        "2,6",
        "1_0",
        "2.6 ",
        "\u202f2,6",
        "'",
        "12:30",
    ]
    rows = "".join(f"{k};{cell};50,5\n" for k, cell in enumerate(cells))
    (tmp_path / "in.csv").write_text(f"k;lon;lat\n{rows}\n99\n", encoding="utf-8")
    outcome = locate_file(atlas(), REQUEST, tmp_path / "in.csv", tmp_path / "out.csv")
    found = read_positions(tmp_path / "out.csv")
    assert list(found["k"].fillna("")) == [*map(str, range(len(cells))), "", "99"]
    assert outcome.states.total() == len(cells) + 2
    located = found["location_status"] != "not_located"
    assert list(found["k"][located]) == ["5", "6", "8", "9"]


@pytest.mark.parametrize("out", [".csv", ".xlsx"])
def test_a_cell_cannot_become_a_formula_nor_a_number_a_text(tmp_path, out):
    text = "code;valeur;texte;lon;lat\n007;-1,5;=1+1;-1,55;50,5\n008;2;@x;2,6;50,5\n"
    (tmp_path / "in.csv").write_text(text, encoding="utf-8")
    target = tmp_path / f"out{out}"
    locate_file(atlas(), REQUEST, tmp_path / "in.csv", target)
    if out == ".csv":
        first = target.read_text("utf-8-sig").splitlines()[1]
        assert first.startswith("007;-1,5;'=1+1;-1,55;50,5;")
    else:
        cells = openpyxl.load_workbook(target).worksheets[0][2]
        assert [cell.value for cell in cells[:3]] == ["007", "-1,5", "=1+1"]
        assert {cell.data_type for cell in cells[:3]} == {"s"}


def test_a_file_read_in_the_wrong_system_is_refused_with_the_remedy(tmp_path):
    frame = positions()
    points = gpd.GeoSeries(gpd.points_from_xy(frame.lon, frame.lat), crs=4326).to_crs(2154)
    swapped = frame.rename(columns={"lon": "lat", "lat": "lon"})
    metres = frame.assign(lon=points.x, lat=points.y)
    for given in (".csv", ".parquet"):
        source, target = tmp_path / f"in{given}", tmp_path / "out.csv"
        write(swapped, source)
        with pytest.raises(CrsError, match=r"Longitude et latitude inversées.*--lon et --lat"):
            locate_file(atlas(), REQUEST, source, target.with_suffix(given))
        write(metres, source)
        with pytest.raises(CrsError, match=r"Lambert-93 \(EPSG:2154\).*--crs"):
            locate_file(atlas(), REQUEST, source, target.with_suffix(given))
        assert not target.with_suffix(given).exists()


def test_a_few_misread_positions_are_left_out_and_said(tmp_path):
    frame = positions()
    frame.loc[7, ["lon", "lat"]] = frame["lat"][7], frame["lon"][7]
    source, target = write(frame, tmp_path / "in.csv"), tmp_path / "out.csv"
    outcome = locate_file(atlas(), REQUEST, source, target)
    (warning,) = outcome.warnings
    assert "1 positions sur 119 semblent mal lues. Première, enregistrement 8" in warning
    assert "« non localisées »" in warning
    assert read_positions(target)["location_status"][7] == "not_located"


def swapped_from(begin, end, n=3000, group=500):
    """Positions of which rows ``begin`` to ``end`` have longitude and latitude exchanged."""
    frame = pd.concat([positions()] * (n // 120), ignore_index=True)
    rows = slice(begin, end - 1)
    frame.loc[rows, ["lon", "lat"]] = frame.loc[rows, ["lat", "lon"]].to_numpy(copy=True)
    return pa.Table.from_pandas(frame), group


def test_a_parquet_file_is_judged_from_end_to_end_before_it_is_answered(tmp_path):
    source, target = tmp_path / "in.parquet", tmp_path / "out.parquet"
    table, group = swapped_from(1000, 3000)
    pq.write_table(table, source, row_group_size=group)
    with pytest.raises(CrsError, match=r"enregistrement 1001 : .*inversées.*--lon et --lat"):
        locate_file(atlas(), REQUEST, source, target)
    assert not target.exists()


def test_misread_positions_of_a_parquet_file_are_said_wherever_they_are(tmp_path):
    source, target = tmp_path / "in.parquet", tmp_path / "out.parquet"
    table, group = swapped_from(2300, 2500)  # the end of a row group, away from its first rows
    pq.write_table(table, source, row_group_size=group)
    outcome = locate_file(atlas(), REQUEST, source, target)
    told = next(words for words in outcome.warnings if "mal lues" in words)
    assert "d'un échantillon" in told
    row = int(told.split("enregistrement ")[1].split(" ")[0])
    assert 2300 < row <= 2500
    assert "corrigez ces positions" in told
    assert outcome.states.total() == pq.read_metadata(target).num_rows == 3000
    honest, _ = swapped_from(0, 0)
    pq.write_table(honest, source, row_group_size=group)
    outcome = locate_file(atlas(), REQUEST, source, target)
    assert not [words for words in outcome.warnings if "mal lues" in words]


WRONG = {
    "no column": (
        "a;b\n1;2\n",
        "--lon : « une colonne parmi lon, lng, .*Colonnes du fichier : a, b",
    ),
    "taken column": ("lon;lat;qpv_code\n2;50;x\n", "colonne « qpv_code » déjà présente"),
    "twice": ("lon;lat;lat\n2;50;50\n", r"colonne\(s\) lat présente\(s\) plusieurs fois"),
    "too many cells": (
        "lon;lat\n2;50\n2;50;1\n",
        r"plus de cellules que de colonnes, ligne\(s\) 3",
    ),
    "empty": ("", "aucune ligne d'en-tête"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_table_is_refused_in_words(tmp_path, case):
    text, message = WRONG[case]
    (tmp_path / "in.csv").write_text(text, encoding="utf-8")
    with pytest.raises(AtlasError, match=message):
        locate_file(atlas(), REQUEST, tmp_path / "in.csv", tmp_path / "out.csv")
    assert not (tmp_path / "out.csv").exists()


@pytest.mark.parametrize("given", FORMATS)
def test_a_file_that_is_not_what_its_name_says_is_refused(tmp_path, given):
    source = tmp_path / f"in{given}"
    source.write_bytes(b"\x81\x00\xff")
    with pytest.raises(AtlasError, match=source.name):
        locate_file(atlas(), REQUEST, source, tmp_path / "out.csv")
    source.unlink()
    with pytest.raises(DataFileError, match=source.name):
        locate_file(atlas(), REQUEST, source, tmp_path / "out.csv")


def test_wrong_requests_are_refused_in_words(tmp_path):
    source, target = write(positions(), tmp_path / "in.csv"), tmp_path / "out.csv"
    with pytest.raises(
        DataFileError, match=r"format « .doc » inconnu ; attendu : un nom qui finit"
    ):
        locate_file(atlas(), REQUEST, source, tmp_path / "out.doc")
    with pytest.raises(DataFileError, match="la sortie est le fichier lu"):
        locate_file(atlas(), REQUEST, source, source)
    with pytest.raises(ContractError, match="--uncertainty-m : -1 refusé ; --band-m : nan refusé"):
        locate_file(atlas(), Request(uncertainty_m=-1, band_m=float("nan")), source, target)
    with pytest.raises(CrsError, match="système de coordonnées « 99 » inconnu"):
        locate_file(atlas(), Request(crs="99"), source, target)


def test_a_failure_leaves_the_former_file(tmp_path):
    target = tmp_path / "out.geojson"
    target.write_text("avant", encoding="utf-8")
    (tmp_path / "in.csv").write_text("a;b\n1;2\n", encoding="utf-8")
    with pytest.raises(ContractError):
        locate_file(atlas(), REQUEST, tmp_path / "in.csv", target)
    assert target.read_text("utf-8") == "avant"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.csv", "out.geojson"]


def test_memory_does_not_grow_with_the_length_of_a_parquet_file(tmp_path):
    table, groups = pa.Table.from_pandas(positions(10_000)), 60
    source, target = tmp_path / "in.parquet", tmp_path / "out.parquet"
    with pq.ParquetWriter(source, table.schema) as writer:
        for _ in range(groups):
            writer.write_table(table)
    held: list[int] = []
    steps: list[tuple[int, int]] = []

    def watch(done, total):
        held.append(pa.total_allocated_bytes())
        steps.append((done, total))

    before = pa.total_allocated_bytes()
    locate_file(atlas(), REQUEST, source, target, watch)
    assert steps == [(10_000 * (k + 1), 10_000 * groups) for k in range(groups)]
    assert pq.read_metadata(target).num_rows == 10_000 * groups
    assert max(held) - before < groups * table.nbytes / 4
