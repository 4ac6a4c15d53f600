"""KML without GDAL: placemarks, their data and shapes; no entity, link or address followed."""

from collections.abc import Iterator
from typing import Any
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring
from shapely.geometry import (
    GeometryCollection,
    LineString,
    Point,
    Polygon,
)
from shapely.geometry.base import BaseGeometry

from geo.errors import DataFileError

_EXPECTED = "attendu : un KML avec des repères (Placemark)"
_MOST_DEPTH = 20


def placemarks(content: bytes, name: str) -> tuple[list[dict[str, str]], list[BaseGeometry]]:
    """Return the data and the shape (EPSG:4326, longitude then latitude) of each placemark.

    Data are ``name``, ``description`` and ExtendedData, as text. Raises DataFileError for XML with
    a document type or entities, another vocabulary, an unreadable shape, or no placemark.
    """
    try:
        root = fromstring(content, forbid_dtd=True)
    except DefusedXmlException as error:
        raise DataFileError(
            f"{name} : XML avec une déclaration DOCTYPE ou des entités, refusé par sûreté ; "
            f"{_EXPECTED}, sans DOCTYPE."
        ) from error
    except (ParseError, ValueError, LookupError) as error:
        raise DataFileError(f"{name} : XML illisible ; {_EXPECTED}.") from error
    if _tag(root) != "kml":
        raise DataFileError(f"{name} : XML qui n'est pas un KML ; {_EXPECTED}.")
    found = [one for one in root.iter() if _tag(one) == "Placemark"]
    if not found:
        raise DataFileError(f"{name} : aucun repère ; {_EXPECTED}.")
    shapes, faults = [], []
    for number, mark in enumerate(found, start=1):
        try:
            shapes.append(_shape(mark))
        except (ValueError, IndexError, RecursionError):
            faults.append(f"entité {number}")
    if faults:
        raise DataFileError(
            f"{name} : géométrie absente ou illisible : {', '.join(faults[:20])} ; attendu : un "
            "point, une ligne ou un polygone dans chaque repère."
        )
    return [dict(_data(mark)) for mark in found], shapes


def _tag(element: Element) -> str:
    return str(element.tag).rpartition("}")[2]


def _data(mark: Element) -> Iterator[tuple[str, str]]:
    for child in mark:
        if _tag(child) in ("name", "description", "address") and child.text:
            yield _tag(child), child.text.strip()
    for one in mark.iter():
        if _tag(one) == "SimpleData" and one.text:
            yield one.get("name", ""), one.text.strip()
        if _tag(one) == "Data":
            value = next((child.text for child in one if _tag(child) == "value"), None)
            if value:
                yield one.get("name", ""), value.strip()


def _shape(element: Element, depth: int = 0) -> BaseGeometry:
    found = [shape for child in element if (shape := _geometry(child, depth)) is not None]
    if not found:
        raise ValueError("no geometry")
    return found[0] if len(found) == 1 else GeometryCollection(found)


def _geometry(element: Element, depth: int) -> Any:
    if depth > _MOST_DEPTH:
        raise ValueError("too deep")
    tag = _tag(element)
    if tag == "Point":
        return Point(_positions(element)[0])
    if tag in ("LineString", "LinearRing"):
        return LineString(_positions(element))
    if tag == "Polygon":
        rings = {"outerBoundaryIs": [], "innerBoundaryIs": []}  # type: dict[str, list[Any]]
        for child in element:
            if _tag(child) in rings:
                rings[_tag(child)].append(_positions(child))
        return Polygon(rings["outerBoundaryIs"][0], rings["innerBoundaryIs"])
    if tag == "MultiGeometry":
        return _shape(element, depth + 1)
    return None


def _positions(element: Element) -> list[tuple[float, float]]:
    text = next(one.text or "" for one in element.iter() if _tag(one) == "coordinates")
    places = [tuple(map(float, triple.split(",")[:2])) for triple in text.split()]
    return [(lon, lat) for lon, lat in places]
