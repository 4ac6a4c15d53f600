import pandas as pd
import pytest

from analysis.allocation import TARGETS, allocate, serve
from analysis.programme import (
    by_quarter,
    by_target,
    change,
    grand_total,
    ledger,
    operators,
    per_inhabitant,
    project_table,
    totals,
)
from analysis.selection import Selection, apply
from tests.samples import CENTS, atlas, funding_frame, project_frame

CROSSWALK = pd.DataFrame(
    {"qpv_code": ["QA", "QB"], "qpv_code_2015": [None, None], "relation": "X"}
).astype("str")


def small_ledger():
    projects = project_frame(
        {"declared_qpv": "QA, QB", "theme": "1.1", "operator": "Un", "dispositif": "pre"},
        {"declared_qpv": "QA", "theme": "1.2", "operator": "Deux"},
        {"scope": "territory", "operator": "Un"},
        {"year": 2024, "declared_qpv": "QB", "theme": "1.1", "operator": "Trois"},
    )
    lost = {"location_status": "not_located", "qpv_code": None}
    places = pd.DataFrame([lost] * len(projects)).astype("str")
    services = serve(projects, places, CROSSWALK).set_axis(projects["project_id"])
    funding = funding_frame(
        {"project_id": "P0", "granted_cents": 1001, "requested_cents": 2000},
        {"project_id": "P0", "funder": "caf", "granted_cents": 100},
        {"project_id": "P1", "granted_cents": 0, "requested_cents": 500, "status": "refused"},
        {"project_id": "P2", "status": "pending", "requested_cents": 700},
        {"project_id": "P3", "granted_cents": 300, "previous_cents": 50},
    )
    return ledger(allocate(services, funding, {}), projects, {"1.1": "ecole"})


@pytest.fixture(scope="module")
def rows():
    return small_ledger()


@pytest.fixture(scope="module")
def demo():
    return atlas().programme("demo")


def test_a_project_without_theme_or_dispositif_is_called_so(rows):
    themes = rows.set_index("project_id")["theme"].to_dict()
    assert themes == {"P0": "1.1", "P1": "1.2", "P2": "none", "P3": "1.1"}
    assert set(rows.loc[rows["theme"] == "1.1", "group"]) == {"ecole"}
    assert set(rows.loc[rows["theme"] != "1.1", "group"]) == {"none"}
    assert set(rows["dispositif"]) == {"pre", "none"}


def test_totals_known_by_hand(rows):
    found = totals(rows, "qpv_code")
    assert found.loc["QA", "granted_cents"] == 501 + 50 + 0
    assert found.loc["QB", "granted_cents"] == 500 + 50 + 300
    assert found["projects"].to_dict() == {"QA": 2, "QB": 2} | {
        key: 1 for key in found.index if pd.isna(key)
    }
    assert totals(rows, "project_id")["granted_cents"].isna()["P2"], "not granted: not zero"
    assert totals(rows, "project_id").loc["P1", "granted_cents"] == 0
    assert grand_total(rows).to_dict() == {
        "projects": 4,
        "requested_cents": 3200,
        "granted_cents": 1401,
        "previous_cents": 50,
    }


@pytest.mark.parametrize(
    "column",
    ["theme", "group", "funder", "status", "year", "dispositif", "operator", "target", "situation"],
)
def test_every_cut_of_the_programme_adds_up(demo, column):
    whole, parts = grand_total(demo.ledger), totals(demo.ledger, column)
    assert parts.index.notna().all()
    for name in CENTS:
        assert parts[name].sum() == whole[name] == demo.funding[name].sum()
    both = totals(demo.ledger, [column, "year"])
    assert both["granted_cents"].sum() == whole["granted_cents"]


def test_whole_is_quarters_outside_undecided_territory_and_unallocated(demo):
    for year in (2023, 2024, 2025):
        rows = apply(demo.ledger, Selection("demo", year))
        parts = by_target(rows)
        assert tuple(parts.index) == TARGETS
        for name in CENTS:
            assert parts[name].sum() == grand_total(rows)[name]
        codes = list(atlas().quarters["qpv_code"])
        quarters = by_quarter(rows, codes)
        assert list(quarters.index) == codes
        assert quarters["granted_cents"].sum() == parts.loc["quarter", "granted_cents"]


def test_an_empty_selection_is_zero_everywhere(rows):
    none = apply(rows, Selection("essai", 1999))
    assert len(none) == 0
    assert grand_total(none).tolist() == [0, 0, 0, 0]
    assert (by_target(none) == 0).all(axis=None)
    assert (by_quarter(none, ["QA"]) == 0).all(axis=None)
    assert len(project_table(none)) == len(operators(none)) == 0


def test_an_amount_known_nowhere_is_missing_in_the_total(rows):
    pending = rows[rows["status"] == "pending"]
    assert pd.isna(grand_total(pending)["granted_cents"])
    assert by_target(pending)["granted_cents"].isna()["territory"]
    assert by_target(pending).loc["outside", "granted_cents"] == 0


def test_cents_per_inhabitant_need_inhabitants():
    cents = pd.Series([1000, 1000, 1000, None], index=list("abcd"), dtype="Int64")
    people = pd.Series([4, 0, None, 5], index=list("abcd"), dtype="Int64")
    found = per_inhabitant(cents, people)
    assert found["a"] == 250
    assert found[["b", "c", "d"]].isna().all()
    assert per_inhabitant(cents, people[["b"]]).isna().all(), "a quarter without population"


def test_change_between_two_years(rows):
    now, before = rows[rows["year"] == 2025], rows[rows["year"] == 2024]
    found = change(now, before, "theme")
    assert list(found.loc["1.1"]) == [300, 1101, 801]
    assert list(found.loc["1.2"]) == [0, 0, 0]
    assert list(found.loc["none"])[:1] == [0], "no line in 2024: nothing was granted"
    assert found.loc["none", ["now", "difference"]].isna().all(), "pending: not known, no fall"
    assert found["difference"].sum() == 1101 - 300
    swapped = change(before, now, "theme")["difference"]
    assert swapped.to_dict() == (-found["difference"]).to_dict()


def test_the_project_table_conserves_projects_and_amounts(demo, rows):
    table = project_table(demo.ledger)
    assert table["project_id"].is_unique
    assert set(table["project_id"]) == set(demo.projects["project_id"])
    for name in CENTS:
        assert table[name].sum() == demo.funding[name].sum()
    known = table["granted_cents"].dropna()
    assert known.is_monotonic_decreasing
    assert table["granted_cents"].isna().iloc[len(known) :].all()
    small = project_table(rows).set_index("project_id")
    assert small.loc["P0", "quarters"] == ("QA", "QB")
    assert small.loc["P0", "funders"] == ("caf", "etat")
    assert small.loc["P2", "quarters"] == ()
    assert small.loc["P2", "targets"] == ("territory",)
    assert small.loc["P2", "statuses"] == ("pending",)


def test_actors_conserve_amounts(demo, rows):
    table = operators(demo.ledger)
    assert set(table.index) == set(demo.projects["operator"])
    for name in CENTS:
        assert table[name].sum() == demo.funding[name].sum()
    small = operators(rows)
    assert small.index.tolist() == ["Un", "Trois", "Deux"]
    assert small.loc["Un", "projects"] == 2
    assert small.loc["Un", "quarters"] == ("QA", "QB")
    assert small.loc["Un", "funders"] == ("caf", "etat"), "only those that granted"
    assert small.loc["Deux", "funders"] == (), "a refusal is no funding"


FILTERS = {
    "themes": ("theme", ("1.1", "1.2")),
    "funders": ("funder", ("caf",)),
    "statuses": ("status", ("granted",)),
    "dispositifs": ("dispositif", ("pre", "none")),
    "quarters": ("qpv_code", ("QN06211M", "QN06208M")),
}


@pytest.mark.parametrize("name", FILTERS)
def test_a_filter_keeps_its_rows_and_no_other(demo, name):
    column, chosen = FILTERS[name]
    kept = apply(demo.ledger, Selection("demo", 2025, **{name: chosen}))
    assert len(kept)
    assert set(kept[column]) <= set(chosen)
    rest = demo.ledger[(demo.ledger["year"] == 2025) & ~demo.ledger.index.isin(kept.index)]
    assert not rest[column].isin(chosen).any()


def test_filters_meet_and_the_choice_of_quarters_may_be_left_out(demo):
    both = Selection("demo", 2025, themes=("1.1",), quarters=("QN06211M",))
    rows = apply(demo.ledger, both)
    assert set(rows["theme"]) == {"1.1"}
    assert set(rows["qpv_code"]) == {"QN06211M"}
    wide = apply(demo.ledger, both, quarters=False)
    assert set(wide["qpv_code"].dropna()) > {"QN06211M"}
    themes = Selection("demo", 2025, themes=("1.1",))
    pd.testing.assert_frame_equal(wide, apply(demo.ledger, themes))
