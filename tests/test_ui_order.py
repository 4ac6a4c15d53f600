"""Every page in one order and in French: sentence, figures, charts with tables, sources."""

import re
from collections.abc import Iterator
from functools import cache
from html import unescape
from typing import NamedTuple

import pytest
from streamlit.testing.v1 import AppTest

from analysis.selection import Selection
from tests.test_ui_summaries import ATLAS, LE_CENTRE, LIEBAUT, script
from ui import charts
from ui.navigation import PAGES

VIEWS = [(entry.word, ()) for entry in PAGES] + [
    ("quartiers", (LE_CENTRE,)),
    ("quartiers", (LE_CENTRE, LIEBAUT)),
    ("comparer", (LE_CENTRE,)),
    ("carte", (LE_CENTRE,)),
]
TEXTS = ("markdown", "caption", "info", "success", "warning")
HEADINGS = ("title", "header", "subheader")
# The circles of a map and their sizes travel in components that draw nothing.
NO_PICTURE = re.compile(r"\$\$ID-\w+-\w+-(?:projets|cercles)")
FIGURES = ("metric", "cards", "chart", "map", "table")
# Versions, themes (1.2), codes (SIREN) and addresses are no numbers.
NOT_NUMBERS = re.compile(
    r"Libre réponse.+|(WCAG|RGAA|EPSG:|thème|www\.|n°)\s?\S+|\b\d{9}\b|\d\.\d[a-z]?(?= )"
)
UNFORMATTED = re.compile(r"\b\d+\.\d+\b|(?<![\w\d.-])(?!(?:19|20)\d\d\b)\d{4,}(?![\w\d-])")
NOT_FRENCH = re.compile(
    r"\b(?:nan|NaN|None|NaT|inf|True|False|null|undefined|the|and|with|no data|choose|select|"
    r"value|values|missing|unknown|error|total of)\b|<NA>"
)


class Part(NamedTuple):
    """What a reader meets: kind, and its words."""

    kind: str
    text: str


def parts_of(block) -> Iterator[Part]:
    for child in block.children.values():
        if hasattr(child, "children"):
            yield Part("label", getattr(child, "label", ""))
            yield from parts_of(child)
        elif child.type == "html":
            yield from parts_of_html(child.proto.body)
        elif child.type == "metric":
            yield Part("metric", f"{child.label} {child.value} {child.delta}")
        elif child.type in (*TEXTS, *HEADINGS):
            yield Part("heading" if child.type in HEADINGS else "text", plain(child.value))
        else:
            yield from pictures_of(child)


def pictures_of(child) -> Iterator[Part]:
    if child.type == "vega_lite_chart":
        yield Part("chart", child.proto.alt)
    elif child.type == "arrow_data_frame":
        yield Part("table", child.proto.alt)
    elif child.type == "bidi_component" and not NO_PICTURE.fullmatch(child.proto.id):
        yield Part("map", child.proto.id)


def parts_of_html(body: str) -> Iterator[Part]:
    words = unescape(
        re.sub(r"<[^>]+>", " ", re.sub(r"<(style|script).*?</\1>", "", body, flags=re.S))
    )
    for caption in re.findall(r"<caption>(.*?)</caption>", body):
        yield Part("table", unescape(caption))
    kind = next(
        (name for name in ("lead", "sources", "cards") if f'class="{name}"' in body), "text"
    )
    yield Part(kind, words)


def plain(markdown: str) -> str:
    return markdown.replace("\\", "").replace("*", "")


@cache
def parts(word: str, quarters: tuple[str, ...]) -> list[Part]:
    given = {"word": word, "selection": Selection("demo", 2025, quarters=quarters), "atlas": ATLAS}
    page = AppTest.from_function(script, kwargs=given, default_timeout=120).run()
    assert not page.exception
    return list(parts_of(page.main))


views = pytest.mark.parametrize(("word", "quarters"), VIEWS, ids=lambda one: str(one or "all"))


@views
def test_a_page_opens_with_its_sentence_and_ends_with_its_sources(word, quarters):
    kinds = [part.kind for part in parts(word, quarters)]
    told = next(
        at
        for at, part in enumerate(parts(word, quarters))
        if part.kind in ("lead", "heading") and part.text.rstrip().endswith(".")
    )
    assert not set(kinds[:told]) & set(FIGURES)
    if "sources" in kinds and word != "quartiers":
        last = max(at for at, kind in enumerate(kinds) if kind == "sources")
        assert not set(kinds[last:]) & set(FIGURES)
    else:
        assert word in ("quartiers", "donnees", "importer", "accessibilite")


@views
def test_every_chart_and_map_has_its_table_and_its_sentence(word, quarters):
    found = parts(word, quarters)
    captions = [part.text for part in found if part.kind == "table"]
    named = re.compile(re.escape(charts.TABLE).replace(r"\{\}", "(.+)"))
    for at, part in enumerate(found):
        if part.kind == "map":
            assert captions
        if part.kind == "chart":
            caption = named.search(part.text)
            assert caption and caption[1] in captions, part.text
        if part.kind in ("map", "chart"):
            assert any(one.text.rstrip().endswith(".") for one in around(found, at)), part


def around(found: list[Part], at: int) -> list[Part]:
    """The texts beside a picture: from the heading above it to the next heading or picture."""
    above = max((k for k in range(at) if found[k].kind == "heading"), default=0)
    below = next(
        (k for k in range(at + 1, len(found)) if found[k].kind in ("heading", "chart", "map")),
        len(found),
    )
    return [one for one in found[above:below] if one.kind in ("lead", "text", "heading")]


def test_the_pages_do_show_charts_and_maps():
    kinds = [part.kind for view in VIEWS for part in parts(*view)]
    assert kinds.count("chart") >= 12
    assert kinds.count("map") >= 3


@views
def test_what_is_read_is_french_and_its_numbers_too(word, quarters):
    for part in parts(word, quarters):
        assert not NOT_FRENCH.search(part.text), part
        assert not UNFORMATTED.search(NOT_NUMBERS.sub("", part.text)), part
