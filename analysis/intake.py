"""A table of text made a programme, and the diagnosis of everything that is wrong in it.

Nothing is written anywhere: what comes out are frames that keep their contracts, the faults, and
which rows were taken. A dossier is taken whole or not at all.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import pandas as pd

from analysis import values, wording
from analysis.coherence import check_dossiers, check_lines, check_places, check_rows
from analysis.duplicates import duplicates
from analysis.faults import WHOLE_FILE, Faults
from analysis.fields import AMOUNT_FIELDS, Vocabulary, plain
from analysis.lines import gather, read_lines
from analysis.mapping import ColumnMap
from analysis.quarters import quarter_reader
from analysis.values import BLOCKING, FOR_INFORMATION, TO_CHECK, Problem, Reading
from geo.schema import FUNDING, PROJECTS, types
from geo.territory import Territory

_MOST_TEXT = 500
_PLACE = ("address", "postcode", "commune_code", "commune_name", "lon", "lat")
# Fields whose column has another name in contract PROJECTS.
STORED = {"rna": "operator_rna", "total_cost": "total_cost_cents"}
_DESCRIBED = ("title", "operator", "operator_siret", "theme", "declared_qpv")
_READERS = {
    "operator_siret": values.siret,
    "rna": values.rna,
    "commune_code": values.commune_code,
    "postcode": values.postcode,
    "lon": values.degrees,
    "lat": values.degrees,
    "beneficiaries": values.count,
    "qpv_residents": values.count,
    "starts_on": values.day,
    "ends_on": values.day,
    "total_cost": values.cents,
    "total_requested": values.cents,
    "total_granted": values.cents,
}

Progress = Callable[[float, str], None]


def _silent(share: float, step: str) -> None:
    pass


@dataclass(frozen=True)
class Setting:
    """Where a file is imported: territory, words, communes (contract COMMUNES), quarters, year.

    ``quarters`` gives the name of each quarter by its code; ``former`` are codes of the other
    generation; ``radius_m`` is how far from its commune a position is believed, in metres.
    """

    territory: Territory
    words: Vocabulary
    communes: pd.DataFrame
    quarters: Mapping[str, str]
    former: frozenset[str]
    programme: str
    year: int
    fictitious: bool = False


@dataclass(frozen=True)
class Diagnosis:
    """What a file holds and what is wrong in it.

    ``projects`` and ``funding`` keep contracts PROJECTS and FUNDING. ``rows`` = ``accepted`` +
    ``rejected`` (lines of the file); ``faults`` as ``analysis.faults`` gives them; ``mended`` are
    texts by line and header; ``lines`` gives the first line of each project; ``refused`` says that
    the file as a whole cannot be taken.
    """

    projects: pd.DataFrame
    funding: pd.DataFrame
    faults: pd.DataFrame
    rows: int
    accepted: tuple[int, ...]
    rejected: tuple[int, ...]
    mended: dict[tuple[int, str], str]
    lines: pd.Series
    rejected_projects: tuple[str, ...] = ()

    @property
    def blocked(self) -> bool:
        """Say whether anything is blocking."""
        return bool((self.faults["severity"] == BLOCKING).any())


def diagnose_table(
    cells: pd.DataFrame,
    columns: ColumnMap,
    setting: Setting,
    long_lines: tuple[int, ...] = (),
    progress: Progress = _silent,
) -> Diagnosis:
    """Read a table of text as a programme of one year, with every fault of it.

    ``cells`` are text by line of the file; ``columns`` says what each column holds; ``long_lines``
    have more cells than the header. A row with a blocking fault is rejected with its whole
    dossier; rows of another year and rows of totals are rejected too, and said. ``progress`` is
    told the share done, from 0 to 1, and in French what comes next.
    """
    faults = Faults(cells)
    progress(0, "exercices et totaux")
    _unused(cells, columns, setting.words, faults)
    if _missing_columns(columns, faults):
        return _nothing(cells, faults)
    _long(cells, long_lines, faults)
    out = _totals(cells, columns, faults)
    # What is left out is not judged any further.
    faults.cells = cells.drop(index=list(out))
    years, other = _years(columns, setting, faults)
    kept = faults.cells = faults.cells.drop(index=list(other))
    progress(0.05, "cellules des dossiers")
    rows = _rows(kept, columns, setting, faults).assign(year=years.reindex(kept.index))
    progress(0.2, "montants des financeurs")
    lines = read_lines(kept, columns, setting.words, faults)
    rows["project_id"] = _keys(rows, columns, faults, setting.year)
    lines["project_id"] = lines["line"].map(rows["project_id"])
    progress(0.35, "dates, communes et positions")
    check_rows(rows, columns, setting.year, faults)
    check_places(rows, columns, setting.communes, setting.territory, faults)
    check_lines(lines, columns, setting.year, faults)
    progress(0.5, "plans de financement")
    check_dossiers(rows, lines, columns, faults)
    rejected = _rejected(rows, lines, faults)
    progress(0.8, "doublons")
    return _assembled(cells, rows, lines, setting, faults, rejected)


def _missing_columns(columns: ColumnMap, faults: Faults) -> bool:
    needed = [("title", "l'intitulé de l'action"), ("operator", "le porteur")]
    missing = [words for name, words in needed if not columns.header(name)]
    if not any(one.field in AMOUNT_FIELDS for one in columns.columns.values()):
        missing.append("un montant")
    if columns.layout == "single" and not columns.funder:
        missing.append("le financeur")
    for words in missing:
        remedy = "Indiquez la colonne dans les correspondances (ou un financeur pour le fichier)."
        problem = Problem(BLOCKING, "column", words, remedy)
        faults.add(WHOLE_FILE, words, None, problem)
    return bool(missing)


def _unused(cells: pd.DataFrame, columns: ColumnMap, words: Vocabulary, faults: Faults) -> None:
    wide = columns.layout == "wide"
    taken = {
        header
        for header, one in columns.columns.items()
        if one.field not in AMOUNT_FIELDS or bool(one.funder) == wide
    }
    amounts = {one for kind in AMOUNT_FIELDS for one in words.amount_words[kind]}
    for header in map(str, cells.columns):
        if header in taken:
            continue
        known = cells[header].dropna()
        money = bool(set(plain(header).split()) & amounts) and len(known)
        severity = TO_CHECK if money else FOR_INFORMATION
        remedy = (
            "Elle semble tenir des montants : dites ce qu'elle contient."
            if money
            else ("Elle reste dans votre fichier ; l'atlas ne s'en sert pas.")
        )
        filled = wording.plural(len(known), "cellule remplie", "cellules remplies")
        faults.add(
            WHOLE_FILE, header, filled, Problem(severity, "unused", "une colonne du format", remedy)
        )


def _long(cells: pd.DataFrame, long_lines: tuple[int, ...], faults: Faults) -> None:
    expected = f"{cells.shape[1]} cellules, comme l'en-tête"
    remedy = "Un séparateur est en trop : mettez entre guillemets le texte qui le contient."
    for line in long_lines:
        faults.add(line, "", None, Problem(BLOCKING, "cells", expected, remedy))


def _totals(cells: pd.DataFrame, columns: ColumnMap, faults: Faults) -> set[int]:
    """Return the lines that only add others up: no operator, and « total » in a cell."""
    operator = columns.header("operator")
    blank = cells[cells[operator].isna()]
    lines = set()
    for line, row in blank.iterrows():
        word = next(
            (str(cell) for cell in row.dropna() if plain(str(cell)).startswith("total")), ""
        )
        if word:
            remedy = "Ligne laissée de côté : l'atlas fait lui-même les totaux."
            faults.add(line, "", word, Problem(FOR_INFORMATION, "total", "une action", remedy))
            lines.add(int(str(line)))
    return lines


def _rows(
    cells: pd.DataFrame, columns: ColumnMap, setting: Setting, faults: Faults
) -> pd.DataFrame:
    rows = pd.DataFrame(index=cells.index)
    readers = {**_READERS, **_own_readers(cells, columns, setting)}
    for name, field in setting.words.fields.items():
        header = columns.header(name)
        if field.on == "project" and name != "year":
            read = faults.read(header, readers.get(name, _text)) if header else None
            rows[name] = pd.Series(read, index=cells.index, dtype="object")
    for name, words in (("title", "un intitulé"), ("operator", "le nom du porteur")):
        header = str(columns.header(name))
        problem = Problem(BLOCKING, "missing", words, "Complétez cette cellule.")
        faults.add_all(rows.index[rows[name].isna()], header, problem)
    return rows


def _text(cell: str) -> Reading:
    return Reading(" ".join(cell.split())[:_MOST_TEXT])


def _own_readers(
    cells: pd.DataFrame, columns: ColumnMap, setting: Setting
) -> dict[str, values.Reader]:
    words = setting.words
    header = columns.header("reference")
    ours = cells[header].dropna() if header else pd.Series(dtype="str")
    starts = [str(one).strip().upper().startswith("DA") for one in ours]
    dauphin = bool(header) and ("dauphin" in plain(str(header)) or any(starts))
    return {
        "reference": lambda text: values.reference(text, dauphin=dauphin),
        "theme": _coded(words.themes, columns.values.get("theme", {}), "theme", "thématique"),
        "dispositif": _coded(words.dispositifs, {}, "dispositif", "dispositif"),
        "renewal": _coded(words.renewals, {}, "renewal", "« nouveau » ou « renouvellement »"),
        "declared_qpv": quarter_reader(setting.quarters, setting.former, words.scopes),
    }


def _coded(
    known: Mapping[str, str], own: Mapping[str, str], kind: str, label: str
) -> values.Reader:
    remedy = "Laissé « non précisé » ; rapprochez cette valeur, ou corrigez-la."
    unknown = Reading(problem=Problem(TO_CHECK, kind, f"{label} de la nomenclature", remedy))

    def read(text: str) -> Reading:
        """Return the code of a text, or why it has none."""
        code = own.get(text) or known.get(plain(text)) or _by_part(text, known)
        return Reading(code) if code else unknown

    return read


def _by_part(text: str, known: Mapping[str, str]) -> str | None:
    """Read « 1.1 Éducation », « Cohésion sociale > Éducation »: a code first, or the last part."""
    first = text.strip().split(maxsplit=1)
    if first and (code := known.get(plain(first[0].rstrip(".:-–")))):
        return code
    parts = [part for sign in (">", "/", " - ", " – ", ":") for part in text.split(sign)[::-1]]
    return next((known[plain(part)] for part in parts if plain(part) in known), None)


def _years(columns: ColumnMap, setting: Setting, faults: Faults) -> tuple[pd.Series, set[int]]:
    """Return the year of each row, and the lines of another year than the one imported."""
    header = columns.header("year")
    if not header:
        return pd.Series(setting.year, index=faults.cells.index), set()
    years = faults.read(header, values.year)
    other = years.index[years.notna() & (years != setting.year)]
    remedy = "Ligne laissée de côté : importez chaque exercice à part."
    problem = Problem(TO_CHECK, "other_year", f"l'exercice {setting.year}", remedy)
    faults.add_all(other, header, problem)
    return years.fillna(setting.year), {int(line) for line in other}


def _keys(rows: pd.DataFrame, columns: ColumnMap, faults: Faults, year: int) -> pd.Series:
    """Return what tells projects apart: the reference, else the title and the operator.

    A reference that several operators share (a deliberation's number) tells nothing alone.
    """
    title, operator = rows["title"].fillna("").map(plain), rows["operator"].fillna("").map(plain)
    reference = rows["reference"]
    shared = operator.groupby(reference).transform("nunique").reindex(rows.index).fillna(0) > 1
    header = columns.header("reference")
    if header and shared.any():
        remedy = "Le projet est reconnu par sa référence, son intitulé et son porteur."
        problem = Problem(FOR_INFORMATION, "shared_reference", "une référence par dossier", remedy)
        faults.add_all(rows.index[shared], header, problem)
    if header:
        remedy = "À la prochaine importation, il sera reconnu par son intitulé et son porteur."
        problem = Problem(FOR_INFORMATION, "no_reference", "la référence du dossier", remedy)
        faults.add_all(rows.index[reference.isna()], header, problem)
    own = [
        f"{year}-{hashlib.sha256('|'.join(words).encode()).hexdigest()[:12]}"
        for words in zip(reference.fillna("").astype("str"), title, operator, strict=True)
    ]
    plainly = str(year) + "-" + reference.astype("str")
    alone = reference.notna() & ~shared
    return plainly.where(alone, pd.Series(own, index=rows.index)).astype("str")


def _rejected(rows: pd.DataFrame, lines: pd.DataFrame, faults: Faults) -> pd.Index:
    """Return the dossiers left out: one blocking row rejects all the rows of its dossier."""
    blocking = faults.lines(BLOCKING)
    guilty = rows["project_id"][rows.index.isin(blocking)].unique()
    bare = ~rows["project_id"].isin(lines["project_id"])
    if bare.any():
        remedy = "Ajoutez un financeur et un montant demandé ou accordé."
        problem = Problem(BLOCKING, "missing", "un montant d'un financeur au moins", remedy)
        faults.add_all(rows.index[bare], "", problem)
        guilty = rows["project_id"][bare | rows["project_id"].isin(guilty)].unique()
    along = rows.index[rows["project_id"].isin(guilty) & ~rows.index.isin(blocking) & ~bare]
    remedy = "Corrigez la ligne bloquante de ce dossier : il est repris entier ou pas du tout."
    problem = Problem(TO_CHECK, "partial", "un dossier sans ligne bloquante", remedy)
    faults.add_all(along, "", problem)
    return pd.Index(guilty)


def _assembled(
    cells: pd.DataFrame,
    rows: pd.DataFrame,
    lines: pd.DataFrame,
    setting: Setting,
    faults: Faults,
    rejected: pd.Index,
) -> Diagnosis:
    kept = rows[~rows["project_id"].isin(rejected)]
    money = gather(lines[lines["project_id"].isin(kept["project_id"])], faults)
    first = _first(kept)
    projects, funding = _projects(first, setting), _funding(money)
    numbers = pd.Series(first.index, index=first["project_id"], dtype="int64")
    _alike(projects, funding, numbers, faults)
    accepted = tuple(int(line) for line in kept.index)
    taken = set(accepted)
    left = tuple(int(line) for line in cells.index if int(line) not in taken)
    return Diagnosis(
        projects,
        funding,
        faults.frame(),
        len(cells),
        accepted,
        left,
        faults.mended,
        numbers,
        tuple(map(str, rejected)),
    )


def _first(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the first row of each dossier, completed by the next ones, but for its place.

    Merged cells leave what they say on one row only; a place made of two rows would be invented.
    """
    first = rows[~rows["project_id"].duplicated()]
    if len(first) == len(rows):
        return first
    told = [name for name in rows.columns if name not in ("project_id", *_PLACE)]
    whole = rows.groupby("project_id", sort=False)[told].first()
    return first.assign(**{name: whole[name].to_numpy() for name in told})


def _projects(rows: pd.DataFrame, setting: Setting) -> pd.DataFrame:
    named = rows.rename(columns=STORED)
    frame = named.reindex(columns=list(PROJECTS.columns)).reset_index(drop=True)
    codes = frame["declared_qpv"].fillna("").astype("str")
    scope = pd.Series(pd.NA, index=frame.index, dtype="object").mask(codes != "", "quarters")
    frame["scope"] = scope.mask(codes == "territory", "territory")
    frame["declared_qpv"] = codes.where(~codes.isin(["", "territory"]))
    frame["programme"], frame["fictitious"] = setting.programme, setting.fictitious
    frame["position_method"] = None
    return frame.astype(types(PROJECTS))


def _funding(lines: pd.DataFrame) -> pd.DataFrame:
    return lines[list(FUNDING.columns)].reset_index(drop=True).astype(types(FUNDING))


def _alike(
    projects: pd.DataFrame, funding: pd.DataFrame, numbers: pd.Series, faults: Faults
) -> None:
    pairs = duplicates(projects, funding)
    for one, other in zip(pairs["project_id_a"], pairs["project_id_b"], strict=True):
        expected = f"une action qui n'est pas déjà à la ligne {int(numbers[one])}"
        remedy = "Vérifiez : rien n'est fusionné ni retiré."
        problem = Problem(TO_CHECK, "duplicate", expected, remedy)
        faults.add(int(numbers[other]), "", other, problem)


def _nothing(cells: pd.DataFrame, faults: Faults) -> Diagnosis:
    empty = pd.DataFrame(columns=list(PROJECTS.columns))
    money = pd.DataFrame(columns=list(FUNDING.columns))
    left = tuple(int(line) for line in cells.index)
    numbers = pd.Series(dtype="int64")
    return Diagnosis(empty, money, faults.frame(), len(cells), (), left, {}, numbers)
