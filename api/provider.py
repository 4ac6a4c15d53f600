"""The door of pygeoapi into the atlas: a provider of features that reads the store's frames."""

import json
from contextvars import ContextVar
from functools import lru_cache
from pathlib import Path
from typing import Any

import geopandas as gpd
from pygeoapi.provider.base import BaseProvider, ProviderItemNotFoundError
from pygeoapi.util import crs_transform
from shapely.geometry import Polygon, box

from analysis.selection import Selection
from api.layers import COLLECTIONS
from api.questions import Question, usual, wanted_rows
from geo.catalogue import data_directory, edition_of, installed_directory
from geo.territory import territory_code
from geo.writers import to_geojson
from store.atlas import Atlas, open_atlas
from store.contents import NAMES
from store.database import database_url
from store.dictionary import meanings

# What the request being answered asks; read by the provider that pygeoapi makes for it.
asked: ContextVar[Question | None] = ContextVar("asked", default=None)


def get_atlas() -> Atlas:
    """Return the atlas of the configured data, as fresh as the files and the database are.

    Raises AtlasError when the territory cannot be read; the next call tries again.
    """
    official = edition_of(installed_directory())
    atlas = _open(str(data_directory()), territory_code(), database_url(), official)
    atlas.refresh()
    return atlas


@lru_cache(maxsize=2)
def _open(directory: str, code: str | None, database: str, official: str) -> Atlas:
    return open_atlas(Path(directory), code, database)


def layer_of(name: str, selection: Selection) -> gpd.GeoDataFrame:
    """Return the rows of a collection for a selection (EPSG:4326), kept until data change."""
    atlas = get_atlas()
    if not COLLECTIONS[name].of_programme:
        selection = usual(atlas)
    return _layer(name, selection, atlas.edition)


@lru_cache(maxsize=32)
def _layer(name: str, selection: Selection, edition: str) -> gpd.GeoDataFrame:
    # ``edition`` changes with each import, decision, located address or replaced layer.
    return COLLECTIONS[name].rows(get_atlas(), selection)


def fields_of(name: str) -> dict[str, dict[str, str]]:
    """Return the properties of a collection's features: JSON type and, if told, what it means."""
    atlas = get_atlas()
    selection = usual(atlas)
    layer = layer_of(name, selection)
    told = {**_meanings(name, atlas.edition), **COLLECTIONS[name].words}
    types = {name: _json_type(layer[name].dtype) for name in layer if name != "geometry"}
    return {
        column: {"type": kind, **({"description": told[column]} if column in told else {})}
        for column, kind in types.items()
    }


@lru_cache(maxsize=16)
def _meanings(name: str, edition: str) -> dict[str, str]:
    return meanings(get_atlas(), NAMES.get(name, name))


def _json_type(dtype: Any) -> str:
    kinds = {"b": "boolean", "i": "integer", "u": "integer", "f": "number"}
    return kinds.get(dtype.kind, "string")


class Frames(BaseProvider):
    """A collection of COLLECTIONS, named by the ``data`` of its definition."""

    def __init__(self, definition: dict[str, Any]) -> None:
        super().__init__(definition)
        self._fields = fields_of(self.data)

    def get_fields(self) -> dict[str, dict[str, str]]:
        """Return the properties of the features and their JSON types."""
        return self._fields

    @crs_transform
    def query(
        self,
        offset: int = 0,
        limit: int = 10,
        resulttype: str = "results",
        bbox: list[float] | None = None,
        sortby: list[dict[str, str]] | None = None,
        select_properties: list[str] | None = None,
        skip_geometry: bool = False,
        **_others: Any,
    ) -> dict[str, Any]:
        """Return one page of the features that the request asks, as GeoJSON.

        A feature without geometry is in no box. ``numberMatched`` counts all pages.
        """
        question = asked.get() or Question(usual(get_atlas()), {})
        layer = wanted_rows(layer_of(self.data, question.selection), question.wanted)
        if bbox:
            layer = layer[layer.intersects(_box(bbox)) & layer.geometry.notna()]
        for order in reversed(sortby or []):
            up = order["order"] == "+"
            layer = layer.sort_values(order["property"], ascending=up, kind="stable")
        page = layer.iloc[offset : offset + limit] if resulttype != "hits" else layer.iloc[:0]
        features = [self._feature(one, skip_geometry, select_properties) for one in _plain(page)]
        return {
            "type": "FeatureCollection",
            "features": features,
            "numberMatched": len(layer),
            "numberReturned": len(features),
        }

    @crs_transform
    def get(self, identifier: str, **_others: Any) -> dict[str, Any]:
        """Return one feature by its name, in the selection that the request asks."""
        question = asked.get() or Question(usual(get_atlas()), {})
        layer = layer_of(self.data, question.selection)
        found = layer[layer[self.id_field] == identifier]
        if found.empty:
            raise ProviderItemNotFoundError(user_msg="Objet introuvable dans cette sélection.")
        return {**self._feature(_plain(found)[0]), "query": question.query}

    def _feature(
        self,
        feature: dict[str, Any],
        skip_geometry: bool = False,
        select: list[str] | None = None,
    ) -> dict[str, Any]:
        properties = feature["properties"]
        kept = {*select, "donnees_fictives", "montants_fictifs"} if select else set(properties)
        return {
            "type": "Feature",
            "id": properties[self.id_field],
            "geometry": None if skip_geometry else feature["geometry"],
            "properties": {name: value for name, value in properties.items() if name in kept},
        }


def _box(corners: list[float]) -> Polygon:
    """Return the rectangle of a ``bbox``; of six numbers, heights do not count."""
    half = len(corners) // 2
    return box(corners[0], corners[1], corners[half], corners[half + 1])


def _plain(layer: gpd.GeoDataFrame) -> list[dict[str, Any]]:
    """Return features as the exports write them."""
    features: list[dict[str, Any]] = json.loads(to_geojson(layer))["features"]
    return features
