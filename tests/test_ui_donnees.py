"""The page of data: the catalogue as it is now, the exports as they are selected."""

import json
import shlex
from dataclasses import replace
from html import unescape

import pytest
from streamlit.testing.v1 import AppTest

import cli
from analysis import wording
from analysis.programme import by_target, grand_total
from analysis.selection import Selection
from geo.catalogue import condition
from store.atlas import Atlas
from store.exports import Options, export_bytes, export_name
from store.tables import selected
from tests.samples import atlas, copy_data, rewrite
from ui.pages.donnees import command

DEMO = Selection("demo", 2025)
FILTERED = replace(DEMO, themes=("1.1", "3.1"), quarters=("QN06208M", "QN06211M"))
POSTS = Selection("postes", 2023)
VIEWS = ("Sources", "Exports", "Territoire", "Lexique")


def script(selection, atlas):
    import streamlit as st

    from ui import frame, navigation

    entry = next(entry for entry in navigation.PAGES if entry.word == "donnees")
    st.navigation([*navigation.streamlit_pages(lambda _: None).values()], position="hidden")
    frame.draw_page(entry, atlas, selection)


def show(selection, view="Sources", opened=None):
    given = {"selection": selection, "atlas": opened or atlas()}
    page = AppTest.from_function(script, kwargs=given, default_timeout=60).run()
    page.button_group(key="data_view").set_value(view).run()
    assert not page.exception
    return page


def html_of(page):
    return unescape("".join(element.proto.body for element in page.get("html")))


def captions_of(page):
    return [text.value.replace("\\", "") for text in page.caption]


def texts_of(page):
    return [text.value.replace("\\", "") for text in page.markdown]


def test_every_data_set_is_described():
    page = show(DEMO)
    text = html_of(page)
    assert len(page.expander) == len(atlas().catalogue)
    for dataset in atlas().catalogue.values():
        for words in (
            dataset.producer,
            dataset.licence,
            dataset.source,
            dataset.vintage,
            dataset.perimeter,
            dataset.limits,
            dataset.sha256[:12],
        ):
            assert words in text
        assert any(dataset.title in label.replace("\\", "") for label in labels(page))
    count = len(atlas().catalogue)
    assert f"{count} jeux de données au catalogue : {count} conformes." in html_of(page)


def labels(page):
    return [expander.label for expander in page.expander]


@pytest.mark.parametrize(
    ("damage", "state", "words"),
    [
        (lambda path: path.unlink(), "missing", "1 absent"),
        (lambda path: path.write_bytes(path.read_bytes()[:-10]), "altered", "1 altéré"),
    ],
    ids=["missing", "altered"],
)
@pytest.mark.parametrize("key", ["qpv_2024", "insee_qpv", "demo_projets", "communes_200072460"])
def test_damaged_file_is_shown_with_how_to_restore_it(tmp_path, damage, state, words, key):
    data = copy_data(tmp_path)
    opened = Atlas(data)
    path = opened.catalogue[key].path
    path.chmod(0o644)
    damage(path)
    assert condition(opened.catalogue[key])[0] == state
    page = show(DEMO, opened=opened)
    (error,) = page.error
    assert path.name in error.value.replace("\\", "")
    assert "rétablir" in error.value
    assert words in html_of(page)
    for view in VIEWS[2:]:
        assert not show(DEMO, view, opened).error


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("selection", [DEMO, POSTS], ids=["demo", "posts"])
def test_every_view_opens(view, selection):
    assert not show(selection, view).error


@pytest.mark.parametrize("selection", [DEMO, FILTERED, POSTS], ids=["all", "filters", "posts"])
def test_what_is_said_beside_the_buttons_is_what_is_selected(selection):
    rows = selected(atlas(), selection)
    whole, located = grand_total(rows), by_target(rows)["granted_cents"]["quarter"]
    (text,) = (text for text in texts_of(show(selection, "Exports")) if "Sélection de" in text)
    count = wording.plural(len(selection.quarters) or len(atlas().quarters), "quartier")
    assert wording.plural(int(whole["projects"]), "projet") in text
    assert f"{wording.euros(located, 2)} attribués à {count}" in text
    assert f"{wording.euros(whole['granted_cents'], 2)} accordés" in text
    assert f"{wording.euros(whole['requested_cents'], 2)} demandés" in text


def test_buttons_are_named_apart_and_empty_selections_stay_exportable():
    empty = replace(DEMO, themes=("4.2",), dispositifs=("npnru",))
    page = show(empty, "Exports")
    names = [button.proto.label for button in page.get("download_button")]
    assert names == ["Télécharger : Quartiers, GeoJSON (carte)", "Télécharger le paquet (zip)"]
    assert any("0 projet" in text for text in texts_of(page))
    assert export_bytes(atlas(), empty, "projects", "csv").count(b"\r\n") == 1


def test_a_choice_changes_button_and_command():
    page = show(FILTERED, "Exports")
    page.selectbox(key="export_what").set_value("funding").run()
    page.selectbox(key="export_format").set_value("csv").run()
    page.selectbox(key="export_csv").set_value("international").run()
    assert not page.exception
    button = page.get("download_button")[0].proto.label
    assert button == "Télécharger : Financements, CSV (tableur)"
    options = Options(dialect="international")
    assert page.code[0].value == command(atlas(), FILTERED, "funding", "csv", options)
    page.selectbox(key="export_format").set_value("scdl").run()
    assert not page.error and any(
        "SCDL, lignes accordées écartées" in one for one in captions_of(page)
    )


def test_what_the_schema_lacks_is_said_in_place_of_the_button():
    page = show(POSTS, "Exports")
    page.selectbox(key="export_what").set_value("funding").run()
    page.selectbox(key="export_format").set_value("scdl").run()
    assert "SIRET" in page.error[0].value and not page.exception


def test_indicators_are_not_called_fictitious():
    page = show(DEMO, "Exports")
    page.selectbox(key="export_what").set_value("indicators").run()
    assert not any("fictif" in text for text in captions_of(page))
    assert any("ceux des producteurs" in text for text in captions_of(page))
    assert any(text.startswith("indicateurs_") for text in captions_of(page))


def test_fiction_is_said():
    def captions(page):
        return [caption.value for caption in page.caption]

    assert any("_fictif" in text for text in captions(show(DEMO, "Exports")))
    assert not any("_fictif" in text for text in captions(show(POSTS, "Exports")))


def test_territory_tells_its_facts():
    text = html_of(show(DEMO, "Territoire"))
    territory = atlas().territory
    words = [territory.epci_siren, *(axis.label for axis in territory.axes), *territory.npnru]
    words += [funder.label for funder in territory.funders if funder.signatory]
    words += [
        territory.nomenclature.positions[name] for name in territory.nomenclature.uncertainty_m
    ]
    for metres in territory.nomenclature.uncertainty_m.values():
        words.append(f"±\u202f{wording.number(metres)}\u202fm")
    assert [word for word in words if word not in text] == []


def test_outlines_repaired_and_generations_are_told(tmp_path):
    page = show(DEMO, "Territoire")
    assert "Aucun contour de 2024 n'a dû être réparé à la lecture." in captions_of(page)
    assert "Aucun contour n'en recouvre un autre." in captions_of(page)
    assert "Ce que sont devenus les quartiers de 2015" in html_of(page)
    assert html_of(page).count("même quartier, périmètre modifié") == 16
    data = copy_data(tmp_path)
    layer = data / "qpv" / "qpv_2024.geojson"
    content = json.loads(layer.read_text(encoding="utf-8"))
    ring = content["features"][0]["geometry"]["coordinates"][0][0]
    ring[3], ring[-4] = ring[-4], ring[3]
    rewrite(layer, json.dumps(content, ensure_ascii=False))
    opened = Atlas(data)
    code = content["features"][0]["properties"]["code_qp"]
    assert opened.repairs["qpv_code"].tolist() == [code]
    shown = html_of(show(DEMO, "Territoire", opened))
    assert "Contours de 2024 réparés à la lecture" in shown
    assert opened.quarter_labels[code] in shown
    assert "le contour se" in shown


def test_glossary_has_the_words_of_the_screens():
    text = html_of(show(DEMO, "Lexique"))
    for word in (*wording.STATUS_WORDS.values(), "Indécis", "Périmètre", "Non affecté"):
        assert word in text


@pytest.mark.parametrize(
    ("what", "file_format", "options"),
    [
        ("quarters", "geojson", Options()),
        ("projects", "gpkg", Options(2154)),
        ("funding", "csv", Options(4326, "international")),
    ],
)
@pytest.mark.parametrize("selection", [FILTERED, POSTS], ids=["filters", "posts"])
def test_command_of_the_page_writes_the_file_of_the_button(
    tmp_path, monkeypatch, what, file_format, options, selection
):
    monkeypatch.chdir(tmp_path)
    words = shlex.split(command(atlas(), selection, what, file_format, options))
    assert words[:2] == ["python", "cli.py"]
    assert cli.main(words[2:]) == 0
    written = tmp_path / export_name(atlas(), selection, what, file_format)
    assert written.read_bytes() == export_bytes(atlas(), selection, what, file_format, options)


def test_downloads_of_the_app_are_the_bytes_of_the_engine(atlas_url, open_page, tmp_path):
    selection = Selection("demo", 2024, themes=("1.1",), quarters=("QN06208M",))
    address = f"{atlas_url}/donnees?programme=demo&annee=2024&theme=1.1&quartier=QN06208M"
    page = open_page(address, accept_downloads=True).page
    page.get_by_text("Exports", exact=True).click()
    button = page.get_by_role("button", name="Télécharger : Quartiers, GeoJSON (carte)")
    with page.expect_download() as arriving:
        button.click()
    arriving.value.save_as(tmp_path / "recu")
    assert arriving.value.suggested_filename == export_name(
        atlas(), selection, "quarters", "geojson"
    )
    expected = export_bytes(atlas(), selection, "quarters", "geojson")
    assert (tmp_path / "recu").read_bytes() == expected
