"""Is a place in a quarter? The answer for one address, one click or one pair of coordinates."""

from collections.abc import Mapping

import pandas as pd

from analysis import wording
from geo.crs import scale_error
from geo.geocoding import Box, Place
from geo.lived import lived_in
from geo.location import INDICATIVE, locate
from geo.proximity import BAND_M, NPNRU_BAND_M
from store.atlas import Atlas

_ASKED = "asked"


def extent(atlas: Atlas) -> Box:
    """Return the extent of the quarters: west, south, east, north in degrees (EPSG:4326)."""
    west, south, east, north = (float(edge) for edge in atlas.quarters.total_bounds)
    return west, south, east, north


def whereabouts(atlas: Atlas, place: Place) -> pd.Series:
    """Return what ``geo.location.locate`` says of a place.

    Its uncertainty is that of its method, or how roughly it was told when that is more.
    """
    known = atlas.territory.nomenclature.uncertainty_m
    metres = max(known.get(place.method, min(known.values())), place.coarse_m)
    # A method that is vague by nature keeps its name: locate never says "inside" of it.
    method = place.method if metres == known.get(place.method) else _ASKED
    row = {"lon": place.lon, "lat": place.lat, "position_method": method, "score": place.score}
    found = locate(
        pd.DataFrame([row]),
        atlas.quarters_metric,
        atlas.territory.crs,
        {**known, _ASKED: metres},
        npnru=atlas.territory.npnru,
        generation=atlas.territory.generation,
    )
    return found.iloc[0]


def answer(atlas: Atlas, place: Place) -> list[str]:
    """Answer in French sentences: the state first, then distance, band and limits of the answer."""
    found = whereabouts(atlas, place)
    if found["location_status"] == "not_located":
        return ["Cette position ne peut pas être située.", INDICATIVE]
    return [
        _state(atlas, found),
        *_lived(atlas, place, found),
        _distance(atlas, place, found),
        _band(atlas, found),
        f"Périmètres {found['perimeter']}. {INDICATIVE}",
    ]


def _state(atlas: Atlas, found: pd.Series) -> str:
    name = atlas.quarter_labels[found["nearest_qpv_code"]]
    remark = placed_remark(atlas.quarter_labels, found)
    if found["location_status"] == "inside":
        return f"Oui, dans le quartier {name}.{remark}"
    if found["location_status"] == "outside":
        return "Non, hors de tout quartier prioritaire."
    if abs(found["distance_to_edge_m"]) < found["uncertainty_m"]:
        return f"Indécis : trop près de la limite de {name} pour le dire.{remark}"
    return f"Indécis : cette position est trop vague pour la dire dans {name}.{remark}"


def placed_remark(labels: Mapping[str, str], found: pd.Series) -> str:
    """Say in French what is particular about a located position: on an edge, in several quarters.

    ``found`` is a row of ``geo.location.locate``; empty when nothing is.
    """
    words = " Le point est sur une limite." if found["on_edge"] else ""
    if pd.isna(found["overlap"]):
        return words
    others = [labels.get(code, code) for code in str(found["overlap"]).split(", ")]
    return (
        f"{words} Il est aussi dans {wording.listing(others)} : les deux se touchent ou se "
        "recouvrent, et le plus petit code l'emporte."
    )


def _lived(atlas: Atlas, place: Place, found: pd.Series) -> list[str]:
    """Say of which quarter the territory declares the place to be lived in, if it does."""
    known = {**atlas.territory.nomenclature.uncertainty_m, _ASKED: found["uncertainty_m"]}
    row = {"lon": place.lon, "lat": place.lat, "position_method": found["method"]}
    held = lived_in(pd.DataFrame([row]), found.to_frame().T, atlas.lived, known).iloc[0]
    names = wording.listing([atlas.quarter_labels[code] for code in held["codes"]])
    if not names:
        return []
    return [
        f"Quartier vécu : {held['labels']}, que le territoire rattache à {names} ; "
        "ce n'est pas le quartier prioritaire."
    ]


def _distance(atlas: Atlas, place: Place, found: pd.Series) -> str:
    name = atlas.quarter_labels[found["nearest_qpv_code"]]
    away = abs(found["distance_to_edge_m"])
    side = "à l'intérieur" if found["distance_to_edge_m"] < 0 else "à l'extérieur"
    words = atlas.territory.nomenclature.positions
    how = [words.get(found["method"], "saisie ou clic")]
    if place.score is not None:
        how.append(f"correspondance {wording.number(place.score, 2)}")
    doubt = (
        " Vérifiez que c'est bien l'adresse cherchée."
        if place.score is not None and place.score < atlas.territory.nomenclature.geocoding_score
        else ""
    )
    return (
        f"{wording.metres(away)} {side} de la limite de {name} ; position connue à "
        f"±{wording.NARROW}{wording.metres(found['uncertainty_m'])} ({', '.join(how)}).{doubt}"
    )


def _band(atlas: Atlas, found: pd.Series) -> str:
    widths = (
        f"{wording.metres(BAND_M)} d'un quartier ou {wording.metres(NPNRU_BAND_M)} d'un site NPNRU"
    )
    if pd.isna(found["in_band"]):
        return f"TVA réduite : trop près de la limite pour dire s'il est à moins de {widths}."
    if not found["in_band"]:
        return f"TVA réduite : à plus de {widths}."
    return f"TVA réduite : à moins de {widths} ({atlas.quarter_labels[found['band_code']]})."


def ground_error(atlas: Atlas) -> str:
    """Say in French how true to the ground the metres of the territory's system are."""
    error = scale_error(atlas.quarters, atlas.territory.crs) * NPNRU_BAND_M
    unit = f"{wording.NARROW}cm"
    return (
        f"justes au sol à {wording.number(max(100 * error, 1))}{unit} près sur "
        f"{wording.metres(NPNRU_BAND_M)}"
    )
