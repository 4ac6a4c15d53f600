"""The OpenAPI document: valid, whole, in French, asking nothing of another machine."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from pygeoapi.openapi import validate_openapi_document

from api.layers import COLLECTIONS
from api.openapi import document
from api.provider import fields_of, get_atlas
from api.questions import SELECTION_WORDS
from api.settings import configuration

URL = "http://127.0.0.1:5000"
ENGLISH = re.compile(
    r"\b(the|this|of|get|items?|features?|schema of|operation|successful|response|landing|page of"
    r"|by id|optional|indicates|provided|supported|metadata|queryables|error|returned)\b",
    re.IGNORECASE,
)


@pytest.fixture(scope="module")
def told() -> dict[str, Any]:
    columns = {name: fields_of(name) for name in COLLECTIONS}
    return document(configuration(get_atlas(), URL), columns)


def values(part: Any, name: str) -> Iterator[Any]:
    """Every value that bears a name, anywhere in the document."""
    if isinstance(part, dict):
        for key, inner in part.items():
            if key == name and isinstance(inner, str):
                yield inner
            yield from values(inner, name)
    elif isinstance(part, list):
        for inner in part:
            yield from values(inner, name)


def test_it_is_a_valid_document_that_offers_reading_alone(told):
    assert validate_openapi_document(told)
    assert {method for path in told["paths"].values() for method in path} == {"get"}
    assert {path.split("/")[2] for path in told["paths"] if "/collections/" in path} == set(
        COLLECTIONS
    )
    names = [one["get"]["operationId"] for one in told["paths"].values()]
    assert len(names) == len(set(names))


def test_all_it_refers_to_is_in_it(told):
    found = set(values(told, "$ref"))
    assert len(found) > 20
    for reference in found:
        root, *steps = reference.split("/")
        part = told
        for step in steps:
            part = part[step]
        assert root == "#"
    addresses = set(re.findall(r"https?://[^\"' ]+", str(told)))
    assert {one for one in addresses if not one.startswith(URL)} == {
        "https://www.etalab.gouv.fr/licence-ouverte-open-licence/"
    }


def test_its_words_are_french(told):
    words = [*values(told, "description"), *values(told, "summary")]
    assert len(words) > 300
    assert [one for one in words if ENGLISH.search(one)] == []
    assert ENGLISH.search("Get Projets items") and ENGLISH.search("successful operation")


@pytest.mark.parametrize("name", COLLECTIONS)
def test_each_collection_says_how_it_is_asked_and_what_its_columns_mean(told, name):
    asked = told["paths"][f"/collections/{name}/items"]["get"]["parameters"]
    names = [one["name"] for one in asked if "name" in one]
    assert len(names) == len(set(names))
    assert (set(SELECTION_WORDS) <= set(names)) == COLLECTIONS[name].of_programme
    assert {"#/components/parameters/limit", "#/components/parameters/bbox"} <= {
        one.get("$ref") for one in asked
    }
    silent = {one["name"] for one in asked if "name" in one and not one.get("description")}
    assert silent == set()
    assert told["paths"][f"/collections/{name}/items/{{featureId}}"]["get"]["responses"]["404"]
