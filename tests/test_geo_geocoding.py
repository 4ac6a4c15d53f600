"""Coordinates typed by hand, and addresses asked of a service that may fail in every way."""

import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as some
from pyproj import CRS, Transformer

from geo.errors import PlaceError
from geo.geocoding import TIMEOUT_S, Place, find, read_position, search
from store.places import answer, extent, whereabouts
from tests.loopback import cut, drip, hang_up, json_reply, loopback, slow, text_reply
from tests.samples import atlas

LAMBERT = CRS("EPSG:2154")
AROUND = (2.4, 50.4, 2.9, 50.6)
ELSE = "Des coordonnées (« latitude, longitude ») ou un point de la carte marchent aussi."
ANSWER = {
    "type": "FeatureCollection",
    "features": [
        {
            "type": "Feature",
            "geometry": {"type": "Point", "coordinates": [2.551712, 50.483]},
            "properties": {
                "label": "94 Boulevard des Esquisses 62700 Ville",
                "score": 0.97,
                "type": "housenumber",
                "citycode": "62178",
            },
        }
    ],
}


def changed(**facts: Any) -> dict[str, Any]:
    feature = json.loads(json.dumps(ANSWER["features"][0]))
    place = facts.pop("coordinates", None)
    if place is not None:
        feature["geometry"]["coordinates"] = place
    feature["properties"] |= facts
    return {"features": [feature]}


@pytest.mark.parametrize(
    ("text", "reading"),
    [
        ("50.483, 2.551712", "latitude, longitude"),
        ("50.483 2.551712", "latitude, longitude"),
        ("  50,483 ;2,551712  ", "latitude, longitude"),
        ("50,483, 2,551712", "latitude, longitude"),
        ("50.483° 2.551712°", "latitude, longitude"),
        ("2.551712,50.483", "longitude, latitude"),
        ("+2.551712 +50.483", "longitude, latitude"),
    ],
)
def test_degrees_are_read_in_either_order(text, reading):
    place = read_position(text, AROUND, LAMBERT)
    assert place is not None
    assert (place.lon, place.lat) == (2.551712, 50.483)
    assert reading in place.label
    assert place.method == "surveyed"


NAMES = {2154: "Lambert-93", 3950: "CC50", 3857: "Web Mercator"}


@given(some.floats(2.4, 2.9), some.floats(50.4, 50.6), some.booleans(), some.sampled_from([*NAMES]))
def test_metres_of_any_system_in_use_are_read_in_either_order(lon, lat, swapped, epsg):
    # Whatever the territory computes in, a Lambert-93 pair copied from a file must be understood.
    x, y = Transformer.from_crs("EPSG:4326", epsg, always_xy=True).transform(lon, lat)
    pair = (y, x) if swapped else (x, y)
    place = read_position(f"{pair[0]:.2f} {pair[1]:.2f}", AROUND, atlas().territory.crs)
    assert place is not None
    assert place.lon == pytest.approx(lon, abs=1e-6)
    assert place.lat == pytest.approx(lat, abs=1e-6)
    assert f"{'y, x' if swapped else 'x, y'} en {NAMES[epsg]} (EPSG:{epsg})" in place.label


@pytest.mark.parametrize(
    ("text", "metres"),
    [("50.5, 2.6", 5566.0), ("50.48, 2.55", 556.6), ("50.4830, 2.5517", 5.566), ("50.5, 3", 55660)],
)
def test_few_decimals_make_a_rough_position(text, metres):
    place = read_position(text, AROUND, LAMBERT)
    assert place is not None
    assert place.coarse_m == pytest.approx(metres)


@pytest.mark.parametrize("text", ["48.8566, 2.3522", "0 0", "682000 682000", "999999999 1"])
def test_numbers_that_fall_nowhere_near_are_refused(text):
    with pytest.raises(PlaceError) as refusal:
        read_position(text, AROUND, LAMBERT)
    message = str(refusal.value)
    assert message.startswith(f"« {text} » ne tombe pas près du territoire, ni en degrés,")
    for system in ("degrés", "Lambert-93 (EPSG:2154)", "CC50 (EPSG:3950)"):
        assert system in message
    assert "par exemple « 50.5000, 2.6500 »" in message


@pytest.mark.parametrize("text", ["62400", "12 rue de la Paix", "1 2 3", "50.48", "a, b", "１ ２"])
def test_anything_else_is_an_address(text):
    assert read_position(text, AROUND, LAMBERT) is None


def test_an_address_is_asked_once_near_the_territory():
    with loopback(json_reply(ANSWER)) as (url, asked):
        place = find("94  bd des Esquisses & co", AROUND, LAMBERT, url=url)
    label = "94 Boulevard des Esquisses 62700 Ville"
    assert place == Place(2.551712, 50.483, "housenumber", label, 0.97)
    (request,) = asked
    query = parse_qs(urlsplit(request.path).query)
    assert query["q"] == ["94 bd des Esquisses & co"]
    assert (query["lon"], query["lat"]) == (["2.6500"], ["50.5000"])
    assert (query["limit"], query["index"], query["autocomplete"]) == (["1"], ["address"], ["0"])


@pytest.mark.parametrize(
    ("kind", "method"),
    [
        ("housenumber", "housenumber"),
        ("street", "street"),
        ("locality", "locality"),
        ("municipality", "commune"),
        ("monument", "unknown"),
    ],
)
def test_the_kind_of_answer_is_the_method_of_the_position(kind, method):
    with loopback(json_reply(changed(type=kind))) as (url, _):
        assert search("x", AROUND, url=url).method == method


CUT = "La réponse du service d'adresses a été coupée."
UNREADABLE = "La réponse du service d'adresses est illisible."
LATE = "Le service d'adresses n'a pas répondu en 0 secondes."


@pytest.mark.parametrize(
    ("reply", "message"),
    [
        (text_reply(400, b"{}"), "Le service d'adresses n'a pas compris « rue » : précisez"),
        (
            text_reply(429, b"", Retry_After="5"),
            "Trop de demandes au service d'adresses : réessayez dans 5 secondes.",
        ),
        (
            text_reply(429, b"", Retry_After="<b>"),
            "Trop de demandes au service d'adresses : réessayez dans un instant.",
        ),
        (text_reply(500, b"oops"), "Le service d'adresses est en panne (erreur 500)"),
        (text_reply(503, b""), "Le service d'adresses est en panne (erreur 503)"),
        (text_reply(404, b""), "Le service d'adresses a refusé la demande (erreur 404)."),
        (json_reply({"features": []}), "Adresse introuvable : « rue ». Ajoutez la commune"),
        (text_reply(200, b"<html>"), UNREADABLE),
        (text_reply(200, b"\xff\xfe"), UNREADABLE),
        (json_reply([]), UNREADABLE),
        (json_reply({"features": [{}]}), UNREADABLE),
        (json_reply(changed(coordinates=[200, 50])), UNREADABLE),
        (json_reply(changed(coordinates=["a", 50])), UNREADABLE),
        (json_reply(changed(coordinates=[])), UNREADABLE),
        (json_reply(changed(score=None)), UNREADABLE),
        (text_reply(200, b" " * 1_100_000), UNREADABLE),
        (cut, CUT),
        (hang_up, CUT),
        (slow, LATE),
        (drip, LATE),
    ],
    ids=lambda value: getattr(value, "__name__", str(value)[:40]),
)
def test_every_failure_is_told_and_says_what_still_works(reply, message):
    with loopback(reply) as (url, _), pytest.raises(PlaceError) as refusal:
        search("rue", AROUND, url=url, timeout=0.3)
    assert str(refusal.value).startswith(message)
    assert str(refusal.value).endswith(ELSE)


def test_without_internet_coordinates_still_work(free_port):
    url = f"http://127.0.0.1:{free_port}/search"
    with pytest.raises(PlaceError, match="injoignable : ce serveur n'a peut-être pas internet"):
        find("12 rue X", AROUND, LAMBERT, url=url)
    assert find("50.483, 2.551712", AROUND, LAMBERT, url=url).lat == 50.483


def test_the_service_is_chosen_or_switched_off_by_the_environment(monkeypatch):
    with loopback(json_reply(ANSWER)) as (url, asked):
        monkeypatch.setenv("ATLAS_GEOCODER_URL", url)
        assert find("rue", AROUND, LAMBERT).score == 0.97
        assert len(asked) == 1
    for word in ("", "file:///etc/passwd", "non"):
        monkeypatch.setenv("ATLAS_GEOCODER_URL", word)
        with pytest.raises(PlaceError, match="La recherche d'adresses n'est pas activée"):
            find("rue", AROUND, LAMBERT)


def test_nothing_asked_is_nothing_sent():
    with pytest.raises(PlaceError, match="Écrivez une adresse ou des coordonnées"):
        find(" \t ", AROUND, LAMBERT, url="http://127.0.0.1:9/")
    assert TIMEOUT_S == 5


def centre(code: str) -> tuple[float, float]:
    layer = atlas().quarters.set_index("qpv_code")
    point = layer.geometry[code].representative_point()
    return point.x, point.y


def told(place: Place) -> str:
    return "\n".join(answer(atlas(), place))


def test_an_answer_gives_state_distance_method_band_and_limits():
    words = told(Place(*centre("QN06211M"), "housenumber", "x", 0.97))
    assert words.startswith("Oui, dans le quartier Le Centre (")
    assert "à l'intérieur de la limite de Le Centre" in words
    assert "±\u202f10\u202fm (adresse au numéro, correspondance 0,97)" in words
    assert "500\u202fm d'un site NPNRU (Le Centre (" in words
    assert words.endswith(
        "Périmètres 2024. Positions indicatives : elles ne valent pas attestation d'appartenance à "
        "un quartier."
    )


def test_an_answer_never_says_more_than_the_position_knows():
    lon, lat = centre("QN06211M")
    assert told(Place(lon, lat, "commune", "x")).startswith("Indécis : trop près de la limite")
    rough = Place(lon, lat, "clicked", "x", coarse_m=2000)
    assert told(rough).startswith("Indécis : trop près de la limite de Le Centre")
    assert told(Place(lon, lat, "clicked", "x", coarse_m=0.5)).startswith("Oui")
    assert whereabouts(atlas(), Place(lon, lat, "clicked", "x"))["uncertainty_m"] == 5
    doubtful = told(Place(lon, lat, "street", "x", 0.41))
    assert "Vérifiez que c'est bien l'adresse cherchée" in doubtful


def test_far_from_everything_the_answer_is_no():
    west, south, _, _ = extent(atlas())
    words = told(Place(west - 0.2, south - 0.2, "surveyed", "x"))
    assert words.startswith("Non, hors de tout quartier prioritaire.")
    assert "km à l'extérieur de la limite" in words
    assert "TVA réduite : à plus de 300\u202fm d'un quartier" in words
