"""A printed sheet read back: its text, its structure, its fonts."""

import io
import re
from typing import Any

import pypdf


def opened(content: bytes) -> Any:
    """Open a PDF given as bytes (a pypdf reader, whose objects are of no known type)."""
    return pypdf.PdfReader(io.BytesIO(content))


def flat(text: str) -> str:
    """Return a text without its breaks and spaces, seen or not: a cell may be folded anywhere."""
    return re.sub(r"[\s\u200b]+", "", text)


def text_of(content: bytes) -> str:
    """Return the whole text of a PDF, flat."""
    return flat("".join(page.extract_text() for page in opened(content).pages))


def elements(reader: Any) -> list[Any]:
    """Return every element of the structure tree, in reading order."""
    found = []

    def walk(node: Any) -> None:
        node = node.get_object()
        if isinstance(node, pypdf.generic.ArrayObject):
            for child in node:
                walk(child)
        elif isinstance(node, pypdf.generic.DictionaryObject):
            if "/S" in node:
                found.append(node)
            if "/K" in node:
                walk(node["/K"])

    walk(reader.trailer["/Root"]["/StructTreeRoot"]["/K"])
    return found


def fonts(reader: Any) -> list[Any]:
    """Return every font of every page, those of drawings included."""
    seen, found = set(), []

    def walk(resources: Any) -> None:
        for font in (resources.get("/Font") or {}).values():
            found.append(font.get_object())
        for one in (resources.get("/XObject") or {}).values():
            form = one.get_object()
            if id(form) not in seen and "/Resources" in form:
                seen.add(id(form))
                walk(form["/Resources"].get_object())

    for page in reader.pages:
        walk(page["/Resources"].get_object())
    return found
