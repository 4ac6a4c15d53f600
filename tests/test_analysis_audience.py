"""The shared rule on the public: what is not said is not a failing."""

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.audience import STATES, audience, sentence, totals
from analysis.selection import Selection
from store.coverage import public_rule
from store.tables import selected
from tests.samples import atlas, project_frame

DEMO = Selection("demo", 2025)


def states(*rows, threshold=50):
    return audience(project_frame(*rows), threshold)["state"].tolist()


def test_each_state():
    assert states(
        {"beneficiaries": 100, "qpv_residents": 50},
        {"beneficiaries": 100, "qpv_residents": 49},
        {"beneficiaries": 100},
        {"qpv_residents": 10},
        {"beneficiaries": 0, "qpv_residents": 0},
        {"beneficiaries": 10, "qpv_residents": 11},
        {"beneficiaries": 80, "declared_qpv": "QN00001A, QN00002B", "qpv_beneficiaries": "30, 20"},
    ) == ["met", "below", "unknown", "unknown", "unknown", "inconsistent", "met"]


def test_what_the_file_says_of_the_public_comes_before_the_sum_by_quarter():
    found = audience(
        project_frame({"beneficiaries": 100, "qpv_residents": 40, "qpv_beneficiaries": "60, 30"}),
        50,
    )
    assert found.loc[0, "residents"] == 40
    assert found.loc[0, "share"] == 40


counts = st.one_of(st.none(), st.integers(0, 500))


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(counts, counts), min_size=1, max_size=12), st.integers(0, 100))
def test_states_are_exhaustive_and_a_higher_threshold_never_helps(pairs, threshold):
    rows = [{"beneficiaries": people, "qpv_residents": part} for people, part in pairs]
    found = audience(project_frame(*rows), threshold)
    assert set(found["state"]) <= set(STATES)
    known = found["share"].notna()
    assert (found.loc[known, "state"] == "met").equals(found.loc[known, "share"] >= threshold)
    higher = audience(project_frame(*rows), min(100, threshold + 10))
    assert (higher["state"] == "met").sum() <= (found["state"] == "met").sum()
    cents = pd.Series(range(len(rows)), dtype="Int64")
    whole = totals(found, cents)
    assert list(whole.index) == list(STATES)
    assert whole["projects"].sum() == len(rows)
    assert whole["granted_cents"].sum() == cents.sum()


def test_euros_of_all_states_are_those_of_the_selection():
    found = public_rule(atlas(), DEMO, 50)
    whole = totals(found, found["granted_cents"])
    assert whole["granted_cents"].sum() == selected(atlas(), DEMO)["granted_cents"].sum()
    assert whole["projects"].sum() == len(found) == 127
    assert (whole["projects"][["met", "below", "unknown"]] > 0).all()


@pytest.mark.parametrize("threshold", [0, 33.3, 50, 100])
def test_the_sentence_agrees_with_the_counts(threshold):
    found = public_rule(atlas(), DEMO, threshold)
    counted = {state: int((found["state"] == state).sum()) for state in STATES}
    text = sentence(counted, threshold)
    assert f"Sur {len(found)} projets soutenus, {counted['met']} prévoient" in text
    assert f", {counted['below']} moins, et {counted['unknown']} ne le disent pas" in text
    assert ("incohérents" in text) == (counted["inconsistent"] > 0)
    assert ("33,3" in text) == (threshold == 33.3)


def test_nothing_supported_is_said():
    assert sentence(dict.fromkeys(STATES, 0), 50) == "Aucun projet soutenu dans cette sélection."
