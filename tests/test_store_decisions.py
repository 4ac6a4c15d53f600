"""The journal of decisions: nothing lost, nothing erased, words a user can act on."""

import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from analysis.decisions import DECISIONS
from analysis.programme import by_target, grand_total
from analysis.selection import Selection
from geo.errors import DecisionError, StoreError
from store.atlas import Atlas
from store.cases import IN_FORCE, Answer, case_of, cases, counts, effect, taken
from store.database import Database, database_url
from store.decisions import COLUMNS, Case, Journal
from store.tables import selected
from tests.samples import CENTS, DATA, copy_data, rewrite

ROOT = Path(__file__).resolve().parent.parent
DEMO = Selection("demo", 2025)
CASE = Case("demo", 2025, "DA00000001-1", "P1", "undecided")
HOSTILE = "'); DROP TABLE decisions; -- \" <img src=x onerror=alert(1)> =1+1 é\U0001f600"
WRITER = """
import sys
from store.database import Database
from store.decisions import Case, Journal

url, name = sys.argv[1:]
for k in range(15):
    case = Case("demo", 2025, None, f"{name}-{k}", "undecided")
    Journal(Database(url), "t").decide(case, "outside", reason="essai", author=name)
"""


def address(folder: Path) -> str:
    return f"sqlite:///{folder}/var/atlas.sqlite"


@pytest.fixture
def journal(base) -> Journal:
    return Journal(base, "t")


@pytest.fixture
def opened(tmp_path) -> Atlas:
    return Atlas(DATA, database=address(tmp_path))


def decide(atlas: Atlas, project_id: str, decision: str, **options) -> int:
    words = {"reason": "Visite sur place", "author": "A. Essai"} | options
    return atlas.journal.decide(case_of(atlas, DEMO, project_id), decision, **words)


def first(atlas: Atlas, kind: str) -> pd.Series:
    queue = cases(atlas, DEMO)
    return queue[(queue["kind"] == kind) & (queue["granted_cents"] > 0)].iloc[0]


def targets(atlas: Atlas) -> pd.Series:
    return by_target(selected(atlas, DEMO))["granted_cents"]


def test_reading_an_absent_journal_creates_nothing(journal, tmp_path):
    assert journal.size() == 0
    assert list(journal.entries("demo").columns) == [*COLUMNS, "undone_by"]
    assert journal.entries("demo").empty
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(DecisionError, match="Décision n° 3 introuvable"):
        journal.undo(3, author="A", reason="B")


def test_a_decision_is_kept_with_all_its_words(journal):
    number = journal.decide(
        CASE, "serves", reason=HOSTILE, author="Zoé", quarters=("QN00001A", "QN00002B")
    )
    (entry,) = journal.entries("demo").to_dict("records")
    assert (entry["id"], journal.size()) == (number, number)
    assert entry["reason"] == HOSTILE
    assert entry["author"] == "Zoé"
    assert entry["quarters"] == "QN00001A, QN00002B"
    assert (entry["year"], entry["reference"]) == (2025, "DA00000001-1")
    now = pd.Timestamp.now("UTC").tz_localize(None)
    assert abs((now - entry["decided_at"]).total_seconds()) < 60
    assert pd.isna(entry["undone_by"])


def test_an_undoing_is_added_and_nothing_is_erased(journal):
    number = journal.decide(CASE, "outside", reason="a", author="b")
    undoing = journal.undo(number, author="Chef", reason=HOSTILE)
    before, after = journal.entries("demo").to_dict("records")
    assert (before["decision"], before["undone_by"]) == ("outside", undoing)
    assert (after["decision"], after["undoes"]) == ("undo", number)
    assert (after["author"], after["reason"]) == ("Chef", HOSTILE)
    with pytest.raises(DecisionError, match=f"La décision n° {number} est déjà annulée"):
        journal.undo(number, author="x", reason="y")
    with pytest.raises(DecisionError, match=f"n° {undoing} introuvable"):
        journal.undo(undoing, author="x", reason="y")
    assert len(journal.entries("demo")) == 2


def test_programmes_and_territories_do_not_mix(journal, base):
    journal.decide(CASE, "outside", reason="a", author="b")
    other = Journal(base, "autre")
    assert journal.entries("autre").empty
    assert other.entries("demo").empty
    assert other.size() == 0
    with pytest.raises(DecisionError, match="introuvable"):
        other.undo(1, author="x", reason="y")


@pytest.mark.parametrize(
    ("decision", "options", "messages"),
    [
        (
            "outside",
            {"reason": " \n ", "author": ""},
            ["Le motif manque : dites pourquoi", "Le nom manque : dites qui décide."],
        ),
        ("serves", {}, ["Le quartier manque : choisissez au moins un quartier servi."]),
        ("keep_declared", {}, ["Le quartier manque"]),
        ("keep_position", {}, ["La position manque"]),
        ("accept_position", {"position": (float("nan"), 50.0)}, ["La position manque"]),
        ("outside", {"reason": "x" * 2001}, ["Le motif a 2001 signes ; 2000 au plus."]),
        ("outside", {"author": "x" * 101}, ["Le nom a 101 signes ; 100 au plus."]),
        ("détruire", {}, ["Décision « détruire » inconnue ; attendu : serves, outside"]),
    ],
)
def test_an_incomplete_decision_is_refused_with_every_fault(journal, decision, options, messages):
    words = {"reason": "a", "author": "b"} | options
    with pytest.raises(DecisionError) as refusal:
        journal.decide(CASE, decision, **words)
    for message in messages:
        assert message in str(refusal.value)
    assert journal.size() == 0


def test_control_signs_do_not_reach_the_database(journal):
    journal.decide(CASE, "outside", reason="a\x00b\ud800c\nd", author="\x07Zoé")
    (entry,) = journal.entries("demo").to_dict("records")
    assert (entry["reason"], entry["author"]) == ("a b c\nd", "Zoé")


def test_processes_that_decide_at_once_lose_nothing(journal, base):
    command = [sys.executable, "-c", WRITER, base.url]
    running = [subprocess.Popen([*command, f"P{k}"], cwd=ROOT) for k in range(3)]
    assert [process.wait(timeout=60) for process in running] == [0, 0, 0]
    entries = journal.entries("demo")
    assert len(entries) == 45
    assert set(entries["project_id"]) == {f"P{n}-{k}" for n in range(3) for k in range(15)}
    assert list(entries["id"]) == list(range(1, 46))


def test_a_folder_that_cannot_be_made_is_told_in_french(tmp_path):
    (tmp_path / "var").write_text("a file where the folder should be")
    blocked = Journal(Database(address(tmp_path)), "t")
    assert blocked.refusal().startswith("Lecture seule : le fichier « atlas.sqlite » ne peut")
    with pytest.raises(StoreError, match="ne peuvent pas être écrites dans la base") as refusal:
        blocked.decide(CASE, "outside", reason="a", author="b")
    assert "rien n'a été changé" in str(refusal.value)
    assert str(tmp_path) not in str(refusal.value)


def test_a_read_only_database_is_read_and_refuses_to_be_written(tmp_path):
    journal = Journal(Database(address(tmp_path)), "t")
    journal.decide(CASE, "outside", reason="a", author="b")
    file = tmp_path / "var" / "atlas.sqlite"
    locked = Journal(Database(f"sqlite:///file:{file}?mode=ro&uri=true"), "t")
    assert locked.size() == 1
    with pytest.raises(StoreError, match="ne peuvent pas être écrites"):
        locked.decide(CASE, "outside", reason="a", author="b")
    assert journal.size() == 1


def test_a_damaged_database_is_told_in_french(tmp_path):
    (tmp_path / "var").mkdir()
    (tmp_path / "var" / "atlas.sqlite").write_bytes(b"not a database" * 100)
    damaged = Atlas(DATA, database=address(tmp_path))
    with pytest.raises(StoreError, match="Les décisions ne peuvent pas être lues dans la base"):
        damaged.programme("demo")


@pytest.mark.parametrize(
    "url", ["nowhere", "oracle+nothing://x/y", "postgresql+psycopg9://u:secret@127.0.0.1/x", ""]
)
def test_a_wrong_address_is_told_without_its_password(url, monkeypatch):
    with pytest.raises(StoreError, match="ATLAS_DATABASE_URL") as refusal:
        Journal(Database(url or ":"), "t").size()
    assert "secret" not in str(refusal.value)


def test_the_database_is_chosen_by_the_environment(monkeypatch):
    monkeypatch.setenv("ATLAS_DATABASE_URL", "sqlite:///elsewhere.sqlite")
    assert database_url() == "sqlite:///elsewhere.sqlite"
    monkeypatch.delenv("ATLAS_DATABASE_URL")
    assert database_url().endswith("/var/atlas.sqlite")


@pytest.mark.parametrize(
    ("decision", "quarters", "target"),
    [
        ("serves", ("QN06211M", "QN06208M"), "quarter"),
        ("outside", (), "outside"),
        ("territory", (), "territory"),
        ("unallocated", (), "unallocated"),
    ],
)
def test_a_decision_moves_the_money_and_the_whole_holds(opened, decision, quarters, target):
    case, before = first(opened, "undecided"), targets(opened)
    whole = grand_total(selected(opened, DEMO))
    number = decide(opened, case["project_id"], decision, quarters=quarters)
    after, cents = targets(opened), int(case["granted_cents"])
    assert before["undecided"] - after["undecided"] == cents
    assert after[target] - before[target] == cents
    assert grand_total(selected(opened, DEMO)).equals(whole)
    rows = selected(opened, DEMO)
    rows = rows[rows["project_id"] == case["project_id"]]
    assert set(rows["situation"]) == {"decided"}
    assert tuple(sorted(rows["qpv_code"].dropna().unique())) == tuple(sorted(quarters))
    assert case["project_id"] not in set(cases(opened, DEMO)["project_id"])
    opened.journal.undo(number, author="b", reason="c")
    assert targets(opened).equals(before)
    assert case["project_id"] in set(cases(opened, DEMO)["project_id"])


def test_keeping_what_is_declared_moves_nothing_but_settles_the_case(opened):
    case, before = first(opened, "declared_elsewhere"), targets(opened)
    decide(opened, case["project_id"], "keep_declared", quarters=tuple(case["codes"]))
    assert targets(opened).equals(before)
    assert case["project_id"] not in set(cases(opened, DEMO)["project_id"])
    assert list(taken(opened, DEMO)["state"]) == [IN_FORCE]


def test_the_last_decision_that_stands_wins(opened):
    project = first(opened, "undecided")["project_id"]
    decide(opened, project, "outside")
    later = decide(opened, project, "territory")
    states = taken(opened, DEMO).set_index("id")["state"]
    assert list(states) == [IN_FORCE, "remplacée par une décision plus récente"]
    opened.journal.undo(later, author="b", reason="c")
    assert list(taken(opened, DEMO)["state"]) == ["annulée", IN_FORCE]
    rows = selected(opened, DEMO)
    assert set(rows.loc[rows["project_id"] == project, "target"]) == {"outside"}


def test_the_effect_is_told_before_and_true_after(opened):
    case = first(opened, "undecided")
    answer = Answer("serves", ("QN06211M",))
    told = effect(opened, DEMO, case["project_id"], answer)
    assert told.startswith(f"{case['granted_cents'] // 100_000}")
    assert "passent de Indécis (près d'une limite) à Le Centre" in told
    assert opened.journal.size() == 0
    decide(opened, case["project_id"], "serves", quarters=answer.quarters)
    again = effect(opened, DEMO, case["project_id"], answer)
    assert again == "Aucun euro ne change de destination."


def test_a_decision_survives_a_new_import_and_says_when_it_no_longer_applies(tmp_path):
    data = copy_data(tmp_path)
    opened = Atlas(data, database=address(tmp_path))
    case = first(opened, "undecided")
    kept = first(opened, "declared_elsewhere")
    decide(opened, case["project_id"], "outside")
    decide(opened, kept["project_id"], "keep_declared", quarters=tuple(kept["codes"]))
    path = data / "demo" / "projects.csv"
    text = path.read_text(encoding="utf-8").replace(case["project_id"], "AUTRE-IDENTIFIANT")
    money = (data / "demo" / "funding.csv").read_text(encoding="utf-8")
    rewrite(path, text.replace(f"{kept['project_id']},", "DISPARU,").replace(kept["reference"], ""))
    money = money.replace(case["project_id"], "AUTRE-IDENTIFIANT")
    rewrite(data / "demo" / "funding.csv", money.replace(f"{kept['project_id']},", "DISPARU,"))
    again = Atlas(data, database=address(tmp_path))
    rows = selected(again, DEMO)
    assert set(rows.loc[rows["project_id"] == "AUTRE-IDENTIFIANT", "target"]) == {"outside"}
    states = taken(again, DEMO).set_index("decision")["state"]
    assert states["outside"] == IN_FORCE
    assert states["keep_declared"] == "sans effet : le projet a disparu"
    assert "DISPARU" in set(cases(again, DEMO)["project_id"])


def test_another_process_sees_a_decision_at_once(opened, tmp_path):
    other = Atlas(DATA, database=address(tmp_path))
    before = targets(other)
    decide(opened, first(opened, "undecided")["project_id"], "outside")
    assert targets(other).equals(targets(opened))
    assert not targets(other).equals(before)
    assert other.edition == opened.edition


def test_kinds_of_cases_add_up_to_the_queue(opened):
    queue = cases(opened, DEMO)
    table = counts(queue)
    assert table["projects"].sum() == len(queue) == queue["project_id"].nunique() > 0
    for name in CENTS[:2]:
        assert table[name].sum() == queue[name].sum()
    chosen = cases(opened, Selection("demo", 2025, quarters=("QN06211M",)))
    assert len(chosen) < len(queue)


def test_every_decision_has_french_words():
    assert all(choice.label[0].isupper() for choice in DECISIONS.values())
