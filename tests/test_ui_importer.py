"""The page that brings a programme: drop, match, check, compare, confirm; who sees what."""

import io
from html import unescape

import openpyxl
import pytest
from streamlit.testing.v1 import AppTest

from analysis.selection import Selection
from store.atlas import Atlas
from tests.samples import DATA, atlas

HOSTILE = "<img src=x onerror=alert(1)>`{{7*7}}`"
TABLE = (
    "Référence DAUPHIN;Intitulé;Porteur;QPV concernés;Financeur;Statut;Demandé;Accordé\n"
    "12345-1;Lire;Asso;Mont Liébaut;CAF;A justifier;1 000,00 €;800\n"
    f"DA00012346-1;{HOSTILE};Asso;QN06211M;Région;En cours;500;\n"
)
FAULTY = TABLE + "DA00012347-1;;Asso;QN06211M;MSA;Bizarre;abc;\n"


def script(selection, atlas):
    from ui import frame, navigation

    entry = next(entry for entry in navigation.PAGES if entry.word == "importer")
    import streamlit as st

    st.navigation([*navigation.streamlit_pages(lambda _: None).values()], position="hidden")
    frame.draw_page(entry, atlas, selection)


@pytest.fixture
def opened(tmp_path):
    """The atlas of the embedded data with a database of its own."""
    return Atlas(DATA, database=f"sqlite:///{tmp_path}/atlas.sqlite")


def show(opened):
    given = {"selection": Selection("demo", 2025), "atlas": opened}
    page = AppTest.from_function(script, kwargs=given, default_timeout=60).run()
    assert not page.exception
    return page


def drop(page, content, name="programmation 2025.csv"):
    content = content.encode() if isinstance(content, str) else content
    page.file_uploader[0].set_value((name, content, "text/csv")).run()
    assert not page.exception
    return page


def html_of(page):
    return unescape("".join(element.proto.body for element in page.get("html")))


def raw_html(page):
    return "".join(element.proto.body for element in page.get("html"))


def texts(page):
    return "\n".join(text.value.replace("\\", "") for text in (*page.markdown, *page.caption))


def button(page, label):
    return next(one for one in page.button if one.label == label)


def bring(page, author="Moi"):
    page.text_input(key="import_author").set_value(author)
    button(page, "Importer").click()
    page.run()
    assert not page.exception
    return page


def test_nothing_dropped_says_what_is_accepted(opened):
    page = show(opened)
    assert "GeoPackage" in page.info[0].value
    assert not page.error


def test_a_sound_file_is_compared_imported_and_undone(opened):
    page = drop(show(opened), TABLE)
    assert "2 projets ajoutés, 0 projet modifié" in texts(page)
    assert not opened.database.file.exists()  # nothing is written before it is asked
    bring(page)
    assert "Import n° 1 fait" in page.success[-1].value.replace("\\", "")
    assert page.session_state["selection_programme"] == "programmation"
    assert page.session_state["selection_year"] == 2025
    programme = opened.programme("programmation")
    assert programme.projects["reference"].tolist() == ["DA00012345-1", "DA00012346-1"]
    assert programme.funding["granted_cents"].sum() == 80_000
    page.run()
    assert "déjà importé" in "".join(one.value for one in page.info)
    page.button_group(key="import_view").set_value("Journal").run()
    assert not page.exception
    assert opened.imports.entries()["author"].tolist() == ["Moi"]
    opened.imports.undo(1, author="Moi")
    page.run()
    assert "1 import." in texts(page)


def test_a_corrected_file_updates_by_reference(opened):
    bring(drop(show(opened), TABLE))
    page = drop(show(opened), TABLE.replace(";800\n", ";900\n").replace("12345-1", "DA00012345-1"))
    assert "0 projet ajouté, 1 projet modifié, 0 projet retiré, 1 projet inchangé" in texts(page)
    assert "retrouvées" in texts(page)
    bring(page)
    assert opened.programme("programmation").funding["granted_cents"].sum() == 90_000


def test_faults_are_counted_listed_and_filtered(opened):
    page = drop(show(opened), FAULTY)
    words = html_of(page)
    assert "Bloquant" in words
    assert "un statut DAUPHIN" in words
    assert {one.label for one in page.get("download_button")} >= {
        "Fichier corrigé (XLSX)",
        "Liste des défauts (CSV)",
    }
    assert any("1 ligne rejetée" in one.value for one in page.warning)
    pills = next(one for one in page.button_group if one.key.startswith("severity_"))
    pills.set_value(["info"]).run()
    assert "un statut DAUPHIN" not in html_of(page)


def test_a_word_that_nobody_knows_is_matched_by_hand(opened):
    page = drop(show(opened), FAULTY.replace(";;Asso", ";Nager;Asso").replace("abc", "10"))
    for label, code in (("Financeur « MSA »", "caf"), ("Statut « Bizarre »", "granted")):
        one = next(box for box in page.selectbox if box.label.replace("\\", "") == label)
        one.set_value(code)
    page.run()
    assert "3 projets ajoutés" in texts(page)


def test_a_column_can_be_matched_by_hand(opened):
    page = drop(show(opened), TABLE.replace("Accordé", "Machin"))
    box = next(
        box for box in page.selectbox if box.label.replace("\\", "") == "Contenu de « Machin »"
    )
    assert box.value == ""
    box.set_value("granted").run()
    bring(page)
    assert opened.programme("programmation").funding["granted_cents"].sum() == 80_000


def test_a_blocked_file_cannot_be_imported(opened):
    page = drop(show(opened), "Intitulé;Porteur;CAF accordé\nLire;Asso;abc\n")
    assert any("Aucun dossier" in one.value for one in page.warning)
    assert all(one.label != "Importer" for one in page.button)


def test_a_hostile_file_is_a_message_and_its_strings_stay_text(opened):
    page = drop(show(opened), "<OGRVRTDataSource/>", "<b>x</b>.csv")
    (error,) = page.error
    assert "n'est pas un KML" in error.value
    assert "<b>" not in error.value.replace("\\<b\\>", "")
    page = drop(show(opened), TABLE.replace("Statut", HOSTILE))
    assert "<img" not in raw_html(page)


def test_the_name_is_asked_for(opened):
    page = bring(drop(show(opened), TABLE), author=" ")
    assert "qui importe" in page.error[0].value
    assert opened.imports.entries().empty


def test_an_upload_is_never_seen_by_another_session(opened):
    first, second = drop(show(opened), TABLE), show(opened)
    for page in (second, second.run()):
        assert "Lire" not in raw_html(page)
        assert "12345" not in raw_html(page) + texts(page)
        assert "import_received" not in page.session_state
    drop(second, TABLE.replace("Lire", "Nager").replace("12345", "99999"), "autre.csv")
    first.run()
    assert "Nager" not in html_of(first)
    assert "99999" not in html_of(first)
    # Nothing of either is in the programmes that everyone sees.
    assert {one.code for one in opened.territory.programmes} == {
        one.code for one in atlas().territory.programmes
    }


def test_a_sheet_is_chosen(opened):
    book = openpyxl.Workbook()
    for title, rows in (("Notice", [["À lire", "avant"], ["x", "y"]]), ("Actions", [])):
        sheet = book.create_sheet(title)
        for row in rows or [line.split(";") for line in TABLE.splitlines()]:
            sheet.append(row)
    book.remove(book.worksheets[0])
    packed = io.BytesIO()
    book.save(packed)
    page = drop(show(opened), packed.getvalue(), "a.xlsx")
    box = next(box for box in page.selectbox if box.label == "Feuille")
    assert (box.value, box.options) == ("Actions", ["Notice", "Actions"])
    assert "2 projets ajoutés" in texts(page)
    box.set_value("Notice").run()
    assert not page.exception
    assert any("Aucun dossier" in one.value for one in page.warning)
