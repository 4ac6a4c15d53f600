"""From the content of a document to a PDF/UA-1 file, by Typst.

The content is JSON that a template of ``templates/`` reads: a text of a user is a value, never
Typst markup. The fonts are those of the package font-source-sans-pro (Source Sans, the screen's),
embedded in every file; no font of the machine is used, so that the bytes are the same everywhere.
"""

import json
from collections.abc import Mapping
from datetime import UTC, date, datetime
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import typst

TEMPLATES = Path(__file__).parent / "templates"


def pdf(template: str, content: Mapping[str, Any], day: date) -> bytes:
    """Return a document as PDF/UA-1: the same template, content and day give the same bytes.

    ``template`` is a name of ``templates/`` without its extension; ``day`` is the date written in
    the file. Typst refuses what would not be accessible: no title, a picture without a text.
    """
    return bytes(
        typst.compile(
            TEMPLATES / f"{template}.typ",
            root=TEMPLATES,
            font_paths=_fonts(),
            ignore_system_fonts=True,
            sys_inputs={"content": json.dumps(content, ensure_ascii=False, allow_nan=False)},
            pdf_standards="ua-1",
            timestamp=datetime(day.year, day.month, day.day, tzinfo=UTC),
        )
    )


@cache
def _fonts() -> typst.Fonts:
    """Return the fonts of the sheets, read once."""
    folder = str(files("font_source_sans_pro") / "files")
    return typst.Fonts(
        include_system_fonts=False, include_embedded_fonts=False, font_paths=[folder]
    )
