"""Situations that a real file holds and the demonstration does not: each is named and queued."""

from dataclasses import replace

import pandas as pd
import pytest

from analysis.allocation import RULES
from analysis.decisions import CASES
from analysis.programme import by_target, grand_total
from analysis.selection import Selection
from analysis.vocabulary import SITUATION_WORDS, sharing
from geo.location import INDICATIVE
from store.atlas import Atlas
from store.cases import Answer, cases, counts, effect, export_cases
from store.tables import export_projects, loaded, selected
from tests.samples import CENTS, atlas, copy_data, rewrite

DEMO = Selection("demo", 2025)
TWO = ("QN06204M", "QN06205M")


def project_of(situation):
    table = atlas().programme("demo")
    rows = (table.services["situation"] == situation) & (table.projects["year"] == 2025)
    return table.projects.loc[rows, "project_id"].iloc[0]


HALF, OLD = project_of("outside"), project_of("declared")


@pytest.fixture(scope="module")
def odd(tmp_path_factory) -> Atlas:
    """A copy where a position lost its latitude and a 2015 code is continued by two quarters."""
    folder = tmp_path_factory.mktemp("odd")
    data = copy_data(folder)
    path = data / "demo" / "projects.csv"
    table = pd.read_csv(path, dtype="str", keep_default_na=False).set_index("project_id")
    table.loc[HALF, "lat"] = ""
    table.loc[OLD, ["declared_qpv", "declared_shares", "qpv_beneficiaries"]] = ["QP062004", "", ""]
    table.loc[OLD, ["lon", "lat", "position_method"]] = ""
    rewrite(path, table.reset_index().to_csv(index=False, lineterminator="\n"))
    path = data / "qpv" / "correspondance_2015_2024.csv"
    lines = path.read_text(encoding="utf-8")
    rewrite(path, lines + "QN06205M,Ailleurs,MODIFIE,QP062004,Centre Ville\n")
    return Atlas(data, database=f"sqlite:///{folder}/atlas.sqlite")


def row_of(atlas, key, selection=DEMO):
    return cases(atlas, selection).set_index("project_id").loc[key]


def test_a_position_given_by_half_is_a_situation_of_its_own(odd):
    row = row_of(odd, HALF)
    assert row["kind"] == "incomplete_position"
    assert row["finding"].startswith("Position incomplète : trouvé longitude ")
    assert "latitude absente ; attendu : les deux nombres" in row["finding"]
    layer = export_projects(odd, DEMO).set_index("identifiant")
    assert layer.loc[HALF, "situation"] == SITUATION_WORDS["incomplete_position"]
    assert layer.loc[HALF, "beneficie_a"] == "Non affecté"
    assert layer.geometry[HALF] is None


def test_a_2015_code_that_two_quarters_continue_is_a_case(odd):
    row = row_of(odd, OLD)
    assert (row["kind"], row["codes"]) == ("split_code", TWO)
    names = " et ".join(odd.quarter_labels[code] for code in TWO)
    assert row["finding"] == f"Déclare QP062004, ancien code que continuent {names}."
    told = effect(odd, DEMO, OLD, Answer("keep_declared", TWO))
    assert told == "Aucun euro ne change de destination."
    assert "passent" in effect(odd, DEMO, OLD, Answer("serves", TWO[:1])) or pd.isna(
        row["granted_cents"]
    )


def test_what_no_rule_shares_is_a_case_of_the_what_if_alone(odd):
    alone = replace(DEMO, rules=())
    usual, tried = cases(odd, DEMO), cases(odd, alone)
    assert "no_rule" not in set(usual["kind"])
    rows = selected(odd, alone)
    unshared = set(rows.loc[rows["situation"] == "no_rule", "project_id"])
    found = set(tried.loc[tried["kind"] == "no_rule", "project_id"])
    # One doubt a project: those that were in the queue for another reason stay there for it.
    assert found == unshared - set(usual["project_id"])
    assert found
    row = tried[tried["kind"] == "no_rule"].iloc[0]
    assert row["finding"].startswith(f"Sert {odd.quarter_labels[row['codes'][0]]}")
    assert row["finding"].endswith("(sans partage entre quartiers).")
    assert counts(tried)["projects"].sum() == len(tried)


@pytest.mark.parametrize("rules", [RULES, ()])
def test_the_identity_holds_whatever_the_situation(odd, rules):
    rows = loaded(odd, replace(DEMO, rules=rules)).ledger
    whole, parts = grand_total(rows), by_target(rows)
    for name in CENTS:
        assert (
            parts[name].sum() == whole[name] == grand_total(atlas().programme("demo").ledger)[name]
        )


def test_every_case_has_words_and_says_it_is_indicative(odd):
    frame = export_cases(odd, DEMO)
    assert {CASES["incomplete_position"], CASES["split_code"]} <= set(frame["cas"])
    assert set(frame["avertissement"]) == {INDICATIVE}
    assert set(frame["regle_partage"]) == {sharing(RULES)}
