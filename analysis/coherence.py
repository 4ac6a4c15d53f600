"""What cells say against each other: plan, status, dates, commune, repeated rows."""

import pandas as pd

from analysis import wording
from analysis.faults import WHOLE_FILE, Faults
from analysis.fields import plain
from analysis.mapping import ColumnMap
from analysis.values import BLOCKING, FOR_INFORMATION, TO_CHECK, Problem
from geo.coordinates import diagnose
from geo.territory import Territory

_DESCRIBED = (
    *("title", "operator", "operator_siret", "rna", "theme", "declared_qpv", "total_cost"),
    *("starts_on", "ends_on", "postcode"),
)


def check_rows(rows: pd.DataFrame, columns: ColumnMap, year: int, faults: Faults) -> None:
    """Check the days of each row against the year and each other, and its numbers of people."""
    first, last = f"{year}-01-01", f"{year}-12-31"
    start = rows["starts_on"].fillna(rows["ends_on"]).fillna(first)
    end = rows["ends_on"].fillna(rows["starts_on"]).fillna(last)
    backwards = start > end
    outside = ~backwards & ((start > last) | (end < first))
    partly = ~backwards & ~outside & ((start < first) | (end > last))
    header = str(columns.header("starts_on") or columns.header("ends_on"))
    expected = f"une action de {year}"
    for hit, severity, remedy in (
        (backwards, TO_CHECK, "L'action finit avant de commencer : vérifiez les deux dates."),
        (outside, TO_CHECK, "L'action a lieu hors de l'exercice : vérifiez la date."),
        (partly, FOR_INFORMATION, "L'action déborde de l'exercice."),
    ):
        faults.add_all(rows.index[hit], header, Problem(severity, "date", expected, remedy))
    more = rows["qpv_residents"].fillna(0) > rows["beneficiaries"].fillna(10**9)
    expected, remedy = "au plus le nombre de bénéficiaires", "Vérifiez les deux nombres."
    header = str(columns.header("qpv_residents"))
    faults.add_all(rows.index[more], header, Problem(TO_CHECK, "count", expected, remedy))


def check_places(
    rows: pd.DataFrame,
    columns: ColumnMap,
    communes: pd.DataFrame,
    territory: Territory,
    faults: Faults,
) -> None:
    """Check commune code, name and postcode against each other, and the position; fill a code.

    A name that only one commune bears gives its code. A postcode is compared with those of its
    commune where the list of communes gives them, else with the department only, which is said.
    """
    names = dict(zip(communes["commune_code"], communes["commune_name"], strict=True))
    codes: dict[str, list[str]] = {}
    for code, name in names.items():
        codes.setdefault(plain(name), []).append(code)
    by_name = rows["commune_name"].map(lambda name: codes.get(plain(str(name)), []))
    single = by_name.map(lambda some: some[0] if len(some) == 1 else None)
    _check_names(rows, columns, names, faults)
    rows["commune_code"] = rows["commune_code"].fillna(single)
    _check_postcodes(rows, columns, communes, faults)
    placed = rows[["lon", "lat", "commune_code"]]
    if not placed[["lon", "lat"]].notna().any(axis=None):
        return
    told = diagnose(
        placed.astype({"lon": "float64", "lat": "float64", "commune_code": "str"}),
        communes,
        territory.crs,
        radius_m=territory.commune_radius_m,
    )
    header = str(columns.header("lon"))
    for line, message in told.loc[told["fault"].notna() & placed["lon"].notna(), "message"].items():
        problem = Problem(TO_CHECK, "position", "une position dans sa commune", str(message))
        faults.add(line, header, rows.at[line, "lon"], problem)


def _check_names(
    rows: pd.DataFrame, columns: ColumnMap, names: dict[str, str], faults: Faults
) -> None:
    code, name = columns.header("commune_code"), columns.header("commune_name")
    if code and name:
        known = rows["commune_code"].map(names)
        both = known.notna() & rows["commune_name"].notna()
        other = both & (known[both].map(plain) != rows.loc[both, "commune_name"].map(plain))
        for line in rows.index[other.fillna(False)]:
            expected = f"{known[line]}, la commune de ce code"
            remedy = "Le code et le nom se contredisent : corrigez l'un des deux."
            problem = Problem(TO_CHECK, "commune", expected, remedy)
            faults.add(line, name, rows.at[line, "commune_name"], problem)
    folded = {plain(one) for one in names.values()}
    if code:
        away = rows["commune_code"].notna() & ~rows["commune_code"].isin(names)
    else:
        away = rows["commune_name"].notna() & ~rows["commune_name"].map(
            lambda one: plain(str(one)) in folded
        )
    remedy = "Hors du territoire ou nom inconnu : vérifiez, l'action est reprise."
    problem = Problem(FOR_INFORMATION, "commune", "une commune du territoire", remedy)
    faults.add_all(rows.index[away], str(code or name), problem)


def _check_postcodes(
    rows: pd.DataFrame, columns: ColumnMap, communes: pd.DataFrame, faults: Faults
) -> None:
    header = str(columns.header("postcode"))
    both = rows[rows["postcode"].notna() & rows["commune_code"].notna()]
    known = communes.set_index("commune_code")[["commune_name", "postcodes"]]
    told = known.reindex(both["commune_code"]).set_axis(both.index)
    listed = told["postcodes"].notna()
    pairs = zip(both["postcode"], told["postcodes"].fillna(""), strict=True)
    wrong = pd.Series([code not in text for code, text in pairs], both.index, dtype="bool")
    remedy = "Vérifiez le code postal et la commune ; un CEDEX n'est pas le code d'une commune."
    for line in both.index[listed & wrong]:
        codes = str(told.at[line, "postcodes"]).replace(", ", " ou ")
        expected = f"{codes}, code postal de {told['commune_name'][line]}"
        problem = Problem(TO_CHECK, "postcode", expected, remedy)
        faults.add(line, header, both.at[line, "postcode"], problem)
    _check_departments(both[~listed], header, faults)


def _check_departments(rows: pd.DataFrame, header: str, faults: Faults) -> None:
    """Compare with its department the postcode of communes whose own postcodes are unknown."""
    if rows.empty:
        return
    department = rows["commune_code"].astype("str").str[:2].replace({"2A": "20", "2B": "20"})
    expected = "un code postal du département de la commune"
    problem = Problem(TO_CHECK, "postcode", expected, "Vérifiez le code postal et la commune.")
    wrong = rows["postcode"].astype("str").str[:2] != department
    faults.add_all(rows.index[wrong], header, problem)
    remedy = (
        "Seul le département a pu être comparé : les codes postaux de ces communes ne sont pas "
        "installés. « cli.py fetch », ou la page Données, installe ceux du territoire."
    )
    problem = Problem(FOR_INFORMATION, "postcode", "les codes postaux des communes", remedy)
    cells = wording.plural(len(rows), "cellule remplie", "cellules remplies")
    faults.add(WHOLE_FILE, header, cells, problem)


def check_lines(lines: pd.DataFrame, columns: ColumnMap, year: int, faults: Faults) -> None:
    """Check each funding line: granted against requested, status against amount, its days."""
    requested, granted = lines["requested_cents"], lines["granted_cents"]
    paid = granted.fillna(0) > 0
    wide = {(one.field, one.funder): header for header, one in columns.columns.items()}

    def told(hit: pd.Series, field: str, problem: Problem) -> None:
        """Add a problem at each hit line, under the column of its funder."""
        for line, funder in zip(lines.loc[hit, "line"], lines.loc[hit, "funder"], strict=True):
            header = wide.get((field, funder)) or wide.get((field, "")) or ""
            faults.add_all([line], header, problem)

    remedy = "Le financeur accorde plus qu'il ne lui est demandé : vérifiez."
    expected = "au plus le montant demandé"
    more = ((granted > requested) & (requested > 0)).fillna(False).astype("bool")
    told(more, "granted", Problem(TO_CHECK, "excess", expected, remedy))
    refused = lines["status"].isin(["refused", "ineligible"]) & paid
    remedy = "Refusé ou inéligible, avec un montant accordé : vérifiez le statut ou le montant."
    expected = "aucun montant accordé"
    told(refused, "granted", Problem(TO_CHECK, "inconsistent", expected, remedy))
    unpaid = (lines["status"] == "granted") & granted.isna()
    remedy = "Accordé, sans montant : complétez-le ; il compte comme inconnu, pas comme zéro."
    expected = "le montant accordé"
    told(unpaid, "granted", Problem(TO_CHECK, "inconsistent", expected, remedy))
    for field in ("requested_on", "decided_on"):
        read = lines[field].astype("object")
        far = read.notna() & ~read.fillna("").astype("str").str[:4].isin(
            [str(year - 1), str(year), str(year + 1)]
        )
        expected = f"une date entre {year - 1} et {year + 1}"
        told(far, field, Problem(TO_CHECK, "date", expected, "Vérifiez cette date."))


def check_dossiers(
    rows: pd.DataFrame, lines: pd.DataFrame, columns: ColumnMap, faults: Faults
) -> None:
    """Check that rows of one dossier agree, are not there twice, and add up to the plan."""
    _repeated(rows, columns, faults)
    _conflicts(rows, columns, faults)
    sums = lines.groupby("project_id")[["requested_cents", "granted_cents"]].sum(min_count=1)
    first = rows[~rows["project_id"].duplicated()]
    for field, cents, more_only, expected in (
        ("total_requested", "requested_cents", False, "la somme des montants demandés"),
        ("total_granted", "granted_cents", False, "la somme des montants accordés"),
        ("total_cost", "requested_cents", True, "au moins la somme des montants demandés"),
    ):
        header = columns.header(field)
        if header:
            added = sums[cents].reindex(first["project_id"]).set_axis(first.index)
            told = first[field].astype("Int64")
            wrong = (added > told) if more_only else (added != told)
            for line in first.index[wrong.fillna(False).to_numpy(dtype=bool)]:
                words = f"{expected}, {wording.euros(int(added[line]), 2)}"
                remedy = "Le plan de financement ne tombe pas juste : vérifiez les montants."
                faults.add_all([line], header, Problem(TO_CHECK, "plan", words, remedy))


def _repeated(rows: pd.DataFrame, columns: ColumnMap, faults: Faults) -> None:
    cells = faults.cells.loc[rows.index]
    same = cells.duplicated()
    again = pd.Series(False, index=rows.index)
    if columns.layout == "wide":
        again = rows["project_id"].duplicated() & rows["title"].notna()
    header = str(columns.header("reference") or columns.header("title"))
    remedy = "La même ligne est plus haut : retirez celle-ci, elle compterait deux fois."
    problem = Problem(BLOCKING, "repeated", "une ligne qui ne se répète pas", remedy)
    faults.add_all(rows.index[same.to_numpy()], header, problem)
    remedy = "Ce dossier est déjà plus haut avec d'autres informations : gardez une ligne."
    problem = Problem(BLOCKING, "repeated", "une ligne par dossier", remedy)
    faults.add_all(rows.index[(again & ~same).to_numpy()], header, problem)


def _conflicts(rows: pd.DataFrame, columns: ColumnMap, faults: Faults) -> None:
    grouped = rows.groupby("project_id", sort=False)
    for field in _DESCRIBED:
        header = columns.header(field)
        if header:
            first = grouped[field].transform("first")
            other = rows[field].notna() & (rows[field] != first)
            expected = "la même information sur toutes les lignes du dossier"
            remedy = "La première ligne du dossier est gardée : vérifiez."
            problem = Problem(TO_CHECK, "conflict", expected, remedy)
            faults.add_all(rows.index[other.fillna(False).to_numpy(dtype=bool)], header, problem)
