import io

import pandas as pd
import pytest

from analysis.programme import by_target, grand_total
from analysis.selection import Selection
from analysis.vocabulary import TARGET_WORDS
from store.exports import export_bytes
from store.tables import (
    export_projects,
    export_quarters,
    export_totals,
    projects_of,
    quarter_table,
    selected,
)
from tests.samples import CENTS, atlas

SELECTIONS = {
    "whole year": Selection("demo", 2025),
    "themes": Selection("demo", 2024, themes=("1.1", "1.2")),
    "funder and status": Selection("demo", 2025, funders=("etat-147",), statuses=("granted",)),
    "dispositif": Selection("demo", 2023, dispositifs=("pre",)),
    "two quarters": Selection("demo", 2025, quarters=("QN06211M", "QN06208M")),
    "real posts": Selection("postes", 2021),
    "nothing": Selection("demo", 1999),
}
EUROS = dict(zip(CENTS, ("demande_eur", "accorde_eur", "annee_precedente_eur"), strict=True))


@pytest.fixture(params=SELECTIONS)
def selection(request):
    return SELECTIONS[request.param]


def cents(euros):
    return round((euros * 100).astype("Float64")).astype("Int64")


def total(series):
    return 0 if series.isna().all() else series.sum()


def test_the_table_of_quarters_has_them_all(selection):
    table = quarter_table(atlas(), selection)
    assert list(table.index) == list(atlas().quarters["qpv_code"])
    assert table["label"].is_unique
    assert set(table.index[table["npnru"]]) == set(atlas().territory.npnru)
    quarters = by_target(selected(atlas(), selection, quarters=False)).loc["quarter"]
    for name in CENTS:
        assert total(table[name]) == total(quarters[[name]])
    located = (selected(atlas(), selection, quarters=False)["target"] == "quarter").any()
    if selection.programme == "postes":
        assert not located
        assert table["granted_per_inhabitant"].isna().all(), "missing is not zero"
        return
    known = table["population"].notna() & table["granted_cents"].notna()
    expected = table["granted_cents"][known] / table["population"][known]
    assert (table["granted_per_inhabitant"][known] - expected).abs().max() < 1e-6


def test_population_is_that_of_the_latest_census_of_the_file():
    vintage, people = atlas().population
    assert vintage
    assert (vintage.data_year, vintage.generation) == (2018, 2015)
    assert people["QN06204M"] == 2333
    assert people.notna().all()


def test_the_table_of_projects_is_the_ledger_of_the_selection(selection):
    table, rows = projects_of(atlas(), selection), selected(atlas(), selection)
    assert set(table["project_id"]) == set(rows["project_id"])
    assert table["project_id"].is_unique
    for name in CENTS:
        assert total(table[name]) == total(rows[name])
    whole = grand_total(rows)
    assert len(table) == whole["projects"]


def test_exported_projects_say_what_they_are_and_lose_nothing(selection):
    layer, table = export_projects(atlas(), selection), projects_of(atlas(), selection)
    fictitious = atlas().territory.programme(selection.programme).fictitious
    assert layer["donnees_fictives"].dtype == bool
    assert set(layer["donnees_fictives"]) <= {fictitious}
    assert layer.crs == "EPSG:4326"
    assert layer["identifiant"].tolist() == table["project_id"].tolist()
    for name, euros in EUROS.items():
        assert cents(layer[euros]).equals(table[name].rename(euros))
    located = table["lon"].notna()
    assert (layer.geometry.notna() == located).all(), "kept without a place, never put elsewhere"
    assert layer.geometry.x[located].tolist() == table["lon"][located].tolist()
    assert layer[["etat_position", "situation", "beneficie_a"]].notna().all(axis=None)


def test_exported_quarters_are_the_table(selection):
    layer, table = export_quarters(atlas(), selection), quarter_table(atlas(), selection)
    chosen = list(selection.quarters) or list(table.index)
    assert sorted(layer["code_qpv"]) == sorted(chosen)
    assert set(layer["montants_fictifs"]) == {
        atlas().territory.programme(selection.programme).fictitious
    }
    table = table.loc[layer["code_qpv"]]
    for name, euros in EUROS.items():
        expected = table[name].reset_index(drop=True)
        pd.testing.assert_series_equal(cents(layer[euros]), expected, check_names=False)
    assert layer.geometry.is_valid.all()
    shapes = atlas().quarters.set_index("qpv_code").geometry
    for code, shape in zip(layer["code_qpv"], layer.geometry, strict=True):
        assert shape.equals(shapes[code])


def test_a_real_zero_stays_zero_beside_served_quarters():
    one = Selection("demo", 2025, dispositifs=("pre",))
    table = quarter_table(atlas(), one)
    unserved = table["projects"] == 0
    assert 0 < unserved.sum() < len(table)
    assert (table.loc[unserved, "granted_per_inhabitant"] == 0).all()


def test_exported_totals_reconcile_to_the_cent(selection):
    layer = export_totals(atlas(), selection)
    assert layer["destination"].tolist() == [*TARGET_WORDS.values(), "Total"]
    engine = grand_total(selected(atlas(), selection))
    for name, euros in EUROS.items():
        *parts, whole = cents(layer[euros])
        assert total(pd.Series([whole])) == total(pd.Series([engine[name]]))
        assert total(pd.Series(parts, dtype="Int64")) == total(pd.Series([whole], dtype="Int64"))
    assert layer.geometry.isna().all()


def test_exported_counts_are_whole_numbers():
    layer = export_quarters(atlas(), SELECTIONS["whole year"])
    counts = [code for code, one in atlas().indicators.items() if one.kind == "count"]
    assert {"population", "job_seekers", "caf_recipients", "social_dwellings"} <= set(counts)
    assert {str(layer[code].dtype) for code in counts} == {"Int64"}
    rows = export_bytes(atlas(), SELECTIONS["whole year"], "quarters", "csv").decode("utf-8-sig")
    cells = pd.read_csv(io.StringIO(rows), sep=";", dtype="str").set_index("code_qpv")
    assert cells.loc["QN06204M", "population"] == "2333"
    assert cells[counts].stack().dropna().str.fullmatch(r"\d+").all()


def test_exported_figures_carry_their_year_perimeter_and_status():
    layer = export_quarters(atlas(), SELECTIONS["whole year"]).set_index("code_qpv")
    assert layer.loc["QN06208M", "poverty_rate"] == 48
    assert set(layer["poverty_rate_annee"]) == {"donnée 2021"}
    assert set(layer["poverty_rate_perimetre"]) == {2015}
    masked = layer["poverty_rate_statut"] == "secret"
    assert masked.sum() == 3
    assert (layer["poverty_rate"].isna() == masked).all()
    assert set(layer["generation"]) == {2024}


def test_the_posts_are_not_on_the_map_and_not_lost():
    rows = pd.concat(
        [selected(atlas(), Selection("postes", year)) for year in atlas().years("postes")]
    )
    assert atlas().years("postes") == [2023, 2022, 2021, 2020]
    assert rows["granted_cents"].sum() == 104_572_056
    assert set(rows["target"]) == {"unallocated"}


def test_a_programme_is_read_once_and_the_same_for_all():
    assert atlas().programme("demo") is atlas().programme("demo")
    assert atlas().quarters is atlas().quarters
