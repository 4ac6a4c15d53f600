"""A diagnosed file brought in: re-import, rejected dossiers kept, column maps remembered; the
command that does it."""

import json

import pandas as pd
import pytest

import cli
from analysis.mapping import Column, ColumnMap, for_edition
from analysis.selection import Selection
from geo.errors import ImportRefused
from store.atlas import Atlas
from store.bringing import bring, difference, programme_code
from store.contents import content
from store.intake import columns_for, diagnose, load_vocabulary, receive, setting
from store.mappings import Mappings
from tests.samples import DATA

TABLE = (
    "Référence DAUPHIN;Intitulé;Porteur;Financeur;Statut;Demandé {year};Accordé {year}\n"
    "12345-1;Lire;Asso;CAF;A justifier;1 000,00 €;800\n"
    "DA00012346-1;Nager;Asso;Région;En cours;500;\n"
)


@pytest.fixture
def opened(tmp_path, monkeypatch):
    url = f"sqlite:///{tmp_path}/atlas.sqlite"
    monkeypatch.setenv("ATLAS_DATABASE_URL", url)
    return Atlas(DATA, database=url)


def read(opened, text, year=2025):
    words = load_vocabulary(opened)
    received = receive(text.format(year=year).encode(), "programmation.csv")
    columns = columns_for(received, words, year)
    found = diagnose(received, columns, setting(opened, words, "programmation", year))
    return received, columns, found


def imported(opened, text, year=2025):
    received, columns, found = read(opened, text, year)
    wanted = difference(opened, found, "programmation", year)
    words = {"author": "Moi", "sha256": "0" * 64, "label": "Programmation"}
    return bring(opened, wanted, received, found, columns, **words), wanted


def test_the_same_file_again_changes_nothing(opened):
    _, wanted = imported(opened, TABLE)
    assert wanted.counts == {"added": 2, "changed": 0, "removed": 0, "unchanged": 0}
    _, _, found = read(opened, TABLE)
    assert difference(opened, found, "programmation", 2025).is_empty


WHOLE = (
    "Référence DAUPHIN;Intitulé;Porteur;RNA;Adresse;Code postal;Commune;Date de début;Date de fin;"
    "Coût total;CAF demandé\n"
    "DA00000001-1;Lire;Asso;W621000001;1 rue X;62400;Béthune;15/01/2025;03/04/2025;2 000,50 €;10\n"
    "DA00000002-1;Nager;Asso;;;;;;;;20\n"
)
KEPT = ["operator_rna", "postcode", "starts_on", "ends_on", "total_cost_cents"]


def test_what_a_dossier_says_of_its_days_place_and_cost_is_kept_and_nothing_is_invented(opened):
    first, _ = imported(opened, WHOLE)
    lire, nager = opened.imports.tables("programmation")[0][KEPT].to_numpy().tolist()
    assert lire == ["W621000001", "62400", "2025-01-15", "2025-04-03", 200_050]
    assert pd.isna(nager).all()
    changed = WHOLE.replace("62400", "62410").replace("2 000,50 €", "").replace("03/04", "04/04")
    second, wanted = imported(opened, changed)
    assert wanted.counts["changed"] == 1
    assert set(wanted.cells["field"]) == {"postcode", "ends_on", "total_cost_cents"}
    assert pd.isna(wanted.cells.set_index("field").at["total_cost_cents", "new"])
    opened.imports.undo(second, author="Moi")
    assert opened.imports.tables("programmation")[0][KEPT].iloc[0].tolist() == lire
    opened.imports.undo(first, author="Moi")
    assert opened.imports.tables("programmation")[0].empty


def test_what_is_kept_of_a_dossier_leaves_with_the_projects(opened):
    imported(opened, WHOLE)
    chosen = Selection("programmation", 2025)
    told = content(opened, chosen, "projects").set_index("intitule")
    columns = ["rna", "date_debut", "date_fin", "cout_total_eur"]
    assert told.loc["Lire", columns].tolist() == [
        *("W621000001", "2025-01-15", "2025-04-03", 2000.5),
    ]
    assert told.loc["Nager", columns].isna().all()
    assert content(opened, chosen, "locations")["code_postal"].tolist()[0] == "62400"


def test_a_dossier_that_cannot_be_read_is_not_removed(opened):
    imported(opened, TABLE)
    _, wanted = imported(opened, TABLE.replace(";500;", ";cinq cents;").replace("Lire", "Relire"))
    assert wanted.counts == {"added": 0, "changed": 1, "removed": 0, "unchanged": 1}
    projects, funding = opened.imports.tables("programmation")
    assert projects["title"].tolist() == ["Relire", "Nager"]
    assert funding["requested_cents"].sum() == 150_000
    entry = opened.imports.entries().iloc[-1]
    assert (entry["rows_in"], entry["rejected"]) == (2, 1)


def test_years_stand_side_by_side_and_rows_of_a_file_are_all_accounted_for(opened):
    imported(opened, TABLE, 2024)
    imported(opened, TABLE, 2025)
    assert opened.years("programmation") == [2025, 2024]
    entries = opened.imports.entries()
    assert entries["rows_in"].tolist() == [2, 2]
    assert entries["rejected"].tolist() == [0, 0]


def test_a_refused_import_keeps_no_map(opened):
    received, columns, found = read(opened, TABLE)
    wanted = difference(opened, found, "programmation", 2025)
    with pytest.raises(ImportRefused):
        bring(opened, wanted, received, found, columns, author=" ", sha256="0" * 64, label="P")
    mappings = Mappings(opened.database, opened.territory.code)
    assert mappings.recall(received.cells.columns, load_vocabulary(opened)) is None


def test_a_column_map_is_found_again_for_the_next_edition(opened):
    received, columns, _ = read(opened, TABLE)
    mappings, words = Mappings(opened.database, opened.territory.code), load_vocabulary(opened)
    assert mappings.recall(received.cells.columns, words) is None
    by_hand = ColumnMap(columns.columns, values={"funder": {"MSA": "caf"}})
    mappings.keep(received.cells.columns, by_hand)
    assert mappings.recall(received.cells.columns, words) == by_hand
    later, guessed, _ = read(opened, TABLE, 2026)
    assert mappings.recall(later.cells.columns, words) == ColumnMap(
        guessed.columns, values=by_hand.values
    )
    assert mappings.recall(["Autre", "Chose"], words) is None


def test_amounts_of_two_years_keep_their_order():
    kept = ColumnMap({"Voté 2024": Column("previous"), "Voté 2025": Column("granted")})
    assert for_edition(kept, ["Voté 2026", "Voté 2025"]).columns == {
        "Voté 2025": Column("previous"),
        "Voté 2026": Column("granted"),
    }


def test_names_of_programmes_become_codes():
    assert programme_code("Programmation 2025 – Été") == "programmation-2025-ete"


def run(capfd, *words):
    code = cli.main(words)
    out, err = capfd.readouterr()
    assert "Traceback" not in err
    return code, out, err


def test_import_command_tells_the_difference_asks_and_imports(capfd, tmp_path, monkeypatch, opened):
    path = tmp_path / "a.csv"
    path.write_text(TABLE.format(year=2025), encoding="utf-8")
    words = ["import", str(path), "--year", "2025", "--author", "Moi"]
    answers = iter(["n", "oui"])
    monkeypatch.setattr("typer.prompt", lambda *args, **options: next(answers))
    code, out, err = run(capfd, *words)
    assert code == 1
    assert "2 ajoutés, 0 modifié, 0 retiré, 0 inchangé" in out
    assert "rien n'a été changé" in err
    assert not opened.database.file.exists()
    code, out, _ = run(capfd, *words)
    assert code == 0
    assert "Import n° 1 fait" in out
    code, out, _ = run(capfd, *words, "--yes")
    assert code == 0
    assert "Rien ne change" in out
    code, out, _ = run(
        capfd, "projects", "--programme", "programmation", "--year", "2025", "--format", "json"
    )
    assert [line["accorde_eur"] for line in json.loads(out)["lignes"]] == [800.0, None]


def test_import_command_refuses_a_file_with_nothing_sound(capfd, tmp_path, opened):
    path = tmp_path / "a.csv"
    path.write_text("Intitulé;Porteur;CAF accordé\nLire;Asso;abc\n", encoding="utf-8")
    code, out, err = run(capfd, "import", str(path), "--year", "2025", "--yes")
    assert code == 1
    assert "montant illisible" in out
    assert "Aucun dossier" in err
