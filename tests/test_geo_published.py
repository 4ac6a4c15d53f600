"""Published files of figures: every trap of their shapes, on small files made for the tests."""

import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo import filosofi, insee
from geo.errors import DataFileError
from geo.published import Read, figure, grid, known
from geo.schema import FIGURES, report
from store.published import load_known
from tests.samples import DATA

KNOWN = load_known(DATA)
HEADER = "CODGEO;LIBGEO;POP_MUN;TX_F;TX_TOT_MEN6;NOTE_RP"


def file(*lines, header=HEADER, end="\r\n", encoding="utf-8"):
    return (end.join([header, *lines]) + end).encode(encoding)


def read(content, name="DEMO_2021.csv", **options) -> Read:
    found = insee.read(content, name, KNOWN, datasets={"insee": "essai"}, **options)
    assert found is not None
    if not found.faults:
        assert report(found.figures, FIGURES, name) == ""
    return found


def values(found, variable, column="value"):
    rows = found.figures[found.figures["variable"] == variable]
    return dict(zip(rows["area_code"], rows[column], strict=True))


CAMUS, CIEL = "QP062001;Camus;1\u202f256;56,2;4,2;0", "QN06202M;Ciel;989;;;1"
PLAIN = file(CAMUS, CIEL)


# Shapes.


def test_a_classic_file_is_read():
    found = read(PLAIN)
    assert values(found, "POP_MUN") == {"QP062001": 1256.0, "QN06202M": 989.0}
    assert values(found, "TX_F")["QP062001"] == 56.2
    assert values(found, "TX_F", "status") == {"QP062001": "published", "QN06202M": "secret"}
    assert math.isnan(values(found, "TX_F")["QN06202M"])
    assert values(found, "POP_MUN", "generation") == {"QP062001": 2015, "QN06202M": 2024}
    assert set(found.figures["table"]) == {"DEMO"}
    assert set(found.figures["variable"]) == {"POP_MUN", "TX_F", "TX_TOT_MEN6"}, "no label, no note"


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbf" + PLAIN,
        PLAIN.replace(b"\r\n", b"\n"),
        file(f"{CAMUS};;;", f"{CIEL};;;", header=HEADER + ";;;"),
        file(CAMUS.replace("\u202f", "\u00a0"), CIEL, encoding="cp1252"),
        file("QP062001 ;Camus; 1 256 ;56,2;4,2;0", CIEL, header=HEADER.replace("TX_F", "TX_F ")),
        file("QP062001;1256;56,2;4,2", "QN06202M;989;;", header="CODGEO;POP_MUN;TX_F;TX_TOT_MEN6"),
        file("", "Démographie;;;;;", HEADER, CAMUS, ";;;;;", CIEL, header="Titre;;;;;"),
        PLAIN.replace(b"POP_MUN", b"pop_mun"),
    ],
    ids=["bom", "lf", "empty columns", "cp1252", "trailing blanks", "V1", "title", "case"],
)
def test_every_layout_gives_the_same_figures(content):
    assert read(content).figures.equals(read(PLAIN).figures)


def test_the_total_of_all_quarters_is_no_quarter_and_is_told():
    found = read(file("Ensemble;Ensemble des QPV;5\u202f019\u202f573;52,1;;", "QP062001;C;1;;2;0"))
    assert set(found.figures["area_code"]) == {"QP062001"}
    assert any("ligne 2" in note and "Ensemble" in note for note in found.notes)


def test_a_column_blank_everywhere_is_absent_and_a_blank_cell_secret():
    found = read(file("QP062001;C;1;;2;0", "QP062002;D;;;;0"))
    assert set(values(found, "TX_F", "status").values()) == {"absent"}
    assert values(found, "POP_MUN", "status") == {"QP062001": "published", "QP062002": "secret"}
    assert values(found, "TX_TOT_MEN6", "status")["QP062002"] == "secret"


def test_rows_of_communes_and_epci_keep_their_level():
    found = read(file("62119;Ville;25000;52;;", "2A004;Autre;1;;2;", "200000001;Agglo;9;;;"))
    levels = dict(zip(found.figures["area_code"], found.figures["area_level"], strict=True))
    assert levels == {"62119": "commune", "2A004": "commune", "200000001": "epci"}
    assert found.figures["generation"].isna().all()


def test_other_territories_are_left_and_counted():
    found = read(PLAIN, areas={("quarter", "QP062001"), ("commune", "QN06202M")})
    assert set(found.figures["area_code"]) == {"QP062001"}
    assert any("1 ligne(s) d'autres territoires" in note for note in found.notes)


def test_the_population_of_2024_is_known_by_its_columns():
    header = (
        "codeQPV;libQPV;codeReg;codeUU2020;listeDep;listeDepCom;listeLibDepCom;listeEPCI2022;"
        "popMuniQPV;partPop15_24;partPop99"
    )
    row = "QN06202M;Un, deux;32;62701;62;62119,62464;A, B;200000001,200000002;1 234;17,5;3"
    found = read(file(row, header=header), "insee_qpv_2024.csv")
    assert values(found, "popMuniQPV") == {"QN06202M": 1234.0}
    assert values(found, "partPop15_24") == {"QN06202M": 17.5}
    assert values(found, "partPop99") == {"QN06202M": 3.0}, "an unknown column is kept"
    assert any("partPop99" in note for note in found.notes)
    assert set(found.figures["table"]) == {"POP"}
    assert found.figures["data_year"].isna().all()
    assert set(found.figures["generation"]) == {2024}


def test_social_housing_is_dated_by_its_file_and_its_blanks_are_absent():
    content = file("QP062001;X;622;5,5", "QP062002;Y;878;", header="codGeo;libGeo;nbLsPls;txVac")
    found = insee.read(content, "RPLS_01-01-2021_QPV.csv", KNOWN, datasets={"rpls": "essai"})
    assert found
    assert set(found.figures["data_year"]) == {2021}
    assert values(found, "txVac", "status")["QP062002"] == "absent"
    assert set(found.figures["dataset"]) == {"essai"}
    assert not any("non établie" in note for note in found.notes)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("DEMO_2021.csv", "DEMO"),
        ("data_DEMO_2019_V1_QP.csv", "DEMO"),
        ("EDUC_2022.csv", "EDUC"),
        ("logt_2023.csv", "LOGT"),
        ("TECO_2023_V2.csv", "TECO"),
    ],
)
def test_a_table_is_known_by_the_name_of_its_file(name, expected):
    found = read(file("QP062001;C;1;;2;0"), name)
    assert set(found.figures["table"]) == {expected}


def test_what_is_no_published_table_is_not_recognized():
    for content in (b"a;b\n1;2\n", b"\x00\x01", b"", PLAIN):
        assert insee.read(content, "notes.csv", KNOWN, datasets={}) is None


# Years.


@pytest.mark.parametrize(
    ("file_year", "data_year"), [(2017, 2013), (2019, 2013), (2021, 2018), (2022, 2018)]
)
def test_the_year_of_the_file_is_not_that_of_the_data(file_year, data_year):
    found = read(PLAIN, f"DEMO_{file_year}.csv")
    assert set(found.figures["file_year"]) == {file_year}
    assert set(values(found, "POP_MUN", "data_year").values()) == {data_year}
    assert found.figures.query("variable == 'TX_F'")["data_year"].isna().all()
    assert any("non établie" in note and "TX_F" in note for note in found.notes)


def test_an_unknown_vintage_and_an_unknown_column_are_told_and_kept():
    content = file("QP062001;C;12;7,5;texte", header="CODGEO;LIBGEO;POP_MUN;TX_NEUF;MOT")
    found = read(content, "DEMO_2031.csv")
    assert values(found, "POP_MUN") == {"QP062001": 12.0}
    assert values(found, "TX_NEUF") == {"QP062001": 7.5}
    assert found.figures["data_year"].isna().all(), "not guessed"
    told = "\n".join(found.notes)
    for words in ("millésime 2031", "TX_NEUF", "MOT", "connus : 2017"):
        assert words in told


def test_a_file_without_a_year_says_so():
    found = read(PLAIN, "DEMO.csv")
    assert found.figures["file_year"].isna().all()
    assert any("ne dit pas son année" in note for note in found.notes)


# Faults.


def test_every_fault_is_told_at_once_with_its_place():
    rest = ("QP62001;D;1;2;3;0", "QP062003;E;1;2;3;0", "QP062003;F;1;2;3;0")
    found = read(file("QP062001;C;1.5;52,1,2;n/a;0", *rest))
    told = "\n".join(found.faults)
    for words in (
        "DEMO_2021.csv, ligne 2, colonne « POP_MUN » : « 1.5 » ; attendu : un nombre",
        "ligne 2, colonne « TX_F » : « 52,1,2 »",
        "ligne 2, colonne « TX_TOT_MEN6 » : « n/a »",
        "ligne 3, colonne « CODGEO » : « QP62001 » ; attendu : un code QPV",
        "ligne 4, colonne « CODGEO » : « QP062003 » ; attendu : un code une seule fois",
    ):
        assert words in told
    assert len(found.faults) == 6


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"a;b\n1;2\n", "aucune ligne d'en-tête"),
        (file("QP062001;C;1;2;3;0;9"), "sous aucun nom de colonne"),
        (file("QP062001;C;1;2;3;0", header=HEADER.replace("TX_F", "POP_MUN")), "de même nom"),
        (b"\x00\x01", "n'est pas un texte"),
    ],
)
def test_a_file_that_is_no_table_is_one_fault(content, words):
    with pytest.raises(DataFileError) as caught:
        grid(content, "DEMO_2021.csv")
    assert words in str(caught.value)
    found = read(content)
    assert found.figures.empty
    assert found.faults == (str(caught.value),)


def test_a_broken_description_of_the_files_is_refused():
    with pytest.raises(DataFileError) as caught:
        known({"tables": {}})
    assert "published.toml" in str(caught.value)


# Cells.


@pytest.mark.parametrize(
    ("text", "value", "status"),
    [
        ("0", 0.0, "published"),
        ("-8,8", -8.8, "published"),
        ("1\u202f428\u202f400", 1_428_400.0, "published"),
        ("12 345,6", 12_345.6, "published"),
        ("s", math.nan, "secret"),
        ("NS", math.nan, "not_significant"),
        ("nd", math.nan, "absent"),
        (None, math.nan, "secret"),
    ],
)
def test_a_cell_is_a_value_or_a_status(text, value, status):
    found, said = figure(text, "secret")
    assert said == status
    assert found == value or (math.isnan(found) and math.isnan(value))


@pytest.mark.parametrize("text", ["1.5", "1,2,3", "12 34", "1e3", "٣", "--", "n.c.", "1\u202f23"])
def test_a_cell_that_is_neither_is_refused(text):
    with pytest.raises(ValueError, match=r".*"):
        figure(text, "secret")


@given(st.integers(-(10**9), 10**9), st.integers(0, 999), st.sampled_from(["", " ", "\u202f"]))
def test_french_numbers_are_read_as_they_are_written(whole, thousandths, apart):
    text = f"{whole:,}".replace(",", apart) + f",{thousandths:03d}"
    assert figure(text, "secret") == (float(f"{whole}.{thousandths:03d}"), "published")


# Filosofi.


FILO = "CODGEO;LIBGEO;NBMEN19;Q219;D119;D919;S80S2019;GI19;PPSOC19;Q3_Q1;RD"


def areas(content, name="FILO2019_DISP_COM.csv", **options):
    return filosofi.read(content, name, KNOWN, datasets={"comparators": "essai"}, **options)


def test_filosofi_keeps_its_four_kinds_of_blank_apart():
    found = areas(file("62001;A;1211;20\u202f660;ns;nd;s;;4,9;10000;2,5", header=FILO))
    assert values(found, "median") == {"62001": 20_660.0}
    status = {name: values(found, name, "status")["62001"] for name in ("d1", "d9", "S80S20", "GI")}
    assert status == {"d1": "not_significant", "d9": "absent", "S80S20": "secret", "GI": "absent"}
    assert set(found.figures["data_year"]) == {2019}
    assert found.figures["file_year"].isna().all()
    assert values(found, "Q3_Q1") == {"62001": 10_000.0}
    assert found.faults == ()


@pytest.mark.parametrize(
    ("word", "level"),
    [
        ("COM", "commune"),
        ("EPCI", "epci"),
        ("DEP", "department"),
        ("REG", "region"),
        ("METROPOLE", "country"),
    ],
)
def test_filosofi_level_is_the_one_of_the_name(word, level):
    found = areas(file("1;A;1;2;3;4;5;6;7;8;9", header=FILO), f"filosofi_FILO2019_DISP_{word}.csv")
    assert set(found.figures["area_level"]) == {level}


def test_filosofi_faults_are_all_told():
    header = FILO.replace("D119", "D118")
    found = areas(file("1;A;x;2;3;4;5;6;7;8;9", "1;B;1;2;3;4;5;6;7;8;9", header=header))
    told = "\n".join(found.faults)
    for words in ("colonne « D118 » : année 18", "« x »", "code(s) répété(s) 1"):
        assert words in told
    assert areas(b"", "FILO2019_DISP_CANTON.csv").faults[0].startswith("FILO2019_DISP_CANTON.csv")


def test_filosofi_unknown_column_is_kept():
    found = areas(file("1;A;1;9", header="CODGEO;LIBGEO;Q219;NEUF19"))
    assert values(found, "NEUF") == {"1": 9.0}
    assert any("NEUF19" in note for note in found.notes)


def test_shapes_of_the_project_are_described_once():
    assert Path(DATA / "published.toml").exists()
    for table in KNOWN.tables.values():
        folded = [column.casefold() for column in table.columns]
        assert len(set(folded)) == len(folded)
    for (name, column, file_year), data_year in KNOWN.data_years.items():
        assert column in KNOWN.tables[name].columns
        assert data_year < file_year
