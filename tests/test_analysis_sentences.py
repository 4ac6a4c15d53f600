"""The sentences say what the figures hold, and nothing else."""

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis import sentences, wording
from analysis.allocation import CENTS, TARGETS
from analysis.programme import change


def quarters(cents, people=None):
    codes = [f"QN0{rank:05d}M" for rank in range(len(cents))]
    frame = pd.DataFrame({"granted_cents": cents, "population": people or [100] * len(cents)})
    return frame.astype("Int64").set_axis(codes)


def whole(granted, requested=None, projects=3):
    return pd.Series({"projects": projects, CENTS[0]: requested, CENTS[1]: granted}, dtype="Int64")


def buckets(*cents):
    return pd.DataFrame({"granted_cents": pd.array(cents, dtype="Int64")}, index=list(TARGETS))


def test_headline_names_the_five_first_quarters_and_their_inhabitants():
    table = quarters([100, 90, 80, 70, 60, *[10] * 10, 0], [200, 100, 100, 100, 100, *[100] * 11])
    said = sentences.headline(2025, whole(600), table)
    # 400 of 500 cents, 600 of 1,700 inhabitants.
    assert said == (
        "En 2025, 80\u202f% des crédits accordés aux quartiers vont à cinq quartiers qui "
        "réunissent 35\u202f% des habitants des QPV."
    )


def test_headline_of_a_small_territory_names_one_quarter():
    said = sentences.headline(2025, whole(100), quarters([60, 40, 0]))
    assert "60\u202f% des crédits" in said
    assert "vont à un quartier qui réunit 33\u202f% des habitants" in said


def test_headline_leaves_inhabitants_out_when_one_population_is_missing():
    said = sentences.headline(2025, whole(100), quarters([60, 40, 0], [100, None, 100]))
    assert said == "En 2025, 60\u202f% des crédits accordés aux quartiers vont à un quartier."


@pytest.mark.parametrize("granted", [None, 0])
def test_headline_without_granted_credit_promises_nothing(granted):
    said = sentences.headline(2025, whole(granted), quarters([0, 0]))
    assert said == "En 2025, aucun crédit accordé n'est connu dans cette sélection."


def test_headline_says_when_nothing_is_tied_to_a_quarter():
    said = sentences.headline(2023, whole(24704930), quarters([0, 0]))
    assert said.startswith("En 2023, 247\u202f049\u202f€ sont accordés")
    assert said.endswith("aucun montant n'est rattaché à un quartier.")


def test_headline_of_chosen_quarters_compares_them_with_all():
    table = quarters([3000, 1000, 4000])
    one = sentences.headline(2025, whole(3000), table, (table.index[0],))
    two = sentences.headline(2025, whole(4000), table, tuple(table.index[:2]))
    assert "le quartier choisi reçoit 30\u202f€, soit 38\u202f% des crédits" in one
    assert "il réunit 33\u202f% des habitants" in one
    assert "les deux quartiers choisis reçoivent 40\u202f€, soit 50\u202f%" in two
    assert "ils réunissent 67\u202f% des habitants" in two


@given(st.lists(st.integers(0, 10**9), min_size=1, max_size=40).filter(any))
def test_headline_share_is_that_of_the_largest(cents):
    said = sentences.headline(2025, whole(sum(cents)), quarters(cents))
    named = min(max(1, min(5, len(cents) // 3)), sum(value > 0 for value in cents))
    largest = sum(sorted(cents, reverse=True)[:named])
    assert wording.share(largest, sum(cents)) + " des crédits" in said
    assert f"vont à {sentences.counted(named, 'quartier')} " in said


def test_leading_names_the_largest_and_its_share():
    cents = pd.Series({"a": 2500, "b": 7500, "c": None}, dtype="Int64")
    said = sentences.leading(cents, {"b": "Santé"}, "Première famille", "crédits accordés")
    assert said == "Première famille : Santé (75\u202f€, 75\u202f% des crédits accordés)."


def test_leading_of_nothing_names_nobody():
    cents = pd.Series({"a": None, "b": 0}, dtype="Int64")
    assert sentences.leading(cents, {"a": "Santé"}, "Premier", "crédits") == (
        "Aucun crédit accordé n'est connu ici."
    )


def test_without_names_every_quarter_left_out():
    cents = pd.Series({"a": 1, "b": 0, "c": None}, dtype="Int64")
    said = sentences.without(cents, {"b": "Rimbert", "c": "Regain"})
    assert said == "Deux quartiers sans crédit accordé : Rimbert et Regain."
    assert "sans" not in sentences.without(cents[:1], {})


def test_requests_unknown_are_said_unknown():
    said = sentences.requested_and_granted(2023, whole(10000), 0)
    assert said == (
        "En 2023, 100\u202f€ sont accordés ; le fichier ne donne pas les montants demandés."
    )
    said = sentences.requested_and_granted(2025, whole(10000, 30000), 5000)
    assert "300\u202f€ sont demandés et 100\u202f€ accordés ; 50\u202f€ de demandes" in said


def rows(**cents):
    frame = pd.DataFrame({"group": list(cents), "project_id": list(cents)})
    for name in CENTS:
        frame[name] = pd.array(list(cents.values()), dtype="Int64")
    return frame


def test_evolution_gives_the_sums_and_the_largest_moves():
    changed = change(rows(a=30000, b=1000), rows(a=10000, b=1000, c=5000), "group")
    said = sentences.evolution(2025, changed, {"a": "Éducation", "c": "Culture"})
    assert said == (
        "De 2024 à 2025, les crédits accordés passent de 160\u202f€ à 310\u202f€ (+150\u202f€, "
        "+93,8\u202f%). Hausse la plus forte : Éducation (+200\u202f€). Baisse la plus forte : "
        "Culture (−50\u202f€)."
    )


def test_evolution_leaves_out_what_is_not_decided_and_says_so():
    pending = rows(a=30000, b=1000)
    pending.loc[pending["group"] == "b", "granted_cents"] = pd.NA
    changed = change(pending, rows(a=10000, b=90000), "group")
    said = sentences.evolution(2025, changed, {"b": "Santé"})
    assert said.startswith(
        "De 2024 à 2025, les crédits accordés passent de 100\u202f€ à 300\u202f€ (+200\u202f€, "
        "+200,0\u202f%). Sans montant connu, hors de ce calcul : Santé."
    )
    assert "Baisse" not in said
    alone = change(pending[pending["group"] == "b"], rows(b=90000), "group")
    assert sentences.evolution(2025, alone, {}) == (
        "Aucun montant parmi les crédits accordés, ni en 2024 ni en 2025. Sans montant connu, hors "
        "de ce calcul : b."
    )


def test_evolution_from_nothing_has_no_per_cent():
    changed = change(rows(a=30000), rows(a=0), "group")
    assert "(+300\u202f€)." in sentences.evolution(2025, changed, {})
    nothing = change(rows(a=0), rows(a=0), "group")
    assert sentences.evolution(2025, nothing, {}) == (
        "Aucun montant parmi les crédits accordés, ni en 2024 ni en 2025."
    )


def test_identity_names_every_bucket_that_holds_money():
    said = sentences.identity(buckets(7000, 2000, 0, None, 1000))
    assert said == (
        "Sur 100\u202f€ accordés, 70\u202f€ (70\u202f%) vont à des quartiers identifiés ; le "
        "reste : hors quartier 20\u202f%, non affecté 10\u202f%."
    )
    assert sentences.identity(buckets(0, 0, 0, 0, None)) == "Aucun crédit accordé à répartir."


def test_every_target_is_explained():
    assert set(sentences.TARGET_MEANINGS) == set(TARGETS)


@pytest.mark.parametrize(
    ("count", "words"),
    [(0, "0 quartier"), (1, "un quartier"), (10, "dix quartiers"), (16, "16 quartiers")],
)
def test_small_counts_are_in_words(count, words):
    assert sentences.counted(count, "quartier") == words
