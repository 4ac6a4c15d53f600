"""Addresses asked by the hundred of a service in the published shape, which fails in every way."""

import csv
import io
import math
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from geo.addresses import NOTHING, Answer, Pace, Query, ask_all, place, query
from geo.errors import PlaceError
from geo.network import Limits
from tests.loopback import cut, hang_up, in_turn, loopback, slow, text_reply

QUICK = Limits(seconds=0.3, most_bytes=100_000, tries=0, patience=1)
STREETS = [Query(f"{k} rue de l'École Ville", "", "62178") for k in range(1, 6)]
FOUND = {
    **{"latitude": "50.48", "longitude": "2.55", "result_score": "0.97"},
    **{"result_type": "housenumber", "result_label": "1 Rue", "result_citycode": "62178"},
}


def rows_of(request):
    content = dict(request.form)["data"].decode("utf-8")
    return list(csv.DictReader(io.StringIO(content)))


def answered(rows, encoding="utf-8"):
    target = io.StringIO(newline="")
    writer = csv.DictWriter(
        target, list(rows[0]) if rows else ["id", *FOUND], lineterminator="\r\n"
    )
    writer.writeheader()
    writer.writerows(rows)
    return target.getvalue().encode(encoding)


def service(change=lambda rows: rows, encoding="utf-8"):
    """The official shape: the rows sent, with the columns of the answer beside them."""

    def reply(handler, request):
        rows = [row | FOUND | {"latitude": f"50.4{row['id']}"} for row in rows_of(request)]
        text_reply(200, answered(change(rows), encoding))(handler, request)

    return reply


def everything(url, queries=STREETS, **options):
    found: dict[Query, Answer] = {}
    for answers in ask_all(queries, url=url, limits=QUICK, **options):
        found |= answers
    return found


def test_a_batch_is_a_csv_in_the_published_shape_and_says_nothing_of_projects():
    with loopback(service()) as (url, asked):
        found = everything(url)
    (request,) = asked
    assert request.path == "/search/csv/"
    form = request.form
    assert [name for name, _ in form] == ["data", "columns", "postcode", "citycode"]
    assert dict(form) | {"data": b""} == {
        **{"data": b"", "columns": b"texte", "postcode": b"code_postal"},
        "citycode": b"code_insee",
    }
    assert list(rows_of(request)[0]) == ["id", "texte", "code_postal", "code_insee"]
    assert [row["texte"] for row in rows_of(request)] == [one.text for one in STREETS]
    assert found[STREETS[2]] == Answer(2.55, 50.42, 0.97, "housenumber", "1 Rue", "62178")


def test_batches_are_of_the_size_told_and_the_key_goes_in_a_header(monkeypatch):
    monkeypatch.setenv("ATLAS_GEOCODER_KEY", "secret")
    with loopback(service()) as (url, asked):
        assert set(everything(url, batch=2)) == set(STREETS)
    assert [len(rows_of(request)) for request in asked] == [2, 2, 1]
    assert {request.headers["apikey"] for request in asked} == {"secret"}
    assert "secret" not in str([request.path for request in asked])


@given(some.permutations(range(5)), some.integers(0, 5))
@settings(max_examples=10)
def test_answers_are_matched_by_row_number_whatever_their_order_and_number(order, kept):
    with loopback(service(lambda rows: [rows[k] for k in order[:kept]])) as (url, _):
        found = everything(url)
    assert set(found) == {STREETS[k] for k in order[:kept]}
    assert all(found[STREETS[k]].lat == float(f"50.4{k}") for k in order[:kept])


def test_rows_that_were_not_sent_or_come_twice_answer_nothing():
    with loopback(service(lambda rows: [*rows, rows[0], rows[1] | {"id": "99"}])) as (url, _):
        assert set(everything(url)) == set(STREETS[1:])


@pytest.mark.parametrize(
    "wrong",
    [
        {"latitude": "là"},
        {"latitude": "95"},
        {"longitude": "inf"},
        {"result_score": ""},
        {"result_score": "-1"},
        {"result_status": "error", "latitude": "", "longitude": "", "result_score": ""},
    ],
    ids=str,
)
def test_an_answer_that_is_none_leaves_its_row_waiting(wrong):
    blank = {"result_status": "ok"}
    with loopback(service(lambda rows: [row | blank | wrong for row in rows[:1]])) as (url, _):
        assert everything(url) == {}


def test_an_unknown_address_is_answered_by_nothing():
    empty = dict.fromkeys(FOUND, "")
    with loopback(service(lambda rows: [row | empty for row in rows])) as (url, _):
        found = everything(url, STREETS[:1])[STREETS[0]]
    assert found.kind == NOTHING
    assert math.isnan(found.lat)
    assert place(STREETS[0], found, 0.0) is None


@pytest.mark.parametrize(
    ("reply", "message"),
    [
        (text_reply(500, b"oops"), "Le service d'adresses est en panne "),
        (text_reply(404, b""), "Le service d'adresses a refusé la demande"),
        (text_reply(429, b"", Retry_After="120"), "Trop de demandes .*réessayez dans 120 sec"),
        (text_reply(302, b"", Location="https://example.org/"), "n'est pas utilisable"),
        (text_reply(200, b"<html>panne</html>"), "illisible"),
        (text_reply(200, "id,latitude\r\né".encode("latin-1")), "illisible"),
        (text_reply(200, b"id,latitude\r\n0,50"), "illisible"),
        (text_reply(200, b" " * 100_001), "illisible"),
        (service(encoding="utf-16"), "illisible"),
        (cut, "a été coupée"),
        (hang_up, "a été coupée"),
        (slow, "n'a pas répondu en 0 secondes"),
    ],
)
def test_a_batch_that_fails_stops_and_what_came_before_stands(reply, message):
    with loopback(in_turn(service(), reply)) as (url, asked):
        answers = ask_all(STREETS, url=url, limits=QUICK, batch=3)
        assert set(next(answers)) == set(STREETS[:3])
        with pytest.raises(PlaceError, match=message):
            next(answers)
    assert len(asked) == 2


def test_one_address_refused_does_not_lose_its_batch():
    def reply(handler, request):
        bad = any("3 rue" in row["texte"] for row in rows_of(request))
        (text_reply(400, b"{}") if bad else service())(handler, request)

    with loopback(reply) as (url, _):
        found = everything(url)
    assert set(found) == set(STREETS)
    assert [one for one in STREETS if found[one].kind == NOTHING] == [STREETS[2]]


def test_a_short_pause_asked_by_the_service_is_respected():
    patient = Limits(seconds=5, most_bytes=100_000, tries=2, patience=2)
    with loopback(in_turn(text_reply(429, b"", Retry_After="1"), service())) as (url, asked):
        started = time.monotonic()
        (found,) = ask_all(STREETS, url=url, limits=patient)
        assert time.monotonic() - started >= 1
    assert len(asked) == 2
    assert set(found) == set(STREETS)


def test_the_pace_is_never_more_than_asked():
    pace, started = Pace(50), time.monotonic()
    for _ in range(11):
        pace.wait()
    assert time.monotonic() - started >= 10 / 50


def test_without_a_service_nothing_is_asked(free_port):
    with pytest.raises(PlaceError, match="n'est pas activée"):
        next(ask_all(STREETS, url=""))
    with pytest.raises(PlaceError, match="injoignable"):
        next(ask_all(STREETS, url=f"http://127.0.0.1:{free_port}/search", limits=QUICK))
    assert list(ask_all([], url="http://127.0.0.1:9/")) == []


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        (("3 rue de l’École", "Ville"), Query("3 rue de l'École Ville")),
        (("  3  rue\n X ", ""), Query("3 rue X")),
        (("3 rue X, 62400 VILLE", "Ville"), Query("3 rue X, 62400 VILLE", "62400")),
        (("3 rue X 62400", "Ville", "62178"), Query("3 rue X 62400 Ville", "", "62178")),
        (("3 rue X", "Ville", "", "62400"), Query("3 rue X Ville", "62400")),
        (("3 rue X 59000", "Ville", "", "62400"), Query("3 rue X 59000 Ville", "62400")),
        (("3 rue X", "Ville", "62178", "62400"), Query("3 rue X Ville", "", "62178")),
        (("BP 1234567", ""), Query("BP 1234567")),
        (("   ", "Ville", "62178"), None),
    ],
)
def test_an_address_is_asked_in_plain_signs(given, wanted):
    assert query(*given) == wanted


@pytest.mark.parametrize(
    ("kind", "method"),
    [
        *(("housenumber", "housenumber"), ("street", "street")),
        *(("locality", "locality"), ("municipality", "commune"), ("monument", None)),
    ],
)
def test_the_kind_of_answer_is_the_method_and_an_unknown_kind_places_nothing(kind, method):
    found = place(STREETS[0], Answer(2.5, 50.4, 0.9, kind, "x", "62178"), 0.6)
    assert (found and found.method) == method


def test_nothing_is_guessed_below_the_threshold_or_in_another_commune():
    good = Answer(2.5, 50.4, 0.6, "housenumber", "x", "62178")
    assert place(STREETS[0], good, 0.6) is not None
    assert place(STREETS[0], good._replace(score=0.599), 0.6) is None
    assert place(STREETS[0], good._replace(citycode="62119"), 0.6) is None
    assert place(STREETS[0]._replace(citycode=""), good, 0.6) is not None
