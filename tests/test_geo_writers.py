"""Files that leave the atlas: valid, exact, and harmless in a spreadsheet."""

import csv
import io
import json
from decimal import Decimal

import geopandas as gpd
import pandas as pd
import pyogrio
import pytest
from geojson_validator import validate_geometries, validate_structure
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import Point, Polygon

from analysis.programme import by_quarter, grand_total
from analysis.selection import Selection
from geo.errors import CrsError, DataFileError
from geo.writers import publish, to_csv, to_geojson, write_file
from store.exports import export_bytes, export_name
from store.tables import selected
from tests.samples import atlas

DEMO = Selection("demo", 2025)
CLOCKWISE = Polygon([(0, 0), (0, 3), (3, 3), (3, 0)], [[(1, 1), (2, 1), (2, 2), (1, 2)]])
HOSTILE = (
    "=1+1",
    "+33 3 21",
    "-5",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "\n=1",
    " =1",
    "'=1",
    "＝1",
    'a;b"c\r\nd',
    "nul\x00ici",
    "[1, 2]",
    '{"a": 1}',
    "<script>",
    "{{ 7*7 }}",
)
# Everything UTF-8 can say: a lone surrogate is not text.
texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)


def points(names, crs="EPSG:4326", **columns):
    shapes = [Point(2.5, 50.5)] * len(names)
    return gpd.GeoDataFrame(
        {"nom": pd.Series(names, dtype="str"), **columns}, geometry=shapes, crs=crs
    )


def read_csv(content):
    assert content.startswith(b"\xef\xbb\xbf")
    text = content.decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline=""), delimiter=";"))


def without_mark(cell):
    return cell[1:] if cell.startswith("'") else cell


@pytest.mark.parametrize("what", ["quarters", "projects"])
@pytest.mark.parametrize(
    "selection", [DEMO, Selection("postes", 2023), Selection("demo", 2025, themes=("none",))]
)
def test_geojson_is_valid(what, selection):
    content = json.loads(export_bytes(atlas(), selection, what, "geojson"))
    assert validate_structure(content, check_crs=True) == {}
    assert set(content) == {"type", "features"}
    if any(feature["geometry"] for feature in content["features"]):
        assert validate_geometries(content)["invalid"] == {}


def test_geojson_reads_back_with_the_same_shapes_and_codes():
    quarters = atlas().quarters
    back = pyogrio.read_dataframe(export_bytes(atlas(), DEMO, "quarters", "geojson"))
    assert list(back["code_qpv"]) == list(quarters["qpv_code"])
    assert back.geometry.geom_equals(quarters.geometry).all()
    assert back.crs.to_epsg() == 4326


def test_geojson_rings_follow_the_right_hand_rule():
    layer = gpd.GeoDataFrame({"n": [1]}, geometry=[CLOCKWISE], crs="EPSG:4326")
    content = json.loads(to_geojson(layer))
    assert validate_geometries(json.loads(layer.to_json()))["invalid"]
    assert validate_geometries(content)["invalid"] == {}


def test_geojson_refuses_another_system():
    with pytest.raises(CrsError, match="EPSG:2154"):
        to_geojson(points(["a"], crs="EPSG:2154"))
    with pytest.raises(CrsError):
        to_geojson(points(["a"], crs=None))


def test_geojson_has_null_for_what_is_missing():
    layer = points(["a", "b"], x=[1.5, float("nan")], n=pd.array([None, 2], dtype="Int64"))
    layer.loc[1, "geometry"] = None
    first, second = json.loads(to_geojson(layer))["features"]
    assert first["properties"] == {"nom": "a", "x": 1.5, "n": None}
    assert second["properties"] == {"nom": "b", "x": None, "n": 2}
    assert second["geometry"] is None


def test_geojson_refuses_an_infinite_number():
    with pytest.raises(ValueError, match="JSON"):
        to_geojson(points(["a"], x=[float("inf")]))


@settings(deadline=None)
@given(st.lists(texts, min_size=1, max_size=4))
def test_geojson_keeps_every_text(names):
    features = json.loads(to_geojson(points(names)))["features"]
    assert [feature["properties"]["nom"] for feature in features] == names


@pytest.mark.parametrize("name", HOSTILE)
def test_geojson_keeps_hostile_texts(name):
    feature = json.loads(to_geojson(points([name])))["features"][0]
    assert feature["properties"]["nom"] == name


def test_projects_without_a_place_are_kept():
    content = json.loads(export_bytes(atlas(), DEMO, "projects", "geojson"))
    loaded = atlas().programme("demo")
    year = loaded.projects["year"] == 2025
    missing = int((loaded.located["location_status"][year] == "not_located").sum())
    assert missing > 0
    assert sum(feature["geometry"] is None for feature in content["features"]) == missing
    assert len(content["features"]) == int(year.sum())


@pytest.mark.parametrize(
    "selection", [DEMO, Selection("demo", 2024, quarters=("QN06208M",)), Selection("postes", 2023)]
)
def test_csv_of_projects_keeps_counts_and_totals(selection):
    rows = read_csv(export_bytes(atlas(), selection, "projects", "csv"))
    whole = grand_total(selected(atlas(), selection))
    assert len(rows) == whole["projects"]
    assert cents(rows, "accorde_eur") == whole["granted_cents"]
    if not pd.isna(whole["requested_cents"]):
        assert cents(rows, "demande_eur") == whole["requested_cents"]
    else:
        assert {row["demande_eur"] for row in rows} == {""}


def test_csv_of_quarters_keeps_totals():
    rows = read_csv(export_bytes(atlas(), DEMO, "quarters", "csv"))
    codes = list(atlas().quarters["qpv_code"])
    engine = by_quarter(selected(atlas(), DEMO), codes)["granted_cents"]
    assert [row["code_qpv"] for row in rows] == codes
    assert [cents([row], "accorde_eur") for row in rows] == list(engine)


def cents(rows, column):
    amounts = [Decimal(row[column].replace(",", ".")) for row in rows if row[column]]
    total = sum(amounts, Decimal(0)) * 100
    assert total == int(total)
    return int(total)


def test_csv_of_projects_has_coordinates_and_no_geometry():
    rows = read_csv(export_bytes(atlas(), DEMO, "projects", "csv"))
    assert "geometry" not in rows[0]
    known = atlas().programme("demo").projects.set_index("project_id")
    located = [row for row in rows if row["longitude"]]
    assert located
    for row in located:
        assert float(row["longitude"].replace(",", ".")) == known["lon"][row["identifiant"]]
        assert float(row["latitude"].replace(",", ".")) == known["lat"][row["identifiant"]]


def test_csv_is_french():
    frame = pd.DataFrame(
        {
            "siret": pd.Series(["00123456789012", None], dtype="str"),
            "montant": pd.array([1234.5, None], dtype="Float64"),
            "taux": [-12.25, float("nan")],
            "entier": pd.array([-3, None], dtype="Int64"),
            "fictif": [True, False],
        }
    )
    assert to_csv(frame).decode("utf-8") == (
        "\ufeffsiret;montant;taux;entier;fictif\r\n"
        "00123456789012;1234,5;-12,25;-3;oui\r\n"
        ";;;;non\r\n"
    )


@pytest.mark.parametrize("name", HOSTILE[:10])
def test_csv_neutralises_what_a_spreadsheet_would_run(name):
    for column in (pd.Series([name], dtype="str"), pd.Series([name], dtype="object")):
        (row,) = read_csv(to_csv(pd.DataFrame({"nom": column})))
        assert row["nom"] == f"'{name}"


def test_csv_neutralises_headers():
    assert b"'=1+1" in to_csv(pd.DataFrame({"=1+1": [1]}))


@settings(deadline=None)
@given(st.lists(st.one_of(texts, st.sampled_from(HOSTILE)), min_size=1, max_size=5))
def test_csv_gives_every_text_back(names):
    rows = read_csv(to_csv(pd.DataFrame({"n": range(len(names)), "nom": names})))
    for row, name in zip(rows, names, strict=True):
        cell = row["nom"]
        assert cell == name or (cell == f"'{name}" and without_mark(cell) == name)
        assert cell.lstrip()[:1] not in ("=", "+", "-", "@")
        assert cell[:1] not in ("\t", "\r", "\n")


def test_names_say_content_territory_year_and_fiction():
    assert export_name(atlas(), DEMO, "quarters", "geojson") == (
        f"quartiers_{atlas().territory.code}_2025_fictif.geojson"
    )
    real = export_name(atlas(), Selection("postes", 2023), "projects", "csv")
    assert real == f"projets_{atlas().territory.code}_2023.csv"


@pytest.mark.parametrize(
    ("programme", "year", "word"), [("demo", 2025, "oui"), ("postes", 2023, "non")]
)
@pytest.mark.parametrize("what", ["quarters", "projects"])
def test_every_line_says_whether_it_is_fictitious(programme, year, word, what):
    rows = read_csv(export_bytes(atlas(), Selection(programme, year), what, "csv"))
    flag = "montants_fictifs" if what == "quarters" else "donnees_fictives"
    assert {row[flag] for row in rows} == {word}


def test_write_file_replaces_and_leaves_nothing_behind(tmp_path):
    target = tmp_path / "a.csv"
    write_file(target, b"un")
    write_file(target, b"deux")
    assert target.read_bytes() == b"deux"
    assert list(tmp_path.iterdir()) == [target]


def test_write_file_says_what_is_wrong_and_leaves_nothing_behind(tmp_path):
    with pytest.raises(DataFileError, match=r"absent/a\.csv"):
        write_file(tmp_path / "absent" / "a.csv", b"x")
    folder = tmp_path / "dossier"
    folder.mkdir()
    with pytest.raises(DataFileError):
        write_file(folder, b"x")
    assert list(tmp_path.iterdir()) == [folder]


def test_publish_stays_in_its_folder_and_skips_what_is_already_there(tmp_path):
    path = publish(tmp_path, "vendor/a.js", b"1")
    before = path.stat().st_mtime_ns
    assert publish(tmp_path, "vendor/a.js", b"1").stat().st_mtime_ns == before
    assert publish(tmp_path, "vendor/a.js", b"2").read_bytes() == b"2"
    for name in ("../a.js", str(tmp_path / "b.js"), ""):
        with pytest.raises(DataFileError):
            publish(tmp_path, name, b"x")
