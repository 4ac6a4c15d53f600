"""The only door for files: published layers and tables, read into frames that keep a contract.

Everything takes a ``Dataset`` of the catalogue; its fingerprint is checked before it is parsed.
CSV is read as text first, so that codes keep their zeros and a blank cell stays a blank cell.
"""

import io
import math
import re

import geopandas as gpd
import pandas as pd

from geo import declared
from geo.catalogue import Dataset, read_verified
from geo.cells import Sheet, refuse, require
from geo.containers import open_layer
from geo.crs import to_wgs84
from geo.errors import DataFileError
from geo.layers import read_layer
from geo.schema import (
    AMOUNTS,
    COMMUNES,
    CROSSWALK,
    FIGURES,
    FUNDING,
    OPTIONAL_FUNDING_COLUMNS,
    OPTIONAL_PROJECT_COLUMNS,
    PROJECTS,
    QUARTERS,
    QUARTERS_2015,
    Frame,
    cell_fault,
    check,
)

_LEVELS = {
    "epci": "epci",
    "departement": "department",
    "region": "region",
    "pays": "country",
    "commune": "commune",
}
_POSTS = {
    "adulte-relais": ("Poste d'adulte-relais", "adulte-relais"),
    "postes-fonjep": ("Poste Fonjep", "fonjep"),
}


def read_table(dataset: Dataset) -> pd.DataFrame:
    """Read a CSV of the catalogue as text, one column a field, blank cells as missing.

    Blank lines are left out but counted: index ``k`` is line ``k + 2`` of the file. Raises
    DataFileError when it is not a UTF-8 comma-separated table or a column is named twice.
    """
    content = read_verified(dataset)
    try:
        # Read without header, so that a line with more fields than the first one is refused.
        lines = pd.read_csv(
            io.StringIO(content.decode("utf-8-sig")),
            header=None,
            dtype="str",
            keep_default_na=False,
            na_values=[""],
            skip_blank_lines=False,
        )
    except (UnicodeDecodeError, pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise DataFileError(
            f"{dataset.path.name} n'est pas un tableau CSV lisible ({error}) ; attendu : UTF-8, "
            "séparateur virgule, une ligne d'en-tête."
        ) from error
    named = lines.loc[:, lines.iloc[0].notna()]
    frame = named.iloc[1:].set_axis(named.iloc[0].tolist(), axis="columns").dropna(how="all")
    twice = frame.columns[frame.columns.duplicated()].unique()
    if len(twice):
        raise DataFileError(
            f"{dataset.path.name} : colonne(s) {', '.join(twice)} présente(s) plusieurs fois ; "
            "gardez-en une."
        )
    return frame.set_index(frame.index - 1)


def _sheet(dataset: Dataset, columns: tuple[str, ...]) -> Sheet:
    return Sheet(read_table(dataset), dataset.path.name, columns)


def read_quarters(dataset: Dataset) -> gpd.GeoDataFrame:
    """Read the layer of a territory's quarters (contract QUARTERS, EPSG:4326, sorted by code).

    Invalid rings come repaired; ``geo.layers.read_layer`` gives the same with the report of its
    repairs, and raises the errors of this one.
    """
    return read_layer(dataset, contract=QUARTERS)[0]


def read_quarters_2015(dataset: Dataset) -> pd.DataFrame:
    """Read the table of the 2015 quarters: code, name, communes, populations, NPNRU (oui/non)."""
    populations = ("population_2013", "population_2018")
    sheet = _sheet(dataset, ("code_qp_2015", "name", "communes", *populations, "npnru"))
    frame = sheet.frame.assign(**{name: sheet.integers(name) for name in populations})
    frame = frame.rename(columns={"code_qp_2015": "qpv_code", "name": "qpv_name"})
    return sheet.checked(frame, QUARTERS_2015, {"qpv_code": "code_qp_2015", "qpv_name": "name"})


def read_crosswalk(dataset: Dataset) -> pd.DataFrame:
    """Read the official correspondence 2015 ↔ 2024 (contract CROSSWALK), one row a pair of codes.

    A 2024 quarter made of several has one row for each of its ``qp2015_1``, ``qp2015_2``…; a new
    one has no 2015 code, a dropped one no 2024 code.
    """
    sheet = _sheet(dataset, ("qp2024", "qp2015_1", "statut"))
    numbered = [name for name in sheet.frame.columns if re.fullmatch("qp2015_[0-9]", name)]
    parts = [
        pd.DataFrame(
            {
                "qpv_code": sheet.text("qp2024"),
                "qpv_code_2015": sheet.text(column),
                "status": sheet.text("statut"),
            }
        )
        for column in numbered
    ]
    later = [part[part["qpv_code_2015"].notna()] for part in parts[1:]]
    frame = pd.concat([parts[0], *later]).sort_index(kind="stable")
    names = {"qpv_code": "qp2024", "qpv_code_2015": "qp2015_1", "status": "statut"}
    neither = frame["qpv_code"].isna() & frame["qpv_code_2015"].isna()
    sheet.faults += [
        cell_fault(f"ligne {int(row) + 2}", "qp2024", None, "un code QPV 2024 ou 2015 par ligne")
        for row in frame.index[neither]
    ]
    return sheet.checked(frame, CROSSWALK, names)


def read_communes(dataset: Dataset, siren: str | None = None) -> pd.DataFrame:
    """Read the communes (contract COMMUNES): code, name, municipal population, interior point.

    Three shapes are known: the atlas's own table; GeoJSON contours as geo.api.gouv.fr writes them
    (``code``, ``nom``, ``population``, ``codesPostaux``), whose interior point is taken; the
    official table of communes and their EPCI (``siren_epci``), without points. Of the last two,
    only the communes of the EPCI ``siren`` are kept, if it is given and the file says it. Postcodes
    that the file does not give are missing. Raises DataFileError when no commune is left.
    """
    if read_verified(dataset)[:1] in (b"{", b"["):
        return _commune_shapes(dataset, siren)
    names = {
        "commune_code": "code_insee",
        "commune_name": "nom",
        "population": "population_municipale",
    }
    table = read_table(dataset)
    if "siren_epci" in table:
        table = _of_epci(table, siren, dataset).assign(lon=None, lat=None)
    sheet = Sheet(table, dataset.path.name, (*names.values(), "lon", "lat"))
    communes = pd.DataFrame(
        {
            "commune_code": sheet.text("code_insee"),
            "commune_name": sheet.text("nom"),
            "population": sheet.integers("population_municipale"),
            "lon": sheet.floats("lon"),
            "lat": sheet.floats("lat"),
            "postcodes": pd.Series(pd.NA, index=table.index, dtype="str"),
        }
    )
    return sheet.checked(communes, COMMUNES, names)


def _commune_shapes(dataset: Dataset, siren: str | None) -> pd.DataFrame:
    layer, name = open_layer(dataset)
    require(("code", "nom"), list(layer.columns), name)
    if "siren_epci" in layer:
        layer = _of_epci(layer, siren, dataset)
    layer = to_wgs84(layer)
    points = layer.geometry.representative_point()
    population = layer.get("population", pd.Series(None, index=layer.index, dtype="object"))
    communes = pd.DataFrame(
        {
            "commune_code": layer["code"].astype("str"),
            "commune_name": layer["nom"].astype("str"),
            "population": pd.to_numeric(population, errors="coerce").astype("Int64"),
            "lon": points.x,
            "lat": points.y,
            "postcodes": _postcodes(layer),
        }
    )
    return check(communes, COMMUNES, name, first_line=1)


def _postcodes(layer: gpd.GeoDataFrame) -> pd.Series:
    """Return the postcodes of each commune as one text; an empty list says nothing."""
    found = layer.get("codesPostaux", pd.Series(None, index=layer.index, dtype="object"))
    listed = [", ".join(map(str, one)) if isinstance(one, list) else one for one in found]
    texts = pd.Series(listed, index=layer.index, dtype="object").astype("str")
    return texts.where(texts != "")


def _of_epci(rows: Frame, siren: str | None, dataset: Dataset) -> Frame:
    kept = rows if siren is None else rows[rows["siren_epci"] == siren]
    if kept.empty:
        raise DataFileError(
            f"{dataset.path.name} : aucune commune de l'intercommunalité {siren} parmi "
            f"{len(rows)} ; attendu : une liste qui la contient."
        )
    return kept


def read_insee(dataset: Dataset) -> pd.DataFrame:
    """Read Insee's long table by QPV (contract FIGURES); file year and data year stay apart."""
    sheet = _sheet(dataset, ("code_qp", "theme", "variable", "file_year", "data_year", "value"))
    frame = pd.DataFrame(
        {
            "area_level": "quarter",
            "area_code": sheet.text("code_qp"),
            "table": sheet.text("theme"),
            "variable": sheet.text("variable"),
            "data_year": sheet.integers("data_year"),
            "file_year": sheet.integers("file_year"),
            "value": sheet.floats("value"),
        }
    )
    return _figures(sheet, frame, dataset, {"area_code": "code_qp", "table": "theme"})


def read_panel(dataset: Dataset) -> pd.DataFrame:
    """Read a wide table by QPV (``code_qp``), one column a variable, into contract FIGURES.

    The data year is the one the catalogue gives for the whole file, else column ``data_year``.
    """
    keys = ("code_qp",) if dataset.data_year else ("code_qp", "data_year")
    sheet = _sheet(dataset, keys)
    index = sheet.frame.index
    whole_file = pd.Series(dataset.data_year, index=index, dtype="Int64")
    wide = {
        "area_level": "quarter",
        "area_code": sheet.text("code_qp"),
        "table": "",
        "data_year": whole_file if dataset.data_year else sheet.integers("data_year"),
        "file_year": pd.Series(pd.NA, index=index, dtype="Int64"),
    }
    variables = [name for name in sheet.frame.columns if name not in ("code_qp", "data_year")]
    parts = [
        pd.DataFrame({**wide, "variable": name, "value": sheet.floats(name)}, index=index)
        for name in variables
    ]
    return _figures(sheet, pd.concat(parts), dataset, {"area_code": "code_qp"})


def read_comparators(dataset: Dataset) -> pd.DataFrame:
    """Read the Filosofi figures of communes, EPCI, department, region, France (FIGURES)."""
    sheet = _sheet(dataset, ("level", "code", "variable", "data_year", "value"))
    frame = pd.DataFrame(
        {
            "area_level": sheet.text("level").map(lambda level: _LEVELS.get(level, level)),
            "area_code": sheet.text("code"),
            "table": "",
            "variable": sheet.text("variable"),
            "data_year": sheet.integers("data_year"),
            "file_year": pd.Series(pd.NA, index=sheet.frame.index, dtype="Int64"),
            "value": sheet.floats("value"),
        }
    )
    return _figures(sheet, frame, dataset, {"area_level": "level", "area_code": "code"})


def read_programme(projects: Dataset, funding: Dataset) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Read a programme in the atlas's own shape: (PROJECTS, FUNDING), euros made integer cents.

    Raises ContractError with every fault of both files: wrong cells, a funding line that names no
    project, a project without a funding line (the totals would lose it). The columns of
    OPTIONAL_PROJECT_COLUMNS and OPTIONAL_FUNDING_COLUMNS may be absent; the total cost of an action
    is ``total_cost_eur`` in the file.
    """
    required = [name for name in PROJECTS.columns if name not in OPTIONAL_PROJECT_COLUMNS]
    table = _sheet(projects, tuple(required))
    frame = table.frame.reindex(columns=list(PROJECTS.columns)).astype("str")
    frame["fictitious"] = table.flags("fictitious")
    for column in ("year", "beneficiaries", "qpv_residents"):
        frame[column] = table.integers(column)
    for column in ("lon", "lat"):
        frame[column] = table.floats(column)
    costs = {"total_cost_cents": "total_cost_eur"}
    known = costs["total_cost_cents"] in table.frame
    frame["total_cost_cents"] = (
        table.cents("total_cost_eur") if known else pd.Series(pd.NA, frame.index, dtype="Int64")
    )
    table.faults += declared.faults(frame)
    names = {f"{amount}_cents": f"{amount}_eur" for amount in AMOUNTS}
    lines = _sheet(funding, ("project_id", "funder", "status", *names.values()))
    texts = ["project_id", "funder", "status", *OPTIONAL_FUNDING_COLUMNS]
    money = lines.frame.reindex(columns=texts).astype("str")
    money = money.assign(**{cents: lines.cents(euros) for cents, euros in names.items()})
    money = money[list(FUNDING.columns)]
    refuse(
        table.report(frame, PROJECTS, costs),
        lines.report(money, FUNDING, names),
        _unmatched(money, frame, f"{lines.name} : financement sans projet dans {table.name}"),
        _unmatched(frame, money, f"{table.name} : projet sans financement dans {lines.name}"),
    )
    return frame.reset_index(drop=True), money.reset_index(drop=True)


def _unmatched(rows: pd.DataFrame, others: pd.DataFrame, fault: str) -> str:
    alone = sorted(set(rows["project_id"].dropna()) - set(others["project_id"].dropna()))
    if not alone:
        return ""
    more = f" et {len(alone) - 20} autres" if len(alone) > 20 else ""
    return (
        f"{fault} : {', '.join(alone[:20])}{more}. Ajoutez la ligne qui manque (un montant inconnu "
        "reste vide), ou retirez celle-ci."
    )


def read_posts(dataset: Dataset, programme: str, funder: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Read the ANCT table of funded posts as a programme: (PROJECTS, FUNDING).

    A post of a year is a project; it has no location and no theme of its own. A
    ``code_tiers_siret`` that is a name and not 14 digits leaves the SIRET missing.
    """
    names = {
        "project_id": "id_poste",
        "title": "type",
        "year": "annee",
        "operator": "raison_sociale",
        "granted_cents": "montant_eur",
    }
    sheet = _sheet(dataset, (*names.values(), "code_tiers_siret"))
    post, kind, siret = (sheet.text(name) for name in ("id_poste", "type", "code_tiers_siret"))
    missing = pd.Series(pd.NA, index=post.index, dtype="Int64")
    frame = pd.DataFrame(index=post.index, columns=list(PROJECTS.columns), dtype="str").assign(
        project_id="POSTE-" + post + "-" + sheet.text("annee"),
        programme=pd.Series(programme, index=post.index, dtype="str"),
        fictitious=False,
        reference=post,
        year=sheet.integers("annee"),
        title=_post_word(kind, 0) + " n° " + post,
        operator=sheet.text("raison_sociale"),
        operator_siret=siret.where(siret.str.fullmatch("[0-9]{14}")),
        dispositif=_post_word(kind, 1),
        lon=math.nan,
        lat=math.nan,
        beneficiaries=missing,
        qpv_residents=missing,
        total_cost_cents=missing,
    )
    undated = pd.Series(pd.NA, index=post.index, dtype="str")
    lines = pd.DataFrame(
        {
            "project_id": frame["project_id"],
            "funder": pd.Series(funder, index=post.index, dtype="str"),
            "status": pd.Series("granted", index=post.index, dtype="str"),
            "requested_cents": missing,
            "granted_cents": sheet.cents("montant_eur"),
            "previous_cents": missing,
            "requested_on": undated,
            "decided_on": undated,
        }
    )
    return sheet.checked(frame, PROJECTS, names), sheet.checked(lines, FUNDING, names)


def _post_word(kind: pd.Series, k: int) -> pd.Series:
    return kind.map({code: words[k] for code, words in _POSTS.items()}).astype("str")


def _figures(
    sheet: Sheet, frame: pd.DataFrame, dataset: Dataset, names: dict[str, str]
) -> pd.DataFrame:
    text = ["area_level", "area_code", "table", "variable", "status", "dataset"]
    generation = pd.Series(dataset.generation, index=frame.index, dtype="Int64")
    status = _blank_status(frame, dataset.blank)
    frame = frame.assign(status=status, generation=generation, dataset=dataset.key)
    frame = frame.astype(dict.fromkeys(text, "str"))
    return sheet.checked(frame[list(FIGURES.columns)], FIGURES, names)


def _blank_status(frame: pd.DataFrame, blank: str) -> pd.Series:
    # A variable that is blank for every area of a vintage was not published that year: "absent",
    # whatever a single blank cell means in that file.
    keys = ["table", "variable", "data_year", "file_year"]
    known = frame["value"].notna()
    published_somewhere = frame.groupby(keys, dropna=False)["value"].transform("count") > 0
    status = pd.Series("published", index=frame.index, dtype="str")
    return status.mask(~known, blank).mask(~published_somewhere, "absent")
