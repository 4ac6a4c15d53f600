"""Decisions as pure functions: which project they bear on, what they move, what they never lose."""

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as some

from analysis.allocation import TARGETS, allocate
from analysis.decisions import (
    CASES,
    DECISIONS,
    case_kinds,
    decided,
    moves,
    settle_positions,
    standing,
)
from store.decisions import COLUMNS
from tests.samples import CENTS, funding_frame, project_frame

KNOWN = {"QN00001A", "QN00002B"}


def journal(*rows):
    plain = {"programme": "essai", "year": 2025, "situation": "undecided", "quarters": ""}
    plain |= {"reason": "a", "author": "b", "lon": float("nan"), "lat": float("nan")}
    numbered = [{"id": k, **plain, **row} for k, row in enumerate(rows, start=1)]
    frame = pd.DataFrame(numbered, columns=[*COLUMNS, "undone_by"])
    integers = dict.fromkeys(("id", "year", "undoes", "undone_by"), "Int64")
    text = dict.fromkeys(("project_id", "reference", "decision", "quarters"), "str")
    return frame.astype({**integers, **text, "lon": "float64", "lat": "float64"})


def services(*rows):
    plain = {"situation": "undecided", "target": "undecided", "codes": (), "unknown_codes": ""}
    weights: dict[str, dict[str, int]] = {"shares": {}, "beneficiaries": {}}
    frame = pd.DataFrame([{**plain, **weights, **row} for row in rows])
    return frame.astype({"situation": "str", "target": "str", "unknown_codes": "str"})


def matched(entries, projects):
    return standing(entries, projects)["project_id"].tolist()


def test_a_reference_finds_its_project_under_another_identifier():
    projects = project_frame({"project_id": "NEUF", "reference": "DA00000001-1"})
    entry = {"project_id": "ANCIEN", "reference": "DA00000001-1", "decision": "outside"}
    assert matched(journal(entry), projects) == ["NEUF"]
    assert matched(journal({**entry, "year": 2024}), projects) != ["NEUF"]


def test_without_a_reference_the_identifier_and_the_year_find_the_project():
    projects = project_frame({"project_id": "P1"}, {"project_id": "P2", "year": 2024})
    entries = [{"project_id": key, "decision": "outside"} for key in ("P1", "P2")]
    found = matched(journal(*entries), projects)
    assert found[0] == "P1"
    assert pd.isna(found[1])


def test_a_reference_entered_twice_needs_the_identifier_too():
    projects = project_frame(
        {"project_id": "P1", "reference": "DA1"}, {"project_id": "P2", "reference": "DA1"}
    )
    entries = [
        {"project_id": key, "reference": "DA1", "decision": "outside"} for key in ("P2", "AUTRE")
    ]
    found = matched(journal(*entries), projects)
    assert found[0] == "P2"
    assert pd.isna(found[1]), "never guessed between two projects"


def test_the_last_of_each_aspect_stands_and_an_undone_one_does_not():
    projects = project_frame({"project_id": "P1"})
    rows = [
        {"project_id": "P1", "decision": "outside"},
        {"project_id": "P1", "decision": "keep_position", "lon": 2.5, "lat": 50.4},
        {"project_id": "P1", "decision": "territory"},
        {"project_id": "P1", "decision": "unallocated", "undone_by": 5},
        {"project_id": "P1", "decision": "undo", "undoes": 4},
    ]
    assert standing(journal(*rows), projects)["decision"].tolist() == ["keep_position", "territory"]


def test_a_quarter_that_is_no_more_voids_its_decision():
    projects = project_frame({"project_id": "P1"})
    gone = journal({"project_id": "P1", "decision": "serves", "quarters": "QN00009Z"})
    found = decided(services({}), projects, standing(gone, projects), KNOWN)
    assert found["situation"].tolist() == ["undecided"]
    assert found["decision_id"].isna().all()


def test_keeping_the_declared_quarter_holds_while_it_is_declared():
    projects = project_frame({"project_id": "P1"}, {"project_id": "P2"})
    rows = [
        {"project_id": key, "decision": "keep_declared", "quarters": "QN00001A"}
        for key in ("P1", "P2")
    ]
    declared = {"situation": "declared_elsewhere", "target": "quarter"}
    asked = services({**declared, "codes": ("QN00001A",)}, {**declared, "codes": ("QN00002B",)})
    found = decided(asked, projects, standing(journal(*rows), projects), KNOWN)
    assert found["situation"].tolist() == ["decided", "declared_elsewhere"]
    assert found["codes"].tolist() == [("QN00001A",), ("QN00002B",)]


def diagnosis(fault="swapped", lon=2.5, lat=50.4):
    frame = pd.DataFrame({"fault": [fault], "message": ["x"], "remedy": ["y"]}, dtype="str")
    return frame.assign(proposed_lon=lon, proposed_lat=lat)


@pytest.mark.parametrize(
    ("decision", "place", "expected"),
    [
        ("accept_position", (2.5, 50.4), (2.5, 50.4)),
        ("accept_position", (2.5, 50.5), None),
        ("keep_position", (50.4, 2.5), (50.4, 2.5)),
        ("keep_position", (50.5, 2.5), None),
    ],
)
def test_a_position_holds_while_the_same_coordinates_are_in_question(decision, place, expected):
    projects = project_frame({"project_id": "P0", "lon": 50.4, "lat": 2.5})
    entry = {"project_id": "P0", "decision": decision, "lon": place[0], "lat": place[1]}
    found, settled = settle_positions(projects, diagnosis(), standing(journal(entry), projects))
    used = expected or (50.4, 2.5)
    assert (found["lon"][0], found["lat"][0]) == used
    assert settled["fault"].isna()[0] == (expected is not None)
    assert settled["decision_id"].notna()[0] == (expected is not None)


def test_a_position_that_was_mended_needs_no_decision():
    projects = project_frame({"project_id": "P0", "lon": 2.6, "lat": 50.4})
    entry = {"project_id": "P0", "decision": "accept_position", "lon": 2.5, "lat": 50.4}
    sound = diagnosis(fault=None, lon=float("nan"), lat=float("nan"))
    found, settled = settle_positions(projects, sound, standing(journal(entry), projects))
    assert found["lon"][0] == 2.6
    assert settled["decision_id"].isna().all()


def test_a_partly_unknown_declaration_is_a_case_until_it_is_decided():
    rows = [
        {"situation": "declared", "unknown_codes": "QN99999Z"},
        {"situation": "decided", "unknown_codes": "QN99999Z"},
        {"situation": "declared"},
        {"situation": "seat_address"},
    ]
    none = pd.Series([False] * 4)
    kinds = case_kinds(services(*rows), none)
    assert kinds.dropna().to_dict() == {0: "unknown_code", 3: "seat_address"}
    # No rule shares any of them: the doubt on the code comes first, a decision settles it.
    kinds = case_kinds(services(*rows), ~none)
    assert kinds.dropna().to_dict() == {0: "unknown_code", 2: "no_rule", 3: "seat_address"}
    assert set(kinds.dropna()) <= set(CASES)


DECIDED = some.tuples(
    some.sampled_from(["P0", "P1", "P2", "AUTRE"]),
    some.sampled_from([*DECISIONS, "undo", "inconnu"]),
    some.lists(some.sampled_from([*sorted(KNOWN), "QN00009Z"]), unique=True),
)


@given(some.lists(DECIDED, max_size=6), some.lists(some.integers(0, 10**9), min_size=3, max_size=3))
def test_whatever_is_decided_no_cent_is_lost(decisions, amounts):
    projects = project_frame({}, {}, {})
    entries = journal(
        *(
            {"project_id": key, "decision": word, "quarters": ", ".join(codes)}
            for key, word, codes in decisions
        )
    )
    asked = services(
        {},
        {"situation": "outside", "target": "outside"},
        {"situation": "declared", "target": "quarter", "codes": ("QN00001A", "QN00002B")},
    )
    settled = decided(asked, projects, standing(entries, projects), KNOWN)
    assert list(settled.index) == list(asked.index)
    funding = funding_frame(
        *({"project_id": f"P{k}", "granted_cents": cents} for k, cents in enumerate(amounts))
    )
    people = {"QN00001A": 700, "QN00002B": 300}
    before, after = (
        allocate(one[list(asked.columns)].set_axis(projects["project_id"]), funding, people)
        for one in (asked, settled)
    )
    assert after["granted_cents"].sum() == sum(amounts)
    assert set(after["target"]) <= set(TARGETS)
    assert moves(before, after, CENTS[1])["cents"].sum() == 0
