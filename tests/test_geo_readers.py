import csv
import io
import json
from decimal import Decimal

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo import readers
from geo.cells import euros_to_cents
from geo.errors import AtlasError, ContractError, DataFileError
from geo.schema import PROJECTS
from tests.samples import dataset

FUNDING_COLUMNS = ("project_id", "funder", "status", "requested_eur", "granted_eur", "previous_eur")


def table(columns, *rows):
    text = io.StringIO()
    writer = csv.DictWriter(text, list(columns), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def project(identifier="P1", **values):
    plain = {"programme": "essai", "fictitious": "false", "year": "2025", "title": "Action"}
    return {"project_id": identifier, **plain, "operator": "Porteur", **values}


def line(identifier="P1", funder="etat", **values):
    return {"project_id": identifier, "funder": funder, "status": "granted", **values}


def read_programme(folder, projects, lines):
    return readers.read_programme(
        dataset(folder / "projects.csv", table(PROJECTS.columns, *projects)),
        dataset(folder / "funding.csv", table(FUNDING_COLUMNS, *lines)),
    )


def refusal(action, kind=ContractError):
    with pytest.raises(kind) as caught:
        action()
    return str(caught.value)


def figures(folder, text, **options):
    return readers.read_insee(dataset(folder / "insee.csv", text, **options))


INSEE = "code_qp,theme,variable,file_year,data_year,value\n"


# Money.


@given(st.integers(-(10**15) + 1, 10**15 - 1))
def test_cents_are_exact(cents):
    assert euros_to_cents(str(Decimal(cents) / 100)) == cents
    assert euros_to_cents(f"{Decimal(cents) / 100:.2f}") == cents


@pytest.mark.parametrize(
    "text",
    ["", " 1", "1,5", "1.234", "1_000", "1e3", "NaN", "inf", "١٢", "+1", "1.", ".5", "1 000", "1€",
     "9" * 14, "1e999999"],
)  # fmt: skip
def test_what_is_not_plain_euros_is_refused(text):
    with pytest.raises(ValueError, match=r".*"):
        euros_to_cents(text)


# A programme.


def test_a_programme_is_read_with_its_codes_and_blanks(tmp_path):
    projects, funding = read_programme(
        tmp_path,
        [project(operator_siret="00012345678901", commune_code="01004", declared_qpv="A, B")],
        [line(requested_eur="0", granted_eur="1234.5", previous_eur="")],
    )
    row, money = projects.iloc[0], funding.iloc[0]
    assert row["operator_siret"] == "00012345678901"
    assert row["commune_code"] == "01004"
    assert not row["fictitious"]
    assert money["requested_cents"] == 0
    assert money["granted_cents"] == 123_450
    assert pd.isna(money["previous_cents"]), "a blank amount is not a zero"


def test_the_days_and_cost_of_a_project_are_read_and_checked(tmp_path):
    told = {"starts_on": "2025-01-15", "operator_rna": "W621000001", "total_cost_eur": "1234.5"}
    columns = [*PROJECTS.columns, "total_cost_eur"]

    def read(**cells):
        return readers.read_programme(
            dataset(tmp_path / "projects.csv", table(columns, project(**cells))),
            dataset(tmp_path / "funding.csv", table(FUNDING_COLUMNS, line())),
        )[0].iloc[0]

    row = read(**told)
    assert row[["starts_on", "operator_rna", "total_cost_cents"]].tolist() == [
        *("2025-01-15", "W621000001", 123_450),
    ]
    assert row[["ends_on", "postcode"]].isna().all()
    message = refusal(lambda: read(starts_on="15/01/2025", total_cost_eur="-1"))
    assert "« starts_on »" in message
    assert "« total_cost_eur »" in message


def test_words_that_look_like_missing_values_are_kept(tmp_path):
    projects, _ = read_programme(tmp_path, [project(title="NA", operator="null")], [line()])
    assert projects.loc[0, ["title", "operator"]].tolist() == ["NA", "null"]


def test_every_fault_of_both_files_is_told_at_once(tmp_path):
    message = refusal(
        lambda: read_programme(
            tmp_path,
            [
                project("P1", year="deux mille", lon="2,5"),
                project("P2", fictitious="oui", year="1999"),
                project("P2", fictitious="", lat="inf"),
                project("P4", beneficiaries="12.5", title=""),
            ],
            [
                line("P1", granted_eur="1 000"),
                line("P1", requested_eur="-5.00", status="voté"),
                line("P9", previous_eur="1.999"),
            ],
        )
    )
    for fault in (
        "projects.csv (projets)",
        "ligne 2, colonne « year » : « deux mille » ; attendu : un nombre entier",
        "ligne 2, colonne « lon » : « 2,5 » ; attendu : un nombre (point décimal)",
        "ligne 3, colonne « fictitious » : « oui » ; attendu : true ou false",
        "ligne 3, colonne « year » : « 1999 »",
        "ligne 4, colonne « fictitious » : cellule vide",
        "ligne 4, colonne « lat » : « inf »",
        "ligne 4, colonne « project_id » : « P2 »",
        "ligne 5, colonne « beneficiaries » : « 12.5 »",
        "ligne 5, colonne « title » : cellule vide",
        "funding.csv (financements)",
        "ligne 2, colonne « granted_eur » : « 1 000 » ; attendu : un montant en euros",
        "ligne 3, colonne « requested_eur » : « -5.00 »",
        "ligne 3, colonne « status » : « voté »",
        "ligne 4, colonne « previous_eur » : « 1.999 »",
        "colonnes « project_id », « funder » : répétées",
        "financement sans projet dans projects.csv : P9",
        "projet sans financement dans funding.csv : P2, P4",
    ):
        assert fault in message, fault
    assert message.count("ligne 2, colonne « year »") == 1, "one fault a cell"


def test_blank_lines_do_not_shift_the_line_numbers(tmp_path):
    text = table(PROJECTS.columns, project("P1"), project("P2", year="x"))
    header, first, second = text.splitlines()
    content = "\n".join([header, "", first, "", "," * header.count(","), second, ""])
    good = dataset(tmp_path / "funding.csv", table(FUNDING_COLUMNS, line("P1"), line("P2")))
    broken = dataset(tmp_path / "projects.csv", content)
    message = refusal(lambda: readers.read_programme(broken, good))
    assert "1 défaut(s)" in message
    assert "ligne 6, colonne « year »" in message
    whole = dataset(tmp_path / "projects.csv", content.replace(",x,", ",2025,"))
    projects, _ = readers.read_programme(whole, good)
    assert projects.index.tolist() == [0, 1]


@pytest.mark.parametrize("absent", ["fictitious", "year", "lon", "declared_qpv"])
def test_a_missing_column_of_projects_is_named(tmp_path, absent):
    columns = [name for name in PROJECTS.columns if name != absent]
    row = {name: value for name, value in project().items() if name != absent}
    projects = dataset(tmp_path / "projects.csv", table(columns, row))
    funding = dataset(tmp_path / "funding.csv", table(FUNDING_COLUMNS, line()))
    message = refusal(lambda: readers.read_programme(projects, funding), DataFileError)
    assert f"projects.csv : colonne(s) {absent} absente(s)" in message


def test_columns_in_another_order_and_more_of_them_are_read(tmp_path):
    columns = [*reversed(PROJECTS.columns), "remarque"]
    content = "\ufeff" + table(columns, project(remarque="x")).replace("\n", "\r\n")
    projects, _ = readers.read_programme(
        dataset(tmp_path / "projects.csv", content),
        dataset(tmp_path / "funding.csv", table(FUNDING_COLUMNS, line())),
    )
    assert list(projects.columns) == list(PROJECTS.columns)


# Tables that are none.


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("", "lisible"),
        ("a,b\n1,2\n1,2,3\n", "lisible"),
        ("a,b,a\n1,2,3\n", "a présente(s) plusieurs fois"),
        ('a,b\n"1,2\n', "lisible"),
    ],
)
def test_a_table_out_of_shape_is_refused(tmp_path, content, expected):
    one = dataset(tmp_path / "t.csv", content)
    message = refusal(lambda: readers.read_table(one), DataFileError)
    assert "t.csv" in message
    assert expected in message


def test_another_encoding_is_refused(tmp_path):
    path = tmp_path / "t.csv"
    one = dataset(path, "a\né\n")
    path.write_bytes("a\né\n".encode("latin-1"))
    with pytest.raises(AtlasError):
        readers.read_table(one)


TABLES = {
    readers.read_insee: "code_qp,theme,variable,file_year,data_year,value",
    readers.read_panel: "code_qp,data_year,x",
    readers.read_comparators: "level,code,variable,data_year,value",
    readers.read_communes: "code_insee,nom,population_municipale,lon,lat",
    readers.read_crosswalk: "qp2024,qp2015_1,statut",
    readers.read_quarters_2015: "code_qp_2015,name,communes,population_2013,population_2018,npnru",
}


@pytest.mark.parametrize("reader", TABLES)
def test_a_table_without_one_of_its_columns_is_refused(tmp_path, reader):
    header = TABLES[reader].split(",")
    for absent in header if reader is not readers.read_panel else header[:-1]:
        content = ",".join(name for name in header if name != absent) + "\n"
        one = dataset(tmp_path / "t.csv", content + "1" + "," * (len(header) - 2) + "\n")
        assert absent in refusal(lambda one=one: reader(one), DataFileError)


def test_faults_name_the_columns_of_the_file(tmp_path):
    content = TABLES[readers.read_communes] + "\n1004,Ambérieu,mille,2.5,95\n62119,,10,2.5,50.5\n"
    message = refusal(lambda: readers.read_communes(dataset(tmp_path / "communes.csv", content)))
    for fault in (
        "ligne 2, colonne « code_insee » : « 1004 »",
        "ligne 2, colonne « population_municipale » : « mille »",
        "ligne 2, colonne « lat » : « 95.0 »",
        "ligne 3, colonne « nom » : cellule vide",
    ):
        assert fault in message
    assert "4 défaut(s)" in message


# Figures.


def test_a_blank_cell_is_secret_where_the_file_says_so(tmp_path):
    text = INSEE + "QP062001,T,V,2021,,\nQP062002,T,V,2021,,0\n"
    secret = figures(tmp_path, text, blank="secret")
    assert secret["status"].tolist() == ["secret", "published"]
    assert pd.isna(secret["value"].iloc[0])
    assert secret["value"].iloc[1] == 0, "a zero is published"
    assert figures(tmp_path, text, blank="absent")["status"].tolist() == ["absent", "published"]


def test_a_variable_blank_everywhere_in_a_vintage_is_absent(tmp_path):
    text = INSEE + "QP062001,T,V,2020,2017,\nQP062002,T,V,2020,2017,\nQP062001,T,V,2021,2018,1\n"
    found = figures(tmp_path, text, blank="secret")
    assert found["status"].tolist() == ["absent", "absent", "published"]


@pytest.mark.parametrize("bad", ["NaN", "inf", "-inf", "1e999", "s", "ns", "12,5", "1_0", "1 234"])
def test_a_figure_that_is_no_number_is_refused(tmp_path, bad):
    message = refusal(lambda: figures(tmp_path, INSEE + f'QP062001,T,V,2021,2018,"{bad}"\n'))
    assert f"ligne 2, colonne « value » : « {bad} »" in message


def test_the_same_figure_twice_is_refused(tmp_path):
    text = INSEE + "QP062001,T,V,2021,,1\nQP062001,T,V,2021,,2\n"
    assert "répétées" in refusal(lambda: figures(tmp_path, text))


def test_a_panel_takes_the_year_of_its_catalogue_or_of_its_column(tmp_path):
    wide = "code_qp,a,b,data_year\nQP062001,1,,2020\nQP062002,,,2020\nQP062001,3,4,2021\n"
    found = readers.read_panel(dataset(tmp_path / "p.csv", wide, blank="secret", generation=2015))
    rows = found.set_index(["variable", "data_year", "area_code"])
    assert rows.loc[("a", 2020, "QP062002"), "status"] == "secret"
    assert rows.loc[("b", 2020, "QP062002"), "status"] == "absent"
    assert rows.loc[("b", 2021, "QP062001"), "value"] == 4
    assert set(found["generation"]) == {2015}
    dated = readers.read_panel(dataset(tmp_path / "q.csv", "code_qp,a\nQP1,1\n", data_year=2022))
    assert dated["data_year"].tolist() == [2022]
    broken = dataset(tmp_path / "p.csv", wide.replace(",4,", ",quatre,"))
    message = refusal(lambda: readers.read_panel(broken))
    assert "ligne 4, colonne « b » : « quatre »" in message


def test_an_unknown_level_of_a_comparator_is_refused(tmp_path):
    content = TABLES[readers.read_comparators] + "\ncanton,62,median,2019,1\n"
    message = refusal(lambda: readers.read_comparators(dataset(tmp_path / "c.csv", content)))
    assert "ligne 2, colonne « level » : « canton »" in message


# Posts.


def posts(folder, *rows):
    header = "type,annee,id_poste,code_tiers_siret,raison_sociale,montant_eur,code_cv\n"
    one = dataset(folder / "posts.csv", header + "\n".join(rows) + "\n")
    return readers.read_posts(one, "postes", "etat")


def test_posts_make_a_programme_of_the_same_shape(tmp_path):
    projects, funding = posts(
        tmp_path,
        "adulte-relais,2020,0621,01234567890123,COMMUNE,19875.06,CV1",
        "postes-fonjep,2021,0621,UN NOM,UN NOM,7164,CV1",
    )
    assert projects["project_id"].is_unique
    assert projects["operator_siret"].tolist()[0] == "01234567890123"
    assert pd.isna(projects["operator_siret"].iloc[1]), "a name is no SIRET"
    assert projects["dispositif"].tolist() == ["adulte-relais", "fonjep"]
    assert projects["lon"].isna().all()
    assert projects["theme"].isna().all()
    assert funding["granted_cents"].tolist() == [1_987_506, 716_400]
    assert funding["requested_cents"].isna().all(), "not published: not zero"


def test_faults_of_posts_are_told_at_once(tmp_path):
    message = refusal(
        lambda: posts(tmp_path, "emploi,2020,1,x,A,1.234,c", "adulte-relais,vingt,2,x,,1,c")
    )
    for fault in (
        "ligne 2, colonne « type » : cellule vide",
        "ligne 2, colonne « montant_eur » : « 1.234 »",
        "ligne 3, colonne « annee » : « vingt »",
        "ligne 3, colonne « raison_sociale » : cellule vide",
    ):
        assert fault in message


# The layer of quarters.

SQUARE = [[[2.5, 50.5], [2.6, 50.5], [2.6, 50.6], [2.5, 50.5]]]
NAMES = {"code_qp": "QN00001A", "lib_qp": "Un", "insee_com": "62119, 62178", "lib_com": "A, B"}


def layer(folder, *features, **extra):
    content = {"type": "FeatureCollection", "features": list(features), **extra}
    return readers.read_quarters(dataset(folder / "q.geojson", json.dumps(content)))


def feature(coordinates=SQUARE, kind="Polygon", **properties):
    shape = {"type": kind, "coordinates": coordinates}
    return {"type": "Feature", "properties": {**NAMES, **properties}, "geometry": shape}


def test_quarters_come_sorted_whatever_the_spelling_of_columns(tmp_path):
    old = {"Code_QP": "QP062001", "NOM_QP": "Deux", "INSEE_COM": "62119", "COMMUNE_QP": "A"}
    first = {**feature(), "properties": {**old}}
    second = {**feature(), "properties": {**old, "Code_QP": "QP02A001"}}
    found = layer(tmp_path, first, second)
    assert found["qpv_code"].tolist() == ["QP02A001", "QP062001"]
    assert found["commune_codes"].tolist() == ["62119", "62119"]
    assert found.crs == "EPSG:4326"


FLAT = [[[2.5, 50.5], [2.6, 50.6], [2.5, 50.5], [2.5, 50.5]]]
METRES = [[[660000, 7040000], [661000, 7040000], [661000, 7041000], [660000, 7040000]]]


@pytest.mark.parametrize(
    ("coordinates", "kind", "expected"),
    [
        (FLAT, "Polygon", "polygones"),
        ([2.5, 50.5], "Point", "polygones"),
        ([], "Polygon", "polygones"),
        (METRES, "Polygon", "WGS 84"),
        ([[[2.5, 50.5]]], "Polygon", "FeatureCollection"),
        (SQUARE, "Carré", "FeatureCollection"),
    ],
)
def test_a_shape_that_is_no_quarter_is_refused(tmp_path, coordinates, kind, expected):
    broken = feature(coordinates, kind, code_qp="QN00009Z")
    message = refusal(lambda: layer(tmp_path, feature(), broken), DataFileError)
    assert "q.geojson" in message
    assert expected in message
    if expected != "FeatureCollection":
        assert "QN00009Z" in message
        assert "QN00001A" not in message


@pytest.mark.parametrize("content", ["", "{", "[]", '{"features": 3}', '{"features": [{}]}'])
def test_a_layer_that_is_no_geojson_is_refused(tmp_path, content):
    one = dataset(tmp_path / "q.geojson", content)
    assert "FeatureCollection" in refusal(lambda: readers.read_quarters(one), DataFileError)


def test_a_feature_without_shape_is_refused(tmp_path):
    hollow = {**feature(), "geometry": None}
    assert "q.geojson" in refusal(lambda: layer(tmp_path, hollow), DataFileError)


def test_codes_of_quarters_are_checked_and_numbered_by_feature(tmp_path):
    message = refusal(
        lambda: layer(tmp_path, feature(), feature(), feature(code_qp="62", insee_com="1004"))
    )
    assert "entité 1, colonne « code_qp » : « QN00001A »" in message
    assert "entité 3, colonne « code_qp » : « 62 »" in message
    assert "entité 3, colonne « insee_com » : « 1004 »" in message


def test_a_layer_with_unknown_columns_names_them(tmp_path):
    nameless = {**feature(), "properties": {"code": "QN00001A"}}
    message = refusal(lambda: layer(tmp_path, nameless), DataFileError)
    assert "code_qp, lib_qp, insee_com, lib_com" in message
    assert "colonnes trouvées : code" in message
