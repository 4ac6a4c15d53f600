"""A page with nothing but the map: real quarters, invented points. Run by tests and benchmarks.

Streamlit serves the ``static`` folder beside the script it runs, so each run uses a copy of this
file in a folder of its own. The environment chooses the content: ATLAS_MAP_QUARTERS (16 real
ones, or more: copies moved about), ATLAS_MAP_POINTS, ATLAS_MAP_TEXT (put in every text).
"""

import os
import random
from pathlib import Path

import geopandas as gpd
import pandas as pd
import streamlit as st

import ui.maps
from geo.proximity import bands
from reports import map_content

DATA = Path(ui.maps.__file__).parent.parent / "data" / "qpv"
CRS = "EPSG:2154"
NPNRU = ["QN06211M", "QN06208M"]
BLUES = ["#f2f0c9", "#b4dfb9", "#5dc0c0", "#1f80b8", "#22318d"]
THEMES = ["#332288", "#cc6677", "#117733", "#b8960c", "#2a8fbd", "#882255", "#2f8f82", "#7a7a1f"]


def real_quarters() -> gpd.GeoDataFrame:
    layer = gpd.read_file(DATA / "qpv_2024.geojson")
    names = {"code_qp": "qpv_code", "lib_qp": "qpv_name", "lib_com": "commune_names"}
    layer = layer.rename(columns=names)[[*names.values(), "geometry"]]
    return layer.assign(npnru=layer["qpv_code"].isin(NPNRU))


def many_quarters(count: int) -> gpd.GeoDataFrame:
    """Copies of the real quarters, moved on a grid over northern France."""
    real = real_quarters().to_crs(CRS)
    copies = []
    for index in range(-(-count // len(real))):
        moved = real.geometry.translate((index % 10) * 40_000, -(index // 10) * 25_000)
        codes = real["qpv_code"].str[:2] + f"{index:03d}" + real["qpv_code"].str[5:]
        copies.append(real.assign(qpv_code=codes, geometry=moved))
    return pd.concat(copies, ignore_index=True).iloc[:count].to_crs("EPSG:4326")


def quarters(count: int, text: str) -> gpd.GeoDataFrame:
    layer = real_quarters() if count == 16 else many_quarters(count)
    return layer.assign(qpv_name=layer["qpv_name"] + text, commune_names=layer.commune_names + text)


def communes() -> pd.DataFrame:
    table = pd.read_csv(DATA / "communes.csv", dtype={"code_insee": str})
    return table.rename(columns={"nom": "commune_name"})


def points(layer: gpd.GeoDataFrame, count: int, text: str) -> pd.DataFrame:
    dice = random.Random(7)
    inside = layer.geometry.representative_point()
    rows = []
    for index in range(count):
        home = inside.iloc[dice.randrange(len(inside))]
        theme = dice.randrange(len(THEMES))
        lon, lat = home.x + dice.gauss(0, 0.008), home.y + dice.gauss(0, 0.005)
        rows.append((f"P{index:05d}", lon, lat, theme, index % 9 == 4, f"Action inventée {index}"))
    names = ["project_id", "lon", "lat", "theme_index", "undecided", "title"]
    frame = pd.DataFrame(rows, columns=names)
    frame = frame.assign(
        operator=[f"Association d'essai {index % 37}" for index in range(count)],
        theme_label="Thème d'essai",
        amount_label=[f"{1 + index % 40} 000 €" for index in range(count)],
    )
    words = ["title", "operator", "theme_label", "amount_label"]
    frame[words] = frame[words] + text
    return frame


@st.cache_data
def cents(count: int) -> list[int | None]:
    dice = random.Random(11)
    return [
        None if dice.random() < 0.02 else round(dice.lognormvariate(13, 1)) for _ in range(count)
    ]


def classes(count: int, shift: int) -> str:
    """Five classes at random, with a secret, an absent, a not comparable, maybe a hidden one."""
    dice = random.Random(shift)
    codes = [str(dice.randrange(5)) for _ in range(count)]
    codes[2], codes[5], codes[9] = "s", "a", "x"
    if shift == 9:
        codes[12] = "-"
    return "".join(codes)


def labels(codes: str) -> list[str]:
    dice = random.Random(codes)
    return [f"{dice.randrange(100)},{dice.randrange(10)} %" if c.isdigit() else "" for c in codes]


def publish(count: int, text: str, static: Path) -> tuple[ui.maps.MapBase, gpd.GeoDataFrame]:
    layer = quarters(count, text)
    ring = bands(layer.to_crs(CRS), NPNRU, CRS).to_crs("EPSG:4326")
    place = layer.geometry.iloc[[0]].to_crs(CRS).buffer(400).to_crs("EPSG:4326")
    lived = gpd.GeoDataFrame(
        {"label": [f"Gymnase inventé{text}"], "quarter": ["Le Centre"]},
        geometry=[*place],
        crs="EPSG:4326",
    )
    return ui.maps.publish_base(layer, ring, communes(), static, crs=CRS, lived=lived), layer


@st.cache_resource
def territory(count: int, text: str) -> tuple[ui.maps.MapBase, gpd.GeoDataFrame]:
    return publish(count, text, Path(__file__).parent / "static")


@st.cache_resource
def projects(count: int, points_count: int, text: str) -> map_content.ProjectLayer:
    return map_content.project_layer(points(territory(count, text)[1], points_count, text))


def main() -> None:
    st.set_page_config(layout="wide")
    count = int(os.environ.get("ATLAS_MAP_QUARTERS", "16"))
    points_count = int(os.environ.get("ATLAS_MAP_POINTS", "450"))
    text = st.query_params.get("texte", os.environ.get("ATLAS_MAP_TEXT", ""))
    base, _ = territory(count, text)
    layer = projects(count, points_count, text)
    columns = st.columns(5)
    indicator = columns[0].number_input("Indicateur", 0, 9, 0)
    bands_on = columns[1].toggle("Bandes")
    names_on = columns[2].toggle("Communes", value=True)
    clusters = columns[3].toggle("Grappes", value=True)
    few = columns[4].toggle("Peu de projets")
    codes = classes(count, indicator)
    shown = [index % 5 == 0 or not few for index in range(points_count)]
    state = map_content.MapState(
        classes=codes,
        labels=labels(codes),
        colours=BLUES,
        note=f"Indicateur d'essai {indicator}\nSource inventée, 2019\nPérimètres 2015",
        selected=st.session_state.get("choisi"),
        sizes=map_content.circle_codes(cents(points_count), shown, 4_000_000),
        theme_colours=THEMES,
        theme_letters=list("ÉSDCLMVP"),
        bands=bands_on,
        lived=bands_on,
        key=[("0", "de 0 à 20 %"), ("s", f"secret{text}")],
        communes=names_on,
        clusters=clusters,
    )
    clicked = ui.maps.draw(
        base,
        state,
        layer,
        on_click=lambda code: st.session_state.update(choisi=code),
        on_project=lambda key: st.session_state.update(ouvert=key),
    )
    st.write("Ouvert :", st.session_state.get("ouvert", "aucun"))
    st.write("Choisi :", st.session_state.get("choisi", "aucun"), "— clic :", clicked or "aucun")


if __name__ == "__main__":
    main()
