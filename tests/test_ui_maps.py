import base64
import json
import math
import shutil
import zlib
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as some
from streamlit.testing.v1 import AppTest

import ui.maps
from geo.errors import ContractError, CrsError, DataFileError
from geo.proximity import bands
from geo.writers import publish
from reports import map_content
from tests import app_map

HOSTILE = "<img src=x onerror=window.PWN=1> {{ 7*7 }} ${1} ` </script>"
EUROS = some.integers(0, 10**11)


@pytest.fixture(scope="module")
def quarters() -> gpd.GeoDataFrame:
    return app_map.real_quarters()


@pytest.fixture(scope="module")
def rings(quarters) -> gpd.GeoDataFrame:
    return bands(quarters.to_crs(app_map.CRS), app_map.NPNRU, app_map.CRS).to_crs("EPSG:4326")


@pytest.fixture
def base(quarters, rings, tmp_path) -> ui.maps.MapBase:
    return publish_all(quarters, rings, tmp_path)


def publish_all(quarters, rings, directory: Path) -> ui.maps.MapBase:
    return ui.maps.publish_base(quarters, rings, app_map.communes(), directory, crs=app_map.CRS)


def state(count: int = 16, **options) -> map_content.MapState:
    codes = app_map.classes(count, 0)
    kept = {"classes": codes, "labels": app_map.labels(codes), "colours": app_map.BLUES} | options
    return map_content.MapState(**kept)


def test_lived_places_are_published_as_an_open_layer(quarters, rings, tmp_path):
    lived = quarters.iloc[[0]].assign(label="Gymnase", quarter="Le Centre")
    plain = publish_all(quarters, rings, tmp_path)
    assert not list(tmp_path.glob("vecus.*"))
    more = ui.maps.publish_base(
        quarters, rings, app_map.communes(), tmp_path, crs=app_map.CRS, lived=lived
    )
    assert more.url != plain.url
    (path,) = tmp_path.glob("vecus.*.json")
    (feature,) = json.loads(path.read_text(encoding="utf-8"))["features"]
    assert feature["properties"] == {"label": "Gymnase", "quarter": "Le Centre"}


def unpack(text: str) -> Any:
    return json.loads(zlib.decompress(base64.b64decode(text)))


@given(EUROS, some.integers(1, 10**11))
def test_circle_area_is_proportional_to_the_amount(cents, largest):
    radius = map_content.circle_radius(cents, largest)
    expected = map_content.LARGEST_RADIUS_PX**2 * min(cents / largest, 1)
    if radius > map_content.SMALLEST_RADIUS_PX:
        assert math.isclose(radius**2, expected, rel_tol=1e-9)
    else:
        assert expected <= map_content.SMALLEST_RADIUS_PX**2


@given(some.lists(some.tuples(some.none() | EUROS, some.booleans())), some.integers(0, 10**11))
def test_circle_codes_tell_hidden_unknown_and_radius_apart(projects, largest):
    cents, shown = [row[0] for row in projects], [row[1] for row in projects]
    codes = map_content.circle_codes(cents, shown, largest)
    assert len(codes) == len(projects)
    for amount, visible, code in zip(cents, shown, codes, strict=True):
        if not visible:
            assert code == "-"
        elif amount is None:
            assert code == "."
        else:
            half_pixels = map_content.DIGITS.index(code)
            assert abs(half_pixels / 2 - map_content.circle_radius(amount, largest)) <= 0.25


def test_a_missing_integer_amount_is_unknown_and_zero_is_not():
    cents = pd.Series([pd.NA, 0], dtype="Int64")
    assert map_content.circle_codes(list(cents), [True, True], 100) == ".5"


def test_codes_of_another_number_of_projects_are_refused():
    with pytest.raises(ValueError, match="zip"):
        map_content.circle_codes([1, 2], [True], 2)


@given(some.recursive(some.text() | some.integers(), some.lists))
def test_packed_content_comes_back_whole(content):
    assert unpack(map_content.pack(content)) == content


def test_display_geometry_stays_within_two_metres_of_the_boundary(quarters):
    shown = map_content.display_geometry(quarters, app_map.CRS).to_crs(app_map.CRS)
    true = quarters.geometry.to_crs(app_map.CRS)
    assert shown.is_valid.all()
    assert (shown.hausdorff_distance(true) < 2).all()
    assert (abs(shown.area / true.area - 1) < 0.005).all()


def test_published_layer_holds_the_real_quarters(base, tmp_path, quarters):
    (path,) = tmp_path.glob("qpv.*.json")
    file = json.loads(path.read_text(encoding="utf-8"))
    found = {
        feature["properties"]["code"]: feature["properties"]["name"]
        for feature in file["quarters"]["features"]
    }
    assert found == dict(zip(quarters["qpv_code"], quarters["qpv_name"], strict=True))
    assert list(found) == list(base.quarter_codes)
    marked = {
        feature["properties"]["code"]
        for feature in file["quarters"]["features"]
        if feature["properties"]["npnru"]
    }
    assert marked == set(app_map.NPNRU)
    assert len(file["communes"]) == 100


def test_the_page_asks_for_nothing_outside(base, tmp_path):
    page = (tmp_path / Path(base.url).name).read_text(encoding="utf-8")
    policy, _, rest = page.partition("base-uri")
    assert "https://data.geopf.fr" in policy
    assert "http://" not in rest.replace("http-equiv", "")
    assert "https://" not in rest


def test_every_file_the_page_names_is_published(base, tmp_path):
    page = (tmp_path / Path(base.url).name).read_text(encoding="utf-8")
    named = [part.split('"')[0] for part in page.replace('href="', 'src="').split('src="')[1:]]
    assert len(named) == 7
    assert [name for name in named if not (tmp_path / name).is_file()] == []
    assert (tmp_path / Path(base.bridge).name).is_file()


def test_the_address_follows_the_inputs_only(quarters, rings, tmp_path):
    first = publish_all(quarters, rings, tmp_path / "a")
    again = publish_all(quarters, rings, tmp_path / "b")
    other = publish_all(quarters.assign(npnru=False), rings, tmp_path / "b")
    assert first == again
    assert other.url != first.url


def test_hostile_names_never_reach_the_page(quarters, rings, tmp_path):
    hostile = quarters.assign(qpv_name=quarters["qpv_name"] + HOSTILE)
    base = publish_all(hostile, rings, tmp_path)
    page = (tmp_path / Path(base.url).name).read_text(encoding="utf-8")
    assert "onerror" not in page
    # Nothing of the name is there, and nothing of it was rendered as a template.
    assert "7*7" not in page
    assert hostile["qpv_name"].iloc[0] not in page


def test_publishing_the_map_leaves_folium_as_it_was(base):
    import folium

    assert folium.Map.default_js != []
    assert all(
        "leaflet-1" not in link or link.startswith("http") for _, link in folium.Map.default_js
    )


def test_address_under_a_base_path(monkeypatch, quarters, rings, tmp_path):
    monkeypatch.setattr(ui.maps.st, "get_option", lambda name: {"server.baseUrlPath": "a/b"}[name])
    base = publish_all(quarters, rings, tmp_path)
    assert base.url.startswith("/a/b/app/static/carte.")


def test_a_layer_in_another_crs_is_refused(quarters, rings, tmp_path):
    with pytest.raises(CrsError, match="EPSG:2154"):
        publish_all(quarters.to_crs(app_map.CRS), rings, tmp_path)


def test_state_says_which_projects_and_page_it_goes_with(base, quarters):
    layer = map_content.project_layer(app_map.points(quarters, 40, ""))
    sizes = map_content.circle_codes(app_map.cents(40), [True] * 40, 4_000_000)
    data = ui.maps.state_data(base, state(sizes=sizes, selected="QN06211M"), layer)
    assert data["page"] == base.url
    assert data["projects"] == layer.digest
    assert data["selected"] == "QN06211M"
    assert sizes not in data.values()  # sent apart: another indicator leaves them
    assert data["sizes"] == map_content.digest(sizes.encode())


@pytest.mark.parametrize("wrong", [{"classes": "0"}, {"labels": []}, {"sizes": "000"}])
def test_a_state_that_does_not_match_is_refused(base, wrong):
    with pytest.raises(ValueError, match="16 quarters and 0 projects"):
        ui.maps.state_data(base, state(**wrong), None)


def test_state_of_a_country_stays_small(base, quarters):
    count, points = 1600, 5000
    layer = map_content.project_layer(app_map.points(quarters, points, ""))
    country = ui.maps.MapBase(base.url, base.bridge, tuple(map(str, range(count))), base.digest)
    sizes = map_content.circle_codes(app_map.cents(points), [True] * points, 4_000_000)
    data = ui.maps.state_data(country, state(count, sizes=sizes), layer)
    assert len(json.dumps(data)) < 8_000


@pytest.mark.parametrize("count", [3, 45, 450, 2000])
def test_projects_are_sent_small_or_kept_by_the_browser(quarters, count):
    content = map_content.project_layer(app_map.points(quarters, count, "")).content
    size = len(json.dumps(content))
    assert size < 4_000 or size >= 10_000


def test_projects_keep_order_and_text(quarters):
    frame = app_map.points(quarters, 5, HOSTILE)
    frame.loc[3, "operator"] = None
    content = map_content.project_layer(frame).content
    rows = unpack(content["packed"])
    assert [row[0] for row in rows] == list(frame["project_id"])
    assert rows[0][5] == frame["title"].iloc[0]
    assert rows[3][6] == ""


def test_another_text_makes_another_digest(quarters):
    frame = app_map.points(quarters, 5, "")
    other = frame.assign(title=frame["title"] + "!")
    assert map_content.project_layer(frame).digest != map_content.project_layer(other).digest


def test_projects_without_position_or_column_are_refused(quarters):
    frame = app_map.points(quarters, 5, "")
    frame.loc[2, "lat"] = None
    with pytest.raises(ContractError, match=r"1 sans position \(P00002"):
        map_content.project_layer(frame)
    with pytest.raises(ContractError, match="theme_label"):
        map_content.project_layer(frame.drop(columns="theme_label"))


def test_publish_replaces_other_content_and_leaves_the_same_alone(tmp_path):
    path = publish(tmp_path, "deep/file.json", b"one")
    written = path.stat().st_ino
    publish(tmp_path, "deep/file.json", b"one")
    assert path.stat().st_ino == written
    publish(tmp_path, "deep/file.json", b"two")
    assert path.read_bytes() == b"two"
    assert [file.name for file in path.parent.iterdir()] == ["file.json"]


@pytest.mark.parametrize("name", ["../out.json", "/etc/out.json", "a/../../out.json", ""])
def test_publish_never_leaves_its_directory(tmp_path, name):
    with pytest.raises(DataFileError, match="refusé"):
        publish(tmp_path / "static", name, b"x")
    assert not list(tmp_path.rglob("out.json"))


def test_publish_says_in_french_that_the_disk_refuses(tmp_path):
    (tmp_path / "static").write_bytes(b"a file where a folder should be")
    with pytest.raises(DataFileError, match="vérifiez la place et les droits"):
        publish(tmp_path / "static", "file.json", b"x")


def test_the_map_is_drawn_in_a_run_of_streamlit(tmp_path):
    script = shutil.copy(app_map.__file__, tmp_path)
    run = AppTest.from_file(script, default_timeout=30).run()
    assert not run.exception
    assert "aucun" in run.markdown[-1].value
    run.number_input[0].set_value(3).run()
    assert not run.exception
