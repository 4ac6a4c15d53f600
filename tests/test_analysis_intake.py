"""Cells, columns and layouts of French exports; the diagnosis, and what it never loses."""

from dataclasses import replace

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis import values
from analysis.faults import counts, table, told
from analysis.intake import diagnose_table
from analysis.mapping import Column, ColumnMap, fingerprint, from_json, guess, to_json
from store.intake import load_vocabulary, setting
from tests.samples import atlas

WORDS = load_vocabulary(atlas())
WHERE = setting(atlas(), WORDS, "essai", 2025)
FUNDERS = [funder.code for funder in atlas().territory.funders]
SHORT = {funder.code: funder.short for funder in atlas().territory.funders}
NARROW = "\u202f"


@pytest.mark.parametrize(
    ("text", "cents"),
    [
        (f"1{NARROW}234,50 €", 123_450),
        ("1\u00a0234,5", 123_450),
        ("1.234,50", 123_450),
        ("1,234.50", 123_450),
        ("1 234 567", 123_456_700),
        ("1.234.567", 123_456_700),
        ("12", 1200),
        ("0", 0),
        ("-", None),
        ("néant", None),
        ("12,5 EUR", 1250),
        ("1234.5600000000001", 123_456),
        ("1234.5678", 123_457),
        ("0.1", 10),
        ("2 500 euros", 250_000),
    ],
)
def test_amounts_are_read_to_the_cent(text, cents):
    assert values.cents(text).value == cents


@pytest.mark.parametrize("text", ["1,234", "12.345", "-5", "abc", "1e5", "1/2", "9" * 20, "1,2,3"])
def test_amounts_that_are_unsure_block(text):
    found = values.cents(text)
    assert found.value is None
    assert found.problem is not None
    assert found.problem.severity == values.BLOCKING


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("03/04/2024", "2024-04-03"),
        ("3.4.24", "2024-04-03"),
        ("2024-04-03", "2024-04-03"),
        ("2024-04-03 10:30:00", "2024-04-03"),
        ("3 avril 2024", "2024-04-03"),
        ("1er août 2024", "2024-08-01"),
        ("45385", "2024-04-03"),
        ("04/13/2024", "2024-04-13"),
        ("31/02/2024", None),
        ("avril", None),
    ],
)
def test_days_are_read_day_first(text, day):
    assert values.day(text).value == day


@pytest.mark.parametrize(
    ("text", "dauphin", "whole"),
    [
        ("DA00012345-1", False, "DA00012345-1"),
        ("DA12345-1", False, "DA00012345-1"),
        ("12345-1", True, "DA00012345-1"),
        ("00012345", True, "DA00012345"),
        ("12345-1", False, "12345-1"),
        ("2024-17", False, "2024-17"),
        ("DA12345 2", False, "DA00012345-2"),
    ],
)
def test_lost_zeros_of_a_reference_come_back(text, dauphin, whole):
    assert values.reference(text, dauphin=dauphin).value == whole


@pytest.mark.parametrize(
    ("text", "siret"),
    [
        ("732 829 320 00074", "73282932000074"),
        ("73282932000075", None),
        ("35600000049837", "35600000049837"),  # La Poste: a key of its own
        ("35600000000048", "35600000000048"),
        ("732829320", None),
        ("abc", None),
    ],
)
def test_keys_of_sirets(text, siret):
    assert values.siret(text).value == siret


def test_a_lost_zero_of_a_siret_comes_back():
    # A SIRET of a company whose SIREN starts with 0: Luhn holds for 14 digits only.
    found = values.siret("5520554000012")
    assert found.value in (None, "05520554000012")
    assert values.rna("w 621 000001").value == "W621000001"
    assert values.rna("621000001").value is None


def cells(rows, first=2):
    frame = pd.DataFrame(rows).astype("str")
    return frame.set_index(pd.RangeIndex(first, first + len(frame)))


def found_in(rows, **whole):
    frame = cells(rows)
    guessed = guess(frame, WORDS, 2025)
    columns = ColumnMap(guessed.columns, **whole) if whole else guessed
    return diagnose_table(frame, columns, WHERE)


GISPRO = {
    2024: ["N° GISPRO", "Structure", "Libellé action", "Subv. votée ETAT 2024", "Rappel ETAT 2023"],
    2025: ["Code GISPRO", "Nom de la structure", "Action", "ETAT voté 2025", "ETAT accordé 2024"],
}


@pytest.mark.parametrize("year", GISPRO)
def test_columns_that_change_name_each_year_are_recognised(year):
    frame = pd.DataFrame([["7", "Asso", "Lire", "100", "50"]], columns=GISPRO[year])
    found = guess(frame, WORDS, year)
    assert list(found.columns.values()) == [
        *(Column("reference"), Column("operator"), Column("title")),
        *(Column("granted", "etat-147"), Column("previous", "etat-147")),
    ]


def test_subventions_politique_de_la_ville_need_one_word_only():
    path = atlas().catalogue["postes"].path
    frame = pd.read_csv(path, dtype="str")
    found = guess(frame, WORDS, 2023)
    kinds = {header: one.field for header, one in found.columns.items()}
    assert kinds == {
        "type": "title",
        "annee": "year",
        "id_poste": "reference",
        "code_tiers_siret": "operator_siret",
        "raison_sociale": "operator",
        "montant_eur": "granted",
    }
    # The file names no funder: that is said, and once told everything is read.
    where = setting(atlas(), WORDS, "essai", 2023)
    lines = frame.set_index(frame.index + 2)
    assert diagnose_table(lines, found, where).blocked
    whole = ColumnMap(found.columns, funder="etat-147", status="granted")
    read = diagnose_table(lines, whole, where)
    real = frame[frame["annee"] == "2023"]
    assert len(read.accepted) == len(real)
    assert read.funding["granted_cents"].sum() == round(
        real["montant_eur"].astype(float).sum() * 100
    )
    assert len(read.accepted) + len(read.rejected) == read.rows == len(frame)


def test_state_and_status_are_told_apart_by_their_cells():
    frame = pd.DataFrame({"Etat": ["100", "5 000 €"], "Etat du dossier": ["Justifiée", "Rejetée"]})
    found = guess(frame, WORDS, 2025).columns
    assert found == {
        "Etat": Column("granted", "etat-147"),
        "Etat du dossier": Column("dossier_status"),
    }


ROW = {
    "Référence": "DA00000001-1",
    "Intitulé": "Lire",
    "Porteur": "Asso",
    "Financeur": "CAF",
    "Statut": "A justifier",
    "Montant demandé": "100",
    "Montant accordé": "80",
}
# what is wrong: (cells that change, kind of fault, severity, column, still accepted)
FAULTS = {
    "no title": ({"Intitulé": None}, "missing", "blocking", "Intitulé", False),
    "no operator": ({"Porteur": None}, "missing", "blocking", "Porteur", False),
    "no funder": ({"Financeur": None}, "missing", "blocking", "Financeur", False),
    "unknown funder": ({"Financeur": "MSA"}, "funder", "blocking", "Financeur", False),
    "unknown status": ({"Statut": "Bizarre"}, "status", "blocking", "Statut", False),
    "unread amount": ({"Montant accordé": "abc"}, "amount", "blocking", "Montant accordé", False),
    "unsure amount": ({"Montant demandé": "1,234"}, "amount", "blocking", "Montant demandé", False),
    "more than asked": ({"Montant accordé": "101"}, "excess", "check", "Montant accordé", True),
    "refused, paid": ({"Statut": "Rejetée"}, "inconsistent", "check", "Montant accordé", True),
    "granted, unpaid": (
        {"Montant accordé": None},
        "inconsistent",
        "check",
        "Montant accordé",
        True,
    ),
    "no reference": ({"Référence": None}, "no_reference", "info", "Référence", True),
    "lost zeros": ({"Référence": "DA1-1"}, "reference", "info", "Référence", True),
    "theme": ({"Thématique": "Bizarre"}, "theme", "check", "Thématique", True),
    "dispositif": ({"Dispositif": "Bizarre"}, "dispositif", "check", "Dispositif", True),
    "quarter": ({"QPV": "Le Nulle-Part"}, "quarter", "check", "QPV", True),
    "quarter of elsewhere": ({"QPV": "QN00001A"}, "quarter", "check", "QPV", True),
    "key of the SIRET": ({"SIRET": "73282932000075"}, "siret", "check", "SIRET", True),
    "a SIREN": ({"SIRET": "732829320"}, "siret", "check", "SIRET", True),
    "RNA": ({"RNA": "621"}, "rna", "check", "RNA", True),
    "commune": (
        {"Code commune": "62119", "Commune": "Auchel"},
        "commune",
        "check",
        "Commune",
        True,
    ),
    "commune afar": ({"Commune": "Lille"}, "commune", "info", "Commune", True),
    "postcode": ({"Code commune": "62119", "CP": "59000"}, "postcode", "check", "CP", True),
    "another year": ({"Exercice": "2023"}, "other_year", "check", "Exercice", False),
    "no such year": ({"Exercice": "l'an prochain"}, "year", "blocking", "Exercice", False),
    "date out of the year": (
        {"Date de début": "03/04/2023"},
        "date",
        "check",
        "Date de début",
        True,
    ),
    "no such date": ({"Date de début": "31/02/2025"}, "date", "check", "Date de début", True),
    "total": ({"Total accordé": "90"}, "plan", "check", "Total accordé", True),
    "plan": ({"Coût total": "99,99"}, "plan", "check", "Coût total", True),
    "people": ({"Bénéficiaires": "beaucoup"}, "count", "check", "Bénéficiaires", True),
    "position": ({"Longitude": "50.5", "Latitude": "2.6"}, "position", "check", "Longitude", True),
}


@pytest.mark.parametrize(
    ("changed", "kind", "severity", "column", "accepted"), FAULTS.values(), ids=FAULTS
)
def test_each_fault_is_told_with_its_line_and_remedy(changed, kind, severity, column, accepted):
    # A second, sound dossier keeps every column recognisable and goes through.
    sound = {**ROW, "Référence": "DA00000002-1", "Intitulé": "Nager", "Porteur": "Club"}
    found = found_in([{**ROW, **changed}, sound])
    line = found.faults[(found.faults["line"] == 2) & (found.faults["kind"] == kind)]
    assert line["severity"].tolist() == [severity], table(found.faults).to_string()
    assert line["column"].tolist() == [column]
    assert line[["expected", "remedy"]].notna().all(axis=None)
    assert (2 in found.accepted) == accepted
    assert 3 in found.accepted
    assert len(found.accepted) + len(found.rejected) == found.rows


def test_every_fault_is_told_at_once():
    wrong = {"Intitulé": None, "Montant accordé": "x", "Statut": "y", "SIRET": "1", "QPV": "z"}
    found = found_in([{**ROW, **wrong}])
    assert {"missing", "amount", "status", "siret", "quarter"} <= set(found.faults["kind"])
    assert counts(found.faults)["blocking"] == 3
    assert told(found.faults).startswith("3 bloquants, ")


def test_what_is_being_checked_is_told_as_it_goes_on():
    told, frame = [], cells([ROW])
    diagnose_table(frame, guess(frame, WORDS, 2025), WHERE, (), lambda *far: told.append(far))
    shares = [share for share, _ in told]
    assert shares == sorted(shares)
    assert (shares[0], len(set(told))) == (0, len(told))
    assert told[-1] == (0.8, "doublons")


def test_one_blocked_line_holds_its_whole_dossier():
    other = {**ROW, "Financeur": "Région", "Montant accordé": "abc"}
    found = found_in([ROW, other])
    assert found.rejected == (2, 3)
    assert found.projects.empty
    assert "partial" in set(found.faults["kind"])


def test_rows_that_repeat_are_not_counted_twice():
    found = found_in([ROW, {**ROW, "Financeur": "Région"}, ROW])
    assert found.faults[["line", "kind"]].to_numpy().tolist()[0] == [4, "repeated"]


def test_two_lines_of_one_funder_are_added_up_and_said():
    rows = [ROW, {**ROW, "Montant accordé": "20,50"}, {**ROW, "Montant accordé": None}]
    found = found_in(rows)
    assert found.funding["granted_cents"].tolist() == [10_050]
    assert (found.faults["kind"] == "several_lines").sum() == 2


def coded(postcodes):
    known = WHERE.communes.assign(postcodes=WHERE.communes["commune_code"].map(postcodes))
    return replace(WHERE, communes=known.astype({"postcodes": "str"}))


def test_a_postcode_is_held_against_its_commune_where_postcodes_are_known():
    named = {"62119": "62400", "62178": "62700, 62701"}
    rows: list[dict[str, str | None]] = [
        {**ROW, "Référence": f"DA{k:08d}-1", "Intitulé": title, "Code commune": code, "CP": post}
        for k, (title, code, post) in enumerate(
            [("A", "62119", "62400"), ("B", "62178", "62701"), ("C", "62178", "62400")]
        )
    ]
    frame = cells(rows)
    found = diagnose_table(frame, guess(frame, WORDS, 2025), coded(named))
    (told,) = found.faults[found.faults["kind"] == "postcode"].to_dict("records")
    assert (told["line"], told["value"], told["severity"]) == (4, "62400", "check")
    assert told["expected"].startswith("62700 ou 62701, code postal de Bruay")
    # The name stands for the code, and every postcode is then known.
    rows[2] |= {"Code commune": None, "Commune": "Bruay-la-Buissière"}
    frame = cells(rows)
    found = diagnose_table(frame, guess(frame, WORDS, 2025), coded(named))
    assert (found.faults["kind"] == "postcode").sum() == 1


def test_it_is_said_when_only_the_department_could_be_compared():
    sound = {**ROW, "Code commune": "62119", "CP": "62999"}
    found = found_in([sound, {**sound, "Référence": "DA00000002-1", "CP": "59000"}])
    told = found.faults[found.faults["kind"] == "postcode"]
    assert told[["line", "severity"]].to_numpy().tolist() == [[3, "check"], [0, "info"]]
    assert "Seul le département a pu être comparé" in told["remedy"].iloc[1]
    assert "2 cellules" in told["value"].iloc[1]
    assert "postcode" not in set(found_in([{**ROW, "CP": "62999"}]).faults["kind"])


def test_merged_cells_lose_nothing_and_a_place_is_of_one_row():
    first = {**ROW, "RNA": None, "Adresse": "1 rue X", "CP": None, "Date de fin": "15/12/2025"}
    below = {**ROW, "Financeur": "Région", "RNA": "W621000001", "Adresse": None, "CP": "62400"}
    (row,) = found_in([first, {**below, "Date de fin": None}]).projects.to_dict("records")
    assert (row["operator_rna"], row["ends_on"]) == ("W621000001", "2025-12-15")
    assert row["address"] == "1 rue X"
    assert pd.isna(row["postcode"])


def test_rows_of_one_dossier_that_disagree_are_said():
    rows = [{**ROW, "RNA": "W621000001"}, {**ROW, "Financeur": "Région", "RNA": "W621000002"}]
    found = found_in(rows)
    told = found.faults[found.faults["kind"] == "conflict"]
    assert told[["line", "column"]].to_numpy().tolist() == [[3, "RNA"]]
    assert found.projects["operator_rna"].tolist() == ["W621000001"]


def test_likely_duplicates_are_said_and_kept():
    found = found_in([ROW, {**ROW, "Référence": "DA00000009-1", "Intitulé": "Lire "}])
    assert len(found.projects) == 2
    assert "duplicate" in set(found.faults["kind"])


def test_a_deliberation_shared_by_several_operators_is_no_dossier():
    found = found_in([ROW, {**ROW, "Porteur": "Club"}])
    assert len(found.projects) == 2
    assert found.funding["granted_cents"].sum() == 16_000


def test_money_of_an_unknown_funder_is_never_dropped_in_silence():
    row = {"Intitulé": "Lire", "Porteur": "Asso", "CAF demandé": "10", "MSA demandé": "999"}
    found = found_in([row])
    (fault,) = found.faults[found.faults["column"] == "MSA demandé"].to_dict("records")
    assert (fault["severity"], fault["kind"]) == ("check", "unused")


def test_words_of_the_file_are_matched_by_hand_once():
    row = {**ROW, "Financeur": "MSA", "Statut": "Feu vert", "Thématique": "Livres"}
    by_hand = {
        "funder": {"MSA": "caf"},
        "status": {"Feu vert": "granted"},
        "theme": {"Livres": "1.1"},
    }
    found = found_in([row], values=by_hand)
    assert not found.blocked
    assert found.projects["theme"].tolist() == ["1.1"]


def test_quarters_by_name_and_all_of_them():
    every = ", ".join(sorted(WHERE.quarters))
    rows = [
        {**ROW, "Référence": f"DA{k}-1", "Intitulé": str(k), "QPV": text}
        for k, text in enumerate(
            ["Mont Liébaut", "qn06208m ; Le Centre", "Tous les QPV", "Territoire"]
        )
    ]
    found = found_in(rows)
    codes = found.projects["declared_qpv"]
    assert codes.iloc[0] == "QN06208M"
    assert codes.iloc[1].startswith("QN06208M, ")
    assert codes.iloc[2] == every
    assert found.projects["scope"].iloc[3] == "territory"


def test_the_state_of_a_dossier_is_kept_and_refuses_what_was_not_granted():
    row = {"Intitulé": "Lire", "Porteur": "Asso", "État du dossier": "Non recevable"}
    row |= {"CAF demandé": "10", "Région demandé": "10", "Région accordé": "5"}
    found = found_in([row])
    assert found.projects["dossier_status"].tolist() == ["Non recevable"]
    statuses = dict(zip(found.funding["funder"], found.funding["status"], strict=True))
    assert statuses == {"caf": "ineligible", "region": "granted"}


def test_two_communes_are_two_lines_of_one_funder():
    row = {"Intitulé": "Lire", "Porteur": "Asso", "Ville de Aa – Demandé": "10,10"}
    row |= {"Ville de Aa – Statut": "Rejetée", "Ville de Bb – Demandé": "5"}
    row |= {"Ville de Bb – Accordé": "4", "Ville de Bb – Statut": "Accordé"}
    found = found_in([row])
    assert found.funding[
        ["funder", "status", "requested_cents", "granted_cents"]
    ].to_numpy().tolist() == [["communes", "granted", 1510, 400]]


EUROS = st.one_of(st.none(), st.integers(0, 10**9))
LINE = st.tuples(st.sampled_from(FUNDERS[:4]), EUROS, EUROS)
DOSSIERS = st.lists(
    st.lists(LINE, min_size=1, max_size=4, unique_by=lambda line: line[0]), min_size=1, max_size=6
)


def french(cents):
    return (
        None
        if cents is None
        else f"{cents // 100:,}".replace(",", NARROW) + f",{cents % 100:02d} €"
    )


def long_rows(dossiers):
    return [
        {
            **{"Référence": f"DA{k:08d}-1", "Intitulé": f"Action {k}", "Porteur": f"Asso {k}"},
            **{"Financeur": SHORT[funder], "Statut": "En cours"},
            **{"Montant demandé": french(asked), "Montant accordé": french(got)},
        }
        for k, lines in enumerate(dossiers)
        for funder, asked, got in lines
    ]


def wide_rows(dossiers):
    rows = []
    for k, lines in enumerate(dossiers):
        row: dict[str, str | None] = {"Référence": f"DA{k:08d}-1"}
        row |= {"Intitulé": f"Action {k}", "Porteur": f"Asso {k}"}
        row |= dict.fromkeys(
            f"{SHORT[one]} {kind}"
            for one in FUNDERS[:4]
            for kind in ("demandé", "accordé", "statut")
        )
        for funder, asked, got in lines:
            row |= {
                f"{SHORT[funder]} demandé": french(asked),
                f"{SHORT[funder]} accordé": french(got),
            }
            row[f"{SHORT[funder]} statut"] = "En cours"
        rows.append(row)
    return rows


def wide_map():
    kinds = {"demandé": "requested", "accordé": "granted", "statut": "status"}
    columns = {
        f"{SHORT[one]} {word}": Column(kind, one)
        for one in FUNDERS[:4]
        for word, kind in kinds.items()
    }
    plain = {"Référence": "reference", "Intitulé": "title", "Porteur": "operator"}
    return ColumnMap({header: Column(name) for header, name in plain.items()} | columns)


LONG = {"Référence": "reference", "Intitulé": "title", "Porteur": "operator", "Financeur": "funder"}
LONG |= {"Statut": "status", "Montant demandé": "requested", "Montant accordé": "granted"}


@given(DOSSIERS)
@settings(max_examples=30, deadline=None)
def test_euros_are_the_same_to_the_cent_long_and_wide(dossiers):
    amounts = ["requested_cents", "granted_cents"]
    expected = [sum(line[place] or 0 for lines in dossiers for line in lines) for place in (1, 2)]
    long = diagnose_table(
        cells(long_rows(dossiers)), ColumnMap({at: Column(one) for at, one in LONG.items()}), WHERE
    )
    wide = diagnose_table(cells(wide_rows(dossiers)), wide_map(), WHERE)
    for found in (long, wide):
        assert not found.blocked
        assert [int(found.funding[name].sum()) for name in amounts] == expected
        assert len(found.accepted) + len(found.rejected) == found.rows
    keys = ["project_id", "funder"]
    one, other = (
        found.funding.sort_values(keys, ignore_index=True)[[*keys, *amounts]]
        for found in (long, wide)
    )
    pd.testing.assert_frame_equal(one, other)


TEXT = st.one_of(st.none(), st.text(max_size=12), st.sampled_from(["abc", "12", "1,234", "CAF"]))


@given(st.lists(st.fixed_dictionaries(dict.fromkeys(LONG, TEXT)), min_size=1, max_size=6))
@settings(max_examples=40, deadline=None)
def test_whatever_the_cells_no_row_is_lost(rows):
    columns = ColumnMap({header: Column(name) for header, name in LONG.items()})
    found = diagnose_table(cells(rows), columns, WHERE)
    assert sorted((*found.accepted, *found.rejected)) == list(range(2, 2 + len(rows)))
    assert set(found.funding["project_id"]) == set(found.projects["project_id"])


HEADERS = st.dictionaries(
    st.text(min_size=1, max_size=20),
    st.builds(Column, st.sampled_from(list(WORDS.fields)), st.sampled_from(["", *FUNDERS])),
    max_size=6,
)


@given(HEADERS, st.text(max_size=10), st.sampled_from(["", *FUNDERS]))
@settings(max_examples=40, deadline=None)
def test_a_map_read_back_is_the_map_that_was_written(columns, source, funder):
    written = ColumnMap(columns, source, funder, "granted", {"funder": {"=x": "caf"}})
    assert from_json(to_json(written), "c.json", WORDS) == written


def test_editions_of_one_export_have_one_fingerprint():
    assert fingerprint(["Voté 2024", "Porteur"]) == fingerprint(["porteur", "VOTÉ 2025"])
    assert fingerprint(["Voté", "Porteur"]) != fingerprint(["Porteur", "Demandé"])
