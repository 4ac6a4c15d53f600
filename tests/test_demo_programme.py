import csv
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
from shapely import get_coordinates
from stdnum.fr import siret

from geo.catalogue import data_directory, load_catalogue
from geo.readers import read_communes, read_crosswalk, read_programme, read_quarters
from geo.territory import load_territory

ROOT = Path(__file__).resolve().parent.parent
DEMO = ROOT / "data" / "demo"
FILES = ("projects.csv", "funding.csv", "catalogue.toml")
YEARS = (2023, 2024, 2025)
PLACE = ["declared_qpv", "address", "commune_code", "lon", "lat", "position_method", "scope"]

Programme = tuple[pd.DataFrame, pd.DataFrame]  # projects and funding lines

TERRITORY = load_territory(data_directory())
CATALOGUE = load_catalogue(data_directory())


def generate(output: Path, *options: str, data: Path | None = None) -> dict[str, bytes]:
    environment = {**os.environ, **({"ATLAS_DATA_DIR": str(data)} if data else {})}
    command = [sys.executable, str(DEMO / "generate.py"), "--output", str(output), *options]
    subprocess.run(command, check=True, capture_output=True, cwd=output.parent, env=environment)
    return {name: (output / name).read_bytes() for name in FILES}


@pytest.fixture(scope="module")
def programme() -> Programme:
    demo = TERRITORY.programme("demo").datasets
    return read_programme(CATALOGUE[demo["projects"]], CATALOGUE[demo["funding"]])


@pytest.fixture(scope="module")
def projects(programme: Programme) -> pd.DataFrame:
    return programme[0]


@pytest.fixture(scope="module")
def money(programme: Programme) -> pd.DataFrame:
    projects, funding = programme
    return funding.merge(projects, on="project_id", validate="many_to_one")


@pytest.fixture(scope="module")
def quarters() -> gpd.GeoDataFrame:
    layer = read_quarters(CATALOGUE[TERRITORY.datasets["quarters"]])
    return layer.to_crs(TERRITORY.crs).set_index("qpv_code")


@pytest.fixture(scope="module")
def placed(projects: pd.DataFrame, quarters: gpd.GeoDataFrame) -> pd.DataFrame:
    """Projects with the quarter that contains them, metres to the nearest edge and quarter."""
    points = gpd.GeoSeries(gpd.points_from_xy(projects["lon"], projects["lat"]), crs="EPSG:4326")
    metric = points.to_crs(TERRITORY.crs)
    shapes = quarters.geometry
    rows = []
    for point, known in zip(metric, projects["lon"].notna(), strict=True):
        holders = shapes.index[shapes.contains(point)] if known else []
        rows.append(
            {
                "quarter": holders[0] if len(holders) else None,
                "edge_m": shapes.boundary.distance(point).min() if known else None,
                "away_m": shapes.distance(point).min() if known else None,
            }
        )
    return projects.join(pd.DataFrame(rows))


def declared(projects: pd.DataFrame) -> pd.Series:
    return projects["declared_qpv"].fillna("").str.findall(r"Q[NP]\w+")


def served(placed: pd.DataFrame) -> pd.DataFrame:
    """One row a project and quarter served: by declared code (brought to 2024) or coordinates."""
    crosswalk = read_crosswalk(CATALOGUE[TERRITORY.datasets["crosswalk"]])
    renewed_as = dict(zip(crosswalk["qpv_code_2015"], crosswalk["qpv_code"], strict=True))
    codes = [
        {renewed_as.get(code, code) for code in said} | ({inside} if pd.notna(inside) else set())
        for said, inside in zip(declared(placed), placed["quarter"], strict=True)
    ]
    sets = pd.Series([sorted(one) for one in codes], index=placed.index)
    return placed.assign(served=sets).explode("served").dropna(subset="served")


def test_same_seed_gives_the_committed_bytes(tmp_path):
    again = generate(tmp_path / "again")
    for name in FILES:
        assert again[name] == (DEMO / name).read_bytes(), name


def test_another_seed_gives_another_programme(tmp_path):
    other = generate(tmp_path / "other", "--seed", "7")
    assert other["projects.csv"] != (DEMO / "projects.csv").read_bytes()


def test_another_territory_file_is_enough(tmp_path):
    data = tmp_path / "data"
    shutil.copytree(data_directory(), data, ignore=shutil.ignore_patterns("demo", "*.py"))
    source = next((data / "territories").glob("*.toml"))
    text = source.read_text(encoding="utf-8")
    text = re.sub(r"\[\[npnru\]\]\n(?:\w.*\n)+", "", text)
    text = text.replace('code = "caf"', 'code = "caisse"').replace('"demo"', '"exemple"')
    (data / "territories" / "ailleurs.toml").write_text(text, encoding="utf-8")
    written = generate(tmp_path / "out", "--territory", "ailleurs", data=data)
    rows = list(csv.DictReader(written["projects.csv"].decode().splitlines()))
    lines = list(csv.DictReader(written["funding.csv"].decode().splitlines()))
    assert {row["programme"] for row in rows} == {"exemple"}
    assert "npnru" not in {row["dispositif"] for row in rows}
    assert "caisse" in {line["funder"] for line in lines}
    assert "caf" not in {line["funder"] for line in lines}


def test_files_are_plain_utf8_csv_in_order():
    for name in ("projects.csv", "funding.csv"):
        content = (DEMO / name).read_bytes()
        assert b"\r" not in content
        assert not content.startswith(b"\xef\xbb\xbf")
        assert content.endswith(b"\n")
    table = (DEMO / "projects.csv").read_text(encoding="utf-8")
    ids = [row["project_id"] for row in csv.DictReader(table.splitlines())]
    assert ids == sorted(ids)


def test_size_and_total_of_each_year(projects, money):
    assert set(projects["year"]) == set(YEARS)
    assert projects.groupby("year").size().between(140, 160).all()
    granted = money.groupby("year")["granted_cents"].sum() / 100
    assert 4_050_000 <= granted[2025] <= 4_200_000
    assert 3_500_000 <= granted[2023] < granted[2024] < granted[2025]


def test_every_row_is_plainly_fictitious(projects):
    assert projects["fictitious"].all()
    sirets = projects.groupby("operator")["operator_siret"]
    assert (sirets.nunique() <= 1).all() and 0.1 < (sirets.count() == 0).mean() < 0.3
    told = projects[["operator", "operator_siret"]].dropna().drop_duplicates()
    assert told["operator_siret"].is_unique
    assert told["operator_siret"].str.startswith("00000").all(), "nobody's, at a glance"
    assert told["operator_siret"].map(siret.is_valid).all()
    assert projects["title"].str.endswith(" (fictif)").all()
    assert projects["operator"].str.contains(r"\bficti(?:f|ve)\b").all()
    known = projects["reference"].dropna()
    assert known.str.fullmatch(r"DA0000\d{4}-\d").all()
    assert 0 < projects["reference"].isna().mean() < 0.15


def test_no_real_operator_of_the_territory_is_named(projects):
    posts = pd.read_csv(CATALOGUE["postes"].path, dtype=str)
    real = {name.casefold() for name in posts["raison_sociale"].dropna()}
    assert real
    assert not real & {name.casefold() for name in projects["operator"]}


@pytest.mark.parametrize("year", YEARS)
def test_each_year_has_every_theme_funder_dispositif_and_status(year, projects, money):
    drawn = projects[projects["year"] == year]
    assert set(drawn["theme"]) == {theme.code for theme in TERRITORY.nomenclature.themes}
    lines = money[money["year"] == year]
    assert set(lines["funder"]) == {funder.code for funder in TERRITORY.funders}
    assert set(lines["status"]) == set(TERRITORY.nomenclature.statuses)
    real_only = {"adulte-relais", "fonjep"}
    expected = {one.code for one in TERRITORY.dispositifs} - real_only
    assert set(drawn["dispositif"]) == expected


def test_about_a_hundred_operators_and_many_titles(projects):
    assert 90 <= projects["operator"].nunique() <= 110
    patterns = projects["title"].str.replace(r" – .*| \(fictif\)", "", regex=True)
    assert patterns.nunique() >= 60


@pytest.mark.parametrize("year", YEARS)
def test_nine_pre_for_about_five_hundred_children(year, placed):
    pre = placed[(placed["dispositif"] == "pre") & (placed["year"] == year)]
    assert len(pre) == 9
    assert 470 <= pre["beneficiaries"].sum() <= 530
    assert served(pre)["served"].nunique() == 9


def test_renewal_actions_lie_in_the_renewal_sites(placed):
    npnru = served(placed[placed["dispositif"] == "npnru"])
    assert set(npnru["served"]) == set(TERRITORY.npnru)


def test_amounts_follow_the_status(money):
    by_status = money.groupby("status")["granted_cents"]
    assert (money.loc[money["status"] == "granted", "granted_cents"] > 0).all()
    assert (money.loc[money["status"] == "refused", "granted_cents"] == 0).all()
    assert by_status.count()[["pending", "ineligible"]].eq(0).all()
    more = (money["granted_cents"] > money["requested_cents"]).fillna(False)
    assert 0 < more.sum() < 0.02 * len(money)
    assert 0 < money["requested_cents"].isna().sum() < 0.03 * len(money)
    assert (money["granted_cents"] % 100 != 0).any(), "some amounts keep their cents"


def test_renewed_actions_have_the_year_before_and_its_place(projects):
    keys = ["operator", "title"]
    assert not projects.duplicated([*keys, "year"]).any()
    before = projects.assign(year=projects["year"] + 1)
    pairs = projects.merge(before, on=[*keys, "year"], how="left", suffixes=("", "_before"))
    later = pairs[pairs["year"] > min(YEARS)]
    has_before = later["project_id_before"].notna()
    assert (has_before == (later["renewal"] == "renewed")).all()
    renewed = later[has_before]
    assert len(renewed) > 100
    for column in [*PLACE, "theme", "dispositif"]:
        same = renewed[column].eq(renewed[f"{column}_before"])
        empty = renewed[column].isna() & renewed[f"{column}_before"].isna()
        assert (same.fillna(False) | empty).all(), column
    same_reference = renewed["reference"].eq(renewed["reference_before"]).fillna(False)
    assert 0 < same_reference.sum() < len(renewed)


def test_previous_amounts_are_those_granted_the_year_before(money):
    keys = ["operator", "title", "funder"]
    granted = money.assign(year=money["year"] + 1)[[*keys, "year", "granted_cents"]]
    linked = money.merge(granted, on=[*keys, "year"], how="left", suffixes=("", "_before"))
    later = linked[linked["year"] > min(YEARS)]
    found, expected = later["previous_cents"], later["granted_cents_before"]
    assert (found.isna() == expected.isna()).all()
    assert (found.dropna() == expected.dropna()).all()
    assert found.notna().sum() > 200
    assert linked.loc[linked["renewal"] == "new", "previous_cents"].isna().all()
    first = linked[linked["year"] == min(YEARS)]
    assert first.loc[first["renewal"] == "renewed", "previous_cents"].notna().all()


@pytest.mark.parametrize("year", YEARS)
def test_every_kind_of_position_each_year(year, placed):
    drawn = placed[placed["year"] == year]
    known, codes = drawn["lon"].notna(), declared(drawn)
    uncertainty = drawn["position_method"].map(TERRITORY.nomenclature.uncertainty_m)
    agrees = pd.Series(
        [inside in said for inside, said in zip(drawn["quarter"], codes, strict=True)],
        index=drawn.index,
    )
    share = {
        "inside": drawn["quarter"].notna().mean(),
        "code only": (~known & (codes.str.len() == 1)).mean(),
        "several": (codes.str.len() > 1).mean(),
        "territory": (drawn["scope"] == "territory").mean(),
    }
    assert 0.40 <= share["inside"] <= 0.50
    assert 0.17 <= share["code only"] <= 0.23
    assert 0.07 <= share["several"] <= 0.11
    assert 0.05 <= share["territory"] <= 0.07
    counts = {
        "far from any quarter": (drawn["away_m"] > 500).sum(),
        "100 to 400 m": drawn["away_m"].between(100, 400).sum(),
        "on a boundary": (drawn["edge_m"] < 7).sum(),
        "undecided": (drawn["edge_m"] <= uncertainty).sum(),
        "address only": (~known & drawn["address"].notna()).sum(),
        "2015 code": drawn["declared_qpv"].fillna("").str.startswith("QP").sum(),
        "commune": (drawn["scope"] == "commune").sum(),
        "conflict": (drawn["quarter"].notna() & (codes.str.len() > 0) & ~agrees).sum(),
        "commune's point": (drawn["position_method"] == "commune").sum(),
    }
    assert not [kind for kind, count in counts.items() if count < 1], counts
    assert set(drawn["position_method"].dropna()) >= {"housenumber", "surveyed", "street"}


def test_scope_says_what_is_known(projects):
    assert (projects["declared_qpv"].notna() == (projects["scope"] == "quarters")).all()
    assert projects.loc[projects["scope"].isna(), ["lon", "address"]].notna().any(axis=1).all()
    assert (projects["lon"].notna() == projects["position_method"].notna()).all()


@pytest.mark.parametrize("year", YEARS)
def test_each_year_declares_shares_and_people_by_quarter_and_kinds_of_address(year, projects):
    drawn = projects[projects["year"] == year]
    for column in ("declared_shares", "qpv_beneficiaries"):
        said = drawn.dropna(subset=column)
        assert len(said) >= 2
        for cell, codes in zip(said[column], declared(said), strict=True):
            assert len(cell.split(", ")) == len(codes) > 1
    people = drawn.dropna(subset="qpv_beneficiaries")
    sums = [sum(map(int, cell.split(", "))) for cell in people["qpv_beneficiaries"]]
    assert sums == people["beneficiaries"].tolist()
    with_address = drawn[drawn["address"].notna()]
    assert {"activity", "seat"} == set(with_address["address_kind"].dropna())
    assert with_address["address_kind"].isna().any(), "sometimes nobody knows"
    assert drawn.loc[drawn["address"].isna(), "address_kind"].isna().all()


def test_a_renewed_action_keeps_its_shares_and_its_kind_of_address(projects):
    for _, same in projects.groupby(["operator", "title"]):
        assert same["declared_shares"].nunique(dropna=False) == 1
        assert same["address_kind"].nunique(dropna=False) == 1


def test_exactly_one_project_stands_on_a_vertex(projects):
    layer = read_quarters(CATALOGUE[TERRITORY.datasets["quarters"]])
    vertices = {tuple(pair) for pair in get_coordinates(layer.geometry).tolist()}
    points = zip(projects["lon"], projects["lat"], strict=True)
    assert sum(point in vertices for point in points) == 1


def test_communes_exist_and_hold_the_position(placed, quarters):
    communes = read_communes(CATALOGUE[TERRITORY.datasets["communes"]])
    names = dict(zip(communes["commune_code"], communes["commune_name"], strict=True))
    known = placed.dropna(subset="commune_code")
    assert (known["commune_code"].map(names) == known["commune_name"]).all()
    inside = known.dropna(subset="quarter")
    for code, quarter in zip(inside["commune_code"], inside["quarter"], strict=True):
        assert code in quarters.at[quarter, "commune_codes"], (code, quarter)


def test_quarters_are_served_unevenly(placed, quarters):
    rows = served(placed)
    counts = rows.groupby(["year", "served"]).size().unstack(fill_value=0)
    counts = counts.reindex(columns=quarters.index, fill_value=0)
    assert (counts.loc[[2023, 2024]] > 0).all(axis=None)
    assert (counts.loc[2025] == 0).sum() == 1
    assert (counts.max(axis=1) > 2 * counts.median(axis=1)).all()
    for year in YEARS:
        cells = rows[rows["year"] == year].groupby(["served", "theme"]).size()
        assert len(cells) < len(quarters) * len(TERRITORY.nomenclature.themes)


@pytest.mark.parametrize("year", YEARS)
def test_each_year_says_the_public_of_most_projects_and_dates_most_answers(year, projects, money):
    drawn = projects[projects["year"] == year]
    said = drawn.dropna(subset="qpv_residents")
    assert (said["qpv_residents"] <= said["beneficiaries"]).all()
    below = (2 * said["qpv_residents"] < said["beneficiaries"]).mean()
    assert 0.05 < below < 0.25
    assert drawn["qpv_residents"].isna().sum() > drawn["beneficiaries"].isna().sum()
    lines = money[money["year"] == year]
    assert (lines["requested_on"] <= f"{year - 1}-11-04").all()
    assert lines.loc[lines["status"] == "pending", "decided_on"].isna().all()
    answered = lines.dropna(subset="decided_on")
    assert (answered["decided_on"] > answered["requested_on"]).all()
    assert len(answered) > 0.9 * (lines["status"] != "pending").sum()


def test_the_known_totals_of_the_demonstration_do_not_move(projects, money):
    assert len(projects) == 450
    assert (projects["year"] == 2025).sum() == 152
    assert money.loc[money["year"] == 2025, "granted_cents"].sum() == 4_144_633_17
