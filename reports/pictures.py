"""A chart as a picture that stands alone: its title and sources are in it.

Streamlit draws Vega-Lite without Vega's own export menu, so the server draws the picture, with
vl-convert: one wheel, no browser and no network.
"""

import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

import vl_convert

WIDTH = 760
_FONT = "Liberation Sans, Arial, Helvetica, sans-serif"
_SCALE = 2  # pixels of a PNG for one of the drawing
_TITLE_CHARACTERS = 90
_NOTE_CHARACTERS = 125


def to_svg(spec: Mapping[str, Any], title: str, notes: Sequence[str]) -> bytes:
    """Return a Vega-Lite chart as SVG, ``WIDTH`` wide, its title and notes above it.

    Texts stay texts: nothing in a label or in the data is read as markup, and no address is asked.
    """
    text = vl_convert.vegalite_to_svg(_whole(spec, title, notes), allowed_base_urls=[])
    return str(text).encode("utf-8")


def to_png(spec: Mapping[str, Any], title: str, notes: Sequence[str]) -> bytes:
    """Return the same picture as PNG, on white, twice as fine as the screen."""
    whole = _whole(spec, title, notes)
    return bytes(vl_convert.vegalite_to_png(whole, scale=_SCALE, allowed_base_urls=[]))


def _whole(spec: Mapping[str, Any], title: str, notes: Sequence[str]) -> dict[str, Any]:
    """Return the chart with its texts; ``notes`` are one line each, folded if too long."""
    chart = {**spec, "width": WIDTH, "background": "white", "padding": 16}
    chart["title"] = {
        "text": _folded(title, _TITLE_CHARACTERS),
        "subtitle": [line for note in notes if note for line in _folded(note, _NOTE_CHARACTERS)],
        "anchor": "start",
        "frame": "group",
        "offset": 14,
        "fontSize": 16,
        "subtitleFontSize": 11,
        "subtitleColor": "#55585f",
    }
    chart["config"] = {**chart.get("config", {}), "font": _FONT}
    return chart


def _folded(text: str, characters: int) -> list[str]:
    return textwrap.wrap(text, characters, break_on_hyphens=False) or [""]
