"""What the service offers: six collections, each a frame of the store."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import geopandas as gpd
import pandas as pd

from analysis.selection import Selection
from analysis.vocabulary import FIGURE_WORDS
from geo.crs import WGS84
from store.atlas import Atlas
from store.contents import content
from store.listing import every_figure
from store.tables import export_projects, export_quarters, selected


@dataclass(frozen=True)
class Collection:
    """One collection: French words, the column that names a feature, and where its rows are.

    ``of_programme`` says that the rows depend on a selection of projects, and so may be fictitious;
    ``dataset`` is the part of the territory whose producer and licence are told; ``words`` say what
    a property means where the dictionary of the exports does not, or says another thing.
    """

    title: str
    description: str
    key: str
    dataset: str
    of_programme: bool
    rows: Callable[[Atlas, Selection], gpd.GeoDataFrame]
    words: Mapping[str, str] = field(default_factory=dict)


def communes(atlas: Atlas, _selection: Selection) -> gpd.GeoDataFrame:
    """Return the communes with their municipal population, each at one interior point."""
    table = atlas.communes
    frame = pd.DataFrame(
        {
            "code_insee": table["commune_code"],
            "nom": table["commune_name"],
            "population": table["population"],
            "source": atlas.dataset("communes").credit,
            "donnees_fictives": False,
        }
    )
    places = gpd.points_from_xy(table["lon"], table["lat"])
    layer = gpd.GeoDataFrame(frame, geometry=places, crs=WGS84)
    layer.loc[table["lon"].isna(), "geometry"] = None
    return layer


def indicators(atlas: Atlas, _selection: Selection) -> gpd.GeoDataFrame:
    """Return every published figure of the quarters, one row a quarter, an indicator and a year.

    No geometry: most figures were measured on other perimeters than those of the layer.
    """
    table = every_figure(atlas).sort_values(["quarter", "indicator"], kind="stable")
    year = table["data_year"].fillna(table["file_year"]).astype("Int64")
    same = table.assign(year=year).groupby(["quarter", "indicator", "year"], dropna=False)
    again = same.cumcount().map(lambda count: f"-{count + 1}" if count else "")
    named = table["quarter"] + "-" + table["indicator"] + "-" + year.astype("str") + again
    frame = pd.DataFrame(
        {
            "identifiant": named,
            "code_qpv": table["quarter"],
            "nom": table["quarter"].map(atlas.quarter_labels),
            "indicateur": table["indicator"],
            "libelle": table["indicator"].map(lambda code: atlas.indicators[code].label),
            "annee_donnee": table["data_year"],
            "annee_fichier": table["file_year"],
            "valeur": table["value"],
            "texte": table["text"],
            "unite": table["unit"],
            "statut": table["status"].map(FIGURE_WORDS),
            "perimetre": table["perimeter"],
            "source": table["source"],
            "donnees_fictives": False,
        }
    ).reset_index(drop=True)
    return gpd.GeoDataFrame(frame, geometry=[None] * len(frame), crs=WGS84)


def locations(atlas: Atlas, selection: Selection) -> gpd.GeoDataFrame:
    """Return where the projects of a selection are, as the exports tell it."""
    return content(atlas, selection, "locations")


def funding(atlas: Atlas, selection: Selection) -> gpd.GeoDataFrame:
    """Return the funding lines of a selection, as the exports tell them, each with a name.

    The name (``ligne``) is what makes a line one: project, funder, status, target and quarter.
    """
    lines = content(atlas, selection, "funding")
    rows = selected(atlas, selection)
    parts = rows[["project_id", "funder", "status", "target", "qpv_code"]].astype("object")
    named = ["-".join(filter(pd.notna, row)) for row in parts.itertuples(index=False)]
    return lines.assign(ligne=named)


COLLECTIONS = {
    "quarters": Collection(
        "Quartiers prioritaires",
        "Les quartiers du territoire, leurs projets, leurs montants et la dernière valeur de "
        "chaque indicateur, avec son état, son année et son périmètre.",
        "code_qpv",
        "quarters",
        True,
        export_quarters,
    ),
    "projects": Collection(
        "Projets",
        "Les projets d'une année d'un programme. Une position est indicative et ne vaut pas "
        "attestation ; un projet sans position n'a pas de géométrie.",
        "identifiant",
        "",
        True,
        export_projects,
    ),
    "locations": Collection(
        "Positions des projets",
        "Où est chaque projet : adresse, quartier de sa position, distance à sa limite, bande. Un "
        "projet sans position n'a pas de géométrie.",
        "identifiant",
        "",
        True,
        locations,
    ),
    "funding": Collection(
        "Financements",
        "Une ligne par projet, financeur, statut et destination. Sans géométrie : la position est "
        "celle du projet, qui porte le même identifiant dans « locations ».",
        "ligne",
        "",
        True,
        funding,
        {"ligne": "Nom de la ligne : projet, financeur, statut, destination, quartier."},
    ),
    "communes": Collection(
        "Communes",
        "Les communes de l'agglomération : population municipale, un point intérieur.",
        "code_insee",
        "communes",
        False,
        communes,
        {
            "code_insee": "Code officiel de la commune.",
            "nom": "Nom de la commune.",
            "population": "Population municipale de la commune.",
        },
    ),
    "indicators": Collection(
        "Indicateurs des quartiers",
        "Chaque chiffre publié : année de la donnée, année du fichier, état (publié, secret, "
        "absent…), périmètre et source. Sans géométrie : la plupart sont mesurés sur les "
        "périmètres de 2015.",
        "identifiant",
        "",
        False,
        indicators,
        {
            "identifiant": "Nom du chiffre : quartier, indicateur, année.",
            "nom": "Nom du quartier et sa première commune.",
            "texte": "Le chiffre en français, ou ce qui le remplace : secret, n.d.",
            "statut": "Publié, secret, absent, non significatif ou non comparable.",
            "perimetre": "Périmètre sur lequel le chiffre est mesuré.",
        },
    ),
}
