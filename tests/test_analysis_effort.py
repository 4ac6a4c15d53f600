"""Effort: counted once, conserved, and missing where the files say nothing."""

import pandas as pd
import pytest

from analysis import effort
from analysis.allocation import TARGETS
from analysis.effort import Delay, Part
from analysis.programme import by_quarter, grand_total
from analysis.selection import Selection
from store.equity import BREAKDOWNS, answers, breakdown, effort_table
from store.tables import loaded, selected
from tests.samples import atlas, funding_frame, project_frame

DEMO = Selection("demo", 2025)
_TEXT = {"target": "quarter", "qpv_code": "QN00001A", "renewal": "new", "funder": "etat"}
_CENTS = ("requested_cents", "granted_cents", "previous_cents")


def ledger(*rows):
    frame = pd.DataFrame([{"status": "granted", **_TEXT, **row} for row in rows])
    frame = frame.reindex(columns=["project_id", "status", *_TEXT, *_CENTS])
    return frame.astype(dict.fromkeys(_CENTS, "Int64"))


def test_leverage_counts_the_others_on_the_projects_of_programme_147_only():
    rows = ledger(
        {"project_id": "A", "funder": "etat", "granted_cents": 1000},
        {"project_id": "A", "funder": "caf", "granted_cents": 250},
        {"project_id": "A", "funder": "region", "status": "refused", "granted_cents": 0},
        {"project_id": "A", "funder": "commune"},
        {"project_id": "B", "funder": "caf", "granted_cents": 9999},
        {"project_id": "C", "funder": "etat", "status": "pending", "requested_cents": 500},
        {"project_id": "C", "funder": "caf", "granted_cents": 700},
    )
    assert effort.leverage(rows, ["etat"]) == Part(250, 1000, 1)
    assert effort.leverage(rows, []) == Part(0, 0, 0)


def test_a_request_shared_between_quarters_counts_once():
    rows = ledger(
        {"project_id": "A", "requested_cents": 600, "granted_cents": 300},
        {"project_id": "A", "qpv_code": "QN00002B", "requested_cents": 400, "granted_cents": 200},
        {"project_id": "B", "status": "refused", "requested_cents": 1000, "granted_cents": 0},
        {"project_id": "C", "status": "ineligible", "requested_cents": 100},
        {"project_id": "D", "status": "pending", "requested_cents": 5000},
        {"project_id": "E", "granted_cents": 50},
    )
    number, euros = effort.requests(rows)
    assert number == Part(2, 4, 1)
    assert euros == Part(500, 2100, 1)


def test_renewal_counts_projects_and_says_how_many_do_not_tell():
    rows = ledger(
        {"project_id": "A", "renewal": "renewed"},
        {"project_id": "A", "renewal": "renewed", "funder": "caf"},
        {"project_id": "B"},
        {"project_id": "C", "renewal": None},
        {"project_id": "D", "renewal": "renewed", "status": "refused"},
    )
    assert effort.renewal(rows) == Part(1, 2, 1)


def test_delay_is_between_the_two_dates_and_counts_what_has_none():
    lines = [
        {"project_id": "A", "requested_on": "2024-11-04", "decided_on": "2024-11-14"},
        {"project_id": "B", "requested_on": "2024-12-30", "decided_on": "2025-01-29"},
        {"project_id": "C", "requested_on": "2025-03-01", "decided_on": "2025-02-01"},
        {"project_id": "D", "requested_on": "2024-11-04"},
        {"project_id": "E", "requested_on": "2024-11-04", "decided_on": "2024-11-05"},
    ]
    rows = ledger(
        *({"project_id": code} for code in "ABCD"), {"project_id": "E", "status": "pending"}
    )
    assert effort.delay(rows, funding_frame(*lines)) == Delay(20, 30, 2, 2)
    assert effort.delay(rows, funding_frame({"project_id": "Z"})) == Delay(None, None, 0, 4)


def test_people_are_those_planned_in_each_quarter_and_are_never_shared_out():
    projects = project_frame(
        {"project_id": "A", "beneficiaries": 90},
        {"project_id": "B", "beneficiaries": 60},
        {"project_id": "C", "beneficiaries": 40},
        {"project_id": "D"},
    )
    services = pd.DataFrame(
        {"beneficiaries": [{}, {"QN00001A": 50, "QN00002B": 10}, {}, {}]}, index=projects.index
    )
    other = {"qpv_code": "QN00002B"}
    rows = ledger(
        {"project_id": "A"},
        {"project_id": "A", "funder": "caf"},
        {"project_id": "B"},
        {"project_id": "B", **other},
        {"project_id": "C"},
        {"project_id": "C", **other},
        {"project_id": "D", **other},
    )
    found = effort.people(rows, projects, services).set_index(["project_id", "qpv_code"])
    counts = found["beneficiaries"]
    assert counts["A", "QN00001A"] == 90
    assert [counts["B", "QN00001A"], counts["B", "QN00002B"]] == [50, 10]
    assert counts["C"].isna().all(), "two quarters and nothing said of each"
    table = effort.quarters(
        rows.assign(granted_cents=pd.array([100] * 7, dtype="Int64")),
        found.reset_index(),
        pd.Series({"QN00001A": 1000, "QN00002B": 500}, dtype="Int64"),
        ["QN00001A", "QN00002B", "QN00003C"],
    )
    assert table["beneficiaries"].tolist() == [140, 10, 0]
    assert table["unknown_projects"].tolist() == [1, 2, 0]
    assert table["projects_per_1000"].tolist()[:2] == [3, 6]
    assert table["beneficiaries_per_100"].tolist()[:2] == pytest.approx([14, 2])
    assert table["granted_per_inhabitant"].isna().tolist() == [False, False, True]


@pytest.mark.parametrize(
    "selection",
    [DEMO, Selection("demo", 2024, themes=("1.1", "2.1")), Selection("demo", 2025, rules=()),
     Selection("postes", 2021)],
    ids=["all", "themes", "not shared", "posts"],
)  # fmt: skip
def test_euros_of_every_breakdown_are_those_of_the_selection(selection):
    rows = selected(atlas(), selection)
    whole = grand_total(rows)["granted_cents"]
    for column in ("theme", "funder"):
        assert breakdown(atlas(), selection, column)["granted_cents"].sum() == whole
    assert breakdown(atlas(), selection, "year")["granted_cents"][selection.year] == whole
    table = effort_table(atlas(), selection)
    assert len(table) == len(atlas().quarters) == 16
    located = by_quarter(rows, list(table.index))["granted_cents"]
    assert table["granted_cents"].equals(located)
    rest = rows.loc[rows["target"] != "quarter", "granted_cents"].sum()
    assert table["granted_cents"].sum() + rest == whole


def test_people_of_all_targets_are_those_of_the_supported_projects():
    rows = effort.supported(selected(atlas(), DEMO))
    programme = loaded(atlas(), DEMO)
    found = effort.people(rows, programme.projects, programme.services)
    assert set(found["target"]) <= set(TARGETS)
    single = found.groupby("project_id").filter(lambda part: len(part) == 1)
    planned = programme.projects.set_index("project_id")["beneficiaries"]
    assert single["beneficiaries"].sum() == planned[single["project_id"]].sum()


@pytest.mark.parametrize("column", list(BREAKDOWNS))
def test_projects_and_people_of_a_breakdown_are_also_by_inhabitant_of_the_quarters(column):
    table = breakdown(atlas(), DEMO, column)
    inhabitants = int(atlas().population[1].sum())
    rows = effort.supported(selected(atlas(), DEMO))
    planned = loaded(atlas(), DEMO).projects.set_index("project_id")["beneficiaries"]
    for code in table.index if column != "year" else [DEMO.year]:
        mine = rows[(rows[column] == code) & (rows["target"] == "quarter")]
        served = set(mine["project_id"])
        row = table.loc[code]
        assert row["projects_per_1000"] == pytest.approx(1000 * len(served) / inhabitants)
        people = planned[list(served)]
        assert row["quarter_unknown"] == people.isna().sum()
        if people.notna().any():
            expected = 100 * people.sum() / inhabitants
            assert row["beneficiaries_per_100"] == pytest.approx(expected)


def test_breakdowns_and_answers_of_a_file_that_says_little_stay_silent():
    found = answers(atlas(), Selection("postes", 2021))
    assert found.leverage is None, "one funder alone levers nothing"
    assert found.number is None, "a file of granted posts knows no refusal"
    assert found.renewal == Part(0, 0, 16)
    assert found.delay == Delay(None, None, 0, 16)
    assert set(BREAKDOWNS) == {"theme", "funder", "year"}


def test_a_filter_that_hides_the_others_or_the_refusals_gives_no_rate():
    assert answers(atlas(), Selection("demo", 2025, funders=("etat-147",))).leverage is None
    assert answers(atlas(), Selection("demo", 2025, statuses=("granted",))).number is None
    whole = answers(atlas(), DEMO)
    assert whole.leverage
    city = selected(atlas(), DEMO).query("funder == 'etat-147'")["granted_cents"].sum()
    assert whole.leverage.whole == city
