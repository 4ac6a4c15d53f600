"""A territory with both layers: what became of each quarter, from the file to screen and export.

The 2015 layer is made up here from the real quarters, so that each change happens once.
"""

import json
import re
from html import unescape

import geopandas as gpd
import pandas as pd
import pytest
from shapely import affinity
from shapely.geometry import Point, Polygon, box, mapping, shape
from streamlit.testing.v1 import AppTest

from analysis.perimeters import RELATION_WORDS, became
from analysis.selection import Selection
from geo.crs import WGS84
from geo.geocoding import Place
from store.atlas import Atlas
from store.exports import export_bytes
from store.locating import Request, locate_file
from store.places import answer
from store.tables import export_quarters
from tests.samples import atlas, copy_data, rewrite, with_former_layer

DEMO = Selection("demo", 2025)
SPLIT, OTHER, MERGED, MOVED, NEW, *SAME = atlas().quarters["qpv_code"]
FORMER = atlas().crosswalk.set_index("qpv_code")["qpv_code_2015"]


def halves(whole):
    west, south, east, north = whole.bounds
    middle = (west + east) / 2
    return [whole.intersection(box(*e)) for e in
        ((west, south, middle, north), (middle, south, east, north))]  # fmt: skip


def made_up_layer():
    """QP of SPLIT covers SPLIT and OTHER; that of OTHER is far away, hence dropped."""
    shapes = atlas().quarters.set_index("qpv_code").geometry
    west, east = halves(shapes[MERGED])
    rows = {
        FORMER[SPLIT]: shapes[SPLIT].union(shapes[OTHER]),
        FORMER[OTHER]: box(2.0, 50.0, 2.01, 50.01),
        FORMER[MERGED]: west,
        FORMER[NEW]: east,
        FORMER[MOVED]: affinity.translate(shapes[MOVED], 0.001, 0.0),
        **{FORMER[code]: shapes[code] for code in SAME},
    }
    frame = pd.DataFrame({"qpv_code": list(rows)}).assign(qpv_name="Ancien", commune_names="Ici")
    return gpd.GeoDataFrame(frame, geometry=list(rows.values()), crs=WGS84)


@pytest.fixture(scope="module")
def both(tmp_path_factory) -> Atlas:
    return with_former_layer(copy_data(tmp_path_factory.mktemp("both")), made_up_layer())


EXPECTED = {
    SPLIT: ("split", [FORMER[SPLIT]]),
    OTHER: ("split", [FORMER[SPLIT]]),
    MERGED: ("merged", sorted([FORMER[MERGED], FORMER[NEW]])),
    MOVED: ("moved", [FORMER[MOVED]]),
    NEW: ("new", []),
    **{code: ("identical", [FORMER[code]]) for code in SAME},
}


def test_every_change_is_measured_and_named(both):
    found = both.relations
    for code, (relation, former) in EXPECTED.items():
        rows = found[found["qpv_code"] == code]
        assert set(rows["relation"]) == {relation}, code
        assert sorted(rows["qpv_code_2015"].dropna()) == former
    assert found.loc[found["relation"] == "dropped", "qpv_code_2015"].tolist() == [FORMER[OTHER]]


def script(page, selection, atlas):
    import streamlit as st

    from ui import frame, navigation

    entry = next(entry for entry in navigation.PAGES if entry.word == page)
    st.navigation([*navigation.streamlit_pages(lambda _: None).values()], position="hidden")
    frame.draw_page(entry, atlas, selection)


def shown(page, atlas, selection=DEMO, **session):
    given = {"page": page, "selection": selection, "atlas": atlas}
    opened = AppTest.from_function(script, kwargs=given, default_timeout=60)
    for key, value in session.items():
        opened.session_state[key] = value
    opened.run()
    assert not opened.exception
    assert not opened.error
    return opened


def texts(page):
    html = " ".join(unescape(element.proto.body) for element in page.get("html"))
    said = " ".join(
        box.value for kind in ("caption", "markdown", "warning") for box in page.get(kind)
    )
    return re.sub("<[^>]+>", " ", html), said.replace("\\", "")


def test_the_page_of_data_names_every_change(both):
    html, said = texts(shown("donnees", both, data_view="Territoire"))
    for relation in ("split", "merged", "moved", "new", "identical"):
        assert RELATION_WORDS[relation] in html
    assert re.search(rf"Sortis de la géographie prioritaire : [^.]+\({FORMER[OTHER]}\)\.", said)
    assert "Mesuré par les surfaces communes des deux couches." in said
    # The official table continues these codes otherwise than the outlines do: told, not hidden.
    assert f"{FORMER[OTHER]} → {OTHER}" in said


def test_the_page_of_a_quarter_says_what_it_was(both):
    html, said = texts(shown("quartiers", both, Selection("demo", 2025, quarters=(OTHER,))))
    assert f"Génération 2024 : {RELATION_WORDS['split']} (2015 : {FORMER[SPLIT]})." in said
    # Its figures were measured on the former perimeter, and say so.
    assert "mesuré sur le périmètre 2015, montré sur le quartier de 2024" in html


def test_the_export_says_what_each_quarter_was(both):
    layer = export_quarters(both, DEMO).set_index("code_qpv")
    for code in EXPECTED:
        assert layer.loc[code, "depuis_2015"] == became(both.relations, code)
    assert layer.loc[NEW, "depuis_2015"] == RELATION_WORDS["new"]
    assert RELATION_WORDS["merged"] in export_bytes(both, DEMO, "quarters", "csv").decode()


def test_positions_are_located_in_the_former_quarters_too(both, tmp_path):
    inside = atlas().quarters.set_index("qpv_code").geometry[OTHER].representative_point()
    (tmp_path / "in.csv").write_text(f"lon;lat\n{inside.x};{inside.y}\n", encoding="utf-8")
    locate_file(
        both, Request(generation=2015, uncertainty_m=1), tmp_path / "in.csv", tmp_path / "out.csv"
    )
    found = pd.read_csv(tmp_path / "out.csv", sep=";")
    assert found["qpv_code"].tolist() == [FORMER[SPLIT]]
    assert found["perimeter"].tolist() == ["QPV 2015"]


# Outlines at fault: repaired, or over one another.


@pytest.fixture(scope="module")
def faulty(tmp_path_factory) -> Atlas:
    former = made_up_layer()
    row = former.index[former["qpv_code"] == FORMER[MOVED]][0]
    west, south, east, north = former.geometry[row].bounds
    bow = Polygon([(west, south), (east, north), (east, south), (west, north)])
    former.loc[row, "geometry"] = bow
    return with_former_layer(copy_data(tmp_path_factory.mktemp("faulty")), former)


def test_repairs_of_both_layers_are_told(faulty, tmp_path):
    html, said = texts(shown("donnees", faulty, data_view="Territoire"))
    assert "Aucun contour de 2024 n'a dû être réparé" in said
    assert "Contours de 2015 réparés à la lecture" in html
    (tmp_path / "in.csv").write_text("lon;lat\n2.6;50.5\n", encoding="utf-8")
    found = locate_file(faulty, Request(generation=2015), tmp_path / "in.csv", tmp_path / "out.csv")
    assert "1 contour réparé à la lecture" in found.warnings[0]


@pytest.fixture(scope="module")
def lapping(tmp_path_factory) -> tuple[Atlas, str, str, Point]:
    """A copy where a square is added to a quarter, over the inside of another one."""
    data = copy_data(tmp_path_factory.mktemp("lapping"))
    layer = data / "qpv" / "qpv_2024.geojson"
    content = json.loads(layer.read_text(encoding="utf-8"))
    low, high = sorted([SPLIT, SAME[0]])
    point = atlas().quarters.set_index("qpv_code").geometry[low].representative_point()
    feature = next(one for one in content["features"] if one["properties"]["code_qp"] == high)
    grown = shape(feature["geometry"]).union(point.buffer(0.0005, cap_style="square"))
    feature["geometry"] = mapping(grown)
    rewrite(layer, json.dumps(content, ensure_ascii=False))
    return Atlas(data), low, high, point


def test_quarters_that_overlap_are_told_everywhere(lapping, tmp_path):
    opened, low, high, point = lapping
    pair = opened.overlaps.iloc[0]
    assert (pair["qpv_code"], pair["other_code"]) == (low, high)
    square = opened.quarters_metric.set_index("qpv_code").geometry[[low, high]]
    assert pair["area_m2"] == pytest.approx(square.iloc[0].intersection(square.iloc[1]).area)
    names = opened.quarter_labels
    _, said = texts(shown("donnees", opened, data_view="Territoire"))
    assert "1 paire de quartiers dont les contours se recouvrent" in said
    assert f"{names[low]} et {names[high]}" in said
    (tmp_path / "in.csv").write_text(f"lon;lat\n{point.x};{point.y}\n", encoding="utf-8")
    found = locate_file(opened, Request(), tmp_path / "in.csv", tmp_path / "out.csv")
    assert f"{low} et {high}" in found.warnings[0]
    layer = export_quarters(opened, DEMO).set_index("code_qpv")["recouvre"]
    assert (layer[low], layer[high], layer[NEW]) == (high, low, "")
    state, *_ = answer(opened, Place(point.x, point.y, "surveyed", "un point"))
    assert f"{names[low]}. Il est aussi dans {names[high]}" in state
