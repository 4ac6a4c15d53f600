"""Coverage: which quarter lacks what, how far the nearest is, and what changed in a year."""

from collections.abc import Sequence
from html import escape

import pandas as pd
import streamlit as st

from analysis import audience as rule
from analysis import coverage as gaps
from analysis import wording
from analysis.selection import Selection
from analysis.vocabulary import file_stem, sharing
from geo.writers import to_csv
from store.atlas import Atlas
from store.coverage import (
    COLUMNS,
    choices,
    export_coverage,
    grid,
    public_rule,
    quarters_shown,
    services,
)
from store.tables import loaded, selected
from ui import accounts, frame, measuring, profile, state
from ui.matrix import Cell, legend, matrix, tone
from ui.tables import html_table

_KEY = "couverture"


def render(atlas: Atlas, selection: Selection) -> None:
    """Draw what covers the quarters of a selection, and what does not."""
    rows = selected(atlas, selection, quarters=False)
    if rows.empty:
        frame.empty()
        return
    if selection.statuses and "granted" not in selection.statuses:
        words = "Le filtre de statuts retire les projets soutenus : la couverture ne se lit pas."
        st.info(words, icon=":material/filter_alt:")
        return
    opening = st.container()
    column = measuring.switch("Colonnes de la grille", COLUMNS, "colonnes", hidden=True)
    shown = grid(atlas, selection, column)
    needed = services(atlas, selection)
    with opening:
        first, *more = gaps.summary(selection.year, shown.cells, needed, atlas.quarter_labels)
        st.subheader(frame.plain(first), anchor=False)
        for line in more:
            st.html(f'<p class="lead">{escape(line)}</p>')
    if not shown.cells.empty:
        _matrix(atlas, selection, shown, column)
        _named(atlas, selection, shown)
        _services(atlas, selection, needed)
        _public(atlas, selection)
    st.subheader("Ce qui n'est pas à un quartier", anchor=False, divider="gray")
    st.html(profile.wide(accounts.identity(rows, f"Programmation {selection.year}")))
    _sources(atlas, selection)


# The matrix


def _matrix(atlas: Atlas, selection: Selection, shown: gaps.Grid, column: str) -> None:
    year, codes = selection.year, list(shown.words)
    rows = []
    for quarter in quarters_shown(atlas, selection):
        own = shown.cells[shown.cells["qpv_code"] == quarter]
        name = atlas.quarter_labels[quarter]
        cells = zip(shown.words.values(), own.iterrows(), strict=True)
        rows.append((name, [_cell(name, word, cell, year) for word, (_, cell) in cells]))
    empty = shown.cells[shown.cells["state"] == "empty"].groupby("code").size()
    foot = [
        ("Quartiers sans", [wording.number(int(empty.get(code, 0))) for code in codes]),
        (
            "Projets soutenus sans quartier identifié",
            [wording.number(int(shown.elsewhere.get(code, 0))) for code in codes],
        ),
    ]
    caption = f"Projets soutenus en {year}, par quartier"
    st.html(matrix(caption, "Quartier", list(shown.words.values()), rows, foot))
    st.html(legend())
    st.download_button(
        "Tableau (CSV)",
        data=lambda: to_csv(export_coverage(atlas, selection, column)),
        file_name=f"{file_stem(atlas.territory, selection, 'couverture')}.csv",
        mime="text/csv",
        key=f"{_KEY}_csv",
        on_click="ignore",
        type="tertiary",
        icon=":material/table:",
    )
    st.caption(
        "Un projet qui sert plusieurs quartiers compte dans chacun. Une case vide ne dit pas que "
        "les habitants ne sont pas aidés : les projets sans quartier identifié (dernière ligne), "
        "ceux du territoire entier et le droit commun peuvent les servir."
    )
    if shown.unused:
        names = wording.listing(shown.unused, most=6)
        words = f"Sans projet dans aucun quartier, ni cette année ni la précédente : {names}."
        st.caption(frame.plain(words))


def _cell(quarter: str, code: str, cell: pd.Series, year: int) -> Cell:
    projects, before = int(cell["projects"]), cell["before"]
    then = "" if pd.isna(before) else f" ; {wording.plural(int(before), 'projet')} en {year - 1}"
    place = f"{quarter} – {code}"
    if projects:
        sign = f"{wording.NARROW}+" if cell["change"] == "gained" else ""
        told = f"{place} : {wording.plural(projects, 'projet soutenu', 'projets soutenus')}{then}"
        return Cell(tone(projects), f"{projects}{sign}", told)
    if cell["state"] == "pending":
        asked = wording.plural(int(cell["pending"]), "demande")
        return Cell("pending", "attend", f"{place} : {asked} en cours d'examen{then}")
    if cell["change"] == "lost":
        return Cell("lost", "perdu", f"{place} : aucun projet soutenu{then}")
    return Cell("empty", "–", f"{place} : aucun projet soutenu{then}")


# The gaps, by name


def _named(atlas: Atlas, selection: Selection, shown: gaps.Grid) -> None:
    st.subheader("Ce qui manque, par son nom", anchor=False, divider="gray")
    missing = gaps.without(shown.cells)
    lines = [
        (
            atlas.quarter_labels[quarter],
            wording.number(len(codes)),
            ", ".join(shown.words[code] for code in codes) or "aucune",
        )
        for quarter, codes in missing.items()
    ]
    headers = ("Quartier", "Cases vides", "Lesquelles")
    with st.expander("Les cases vides, quartier par quartier", icon=":material/table:"):
        st.html(_text_table(f"Cases vides en {selection.year}", headers, lines))
    moved = shown.cells[shown.cells["change"] != ""]
    with st.expander(f"Ce qui a changé depuis {selection.year - 1}", icon=":material/history:"):
        if shown.cells["before"].isna().all():
            st.markdown(f"Ce programme n'a pas d'année {selection.year - 1}.")
            return
        lines = [
            (
                f"{word.capitalize()} ({wording.number(len(part))})",
                atlas.quarter_labels[str(quarter)],
                ", ".join(shown.words[code] for code in own["code"]),
            )
            for change, word in gaps.CHANGES.items()
            for part in [moved[moved["change"] == change]]
            for quarter, own in part.groupby("qpv_code", sort=False)
        ]
        headers = ("Case", "Quartier", "Thèmes ou dispositifs")
        st.html(
            _text_table(f"Cases gagnées et perdues depuis {selection.year - 1}", headers, lines)
        )


def _text_table(caption: str, headers: tuple[str, ...], lines: Sequence[tuple[str, ...]]) -> str:
    return f'<div class="tx">{html_table(caption, headers, lines)}</div>'


# Services and distances


def _services(atlas: Atlas, selection: Selection, needed: pd.DataFrame) -> None:
    st.subheader("Le plus proche", anchor=False, divider="gray")
    known = choices(atlas)
    added = st.multiselect(
        "Ajouter un dispositif ou un thème",
        list(known),
        key=f"{_KEY}_services",
        placeholder="Choisissez un dispositif ou un thème",
        select_all=False,
    )
    more = services(atlas, selection, [known[label] for label in added])
    table = pd.concat([needed, more], ignore_index=True) if len(more) else needed
    if table.empty:
        st.markdown("Ce territoire ne dit pas ce que chaque quartier devrait avoir.")
        return
    labels = list(dict.fromkeys(table["label"]))
    cells = table.set_index(["qpv_code", "label"])
    rows = [
        (
            atlas.quarter_labels[quarter],
            [_service(cells.loc[(quarter, label)]) for label in labels],
        )
        for quarter in quarters_shown(atlas, selection)
    ]
    counts = [
        wording.number(int((table.loc[table["label"] == label, "state"] != "covered").sum()))
        for label in labels
    ]
    caption = f"Chaque quartier est-il servi en {selection.year}, sinon à quelle distance ?"
    foot = [("Quartiers sans", counts)]
    st.html(f'<div class="flat">{matrix(caption, "Quartier", labels, rows, foot)}</div>')
    st.caption(
        "« Servi » : un projet soutenu sert le quartier, où qu'il se tienne. Sinon, distance en "
        "ligne droite de la limite du quartier au projet soutenu le plus proche parmi ceux qui "
        f"sont placés à {wording.metres(gaps.MOST_UNCERTAIN_M)} près ou mieux ; ce n'est pas un "
        "trajet. « n.d. » : aucun projet n'est placé assez précisément."
    )


def _service(cell: pd.Series) -> Cell:
    projects, metres = int(cell["projects"]), cell["distance_m"]
    if projects:
        return Cell(tone(projects), f"servi ({projects})", "")
    lead = "attend" if cell["state"] == "pending" else "non"
    lead = "perdu" if cell["change"] == "lost" else lead
    shade = {"attend": "pending", "perdu": "lost"}.get(lead, "empty")
    if pd.isna(metres):
        return Cell(shade, f"{lead} · {wording.MISSING}", "Aucun projet placé assez précisément")
    doubt = f"±{wording.NARROW}{wording.metres(cell['uncertainty_m'])}"
    if not metres:
        return Cell(
            shade, f"{lead} · sur place", "Un projet s'y tient, mais sert un autre quartier"
        )
    return Cell(shade, f"{lead} · {wording.metres(metres)}", f"{doubt} ; {cell['project_id']}")


# The rule on the public


def _public(atlas: Atlas, selection: Selection) -> None:
    st.subheader("Part du public habitant un QPV", anchor=False, divider="gray")
    place = st.container()
    threshold = _threshold(round(atlas.territory.qpv_public_percent))
    found = public_rule(atlas, selection, float(threshold))
    totals = rule.totals(found, found["granted_cents"])
    with place:
        st.markdown(frame.plain(rule.sentence(_counts(totals), float(threshold))))
    lines = [
        (
            rule.STATES[str(state)],
            wording.number(row["projects"]),
            wording.euros(int(row["granted_cents"]), 2),
        )
        for state, row in totals.iterrows()
    ]
    total = ("Projets soutenus", wording.number(len(found)), _all(totals["granted_cents"]))
    headers = ("Public", "Projets", "Accordé")
    st.html(html_table(f"Règle à {threshold}\u202f%", headers, lines, totals=[total]))
    _failing(found[found["state"].isin(["below", "inconsistent"])].sort_values("share"))


def _threshold(usual: int) -> int:
    kept, name = state.key("seuil"), f"{_KEY}_threshold"

    def keep() -> None:
        chosen = st.session_state[name]
        st.session_state[kept] = "" if chosen == usual else str(chosen)

    st.session_state[name] = int(st.session_state.get(kept) or usual)
    st.number_input("Seuil (% du public prévu)", 0, 100, key=name, width=260, on_change=keep)
    return int(st.session_state[name])


def _failing(told: pd.DataFrame) -> None:
    with st.expander(f"Projets sous le seuil ou incohérents ({len(told)})", icon=":material/list:"):
        lines = [
            (
                str(row["title"]),
                str(row["operator"]),
                wording.number(row["residents"]),
                wording.number(row["beneficiaries"]),
                wording.percent(row["share"], 0),
            )
            for _, row in told.iterrows()
        ]
        headers = ("Projet", "Porteur", "Habitants de QPV", "Bénéficiaires prévus", "Part")
        st.html(profile.wide(html_table("Projets à regarder", headers, lines)))


def _counts(totals: pd.DataFrame) -> dict[str, int]:
    return {str(state): int(count) for state, count in totals["projects"].items()}


def _all(cents: pd.Series) -> str:
    return wording.euros(int(cents.sum()), 2)


def _sources(atlas: Atlas, selection: Selection) -> None:
    programme = loaded(atlas, selection).programme
    frame.sources(
        atlas,
        [*programme.datasets.values(), atlas.dataset("quarters").key],
        f"Périmètres des quartiers : génération {atlas.territory.generation}. Distances calculées "
        "en mètres, dans la projection du territoire ; une position est indicative.",
        f"Un projet qui sert plusieurs quartiers : {sharing(selection.rules)}.",
        "Part du public : bénéficiaires prévus par le porteur et, parmi eux, habitants d'un QPV.",
    )
