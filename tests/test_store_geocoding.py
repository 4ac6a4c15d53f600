"""Addresses without coordinates: asked once, kept, placed when sure, and never lost on the way."""

import csv
import io

import pytest

from geo.network import Limits
from store.database import Database
from store.geocoding import Addresses, Census
from tests.loopback import in_turn, loopback, text_reply
from tests.samples import project_frame

QUICK = Limits(seconds=2, most_bytes=1_000_000, patience=1)
REAL = {"fictitious": False, "commune_code": "62178", "commune_name": "Ville"}


def projects(count=3, **changes):
    rows = [{**REAL, "address": f"{k} rue de l’École", **changes} for k in range(1, count + 1)]
    return project_frame(*rows)


def found(row, **facts):
    answer = {"latitude": "50.48", "longitude": "2.55", "result_score": "0.9"}
    kind = {"result_type": "housenumber", "result_label": "x", "result_citycode": "62178"}
    return row | answer | kind | facts


def service(change=found):
    def reply(handler, request):
        sent = dict(request.form)["data"].decode()
        rows = [change(row) for row in csv.DictReader(io.StringIO(sent))]
        target = io.StringIO(newline="")
        writer = csv.DictWriter(target, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
        text_reply(200, target.getvalue().encode())(handler, request)

    return reply


@pytest.fixture
def addresses(tmp_path):
    return Addresses(Database(f"sqlite:///{tmp_path}/atlas.sqlite"), 0.6)


def test_an_address_is_asked_once_and_places_its_project(addresses):
    frame = projects()
    assert addresses.placed(frame) is frame
    assert addresses.census(frame) == Census(0, 0, 3)
    with loopback(service()) as (url, asked):
        told = addresses.resume(frame, url=url, limits=QUICK)
        assert (told.asked, told.answered, told.fault) == (3, 3, "")
        assert addresses.resume(frame, url=url, limits=QUICK).asked == 0
    assert len(asked) == 1
    placed = addresses.placed(frame)
    assert list(placed["lat"]) == [50.48] * 3
    assert list(placed["position_method"]) == ["housenumber"] * 3
    assert list(placed["score"]) == [0.9] * 3
    assert addresses.census(frame) == Census(3, 0, 0)
    assert frame["lat"].isna().all()


def test_another_session_finds_what_was_kept(addresses, tmp_path):
    with loopback(service()) as (url, _):
        addresses.resume(projects(), url=url, limits=QUICK)
    again = Addresses(Database(f"sqlite:///{tmp_path}/atlas.sqlite"), 0.6)
    assert again.census(projects()) == Census(3, 0, 0)
    assert again.edition().startswith("3 ")


@pytest.mark.parametrize(
    "facts",
    [{"result_score": "0.59"}, {"result_citycode": "62119"}, {"result_type": "poi"}],
    ids=str,
)
def test_what_is_not_sure_is_not_located_and_not_asked_again(addresses, facts, monkeypatch):
    with loopback(service(lambda row: found(row, **facts))) as (url, asked):
        monkeypatch.setenv("ATLAS_GEOCODER_URL", url)
        addresses.resume(projects(), url=url, limits=QUICK)
        addresses.resume(projects(), url=url, limits=QUICK)
    assert addresses.census(projects()) == Census(0, 3, 0)
    assert addresses.placed(projects())["lat"].isna().all()
    assert len(asked) == 1


LOW = {"result_score": "0.5"}


def test_a_person_may_ask_again_for_what_is_unsure_and_the_latest_answer_stands(
    addresses, monkeypatch
):
    frame = projects()
    with loopback(in_turn(service(lambda row: found(row, **LOW)), service())) as (url, asked):
        monkeypatch.setenv("ATLAS_GEOCODER_URL", url)
        addresses.resume(frame, limits=QUICK)
        before = addresses.edition()
        assert addresses.resume(frame, limits=QUICK).asked == 0
        assert addresses.resume(frame, again=True, limits=QUICK).asked == 3
        assert addresses.resume(frame, again=True, limits=QUICK).asked == 0
    assert len(asked) == 2
    assert addresses.edition() != before, "a cache must see the new answers"
    assert addresses.census(frame) == Census(3, 0, 0)


def test_a_threshold_applies_to_the_answers_kept(addresses, monkeypatch, tmp_path):
    with loopback(service(lambda row: found(row, **LOW))) as (url, asked):
        monkeypatch.setenv("ATLAS_GEOCODER_URL", url)
        addresses.resume(projects(), limits=QUICK)
        lower = Addresses(Database(f"sqlite:///{tmp_path}/atlas.sqlite"), 0.5)
        assert lower.census(projects()) == Census(3, 0, 0)
        assert addresses.census(projects()) == Census(0, 3, 0)
    assert len(asked) == 1


def test_an_address_that_is_corrected_waits_again(addresses, monkeypatch):
    with loopback(service(lambda row: found(row, **LOW))) as (url, _):
        monkeypatch.setenv("ATLAS_GEOCODER_URL", url)
        addresses.resume(projects(), limits=QUICK)
        assert addresses.census(projects(commune_code="62119")) == Census(0, 0, 3)


def test_another_service_is_asked_for_what_the_first_left_unsure(addresses, monkeypatch):
    frame = projects(2)
    unsure = service(lambda row: found(row, **(LOW if row["texte"][0] == "1" else {})))
    with loopback(unsure) as (url, _):
        monkeypatch.setenv("ATLAS_GEOCODER_URL", url)
        addresses.resume(frame, limits=QUICK)
        assert addresses.census(frame) == Census(1, 1, 0)
        monkeypatch.setenv("ATLAS_GEOCODER_URL", f"{url}/autre")
        assert addresses.census(frame) == Census(1, 0, 1), "what was placed stays placed"
        addresses.resume(frame, limits=QUICK)
        assert addresses.census(frame) == Census(1, 1, 0)
        monkeypatch.setenv("ATLAS_GEOCODER_URL", "")
        assert addresses.census(frame) == Census(1, 1, 0), "no service: nothing waits for it"


@pytest.mark.parametrize(
    "changes",
    [
        {"lon": 2.5, "lat": 50.5},
        {"address": None},
        {"address": "  "},
        {"address_kind": "seat"},
        {"fictitious": True},
    ],
    ids=str,
)
def test_what_needs_no_place_or_is_nowhere_is_never_sent(addresses, changes):
    assert addresses.waiting(projects(**changes)) == []
    assert addresses.census(projects(**changes)) == Census(0, 0, 0)


def test_a_session_cut_short_keeps_what_came_and_goes_on_from_there(addresses):
    frame = projects(450)
    down = text_reply(503, b"")
    with loopback(in_turn(service(), down)) as (url, _):
        told = addresses.resume(frame, url=url, limits=QUICK)
    assert (told.asked, told.answered) == (450, 200)
    assert "en panne (erreur 503)" in told.fault
    assert addresses.census(frame) == Census(200, 0, 250)
    steps = []
    with loopback(service()) as (url, asked):
        addresses.resume(
            frame, url=url, limits=QUICK, progress=lambda done, total: steps.append((done, total))
        )
    assert len(asked) == 2
    assert steps == [(200, 250), (250, 250)]
    assert addresses.census(frame) == Census(450, 0, 0)


def test_the_service_away_stops_nothing(addresses, free_port):
    told = addresses.resume(projects(), url=f"http://127.0.0.1:{free_port}/s", limits=QUICK)
    assert "injoignable" in told.fault
    assert addresses.census(projects()) == Census(0, 0, 3)
    assert "n'est pas activée" in addresses.resume(projects(), url="").fault
