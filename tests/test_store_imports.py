"""Imports: what a file would change, made whole or not at all, journalled and undone."""

from itertools import count

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.selection import Selection
from geo.errors import AtlasError, ImportRefused
from geo.schema import AMOUNTS, FUNDING, STATUSES
from store.atlas import Atlas
from store.database import Database
from store.decisions import Case
from store.imports import Imports, Tables
from store.tables import selected
from tests.imported import HOSTILE, apply, frames, line, project, run, simple, state
from tests.samples import DATA, atlas


@pytest.fixture
def imports(base) -> Imports:
    return Imports(base, atlas().territory)


def test_a_preview_writes_nothing_and_says_what_would_come(imports, tmp_path):
    seen = imports.preview("essai", 2025, *simple("P1", "P2"))
    assert seen.counts == {"added": 2, "changed": 0, "removed": 0, "unchanged": 0}
    assert imports.entries().empty
    assert imports.size() == imports.edition("essai") == 0
    assert list(tmp_path.iterdir()) == []


def test_an_import_comes_out_as_it_went_in(imports):
    projects, funding = frames(
        [
            project("P1", reference="DA00000001-1", title=HOSTILE, commune_code="01004"),
            project("P2", lon=2.5123456789012345, lat=50.5, beneficiaries=12, qpv_residents=0),
        ],
        [
            line("P1", "caf", status="granted", granted_cents=0),
            line("P1", requested_cents=1, granted_cents=10**13, requested_on="2024-11-04"),
            line("P2"),
        ],
    )
    number = run(imports, (projects, funding))
    read = imports.tables("essai")
    pd.testing.assert_frame_equal(read[0], projects)
    pd.testing.assert_frame_equal(read[1], funding[list(FUNDING.columns)])
    (entry,) = imports.entries().to_dict("records")
    assert (entry["id"], entry["added"], entry["rows_in"]) == (number, 2, 3)
    assert (entry["author"], entry["file_name"]) == ("A. Essai", "essai.csv")
    assert pd.isna(entry["undone_by"])


def test_the_difference_names_every_cell_that_changes(imports):
    run(imports, frames([project("P1", reference="R1"), project("P2")], [line("P1"), line("P2")]))
    again = frames(
        [project("X9", reference="R1", title="Autre titre"), project("P3")],
        [line("X9", status="granted", granted_cents=500), line("P3")],
    )
    seen = imports.preview("essai", 2025, *again)
    assert seen.counts == {"added": 1, "changed": 1, "removed": 1, "unchanged": 0}
    changes = seen.changes.set_index("project_id")["change"]
    assert changes.to_dict() == {"P1": "changed", "P3": "added", "P2": "removed"}
    cells = {(row.field, row.old, row.new) for row in seen.cells.itertuples()}
    assert ("title", "Action P1", "Autre titre") in cells
    assert ("status", "pending", "granted") in cells
    assert {field for field, _, _ in cells} == {"title", "status", "granted_cents"}
    apply(imports, seen)
    assert set(imports.tables("essai")[0]["project_id"]) == {"P1", "P3"}


def test_the_same_file_again_changes_nothing(imports):
    tables = simple("P1", "P2", "P3", beneficiaries=3, lon=2.1, lat=50.2)
    run(imports, tables)
    before = state(imports)
    seen = imports.preview("essai", 2025, *tables)
    assert seen.is_empty
    assert seen.counts["unchanged"] == 3
    shuffled = tuple(part.iloc[::-1] for part in tables)
    assert imports.preview("essai", 2025, *shuffled).is_empty
    apply(imports, seen)
    assert state(imports) == before
    assert imports.size() == 2


def test_a_file_that_tells_only_some_projects_may_keep_the_others(imports):
    run(imports, simple("P1", "P2"))
    seen = imports.preview("essai", 2025, *simple("P3"), keep_absent=True)
    assert seen.counts == {"added": 1, "changed": 0, "removed": 0, "unchanged": 2}
    apply(imports, seen)
    assert len(imports.tables("essai")[0]) == 3


def test_years_stand_side_by_side_and_identifiers_stay_unique(imports):
    run(imports, simple("1", "2"))
    run(imports, simple("1", "3", year=2026), year=2026)
    projects, funding = imports.tables("essai")
    assert list(projects["project_id"]) == ["1", "2", "1-2026", "3"]
    assert list(funding["project_id"]) == ["1", "2", "1-2026", "3"]
    assert imports.preview("essai", 2026, *simple("1", "3", year=2026)).is_empty
    assert imports.preview("essai", 2025, *simple("1", "2")).is_empty


def test_an_undoing_brings_back_the_former_state_and_is_in_the_journal(imports):
    run(imports, simple("P1", "P2"))
    before = state(imports)
    number = run(imports, simple("P2", "P3", title="Nouveau"))
    after = state(imports)
    undoing = imports.undo(number, author="Chef")
    assert state(imports) == before
    entries = imports.entries().set_index("id")
    assert entries.at[number, "undone_by"] == undoing
    assert entries.at[undoing, "undoes"] == number
    assert (entries.at[undoing, "added"], entries.at[undoing, "removed"]) == (1, 1)
    with pytest.raises(ImportRefused, match=f"L'import n° {number} est déjà annulé"):
        imports.undo(number, author="Chef")
    imports.undo(undoing, author="Chef")
    assert state(imports) == after


def test_an_import_touched_since_is_undone_after_the_later_one(imports):
    empty = state(imports)
    first = run(imports, simple("P1", "P2"))
    middle = state(imports)
    later = run(imports, simple("P1", "P2", title="Corrigé"))
    with pytest.raises(ImportRefused, match=f"Annulez d'abord : n° {later}\\."):
        imports.undo(first, author="A")
    imports.undo(later, author="A")
    assert state(imports) == middle
    imports.undo(first, author="A")
    assert state(imports) == empty


def test_an_import_of_other_rows_does_not_stop_an_undoing(imports):
    first = run(imports, simple("P1"))
    run(imports, simple("P2"), keep_absent=True)
    imports.undo(first, author="A")
    assert list(imports.tables("essai")[0]["project_id"]) == ["P2"]


def test_a_preview_overtaken_by_another_import_is_refused_whole(imports):
    seen = imports.preview("essai", 2025, *simple("P1"))
    run(imports, simple("P2"))
    before = state(imports)
    with pytest.raises(ImportRefused, match=r"Un autre import .* a eu lieu entre-temps"):
        apply(imports, seen)
    assert state(imports) == before
    assert imports.size() == 1


@pytest.mark.parametrize(
    ("programme", "tables", "message"),
    [
        ("demo", simple("P1"), "« demo » : ce code est celui d'un fichier"),
        ("Mon programme", simple("P1"), "attendu, des minuscules"),
        ("essai", simple("P1", year=2024), "projets de 2024"),
        ("essai", frames([project("P1")], [line("P2")]), "financement sans projet pour P2"),
        ("essai", frames([project("P1")], [line("P2")]), "projet sans financement pour P1"),
        ("essai", frames([project("P1", theme="éducation")], [line("P1")]), "colonne « theme »"),
        ("essai", frames([project("P1")], [line("P1"), line("P1")]), "répétées"),
    ],
)
def test_frames_at_fault_are_refused_in_french(imports, programme, tables, message):
    with pytest.raises(ImportRefused, match=message):
        imports.preview(programme, 2025, *tables)


def test_what_is_unknown_or_unsigned_is_refused(imports):
    with pytest.raises(ImportRefused, match="Import n° 7 introuvable"):
        imports.undo(7, author="A")
    with pytest.raises(ImportRefused, match="dites qui importe"):
        apply(imports, imports.preview("essai", 2025, *simple("P1")), author=" \n")
    assert imports.size() == 0


CENTS = st.one_of(st.none(), st.integers(0, 10**12))
KEYS = st.lists(st.sampled_from([f"P{k}" for k in range(6)]), unique=True, min_size=1)


@st.composite
def programmes(draw: st.DrawFn) -> Tables:
    keys = draw(KEYS)
    projects = [
        project(
            key,
            reference=draw(st.sampled_from([None, f"R{key}", "R0"])),
            title=draw(st.sampled_from(["Un", "Deux", HOSTILE])),
            beneficiaries=draw(st.one_of(st.none(), st.integers(0, 9))),
        )
        for key in keys
    ]
    lines = [
        line(
            key,
            funder,
            status=draw(st.sampled_from(STATUSES)),
            **{f"{amount}_cents": draw(CENTS) for amount in AMOUNTS},
        )
        for key in keys
        for funder in draw(
            st.lists(st.sampled_from(["caf", "region", "etat-147"]), unique=True, min_size=1)
        )
    ]
    return frames(projects, lines)


@pytest.fixture(scope="module")
def many(tmp_path_factory) -> Imports:
    url = f"sqlite:///{tmp_path_factory.mktemp('base')}/atlas.sqlite"
    return Imports(Database(url), atlas().territory)


NUMBERS = count()


@given(st.lists(programmes(), min_size=1, max_size=2))
@settings(max_examples=10)
def test_whatever_is_imported_adds_up_and_can_be_undone(many, files):
    code = f"essai-{next(NUMBERS)}"
    states, numbers = [state(many, code)], []
    for projects, funding in files:
        tables = projects.assign(programme=code), funding
        seen = many.preview(code, 2025, *tables)
        assert sum(seen.counts.values()) >= len(projects)
        numbers.append(apply(many, seen))
        states.append(state(many, code))
        read = many.tables(code)
        assert len(read[0]) == len(projects)
        for amount in AMOUNTS:
            assert read[1][f"{amount}_cents"].sum() == funding[f"{amount}_cents"].sum()
        assert many.preview(code, 2025, *tables).is_empty
    for number, before in zip(reversed(numbers), reversed(states[:-1]), strict=True):
        many.undo(number, author="A")
        assert state(many, code) == before


def test_an_imported_programme_is_one_of_the_atlas(base):
    opened = Atlas(DATA, database=base.url)
    other = Atlas(DATA, database=opened.database.url)
    year, codes = Selection("essai", 2025), ["demo", "postes"]
    assert [one.code for one in opened.territory.programmes] == codes
    apply(opened.imports, opened.imports.preview("essai", 2025, *simple("P1")), label="Essai")
    assert len(selected(opened, year)) == len(selected(other, year)) == 1
    edition = other.edition
    assert [one.code for one in other.territory.programmes] == [*codes, "essai"]
    assert other.territory.programme("essai").label == "Essai"
    assert opened.years("essai") == [2025]
    second = apply(opened.imports, opened.imports.preview("essai", 2025, *simple("P1", "P2")))
    assert len(selected(other, year)) == 2, "what another process imports is seen at once"
    assert other.edition != edition
    opened.imports.undo(second, author="A")
    assert len(selected(other, year)) == 1
    opened.imports.undo(1, author="A")
    other.refresh()
    assert [one.code for one in other.territory.programmes] == codes


def test_the_demonstration_can_be_removed_and_brought_back(tmp_path):
    opened = Atlas(DATA, database=f"sqlite:///{tmp_path}/atlas.sqlite")
    run(opened.imports, simple("P1"))
    opened.registry.hide("demo")
    opened.refresh()
    assert [one.code for one in opened.territory.programmes] == ["postes", "essai"]
    assert opened.territory.default_programme == "essai"
    with pytest.raises(AtlasError, match="Programme « demo » inconnu"):
        opened.programme("demo")
    assert [one.code for one in opened.registry.hidden()] == ["demo"]
    opened.registry.hide("postes")
    with pytest.raises(ImportRefused, match="seul programme"):
        opened.registry.hide("essai")
    opened.registry.show("demo")
    opened.refresh()
    assert opened.territory.default_programme == "demo"
    with pytest.raises(ImportRefused, match="« demo » inconnu ; attendu : postes"):
        opened.registry.show("demo")


def test_a_decision_outlives_the_correction_of_the_file(tmp_path):
    opened = Atlas(DATA, database=f"sqlite:///{tmp_path}/atlas.sqlite")
    run(opened.imports, simple("P1", reference="DA00000009-1"))
    case = Case("essai", 2025, "DA00000009-1", "P1", "undecided")
    opened.journal.decide(case, "territory", reason="Visite", author="A")
    run(opened.imports, simple("AUTRE", reference="DA00000009-1", title="Corrigé"))
    rows = selected(opened, Selection("essai", 2025))
    assert list(rows["title"]) == ["Corrigé"]
    assert set(rows["target"]) == {"territory"}
