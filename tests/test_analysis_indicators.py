from dataclasses import replace

import pytest

from analysis.comparison import areas_of_year, beside, comparable_vintage
from analysis.indicators import latest, quarter_figures, vintages
from analysis.sources import Source
from analysis.vocabulary import label, labels
from tests.samples import atlas

LE_CENTRE, MONT_LIEBAUT = "QN06211M", "QN06208M"


def indicator(code):
    return atlas().indicators[code]


def figures_of(code, vintage=None):
    found = vintage or vintages(indicator(code), atlas().figures)[-1]
    return quarter_figures(indicator(code), atlas().figures, atlas().crosswalk, found)


def years(code, figures=None):
    source = atlas().figures if figures is None else figures
    return [(one.data_year, one.file_year) for one in vintages(indicator(code), source)]


def test_vintages_run_from_the_oldest_to_the_latest():
    assert years("employment_rate") == [(2010, 2017), (2010, 2018), (None, 2019), (None, 2021)]
    assert years("population")[-1] == (2018, 2021)
    assert [year for year, _ in years("poverty_rate")] == list(range(2012, 2022))
    assert [year for year, _ in years("gini")] == list(range(2013, 2022)), "2012: not published"


def test_editions_follow_the_year_of_their_file_even_where_the_data_year_is_unproven():
    one = atlas().figures
    rows = one[(one["variable"] == "POP_MUN") & one["file_year"].isin([2018, 2021])].copy()
    rows["data_year"] = rows["file_year"].map({2018: None, 2021: 2017}).astype("Int64")
    assert years("population", rows) == [(None, 2018), (2017, 2021)]


def test_vintages_do_not_depend_on_the_order_of_the_file():
    shuffled = atlas().figures.sample(frac=1, random_state=2)
    for code in atlas().indicators:
        assert years(code, shuffled) == years(code)


def test_an_unproven_year_is_said_and_not_guessed():
    unproven = vintages(indicator("employment_rate"), atlas().figures)[-1]
    assert unproven.label == "fichier 2021, année de la donnée non établie"
    assert vintages(indicator("population"), atlas().figures)[-1].label == "donnée 2018"


def test_a_file_that_does_not_say_its_year_is_said_undated():
    undated = replace(vintages(indicator("population"), atlas().figures)[-1], file_year=None)
    assert replace(undated, data_year=None).label == "année de la donnée non établie"


def test_every_vintage_says_its_perimeter():
    for one in atlas().indicators.values():
        assert {vintage.generation for vintage in vintages(one, atlas().figures)} <= {2015}


@pytest.mark.parametrize(
    ("code", "year", "quarter", "expected"),
    [
        ("poverty_rate", 2013, MONT_LIEBAUT, 44.5),
        ("poverty_rate", 2018, MONT_LIEBAUT, 49.3),
        ("poverty_rate", 2021, MONT_LIEBAUT, 48),
        ("poverty_rate", 2021, LE_CENTRE, 44),
        ("median_income", 2019, LE_CENTRE, 13_630),
    ],
)
def test_figures_of_2015_perimeters_are_carried_by_the_correspondence(
    code, year, quarter, expected
):
    found = {one.data_year: one for one in vintages(indicator(code), atlas().figures)}
    frame = figures_of(code, found[year])
    assert len(frame) == 16
    assert frame.loc[quarter].tolist() == [expected, "published"]


def test_a_masked_quarter_stays_masked_in_the_latest_figures():
    vintage, frame = latest(indicator("poverty_rate"), atlas().figures, atlas().crosswalk)
    assert vintage
    assert vintage.data_year == 2021
    masked = frame[frame["status"] == "secret"]
    assert set(masked.index) == {"QN06206M", "QN06210M", "QN06215M"}
    assert masked["value"].isna().all(), "an older figure never fills the gap"
    before = figures_of("poverty_rate", vintages(indicator("poverty_rate"), atlas().figures)[-2])
    assert before.loc[masked.index, "value"].notna().all()


def test_a_quarter_missing_from_the_file_is_absent():
    rows = atlas().figures[atlas().figures["area_code"] != "QP062011"]
    _, frame = latest(indicator("poverty_rate"), rows, atlas().crosswalk)
    assert frame.loc[LE_CENTRE, "status"] == "absent"
    assert frame["value"].isna()[LE_CENTRE]


def test_without_any_figure_every_quarter_is_absent():
    none = atlas().figures.iloc[:0]
    vintage, frame = latest(indicator("poverty_rate"), none, atlas().crosswalk)
    assert vintage is None
    assert len(frame) == 16
    assert set(frame["status"]) == {"absent"}
    alone = beside(
        indicator("poverty_rate"), none, atlas().crosswalk, atlas().territory.comparators, LE_CENTRE
    )
    assert set(alone["status"]) == {"absent"}


def test_the_first_source_that_has_a_figure_is_used():
    one = indicator("population")
    second = type(one)(**{**vars(one), "sources": (Source("rien", "rien", "X"), *one.sources)})
    assert vintages(second, atlas().figures) == vintages(one, atlas().figures)


@pytest.mark.parametrize(
    ("code", "value", "status", "expected"),
    [
        ("poverty_rate", 44.5, "published", "44,5\u202f%"),
        ("poverty_rate", None, "secret", "secret"),
        ("poverty_rate", None, "absent", "n.d."),
        ("poverty_rate", None, "not_comparable", "non comparable"),
        ("median_income", 13630.0, "published", "13\u202f630\u202f€"),
        ("mean_rent", 6.184, "published", "6,18\u202f€/m²"),
        ("population", 2333.0, "published", "2\u202f333"),
        ("gini", 0.254, "published", "0,25"),
        ("population", 0.0, "published", "0"),
    ],
)
def test_a_value_or_the_word_of_its_status(code, value, status, expected):
    assert indicator(code).text(value, status) == expected


def test_a_year_published_to_the_unit_has_no_decimal():
    rate = indicator("poverty_rate")
    assert rate.in_year(2021).text(48.0) == "48\u202f%"
    assert rate.in_year(2020).text(44.0) == "44,0\u202f%"
    assert rate.in_year(None) == rate
    for code, one in atlas().indicators.items():
        for year in one.rounded:
            known = [v for v in vintages(one, atlas().figures) if v.data_year == year]
            values = figures_of(code, known[-1])["value"].dropna()
            assert (values % 1 == 0).all()


# Beside larger areas.


def compare(code, figures=None, quarter=LE_CENTRE):
    source = atlas().figures if figures is None else figures
    areas = atlas().territory.comparators
    return beside(indicator(code), source, atlas().crosswalk, areas, quarter).set_index("level")


def test_a_quarter_is_compared_in_the_same_year():
    found = compare("median_income")
    assert found["value"].to_dict() == {
        "quarter": 13_630,
        "epci": 19_400,
        "department": 19_560,
        "region": 20_360,
        "country": 21_930,
    }
    assert set(found["data_year"]) == {2019}, "2021 is later, but published for quarters only"
    assert set(found["status"]) == {"published"}


def test_without_a_common_year_the_quarter_stands_alone():
    found = compare("poverty_rate")
    assert found.loc["quarter", ["value", "data_year"]].tolist() == [44, 2021]
    others = found.drop("quarter")
    assert set(others["status"]) == {"absent"}
    assert others["value"].isna().all()
    unproven = compare("employment_rate")
    assert unproven["data_year"].isna().all()
    assert unproven.loc["quarter", "status"] == "published"


def test_the_former_agglomeration_is_not_comparable():
    figures = atlas().figures
    early = figures[
        (figures["dataset"] != "filosofi_comparateurs") | (figures["data_year"] <= 2015)
    ]
    found = compare("median_income", early)
    assert set(found["data_year"]) == {2015}
    assert found.loc["epci", "status"] == "not_comparable"
    assert found["value"].isna()["epci"]
    assert found.loc["department", "status"] == "published"


def test_an_area_of_the_same_code_at_another_level_is_no_comparator():
    """Region 32 and department 32 bear the same code."""
    figures = atlas().figures
    kept = figures[(figures["area_level"] == "quarter") | (figures["area_level"] == "region")]
    wrong = kept.assign(area_level=kept["area_level"].replace("region", "department"))
    one, areas = indicator("median_income"), atlas().territory.comparators
    common = comparable_vintage(one, kept, areas)
    assert common
    assert common.data_year == 2019
    assert comparable_vintage(one, wrong, areas) is None


def test_comparators_of_a_year_without_figures_are_absent():
    one, areas = indicator("median_income"), atlas().territory.comparators
    for year in (None, 1999):
        found = areas_of_year(one, atlas().figures, areas, year)
        assert len(found) == len(areas)
        assert set(found["status"]) == {"absent"}


# Words.


@pytest.mark.parametrize(
    "column", ["theme", "group", "funder", "status", "dispositif", "target", "situation"]
)
def test_every_code_of_the_ledgers_has_a_french_word(column):
    words = labels(atlas().territory, column)
    for code in ("demo", "postes"):
        met = set(atlas().programme(code).ledger[column])
        assert met <= set(words)
    assert label(atlas().territory, column, "inconnu") == "inconnu"
