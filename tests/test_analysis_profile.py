"""The profile of a quarter: ranks among published values, histories cut at breaks, sentences."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis import profile
from analysis.programme import grand_total
from analysis.selection import Selection
from analysis.sources import Source
from store.tables import selected, year_before
from tests.samples import atlas

STATUSES = ("published", "secret", "absent", "not_comparable")
cells = st.lists(
    st.tuples(st.integers(0, 6).map(float), st.sampled_from(STATUSES)), min_size=1, max_size=20
)


def frame_of(pairs, first="Q0"):
    index = pd.Index([f"{first}{rank}" for rank in range(len(pairs))], name="qpv_code")
    # A masked figure that still carries a number must not take a place.
    return pd.DataFrame(pairs, columns=["value", "status"], index=index)


def reading(code, *, compared=False):
    found = [r for r in atlas().readings if r.indicator.code == code]
    return next(r for r in found if r.compared) if compared else found[0]


@given(cells, st.sampled_from(["more", "less", "neither"]))
def test_a_place_counts_the_published_values_that_come_before(pairs, direction):
    frame = frame_of(pairs)
    places = profile.places(frame, direction)
    assert places.index.equals(frame.index)
    published = frame["value"][frame["status"] == "published"]
    assert places.notna().equals(frame["status"] == "published")
    for code, value in published.items():
        ahead = published < value if direction == "less" else published > value
        assert places[code] == 1 + ahead.sum()


@pytest.mark.parametrize(
    ("direction", "words"),
    [
        ("more", ["le plus élevé sur 3", "2e plus élevé sur 3", "le plus bas sur 3"]),
        ("less", ["le plus élevé sur 3", "2e plus bas sur 3", "le plus bas sur 3"]),
        ("neither", ["le plus élevé sur 3", "2e plus élevé sur 3", "le plus bas sur 3"]),
    ],
)
def test_rank_in_words(direction, words):
    frame = frame_of([(9.0, "published"), (8.0, "published"), (7.0, "published"), (99.0, "secret")])
    frame["place"] = profile.places(frame, direction)
    made = replace(
        reading("poverty_rate"),
        indicator=replace(reading("poverty_rate").indicator, direction=direction),
        quarters=frame,
    )
    assert [made.rank(code) for code in frame.index] == [*words, profile.NO_RANK]


@pytest.mark.parametrize("direction", ["more", "less"])
def test_past_the_middle_a_rank_is_counted_from_the_other_end(direction):
    frame = frame_of([(float(value), "published") for value in range(16, 0, -1)])
    frame["place"] = profile.places(frame, direction)
    made = replace(
        reading("poverty_rate"),
        indicator=replace(reading("poverty_rate").indicator, direction=direction),
        quarters=frame,
    )
    said = [made.rank(code) for code in frame.index]
    assert said[:2] == ["le plus élevé sur 16", "2e plus élevé sur 16"]
    assert said[7:9] == ["8e plus élevé sur 16", "8e plus bas sur 16"]
    assert said[-2:] == ["2e plus bas sur 16", "le plus bas sur 16"]


def test_equal_values_share_their_place():
    frame = frame_of([(9.0, "published"), (8.0, "published"), (8.0, "published")])
    frame["place"] = profile.places(frame, "more")
    made = replace(reading("poverty_rate"), quarters=frame)
    assert [made.rank(code) for code in frame.index] == [
        "le plus élevé sur 3",
        "le plus bas ex æquo sur 3",
        "le plus bas ex æquo sur 3",
    ]


@pytest.mark.parametrize(
    ("code", "values"),
    [
        ("QN06208M", {2013: 44.5, 2018: 49.3, 2021: 48.0}),
        ("QN06211M", {2013: 41.1, 2018: 46.7, 2021: 44.0}),
    ],
)
def test_history_of_poverty(code, values):
    every = atlas().history("poverty_rate")
    rows = every[every["qpv_code"] == code].set_index("year")
    assert list(rows.index) == list(range(2012, 2022))
    assert {year: rows["value"][year] for year in values} == values


def test_history_is_cut_before_each_break():
    every = atlas().history("median_income")
    rows = every[every["qpv_code"] == "QN06211M"]
    parts = rows.groupby("segment")["year"].agg(list)
    assert parts.tolist() == [[2012, 2013, 2014, 2015], [2016, 2017], [2018], [2019], [2020, 2021]]


def test_history_keeps_masked_years_as_secret():
    every = atlas().history("poverty_rate")
    last = every[every["year"] == 2021].set_index("qpv_code")
    hidden = last[last["status"] == "secret"]
    assert set(hidden.index) == {"QN06206M", "QN06210M", "QN06215M"}
    assert hidden["value"].isna().all()


def test_history_leaves_out_unproven_years_and_says_nothing_of_an_unknown_source():
    rate = atlas().indicators["employment_rate"]
    years = profile.history(rate, atlas().figures, atlas().crosswalk)["year"].unique()
    assert list(years) == [2010]
    nothing = replace(rate, sources=(Source("nowhere", "nowhere", "X"),))
    assert profile.history(nothing, atlas().figures, atlas().crosswalk).empty


def test_comparable_reading_has_the_medians_of_2019():
    common = reading("median_income", compared=True)
    assert common.year == "2019"
    assert list(common.areas["value"]) == [19400, 19560, 20360, 21930]
    assert common.text("QN06211M") == "13\u202f630\u202f€"


def test_no_line_mixes_two_years():
    for found in atlas().readings:
        if not found.compared:
            assert (found.areas["status"] == "absent").all()
            assert found.areas["value"].isna().all()


def test_former_extent_of_an_area_is_not_comparable():
    common = reading("social_benefits_share", compared=True)
    assert common.area_texts(["epci"]) == {"Agglomération": "non comparable"}
    assert common.area_texts(["country"]) == {"France métropolitaine": "5,3\u202f%"}


def test_every_quarter_of_every_reading_has_a_figure_or_a_word():
    for found in atlas().readings:
        texts = [found.text(code) for code in found.quarters.index]
        assert len(texts) == 16
        masked = found.quarters["status"] != "published"
        assert found.quarters["place"].isna().equals(masked)
        assert set(np.array(texts)[masked]) <= {"secret", "n.d.", "non comparable"}


def test_shares_of_people_add_up_and_need_every_population():
    people = reading("population")
    shares = [profile.share_of_people(people, code) for code in people.quarters.index]
    assert sum(share or 0 for share in shares) == pytest.approx(100)
    hidden = people.quarters.copy()
    hidden.loc["QN06204M", "status"] = "secret"
    assert profile.share_of_people(replace(people, quarters=hidden), "QN06211M") is None


def test_portrait_says_the_figures_and_their_years():
    words = profile.portrait(reading("population"), reading("poverty_rate"), "QN06208M")
    assert words == (
        "Ce quartier réunit 3\u202f039 habitants (donnée 2018), soit 9\u202f% des habitants des "
        "16 quartiers ; son taux de pauvreté est de 48\u202f% (donnée 2021), 2e plus élevé sur "
        "13 quartiers dont le taux est publié."
    )


def test_portrait_names_secrecy_and_absence():
    people, poverty = reading("population"), reading("poverty_rate")
    assert "(donnée 2021) est couvert par le secret" in profile.portrait(
        people, poverty, "QN06210M"
    )
    nothing = people.quarters.assign(status="absent", value=np.nan)
    empty = profile.portrait(
        replace(people, quarters=nothing), replace(poverty, quarters=nothing), "QN06210M"
    )
    assert empty == (
        "La population de ce quartier n'est pas disponible ; "
        "son taux de pauvreté n'est pas disponible."
    )


def test_support_agrees_with_the_totals():
    selection = Selection("demo", 2025, quarters=("QN06211M",))
    before = year_before(atlas(), selection)
    assert before is not None
    now, then = grand_total(selected(atlas(), selection)), grand_total(before)
    gap = now["granted_cents"] - then["granted_cents"]
    words = profile.support(2025, now, then)
    assert words.startswith(f"En 2025, {now['projects']} projets servent ce quartier et ")
    digits = words.replace("\u202f", "")
    assert f"et {now['granted_cents'] / 100:.0f}€ lui sont accordés" in digits
    assert f"({'+' if gap > 0 else '−'}{abs(gap) / 100:.0f}€, " in digits
    assert "2024" not in profile.support(2025, now, None)


@pytest.mark.parametrize(
    ("projects", "granted", "words"),
    [
        (0, 0, "En 2025, aucun projet de la sélection ne sert ce quartier."),
        (1, pd.NA, "En 2025, 1 projet sert ce quartier ; aucun montant accordé n'est connu."),
        (2, 500, "En 2025, 2 projets servent ce quartier et 5\u202f€ lui sont accordés."),
    ],
)
def test_support_without_projects_or_amounts(projects, granted, words):
    now = pd.Series({"projects": projects, "granted_cents": granted}, dtype="Int64")
    assert profile.support(2025, now, None) == words
