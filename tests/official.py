"""Fictitious official layers in their published shapes: two neighbouring agglomerations."""

import io
import json
import zipfile
from typing import Any

ENTRY = "GEOJSON/QP2024_France_Hexagonale_Outre_Mer_WGS84.geojson"
FIRST, SECOND = "299900001", "299900002"
# Code, name, communes, EPCI (one reaches into both), west edge of a square in degrees.
QUARTERS = [
    ("QN02101M", "Les Essais", "21901", "Essai-Haut", FIRST, 4.00),
    ("QN02102M", "La Limite", "21901, 21911", "Essai-Haut, Preuve-Bas", f"{FIRST}, {SECOND}", 4.05),
    ("QN02103M", "Les Preuves", "21911", "Preuve-Bas", SECOND, 4.10),
    ("QN02104M", "Le Témoin", "21912", "Preuve-Haut", SECOND, 4.15),
]
POSTCODES = {"21901": ["21990", "21991"]}
COMMUNES = {
    FIRST: [("21901", "Essai-Haut", 1200, 4.00)],
    SECOND: [("21911", "Preuve-Bas", 900, 4.06), ("21912", "Preuve-Haut", 800, 4.14)],
}


def square(west: float, side: float = 0.02) -> dict[str, Any]:
    east, south, north = west + side, 47.3, 47.3 + side
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return {"type": "Polygon", "coordinates": [ring]}


def collection(rows: list[tuple[dict[str, Any], dict[str, Any]]]) -> bytes:
    features = [
        {"type": "Feature", "properties": facts, "geometry": shape} for facts, shape in rows
    ]
    return json.dumps({"type": "FeatureCollection", "features": features}).encode()


def quarters(**changes: Any) -> bytes:
    names = ("code_qp", "lib_qp", "insee_com", "lib_com", "siren_epci")
    return collection(
        [(dict(zip(names, row[:5], strict=True)) | changes, square(row[5])) for row in QUARTERS]
    )


def archive(content: bytes, name: str = ENTRY) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return target.getvalue()


def communes(siren: str) -> bytes:
    return collection(
        [
            (
                {"code": code, "nom": name, "population": people}
                | {"codesPostaux": POSTCODES.get(code, [])},
                square(west, 0.06),
            )
            for code, name, people, west in COMMUNES[siren]
        ]
    )


def commune_table() -> bytes:
    lines = ["code_insee,nom,siren_epci,nom_epci,population_municipale"]
    for siren, rows in COMMUNES.items():
        lines += [
            f"{code},{name},{siren},CA {siren[-1]},{people}" for code, name, people, _ in rows
        ]
    return "\n".join(lines).encode()


def mirror(siren: str) -> dict[str, bytes]:
    """What a mirror or a folder holds: content by file name."""
    return {
        "qpv_2024.zip": archive(quarters()),
        f"communes_{siren}.geojson": communes(siren),
        "communes_epci.csv": commune_table(),
    }
