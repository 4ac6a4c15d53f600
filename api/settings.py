"""What pygeoapi is told: metadata, collections and their licences, all read from the atlas."""

from pathlib import Path
from typing import Any

from api.layers import COLLECTIONS, Collection
from api.questions import MOST_ITEMS, USUAL_ITEMS, usual
from geo.location import INDICATIVE
from store.atlas import Atlas

_HERE = Path(__file__).parent
CRS84 = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
SYSTEMS = (CRS84, "http://www.opengis.net/def/crs/EPSG/0/4326")
LAMBERT_93 = "http://www.opengis.net/def/crs/EPSG/0/2154"
_LICENCE = "https://www.etalab.gouv.fr/licence-ouverte-open-licence/"
_FICTITIOUS = " (données fictives)"


def fictitious(atlas: Atlas) -> bool:
    """Say whether the programme shown without a choice is a fictitious one."""
    return bool(atlas.territory.programme(usual(atlas).programme).fictitious)


def configuration(atlas: Atlas, url: str) -> dict[str, Any]:
    """Return the configuration of pygeoapi for a territory served at ``url``."""
    territory = atlas.territory
    mark = _FICTITIOUS if fictitious(atlas) else ""
    producers = sorted({one.producer for one in atlas.catalogue.values() if not one.fictitious})
    return {
        "server": {
            "url": url.rstrip("/"),
            "mimetype": "application/json; charset=UTF-8",
            "encoding": "utf-8",
            "languages": ["fr"],
            "limits": {"default_items": USUAL_ITEMS, "max_items": MOST_ITEMS},
            "templates": {"path": str(_HERE / "templates")},
            "map": {"url": "", "attribution": ""},
        },
        "logging": {"level": "ERROR"},
        "metadata": {
            "identification": {
                "title": f"Atlas des quartiers prioritaires : {territory.short_name}{mark}",
                "description": f"{territory.contract}. Lecture seule. {INDICATIVE}",
                "keywords": ["quartiers prioritaires", "politique de la ville"],
                "keywords_type": "theme",
                "terms_of_service": _LICENCE,
                "url": url,
            },
            "license": {
                "name": "Licence Ouverte 2.0 (Etalab) pour les données publiées",
                "url": _LICENCE,
            },
            "provider": {"name": ", ".join(producers), "url": url},
            "contact": {"name": territory.name, "url": url},
        },
        "resources": {name: _resource(atlas, name, one) for name, one in COLLECTIONS.items()},
    }


def _resource(atlas: Atlas, name: str, one: Collection) -> dict[str, Any]:
    invented = one.of_programme and fictitious(atlas)
    source = f" Source : {atlas.dataset(one.dataset).credit}." if one.dataset else ""
    mark = " Les projets et les montants sont fictifs." if invented else ""
    whole = (round(float(bound), 5) for bound in atlas.quarters.total_bounds)
    west, south, east, north = whole
    points = atlas.communes[["lon", "lat"]].dropna()
    box = (
        [points["lon"].min(), points["lat"].min(), points["lon"].max(), points["lat"].max()]
        if len(points)
        else [west, south, east, north]
    )
    wide = [min(west, box[0]), min(south, box[1]), max(east, box[2]), max(north, box[3])]
    return {
        "type": "collection",
        "title": one.title + (_FICTITIOUS if invented else ""),
        "description": f"{one.description}{source}{mark}",
        "keywords": ["quartiers prioritaires"],
        "links": [
            {
                "type": "text/html",
                "rel": "license",
                "title": "Licence Ouverte 2.0 (Etalab)",
                "href": _LICENCE,
                "hreflang": "fr",
            }
        ],
        "extents": {"spatial": {"bbox": [float(bound) for bound in wide], "crs": CRS84}},
        "providers": [
            {
                "type": "feature",
                "name": "api.provider.Frames",
                "data": name,
                "id_field": one.key,
                "crs": [*SYSTEMS, *([LAMBERT_93] if _metropolitan(atlas) else [])],
                "storage_crs": CRS84,
            }
        ],
    }


def _metropolitan(atlas: Atlas) -> bool:
    """Say whether Lambert-93 covers the territory."""
    west, south, east, north = atlas.quarters.total_bounds
    return bool(west > -10 and east < 12 and south > 41 and north < 52)
