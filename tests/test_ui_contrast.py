"""All our text is read at 4.5:1 or better and our marks at 3:1, computed from declared colours."""

import ast
import re
import tomllib
from pathlib import Path
from types import ModuleType

import pandas as pd
import pytest

from analysis.contrast import LEAST, ink, ratio
from analysis.palette import ACCENT, FALL, GREY, INK, QUIET, RAMPS
from reports import drawings, labels, plan
from ui import charts

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
    inks = (charts.INK, GREY, charts.ACCENT)
    assert min(ratio(one, THEME["backgroundColor"]) for one in inks) >= LEAST
    assert ratio("#ffffff", charts.ACCENT) >= LEAST  # the numbers of the scatter, on dark discs
    assert ratio(charts.INK, charts.PALE) >= LEAST  # and on pale ones


def test_the_letters_of_the_legend_are_read_on_every_colour():
    for colour in (*charts.GROUP_COLOURS, *(one for ramp in RAMPS.values() for one in ramp)):
        assert ratio(ink(colour), colour) >= LEAST, colour


# A mark that says something: WCAG 2.2, criterion 1.4.11.
LEAST_MARK = 3.0
SHEET = dict(
    re.findall(
        r'^#let (\w+) = rgb\("(#[0-9a-f]{6})"\)',
        (ROOT / "reports" / "templates" / "style.typ").read_text(encoding="utf-8"),
        flags=re.M,
    )
)


def text_fills(module: ModuleType) -> set[str]:
    """Every colour that a module of drawings gives to a text by name or by value."""
    tree = ast.parse(Path(str(module.__file__)).read_text(encoding="utf-8"))
    found = set()
    for call in ast.walk(tree):
        if isinstance(call, ast.Call) and getattr(call.func, "attr", "") in ("text", "write"):
            for word in call.keywords:
                if word.arg == "fill" and isinstance(word.value, ast.Constant):
                    found.add(str(word.value.value))
                elif word.arg == "fill" and isinstance(word.value, ast.Name):
                    found.add(getattr(module, word.value.id, INK))  # else ink() of its ground
    return found - {"#ffffff"}


def test_the_text_of_the_sheets_is_read_on_paper_and_on_their_ground():
    grounds = ("#ffffff", SHEET["ground"])
    for name in ("accent", "ink", "grey"):
        assert min(ratio(SHEET[name], ground) for ground in grounds) >= LEAST, name
    assert ratio("#ffffff", SHEET["accent"]) >= LEAST  # the band of the title
    fills = text_fills(drawings)
    assert len(fills) >= 2
    assert [one for one in fills for g in grounds if ratio(one, g) < LEAST] == []


def test_the_names_of_the_printed_map_are_read_on_what_they_cross():
    fills = text_fills(plan) | {labels.GREY}
    assert len(fills) >= 2
    grounds = ("#ffffff", plan._GROUND, plan._OTHER, plan._OWN)
    assert [one for one in fills for g in grounds if ratio(one, g) < LEAST] == []


def test_the_marks_of_charts_are_told_from_their_ground():
    grounds = (*GROUNDS, SHEET["ground"])
    for colour in (ACCENT, FALL, INK, QUIET, THEME["primaryColor"]):
        assert min(ratio(colour, ground) for ground in grounds) >= LEAST_MARK, colour


def test_a_pale_bar_has_an_edge():
    rows = pd.DataFrame({"label": ["a"], "value": [1.0], "text": ["1"], "series": ["s"]})
    for chart in (charts.bars(rows), charts.paired_bars(rows, {"s": charts.PALE})):
        bar = next(one for one in chart.to_dict()["layer"] if one["mark"]["type"] == "bar")
        assert bar["mark"]["stroke"] == INK


def test_the_edges_of_the_map_are_told_from_its_ground():
    script = (ROOT / "reports" / "assets" / "map.js").read_text(encoding="utf-8")
    absent = re.search(r'a: \{ fillColor: "#ffffff", color: "(#\w{6})"', script)
    lived = re.search(r'LIVED = \{ color: "(#\w{6})"', script)
    assert absent and lived
    for colour in (absent[1], lived[1], INK, ACCENT):
        assert f'"{colour}"' in script
        assert min(ratio(colour, ground) for ground in MAP_GROUNDS) >= LEAST_MARK, colour
    hatch, dots = re.search(r"3px, (#\w{6}) 3px", script), re.search(r"gradient\((#\w{6})", script)
    assert hatch and dots
    assert min(ratio(one[1], "#ece8df") for one in (hatch, dots)) >= LEAST_MARK
