"""From the content of a document to a PDF/UA-1 file, by Typst.

The content is JSON that a template of ``templates/`` reads: a text of a user is a value, never
Typst markup. The fonts are those of the package font-source-sans-pro (Source Sans, the screen's),
embedded in every file; no font of the machine is used, so that the bytes are the same everywhere.
They write Latin letters: what they lack (another script, an emoji) is printed as one mark, and the
document says so, since PDF/UA-1 allows no letter without a shape.
"""

import json
import re
import unicodedata
from collections.abc import Mapping
from datetime import UTC, date, datetime
from functools import cache
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

import typst
from fontTools.ttLib import TTFont

LACK = "■"
UNWRITTEN = (
    f"{LACK} : signes ou écriture que la police de ce document n'a pas ; le fichier des données "
    "les garde."
)
_FACES = tuple(f"SourceSansPro-{face}" for face in ("Regular", "Semibold", "Bold", "It"))
TEMPLATES = Path(__file__).parent / "templates"


def pdf(template: str, content: Mapping[str, Any], day: date) -> bytes:
    """Return a document as PDF/UA-1: the same template, content and day give the same bytes.

    ``template`` is a name of ``templates/`` without its extension; ``day`` is the date written in
    the file. Typst refuses what would not be accessible: no title, a picture without a text.
    """
    shown = writable(content)
    if LACK in json.dumps(shown, ensure_ascii=False):
        shown["unwritten"] = UNWRITTEN
    return bytes(
        typst.compile(
            TEMPLATES / f"{template}.typ",
            root=TEMPLATES,
            font_paths=_fonts(),
            ignore_system_fonts=True,
            sys_inputs={"content": json.dumps(shown, ensure_ascii=False, allow_nan=False)},
            pdf_standards="ua-1",
            timestamp=datetime(day.year, day.month, day.day, tzinfo=UTC),
        )
    )


def writable(content: Any) -> Any:
    """Return a content whose texts the fonts can write: a run of what they lack is one LACK.

    Marks that only guide the writing (direction, joining, control) are dropped.
    """
    if isinstance(content, str):
        return _written(content)
    if isinstance(content, Mapping):
        return {key: writable(value) for key, value in content.items()}
    if isinstance(content, list | tuple):
        return [writable(value) for value in content]
    return content


def _written(text: str) -> str:
    lacking = {letter for letter in set(text) if ord(letter) not in _letters()}
    if not lacking:
        return text
    kept = text.translate({ord(letter): _instead(letter) for letter in lacking})
    return re.sub(rf"{LACK}(?: *{LACK})*", LACK, kept)


def _instead(letter: str) -> str:
    kind = unicodedata.category(letter)
    if kind in ("Cc", "Zs", "Zl", "Zp"):
        return " "
    return "" if kind in ("Cf", "Mn", "Me") else LACK


@cache
def _letters() -> frozenset[int]:
    """Return the letters that every face of the sheets can write."""
    with as_file(files("font_source_sans_pro") / "files") as folder:
        return frozenset.intersection(*(_letters_of(folder / f"{face}.otf") for face in _FACES))


def _letters_of(path: Path) -> frozenset[int]:
    with TTFont(path, lazy=True) as face:
        return frozenset(face.getBestCmap())


@cache
def _fonts() -> typst.Fonts:
    """Return the fonts of the sheets, read once."""
    folder = str(files("font_source_sans_pro") / "files")
    return typst.Fonts(
        include_system_fonts=False, include_embedded_fonts=False, font_paths=[folder]
    )
