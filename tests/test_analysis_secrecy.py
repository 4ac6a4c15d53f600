"""Whoever sees the shown counts and totals finds no hidden one, by exact reasoning."""

from fractions import Fraction
from itertools import product

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.secrecy import TOTAL, UNKNOWN, bounds, cross, protected_counts, suppressed
from tests.samples import atlas

THRESHOLD = 11


def people(table, rows=("quarter",), columns=("sex",)):
    """One row a person, from counts by line and column: ``{("Q1", "F"): 3}``."""
    answers = [key for key, number in table.items() for _ in range(number)]
    return pd.DataFrame(answers, columns=[*rows, *columns])


def equations(counts, relations, hidden):
    """The sums an attacker can write: coefficients of the hidden cells, then the known side."""
    unknown = sorted(hidden)
    lines = []
    for whole, parts in relations:
        signs = {whole: -1, **dict.fromkeys(parts, 1)}
        known = -sum(sign * counts[cell] for cell, sign in signs.items() if cell not in hidden)
        line = [Fraction(signs.get(cell, 0)) for cell in unknown]
        if any(line):
            lines.append([*line, Fraction(known)])
    return unknown, lines


def determined(counts, relations, hidden):
    """The hidden cells that the equations alone fix: Gauss-Jordan on fractions, no rounding."""
    unknown, lines = equations(counts, relations, hidden)
    done = 0
    for column in range(len(unknown)):
        pivot = next((k for k in range(done, len(lines)) if lines[k][column]), None)
        if pivot is None:
            continue
        lines[done], lines[pivot] = lines[pivot], lines[done]
        lines[done] = [value / lines[done][column] for value in lines[done]]
        for k, line in enumerate(lines):
            if k != done and line[column]:
                lines[k] = [a - line[column] * b for a, b in zip(line, lines[done], strict=True)]
        done += 1
    alone = [line for line in lines if sum(map(bool, line[:-1])) == 1]
    return {unknown[next(k for k, value in enumerate(line) if value)] for line in alone}


def possible(counts, relations, hidden, most):
    """Every way to fill the hidden cells of a small table, each at least one person."""
    unknown, lines = equations(counts, relations, hidden)
    for guess in product(range(1, most + 1), repeat=len(unknown)):
        if all(sum(c * g for c, g in zip(line, guess, strict=False)) == line[-1] for line in lines):
            yield dict(zip(unknown, guess, strict=True))


tables = st.dictionaries(
    st.tuples(st.sampled_from(["Q1", "Q2", "Q3", "Q4"]), st.sampled_from(["F", "H", "X"])),
    st.integers(0, 30),
    min_size=1,
)
nested = st.dictionaries(
    st.tuples(
        st.sampled_from([("A", "Q1"), ("A", "Q2"), ("B", "Q3"), ("B", "Q4"), ("C", "Q5")]),
        st.sampled_from(["F", "H"]),
    ),
    st.integers(0, 25),
    min_size=1,
)


def check(counts, relations, hidden):
    small = {cell for cell, number in counts.items() if 0 < number < THRESHOLD}
    assert small <= hidden
    assert all(counts[cell] for cell in hidden), "zero is shown"
    assert not determined(counts, relations, hidden)
    shown = any(number for cell, number in counts.items() if cell not in hidden)
    for cell in hidden if shown else ():
        low, high = bounds(counts, relations, hidden, cell)
        assert low <= counts[cell] <= high
        assert high - low >= THRESHOLD - 2


@settings(max_examples=40, deadline=None)
@given(tables)
def test_nobody_finds_a_hidden_count_of_a_table_with_its_margins(table):
    counts, relations = cross(people(table), ["quarter"], ["sex"])
    check(counts, relations, suppressed(counts, relations, THRESHOLD))


@settings(max_examples=30, deadline=None)
@given(nested)
def test_nobody_finds_a_hidden_count_across_nested_totals(table):
    flat = {(*line, sex): number for (line, sex), number in table.items()}
    rows = ("commune", "quarter")
    counts, relations = cross(people(flat, rows=rows), rows, ["sex"])
    check(counts, relations, suppressed(counts, relations, THRESHOLD))


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(0, 4), min_size=4, max_size=4))
def test_the_audit_says_what_trying_every_number_says(numbers):
    keys = [("Q1", "F"), ("Q1", "H"), ("Q2", "F"), ("Q2", "H")]
    counts, relations = cross(people(dict(zip(keys, numbers, strict=True))), ["quarter"], ["sex"])
    hidden = {cell for cell in counts if counts[cell] and cell[0] and cell[1]}
    ways = list(possible(counts, relations, hidden, most=8))
    for cell in hidden:
        found = {way[cell] for way in ways}
        assert bounds(counts, relations, hidden, cell) == (min(found), max(found))


@settings(max_examples=25, deadline=None)
@given(tables)
def test_totals_are_conserved_and_what_is_shown_is_true(table):
    listed = people(table)
    frame = protected_counts(listed, ["quarter"], ["sex"], threshold=THRESHOLD)
    counts, _ = cross(listed, ["quarter"], ["sex"])
    assert counts[(), ()] == len(listed)
    assert frame["value"].isna().equals(frame["status"] == "secret")
    for (_, row), number in zip(frame.iterrows(), counts.values(), strict=True):
        assert row["status"] == "secret" or row["value"] == number


def test_one_small_count_takes_a_second_one_of_its_line_and_of_its_column_with_it():
    table = {("Q1", "F"): 3, ("Q1", "H"): 40, ("Q2", "F"): 50, ("Q2", "H"): 60}
    frame = protected_counts(people(table), ["quarter"], ["sex"], threshold=THRESHOLD)
    inner = frame[(frame["quarter"] != TOTAL) & (frame["sex"] != TOTAL)]
    assert set(inner["status"]) == {"secret"}
    margins = frame[(frame["quarter"] == TOTAL) | (frame["sex"] == TOTAL)]
    assert set(margins["status"]) == {"published"}


def test_two_hidden_counts_whose_sum_leaves_one_way_are_not_enough():
    # 1 and 1 make 2, and each is at least 1: their line's total must go too.
    table = {("Q1", "F"): 1, ("Q1", "H"): 1, ("Q2", "F"): 40, ("Q2", "H"): 50}
    frame = protected_counts(people(table), ["quarter"], ["sex"], threshold=THRESHOLD)
    totals = frame[frame["sex"] == TOTAL].set_index("quarter")
    assert totals["status"].to_dict() == {TOTAL: "published", "Q1": "secret", "Q2": "secret"}
    assert totals["value"].max() == 92


def test_nothing_is_hidden_where_nothing_is_small_and_zero_is_shown():
    table = {("Q1", "F"): 11, ("Q1", "H"): 12, ("Q2", "F"): 0, ("Q2", "H"): 13}
    frame = protected_counts(people(table), ["quarter"], ["sex"], threshold=THRESHOLD)
    assert set(frame["status"]) == {"published"}
    assert frame.set_index(["quarter", "sex"]).loc[("Q2", "F"), "value"] == 0


def test_the_threshold_is_data_and_moves_what_is_hidden():
    assert atlas().territory.nomenclature.secrecy_threshold == 11
    table = {("Q1",): 5, ("Q2",): 6, ("Q3",): 40}
    listed = people(table, columns=())
    counted = [
        protected_counts(listed, ["quarter"], threshold=threshold)["status"].eq("secret").sum()
        for threshold in (1, 6, 7)
    ]
    assert counted[0] == 0
    assert counted[1] == 2, "5, and 6 with it"
    assert counted[2] >= 2


def test_a_person_without_an_answer_is_counted_apart():
    listed = pd.DataFrame({"quarter": ["Q1"] * 20 + [None] * 15})
    frame = protected_counts(listed, ["quarter"], threshold=THRESHOLD).set_index("quarter")
    assert frame["value"].to_dict() == {TOTAL: 35, "Q1": 20, UNKNOWN: 15}


def test_a_total_that_is_not_the_sum_is_refused():
    counts, relations = cross(people({("Q1", "F"): 3}), ["quarter"], ["sex"])
    counts[(), ()] = 4
    with pytest.raises(ValueError, match="sum of its parts"):
        suppressed(counts, relations, THRESHOLD)


def test_an_empty_list_has_a_total_of_zero():
    frame = protected_counts(people({}), ["quarter"], ["sex"], threshold=THRESHOLD)
    assert frame["value"].tolist() == [0]
