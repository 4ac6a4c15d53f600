import math

import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import Geod, Transformer

from geo.coordinates import COMMUNE_RADIUS_M, FAULTS, diagnose, usable
from geo.errors import ContractError
from store.atlas import Atlas
from tests.samples import atlas, copy_data, rewrite

CRS = atlas().territory.crs
COMMUNES = atlas().communes
HOME = COMMUNES[COMMUNES["commune_code"] == atlas().quarters["commune_codes"][0][:5]].iloc[0]
KEYS = ("proposed_lon", "proposed_lat")
SYSTEMS = {2154: "Lambert-93", 3950: "CC50", 3857: "Web Mercator"}


def positions(*rows):
    frame = pd.DataFrame(rows, columns=["lon", "lat", "commune_code"])
    return frame.astype({"commune_code": "str"})


def told(lon, lat, code=HOME["commune_code"]):
    return diagnose(positions((lon, lat, code)), COMMUNES, CRS).iloc[0]


def metres(epsg, lon, lat):
    return Transformer.from_crs(4326, epsg, always_xy=True).transform(lon, lat)


def as_degrees(epsg, x, y):
    return Transformer.from_crs(epsg, 4326, always_xy=True).transform(x, y)


def near_home():
    degrees = st.floats(-0.1, 0.1)
    return st.tuples(degrees, degrees).map(lambda d: (HOME["lon"] + d[0], HOME["lat"] + d[1]))


def test_real_positions_are_never_flagged():
    rows = []
    for quarter in atlas().quarters.itertuples():
        points = [quarter.geometry.representative_point(), quarter.geometry.centroid]
        where = [*shapely.get_coordinates(points), *shapely.get_coordinates(quarter.geometry)[::9]]
        codes = [*quarter.commune_codes.split(", "), None]
        rows += [(lon, lat, code) for lon, lat in where for code in codes]
    assert len(rows) > 1000
    assert diagnose(positions(*rows), COMMUNES, CRS)["fault"].isna().all()
    assert diagnose(COMMUNES, COMMUNES, CRS)["fault"].isna().all()


def test_no_position_of_the_embedded_programmes_is_flagged():
    for programme in atlas().territory.programmes:
        loaded = atlas().programme(programme.code)
        assert loaded.diagnosis["fault"].isna().all()
        pd.testing.assert_index_equal(loaded.diagnosis.index, loaded.projects.index)


@settings(max_examples=30, deadline=None)
@given(near_home())
def test_swapped_degrees_come_back(place):
    found = told(place[1], place[0])
    assert found["fault"] == "swapped"
    assert (found["proposed_lon"], found["proposed_lat"]) == pytest.approx(place, abs=1e-6)
    assert found["remedy"] == "Échanger longitude et latitude."


@settings(max_examples=15, deadline=None)
@given(near_home(), st.sampled_from(list(SYSTEMS)), st.booleans())
def test_metres_read_as_degrees_come_back(place, epsg, flip):
    x, y = metres(epsg, *place)
    found = told(*((y, x) if flip else (x, y)))
    assert found["fault"] == "metres_as_degrees"
    assert (found["proposed_lon"], found["proposed_lat"]) == pytest.approx(place, abs=2e-6)
    assert f"{SYSTEMS[epsg]} (EPSG:{epsg})" in found["remedy"]
    assert ("échangées" in found["remedy"]) == flip


@settings(max_examples=15, deadline=None)
@given(near_home(), st.sampled_from(list(SYSTEMS)))
def test_degrees_read_as_metres_come_back(place, epsg):
    found = told(*as_degrees(epsg, *place))
    assert found["fault"] == "degrees_as_metres"
    assert (found["proposed_lon"], found["proposed_lat"]) == pytest.approx(place, abs=2e-6)
    assert found["remedy"] == "Lire les coordonnées en degrés."


@pytest.mark.parametrize("meant", SYSTEMS)
@pytest.mark.parametrize("taken", SYSTEMS)
def test_one_metric_system_read_as_another_comes_back(meant, taken):
    place = HOME["lon"], HOME["lat"]
    found = told(*as_degrees(taken, *metres(meant, *place)))
    if meant == taken:
        assert pd.isna(found["fault"])
        return
    assert found["fault"] == "wrong_system"
    assert (found["proposed_lon"], found["proposed_lat"]) == pytest.approx(place, abs=2e-6)
    assert f"en {SYSTEMS[meant]}" in found["message"]
    assert f"lues comme du {SYSTEMS[taken]}" in found["message"]


def test_web_mercator_read_as_lambert_93_is_found_though_it_falls_in_france():
    lon, lat = as_degrees(2154, *metres(3857, HOME["lon"], HOME["lat"]))
    assert -5 < lon < 8
    assert 42 < lat < 51
    assert told(lon, lat)["fault"] == "wrong_system"


def test_the_message_says_what_was_found_why_and_what_is_proposed():
    name, code = HOME["commune_name"], HOME["commune_code"]
    x, y = metres(2154, HOME["lon"], HOME["lat"])
    found = told(round(x), round(y))
    first, *rest = found["message"].split(". ")
    assert first.startswith("Coordonnées en Lambert-93 (EPSG:2154) lues comme des degrés : trouvé ")
    assert f"longitude {round(x):_}".replace("_", "\u202f") in first
    assert first.endswith(f"la position est à 0\u202fkm de {name} ({code})")
    lon, lat = (f"{found[k]:.6f}".rstrip("0").replace(".", ",") for k in KEYS)
    assert rest == [
        f"Position proposée : longitude {lon}, latitude {lat}",
        "Vérifiez-la avant de l'accepter, ou corrigez le fichier.",
    ]


def test_a_position_is_judged_by_its_own_commune():
    far = COMMUNES.iloc[(COMMUNES["lon"] - HOME["lon"]).abs().argmax()]
    found = told(far["lon"], far["lat"])
    assert found["fault"] == "far"
    assert (
        f"de {HOME['commune_name']} ({HOME['commune_code']}) ; attendu : moins de 15"
        in (found["message"])
    )
    assert pd.isna(found["remedy"])
    assert found[list(KEYS)].isna().all()
    assert pd.isna(told(far["lon"], far["lat"], far["commune_code"])["fault"])
    assert pd.isna(told(far["lon"], far["lat"], None)["fault"]), "any commune of the territory"


@pytest.mark.parametrize(("metres_away", "fault"), [(14_990, None), (15_010, "far")])
def test_the_radius_is_a_distance_on_the_ground(metres_away, fault):
    lon, lat, _ = Geod(ellps="WGS84").fwd(HOME["lon"], HOME["lat"], 200, metres_away)
    found = told(lon, lat)["fault"]
    assert (None if pd.isna(found) else found) == fault
    wide = diagnose(
        positions((lon, lat, HOME["commune_code"])), COMMUNES, CRS, radius_m=2 * COMMUNE_RADIUS_M
    )
    assert wide["fault"].isna().all()


def test_a_project_of_another_commune_is_not_judged_by_ours():
    lille, marseille = (3.06, 50.63, "59350"), (5.37, 43.3, "13055")
    # Numbers of Toulouse in Lambert-93, taken for Web Mercator, fall some 230 km away from here.
    toulouse = (1.44, 43.6, "31555")
    found = diagnose(positions(lille, marseille, toulouse), COMMUNES, CRS)
    assert found["fault"].isna().all()
    assert told(50.63, 3.06, "59350")["fault"] == "swapped"
    assert told(0.0, 0.0, "59350")["fault"] == "zero"


@pytest.mark.parametrize(
    ("lon", "lat", "fault"),
    [
        (None, None, None),
        (math.nan, math.nan, None),
        (2.5, None, "incomplete"),
        (None, 50.5, "incomplete"),
        (math.inf, 50.5, "not_finite"),
        (2.5, -math.inf, "not_finite"),
        (1e308, 1e308, "impossible"),
        (-1e308, 50.5, "impossible"),
        (200.0, 95.0, "impossible"),
        (1234567.0, 7654321.0, "impossible"),
        (0.0, 0.0, "zero"),
        (-2.5, -50.5, "far"),
    ],
)
def test_what_nothing_explains_has_a_name_and_no_remedy(lon, lat, fault):
    found = told(lon, lat)
    assert (None if pd.isna(found["fault"]) else found["fault"]) == fault
    assert pd.isna(found["message"]) == (fault is None)
    assert found[["remedy", *KEYS]].isna().all()
    if fault:
        assert fault in FAULTS
        assert "trouvé" in found["message"]
        assert "attendu" in found["message"]


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.one_of(st.none(), st.floats()),
            st.one_of(st.none(), st.floats()),
            st.sampled_from([None, "99999", HOME["commune_code"]]),
        ),
        max_size=8,
    ),
    st.data(),
)
def test_every_row_and_the_index_are_kept(rows, data):
    labels = st.lists(st.integers(0, 3), min_size=len(rows), max_size=len(rows))
    index = pd.Index(data.draw(labels), dtype="int64", name="row")
    frame = positions(*rows).astype({"lon": "float64", "lat": "float64"}).set_axis(index)
    found = diagnose(frame, COMMUNES, CRS)
    pd.testing.assert_index_equal(found.index, index)
    assert set(found["fault"].dropna()) <= set(FAULTS)
    assert (found["message"].notna() == found["fault"].notna()).all()
    left = usable(frame, found)
    sound = found["fault"].isna().to_numpy()
    pd.testing.assert_frame_equal(left[sound], frame[sound])
    assert left[~sound][["lon", "lat"]].isna().all(axis=None)


def test_a_commune_column_may_be_absent_and_communes_may_not():
    frame = positions((HOME["lat"], HOME["lon"], None)).drop(columns="commune_code")
    assert diagnose(frame, COMMUNES, CRS)["fault"].tolist() == ["swapped"]
    with pytest.raises(ContractError, match="Aucune commune"):
        diagnose(frame, COMMUNES.iloc[:0], CRS)
    with pytest.raises(ContractError, match="« lat » absente"):
        diagnose(frame.drop(columns="lat"), COMMUNES, CRS)


def test_a_suspect_position_is_kept_shown_and_never_used(tmp_path):
    data = copy_data(tmp_path)
    path = data / "demo" / "projects.csv"
    before = atlas().programme("demo")
    placed = before.services["situation"] == "position"
    row = placed[placed & before.projects["commune_code"].notna()].index[0]
    project = before.projects.loc[row]
    frame = pd.read_csv(path, dtype="str", keep_default_na=False)
    x, y = metres(2154, project["lon"], project["lat"])
    frame.loc[row, ["lon", "lat"]] = [f"{x:.2f}", f"{y:.2f}"]
    rewrite(path, frame.to_csv(index=False, lineterminator="\n"))
    loaded = Atlas(data).programme("demo")
    found = loaded.diagnosis.loc[row]
    assert found["fault"] == "metres_as_degrees"
    assert (found["proposed_lon"], found["proposed_lat"]) == pytest.approx(
        (project["lon"], project["lat"]), abs=2e-6
    )
    assert loaded.located.loc[row, "location_status"] == "not_located"
    assert loaded.services.loc[row, "situation"] == "suspect_position"
    assert loaded.services.loc[row, "target"] == "unallocated"
    assert loaded.projects.loc[row, "lon"] == pytest.approx(x, abs=0.01), "the file's own number"
    money = ["requested_cents", "granted_cents", "previous_cents"]
    assert loaded.ledger[money].sum().tolist() == before.ledger[money].sum().tolist()
    others = loaded.located.drop(index=row)
    pd.testing.assert_frame_equal(others, before.located.drop(index=row))
