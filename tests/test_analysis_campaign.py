"""The yearly call: each file has one state, and what is late or missing is said, never guessed."""

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis import campaign
from geo.schema import STATUSES
from tests.imported import frames, line, project
from tests.samples import atlas

STATES = atlas().territory.nomenclature.dossier_states


def found(cells=None, *lines):
    tables = frames([project("P1", **(cells or {}))], [line("P1", **words) for words in lines])
    (row,) = campaign.files(*tables, STATES).to_dict("records")
    return row


def test_every_state_asked_for_has_its_words_and_no_word_means_two():
    assert [one.code for one in STATES] == [
        *("preparation", "submitted", "incomplete", "instruction"),
        *("granted", "refused", "carried_out", "accounted"),
    ]
    words = [word for one in STATES for word in one.words]
    assert len(set(words)) == len(words)
    for one in STATES:
        for word in one.words:
            row = found({"dossier_status": word.upper().replace("'", "’")}, {"status": "refused"})
            assert (row["state"], row["told"]) == (one.code, True)


@pytest.mark.parametrize(
    ("statuses", "state"),
    [
        (("pending", "granted"), "granted"),
        (("refused", "pending"), "instruction"),
        (("refused", "ineligible"), "refused"),
    ],
)
def test_without_a_known_status_the_funders_tell_the_state(statuses, state):
    funders = ("caf", "region")
    lines = [{"funder": f, "status": s} for f, s in zip(funders, statuses, strict=True)]
    for cells in ({}, {"dossier_status": "Égaré <b>"}):
        row = found(cells, *lines)
        assert (row["state"], row["told"]) == (state, False)


def test_what_a_file_does_not_say_is_named():
    full = {"operator_siret": "0" * 14, "declared_qpv": "QN00001A"}
    assert found(full, {"requested_cents": 0})["lacking"] == ()
    assert found({"theme": None, "scope": "territory"}, {})["lacking"] == (
        *("theme", "requested_cents", "operator_siret"),
    )
    assert found(full | {"declared_qpv": None}, {"requested_cents": 1})["lacking"] == ("place",)


def test_late_is_after_the_day_and_an_unknown_day_is_not_late():
    days = ("2024-11-04", "2024-11-05", None)
    tables = frames(
        [project(f"P{k}") for k in range(3)],
        [line(f"P{k}", requested_on=day) for k, day in enumerate(days)],
    )
    files = campaign.files(*tables, STATES)
    assert list(campaign.late(files, date(2024, 11, 4))) == [False, True, False]
    assert list(files["filed_on"].isna()) == [False, False, True]


@given(st.lists(st.sampled_from(STATUSES), min_size=1, max_size=6))
@settings(max_examples=20)
def test_every_file_is_counted_once(statuses):
    tables = frames(
        [project(f"P{k}") for k in range(len(statuses))],
        [line(f"P{k}", status=status) for k, status in enumerate(statuses)],
    )
    files = campaign.files(*tables, STATES)
    assert campaign.by_state(files, STATES).sum() == len(statuses)
    by_theme = campaign.by_group(tables[0], files, "theme")
    assert by_theme["files"].sum() == len(statuses)
    assert by_theme.drop(columns="files").to_numpy().sum() == len(statuses)
