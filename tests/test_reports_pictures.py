"""A chart taken away: a picture that stands alone, made without network, hostile text kept text."""

from xml.etree import ElementTree

import altair as alt
import pandas as pd
import pytest

from reports.pictures import to_png, to_svg
from store.comparisons import comparison
from tests.samples import atlas
from ui import charts
from ui.strip import strip
from ui.trend import domain_of, trend

SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = "</text><script>alert(1)</script> {{7*7}} & \u202f$x$"


def texts(svg):
    root = ElementTree.fromstring(svg)  # noqa: S314 - written by ourselves
    return ["".join(node.itertext()) for node in root.iter(f"{SVG}text")]


def test_a_strip_has_its_title_its_source_and_every_french_figure():
    found = comparison(atlas(), "median_income", "QN06211M")
    chart = strip(found, atlas().quarter_labels)
    assert chart is not None
    shown = " ".join(texts(to_svg(chart.to_dict(), "Revenu médian", ["Source : Insee"])))
    assert "Revenu médian" in shown
    assert "Source : Insee" in shown
    for _, row in found.rows[found.rows["status"] == "published"].iterrows():
        assert found.value_text(row) in shown


def test_a_series_is_drawn_with_the_others_behind():
    every = atlas().history("poverty_rate")
    named = every.assign(name=every["qpv_code"])
    own = named["qpv_code"] == "QN06211M"
    indicator = atlas().indicators["poverty_rate"]
    chart = trend(named[own], indicator, domain_of(every), others=named[~own])
    assert "46,7" in texts(to_svg(chart.to_dict(), "Pauvreté", []))


def test_a_png_is_twice_as_fine_as_its_drawing():
    rows = pd.DataFrame({"label": ["a"], "value": [1.0], "text": ["1"]})
    png = to_png(charts.bars(rows).to_dict(), "Titre", [])
    assert png.startswith(b"\x89PNG")
    width = int.from_bytes(png[16:20], "big")
    assert width >= 2 * 760


def test_a_hostile_text_stays_text():
    rows = pd.DataFrame({"label": [HOSTILE], "value": [1.0], "text": [HOSTILE]})
    svg = to_svg(charts.bars(rows).to_dict(), HOSTILE, [HOSTILE])
    root = ElementTree.fromstring(svg)  # noqa: S314 - written by ourselves
    assert not list(root.iter(f"{SVG}script"))
    assert any("{{7*7}}" in text for text in texts(svg))


def test_a_chart_asks_no_address():
    chart = alt.Chart("https://example.org/d.json").mark_point().encode(x="a:Q")
    with pytest.raises(ValueError, match="allowed"):
        to_svg(chart.to_dict(), "Titre", [])
