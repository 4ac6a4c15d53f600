"""Find a place a person asks for: coordinates typed by hand, or an address.

Coordinates are read here, on this machine. An address is asked of the Géoplateforme (IGN), and
only when this is called: nothing else sends what a user typed.
Source: https://data.geopf.fr/geocodage/search, the national address base; its answer is
indicative.
"""

import io
import json
import math
import os
import re
from typing import Any, NamedTuple
from urllib.parse import urlencode, urlsplit

from pyproj import CRS, Transformer

from geo.crs import DEGREES, WGS84, systems_in_use
from geo.errors import PlaceError
from geo.network import Limits, NetworkError, receive

SERVICE = "https://data.geopf.fr/geocodage/search"
TIMEOUT_S = 5.0
NEAR_DEGREES = 0.3  # margin around the territory, about 20 to 30 km: a neighbour, not a mistake
_DEGREE_M = 111_320.0  # metres of one degree of latitude
_MOST_TEXT, _MOST_BYTES = 200, 1_000_000
_NUMBER = r"([-+]?[0-9]{1,9}(?:[.,][0-9]{1,12})?)\s*°?"
_TWO_NUMBERS = re.compile(rf"\s*{_NUMBER}(?:\s*[;,]\s*|\s+){_NUMBER}\s*")
# Kinds of answers of the service, as keys of a territory's uncertainties.
METHODS = {
    "housenumber": "housenumber",
    "street": "street",
    "locality": "locality",
    "municipality": "commune",
}
UNREADABLE = "La réponse du service d'adresses est illisible."
_ELSE = "Des coordonnées (« latitude, longitude ») ou un point de la carte marchent aussi."

Box = tuple[float, float, float, float]


class Place(NamedTuple):
    """A place found: degrees (EPSG:4326), how it was obtained, what it is called, its score.

    ``method`` is a key of the territory's uncertainties; ``score`` (0 to 1) is the geocoder's;
    ``coarse_m``, in metres, is how roughly the place was told, whatever its method.
    """

    lon: float
    lat: float
    method: str
    label: str
    score: float | None = None
    coarse_m: float = 0.0


def find(text: str, around: Box, crs: CRS, *, url: str | None = None) -> Place:
    """Return the place named by a text: two numbers are coordinates, anything else an address.

    ``around`` is the territory's extent (west, south, east, north, in degrees), ``crs`` its metric
    system. Raises PlaceError, in French, when nothing certain can be answered.
    """
    words = " ".join(text.split())
    if not words:
        raise PlaceError("Écrivez une adresse ou des coordonnées, puis validez.")
    return read_position(words, around, crs) or search(words, around, url=url)


def read_position(text: str, around: Box, crs: CRS) -> Place | None:
    """Read two numbers as the one position near the territory they can mean; None without them.

    Read as latitude then longitude, the reverse, or x then y of a metric system in use there
    (``crs``, Lambert-93, the conformal conic of the zone, Web Mercator), the reverse too: only one
    reading falls near the territory, since they are far apart. A typed position is taken as
    surveyed, but no finer than its decimals say. Raises PlaceError when no reading falls near,
    naming them.
    """
    found = _TWO_NUMBERS.fullmatch(text)
    if found is None:
        return None
    first, second = (float(number.replace(",", ".")) for number in found.groups())
    decimals = min(len(re.sub(r"^[^.,]*[.,]?", "", number)) for number in found.groups())
    west, south, east, north = around
    readings = {
        ("latitude, longitude", _DEGREE_M): (second, first),
        ("longitude, latitude", _DEGREE_M): (first, second),
    }
    systems = systems_in_use(crs, (west + east) / 2, (south + north) / 2)
    for epsg, name in systems.items():
        if epsg != DEGREES:
            to_degrees = Transformer.from_crs(epsg, WGS84, always_xy=True).transform
            readings[f"x, y en {name}", 1.0] = to_degrees(first, second)
            readings[f"y, x en {name}", 1.0] = to_degrees(second, first)
    for (words, unit_m), (lon, lat) in readings.items():
        if _near(lon, lat, around):
            coarse_m = 0.5 * unit_m * 10**-decimals
            return Place(lon, lat, "surveyed", f"{text} ({words})", coarse_m=coarse_m)
    tried = "".join(f" ni en {name}," for name in systems.values())
    raise PlaceError(
        f"« {text} » ne tombe pas près du territoire,{tried} dans aucun ordre. "
        "Vérifiez les chiffres et leur ordre, par exemple « "
        f"{(south + north) / 2:.4f}, {(west + east) / 2:.4f} »."
    )


def _near(lon: float, lat: float, around: Box) -> bool:
    west, south, east, north = around
    inside = west - NEAR_DEGREES <= lon <= east + NEAR_DEGREES
    return inside and south - NEAR_DEGREES <= lat <= north + NEAR_DEGREES


def search(text: str, around: Box, *, url: str | None = None, timeout: float = TIMEOUT_S) -> Place:
    """Ask the Géoplateforme for an address and return the best answer, near the territory first.

    ``url`` is the service (``ATLAS_GEOCODER_URL`` or SERVICE without it; an empty variable switches
    the search off); ``timeout`` is in seconds, for the whole exchange. Raises PlaceError when the
    service is off, cannot be reached, refuses, is late, answers nonsense or knows no such address.
    """
    address = service(url)
    west, south, east, north = around
    query = {
        "q": text[:_MOST_TEXT],
        "index": "address",
        "limit": 1,
        "autocomplete": 0,
        "lon": f"{(west + east) / 2:.4f}",
        "lat": f"{(south + north) / 2:.4f}",
    }
    answer = io.BytesIO()
    limits = Limits(seconds=timeout, most_bytes=_MOST_BYTES)
    try:
        receive(f"{address}?{urlencode(query)}", answer, limits, headers=key_header())
        return _place(answer.getvalue(), text)
    except NetworkError as error:
        words = fault_words(error, timeout, text)
        raise PlaceError(f"{words} {_ELSE}") from error
    except (ValueError, KeyError, TypeError, IndexError, AttributeError) as error:
        raise PlaceError(f"{UNREADABLE} {_ELSE}") from error


def service(url: str | None = None) -> str:
    """Return the address of the service: ``url``, else ``ATLAS_GEOCODER_URL``, else SERVICE.

    Raises PlaceError when it is switched off (empty) or is no address.
    """
    chosen = os.environ.get("ATLAS_GEOCODER_URL", SERVICE) if url is None else url
    if urlsplit(chosen).scheme not in ("http", "https"):
        raise PlaceError(f"La recherche d'adresses n'est pas activée sur ce serveur. {_ELSE}")
    return chosen


def key_header() -> dict[str, str]:
    """Return the header that carries ``ATLAS_GEOCODER_KEY``, none without a key."""
    key = os.environ.get("ATLAS_GEOCODER_KEY", "").strip()
    return {"apikey": key} if key else {}


def fault_words(error: NetworkError, timeout: float, asked: str) -> str:
    """Say in French what happened to an exchange with the service of addresses."""
    if error.kind == "refused":
        return _refused(error, asked)
    if error.kind == "late":
        return f"Le service d'adresses n'a pas répondu en {timeout:.0f} secondes."
    if error.kind == "unreachable":
        return "Le service d'adresses est injoignable : ce serveur n'a peut-être pas internet."
    if error.kind == "cut":
        return "La réponse du service d'adresses a été coupée."
    if error.kind == "too_big":
        return UNREADABLE
    return "L'adresse du service d'adresses (ATLAS_GEOCODER_URL) n'est pas utilisable."


def _place(content: bytes, text: str) -> Place:
    features = json.loads(content)["features"]
    if not features:
        raise PlaceError(
            f"Adresse introuvable : « {text[:80]} ». Ajoutez la commune ou le code postal. {_ELSE}"
        )
    facts: dict[str, Any] = features[0]["properties"]
    lon, lat = (float(degrees) for degrees in features[0]["geometry"]["coordinates"][:2])
    score = float(facts["score"])
    if not (abs(lon) <= 180 and abs(lat) <= 90 and math.isfinite(score)):
        raise ValueError("impossible position")
    return Place(lon, lat, METHODS.get(facts["type"], "unknown"), str(facts["label"]), score)


def _refused(error: NetworkError, asked: str) -> str:
    if error.status == 400:
        return f"Le service d'adresses n'a pas compris « {asked[:80]} » : précisez l'adresse."
    if error.status == 429:
        wait = error.retry_after
        when = f"dans {wait:.0f} secondes" if wait is not None else "dans un instant"
        return f"Trop de demandes au service d'adresses : réessayez {when}."
    if error.status >= 500:
        return f"Le service d'adresses est en panne (erreur {error.status}) : réessayez plus tard."
    return f"Le service d'adresses a refusé la demande (erreur {error.status})."
