"""Layers of quarters in every published spelling and format, and what is refused, in words."""

import hashlib
import json
import re
import sqlite3
import zipfile
from dataclasses import replace
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pyogrio
import pytest
import shapely
from pandas.testing import assert_frame_equal
from pyproj import CRS
from shapely.geometry import MultiPolygon, Point, Polygon, box, mapping

from geo.errors import AtlasError, ContractError, CrsError, DataFileError
from geo.layers import generation_of, read_layer
from geo.schema import QUARTERS
from tests.samples import dataset

SAMPLES = Path(__file__).resolve().parents[2] / "shared" / "samples"
CODES, CODES_2015 = ["QN00001A", "QN00002A"], ["QP000001", "QP000002"]
NAMES = ["Cité de l'Étang", "Les Œillets"]
INSEE, COMMUNES = ["01004, 62119", "62178"], ["Ambérieu-en-Bugey, Béthune", "Bruay-la-Buissière"]
SHAPES = [box(2.5, 50.5, 2.51, 50.51), MultiPolygon([box(2.6, 50.5, 2.61, 50.51)])]
SPELLINGS = {
    "2024": {"code_qp": CODES, "lib_qp": NAMES, "insee_com": INSEE, "lib_com": COMMUNES},
    "shapefile 2015": {"CODE_QP": CODES_2015, "NOM_QP": NAMES, "COMMUNE_QP": COMMUNES},
    "mixed case": {"Code_QP": CODES, "Lib_QP": NAMES},
    "lower case": {"code_qp": CODES_2015, "nom_qp": NAMES, "commune_qp": COMMUNES},
}


def published(columns, crs="EPSG:4326", shapes=SHAPES):
    layer = gpd.GeoDataFrame(columns, geometry=shapes, crs="EPSG:4326")
    return layer.to_crs(crs)


def features(columns, shapes=SHAPES, **members):
    rows = pd.DataFrame(columns, dtype=object).to_dict("records")
    outlines = [None if shape is None else mapping(shape) for shape in shapes]
    entries = [
        {"type": "Feature", "properties": row, "geometry": outline}
        for row, outline in zip(rows, outlines, strict=True)
    ]
    return json.dumps({"type": "FeatureCollection", "features": entries, **members})


def as_geojson(folder, columns):
    path = folder / "layer.geojson"
    path.write_text(features(columns), encoding="utf-8")
    return path


def as_geopackage(folder, columns, crs="EPSG:2154"):
    path = folder / "layer.gpkg"
    pyogrio.write_dataframe(published(columns, crs), path, layer="qpv", driver="GPKG")
    return path


def as_shapefile(folder, columns, crs="EPSG:2154", encoding="UTF-8"):
    path = folder / "layer.shp"
    layer = published(columns, crs)
    pyogrio.write_dataframe(layer, path, driver="ESRI Shapefile", encoding=encoding)
    return path


def zipped(folder, path, inside="QP/", leave=()):
    archive = folder / "layer.zip"
    with zipfile.ZipFile(archive, "w") as packed:
        for part in sorted(path.parent.glob(f"{path.stem}.*")):
            if part.suffix not in (*leave, ".zip"):
                packed.write(part, inside + part.name)
    return archive


def as_zipped_shapefile(folder, columns):
    return zipped(folder, as_shapefile(folder, columns))


def as_zipped_geojson(folder, columns):
    return zipped(folder, as_geojson(folder, columns), "GEOJSON/")


FORMATS = [as_geojson, as_geopackage, as_shapefile, as_zipped_shapefile, as_zipped_geojson]


def expected(columns):
    low = {name.lower(): values for name, values in columns.items()}
    frame = pd.DataFrame(
        {
            "qpv_code": low["code_qp"],
            "qpv_name": low.get("lib_qp", low.get("nom_qp")),
            "commune_codes": low.get("insee_com", [None, None]),
            "commune_names": low.get("lib_com", low.get("commune_qp", [None, None])),
        }
    ).astype("str")
    return gpd.GeoDataFrame(frame, geometry=SHAPES, crs="EPSG:4326")


def refusal(path, kind=DataFileError, **options):
    with pytest.raises(kind) as caught:
        read_layer(path, **options)
    return str(caught.value)


def geojson(folder, text):
    path = folder / "q.geojson"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("write", FORMATS)
@pytest.mark.parametrize("spelling", SPELLINGS)
def test_every_edition_gives_the_same_frame(tmp_path, write, spelling):
    columns = SPELLINGS[spelling]
    found, repairs = read_layer(write(tmp_path, columns))
    assert repairs.empty
    whole = expected(columns)
    assert_frame_equal(found.drop(columns="geometry"), whole.drop(columns="geometry"))
    assert found.crs == whole.crs
    apart = shapely.symmetric_difference(found.geometry.array, whole.geometry.array)
    assert (shapely.area(apart) < 1e-12).all()
    assert generation_of(found["qpv_code"]) == (2024 if "QN00001A" in set(found.qpv_code) else 2015)


@pytest.mark.parametrize("crs", ["EPSG:2154", "EPSG:3950", "EPSG:4171", "EPSG:3857"])
def test_a_known_system_of_coordinates_is_brought_to_wgs_84(tmp_path, crs):
    for path in (as_geopackage(tmp_path, SPELLINGS["2024"], crs),
                 as_shapefile(tmp_path, SPELLINGS["2024"], crs)):  # fmt: skip
        found, _ = read_layer(path)
        assert found.crs == "EPSG:4326"
        assert found.total_bounds == pytest.approx([2.5, 50.5, 2.61, 50.51], abs=1e-7)


@pytest.mark.parametrize("encoding", ["UTF-8", "ISO-8859-1", "CP1252"])
@pytest.mark.parametrize("keep", [True, False])
def test_accents_of_a_shapefile_survive_without_its_cpg(tmp_path, encoding, keep):
    names = ["Cité de l'Étang", "Crêts à Châtel"]
    path = as_shapefile(tmp_path, {**SPELLINGS["2024"], "lib_qp": names}, encoding=encoding)
    if not keep:
        (tmp_path / "layer.cpg").unlink()
    assert read_layer(path)[0]["qpv_name"].tolist() == names


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ('="62119"', "62119"),
        ("62048,62194", "62048, 62194"),
        ('="62048,62194"', "62048, 62194"),
        (" 62048 , 62194 ,", "62048, 62194"),
        (62119, "62119"),
        ("2A004", "2A004"),
    ],
)
def test_cells_of_csv_editions_are_unwrapped(tmp_path, written, read):
    columns = {**SPELLINGS["2024"], "insee_com": [written, "62178"]}
    found, _ = read_layer(geojson(tmp_path, features(columns)))
    assert found["commune_codes"].tolist()[0] == read


def test_codes_and_names_are_unwrapped_too(tmp_path):
    columns = {"code_qp": ['="QN00001A"', " QN00002A "], "lib_qp": ['="Un"', " Deux "]}
    found, _ = read_layer(geojson(tmp_path, features(columns)))
    assert found["qpv_code"].tolist() == CODES
    assert found["qpv_name"].tolist() == ["Un", "Deux"]


def test_columns_that_are_not_of_the_contract_are_left_out(tmp_path):
    columns = {**SPELLINGS["2024"], "siren_epci": ["200072460"] * 2, "insee_dep": ["62"] * 2}
    found, _ = read_layer(geojson(tmp_path, features(columns)))
    assert list(found.columns) == list(QUARTERS.columns)


def test_a_data_set_of_the_catalogue_is_read_the_same(tmp_path):
    one = dataset(tmp_path / "q.geojson", features(SPELLINGS["2024"]))
    assert len(read_layer(one)[0]) == 2
    one.path.write_text("{}", encoding="utf-8")
    assert "n'est pas celui du catalogue" in refusal(one)


# Systems of coordinates of a GeoJSON.


@pytest.mark.parametrize(
    "name",
    ["urn:ogc:def:crs:OGC:1.3:CRS84", "urn:ogc:def:crs:EPSG::4326", "EPSG:4326", "OGC:CRS84"],
)
def test_the_names_of_wgs_84_are_understood(tmp_path, name):
    crs = {"type": "name", "properties": {"name": name}}
    found, _ = read_layer(geojson(tmp_path, features(SPELLINGS["2024"], crs=crs)))
    assert found.total_bounds == pytest.approx([2.5, 50.5, 2.61, 50.51])


def test_a_lambert_93_member_is_obeyed(tmp_path):
    crs = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::2154"}}
    shapes = list(published(SPELLINGS["2024"], "EPSG:2154").geometry)
    found, _ = read_layer(geojson(tmp_path, features(SPELLINGS["2024"], shapes, crs=crs)))
    assert found.total_bounds == pytest.approx([2.5, 50.5, 2.61, 50.51])
    undeclared = geojson(tmp_path, features(SPELLINGS["2024"], shapes))
    assert refusal(undeclared) == (
        "q.geojson : contour inutilisable pour QN00001A, QN00002A ; attendu : des longitudes et "
        "latitudes en degrés (WGS 84) ; ces nombres ressemblent à du Lambert-93 (EPSG:2154) non "
        "déclaré."
    )


def test_degrees_declared_as_lambert_93_are_refused(tmp_path):
    crs = {"type": "name", "properties": {"name": "EPSG:2154"}}
    assert refusal(geojson(tmp_path, features(SPELLINGS["2024"], crs=crs))) == (
        "q.geojson : contour inutilisable pour QN00001A, QN00002A ; attendu : des coordonnées en "
        "RGF93 v1 / Lambert-93, le système que dit le fichier."
    )
    path = as_shapefile(tmp_path, SPELLINGS["2024"], "EPSG:4326")
    path.with_suffix(".prj").write_text(CRS("EPSG:2154").to_wkt("WKT1_ESRI"))
    assert "le système que dit le fichier" in refusal(path)


@pytest.mark.parametrize(
    "crs",
    [
        {"type": "link", "properties": {"href": "http://127.0.0.1/crs", "type": "proj4"}},
        {"type": "name", "properties": {"name": "+init=/etc/passwd:1"}},
        {"type": "name", "properties": {"name": "urn:ogc:def:crs:IGNF::LAMB93"}},
        {"type": "name", "properties": {}},
        {"type": "name"},
        "EPSG:2154",
        2154,
    ],
)
def test_another_crs_member_is_refused_and_no_address_followed(tmp_path, crs):
    assert refusal(geojson(tmp_path, features(SPELLINGS["2024"], crs=crs)), CrsError) == (
        "q.geojson : membre « crs » non reconnu ; attendu : aucun, ou un nom comme "
        "urn:ogc:def:crs:OGC:1.3:CRS84 ou EPSG:2154. Une adresse n'est jamais suivie."
    )


def test_an_unknown_epsg_code_is_named(tmp_path):
    crs = {"type": "name", "properties": {"name": "EPSG:999999"}}
    message = refusal(geojson(tmp_path, features(SPELLINGS["2024"], crs=crs)), CrsError)
    assert message == "q.geojson : système de coordonnées EPSG:999999 inconnu."


# Generations.


def test_two_generations_in_one_layer_are_refused(tmp_path):
    columns = {"code_qp": ["QN00001A", "QP000002"], "lib_qp": NAMES}
    assert refusal(geojson(tmp_path, features(columns))) == (
        "q.geojson : quartiers de deux générations, 1 de 2015 (QP000002…) et 1 de 2024 "
        "(QN00001A…) ; attendu : une seule génération par couche. Séparez-les en deux fichiers."
    )
    with pytest.raises(DataFileError, match="aucun quartier"):
        generation_of([])


# Shapes.


@pytest.mark.parametrize(
    ("shape", "words"),
    [
        (None, "géométrie illisible, entité 2 sans géométrie"),
        (Point(2.5, 50.5), "contour inutilisable pour QN00002A ; attendu : des polygones"),
        (Polygon(), "contour inutilisable pour QN00002A ; attendu : des polygones"),
        (box(2.5, 50.5, 2.6, 91), "des longitudes et latitudes en degrés (WGS 84)"),
        (box(2.5, 50.5, 1e308, 50.6), "des longitudes et latitudes en degrés (WGS 84)"),
        (box(260_000, 6_550_000, 261_000, 6_560_000), "en degrés (WGS 84)"),
        (
            Polygon([(2.5, 50.5), (2.6, 50.6), (2.5, 50.5), (2.5, 50.5)]),
            "contour sans surface pour QN00002A ; attendu : des polygones.",
        ),
    ],
)
def test_a_shape_that_is_no_quarter_is_named(tmp_path, shape, words):
    path = geojson(tmp_path, features(SPELLINGS["2024"], [SHAPES[0], shape]))
    message = refusal(path)
    assert message.startswith("q.geojson : ")
    assert words in message


def test_columns_and_shapes_at_fault_are_told_together(tmp_path):
    columns = {"code_qp": ["62", "QN00002A"], "lib_qp": ["", "Deux"]}
    message = refusal(
        geojson(tmp_path, features(columns, [SHAPES[0], Point(2, 50)])), ContractError
    )
    for words in (
        "entité 1, colonne « code_qp » : « 62 » ; attendu : un code QPV (comme QN00001A).",
        "entité 1, colonne « lib_qp » : cellule vide",
        "contour inutilisable pour QN00002A",
    ):
        assert words in message


def test_the_same_code_twice_is_refused(tmp_path):
    columns = {"code_qp": ["QN00001A", "QN00001A"], "lib_qp": NAMES}
    message = refusal(geojson(tmp_path, features(columns)), ContractError)
    assert "entité 2, colonne « code_qp » : « QN00001A »" in message


def test_two_spellings_of_one_column_are_refused(tmp_path):
    columns = {"code_qp": CODES, "lib_qp": NAMES, "NOM_QP": NAMES}
    assert refusal(geojson(tmp_path, features(columns))) == (
        "q.geojson : colonnes lib_qp, NOM_QP pour une seule information ; gardez-en une."
    )


def test_communes_may_be_wanted(tmp_path):
    path = geojson(tmp_path, features(SPELLINGS["shapefile 2015"]))
    assert read_layer(path)[0]["commune_codes"].isna().all()
    assert "insee_com" in refusal(path, contract=QUARTERS)


# Files.


@pytest.mark.parametrize("absent", [".prj", ".dbf", ".shx"])
@pytest.mark.parametrize("inside", [True, False])
def test_an_incomplete_shapefile_names_what_lacks(tmp_path, absent, inside):
    path = as_shapefile(tmp_path, SPELLINGS["2024"])
    path.with_suffix(absent).unlink()
    message = refusal(zipped(tmp_path, path) if inside else path)
    name = "layer.zip/QP/layer.shp" if inside else "layer.shp"
    assert message == (
        f"{name} : shapefile incomplet, fichier(s) {absent} absent(s) ou vide(s) ; attendu : .shp, "
        ".shx, .dbf, .prj du même nom, dans le même dossier ou la même archive."
    )


def test_suffixes_in_capitals_are_read(tmp_path):
    path = as_shapefile(tmp_path, SPELLINGS["2024"])
    for part in list(tmp_path.iterdir()):
        part.rename(part.with_suffix(part.suffix.upper()))
    assert len(read_layer(path.with_suffix(".SHP"))[0]) == 2


@pytest.mark.parametrize("prj", [b"   ", b'LOCAL_CS["x"]', b"n'importe quoi", b"\xff\xfe\x00"])
def test_a_shapefile_of_unknown_system_is_refused(tmp_path, prj):
    path = as_shapefile(tmp_path, SPELLINGS["2024"])
    path.with_suffix(".prj").write_bytes(prj)
    assert refusal(path, CrsError) == (
        "layer.shp : système de coordonnées absent ou inconnu ; attendu : celui de la couche, par "
        "exemple EPSG:2154 (Lambert-93) ou EPSG:4326 (WGS 84)."
    )


def test_a_system_that_cannot_be_brought_to_degrees_is_refused(tmp_path):
    path = as_shapefile(tmp_path, SPELLINGS["2024"])
    prj = path.with_suffix(".prj").read_text()
    parallels = re.findall(r'"Standard_Parallel_[12]",([0-9.]+)', prj)
    path.with_suffix(".prj").write_text(prj.replace(parallels[1], f"-{parallels[0]}"))
    assert "que rien ne relie à la longitude et à la latitude" in refusal(path, CrsError)


def test_a_geopackage_without_system_is_refused(tmp_path):
    path = tmp_path / "layer.gpkg"
    layer = published(SPELLINGS["2024"]).set_crs(None, allow_override=True)
    with pytest.warns(UserWarning, match="crs"):
        pyogrio.write_dataframe(layer, path, driver="GPKG")
    assert "système de coordonnées absent ou inconnu" in refusal(path, CrsError)


def test_the_layer_of_a_geopackage_is_chosen(tmp_path):
    path = as_geopackage(tmp_path, SPELLINGS["2024"])
    pyogrio.write_dataframe(
        published(SPELLINGS["shapefile 2015"]), path, layer="qp2015", driver="GPKG", append=True
    )
    assert refusal(path) == (
        "layer.gpkg : couches trouvées : qpv, qp2015 ; attendu : une seule, ou le nom de celle à "
        "lire."
    )
    assert generation_of(read_layer(path, entry="qp2015")[0]["qpv_code"]) == 2015
    assert "couches trouvées" in refusal(path, entry="autre")


def test_the_file_of_an_archive_is_chosen(tmp_path):
    archive = tmp_path / "all.zip"
    with zipfile.ZipFile(archive, "w") as packed:
        packed.writestr("GEOJSON/2024.geojson", features(SPELLINGS["2024"]))
        packed.writestr("GEOJSON/2015.geojson", features(SPELLINGS["shapefile 2015"]))
        packed.writestr("__MACOSX/._2024.geojson", b"\x00\x05\x16\x07")
        packed.writestr("lisez-moi.txt", "texte")
    assert refusal(archive) == (
        "all.zip : 2 couches dans l'archive (GEOJSON/2024.geojson, GEOJSON/2015.geojson) ; "
        "attendu : une seule, ou le nom de celle à lire."
    )
    found, _ = read_layer(archive, entry="GEOJSON/2015.geojson")
    assert found["qpv_code"].tolist() == CODES_2015
    assert "« ../2015.geojson » absent" in refusal(archive, entry="../2015.geojson")


VRT = (
    '<OGRVRTDataSource><OGRVRTLayer name="x"><SrcDataSource>{}</SrcDataSource></OGRVRTLayer>'
    "</OGRVRTDataSource>"
)


@pytest.mark.parametrize("name", ["q.geojson", "q.gpkg", "q.shp", "q.zip", "q.json"])
def test_a_file_that_points_to_another_is_never_followed(tmp_path, name):
    secret = as_geojson(tmp_path, SPELLINGS["2024"])
    path = tmp_path / name
    path.write_text(VRT.format(secret), encoding="utf-8")
    assert refusal(path) == (
        f"{name} : format de fichier non reconnu ; attendu : GeoJSON (une FeatureCollection), "
        "GeoPackage ou shapefile (.shp et ses fichiers, ou .zip)."
    )


def test_gdal_pipelines_in_json_are_not_run(tmp_path):
    secret = as_geojson(tmp_path, SPELLINGS["2024"])
    pipeline = {"type": "gdal_streamed_alg", "command_line": f"gdal vector pipeline read {secret}"}
    assert "n'est pas un GeoJSON lisible" in refusal(geojson(tmp_path, json.dumps(pipeline)))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "ligne 1, colonne 2"),
        ("[]", "« features »"),
        ('{"features": 3}', "« features »"),
        ('{"features": [{}]}', "« properties »"),
        ('{"features": [NaN]}', "contenu inattendu"),
        ("[" * 100_000, ""),
    ],
)
def test_a_broken_geojson_says_where(tmp_path, text, words):
    message = refusal(geojson(tmp_path, text))
    assert message.startswith("q.geojson n'est pas un GeoJSON lisible (")
    assert message.endswith(" ; attendu : une FeatureCollection.")
    assert words in message


def test_a_layer_without_quarters_is_refused(tmp_path):
    empty = geojson(tmp_path, '{"type": "FeatureCollection", "features": []}')
    assert refusal(empty) == ("q.geojson : aucun quartier dans la couche ; attendu : au moins un.")


def test_damaged_binaries_are_refused(tmp_path):
    package = as_geopackage(tmp_path, SPELLINGS["2024"])
    package.write_bytes(package.read_bytes()[:5000])
    assert "GeoPackage illisible" in refusal(package) or "tronquée" in refusal(package)
    plain = tmp_path / "base.gpkg"
    with sqlite3.connect(plain) as base:
        base.execute("create table t (x)")
    base.close()
    assert refusal(plain) == "base.gpkg : base SQLite qui n'est pas un GeoPackage."
    archive = as_zipped_shapefile(tmp_path, SPELLINGS["2024"])
    archive.write_bytes(archive.read_bytes()[:300])
    assert "archive ZIP illisible" in refusal(archive)
    shapefile = as_shapefile(tmp_path, SPELLINGS["2024"])
    shapefile.write_bytes(shapefile.read_bytes()[:120])
    with pytest.raises(AtlasError, match=r"layer\.shp"):
        read_layer(shapefile)


def test_a_missing_file_and_a_bare_shapefile_of_the_catalogue(tmp_path):
    assert refusal(tmp_path / "rien.gpkg") == (
        "Le fichier rien.gpkg est absent ou illisible ; vérifiez son nom et son dossier."
    )
    path = as_shapefile(tmp_path, SPELLINGS["2024"])
    one = dataset(tmp_path / "autre.txt", "x")
    bare = replace(one, path=path, sha256=hashlib.sha256(path.read_bytes()).hexdigest())
    assert "se met dans une archive .zip" in refusal(bare)


# The published samples, where they are.


@pytest.mark.skipif(not SAMPLES.exists(), reason="published samples are not on this machine")
def test_the_published_layers_are_read_and_repaired():
    found, repairs = read_layer(SAMPLES / "qpv_2024_dep62_rounded.geojson")
    assert (len(found), len(repairs)) == (64, 30)
    assert found.is_valid.all()
    assert generation_of(found["qpv_code"]) == 2024
    former, none = read_layer(SAMPLES / "qpv_2015_ille_et_vilaine.geojson")
    assert (len(former), len(none)) == (6, 0)
    assert generation_of(former["qpv_code"]) == 2015
    assert former["commune_names"].notna().all()
