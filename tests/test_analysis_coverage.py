"""Coverage: cells, what changed, distances in metres, and sentences that agree with them."""

import re

import geopandas as gpd
import pandas as pd
import pytest
from shapely.geometry import Point

from analysis import coverage
from analysis.selection import Selection
from store.coverage import export_coverage, grid, services
from store.tables import loaded, selected
from tests.samples import atlas, squares

A, B = "QN00001A", "QN00002B"
DEMO = Selection("demo", 2025)
COLUMNS = ("theme", "group", "dispositif")


def ledger(*rows):
    plain = {"status": "granted", "target": "quarter", "qpv_code": A, "theme": "1.1"}
    return pd.DataFrame([{**plain, **row} for row in rows])


def cells(*rows, codes=("1.1", "1.2")):
    return coverage.matrix(ledger(*rows), [A, B], codes, "theme")


def states(found):
    return dict(
        zip(zip(found["qpv_code"], found["code"], strict=True), found["state"], strict=True)
    )


def test_a_cell_is_covered_pending_or_empty():
    found = cells(
        {"project_id": "P"},
        {"project_id": "P", "funder": "caf"},
        {"project_id": "P", "qpv_code": B},
        {"project_id": "Q", "status": "pending", "theme": "1.2"},
        {"project_id": "R", "status": "pending"},
        {"project_id": "S", "status": "refused", "qpv_code": B, "theme": "1.2"},
        {"project_id": "T", "target": "territory", "qpv_code": None, "theme": "1.2"},
    )
    assert states(found) == {
        (A, "1.1"): "covered",
        (A, "1.2"): "pending",
        (B, "1.1"): "covered",
        (B, "1.2"): "empty",
    }
    assert found.loc[0, ["projects", "pending"]].tolist() == [1, 1]


def test_a_supported_project_also_waiting_for_a_funder_is_not_pending():
    found = cells({"project_id": "P"}, {"project_id": "P", "status": "pending"})
    assert found.loc[0, ["projects", "pending"]].tolist() == [1, 0]


def test_what_changed_is_gained_lost_or_still_waiting():
    before = cells(
        {"project_id": "P"}, {"project_id": "Q", "theme": "1.2"}, {"project_id": "R", "qpv_code": B}
    )
    now = cells(
        {"project_id": "P", "status": "pending"},
        {"project_id": "R", "qpv_code": B},
        {"project_id": "T", "qpv_code": B, "theme": "1.2"},
    )
    found = coverage.changed(now, before)
    assert found["change"].tolist() == ["waiting", "lost", "", "gained"]
    assert found["before"].tolist() == [1, 1, 1, 0]
    first = coverage.changed(now, None)
    assert first["before"].isna().all()
    assert set(first["change"]) == {""}


def test_a_code_that_serves_no_quarter_is_named_apart():
    found = coverage.changed(cells({"project_id": "P"}, codes=("1.1", "4.1")), None)
    assert coverage.unused(found) == ["4.1"]
    pending = cells({"project_id": "P", "theme": "4.1", "status": "pending"}, codes=("4.1",))
    assert coverage.unused(coverage.changed(pending, None)) == []


def test_what_serves_no_identified_quarter_is_counted_once_by_code():
    found = coverage.elsewhere(
        ledger(
            {"project_id": "P", "target": "territory", "qpv_code": None},
            {"project_id": "P", "target": "territory", "qpv_code": None, "funder": "caf"},
            {"project_id": "Q", "target": "undecided", "qpv_code": None, "theme": "1.2"},
            {"project_id": "R"},
            {"project_id": "S", "target": "outside", "qpv_code": None, "status": "refused"},
        ),
        "theme",
    )
    assert found.to_dict() == {"1.1": 1, "1.2": 1}


# Distances: two squares of one kilometre side by side, the higher code to the west.


def places(*points, uncertainty=10.0, crs="EPSG:2154"):
    return gpd.GeoDataFrame(
        {"project_id": [f"P{k}" for k in range(len(points))], "uncertainty_m": uncertainty},
        geometry=[Point(*point) for point in points],
        crs=crs,
    )


def test_distance_is_in_metres_from_the_edge_and_nil_inside():
    found = coverage.nearest(squares(), places((602_250, 7_000_500), (600_500, 7_000_500)))
    assert found.loc[A, "distance_m"] == pytest.approx(250)
    assert found.loc[A, "project_id"] == "P0"
    assert found.loc[B, "distance_m"] == 0
    assert found.loc[B, "project_id"] == "P1"
    diagonal = coverage.nearest(squares(), places((602_300, 7_001_400)))
    assert diagonal.loc[A, "distance_m"] == pytest.approx(500)


def test_a_vague_position_measures_nothing():
    found = coverage.nearest(squares(), places((600_500, 7_000_500), uncertainty=5000))
    assert found.isna().all(axis=None)
    assert list(found.index) == [B, A]


def test_degrees_and_another_system_are_refused():
    with pytest.raises(ValueError, match="same metric CRS"):
        coverage.nearest(squares(), places((2, 50), crs="EPSG:4326"))
    with pytest.raises(ValueError, match="same metric CRS"):
        coverage.nearest(squares().to_crs(4326), places((2, 50), crs="EPSG:4326"))


# The real quarters.


@pytest.mark.parametrize("column", COLUMNS)
@pytest.mark.parametrize("year", [2023, 2025])
def test_cells_of_every_quarter_count_the_supported_projects_of_the_ledger(column, year):
    selection = Selection("demo", year)
    found = grid(atlas(), selection, column)
    rows = selected(atlas(), selection)
    paid = rows[(rows["status"] == "granted") & (rows["target"] == "quarter")]
    pairs = paid[["qpv_code", column, "project_id"]].drop_duplicates()
    assert found.cells["projects"].sum() == len(pairs)
    assert found.cells["qpv_code"].nunique() == 16
    assert len(found.cells) == 16 * len(found.words)
    everywhere = set(paid["project_id"])
    granted = rows[rows["status"] == "granted"]
    assert found.elsewhere.sum() == len(set(granted["project_id"]) - everywhere)


def test_distances_to_the_nearest_agree_with_geopandas():
    found = services(atlas(), DEMO)
    programme = loaded(atlas(), DEMO)
    paid = selected(atlas(), DEMO).query("status == 'granted' and dispositif == 'pre'")
    place = programme.projects.join(programme.located[["location_status", "uncertainty_m"]])
    place = place[place["project_id"].isin(paid["project_id"])]
    sure = place[(place["location_status"] != "not_located") & (place["uncertainty_m"] <= 100)]
    points = gpd.GeoSeries(gpd.points_from_xy(sure["lon"], sure["lat"]), crs=4326)
    metric = points.to_crs(atlas().territory.crs)
    pre = found[found["label"] == "PRE"].set_index("qpv_code")
    shapes = atlas().quarters_metric.set_index("qpv_code").geometry
    assert len(pre) == 16
    for code, row in pre.iterrows():
        assert row["distance_m"] == pytest.approx(metric.distance(shapes[code]).min(), abs=1e-6)


def test_filters_hold():
    found = grid(atlas(), Selection("demo", 2025, themes=("1.1", "1.5a"), quarters=("QN06208M",)))
    assert set(found.cells["qpv_code"]) == {"QN06208M"}
    assert set(found.words) <= {"1.1", "1.5a"}
    assert set(services(atlas(), Selection("demo", 2025, quarters=("QN06208M",)))["qpv_code"]) == {
        "QN06208M"
    }


@pytest.mark.parametrize("year", [2023, 2024, 2025])
def test_the_two_sentences_agree_with_the_cells(year):
    selection = Selection("demo", year)
    found, needed = grid(atlas(), selection).cells, services(atlas(), selection)
    first, second = coverage.summary(year, found, needed, atlas().quarter_labels)
    numbers = [int(text.replace("\u202f", "")) for text in re.findall(r"\d[\d\u202f]*", first)]
    counts = found["state"].value_counts()
    expected = [year, counts["covered"], len(found)]
    expected += [counts["pending"]] if counts.get("pending") else []
    expected += [counts["empty"]]
    if year > 2023:
        moved = [(found["change"] == change).sum() for change in ("gained", "lost")]
        expected += [year - 1, *moved]
    assert numbers == expected
    none = found.groupby("qpv_code")["projects"].sum().eq(0)
    assert ("aucun projet soutenu : aucun quartier" in second) == (not none.any())
    for code in none.index[none]:
        assert atlas().quarter_labels[code] in second
    for label, group in needed.groupby("label"):
        assert str(label).lower() in second.lower()
        assert (group["state"] != "covered").any() == (
            f"{str(label).lower()} : aucun quartier" not in second.lower()
        )


def test_the_export_holds_every_cell_and_every_service():
    table = export_coverage(atlas(), DEMO)
    found, needed = grid(atlas(), DEMO).cells, services(atlas(), DEMO)
    assert len(table) == len(found) + len(needed)
    assert table["projets"].tolist() == [*found["projects"], *needed["projects"]]
    assert table["donnees_fictives"].all()
    assert table["intitule"].notna().all()
