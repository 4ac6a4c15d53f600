"""The web service: pygeoapi's functions behind a few routes that only read, with French errors."""

import json
from collections.abc import Callable
from functools import lru_cache
from html import escape
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from pygeoapi import api as core
from pygeoapi.api import itemtypes
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from xstatic.pkg import leaflet

from api.layers import COLLECTIONS
from api.openapi import document
from api.provider import asked, fields_of, get_atlas
from api.questions import BadQuestion, check_general, read_question
from api.settings import configuration
from geo.errors import AtlasError

# Nothing but this server may be asked by a page, and no script but its own may run.
_POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
_POLICY += "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
HEADERS = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Content-Language": "fr",
    "Access-Control-Allow-Origin": "*",
}
_UNSERVED = ("/processes", "/jobs", "/TileMatrixSets", "f=jsonld", "f=csv")
_EDITING = "create-replace-delete"
_TITLES = {
    "This document as JSON": "Ce document en JSON",
    "This document as GeoJSON": "Ce document en GeoJSON",
    "This document as HTML": "Ce document en HTML",
    "The landing page of this server as JSON": "L'accueil du service en JSON",
    "The landing page of this server as HTML": "L'accueil du service en HTML",
    "The OpenAPI definition as JSON": "La description OpenAPI en JSON",
    "The OpenAPI definition as HTML": "La description OpenAPI en HTML",
    "Conformance": "Conformité",
    "Schema of collection in JSON": "Schéma de la collection en JSON",
    "Schema of collection in HTML": "Schéma de la collection en HTML",
    "Queryables for this collection as JSON": "Propriétés à filtrer, en JSON",
    "Queryables for this collection as HTML": "Propriétés à filtrer, en HTML",
    "Items as GeoJSON": "Objets en GeoJSON",
    "Items as HTML": "Objets en HTML",
    "Items (prev)": "Page précédente",
    "Items (next)": "Page suivante",
}
_CODES = {400: "InvalidParameterValue", 404: "NotFound", 405: "MethodNotAllowed"}
_WRONG = {
    404: "Adresse inconnue ; « /collections » liste ce qui est servi.",
    405: "Ce service se lit seulement : méthode refusée ; attendu : GET.",
}
_BROKEN = "Le service n'a pas pu répondre ; la cause est dans son journal."
_PAGE = """<!DOCTYPE html>
<html lang="fr"><head><meta charset="utf-8"><title>Requête refusée</title>
<link rel="icon" href="data:,"><link rel="stylesheet" href="/assets/service.css"></head>
<body><main><h1>Requête refusée</h1><p role="alert">{message}</p></main></body></html>
"""
Answer = tuple[dict[str, str], int, Any]


def service(url: str) -> Starlette:
    """Return the web application, to be served at ``url``."""

    @lru_cache(maxsize=1)
    def pygeoapi(_edition: str) -> core.API:
        configured = configuration(get_atlas(), url)
        columns = {name: fields_of(name) for name in COLLECTIONS}
        return core.API(configured, document(configured, columns))

    def answer(call: Callable[..., Answer], request: Request) -> Response:
        """Answer one request; what is wrong is told in French, never as a traceback."""
        params = dict(request.query_params)
        shape = _format(request)
        try:
            check_general(params)
            atlas = get_atlas()
            name = request.path_params.get("name")
            if name is not None and name not in COLLECTIONS:
                known = ", ".join(COLLECTIONS)
                return _fault(404, f"Collection inconnue ; attendu : {known}.", shape)
            if name and "/items" in request.url.path:
                asked.set(read_question(atlas, name, params, fields_of(name)))
            api = pygeoapi(f"{atlas.edition} {atlas.territory.default_programme}")
            headers, status, content = call(
                api, _asked(api, request, shape), *request.path_params.values()
            )
        except BadQuestion as error:
            return _fault(400, str(error), shape)
        except AtlasError as error:
            return _fault(503, str(error), shape)
        return _response(headers, int(status), content, shape)

    def route(path: str, call: Callable[..., Answer]) -> Route:
        async def endpoint(request: Request) -> Response:
            return await run_in_threadpool(answer, call, request)

        return Route(path, endpoint, methods=["GET"])

    one = "/collections/{name}"
    routes = [
        route("/", core.landing_page),
        route("/openapi", core.openapi_),
        route("/conformance", core.conformance),
        route("/collections", core.describe_collections),
        route(one, core.describe_collections),
        route(f"{one}/schema", core.get_collection_schema),
        route(f"{one}/queryables", itemtypes.get_collection_queryables),
        route(f"{one}/items", itemtypes.get_collection_items),
        route(f"{one}/items/{{item}}", itemtypes.get_collection_item),
        Mount("/leaflet", StaticFiles(directory=leaflet.BASE_DIR)),
        Mount("/assets", StaticFiles(directory=Path(__file__).parent / "assets")),
    ]
    faults = {HTTPException: _refused, Exception: _broken}
    application = Starlette(routes=routes, exception_handlers=faults)
    application.add_middleware(GZipMiddleware, minimum_size=2000)
    return application


def _format(request: Request) -> str:
    word = request.query_params.get("f")
    if word in ("json", "html"):
        return word
    return "html" if "text/html" in request.headers.get("accept", "") else "json"


def _asked(api: core.API, request: Request, shape: str) -> core.APIRequest:
    """Return the request as pygeoapi reads it, its format settled."""
    params = [pair for pair in request.query_params.multi_items() if pair[0] not in ("f", "lang")]
    scope = {**request.scope, "query_string": urlencode([*params, ("f", shape)]).encode()}
    return core.APIRequest(Request(scope), api.locales)


def _response(headers: dict[str, str], status: int, content: Any, shape: str) -> Response:
    kept = {name: text for name, text in headers.items() if name.lower() != "x-powered-by"}
    if shape == "json":
        read = content if isinstance(content, dict) else json.loads(content)
        if status >= 400:
            return _fault(status, _in_french(status, read.get("description", "")), shape)
        if read.get("type") in ("Feature", "FeatureCollection"):
            kept["Content-Type"] = "application/geo+json"
        content = json.dumps(_ours(read), ensure_ascii=False, allow_nan=False)
    elif status >= 400:
        return _fault(status, _in_french(status, ""), shape)
    return Response(content, status, {**kept, **HEADERS})


def _in_french(status: int, said: str) -> str:
    """Say a fault that pygeoapi found by itself; the words it was given are never repeated."""
    if said.startswith("CRS"):
        return "crs inconnu ; attendu : un de ceux que la collection annonce."
    if status == HTTPStatus.NOT_FOUND:
        return "Objet introuvable dans cette sélection."
    return "Requête incomprise ; voir « /openapi » pour les paramètres attendus."


def _ours(document: dict[str, Any]) -> dict[str, Any]:
    """Return a document without what is not served, the titles of its links in French.

    The links of a feature to itself keep the selection it was asked in (``query``).
    """
    query = document.pop("query", "")
    links = [
        {
            **link,
            "href": link["href"] + (query if link["rel"] in ("self", "alternate") else ""),
            "title": _TITLES.get(link.get("title", ""), link.get("title", "")),
        }
        for link in document.get("links", [])
        if not any(word in link["href"] for word in _UNSERVED)
    ]
    classes = [one for one in document.get("conformsTo", []) if not one.endswith(_EDITING)]
    inner = [_ours(one) for one in document.get("collections", [])]
    changed = {"links": links, "conformsTo": classes, "collections": inner}
    return {key: changed.get(key, value) for key, value in document.items()}


def _fault(status: int, message: str, shape: str) -> Response:
    code = _CODES.get(status, "NoApplicableCode")
    content = {"code": code, "type": code, "description": message}
    text = json.dumps(content, ensure_ascii=False)
    if shape == "html":
        text = _PAGE.format(message=escape(message))
    kind = "text/html" if shape == "html" else "application/json"
    return Response(text, status, HEADERS, media_type=kind)


async def _refused(request: Request, error: Exception) -> Response:
    """Answer for an address or a method that is not served."""
    status = error.status_code if isinstance(error, HTTPException) else 500
    return _fault(status, _WRONG.get(status, _BROKEN), _format(request))


async def _broken(request: Request, _error: Exception) -> Response:
    """Answer for a fault of ours: the journal of the server keeps it, the user reads no trace."""
    return _fault(500, _BROKEN, _format(request))
