"""The two buttons that ask something of the network: official layers, addresses."""

import csv
import io
import json

import pytest
from streamlit.testing.v1 import AppTest

import cli
from analysis.selection import Selection
from store.atlas import Atlas
from store.geocoding import Addresses, Census
from tests.loopback import loopback, text_reply
from tests.samples import DATA, project_frame
from ui.addresses import sentence


def official_script(atlas):
    from ui import official

    official.render(atlas)


def address_script(atlas, selection):
    from ui import addresses

    addresses.render(atlas, selection)


def data_script(atlas, selection):
    from ui.pages import donnees

    donnees.render(atlas, selection)


def told(page):
    words = (*page.markdown, *page.caption, *page.warning, *page.info)
    return " ".join(text.value for text in words).replace("\\", "")


@pytest.fixture
def files(tmp_path):
    """The layers that a mirror of the embedded territory would hold: its own quarters."""
    siren = Atlas(DATA).territory.epci_siren
    layer = json.loads((DATA / "qpv/qpv_2024.geojson").read_bytes())
    place = tmp_path / "files"
    place.mkdir()
    (place / "qpv_2024.geojson").write_text(json.dumps(layer), encoding="utf-8")
    return place, siren


def test_the_button_installs_tells_and_offers_the_former_edition(tmp_path, files, monkeypatch):
    place, _ = files
    monkeypatch.setenv("ATLAS_OFFICIAL_FROM", str(place))
    atlas = Atlas(DATA, installed=tmp_path / "official")
    page = AppTest.from_function(official_script, kwargs={"atlas": atlas}, default_timeout=60).run()
    assert [button.label for button in page.button] == ["Mettre à jour les données officielles"]
    assert "Chiffres installés : aucun" in told(page)
    (place / "EDUC_2019.csv").write_text("CODGEO;TX_NSNE_16A25;NEUF\nQP062011;31,4;1\n")
    page.button[0].click().run()
    assert not page.exception
    assert "contours 2024 : installée, 16 entités" in told(page)
    assert "(tables publiées) (fichiers 2019, le " in told(page)
    assert "2 remarques sur les fichiers de chiffres" in told(page)
    assert "colonne(s) inconnue(s) de la table EDUC (NEUF)" in told(page)
    layer = place / "qpv_2024.geojson"
    layer.write_text(layer.read_text(encoding="utf-8").replace("Centre", "Coeur"), encoding="utf-8")
    page.button[0].click().run()
    (back,) = [button for button in page.button if "Remettre" in button.label]
    back.click().run()
    assert "rétablie" in told(page)


def test_a_failure_says_that_nothing_changed(tmp_path, monkeypatch, free_port):
    monkeypatch.setenv("ATLAS_OFFICIAL_FROM", f"http://127.0.0.1:{free_port}")
    atlas = Atlas(DATA, installed=tmp_path / "official")
    page = AppTest.from_function(official_script, kwargs={"atlas": atlas}, default_timeout=60).run()
    page.button[0].click().run()
    assert "les données embarquées restent en place" in told(page)


def service(handler, request):
    rows = list(csv.DictReader(io.StringIO(dict(request.form)["data"].decode())))
    found = {"latitude": "50.48", "longitude": "2.55", "result_score": "0.9"}
    kind = {"result_type": "housenumber", "result_citycode": "62178"}
    target = io.StringIO(newline="")
    writer = csv.DictWriter(target, [*rows[0], *found, *kind])
    writer.writeheader()
    writer.writerows(row | found | kind for row in rows)
    text_reply(200, target.getvalue().encode())(handler, request)


class Bare(Atlas):
    """An atlas whose programme has three projects that only an address can place."""

    def addressed(self, code):
        rows = [
            {"fictitious": False, "commune_code": "62178", "address": f"{k} rue X"}
            for k in range(3)
        ]
        return project_frame(*rows)


def drawn(atlas):
    from analysis.selection import Selection

    given = {"atlas": atlas, "selection": Selection("demo", 2025)}
    return AppTest.from_function(address_script, kwargs=given, default_timeout=60).run()


def test_nothing_is_sent_before_the_button_and_what_leaves_is_said(tmp_path, monkeypatch):
    with loopback(service) as (url, asked):
        monkeypatch.setenv("ATLAS_GEOCODER_URL", url)
        atlas = Bare(DATA, database=f"sqlite:///{tmp_path}/a.sqlite")
        page = drawn(atlas)
        assert asked == []
        assert "seront envoyées à 127.0.0.1, et rien d'autre" in told(page)
        page.button[0].click().run()
        assert not page.exception
        assert len(asked) == 1
        assert "3 situés par elle, 0 sans réponse sûre (non situés), 0 en attente" in told(page)
        assert len(page.button) == 0


def test_what_has_no_sure_answer_may_be_asked_again(tmp_path, monkeypatch):
    with loopback(service) as (url, asked):
        monkeypatch.setenv("ATLAS_GEOCODER_URL", url)
        atlas = Bare(DATA, database=f"sqlite:///{tmp_path}/a.sqlite")
        atlas.addresses = Addresses(atlas.database, 0.95)
        page = drawn(atlas)
        page.button[0].click().run()
        assert "0 situés par elle, 3 sans réponse sûre (non situés), 0 en attente" in told(page)
        assert [one.label for one in page.button] == ["Redemander celles sans réponse sûre"]
        page.button[0].click().run()
        assert not page.exception
    assert len(asked) == 2


def test_the_page_of_data_offers_to_place_addresses_too(tmp_path, monkeypatch):
    monkeypatch.setenv("ATLAS_GEOCODER_URL", "http://127.0.0.1:9/search")
    given = {
        "atlas": Bare(DATA, database=f"sqlite:///{tmp_path}/a.sqlite"),
        "selection": Selection("demo", 2025),
    }
    page = AppTest.from_function(data_script, kwargs=given, default_timeout=60).run()
    assert not page.exception
    assert "Situer les adresses en attente" in [one.label for one in page.button]


def test_a_service_that_is_away_leaves_the_rows_waiting(tmp_path, monkeypatch, free_port):
    monkeypatch.setenv("ATLAS_GEOCODER_URL", f"http://127.0.0.1:{free_port}/search")
    atlas = Bare(DATA, database=f"sqlite:///{tmp_path}/a.sqlite")
    page = drawn(atlas)
    page.button[0].click().run()
    assert "injoignable" in told(page)
    assert "Les adresses restantes attendent." in told(page)
    assert len(page.button) == 1


def test_the_demonstration_asks_nothing(tmp_path):
    page = drawn(Atlas(DATA, database=f"sqlite:///{tmp_path}/a.sqlite"))
    assert len(page.button) == 0


def test_one_project_is_written_in_the_singular():
    assert sentence(Census(1, 0, 0)).startswith("1 projet du programme, toutes années, n'a pas de")


def test_fetch_and_geocode_answer_with_an_exit_a_script_can_rely_on(
    tmp_path, files, monkeypatch, capsys, free_port
):
    monkeypatch.setenv("ATLAS_OFFICIAL_DIR", str(tmp_path / "official"))
    place, _ = files
    assert cli.main(["fetch", "--from", str(place)]) == 0
    assert "qpv_2024 (" in capsys.readouterr().out
    assert cli.main(["fetch", "--from", f"http://127.0.0.1:{free_port}"]) == 1
    answer = capsys.readouterr()
    assert "reste en place" in answer.out
    assert "rien n'a été perdu" in answer.err
    assert cli.main(["fetch", "--layer", "inconnue"]) == 2
    assert cli.main(["fetch", "--restore", "qpv_2024"]) == 1
    assert "aucune version précédente" in capsys.readouterr().err
    assert cli.main(["geocode", "--programme", "demo"]) == 0
    assert "0 en attente" in capsys.readouterr().out


def test_a_folder_without_anything_is_told(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("ATLAS_OFFICIAL_DIR", str(tmp_path / "official"))
    assert cli.main(["fetch", "--from", str(tmp_path)]) == 1
    assert "aucun fichier qpv_2024.zip" in capsys.readouterr().out
