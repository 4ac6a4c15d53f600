"""A territory written from official layers alone, by the SIREN of its intercommunality."""

import re
import tomllib

import pytest

import cli
from analysis.selection import Selection
from geo.errors import TerritoryError
from geo.territory import NO_PROGRAMME, load_territory
from store.atlas import Atlas
from store.exports import CONTENTS, export_bytes, formats_of
from store.official import Installer
from store.tables import quarter_table
from store.territories import found
from tests.official import COMMUNES, FIRST, SECOND, archive, collection, mirror, quarters, square
from tests.samples import DATA, SHARED, copy_data


@pytest.fixture
def data(tmp_path):
    return copy_data(tmp_path)


@pytest.fixture
def official(tmp_path):
    return tmp_path / "official"


def folder(tmp_path, siren=SECOND, files=None):
    place = tmp_path / "files"
    place.mkdir(exist_ok=True)
    for name, content in (mirror(siren) if files is None else files).items():
        (place / name).write_bytes(content)
    return str(place)


def refusal(action):
    with pytest.raises(TerritoryError) as caught:
        action()
    return str(caught.value)


def test_a_territory_is_its_communes_and_the_quarters_that_list_it(tmp_path, data, official):
    done = found(data, official, SECOND, origin=folder(tmp_path))
    assert (done.name, done.code, done.communes, done.quarters) == ("CA 2", "2", 2, 3)
    atlas = Atlas(data, done.code, installed=official)
    assert list(atlas.quarters["qpv_code"]) == ["QN02102M", "QN02103M", "QN02104M"]
    assert atlas.quarters["commune_names"].iloc[0] == "Essai-Haut, Preuve-Bas"
    assert list(atlas.communes["commune_code"]) == [row[0] for row in COMMUNES[SECOND]]
    assert atlas.communes["lon"].notna().all()
    territory = atlas.territory
    assert territory.epci_siren == SECOND
    assert {area.level: (area.code, area.label) for area in territory.comparators} == {
        "epci": (SECOND, "Agglomération"),
        "department": ("21", "Côte-d'Or"),
        "region": ("27", "Bourgogne-Franche-Comté"),
        "country": ("1", "France métropolitaine"),
    }
    assert territory.crs.to_epsg() == 3948  # true at 47.25° north, where the quarters begin
    assert territory.programmes == (NO_PROGRAMME,)


def test_the_other_side_of_the_limit_is_another_territory(tmp_path, data, official):
    found(data, official, FIRST, origin=folder(tmp_path, FIRST), code="un")
    atlas = Atlas(data, "un", installed=official)
    assert list(atlas.quarters["qpv_code"]) == ["QN02101M", "QN02102M"]


def test_installed_layers_are_enough_and_nothing_is_asked(tmp_path, data, official, monkeypatch):
    Installer(data, official, SECOND).fetch(folder(tmp_path))
    monkeypatch.setattr("store.official.receive", lambda *_, **__: pytest.fail("asked"))
    done = found(data, official, SECOND, name="Pays d’Essai", code="essai")
    assert done.outcomes == []
    assert load_territory(data, "essai").name == "Pays d’Essai"


def test_without_the_contours_the_official_list_gives_the_communes(tmp_path, data, official):
    files = mirror(SECOND)
    del files[f"communes_{SECOND}.geojson"]
    found(data, official, SECOND, origin=folder(tmp_path, files=files), code="liste")
    atlas = Atlas(data, "liste", installed=official)
    assert list(atlas.communes["commune_name"]) == ["Preuve-Bas", "Preuve-Haut"]
    assert atlas.communes["lon"].isna().all()
    assert len(atlas.programme(NO_PROGRAMME.code).projects) == 0


def test_an_existing_territory_is_never_replaced(tmp_path, data, official):
    done = found(data, official, SECOND, origin=folder(tmp_path), code="essai")
    written = done.path.read_bytes()
    again = refusal(lambda: found(data, official, SECOND, code="essai"))
    assert "territories/essai.toml existe déjà, et n'est jamais remplacé" in again
    other = refusal(lambda: found(data, official, SECOND, code="autre"))
    assert f"territories/essai.toml est déjà le territoire de {SECOND}" in other
    assert done.path.read_bytes() == written
    assert not (data / "territories/autre.toml").exists()


@pytest.mark.parametrize(
    ("siren", "code", "words"),
    [
        ("2999", "", "SIREN « 2999 » : attendu 9 chiffres"),
        (SECOND, "../x", "code « ../x » : attendu des minuscules"),
        (SECOND, "Été", "code « Été » : attendu des minuscules"),
    ],
)
def test_a_word_that_is_none_is_refused_before_anything(
    tmp_path, data, official, siren, code, words
):
    assert words in refusal(lambda: found(data, official, siren, origin="x", code=code))
    assert not official.exists()


def test_what_is_missing_is_told_with_what_became_of_each_layer(tmp_path, data, official):
    nothing = refusal(lambda: found(data, official, SECOND, origin=folder(tmp_path, files={})))
    assert "aucun fichier" in nothing
    assert "Indiquez un dossier qui les contient" in nothing
    files = {**mirror(SECOND), "qpv_2024.zip": archive(quarters(siren_epci=FIRST))}
    elsewhere = refusal(lambda: found(data, official, SECOND, origin=folder(tmp_path, files=files)))
    assert f"aucun quartier de l'intercommunalité {SECOND}" in elsewhere
    assert {path.stem for path in (data / "territories").iterdir()} == {
        path.stem for path in (DATA / "territories").iterdir()
    }


@pytest.mark.parametrize(
    ("commune", "qpv", "west", "south", "epsg", "region"),
    [
        ("97411", "QN97401M", 55.45, -20.88, 2975, "La Réunion"),
        ("97209", "QN97201M", -61.07, 14.6, 5490, "Martinique"),
        ("97302", "QN97301M", -52.33, 4.93, 2972, "Guyane"),
    ],
)
def test_overseas_has_its_own_metric_system(
    tmp_path, data, official, commune, qpv, west, south, epsg, region
):
    shape = square(west)
    shape["coordinates"] = [
        [[x, y - 47.3 + south] for x, y in ring] for ring in shape["coordinates"]
    ]
    facts = {"code_qp": qpv, "lib_qp": "Q", "insee_com": commune, "lib_com": "C"}
    files = {
        "qpv_2024.geojson": collection([({**facts, "siren_epci": SECOND}, shape)]),
        f"communes_{SECOND}.geojson": collection([({"code": commune, "nom": "C"}, shape)]),
    }
    found(data, official, SECOND, origin=folder(tmp_path, files=files), code="la-bas")
    territory = load_territory(data, "la-bas")
    assert territory.crs.to_epsg() == epsg
    assert region in [area.label for area in territory.comparators]


def test_the_command_writes_the_file_and_says_what_is_left_to_do(
    tmp_path, data, official, monkeypatch, capsys
):
    monkeypatch.setenv("ATLAS_DATA_DIR", str(data))
    monkeypatch.setenv("ATLAS_OFFICIAL_DIR", str(official))
    words = ["territory", "new", SECOND, "--from", folder(tmp_path), "--name", "CC de l'Essai"]
    assert cli.main(words) == 0
    out = capsys.readouterr().out
    assert "territories/essai.toml : CC de l'Essai, 2 communes, 3 quartiers." in out
    assert "ATLAS_TERRITORY=essai" in out
    assert cli.main(words) == 1
    assert "existe déjà" in capsys.readouterr().err
    assert cli.main(["quarters", "--territory", "essai", "--format", "csv"]) == 0
    assert "QN02104M" in capsys.readouterr().out


def test_every_export_of_a_territory_without_programme_is_written(tmp_path, data, official):
    found(data, official, SECOND, origin=folder(tmp_path), code="essai")
    atlas = Atlas(data, "essai", installed=official)
    selection = Selection(NO_PROGRAMME.code, atlas.years(NO_PROGRAMME.code)[0])
    table = quarter_table(atlas, selection)
    assert len(table) == 3
    assert table["population"].isna().all()
    assert (table["projects"] == 0).all()
    for what in CONTENTS:
        for file_format in set(formats_of(what)) - {"scdl"}:
            assert export_bytes(atlas, selection, what, file_format)


def test_the_template_names_no_territory():
    text = (DATA / "template.toml").read_text(encoding="utf-8")
    words = re.findall(r"\{(\w+)\}", text)
    assert set(words) == {
        *("name", "siren", "department", "department_code", "region", "region_code"),
    }
    assert tomllib.loads(text)["code"] == ""


@pytest.mark.skipif(not SHARED.exists(), reason="published samples are not on this machine")
@pytest.mark.parametrize(("siren", "count"), [("246200364", 22), ("200090751", 2)])
def test_a_real_agglomeration_of_the_same_department(tmp_path, data, official, siren, count):
    files = {
        "qpv_2024.geojson": SHARED / "samples/qpv_2024_dep62_rounded.geojson",
        "communes_epci.csv": SHARED / "reference/communes_epci_dep62.csv",
    }
    content = {name: path.read_bytes() for name, path in files.items()}
    done = found(data, official, siren, origin=folder(tmp_path, files=content))
    atlas = Atlas(data, done.code, installed=official)
    assert len(atlas.quarters) == done.quarters == count
    assert atlas.territory.crs.to_epsg() == 3950
    assert atlas.quarters["commune_names"].str.fullmatch(r"[^0-9]+").all()


@pytest.mark.skipif(not SHARED.exists(), reason="published samples are not on this machine")
def test_the_embedded_territory_works_on_the_installed_layer_too(tmp_path):
    """Rounded to 4 decimals, some outlines are valid in degrees and not once projected."""
    layer = SHARED / "samples/qpv_2024_dep62_rounded.geojson"
    place = folder(tmp_path, files={"qpv_2024.geojson": layer.read_bytes()})
    siren = load_territory(DATA).epci_siren
    Installer(DATA, tmp_path / "official", siren).fetch(place)
    atlas = Atlas(DATA, installed=tmp_path / "official")
    assert len(atlas.quarters) == 16
    assert atlas.repairs["qpv_code"].isin(atlas.quarters["qpv_code"]).all()
    assert atlas.quarters_metric.is_valid.all()
    assert len(atlas.programme(atlas.territory.default_programme).projects)
