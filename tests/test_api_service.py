import csv
import io
import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, urlencode

import pyogrio
import pytest
import shapely
from geojson_validator import validate_structure

from analysis.selection import Selection
from analysis.vocabulary import sharing
from store.atlas import Atlas
from store.contents import content
from store.tables import export_projects, export_quarters
from tests.conftest import ROOT, _free_port
from tests.samples import copy_data, rewrite

HOSTILE = "</script><script>window.PWN=1</script><img src=x onerror=window.PWN=1> {{ 7*7 }} ${8*8}"


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Atlas:
    """The embedded atlas with a hostile title on every project of 2025."""
    data = copy_data(tmp_path_factory.mktemp("api"))
    path = data / "demo" / "projects.csv"
    rows = list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8"))))
    for row in rows:
        if row["year"] == "2025":
            row["title"] = HOSTILE
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    rewrite(path, text.getvalue())
    return Atlas(data)


@pytest.fixture(scope="module")
def url(hostile: Atlas) -> Iterator[str]:
    port = _free_port()
    env = {**os.environ, "ATLAS_DATA_DIR": str(hostile.directory), "PORT": str(port)}
    server = subprocess.Popen(
        [sys.executable, "-m", "api"], cwd=ROOT, env=env, stdout=subprocess.PIPE, text=True
    )
    address = f"http://127.0.0.1:{port}"
    end = time.monotonic() + 60
    while True:
        try:
            urllib.request.urlopen(f"{address}/collections", timeout=60).close()  # noqa: S310
            break
        except urllib.error.URLError:
            assert server.poll() is None and time.monotonic() < end
            time.sleep(0.2)
    yield address
    server.terminate()
    server.wait(20)
    assert server.stdout
    server.stdout.close()


def ask(address: str, method: str = "GET", **headers: str) -> tuple[int, str, Any]:
    """Status, text and headers of an answer, whatever its status."""
    request = urllib.request.Request(address, method=method, headers=headers)  # noqa: S310
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310
            return answer.status, answer.read().decode(), answer.headers
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode(), error.headers


def features(url: str, name: str, **words: Any) -> dict[str, Any]:
    status, text, headers = ask(f"{url}/collections/{name}/items?{urlencode(words)}")
    assert status == 200, text
    assert headers["Content-Type"] == "application/geo+json"
    return json.loads(text)


def cents(found: dict[str, Any]) -> int:
    amounts = (one["properties"]["accorde_eur"] for one in found["features"])
    return sum(round(amount * 100) for amount in amounts if amount is not None)


@pytest.mark.parametrize("year", [2025, 2024])
@pytest.mark.parametrize("name", ["quarters", "projects", "locations", "funding"])
def test_counts_and_totals_are_those_of_the_engine(url, hostile, name, year):
    layer = content(hostile, Selection("demo", year), name)
    found = features(url, name, annee=year, limit=1000)
    assert found["numberMatched"] == len(found["features"]) == len(layer)
    assert len({one["id"] for one in found["features"]}) == len(layer)
    if name != "locations":
        assert cents(found) == round(layer["accorde_eur"].sum() * 100) > 0
    placed = sum(one["geometry"] is not None for one in found["features"])
    assert placed == layer.geometry.notna().sum()
    flag = "montants_fictifs" if name == "quarters" else "donnees_fictives"
    assert all(one["properties"][flag] for one in found["features"])
    assert validate_structure(found) == {}


def test_the_words_of_a_link_choose_the_same_money(url, hostile):
    funder = hostile.territory.funders[0].code
    chosen = Selection("demo", 2025, themes=("1.1",), funders=(funder,))
    layer = export_quarters(hostile, chosen)
    found = features(url, "quarters", theme="1.1", financeur=funder)
    assert cents(found) == round(layer["accorde_eur"].sum() * 100)
    by_label = features(url, "projects", theme="Éducation", limit=1000)
    assert {one["properties"]["theme_code"] for one in by_label["features"]} == {"1.1"}
    assert by_label["numberMatched"] == features(url, "projects", theme="1.1")["numberMatched"] > 0


def test_the_quarter_and_the_sharing_of_a_link_choose_the_same_lines(url, hostile):
    chosen = Selection("demo", 2025, quarters=("QN06211M",), rules=("equal",))
    layer = content(hostile, chosen, "funding")
    found = features(url, "funding", quartier="QN06211M", partage="equal", limit=1000)
    assert found["numberMatched"] == len(layer) > 10
    assert cents(found) == round(layer["accorde_eur"].sum() * 100)
    assert {one["properties"]["code_qpv"] for one in found["features"]} == {"QN06211M"}
    assert {one["properties"]["regle_partage"] for one in found["features"]} == {
        sharing(("equal",))
    }
    label = hostile.quarter_labels["QN06211M"]
    assert features(url, "funding", quartier=label)["numberMatched"] == len(layer)


def test_a_place_is_that_of_its_project_and_a_line_bears_its_name(url):
    places = features(url, "locations", bbox="2.5,50.4,2.6,50.5", sortby="-distance_limite_m")
    far = [one["properties"]["distance_limite_m"] for one in places["features"]]
    assert far == sorted(far, reverse=True) and len(far) > 10
    one = places["features"][0]
    project = json.loads(ask(f"{url}/collections/projects/items/{one['id']}")[1])
    assert project["geometry"] == one["geometry"]
    lines = features(url, "funding", identifiant=one["id"])["features"]
    assert lines and all(line["geometry"] is None for line in lines)
    alone = json.loads(ask(f"{url}/collections/funding/items/{lines[0]['id']}")[1])
    assert alone["properties"] == lines[0]["properties"]


def test_a_real_programme_is_not_marked_fictitious(url):
    found = features(url, "projects", programme="postes")
    assert found["numberMatched"] > 0
    assert not any(one["properties"]["donnees_fictives"] for one in found["features"])


def test_a_property_a_box_and_an_order_narrow_the_features(url, hostile):
    only = features(url, "quarters", code_qpv="QN06211M")
    assert [one["id"] for one in only["features"]] == ["QN06211M"]
    box = (2.5, 50.4, 2.6, 50.5)
    inside = hostile.quarters.cx[box[0] : box[2], box[1] : box[3]]["qpv_code"]
    found = features(url, "quarters", bbox=",".join(map(str, box)), sortby="-accorde_eur")
    assert {one["id"] for one in found["features"]} == set(inside) != set()
    amounts = [one["properties"]["accorde_eur"] for one in found["features"]]
    assert amounts == sorted(amounts, reverse=True)
    bare = features(url, "quarters", properties="nom", skipGeometry="true")["features"][0]
    assert bare["geometry"] is None
    assert set(bare["properties"]) == {"nom", "montants_fictifs"}
    real = features(url, "communes", donnees_fictives="false", population="2837")
    assert [one["properties"]["nom"] for one in real["features"]] == ["Allouagne"]


def test_pages_follow_each_other_and_lose_nothing(url):
    address: str | None = f"{url}/collections/projects/items?limit=50&annee=2024"
    seen: list[str] = []
    while address:
        page = json.loads(ask(address)[1])
        seen += [one["id"] for one in page["features"]]
        links = {link["rel"]: link["href"] for link in page["links"]}
        address = links.get("next")
    assert len(seen) == len(set(seen)) == page["numberMatched"] > 100
    assert "prev" in links


def test_secrecy_and_absence_stay_apart(url):
    found = features(url, "indicators", indicateur="poverty_rate", annee_donnee=2021)
    states = {one["properties"]["statut"] for one in found["features"]}
    hidden = [one["properties"] for one in found["features"] if one["properties"]["valeur"] is None]
    assert "secret" in states and hidden
    assert all(one["source"] and one["perimetre"] for one in hidden)


def test_a_feature_keeps_the_selection_it_was_asked_in(url, hostile):
    address = f"{url}/collections/quarters/items/QN06211M?annee=2024"
    one = json.loads(ask(address)[1])
    layer = export_quarters(hostile, Selection("demo", 2024)).set_index("code_qpv")
    assert one["properties"]["accorde_eur"] == layer.loc["QN06211M", "accorde_eur"]
    itself = next(link["href"] for link in one["links"] if link["rel"] == "self")
    assert json.loads(ask(itself)[1])["properties"] == one["properties"]
    assert "query" not in one


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("limit=0", "limit « 0 »"),
        ("limit=beaucoup", "nombre entier"),
        ("offset=-1", "offset « -1 »"),
        ("bbox=1,2,3", "quatre nombres"),
        ("bbox=3,50,2,51", "quatre nombres"),
        ("bbox=nan,1,2,3", "quatre nombres"),
        ("bbox-crs=x", "sans bbox"),
        ("annee=1850", "attendu : 2025"),
        ("programme=nul", "attendu : demo"),
        ("theme=99", "theme « 99 »"),
        ("quartier=QN00000X", "attendu : QN06204M"),
        ("partage=hasard", "attendu : declared"),
        ("inconnu=1", "Paramètre inconnu : « inconnu »"),
        ("datetime=2024", "Paramètre inconnu"),
        ("filter=1%3D1", "Paramètre inconnu"),
        ("sortby=nul", "propriété inconnue"),
        ("properties=nul", "propriété inconnue"),
        ("crs=http://example.org/nul", "crs inconnu"),
        ("f=jsonld", "f « jsonld »"),
        ("lang=en", "lang « en »"),
    ],
)
def test_a_bad_parameter_is_refused_in_french(url, query, words):
    status, text, headers = ask(f"{url}/collections/projects/items?{query}")
    assert status == 400
    assert words in json.loads(text)["description"]
    assert headers["Content-Language"] == "fr"
    assert "Traceback" not in text


def test_all_faults_are_told_at_once(url):
    text = ask(f"{url}/collections/projects/items?limit=0&annee=1&bbox=a&nul=1")[1]
    said = json.loads(text)["description"]
    assert all(word in said for word in ("limit", "annee", "bbox", "nul"))


@pytest.mark.parametrize(
    "path", ["/nul", "/collections/nul/items", "/collections/quarters/items/Q"]
)
def test_an_unknown_address_is_told_in_french(url, path):
    status, text, _ = ask(url + path)
    assert status == 404
    assert json.loads(text)["description"].endswith(("servi.", "indicators.", "sélection."))


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize(
    "path", ["/collections/quarters/items", "/collections/quarters/items/QN06211M", "/collections"]
)
def test_nothing_can_be_written(url, method, path):
    status, text, _ = ask(url + path, method)
    assert status == 405
    assert "se lit seulement" in text


def test_the_service_says_what_it_reads_and_what_is_fictitious(url):
    document = json.loads(ask(f"{url}/openapi")[1])
    assert document["servers"][0]["url"] == url
    assert "(données fictives)" in document["info"]["title"]
    classes = json.loads(ask(f"{url}/conformance")[1])["conformsTo"]
    assert any("ogcapi-features-1" in one for one in classes)
    assert not any(word in one for one in classes for word in ("create", "cql", "filter"))
    told = {one["id"]: one for one in json.loads(ask(f"{url}/collections")[1])["collections"]}
    invented = ("quarters", "projects", "locations", "funding")
    assert all("(données fictives)" in told[name]["title"] for name in invented)
    assert all("sont fictifs" in told[name]["description"] for name in invented)
    assert "fictives" not in told["communes"]["title"]
    assert all(
        {"license", "items"} <= {link["rel"] for link in one["links"]} for one in told.values()
    )


def test_a_programme_that_is_hidden_leaves_the_service_at_once(url, hostile):
    assert features(url, "projects", programme="postes")["numberMatched"] > 0
    hostile.registry.hide("postes")
    try:
        status, text, _ = ask(f"{url}/collections/projects/items?programme=postes")
        assert status == 400 and "programme « postes »" in text
    finally:
        hostile.registry.show("postes")
    assert features(url, "projects", programme="postes")["numberMatched"] > 0


def test_every_link_that_is_offered_answers(url):
    pages = [f"{url}/", f"{url}/collections", f"{url}/collections/communes"]
    links = {link["href"] for page in pages for link in json.loads(ask(page)[1])["links"]}
    ours = sorted(link for link in links if link.startswith(url))
    assert len(ours) > 10
    assert [link for link in ours if ask(link)[0] != 200] == []


@pytest.mark.parametrize(
    "word", ["<b>x</b>", "javascript:alert(1)", "\x00", "a" * 3000, "%s{{7*7}}"]
)
def test_a_hostile_word_comes_back_as_text(url, word):
    for shape in ("json", "html"):
        status, text, _ = ask(f"{url}/collections/projects/items?{quote(word)}=1&f={shape}")
        assert status == 400
        assert "<b>" not in text or shape == "json"
        assert len(text) < 3000 and "49" not in text
    assert ask(f"{url}/collections/projects/items/{quote(word, safe='')}")[0] == 404


def test_gdal_reads_the_service_as_its_own_layers(url, hostile):
    source = f"OAPIF:{url}"
    assert {name for name, _ in pyogrio.list_layers(source)} == {
        *("quarters", "projects", "locations", "funding", "communes", "indicators")
    }
    mine = export_quarters(hostile, Selection("demo", 2025))
    read = pyogrio.read_dataframe(source, layer="quarters")
    assert len(read) == len(mine)
    assert read["accorde_eur"].sum() == pytest.approx(mine["accorde_eur"].sum())
    theirs = read.set_index("code_qpv").geometry.normalize()
    ours = mine.set_index("code_qpv").geometry.normalize().loc[theirs.index]
    assert shapely.equals_exact(theirs.to_numpy(), ours.to_numpy(), 1e-9).all()
    one = pyogrio.read_dataframe(source, layer="projects", where="annee = 2024")
    assert len(one) == len(export_projects(hostile, Selection("demo", 2024)))
    assert set(one["annee"]) == {2024}
    places = pyogrio.read_dataframe(source, layer="locations", bbox=(2.5, 50.4, 2.6, 50.5))
    assert 0 < len(places) == features(url, "locations", bbox="2.5,50.4,2.6,50.5")["numberMatched"]
    where = "code_qpv = 'QN06208M' AND accorde_eur > 10000"
    lines = pyogrio.read_dataframe(source, layer="funding", where=where)
    big = content(hostile, Selection("demo", 2025), "funding").query("accorde_eur > 10000")
    assert len(lines) == (big["code_qpv"] == "QN06208M").sum() > 0
    every = pyogrio.read_dataframe(source, layer="indicators")
    assert len(every) == features(url, "indicators", limit=1)["numberMatched"] > 1000


@pytest.mark.parametrize(
    "path",
    [
        *("/", "/openapi", "/conformance", "/collections", "/collections/quarters"),
        *("/collections/projects/queryables", "/collections/projects/schema"),
        *("/collections/projects/items?limit=20", "/collections/quarters/items/QN06211M"),
    ],
)
def test_pages_are_french_and_ask_nothing_of_anyone(url, path):
    status, text, headers = ask(url + path, Accept="text/html")
    assert status == 200
    assert headers["Content-Type"].startswith("text/html")
    assert '<html lang="fr">' in text
    assert "données fictives" in text
    assert HOSTILE not in text and "PWN=1</script>" not in text
    assert "script-src 'self'" in headers["Content-Security-Policy"]
    assert not any(word in text.lower() for word in ("unpkg", "jsdelivr", "cdn", "traceback"))


def test_the_page_of_projects_draws_them_with_no_internet(url, open_page):
    visit = open_page(f"{url}/collections/projects/items?limit=30&f=html")
    visit.page.locator("#map canvas").wait_for(state="visible", timeout=30_000)
    assert visit.outside_requests == []
    assert visit.errors == []
    assert visit.page.evaluate("'PWN' in window") is False
    assert visit.page.get_by_role("row").count() == 31
    visit.page.get_by_role("link", name="Page suivante").click()
    visit.page.get_by_role("link", name="Page précédente").wait_for()


def test_a_wrong_port_is_told_in_french():
    env = {**os.environ, "PORT": "abc"}
    done = subprocess.run(
        [sys.executable, "-m", "api"],
        cwd=ROOT,
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "attendu : un nombre de 1 à 65535" in done.stderr
    assert "Traceback" not in done.stderr
