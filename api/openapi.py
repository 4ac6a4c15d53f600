"""The OpenAPI document of the service: in French, whole, referring to no other machine.

pygeoapi serves the document it is given. The one it writes is in English and points to schemas of
schemas.opengis.net, which a reader would then fetch; here every schema is in the document itself.
"""

from collections.abc import Mapping
from typing import Any

from api.layers import COLLECTIONS
from api.questions import FORMATS, MOST_ITEMS, SELECTION_WORDS, USUAL_ITEMS

Json = dict[str, Any]
_WORDS = {
    "programme": "Code d'un programme de projets ; sans lui, celui par défaut.",
    "annee": "Année de la programmation ; sans elle, la dernière.",
    "theme": "Thèmes, par leur code ; séparés par des virgules.",
    "financeur": "Financeurs, par leur code ; séparés par des virgules.",
    "statut": "Statuts, par leur code ; séparés par des virgules.",
    "dispositif": "Dispositifs, par leur code ; séparés par des virgules.",
    "quartier": "Quartiers, par leur code ; séparés par des virgules.",
    "partage": "Règles de partage d'un projet entre ses quartiers ; sans elles, les usuelles.",
}
_FAULTS = {
    "400": ("Refus", "Demande refusée ; le texte dit tout ce qui ne va pas et ce qui est attendu."),
    "404": ("Inconnu", "Collection ou objet inconnu."),
    "503": ("Indisponible", "Les données ne peuvent pas être lues ; le texte dit pourquoi."),
}


def document(configured: Mapping[str, Any], columns: Mapping[str, Mapping[str, Json]]) -> Json:
    """Return the OpenAPI 3.0 document of what is served: reading only.

    ``configured`` is the configuration of pygeoapi; ``columns`` gives, by collection, the
    properties of its features with their JSON types and, where they are told, what they mean.
    """
    about = configured["metadata"]
    identity = about["identification"]
    paths = {
        "/": _get("accueil", "Accueil du service", "Document"),
        "/openapi": _get("openapi", "Ce document", "Document"),
        "/conformance": _get("normes", "Normes suivies", "Normes"),
        "/collections": _get("collections", "Liste des collections", "Collections"),
    }
    for name, one in configured["resources"].items():
        paths |= _collection(name, one, columns[name])
    return {
        "openapi": "3.0.2",
        "info": {
            "title": identity["title"],
            "description": identity["description"],
            "termsOfService": identity["terms_of_service"],
            "contact": {"name": about["contact"]["name"], "url": about["contact"]["url"]},
            "license": dict(about["license"]),
            "version": "1.0",
        },
        "servers": [{"url": configured["server"]["url"], "description": identity["title"]}],
        "tags": [{"name": "service", "description": "Ce que le service dit de lui-même."}]
        + [
            {"name": name, "description": one["description"]}
            for name, one in configured["resources"].items()
        ],
        "paths": paths,
        "components": {
            "parameters": {one["name"]: one for one in _PARAMETERS},
            "responses": _responses(),
            "schemas": _SCHEMAS,
        },
    }


def _get(
    name: str, summary: str, answer: str, tag: str = "service", more: list[Json] | None = None
) -> Json:
    """Return the description of one address: only GET is answered."""
    faults = {code: _ref("responses", known) for code, (known, _) in _FAULTS.items()}
    if tag == "service":
        del faults["404"]
    return {
        "get": {
            "operationId": name,
            "summary": summary,
            "tags": [tag],
            "parameters": [_ref("parameters", "f"), _ref("parameters", "lang"), *(more or [])],
            "responses": {"200": _ref("responses", answer), **faults},
        }
    }


def _collection(name: str, one: Mapping[str, Any], columns: Mapping[str, Json]) -> dict[str, Json]:
    title, here = one["title"], f"/collections/{name}"
    chosen = [_text(word, _WORDS[word]) for word in SELECTION_WORDS]
    words = chosen if COLLECTIONS[name].of_programme else []
    taken = {word["name"] for word in words}
    standard = ("limit", "offset", "bbox", "bbox-crs", "crs", "sortby", "properties")
    common = [_ref("parameters", known) for known in (*standard, "skipGeometry", "resulttype")]
    filters = [
        {**_text(column, kind.get("description", "")), "schema": {"type": kind["type"]}}
        for column, kind in columns.items()
        if column not in taken
    ]
    item = [_ref("parameters", "featureId"), _ref("parameters", "crs")]
    return {
        here: _get(f"{name}_description", f"{title} : description", "Collection", name),
        f"{here}/schema": _get(f"{name}_schema", f"{title} : schéma", "Schema", name),
        f"{here}/queryables": _get(
            f"{name}_proprietes", f"{title} : propriétés à filtrer", "Schema", name
        ),
        f"{here}/items": _get(
            f"{name}_objets", f"{title} : objets", "Objets", name, [*common, *words, *filters]
        ),
        f"{here}/items/{{featureId}}": _get(
            f"{name}_objet", f"{title} : un objet", "Objet", name, [*item, *words]
        ),
    }


def _text(name: str, words: str, place: str = "query") -> Json:
    told = {"description": words} if words else {}
    return {
        "name": name,
        "in": place,
        **told,
        "required": place == "path",
        "schema": {"type": "string"},
        **({"style": "form", "explode": False} if place == "query" else {}),
    }


def _ref(part: str, name: str) -> Json:
    return {"$ref": f"#/components/{part}/{name}"}


def _responses() -> Json:
    told = {
        "Document": "Un document et ses liens.",
        "Normes": "Les normes suivies par le service.",
        "Collections": "Les collections, chacune avec sa description et ses liens.",
        "Collection": "La description d'une collection.",
        "Schema": "Les propriétés des objets et leurs types (JSON Schema).",
        "Objets": "Une page d'objets ; le lien « next » mène à la suite.",
        "Objet": "Un objet.",
    }
    kinds = {"Objets": "application/geo+json", "Objet": "application/geo+json"}
    kinds["Schema"] = "application/schema+json"
    found = {
        name: {
            "description": words,
            "content": {
                kinds.get(name, "application/json"): {"schema": _ref("schemas", name)},
                "text/html": {"schema": {"type": "string"}},
            },
        }
        for name, words in told.items()
    }
    fault = {"application/json": {"schema": _ref("schemas", "Faute")}}
    return found | {
        name: {"description": words, "content": fault} for name, words in _FAULTS.values()
    }


def _object(required: list[str], **properties: Json) -> Json:
    return {"type": "object", "required": required, "properties": properties}


_WORD: Json = {"type": "string"}
_COUNT: Json = {"type": "integer", "minimum": 0}
_LINKS: Json = {"type": "array", "items": _ref("schemas", "Lien")}
_SCHEMAS: Json = {
    "Lien": _object(["href", "rel"], href=_WORD, rel=_WORD, type=_WORD, title=_WORD),
    "Faute": _object(["code", "description"], code=_WORD, type=_WORD, description=_WORD),
    "Document": {"type": "object"},
    "Normes": _object(["conformsTo"], conformsTo={"type": "array", "items": _WORD}),
    "Schema": {"type": "object"},
    "Collection": _object(
        ["id", "links"],
        id=_WORD,
        title=_WORD,
        description=_WORD,
        links=_LINKS,
        extent={"type": "object"},
        itemType=_WORD,
        crs={"type": "array", "items": _WORD},
        storageCrs=_WORD,
    ),
    "Collections": _object(
        ["links", "collections"],
        links=_LINKS,
        collections={"type": "array", "items": _ref("schemas", "Collection")},
    ),
    "Objet": _object(
        ["type", "geometry", "properties"],
        type={"type": "string", "enum": ["Feature"]},
        id=_WORD,
        geometry={"type": "object", "nullable": True},
        properties={"type": "object", "nullable": True},
        links=_LINKS,
    ),
    "Objets": _object(
        ["type", "features"],
        type={"type": "string", "enum": ["FeatureCollection"]},
        features={"type": "array", "items": _ref("schemas", "Objet")},
        links=_LINKS,
        numberMatched=_COUNT,
        numberReturned=_COUNT,
        timeStamp={"type": "string", "format": "date-time"},
    ),
}
_NUMBERS: Json = {"type": "array", "minItems": 4, "maxItems": 6, "items": {"type": "number"}}
_PARAMETERS: list[Json] = [
    {**_text("f", "Format de la réponse."), "schema": {"type": "string", "enum": list(FORMATS)}},
    {**_text("lang", "Langue de la réponse."), "schema": {"type": "string", "enum": ["fr"]}},
    {
        **_text("limit", f"Nombre d'objets d'une page : {USUAL_ITEMS} sans choix."),
        "schema": {
            "type": "integer",
            "minimum": 1,
            "maximum": MOST_ITEMS,
            "default": USUAL_ITEMS,
        },
    },
    {
        **_text("offset", "Nombre d'objets passés avant le premier de la page."),
        "schema": {"type": "integer", "minimum": 0, "default": 0},
    },
    {
        **_text("bbox", "Cadre : ouest, sud, est, nord ; un objet sans position n'y est jamais."),
        "schema": _NUMBERS,
    },
    _text("bbox-crs", "Système de coordonnées du cadre ; sans lui, longitudes et latitudes."),
    _text("crs", "Système de coordonnées de la réponse, parmi ceux de la collection."),
    _text("sortby", "Propriétés qui rangent les objets ; « - » devant : en descendant."),
    _text("properties", "Propriétés données, séparées par des virgules ; sans elles, toutes."),
    {**_text("skipGeometry", "Sans les géométries."), "schema": {"type": "boolean"}},
    {
        **_text("resulttype", "« hits » : le compte seul, sans objet."),
        "schema": {"type": "string", "enum": ["results", "hits"]},
    },
    _text("featureId", "Identifiant de l'objet.", "path"),
]
