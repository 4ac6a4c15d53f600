"""A folder of published files: put together, checked against each other and against the atlas."""

from pathlib import Path

import pandas as pd
import pytest

from geo.errors import ContractError, DataFileError
from geo.schema import FIGURES, report
from store.published import Published, load_known, read_published
from tests.samples import DATA, atlas

SAMPLES = Path(__file__).resolve().parents[2] / "shared" / "samples"
present = pytest.mark.skipif(
    not SAMPLES.exists(), reason="the files as published (../shared/samples) are not here"
)
KNOWN = load_known(DATA)
DEMO = "CODGEO;LIBGEO;POP_MUN;TX_F\r\nQP062001;Camus;1\u202f256;56,2\r\nQP062002;Ciel;989;\r\n"
V1 = "CODGEO;POP_MUN;TX_F\nQP062001;1256;56,2\nQP062002;989;\n"


def folder(path, **files):
    for name, text in files.items():
        (path / f"{name}.csv").write_text(text, encoding="utf-8")
    return path


def read(*paths, areas=None) -> Published:
    found = read_published(paths, KNOWN, {"insee": "essai"}, areas)
    assert report(found.figures, FIGURES, "essai") == ""
    return found


def test_the_same_edition_in_two_layouts_is_read_once(tmp_path):
    found = read(folder(tmp_path, DEMO_2019=DEMO, data_DEMO_2019_V1_QP=V1))
    assert len(found.figures) == 4
    assert any("data_DEMO_2019_V1_QP.csv répète DEMO_2019.csv" in note for note in found.notes)
    assert found.source("essai", ["DEMO"], 2019) == (
        "fichier DEMO_2019.csv, fichier data_DEMO_2019_V1_QP.csv"
    )
    assert found.source("essai", ["REVN"], 2019) == ""


def test_two_files_that_disagree_are_refused_by_name(tmp_path):
    one = folder(tmp_path, DEMO_2019=DEMO, data_DEMO_2019_V1_QP=V1.replace("989", "990"))
    with pytest.raises(ContractError) as caught:
        read(one)
    for word in ("data_DEMO_2019_V1_QP.csv et DEMO_2019.csv", "QP062002", "POP_MUN", "990"):
        assert word in str(caught.value)


def test_every_fault_of_every_file_is_told_at_once(tmp_path):
    one = folder(
        tmp_path,
        DEMO_2019=DEMO.replace("989", "n/a"),
        REVN_2019="CODGEO;TP60\nQP062001;44.5\n",
        IPRO_2019="rien\n",
        FILO2019_DISP_COM="CODGEO;Q219\n62001;x\n",
    )
    with pytest.raises(ContractError) as caught:
        read(one)
    told = str(caught.value)
    for word in ("4 défaut(s)", "« n/a »", "« 44.5 »", "IPRO_2019.csv", "« x »"):
        assert word in told


def test_what_is_not_recognized_is_noted_and_spares_the_rest(tmp_path):
    one = folder(tmp_path, DEMO_2019=DEMO, notes="a;b\n1;2\n")
    (one / "lisez-moi.pdf").write_bytes(b"%PDF")
    found = read(one)
    assert len(found.figures) == 4
    for name in ("notes.csv", "lisez-moi.pdf"):
        assert any(note.startswith(f"{name} : fichier non reconnu") for note in found.notes)


def test_a_file_alone_is_read_and_nothing_to_read_is_refused(tmp_path):
    one = folder(tmp_path, DEMO_2019=DEMO)
    assert len(read(one / "DEMO_2019.csv").figures) == 4
    assert read(one, areas={("quarter", "QP099999")}).figures.empty
    (tmp_path / "vide").mkdir()
    for path, word in ((tmp_path / "vide", "Aucun fichier"), (tmp_path / "x", "n'existe pas")):
        with pytest.raises(DataFileError) as caught:
            read(path)
        assert word in str(caught.value)


# The files as published.


@pytest.fixture(scope="module")
def published():
    return read_published(
        [SAMPLES / "insee", SAMPLES / "filosofi"], KNOWN, atlas().territory.datasets
    )


@present
def test_the_embedded_figures_are_those_of_the_published_files(published):
    """Value, status and both years of every figure the two have, or say that one is not dated."""
    keys = ["dataset", "table", "area_level", "area_code", "variable", "file_year"]
    parts = {"insee_qpv": keys, "filosofi_comparateurs": [*keys, "data_year"]}
    for dataset, on in parts.items():
        ours = atlas().figures.query("dataset == @dataset")
        ours = ours[~ours["variable"].str.contains("[/+]")]
        both = ours.merge(published.figures, on=on, suffixes=("_ours", ""))
        assert len(both) > 100
        same = both["value"].eq(both["value_ours"]) | (
            both["value"].isna() & both["value_ours"].isna()
        )
        assert same.all()
        assert (both["status"] == both["status_ours"]).all()
        if dataset == "insee_qpv":
            pd.testing.assert_series_equal(
                both["data_year"], both["data_year_ours"], check_names=False
            )
            years = set(ours["file_year"]) & set(published.figures["file_year"].dropna())
            assert len(both) == ours["file_year"].isin(years).sum(), "no figure of ours is missing"


@present
@pytest.mark.parametrize(
    ("level", "code", "median"),
    [
        ("epci", "200072460", 19_400),
        ("department", "62", 19_560),
        ("region", "32", 20_360),
        ("country", "1", 21_930),
    ],
)
def test_the_medians_of_2019_are_the_published_ones(published, level, code, median):
    rows = published.figures.query(
        "area_level == @level and area_code == @code and variable == 'median' and data_year == 2019"
    )
    assert rows["value"].tolist() == [median]
    embedded = atlas().figures.query(
        "area_level == @level and area_code == @code and variable == 'median' and data_year == 2019"
    )
    assert embedded["value"].tolist() == [median]


@present
def test_the_published_files_hold_nothing_unknown(published):
    assert not [note for note in published.notes if "inconnu" in note or "jamais" in note]
    assert {2017, 2018, 2019, 2020, 2021} == set(published.figures["file_year"].dropna())
    assert (published.figures["status"] == "secret").any()
