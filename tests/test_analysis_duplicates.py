"""Projects entered twice: reported with a reason, never merged, never taken out of a total."""

import random

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.duplicates import MOST_PAIRS, counted_twice, duplicates, sentence
from analysis.programme import grand_total
from analysis.selection import Selection
from store.tables import duplicates_of, selected
from tests.samples import atlas, funding_frame, project_frame

BASE = {"title": "Atelier théâtre des habitants", "operator": "Compagnie du Parc"}


def found(*projects, amounts=None):
    frame = project_frame(*({**BASE, **project} for project in projects))
    cents = amounts or [100_000] * len(projects)
    lines = funding_frame(
        *({"project_id": f"P{k}", "requested_cents": value} for k, value in enumerate(cents))
    )
    pairs = duplicates(frame, lines)
    return list(zip(pairs["project_id_a"], pairs["project_id_b"], pairs["reason"], strict=True))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"reference": "DA00001234-1"}, {"reference": "DA00001234-1"}),
        ({"reference": "DA00001234-1"}, {"reference": " da1234-01"}),
        ({"reference": "DA00001234"}, {"reference": "DA1234"}),
        ({"reference": "2024/x 7"}, {"reference": "2024/X7"}),
    ],
)
def test_the_same_reference_of_one_year_is_reported_however_it_is_written(one, other):
    assert found(one, other | {"title": "Tout autre chose"}) == [("P0", "P1", "reference")]
    assert found(one, other | {"title": "Tout autre chose", "year": 2024}) == []
    assert found(one, other) == [("P0", "P1", "both")]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"reference": "DA00001234-1"}, {"reference": "DA00001234-2"}),
        ({"reference": "DA00001234-1"}, {"reference": "DA00001235-1"}),
        ({"reference": "DA00001234-1"}, {"reference": "DA00001234"}),
        ({"reference": None}, {"reference": None}),
        ({"reference": " "}, {"reference": " "}),
    ],
)
def test_another_action_or_no_reference_is_not_the_same(one, other):
    assert found(one, other | {"title": "Tout autre chose"}) == []


@pytest.mark.parametrize(
    "other",
    [
        {},
        {"title": "ATELIER THEATRE DES HABITANTS"},
        {"title": "Ateliers théâtre – des habitants"},
        {"operator": "Compagnie  du parc."},
    ],
)
def test_nearly_the_same_title_operator_and_amount_are_reported(other):
    assert found({}, other) == [("P0", "P1", "likeness")]
    assert found({}, other, amounts=[100_000, 100_900]) == [("P0", "P1", "likeness")]


@pytest.mark.parametrize(
    ("other", "amounts"),
    [
        ({"title": "Atelier cuisine des habitants"}, [100_000, 100_000]),
        ({"operator": "Association du Lac"}, [100_000, 100_000]),
        ({"year": 2024}, [100_000, 100_000]),
        ({}, [100_000, 103_000]),
        ({}, [100_000, None]),
        ({}, [None, None]),
    ],
)
def test_another_title_operator_year_or_amount_is_another_project(other, amounts):
    assert found({}, other, amounts=amounts) == []


def test_two_sessions_of_one_action_are_two_projects():
    assert found({"title": "Stage de natation 1"}, {"title": "Stage de natation 2"}) == []


def test_without_a_request_the_granted_amount_is_compared():
    frame = project_frame(BASE, BASE)
    lines = funding_frame(*({"project_id": f"P{k}", "granted_cents": 700} for k in range(2)))
    assert len(duplicates(frame, lines)) == 1


def test_three_entries_of_one_project_count_two_too_many():
    frame = project_frame(BASE, BASE, BASE, {"title": "Autre"})
    lines = funding_frame(
        *({"project_id": f"P{k}", "requested_cents": 700, "granted_cents": 500} for k in range(4))
    )
    pairs = duplicates(frame, lines)
    granted = pd.Series(500, index=frame["project_id"], dtype="Int64")
    assert len(pairs) == 3
    assert counted_twice(pairs, granted) == 1000
    assert sentence(pairs, granted) == (
        "3 paires de projets à vérifier : si chacune est un seul projet, 10\u202f€ accordés sont "
        "comptés deux fois. Rien n'est fusionné ni retiré des totaux."
    )
    assert sentence(pairs[:0], granted) == ""


def test_the_demonstration_holds_its_two_cases_and_no_other():
    rows = selected(atlas(), Selection("demo", 2025))
    before = grand_total(rows)["granted_cents"]
    pairs = duplicates_of(atlas(), rows)
    assert sorted(pairs["reason"]) == ["likeness", "reference"]
    assert grand_total(rows)["granted_cents"] == before, "reported, not removed"
    one = rows[rows["project_id"] != pairs["project_id_a"].iloc[0]]
    assert len(duplicates_of(atlas(), one)) == 1, "both projects must be in the selection"
    for year in (2023, 2024):
        assert duplicates_of(atlas(), selected(atlas(), Selection("demo", year))).empty
    assert duplicates_of(atlas(), rows[:0]).empty
    assert duplicates_of(atlas(), selected(atlas(), Selection("postes", 2021))).empty


PROJECT = st.fixed_dictionaries(
    {
        "title": st.sampled_from(["Atelier", "Ateliers", "Stage 1", "Stage 2", "*", "<b>"]),
        "operator": st.sampled_from(["Un", "Une", "Deux"]),
        "reference": st.sampled_from([None, "DA1-1", "DA01-1", "x", ""]),
        "year": st.sampled_from([2024, 2025]),
    }
)


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(PROJECT, st.sampled_from([None, 0, 5, 100, 1000])), max_size=8))
def test_pairs_are_of_one_year_each_once_in_the_order_of_the_file(drawn):
    projects = project_frame(*(project for project, _ in drawn))
    lines = funding_frame(
        *({"project_id": f"P{k}", "requested_cents": cents} for k, (_, cents) in enumerate(drawn))
    )
    pairs = duplicates(projects, lines)
    years = projects.set_index("project_id")["year"]
    place = {key: row for row, key in enumerate(projects["project_id"])}
    for a, b in zip(pairs["project_id_a"], pairs["project_id_b"], strict=True):
        assert place[a] < place[b]
        assert years[a] == years[b]
    assert not pairs.duplicated(["project_id_a", "project_id_b"]).any()
    assert pairs["score"].between(0, 100).all()
    backwards = duplicates(projects[::-1].reset_index(drop=True), lines)
    unordered = [
        {frozenset(pair) for pair in frame.iloc[:, :2].to_numpy().tolist()}
        for frame in (pairs, backwards)
    ]
    assert unordered[0] == unordered[1]


def crowd(count, **cells):
    """Many projects of one operator, year and amount; a cell may depend on the row."""
    rows = pd.DataFrame({"row": range(count)})
    projects = project_frame(BASE).loc[[0] * count].reset_index(drop=True)
    projects["project_id"] = [f"P{k}" for k in rows["row"]]
    for name, cell in cells.items():
        projects[name] = [cell(k) for k in rows["row"]]
    lines = funding_frame({"project_id": "P0", "requested_cents": 100_000})
    lines = lines.loc[[0] * count].reset_index(drop=True)
    return projects, lines.assign(project_id=projects["project_id"])


@pytest.mark.parametrize("cells", [{}, {"reference": lambda _: "DA00000001-1"}])
def test_a_file_of_one_row_repeated_is_told_within_bounds(cells):
    pairs = duplicates(*crowd(30_000, **cells))  # 450 million pairs, had they all been told
    assert MOST_PAIRS <= len(pairs) <= 2 * MOST_PAIRS
    assert (pairs["project_id_a"] != pairs["project_id_b"]).all()


def test_a_long_file_compares_neighbours_only():
    # All pairs would be 800 million comparisons, beyond the time a test may take.
    letters = "abcdefghijklmnopqrstuvwxyz"

    def title(k: int) -> str:
        drawn = random.Random(k // 2 if k < 4 else k)
        return "".join(drawn.choices(letters, k=30))

    pairs = duplicates(*crowd(40_000, title=title))
    assert pairs["project_id_b"].tolist() == ["P1", "P3"]
