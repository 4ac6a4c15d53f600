"""Need: what may measure it, and the steps that add up to it."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from analysis.indicators import Vintage
from analysis.need import DEFAULT, Measured, NeedRefused, composite, refusal
from store.equity import candidates, measured
from tests.samples import atlas

POVERTY = atlas().indicators[DEFAULT]
WORK = atlas().indicators["employment_rate"]
CODES = [f"QN0000{k}A" for k in range(6)]
YEAR = Vintage("x", 2021, None, 2015)


def figures(*cells):
    statuses = [cell if isinstance(cell, str) else "published" for cell in cells]
    values = [np.nan if isinstance(cell, str) else float(cell) for cell in cells]
    index = pd.Index(CODES[: len(cells)], name="qpv_code")
    return pd.DataFrame({"value": values, "status": statuses}, index=index)


def given_(poverty, work=()):
    found = {"poverty_rate": Measured(POVERTY, YEAR, figures(*poverty))}
    if work:
        found["employment_rate"] = Measured(WORK, YEAR, figures(*work))
    return found


def test_scores_are_those_of_an_independent_library():
    poverty, work = [49, 48, 45, 35], [38, 52, 40, 47]
    need = composite(given_(poverty, work), {"poverty_rate": 3, "employment_rate": 1})
    expected = 0.75 * stats.zscore(poverty) - 0.25 * stats.zscore(work)  # less work, more need
    assert need.score.to_numpy() == pytest.approx(expected)
    ranked = composite(given_(poverty, work), {"poverty_rate": 1, "employment_rate": 1}, "rank")
    ranks = [(stats.rankdata(turned) - 1) / 3 for turned in (poverty, [-one for one in work])]
    assert ranked.score.to_numpy() == pytest.approx(sum(ranks) / 2)


def test_a_missing_figure_leaves_the_quarter_out_and_is_named_never_filled():
    need = composite(
        given_([40, "secret", 30, 20], [50, 50, "absent", 40]),
        {"poverty_rate": 1, "employment_rate": 1},
    )
    assert list(need.score.index) == [CODES[0], CODES[3]]
    assert set(need.left_out.itertuples(index=False, name=None)) == {
        (CODES[1], "poverty_rate", "secret"),
        (CODES[2], "employment_rate", "absent"),
    }
    assert set(need.steps["qpv_code"]) == {CODES[0], CODES[3]}
    # Scales are those of the quarters compared: the two left are one deviation from their mean.
    assert need.steps["standardised"].abs().tolist() == pytest.approx([1, 1, 1, 1])


cells = st.one_of(st.integers(10, 60), st.sampled_from(["secret", "absent", "not_comparable"]))


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(cells, cells), min_size=1, max_size=6),
    st.integers(1, 10),
    st.integers(1, 10),
    st.sampled_from(["zscore", "rank"]),
)
def test_contributions_add_up_and_only_the_proportions_of_the_weights_count(pairs, a, b, method):
    found = given_(*map(list, zip(*pairs, strict=True)))
    need = composite(found, {"poverty_rate": a, "employment_rate": b}, method)
    again = composite(found, {"poverty_rate": 7 * a, "employment_rate": 7 * b}, method)
    assert need.score.to_numpy() == pytest.approx(again.score.to_numpy())
    whole = {k for k, pair in enumerate(pairs) if not any(isinstance(one, str) for one in pair)}
    assert set(need.score.index) == {CODES[k] for k in whole}
    assert set(need.left_out["qpv_code"]) == {CODES[k] for k in range(len(pairs))} - set(
        need.score.index
    )
    for code, score in need.score.items():
        steps = need.steps[need.steps["qpv_code"] == code]
        assert steps["contribution"].sum() == pytest.approx(score)
        assert steps["weight"].sum() == pytest.approx(1)
        assert (steps["standardised"] * steps["weight"]).to_numpy() == pytest.approx(
            steps["contribution"].to_numpy()
        )


def test_the_same_everywhere_is_no_need_more_than_another():
    assert composite(given_([0.3, 0.3, 0.3]), {"poverty_rate": 1}).score.eq(0).all()


def test_what_cannot_measure_a_need_is_refused_by_name_all_at_once():
    found = {code: measured(atlas(), code) for code in ("population", "under_25", DEFAULT)}
    with pytest.raises(NeedRefused) as caught:
        composite(
            found,
            {"population": 1, "under_25": 1, DEFAULT: float("nan"), "ailleurs": 1},
            "secret",
        )
    message = str(caught.value)
    assert "« Population municipale » : un effectif dépend de la taille" in message
    assert "« Part des moins de 25 ans » : rien ne dit si" in message
    assert "poids de « poverty_rate » : nan" in message
    assert "indicateur « ailleurs » inconnu" in message
    assert "méthode « secret » inconnue" in message
    with pytest.raises(NeedRefused, match="au moins un indicateur"):
        composite(found, {})


def test_a_change_is_no_level_of_need():
    assert "évolution" in refusal(replace(POVERTY, kind="evolution"))
    assert refusal(POVERTY) == ""


def test_only_lawful_indicators_are_proposed_the_poverty_rate_first():
    proposed = candidates(atlas())
    assert next(iter(proposed)) == DEFAULT
    assert all(one.direction in ("more", "less") for one in proposed.values())
    assert all(one.kind != "count" for one in proposed.values())
    assert all(
        (measured(atlas(), code).figures["status"] == "published").any() for code in proposed
    )


def test_one_indicator_alone_ranks_as_its_own_values():
    need = composite({DEFAULT: measured(atlas(), DEFAULT)}, {DEFAULT: 4})
    assert need.alone
    values = need.steps.set_index("qpv_code")["value"]
    assert need.score.rank().equals(values.rank().rename("need"))
    assert set(need.left_out["status"]) == {"secret"}
    assert len(need.score) + len(need.left_out) == len(atlas().quarters)
