"""Write the demonstration programme: a plainly fictitious contrat de ville, three years long.

Reads the territory file, the nomenclature, the quarters and the communes; draws the rest from a
seed and from vocabulary.toml. The same seed gives the same bytes. Run by ``make demo``.
"""

import argparse
import csv
import hashlib
import io
import sys
import tomllib
from collections.abc import Iterable
from pathlib import Path
from random import Random

from stdnum import luhn

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent.parent))  # run as a script, from anywhere

from data.demo.details import detail, planned  # noqa: E402
from data.demo.money import Line  # noqa: E402
from data.demo.places import Placer  # noqa: E402
from data.demo.programme import Generator, Project  # noqa: E402
from geo.catalogue import data_directory, load_catalogue  # noqa: E402
from geo.errors import AtlasError, TerritoryError  # noqa: E402
from geo.schema import PROJECTS  # noqa: E402
from geo.territory import Programme, load_territory  # noqa: E402

SEED = 2025
PROJECT_COLUMNS = tuple(PROJECTS.columns)
FUNDING_COLUMNS = (
    "project_id", "funder", "status", "requested_eur", "granted_eur", "previous_eur",
    "requested_on", "decided_on",
)  # fmt: skip


def invented_sirets(operators: Iterable[str]) -> dict[str, str]:
    """Return a number in the form of a SIRET for each operator; one in five has none.

    It begins with five zeros, as no establishment of the register does, and keeps the register's
    checksums (Luhn), so that what checks a SIRET reads it. No two operators share one.
    """
    return {name: _siret(rank) for rank, name in enumerate(sorted(set(operators)))}


def _siret(rank: int) -> str:
    if rank % 5 == 0:
        return ""
    siren = f"00000{rank:03d}"
    establishment = siren + luhn.calc_check_digit(siren) + "0001"
    return establishment + luhn.calc_check_digit(establishment)


def project_row(
    project: Project, year: int, programme: str, sirets: dict[str, str]
) -> dict[str, object]:
    """Return a project as a row of projects.csv (contract PROJECTS, booleans as true/false)."""
    action, place = project.action, project.action.place
    return {
        "project_id": project.project_id,
        "programme": programme,
        "fictitious": "true",
        "reference": project.reference,
        "year": year,
        "title": action.title,
        "operator": action.operator,
        "operator_siret": sirets[action.operator],
        "theme": action.slot.theme,
        "dispositif": action.slot.dispositif,
        "renewal": project.renewal,
        "scope": place.scope,
        "declared_qpv": place.declared,
        "address": place.address,
        "commune_code": place.commune_code,
        "commune_name": place.commune_name,
        "lon": place.lon,
        "lat": place.lat,
        "position_method": place.method,
        "beneficiaries": project.beneficiaries,
        "declared_shares": ", ".join(map(str, place.shares)),
        "qpv_beneficiaries": ", ".join(map(str, planned(project))),
        "address_kind": place.address_kind,
        "qpv_residents": "" if project.residents is None else project.residents,
    }


def funding_row(project_id: str, line: Line) -> dict[str, object]:
    """Return a funding line as a row of funding.csv: euros with two decimals, empty = missing."""
    return {
        "project_id": project_id,
        "funder": line.funder,
        "status": line.status,
        "requested_eur": _euros(line.requested),
        "granted_eur": _euros(line.granted),
        "previous_eur": _euros(line.previous),
        "requested_on": line.requested_on,
        "decided_on": line.decided_on,
    }


def _euros(cents: int | None) -> str:
    return "" if cents is None else f"{cents // 100}.{cents % 100:02d}"


CATALOGUE_ENTRY = """
[{key}]
file = "{file}"
title = "Programme de démonstration : {what} fictifs"
producer = "données inventées pour la démonstration"
licence = "sans objet (données fictives)"
source = "data/demo/generate.py"
vintage = "{span} (fictif)"
perimeter = "quartiers prioritaires, génération {generation}"
blank = "absent"
fictitious = true
limits = "Rien n'est réel : porteurs, actions, adresses, montants et décisions sont inventés."
sha256 = "{sha256}"
"""


def write(
    years: dict[int, list[Project]], programme: Programme, generation: int, directory: Path
) -> None:
    """Write projects.csv, funding.csv and the catalogue that carries their fingerprints."""
    drawn = [project for projects in years.values() for project in projects]
    sirets = invented_sirets(project.action.operator for project in drawn)
    projects = [
        project_row(project, year, programme.code, sirets)
        for year, own in years.items()
        for project in own
    ]
    lines = [funding_row(project.project_id, line) for project in drawn for line in project.lines]
    directory.mkdir(parents=True, exist_ok=True)
    catalogue = "# Written by generate.py with the two tables: do not edit.\n"
    for key, file, what, columns, rows in (
        (programme.datasets["projects"], "projects.csv", "projets", PROJECT_COLUMNS, projects),
        (programme.datasets["funding"], "funding.csv", "financements", FUNDING_COLUMNS, lines),
    ):
        content = table(columns, rows)
        (directory / file).write_bytes(content)
        catalogue += CATALOGUE_ENTRY.format(
            key=key,
            file=file,
            what=what,
            span=f"{min(years)}-{max(years)}",
            generation=generation,
            sha256=hashlib.sha256(content).hexdigest(),
        )
    (directory / "catalogue.toml").write_text(catalogue, encoding="utf-8", newline="\n")


def table(columns: Iterable[str], rows: Iterable[dict[str, object]]) -> bytes:
    """Return rows as CSV: UTF-8, commas, LF, quotes only where needed."""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, list(columns), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def main(arguments: list[str] | None = None) -> None:
    """Draw the programme of a territory and write it."""
    parser = argparse.ArgumentParser(description="Écrit le programme de démonstration (fictif).")
    parser.add_argument("--territory", help="code du fichier de territoire")
    parser.add_argument("--seed", type=int, default=SEED, help="graine du tirage")
    parser.add_argument("--output", type=Path, default=HERE, help="dossier où écrire")
    chosen = parser.parse_args(arguments)
    data = data_directory()
    territory = load_territory(data, chosen.territory)
    vocabulary = tomllib.loads((HERE / "vocabulary.toml").read_text(encoding="utf-8"))
    rng = Random(chosen.seed)
    placer = Placer(territory, load_catalogue(data), rng, vocabulary["addresses"]["streets"])
    programme = next((one for one in territory.programmes if one.fictitious), None)
    if programme is None:
        raise TerritoryError(
            f"Territoire « {territory.code} » : aucun programme fictif ; ajoutez à son fichier un "
            "[[programmes]] avec fictitious = true."
        )
    years = detail(
        Generator(territory, vocabulary, placer, rng).programme(), chosen.seed, vocabulary
    )
    write(years, programme, territory.generation, chosen.output)
    total = sum(len(projects) for projects in years.values())
    print(f"Programme de démonstration (fictif) : {total} projets, {min(years)}-{max(years)}.")


if __name__ == "__main__":
    try:
        main()
    except AtlasError as error:
        sys.exit(str(error))
