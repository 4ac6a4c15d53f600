"""The dashboard: its figures are the engine's, whatever the selection."""

import re
import tomllib
from dataclasses import replace
from html import unescape
from pathlib import Path

import altair as alt
import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from analysis import wording
from analysis.programme import by_target, grand_total, totals
from analysis.selection import Selection
from geo.errors import DataFileError
from store.tables import quarter_table, selected, year_before
from tests.samples import atlas
from ui import accounts, charts

ROOT = Path(__file__).resolve().parent.parent
HOSTILE = "<img src=x onerror=alert(1)> *gras* $x$ `c` [l](http://x) :red[r] & {{7*7}}"
DEMO = Selection("demo", 2025)


def script(selection, atlas, fault=None):
    import streamlit as st

    from ui import frame, navigation

    def fail(*_):
        raise fault

    entry = next(entry for entry in navigation.PAGES if entry.word == "tableau")
    if fault:
        atlas.years = fail
    st.navigation([*navigation.streamlit_pages(lambda _: None).values()], position="hidden")
    frame.draw_page(entry, atlas, selection)


def show(selection, opened=None, fault=None):
    given = {"selection": selection, "atlas": opened or atlas(), "fault": fault}
    page = AppTest.from_function(script, kwargs=given, default_timeout=60).run()
    assert not page.exception
    return page


def metrics(page):
    return {metric.label: metric for metric in page.metric}


def tables(page):
    """Return every HTML table of the page: caption, then rows of cell texts."""
    found = {}
    for element in page.get("html"):
        body = element.proto.body
        for table in re.findall(r"<table>.*?</table>", body, re.S):
            caption = unescape(re.findall(r"<caption>(.*?)</caption>", table)[0])
            rows = [
                [unescape(cell) for cell in re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row)]
                for row in re.findall(r"<tr[^>]*>(.*?)</tr>", table, re.S)
            ]
            found[f"{caption} | {rows[0][0]}"] = rows[1:]
    return found


def euros_in(cell):
    if cell == wording.MISSING:  # not granted yet: it adds nothing
        return 0
    digits = re.sub(r"[^\d,−+]", "", cell).replace(",", ".").replace("−", "-")
    return round(float(digits) * 100)


@pytest.mark.parametrize("year", [2023, 2024, 2025])
def test_figures_are_those_of_the_engine(year):
    selection = Selection("demo", year)
    rows = selected(atlas(), selection)
    whole, buckets = grand_total(rows), by_target(rows)
    quarters = quarter_table(atlas(), selection)
    shown = metrics(show(selection))
    assert shown["Crédits accordés"].value == wording.short_euros(whole["granted_cents"])
    assert wording.euros(whole["granted_cents"], 2) in shown["Crédits accordés"].help
    supported = rows[rows["status"] == "granted"]["project_id"].nunique()
    assert shown["Projets soutenus"].value == wording.number(supported)
    people = quarters["population"].sum()
    each = round(quarters["granted_cents"].sum() / people)
    assert shown["Accordé par habitant des QPV"].value == wording.euros(each)
    part = wording.share(buckets["granted_cents"]["quarter"], whole["granted_cents"])
    assert shown["Part des quartiers identifiés"].value == part


def test_delta_is_the_difference_with_the_year_before():
    before = grand_total(selected(atlas(), Selection("demo", 2024)))["granted_cents"]
    now = grand_total(selected(atlas(), DEMO))["granted_cents"]
    delta = metrics(show(DEMO))["Crédits accordés"].delta
    assert delta == f"{wording.signed((now - before) / 100)}\u202f€ sur un an"


def test_first_year_says_it_has_no_year_before():
    page = show(Selection("demo", 2023))
    assert not metrics(page)["Crédits accordés"].delta
    assert any("n'a pas d'année 2022" in text.value for text in page.markdown)
    assert year_before(atlas(), Selection("demo", 2023)) is None


@pytest.mark.parametrize(
    "selection",
    [
        DEMO,
        replace(DEMO, themes=("1.1", "3.1"), funders=("etat-147",)),
        replace(DEMO, quarters=("QN06211M", "QN06206M")),
        Selection("postes", 2022),
    ],
    ids=["all", "filters", "quarters", "postes"],
)
def test_identity_adds_up_to_the_cent(selection):
    page = tables(show(selection))
    *parts, total = page["Le total, au centime | Affectation"]
    whole = grand_total(selected(atlas(), selection))
    assert euros_in(total[2]) == whole["granted_cents"]
    assert sum(euros_in(row[2]) for row in parts) == whole["granted_cents"]
    *reasons, same = page["Situations rencontrées | Affectation – situation du projet"]
    assert sum(euros_in(row[2]) for row in reasons) == euros_in(same[2]) == whole["granted_cents"]
    assert sum(int(row[1]) for row in reasons) == whole["projects"]


def test_every_quarter_has_its_row_zero_included():
    table = quarter_table(atlas(), DEMO)
    *rows, total = tables(show(DEMO))["Programmation 2025, par quartier | Quartier"]
    shown = {row[0]: row for row in rows}
    assert set(shown) == set(atlas().quarter_labels.values())
    for _, line in table.iterrows():
        assert shown[line["label"]][1:3] == [
            wording.number(line["projects"]),
            wording.euros(line["granted_cents"]),
        ]
    assert "0\u202f€" in [row[2] for row in rows]
    granted = [euros_in(row[2]) for row in rows]
    assert granted == sorted(granted, reverse=True)
    assert total[2] == wording.euros(int(table["granted_cents"].sum()))


def test_themes_and_funders_add_up_to_the_whole():
    rows = selected(atlas(), DEMO)
    page = tables(show(DEMO))
    whole = wording.euros(grand_total(rows)["granted_cents"])
    for what, first in (("thème", "Famille – thème"), ("financeur", "Financeur")):
        assert page[f"Programmation 2025, par {what} | {first}"][-1][3] == whole
    families = [
        row
        for row in page["Programmation 2025, par thème | Famille – thème"][:-1]
        if row[0][0] != "–"
    ]
    expected = totals(rows, "group")["granted_cents"].sort_values(ascending=False)
    assert [row[3] for row in families] == [wording.euros(cents) for cents in expected]


def test_figures_follow_the_chosen_quarters():
    selection = replace(DEMO, quarters=("QN06211M",))
    page = show(selection)
    cents = quarter_table(atlas(), DEMO)["granted_cents"]["QN06211M"]
    shown = metrics(page)
    assert shown["Crédits accordés"].value == wording.short_euros(cents)
    whole = grand_total(selected(atlas(), DEMO))["granted_cents"]
    assert shown["Part des quartiers choisis"].value == wording.share(cents, whole)
    assert (
        len(tables(page)["Programmation 2025, par quartier | Quartier"]) == 2
    )  # the quarter and the total
    assert "le quartier choisi reçoit" in page.subheader[0].value


def test_change_by_quarter_lists_every_quarter():
    page = show(DEMO)
    switch = page.button_group(key="tableau_change")
    page = switch.set_value("qpv_code").run()
    *rows, total = tables(page)["Crédits accordés d'une année à l'autre | "]
    assert len(rows) == len(atlas().quarters)
    before = int(quarter_table(atlas(), Selection("demo", 2024))["granted_cents"].sum())
    now = int(quarter_table(atlas(), DEMO)["granted_cents"].sum())
    assert total[1:] == [
        wording.euros(before),
        wording.euros(now),
        f"{wording.signed((now - before) / 100)}\u202f€",
    ]


def test_programme_without_location_claims_no_zero():
    page = show(Selection("postes", 2023))
    shown = metrics(page)
    assert shown["Accordé par habitant des QPV"].value == wording.MISSING
    assert shown["Part des quartiers identifiés"].value == "0\u202f%"
    assert "aucun montant n'est rattaché à un quartier" in page.subheader[0].value
    texts = " ".join(text.value for text in page.markdown)
    assert "ne donne pas les montants demandés" in texts
    assert tables(page)["Programmation 2023, par financeur | Financeur"][0][2] == wording.MISSING


@pytest.mark.parametrize("status", ["pending", "refused", "ineligible"])
def test_selection_where_nothing_is_granted(status):
    page = show(replace(DEMO, statuses=(status,)))
    assert "aucun crédit accordé n'est connu" in page.subheader[0].value
    assert metrics(page)["Projets soutenus"].value == "0"


def test_empty_selection_says_what_to_do():
    page = show(replace(DEMO, themes=("1.1",), dispositifs=("npnru",), statuses=("ineligible",)))
    assert "Aucun projet ne correspond" in page.info[0].value
    assert not page.metric


def test_error_of_a_file_shows_as_its_message():
    opened = type(atlas())(ROOT / "data")
    page = show(DEMO, opened, DataFileError("Le fichier essai.csv est illisible."))
    assert "essai" in page.error[0].value


def test_hostile_names_stay_text():
    opened = type(atlas())(ROOT / "data")
    funders = tuple(
        replace(funder, label=HOSTILE, short=f"{HOSTILE} {rank}")
        for rank, funder in enumerate(opened.territory.funders)
    )
    opened.territory = replace(opened.territory, funders=funders)
    names = {code: f"{HOSTILE} {name}" for code, name in opened.quarter_labels.items()}
    opened.quarter_labels = names
    page = show(DEMO, opened)
    for element in page.get("html"):
        assert "<img" not in element.proto.body
    named = [text.value for text in page.markdown if "onerror" in text.value]
    assert named
    for text in named:
        assert not re.search(r"(?<!\\)[<*`$\[:{]", text)
    assert any(HOSTILE in row[0] for rows in tables(page).values() for row in rows)


def test_palette_is_that_of_the_theme():
    config = tomllib.loads((ROOT / ".streamlit/config.toml").read_text(encoding="utf-8"))
    assert list(charts.GROUP_COLOURS[:-1]) == config["theme"]["chartCategoricalColors"]
    colours = charts.group_colours(atlas().territory)
    groups = atlas().territory.nomenclature.groups
    assert [colours[group.code] for group in groups] == list(charts.GROUP_COLOURS[:8])
    assert len(set(colours.values())) == len(groups) + 1


def test_bar_table_is_light_and_escaped():
    rows = [(f"{HOSTILE} {rank}", 100_000_000 - rank) for rank in range(8)]
    html = charts.bar_table(HOSTILE, rows)
    assert "<img" not in html
    assert unescape(html).count("onerror") == 9
    plain = charts.bar_table("Par thème", [("Emploi et développement économique", 123_456_789)] * 8)
    assert len(plain.encode()) < 2000


def test_bar_table_shares_are_of_the_whole():
    html = charts.bar_table("Titre", [("a", 3000), ("b", 1000)], whole=10_000)
    assert "<td>30\u202f€</td><td>30\u202f%</td>" in html
    assert "width:33%" in html
    assert "<td>75\u202f%</td>" in charts.bar_table("Titre", [("a", 3000), ("b", 1000)])
    assert "<tr>" not in charts.bar_table("Rien", [])


def sample(*values):
    labels = [f"Quartier {rank}" for rank in range(len(values))]
    texts = [f"texte {rank}" for rank in range(len(values))]
    return pd.DataFrame({"label": labels, "value": values, "text": texts})


def test_bars_keep_every_row_in_order_even_without_value():
    chart = charts.bars(sample(5.0, 0.0, None)).to_dict()
    (data,) = chart["datasets"].values()
    assert [row["label"] for row in data] == ["Quartier 0", "Quartier 1", "Quartier 2"]
    assert [row["value"] for row in data] == [5.0, 0.0, 0.0]
    assert chart["layer"][0]["encoding"]["y"]["sort"] == [row["lines"] for row in data]


@pytest.mark.parametrize("draw", [charts.bars, charts.change_bars])
def test_no_chart_formats_a_number_itself(draw):
    chart = draw(sample(1234.5, 3.0))
    written = chart.to_dict()
    assert isinstance(chart, alt.LayerChart)
    for layer in written["layer"]:
        encoding = layer.get("encoding", {})
        assert encoding.get("x", {}).get("axis", None) is None
        for tip in encoding.get("tooltip", []):
            assert tip["type"] == "nominal"


def test_long_labels_are_folded_never_cut():
    name = "Quartier Des Cité 5 - Cité De Marles - Cité Du Rond-Point (Bruay-la-Buissière)"
    (data,) = charts.bars(sample(1.0).assign(label=name)).to_dict()["datasets"].values()
    assert data[0]["lines"].replace("\n", " ") == name
    assert max(len(line) for line in data[0]["lines"].split("\n")) <= 36


def test_paired_bars_keep_the_order_of_the_series():
    rows = pd.concat([sample(1.0).assign(series="Demandé"), sample(2.0).assign(series="Accordé")])
    colours = {"Demandé": charts.PALE, "Accordé": charts.ACCENT}
    chart = charts.paired_bars(rows, colours).to_dict()
    scale = chart["layer"][0]["encoding"]["color"]["scale"]
    assert dict(zip(scale["domain"], scale["range"], strict=True)) == colours


def test_missing_amount_has_no_share():
    assert accounts.share_of(pd.NA, 100) == wording.MISSING
    assert accounts.share_of(25, 100) == "25\u202f%"


CHART_SCRIPT = """
import pandas as pd
from ui import charts

names = ["<img src=x onerror='window.PWN=1'>", "${window.PWN=1}", "</script><b>gras</b> {{ 7*7 }}"]
rows = pd.DataFrame({"label": names, "value": [3.0, -1.0, 2.0], "text": names})
charts.show(charts.bars(rows.assign(value=[3.0, 1.0, 0.0])), "Barres", table="a")
charts.show(charts.change_bars(rows), "Écarts", table="b")
pairs = rows.assign(value=1.0, series="a")
charts.show(charts.paired_bars(pairs, {"a": "#1d4f91"}), "Paires", table="c")
"""


def test_hostile_labels_are_only_text_in_a_chart(serve, open_page, tmp_path):
    path = tmp_path / "page.py"
    path.write_text(CHART_SCRIPT, encoding="utf-8")
    visit = open_page(serve(path))
    page = visit.page
    page.wait_for_function(
        "document.querySelectorAll('[data-testid=stVegaLiteChart] svg').length==3"
    )
    bar = page.locator("[data-testid=stVegaLiteChart] svg .mark-rect path").first
    bar.hover()
    tip = page.locator("#vg-tooltip-element.visible")
    assert "onerror='window.PWN=1'" in tip.inner_text()
    assert tip.locator("img").count() == 0
    assert page.evaluate("window.PWN") is None
    drawn = page.locator("[data-testid=stVegaLiteChart] svg").first.text_content()
    assert "${window.PWN=1}" in drawn
    assert not visit.outside_requests
    assert not visit.errors
