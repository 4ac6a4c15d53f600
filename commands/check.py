"""``check``: what is wrong in a file of projects, before anything is written."""

import hashlib
from pathlib import Path
from typing import Annotated, Any

import typer

from analysis import wording
from analysis.faults import SEVERITIES, counts, sentences, table, told
from analysis.fields import Vocabulary
from analysis.intake import Diagnosis
from analysis.mapping import ColumnMap, to_json
from commands.options import (
    LayoutOption,
    TerritoryOption,
    Word,
    as_json,
    harmless,
    option,
    records,
    require_layout,
)
from commands.progress import progress_line
from geo.errors import StoreError
from geo.uploads import ACCEPTED
from geo.writers import to_csv, write_file
from store.atlas import Atlas, open_atlas
from store.intake import (
    Received,
    columns_for,
    diagnose,
    likely_year,
    load_vocabulary,
    mended_file,
    read_path,
    receive,
    setting,
)
from store.mappings import Mappings

app = typer.Typer()
_MOST_SAID = 100

FileArgument = Annotated[str, typer.Argument(metavar="FICHIER", help=f"{ACCEPTED}.")]
YearOption = Annotated[
    int | None, option("--year", "ANNÉE", "Exercice ; sans lui, celui du fichier.")
]
MappingOption = Annotated[
    Word, option("--mapping", "FICHIER", "Correspondances enregistrées (JSON).")
]
SheetOption = Annotated[Word, option("--sheet", "FEUILLE", "Feuille d'un classeur.")]


class Examined:
    """A file read and diagnosed, as the commands share it."""

    def __init__(
        self,
        atlas: Atlas,
        file: str,
        year: int | None,
        mapping: str | None,
        sheet: str | None,
        programme: str,
    ) -> None:
        """Read the file, match its columns and find its faults; raises AtlasError."""
        path = Path(file)
        content = read_path(path)
        self.sha256 = hashlib.sha256(content).hexdigest()
        words = load_vocabulary(atlas)
        with progress_line() as tell:
            self.received: Received = receive(content, path.name, sheet, tell)
        self.year = year or likely_year(self.received, words)
        kept = read_path(Path(mapping)) if mapping else None
        recalled = None if kept else _recalled(atlas, self.received, words)
        self.columns: ColumnMap = recalled or columns_for(
            self.received, words, self.year, kept, Path(mapping or "").name
        )
        where = setting(atlas, words, programme, self.year)
        with progress_line() as tell:
            self.diagnosis: Diagnosis = diagnose(self.received, self.columns, where, tell)

    def summary(self) -> str:
        """Say what was read and how much of it stands."""
        found = self.diagnosis
        projects = wording.plural(len(found.projects), "projet")
        lines = wording.plural(len(found.funding), "financement")
        rows = wording.plural(found.rows, self.received.upload.row)
        return (
            f"{self.received.name} ({self.received.upload.kind}, exercice {self.year}) : {rows}, "
            f"dont {wording.plural(len(found.accepted), 'acceptée')} et "
            f"{wording.plural(len(found.rejected), 'rejetée')} ; {projects}, {lines}. "
            f"{told(found.faults).capitalize()}."
        )

    def said(self) -> list[str]:
        """Return the faults as sentences a terminal can show, the gravest first, not too many."""
        faults = self.diagnosis.faults
        lines: list[str] = []
        for severity, title in SEVERITIES.items():
            some = faults[faults["severity"] == severity]
            if len(some):
                lines += ["", f"{title} ({wording.number(len(some))})"]
                said = sentences(some.head(_MOST_SAID), self.received.upload.row)
                lines += [f"- {harmless(one)}" for one in said]
                if len(some) > _MOST_SAID:
                    lines.append(f"- … et {wording.number(len(some) - _MOST_SAID)} autres.")
        return lines

    def as_record(self) -> dict[str, Any]:
        """Return the diagnosis for a machine."""
        found = self.diagnosis
        return {
            "fichier": self.received.name,
            "sha256": self.sha256,
            "format": self.received.upload.kind,
            "feuille": self.received.upload.sheet or None,
            "annee": self.year,
            "colonnes": {
                header: {"information": one.field, "financeur": one.funder or None}
                for header, one in self.columns.columns.items()
            },
            "lignes": found.rows,
            "lignes_acceptees": len(found.accepted),
            "lignes_rejetees": list(found.rejected),
            "projets": len(found.projects),
            "financements": len(found.funding),
            "defauts_par_gravite": counts(found.faults),
            "defauts": [
                {_FRENCH[name]: value for name, value in row.items()}
                for row in records(found.faults)
            ],
        }


def _recalled(atlas: Atlas, received: Received, words: Vocabulary) -> ColumnMap | None:
    """Return the column map kept for this format; none where the database cannot be read."""
    try:
        headers = map(str, received.cells.columns)
        return Mappings(atlas.database, atlas.territory.code).recall(headers, words)
    except StoreError:
        return None


_FRENCH = {
    "line": "ligne",
    "column": "colonne",
    "value": "valeur",
    "kind": "nature",
    "severity": "gravite",
    "expected": "attendu",
    "remedy": "remede",
    "mended": "corrige",
}


@app.command(help="Contrôle un fichier de projets sans rien écrire ; sortie 1 si un défaut bloque.")
def check(
    file: FileArgument,
    year: YearOption = None,
    mapping: MappingOption = None,
    sheet: SheetOption = None,
    layout: LayoutOption = "table",
    out: Annotated[Word, option("--out", "FICHIER", "Écrit le fichier corrigé (.xlsx).")] = None,
    save_mapping: Annotated[
        Word, option("--save-mapping", "FICHIER", "Écrit les correspondances devinées (JSON).")
    ] = None,
    territory: TerritoryOption = None,
) -> None:
    """Print every fault of a file; exit 1 when one is blocking."""
    require_layout(layout)
    examined = Examined(open_atlas(code=territory), file, year, mapping, sheet, "controle")
    found = examined.diagnosis
    if layout == "json":
        typer.echo(as_json(examined.as_record()))
    elif layout == "csv":
        typer.echo(to_csv(table(found.faults, examined.received.upload.row)), nl=False)
    else:
        typer.echo("\n".join([harmless(examined.summary()), *examined.said()]))
    if out:
        write_file(Path(out), mended_file(examined.received, found))
        typer.echo(f"{out} : fichier corrigé.", err=True)
    if save_mapping:
        write_file(Path(save_mapping), to_json(examined.columns))
        typer.echo(f"{save_mapping} : correspondances.", err=True)
    if found.blocked:
        raise typer.Exit(1)
