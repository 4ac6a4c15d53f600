import json
import re
import tomllib

import pytest

from analysis.programme import by_target, grand_total
from analysis.selection import Selection
from geo.errors import TerritoryError
from geo.territory import load_territory
from store.atlas import Atlas, open_atlas
from store.tables import export_quarters, quarter_table
from tests.samples import DATA, atlas, copy_data, rewrite

SOURCE = next((DATA / "territories").glob("*.toml"))
CONTENT = tomllib.loads(SOURCE.read_text(encoding="utf-8"))


@pytest.fixture
def data(tmp_path):
    return copy_data(tmp_path)


def change(data, *pairs, name=SOURCE.name):
    path = data / "territories" / SOURCE.name
    text = path.read_text(encoding="utf-8")
    for old, new in pairs:
        assert old in text
        text = text.replace(old, new)
    (data / "territories" / name).write_text(text, encoding="utf-8")


def refusal(data, code=None):
    with pytest.raises(TerritoryError) as caught:
        load_territory(data, code)
    return str(caught.value)


def test_every_field_of_the_file_is_read():
    territory = load_territory(DATA)
    plain = ("code", "name", "short_name", "contract", "generation", "figures_generation")
    for field in (*plain, "default_programme", "datasets"):
        assert getattr(territory, field) == CONTENT[field]
    assert territory.crs.to_string() == CONTENT["metric_crs"]
    assert [territory.epci_siren, territory.epci_name] == [
        CONTENT["epci"]["siren"],
        CONTENT["epci"]["name"],
    ]
    assert territory.npnru == {site["qpv"]: site["label"] for site in CONTENT["npnru"]}
    for field in ("axes", "funders", "dispositifs", "programmes", "comparators"):
        read = [(one.code, one.label) for one in getattr(territory, field)]
        assert read == [(entry["code"], entry["label"]) for entry in CONTENT[field]]
    assert [one.signatory for one in territory.funders] == [
        entry["signatory"] for entry in CONTENT["funders"]
    ]
    assert all(one.short for one in territory.funders)
    assert territory.comparators[0].former_codes == ("200044055",)
    assert territory.programme("postes").datasets == {"posts": "postes"}
    assert not territory.programme("postes").fictitious
    assert territory.programme("demo").fictitious


def test_the_nomenclature_holds_together():
    words = load_territory(DATA).nomenclature
    groups = {group.code for group in words.groups}
    axes = {axis.code for axis in load_territory(DATA).axes}
    assert len(groups) == len({group.letter for group in words.groups}) <= 8
    assert {theme.group for theme in words.themes} == groups
    assert {theme.axis for theme in words.themes} == axes
    assert len({theme.code for theme in words.themes}) == len(words.themes) == 14
    assert set(words.statuses) == {"granted", "pending", "refused", "ineligible"}
    assert set(words.positions) == set(words.uncertainty_m)
    assert all(metres > 0 for metres in words.uncertainty_m.values())


def test_an_unknown_programme_names_those_there_are():
    with pytest.raises(TerritoryError, match=r"« ailleurs » inconnu.*demo, postes"):
        load_territory(DATA).programme("ailleurs")


def test_another_territory_needs_one_file_and_its_data(data):
    """Five of the quarters, another EPCI, another metric CRS, data sets under other names."""
    layer = data / "qpv" / "qpv_2024.geojson"
    collection = json.loads(layer.read_text(encoding="utf-8"))
    collection["features"] = collection["features"][:5]
    for feature in collection["features"]:
        feature["properties"]["siren_epci"] += ", 200000001"
    rewrite(layer, json.dumps(collection))
    catalogue = data / "qpv" / "catalogue.toml"
    listed = catalogue.read_text(encoding="utf-8")
    catalogue.write_text(listed.replace("[insee_qpv]", "[insee_ailleurs]"), encoding="utf-8")
    change(
        data,
        (f'code = "{CONTENT["code"]}"', 'code = "ailleurs"'),
        (CONTENT["name"], "Pays d'Ailleurs"),
        (f'siren = "{CONTENT["epci"]["siren"]}"', 'siren = "200000001"'),
        ("EPSG:3950", "EPSG:2154"),
        ('"insee_qpv"', '"insee_ailleurs"'),
        name="ailleurs.toml",
    )
    elsewhere = open_atlas(data, "ailleurs")
    selection = Selection("demo", 2025)
    table = quarter_table(elsewhere, selection)
    assert elsewhere.territory.name == "Pays d'Ailleurs"
    assert elsewhere.quarters_metric.crs.to_epsg() == 2154
    assert list(table.index) == list(elsewhere.quarters["qpv_code"])
    assert len(table) == len(export_quarters(elsewhere, selection)) == 5
    assert table["population"].equals(quarter_table(atlas(), selection)["population"].head(5))
    # Money declared for a quarter of elsewhere is not lost: it is not allocated here.
    rows = elsewhere.programme("demo").ledger
    rows = rows[rows["year"] == 2025]
    targets = by_target(rows)
    whole = quarter_table(atlas(), selection)["granted_cents"].sum()
    assert targets["granted_cents"]["quarter"] == table["granted_cents"].sum() < whole
    assert targets["granted_cents"].sum() == grand_total(rows)["granted_cents"]
    assert "unknown_code" in set(rows["situation"])


def test_the_metric_system_of_the_territory_hardly_changes_distances(data):
    change(data, ("EPSG:3950", "EPSG:2154"))
    here, there = atlas().programme("demo").located, Atlas(data).programme("demo").located
    ratio = (there["distance_to_edge_m"] / here["distance_to_edge_m"])[
        here["distance_to_edge_m"].abs().between(50, 2000)
    ]
    assert ratio.between(0.997, 1.003).all(), "the same metres, but for the projection's scale"
    assert (ratio != 1).all()


def test_the_territory_and_the_data_are_chosen_by_the_environment(data, monkeypatch):
    change(data, (CONTENT["short_name"], "Ailleurs"), name="zz.toml")
    monkeypatch.setenv("ATLAS_DATA_DIR", str(data))
    monkeypatch.setenv("ATLAS_TERRITORY", "zz")
    assert open_atlas().territory.short_name == "Ailleurs"
    monkeypatch.delenv("ATLAS_TERRITORY")
    assert open_atlas().territory.short_name == CONTENT["short_name"]


def test_every_fault_of_a_territory_file_is_told_at_once(data):
    change(
        data,
        ("metric_crs = ", "crs = "),
        ("contract = ", "contrat = "),
        ('siren = "200072460"', "siren = 200072460"),
        ('level = "region"\n', ""),
        ('code = "caf"', 'cod = "caf"'),
    )
    message = refusal(data)
    assert SOURCE.name in message
    for fault in (
        "champ « metric_crs » absent",
        "champ « crs » inconnu",
        "champ « contract » absent",
        "champ « contrat » inconnu",
        "epci n° 1, « siren » : 200072460 n'est pas un texte",
        "comparators n° 3, champ « level » absent",
        "funders n° 5, champ « code » absent",
        "funders n° 5, champ « cod » inconnu",
    ):
        assert fault in message


OPTIONAL = {"npnru", "essentials", "qpv_public_percent", "programmes", "default_programme"}
OPTIONAL |= {"campaigns"}
REQUIRED = [name for name in CONTENT if name not in OPTIONAL]


@pytest.mark.parametrize("field", REQUIRED)
def test_a_missing_field_is_named(data, field):
    path = data / "territories" / SOURCE.name
    text = path.read_text(encoding="utf-8")
    # Renamed wherever it stands: a key, a table or a list of tables.
    text = re.sub(rf"^(\[*){field}\b", r"\1autre", text, flags=re.MULTILINE)
    path.write_text(text, encoding="utf-8")
    assert f"champ « {field} » absent" in refusal(data)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ('default_programme = "demo"', 'default_programme = "rien"', "« rien » absent de"),
        ('funder = "etat-147"', 'funder = "etat"', "financeur « etat » absent de funders"),
        ("EPSG:3950", "EPSG:4326", "ne mesure pas en mètres"),
        ("EPSG:3950", "EPSG:99999", "inconnu"),
        ("[epci]", "[epci", "TOML"),
        ("axes]]", "axes]", "TOML"),
    ],
)
def test_a_contradiction_is_refused(data, old, new, expected):
    change(data, (old, new))
    assert expected in refusal(data)


def test_a_table_that_is_none_is_refused(data):
    path = data / "territories" / SOURCE.name
    text = re.sub(r"\[epci\]\n(?:\w.*\n)+", "", path.read_text(encoding="utf-8"))
    path.write_text('epci = "un nom"\n' + text, encoding="utf-8")
    assert "« un nom » n'est pas une table" in refusal(data)


def test_an_unknown_or_unreadable_territory_is_named(data):
    assert "« rien »" in refusal(data, "rien")
    assert SOURCE.stem in refusal(data, "rien")
    (data / "nomenclature.toml").unlink()
    assert "nomenclature.toml" in refusal(data)
    (data / "territories" / SOURCE.name).unlink()
    assert "aucun" in refusal(data)


def test_no_code_of_the_territory_is_written_in_code():
    """Names are looked for by the architecture's tests; codes and SIREN here."""
    root = DATA.parent
    shipped = [
        path
        for top in ("app.py", "cli.py", "commands", "geo", "analysis", "reports", "store", "ui")
        for path in ([root / top] if top.endswith(".py") else (root / top).rglob("*.py"))
        if path.is_file()
    ]
    assert len(shipped) > 20
    quarters = atlas().quarters["qpv_code"]
    words = {CONTENT["code"], CONTENT["epci"]["siren"], *atlas().communes["commune_code"]}
    words |= {code[:6] for code in quarters} | {f"QP{code[2:5]}" for code in quarters}
    pattern = re.compile(rf"\b(?:{'|'.join(sorted(words))})")
    guilty = {
        path.name: found
        for path in shipped
        if (found := set(pattern.findall(path.read_text(encoding="utf-8"))))
    }
    assert guilty == {}


def test_what_every_quarter_should_have_the_public_rule_and_programme_147_are_data():
    territory = load_territory(DATA)
    read = [(one.label, one.column, one.code) for one in territory.essentials]
    assert read == [
        (entry["label"], *next((k, entry[k]) for k in ("dispositif", "theme") if k in entry))
        for entry in CONTENT["essentials"]
    ]
    assert territory.qpv_public_percent == CONTENT["qpv_public_percent"]
    assert list(territory.city_funders) == [
        entry["code"] for entry in CONTENT["funders"] if entry.get("budget") == "147"
    ]
    assert territory.city_funders


def test_an_essential_names_one_known_dispositif_or_theme(data):
    change(data, ('dispositif = "pre"', 'dispositif = "ailleurs"'), ('theme = "1.5a"', ""))
    message = refusal(data)
    assert "essentials « PRE » : dispositif « ailleurs » inconnu" in message
    assert "essentials « Projet jeunesse » : attendu un dispositif ou un theme" in message
    change(data, ("qpv_public_percent = 50 ", "qpv_public_percent = 150 "))
    assert "« qpv_public_percent » : 150" in refusal(data)
