"""The embedded files are what the catalogue says, and hold the published figures."""

import hashlib
import re
import tomllib

import pandas as pd
import pytest

from analysis.definitions import THEMES
from analysis.indicators import every_source
from geo import readers
from geo.catalogue import load_catalogue
from tests.samples import DATA, atlas

CATALOGUE = load_catalogue(DATA)


@pytest.mark.parametrize("key", CATALOGUE)
def test_every_file_matches_its_fingerprint(key):
    path = CATALOGUE[key].path
    assert hashlib.sha256(path.read_bytes()).hexdigest() == CATALOGUE[key].sha256


def test_nothing_embedded_is_outside_the_catalogue():
    listed = {one.path for one in CATALOGUE.values()} | {DATA / "qpv" / "catalogue.toml"}
    assert {path for path in (DATA / "qpv").rglob("*") if path.is_file()} <= listed


def test_every_dataset_tells_where_it_comes_from():
    for one in CATALOGUE.values():
        assert one.credit.startswith(one.producer)
        assert one.perimeter in one.credit
        assert one.licence
        assert one.limits
        assert one.source.startswith("https://") != one.fictitious


def test_only_the_demonstration_is_fictitious():
    assert {one.path.parent.name for one in CATALOGUE.values() if one.fictitious} == {"demo"}


def test_sixteen_quarters_of_each_generation():
    quarters = atlas().quarters
    former = readers.read_quarters_2015(atlas().dataset("quarters_2015"))
    assert len(quarters) == len(former) == 16
    assert quarters.crs == "EPSG:4326"
    assert quarters.is_valid.all()
    assert list(quarters["qpv_code"]) == sorted(quarters["qpv_code"])
    assert set(atlas().crosswalk["qpv_code"]) == set(quarters["qpv_code"])
    assert set(atlas().crosswalk["qpv_code_2015"]) == set(former["qpv_code"])
    assert {"QN06211M", "QN06208M"} <= set(quarters["qpv_code"])
    assert (former["npnru"] == "oui").sum() == 2


def test_quarters_have_the_size_of_quarters():
    hectares = atlas().quarters_metric.area / 10_000
    assert hectares.between(3, 300).all()


def test_a_hundred_communes():
    communes = atlas().communes
    assert len(communes) == 100
    assert communes["population"].sum() == 275_736
    assert communes["commune_code"].str.len().eq(5).all()


def test_posts_add_up_to_the_published_total():
    loaded = atlas().programme("postes")
    assert len(loaded.projects) == 58
    assert loaded.funding["granted_cents"].sum() == 104_572_056
    assert loaded.ledger["granted_cents"].sum() == 104_572_056
    assert not loaded.projects["fictitious"].any()
    known = loaded.projects["operator_siret"].dropna()
    assert known.str.fullmatch(r"\d{14}").all()
    assert 0 < len(known) < 58


@pytest.mark.parametrize(
    ("area", "variable", "year", "expected"),
    [
        ("QP062008", "taux_pauvrete", 2013, 44.5),
        ("QP062008", "taux_pauvrete", 2018, 49.3),
        ("QP062008", "taux_pauvrete", 2021, 48),
        ("QP062011", "taux_pauvrete", 2013, 41.1),
        ("QP062011", "taux_pauvrete", 2018, 46.7),
        ("QP062011", "taux_pauvrete", 2021, 44),
        ("200072460", "median", 2019, 19_400),
        ("62", "median", 2019, 19_560),
        ("32", "median", 2019, 20_360),
        ("1", "median", 2019, 21_930),
    ],
)
def test_published_values(area, variable, year, expected):
    figures = atlas().figures
    rows = figures[
        (figures["area_code"] == area)
        & (figures["variable"] == variable)
        & (figures["data_year"] == year)
        & (figures["area_level"] != "commune")
    ]
    assert rows["value"].tolist() == [expected]


def test_three_quarters_are_masked_in_2021():
    figures = atlas().figures
    rows = figures[(figures["variable"] == "taux_pauvrete") & (figures["data_year"] == 2021)]
    masked = rows[rows["status"] == "secret"]
    assert set(masked["area_code"]) == {"QP062006", "QP062010", "QP062015"}
    assert masked["value"].isna().all()
    assert (rows["value"].dropna() % 1 == 0).all(), "2021 rates are published rounded"


def test_a_value_and_a_status_say_the_same():
    figures = atlas().figures
    assert ((figures["status"] == "published") == figures["value"].notna()).all()
    whole = figures[(figures["variable"] == "gini") & (figures["data_year"] == 2012)]
    assert set(whole["status"]) == {"absent"}, "nothing was published that year: not a secret"
    vacancy = figures[(figures["variable"] == "txVac") & figures["value"].isna()]
    assert set(vacancy["status"]) == {"absent"}, "the source does not explain its blanks"


def test_file_year_and_data_year_stay_apart():
    figures = atlas().figures
    income = figures[(figures["variable"] == "DISP_D1")][["file_year", "data_year"]]
    assert set(income.itertuples(index=False, name=None)) == {
        (2017, 2013),
        (2018, 2014),
        (2019, 2015),
        (2021, 2017),
    }
    jobs = figures[(figures["variable"] == "TX_TOT_EMPL") & (figures["file_year"] == 2021)]
    assert jobs["data_year"].isna().all(), "an unproven year is not guessed"


def known_columns():
    """Every (part, table, column) of the published files, as they were met, and of ours."""
    files = tomllib.loads((DATA / "published.toml").read_text(encoding="utf-8"))
    found = {
        (table["part"], table.get("as", name), column)
        for name, table in files["tables"].items()
        for column in table["columns"]
    }
    areas = files["filosofi"]
    found |= {
        (areas["part"], "", areas["renamed"].get(column, column)) for column in areas["columns"]
    }
    return found | {
        ("filosofi", "", name) for name in atlas()._figures.part("filosofi")["variable"]
    }


def test_every_indicator_is_read_from_columns_that_are_published():
    known = known_columns()
    for source in every_source(atlas().indicators):
        for term in re.split("[+/]", source.variable):
            table, _, column = f"{source.table}.{term}".rpartition(".")
            assert (source.part, table.rpartition(".")[2], column) in known, source


def test_thirty_five_indicators_in_eight_themes_say_what_they_are():
    indicators = atlas().indicators.values()
    assert len(indicators) >= 35
    assert list(dict.fromkeys(one.theme for one in indicators)) == list(THEMES)
    assert len(THEMES) == 8
    for one in indicators:
        assert one.definition.endswith(".")
        assert one.perimeter.endswith(".")
        assert bool(one.weights) == (one.operation == "weighted_mean")


def test_an_indicator_the_embedded_files_hold_shows_values():
    shown = {one.indicator.code for one in atlas().readings if one.vintage}
    held = set(atlas().figures.query("status == 'published'")["variable"])
    for code, one in atlas().indicators.items():
        assert (code in shown) == bool({source.variable for source in one.sources} & held), code
    assert len(shown) >= 35


def test_figures_keep_numbers_and_codes_apart():
    types = atlas().figures.dtypes
    assert types["value"] == "float64"
    assert types["area_code"] == types["dataset"] == pd.StringDtype(na_value=float("nan"))
