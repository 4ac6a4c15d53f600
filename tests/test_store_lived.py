"""*Quartier vécu* and what-ifs, on the real atlas: what a territory file and a link may change."""

import json
from dataclasses import replace
from typing import Any

import pandas as pd
import pytest
from shapely import Point
from shapely.geometry import mapping

from analysis.allocation import RULES
from analysis.programme import by_target, grand_total
from analysis.selection import Selection
from geo.errors import DataFileError, TerritoryError
from geo.geocoding import Place
from store.atlas import Atlas
from store.exports import export_bytes, export_name
from store.places import answer
from store.tables import export_projects, export_quarters, projects_of, quarter_table, selected
from tests.samples import CENTS, add_dataset, atlas, copy_data

DEMO = Selection("demo", 2025)
QUARTER = "QN06208M"
CODE = atlas().territory.code
PLACE = """
[[lived_places]]
label = "Gymnase fictif"
qpv = "{qpv}"
lon = {lon}
lat = {lat}
radius_m = {radius}
reason = "les habitants s'y retrouvent"
source = "convention fictive"
"""
AREA = """
[[lived_areas]]
label = "Parc fictif"
qpv = "{qpv}"
dataset = "parc"
reason = "les habitants s'y retrouvent"
"""


def row_of(table, key, column="project_id") -> Any:
    return table.set_index(column).loc[key]


def outsider() -> Any:
    """A project outside every quarter, with its coordinates."""
    table = projects_of(atlas(), DEMO)
    return table[(table["situation"] == "outside") & (table["uncertainty_m"] <= 10)].iloc[0]


def territory(folder, text):
    data = copy_data(folder)
    path = data / "territories" / f"{CODE}.toml"
    path.write_text(path.read_text(encoding="utf-8") + text, encoding="utf-8")
    return data


def with_place(folder, *, radius=100, qpv=QUARTER, shift=0.0):
    project = outsider()
    text = PLACE.format(qpv=qpv, lon=project["lon"] + shift, lat=project["lat"], radius=radius)
    return Atlas(territory(folder, text)), project


def test_no_territory_declares_a_place_that_was_not_published():
    assert len(atlas().lived) == 0
    assert "lived_area" not in set(atlas().programme("demo").ledger["situation"])


def test_a_project_at_a_lived_place_serves_its_quarter_and_is_marked(tmp_path):
    opened, project = with_place(tmp_path)
    row = row_of(projects_of(opened, DEMO), project["project_id"])
    assert (row["situation"], row["quarters"]) == ("lived_area", (QUARTER,))
    assert row["location_status"] == "outside", "the position stays what it is"
    exported = row_of(export_projects(opened, DEMO), project["project_id"], "identifiant")
    assert exported["situation"].startswith("Quartier vécu")
    before, now = quarter_table(atlas(), DEMO), quarter_table(opened, DEMO)
    moved = now["granted_cents"].fillna(0) - before["granted_cents"].fillna(0)
    gained = 0 if pd.isna(project["granted_cents"]) else project["granted_cents"]
    assert moved[QUARTER] == gained
    assert moved.drop(QUARTER).eq(0).all()
    assert grand_total(selected(opened, DEMO)).equals(grand_total(selected(atlas(), DEMO)))
    loaded = opened.programme("demo")
    labels = loaded.services["lived"].set_axis(loaded.projects["project_id"])
    assert labels[project["project_id"]] == "Gymnase fictif"
    marked = labels.index[labels != ""]
    assert set(marked) == set(labels.index[(loaded.services["situation"] == "lived_area")])


def test_a_place_asked_says_that_it_is_lived_in_and_no_quarter(tmp_path):
    opened, project = with_place(tmp_path)
    there = Place(project["lon"], project["lat"], "surveyed", "un point")
    state, lived, *_ = answer(opened, there)
    assert state == "Non, hors de tout quartier prioritaire."
    assert lived.startswith("Quartier vécu : Gymnase fictif, que le territoire rattache à ")
    assert lived.endswith("ce n'est pas le quartier prioritaire.")
    assert not any("vécu" in words for words in answer(atlas(), there))


@pytest.mark.parametrize("given", [{"radius": 5}, {"radius": 100, "shift": 0.01}])
def test_a_place_that_does_not_surely_hold_the_project_changes_nothing(tmp_path, given):
    opened, project = with_place(tmp_path, **given)
    row = row_of(projects_of(opened, DEMO), project["project_id"])
    assert row["situation"] == "outside"


def test_a_place_of_an_unknown_quarter_is_refused_by_name(tmp_path):
    opened, _ = with_place(tmp_path, qpv="QN99999Z")
    with pytest.raises(TerritoryError) as caught:
        opened.programme("demo")
    assert str(caught.value) == (
        f"Territoire « {CODE} », lieux vécus : quartier inconnu pour « Gymnase fictif » "
        "(QN99999Z) ; attendu : un code de la couche des quartiers."
    )


def test_every_fault_of_a_place_is_told_at_once(tmp_path):
    text = PLACE.format(qpv=QUARTER, lon='"2.5"', lat=95, radius=0).replace("reason =", "raison =")
    with pytest.raises(TerritoryError) as caught:
        Atlas(territory(tmp_path, text))
    for fault in (
        "lived_places n° 1, champ « reason » absent",
        "lived_places n° 1, champ « raison » inconnu",
        "lived_places n° 1, « lon » : 2.5 ; attendu : un nombre de -180 à 180",
        "lived_places n° 1, « lat » : 95 ; attendu : un nombre de -90 à 90",
        "lived_places n° 1, « radius_m » : 0 ; attendu : un nombre de 1 à 20000",
    ):
        assert f"- {fault}" in str(caught.value)


def with_area(folder, content):
    data = territory(folder, AREA.format(qpv=QUARTER))
    add_dataset(data, "parc", "parc.geojson", content.encode("utf-8"))
    return Atlas(data)


def collection(*shapes):
    features = [{"type": "Feature", "properties": {}, "geometry": shape} for shape in shapes]
    return json.dumps({"type": "FeatureCollection", "features": features})


def test_an_area_of_the_catalogue_holds_its_projects(tmp_path):
    project = outsider()
    area = Point(project["lon"], project["lat"]).buffer(0.002)
    opened = with_area(tmp_path, collection(mapping(area)))
    row = row_of(projects_of(opened, DEMO), project["project_id"])
    assert (row["situation"], row["quarters"]) == ("lived_area", (QUARTER,))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{}", "parc.geojson n'est pas un GeoJSON lisible"),
        ("[", "parc.geojson n'est pas un GeoJSON lisible"),
        (collection(), "parc.geojson : attendu, au moins un polygone"),
        (collection({"type": "Point", "coordinates": [2, 50]}), "attendu, au moins un polygone"),
        (
            collection(
                {"type": "Polygon", "coordinates": [[[0, 0], [1, 1], [1, 0], [0, 1], [0, 0]]]}
            ),
            "sans auto-intersection",
        ),
        (
            collection(
                {
                    "type": "Polygon",
                    "coordinates": [[[6e5, 7e6], [7e5, 7e6], [7e5, 8e6], [6e5, 7e6]]],
                }
            ),
            "en longitudes et latitudes (WGS 84)",
        ),
    ],
)
def test_an_area_that_is_no_polygon_is_refused(tmp_path, content, message):
    opened = with_area(tmp_path, content)
    with pytest.raises(DataFileError) as caught:
        opened.programme("demo")
    assert message in str(caught.value)


# What-ifs.

WHAT_IFS = {"population": ("population", "equal"), "equal": ("equal",), "none": ()}


@pytest.mark.parametrize("rules", WHAT_IFS.values(), ids=WHAT_IFS)
def test_a_what_if_moves_money_between_targets_and_loses_none(rules):
    usual, chosen = DEMO, replace(DEMO, rules=rules)
    then, now = (by_target(selected(atlas(), one)) for one in (usual, chosen))
    whole = grand_total(selected(atlas(), chosen))
    assert whole.equals(grand_total(selected(atlas(), usual)))
    for name in CENTS:
        assert now[name].sum() == whole[name]
    before = quarter_table(atlas(), usual)["granted_cents"]
    assert not before.equals(quarter_table(atlas(), chosen)["granted_cents"])
    lost = [int(table["granted_cents"]["unallocated"]) for table in (then, now)]
    assert (lost[1] > lost[0]) == (rules == ())
    assert atlas().programme("demo").ledger is atlas().programme("demo", RULES).ledger


def test_exports_say_how_the_money_was_shared():
    chosen = replace(DEMO, rules=("equal",))
    assert set(export_quarters(atlas(), chosen)["regle_partage"]) == {"partage à parts égales"}
    layer = export_projects(atlas(), chosen)
    assert set(layer["regle_partage"]) == {"partage à parts égales"}
    assert {"à parts égales", "un seul quartier", "sans partage"} == set(layer["partage"])
    usual = export_projects(atlas(), DEMO)
    assert {"selon les parts déclarées", "au prorata des bénéficiaires prévus"} <= set(
        usual["partage"]
    )
    assert export_name(atlas(), chosen, "projects", "csv").endswith("_fictif_hypothese.csv")
    assert "hypothese" not in export_name(atlas(), DEMO, "projects", "csv")
    content = export_bytes(atlas(), replace(DEMO, rules=()), "quarters", "csv").decode("utf-8-sig")
    assert "sans partage entre quartiers" in content


def test_a_seat_address_places_no_project_anywhere():
    loaded = atlas().programme("demo")
    seats = loaded.projects["address_kind"] == "seat"
    known = seats & loaded.projects["lon"].notna()
    assert known.any(), "the demonstration has one with coordinates"
    assert set(loaded.located.loc[seats, "location_status"]) == {"not_located"}
    assert set(loaded.services.loc[seats, "situation"]) == {"seat_address"}
    year = int(loaded.projects.loc[known, "year"].iloc[0])
    layer = export_projects(atlas(), Selection("demo", year))
    chosen = loaded.projects.loc[known & (loaded.projects["year"] == year), "project_id"]
    assert layer[layer["identifiant"].isin(chosen)].geometry.isna().all()
