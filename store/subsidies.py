"""The granted money as rows of the national schema « SCDL subventions » (version 2.1)."""

from dataclasses import dataclass

import pandas as pd
from stdnum.exceptions import ValidationError
from stdnum.fr import siret

from analysis.selection import Selection
from geo.errors import AtlasError
from store.atlas import Atlas
from store.tables import loaded, selected

COLUMNS = (
    *("nomAttribuant", "idAttribuant", "dateConvention", "referenceDecision", "nomBeneficiaire"),
    *("idBeneficiaire", "rnaBeneficiaire", "objet", "montant", "nature", "conditionsVersement"),
    *("datesPeriodeVersement", "idRAE", "notificationUE", "pourcentageSubvention"),
    "dispositifAide",
)
_MOST = 256  # characters of « objet »
_CONDITIONS = "conditions non précisées dans le programme"


@dataclass(frozen=True)
class Subsidies:
    """The rows that the schema takes, and how many it cannot, by French reason."""

    rows: pd.DataFrame
    left_out: dict[str, int]

    @property
    def remark(self) -> str:
        """Say in French how many granted lines are not in the file and why; empty if none."""
        reasons = " ; ".join(f"{reason} ({count})" for reason, count in self.left_out.items())
        return f"SCDL, lignes accordées écartées : {reasons}." if reasons else ""


def subsidies(atlas: Atlas, selection: Selection) -> Subsidies:
    """Return the granted funding lines of a selection as the schema wants them, euros as text.

    A grant is whole, whatever quarters are chosen. What the schema demands and the data does not
    say (a SIRET, the date of the decision) leaves the line out and is counted: nothing is
    invented. Raises AtlasError, with the reasons, when no line at all can be written.
    """
    lines = _granted(atlas, selection)
    funders = {one.code: one for one in atlas.territory.funders}
    names = lines["funder"].map(lambda code: funders[code].label if code in funders else code)
    sirets = lines["funder"].map(lambda code: funders[code].siret if code in funders else "")
    missing = {
        "SIRET de l'attribuant absent ou faux dans le fichier du territoire": ~_sound(sirets),
        "ni SIRET ni RNA du porteur, ou SIRET faux": ~_identified(lines),
        "date de décision absente": lines["decided_on"].isna(),
        "porteur ou intitulé absent": lines["operator"].isna() | lines["title"].isna(),
    }
    faulty = pd.DataFrame(missing, index=lines.index).any(axis="columns")
    left_out = {reason: int(rows.sum()) for reason, rows in missing.items() if rows.any()}
    found = Subsidies(_rows(lines, names, sirets)[~faulty].reset_index(drop=True), left_out)
    if found.rows.empty and left_out:
        raise AtlasError(
            f"Aucune ligne ne remplit le schéma SCDL subventions. {found.remark} Complétez "
            "« siret » des financeurs dans le fichier du territoire et les SIRET des porteurs."
        )
    return found


def _granted(atlas: Atlas, selection: Selection) -> pd.DataFrame:
    programme = loaded(atlas, selection)
    keys = ["project_id", "funder", "status"]
    chosen = selected(atlas, selection)[keys].drop_duplicates()
    lines = chosen.merge(programme.funding, on=keys, how="inner")
    lines = lines[lines["granted_cents"].fillna(0) > 0]
    told = ["project_id", "fictitious", "reference", "year", "title", "operator", "operator_siret"]
    told += ["operator_rna"]
    return lines.merge(programme.projects[told], on="project_id", how="left")


def _rows(lines: pd.DataFrame, names: pd.Series, sirets: pd.Series) -> pd.DataFrame:
    year = lines["year"].astype("str")
    marks = lines["fictitious"].astype(bool).map({True: "[FICTIF] ", False: ""})
    # The amount is written from whole cents: a binary fraction would show.
    euros = lines["granted_cents"].map(lambda cents: f"{int(cents) // 100}.{int(cents) % 100:02d}")
    blank = pd.Series("", index=lines.index, dtype="str")
    frame = pd.DataFrame(
        {
            "nomAttribuant": names,
            "idAttribuant": sirets,
            "dateConvention": lines["decided_on"],
            "referenceDecision": lines["reference"],
            "nomBeneficiaire": lines["operator"],
            "idBeneficiaire": lines["operator_siret"].fillna(""),
            "rnaBeneficiaire": lines["operator_rna"].fillna(""),
            "objet": (marks + lines["title"].astype("str")).str[:_MOST],
            "montant": euros,
            "nature": blank + "aide en numéraire",
            "conditionsVersement": blank + _CONDITIONS,
            "datesPeriodeVersement": year + "-01-01/" + year + "-12-31",
            "idRAE": blank,
            "notificationUE": blank + "non",
            "pourcentageSubvention": blank + "1.00",
            "dispositifAide": blank,
        }
    )
    return frame[list(COLUMNS)]


def _identified(lines: pd.DataFrame) -> pd.Series:
    """Say where the operator is known by a sound SIRET or, without any, by its RNA number."""
    numbers = lines["operator_siret"]
    return _sound(numbers) | (numbers.isna() & lines["operator_rna"].notna())


def _sound(numbers: pd.Series) -> pd.Series:
    return numbers.map(_valid).astype("bool")  # a column without a row would stay a text


def _valid(number: object) -> bool:
    if not isinstance(number, str) or len(number) != 14:
        return False
    try:
        siret.validate(number)
    except ValidationError:
        return False
    return True
