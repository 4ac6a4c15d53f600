"""All the text of ours is read at 4.5:1 or better, computed from the colours that are declared."""

import re
import tomllib
from pathlib import Path

import pytest

from analysis.contrast import LEAST, ink, ratio
from analysis.palette import RAMPS
from ui import charts, plots

ROOT = Path(__file__).resolve().parent.parent
THEME = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text(encoding="utf-8"))["theme"]
GROUNDS = {THEME["backgroundColor"], THEME["secondaryBackgroundColor"], "#ffffff"}
MAP_GROUNDS = {"#f6f4ef", "#ffffff"}
HEX = re.compile(r"#(?:[0-9a-f]{6}|[0-9a-f]{3})\b")


def full(colour: str) -> str:
    return colour if len(colour) == 7 else "#" + "".join(2 * sign for sign in colour[1:])


def declared(path: Path, grounds: set[str]) -> list[tuple[str, str, str]]:
    """Every text colour of a style sheet, on its rule's own ground or else on the usual ones."""
    text = re.sub(r"/\*.*?\*/", "", path.read_text(encoding="utf-8"), flags=re.S)
    names = dict(re.findall(r"(--[\w-]+):\s*(#[0-9a-f]+)", text))
    text = re.sub(r"var\((--[\w-]+)\)", lambda found: names.get(found[1], found[0]), text)
    found = []
    for selector, body in re.findall(r"([^{}]+)\{([^{}]*)\}", text):
        inks = re.findall(r"(?<![\w-])color:\s*(#[0-9a-f]+)", body)
        own = [
            full(colour)
            for value in re.findall(r"background:([^;]*)", body)
            for colour in HEX.findall(value)
        ]
        found += [(selector.strip(), full(i), g) for i in inks for g in own or sorted(grounds)]
    return found


STYLES = [
    *declared(ROOT / "ui" / "assets" / "atlas.css", GROUNDS),
    *declared(ROOT / "reports" / "assets" / "map.css", MAP_GROUNDS),
    *declared(ROOT / "reports" / "assets" / "file.css", GROUNDS),
    *declared(ROOT / "reports" / "assets" / "legend.css", GROUNDS),
]


def test_the_contrast_is_that_of_wcag():
    assert ratio("#000000", "#ffffff") == pytest.approx(21)
    assert ratio("#777777", "#ffffff") == pytest.approx(4.48, abs=0.005)  # WebAIM's known failure
    assert ratio("#ffffff", "#767676") == pytest.approx(4.54, abs=0.005)


def test_every_text_of_the_style_sheets_is_read():
    assert len(STYLES) > 40
    assert [one for one in STYLES if ratio(*one[1:]) < LEAST] == []


def test_the_theme_is_read_on_its_grounds():
    for name in ("textColor", "linkColor", "primaryColor"):
        assert min(ratio(THEME[name], ground) for ground in GROUNDS) >= LEAST, name


def test_the_text_of_charts_is_read_on_its_ground():
    inks = (charts.INK, plots.GREY, charts.ACCENT)
    assert min(ratio(one, THEME["backgroundColor"]) for one in inks) >= LEAST
    assert ratio("#ffffff", charts.ACCENT) >= LEAST  # the numbers of the scatter, on dark discs
    assert ratio(charts.INK, charts.PALE) >= LEAST  # and on pale ones


def test_the_letters_of_the_legend_are_read_on_every_colour():
    for colour in (*charts.GROUP_COLOURS, *(one for ramp in RAMPS.values() for one in ramp)):
        assert ratio(ink(colour), colour) >= LEAST, colour
