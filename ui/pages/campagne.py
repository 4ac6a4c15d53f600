"""Campagne: where the yearly call stands, what is late, what is missing."""

from collections.abc import Sequence
from html import escape

import pandas as pd
import streamlit as st

from analysis import campaign, wording
from analysis.selection import Selection
from analysis.vocabulary import labels
from store.atlas import Atlas
from store.campaign import GROUPS, Call, call
from ui import charts, frame
from ui.tables import html_table

_KEY = "campagne"
_MOST = 200


def render(atlas: Atlas, selection: Selection) -> None:
    """Draw the files of the year by state, then what they lack, then who and where."""
    now = call(atlas, selection)
    if now.files.empty:
        frame.empty()
        return
    first, second = _sentences(now)
    st.subheader(frame.plain(first), anchor=False)
    st.html(f'<p class="lead">{escape(second)}</p>')
    _figures(now)
    _states(now)
    _late(now)
    _missing(now)
    _groups(atlas, now)
    _sources(atlas, selection, now)


def _count(count: int) -> str:
    return wording.plural(count, "dossier")


def _sentences(now: Call) -> tuple[str, str]:
    counts = campaign.by_state(now.files, now.states)
    parts = [
        f"{wording.number(int(counts[one.code]))} {one.label.lower()}{'s' * _many(one.label, n)}"
        for one in now.states
        if (n := int(counts[one.code]))
    ]
    first = f"{_count(len(now.files))} pour {now.year} : {wording.listing(parts, most=8)}."
    if now.dates is None:
        return first, f"Le territoire ne dit pas la date limite de la campagne {now.year}."
    day = wording.day(now.dates.deadline)
    undated = int(now.files["filed_on"].isna().sum())
    unknown = f" ; {_count(undated)} sans date de dépôt" if undated else ""
    late = int(now.files["late"].sum())
    told = f"{_count(late)} déposé{'s' * (late > 1)}" if late else "aucun dossier déposé"
    return first, f"Date limite sur DAUPHIN : {day} ; {told} après{unknown}."


def _many(label: str, count: int) -> bool:
    return count > 1 and not label.startswith("En ")


def _figures(now: Call) -> None:
    lacking = now.files["lacking"].map(len) > 0
    awaited = now.rows.loc[now.rows["status"] == "pending", ["project_id", "funder"]]
    before = now.before
    facts = (
        ("Dossiers", len(now.files), len(before.files) if before else None),
        ("Déposés hors délai", int(now.files["late"].sum()) if now.dates else None, None),
        ("Réponses attendues", len(awaited.drop_duplicates()), None),
        ("Dossiers à compléter", int(lacking.sum()), None),
    )
    with st.container(horizontal=True):
        for label, value, former in facts:
            text = wording.MISSING if value is None else wording.number(value)
            delta = None if former is None else f"{wording.signed((value or 0) - former)} en un an"
            with st.container(border=True, width=220, height="stretch"):
                st.metric(label, text, delta, delta_color="off", delta_arrow="off")


def _states(now: Call) -> None:
    st.subheader("Où en sont les dossiers ?", anchor=False, divider="gray")
    counts = campaign.by_state(now.files, now.states)
    then = campaign.by_state(now.before.files, now.states) if now.before else None
    bars = pd.DataFrame(
        {
            "label": [one.label for one in now.states],
            "value": [int(counts[one.code]) for one in now.states],
            "text": [wording.number(int(counts[one.code])) for one in now.states],
        }
    )
    caption = f"Dossiers par état, {now.year}"
    charts.show(charts.bars(bars), f"Dossiers {now.year} par état", table=caption)
    rows = [
        (one.label, wording.number(int(counts[one.code])), _former(then, one.code))
        for one in now.states
    ]
    whole = (
        "Total",
        wording.number(len(now.files)),
        wording.number(len(now.before.files)) if now.before else wording.MISSING,
    )
    headers = ("État", str(now.year), str(now.year - 1))
    st.html(html_table(caption, headers, rows, totals=[whole]))
    guessed = int((~now.files["told"]).sum())
    if guessed:
        st.caption(
            f"Pour {_count(guessed)}, la source ne donne pas d'état connu : il est déduit des "
            "réponses des financeurs (accordé dès qu'un financeur accorde, en instruction tant "
            "qu'un financeur n'a pas répondu, refusé sinon)."
        )


def _former(counts: pd.Series | None, code: str) -> str:
    return wording.MISSING if counts is None else wording.number(int(counts[code]))


def _late(now: Call) -> None:
    found = now.files[now.files["late"]]
    if now.dates is None or found.empty:
        return
    st.subheader("Ce qui est en retard", anchor=False, divider="gray")
    lines = [
        (_name(row), row["operator"], wording.day(pd.Timestamp(row["filed_on"]).date()))
        for _, row in found.sort_values("filed_on").iterrows()
    ]
    _text_table("Dossiers déposés après la date limite", ("Dossier", "Porteur", "Déposé"), lines)


def _missing(now: Call) -> None:
    found = now.files[now.files["lacking"].map(len) > 0]
    st.subheader("Ce qui manque", anchor=False, divider="gray")
    if found.empty:
        st.markdown("Aucun dossier ne manque de thème, de montant, de SIRET ou de lieu.")
        return
    counts = found["lacking"].explode().value_counts()
    rows = [
        (word[0].upper() + word[1:], wording.number(int(counts.get(code, 0))))
        for code, word in campaign.MISSING.items()
    ]
    st.html(html_table("Ce que les dossiers ne disent pas", ("Manque", "Dossiers"), rows))
    lines = [
        (_name(row), row["operator"], ", ".join(campaign.MISSING[code] for code in row["lacking"]))
        for _, row in found.iterrows()
    ]
    with st.expander(f"Les dossiers à compléter ({len(lines)})", icon=":material/table:"):
        _text_table("Dossiers à compléter", ("Dossier", "Porteur", "Manque"), lines)


def _name(row: pd.Series) -> str:
    return row["title"] if pd.isna(row["reference"]) else f"{row['reference']} – {row['title']}"


def _text_table(caption: str, headers: tuple[str, ...], lines: Sequence[tuple[str, ...]]) -> None:
    st.html(f'<div class="tx">{html_table(caption, headers, lines[:_MOST], height="24rem")}</div>')
    if len(lines) > _MOST:
        st.caption(f"Les {_MOST} premiers sur {wording.number(len(lines))}.")


def _groups(atlas: Atlas, now: Call) -> None:
    st.subheader("Par thème, quartier et porteur", anchor=False, divider="gray")
    column = st.segmented_control(
        "Répartir les dossiers par",
        list(GROUPS),
        format_func=GROUPS.__getitem__,
        default="theme",
        required=True,
        key=f"{_KEY}_group",
        label_visibility="collapsed",
    )
    table = now.groups(column)
    names = _names(atlas, column)
    shown = [one for one in now.states if one.code in table.columns and table[one.code].any()]
    rows = [
        (
            names.get(str(code), str(code)),
            wording.number(int(line["files"])),
            wording.MISSING if pd.isna(line["before"]) else wording.number(int(line["before"])),
            *(wording.number(int(line[one.code])) for one in shown),
        )
        for code, line in table.iterrows()
    ]
    headers = (GROUPS[column], str(now.year), str(now.year - 1), *(one.label for one in shown))
    caption = f"Dossiers par {GROUPS[column].lower()}, {now.year}"
    st.html(html_table(caption, headers, rows, height="32rem"))
    if column == "qpv_code":
        st.caption(
            "Un dossier qui sert plusieurs quartiers compte dans chacun ; ceux qui n'en servent "
            "aucun ne sont pas dans ce tableau."
        )


def _names(atlas: Atlas, column: str) -> dict[str, str]:
    if column == "qpv_code":
        return atlas.quarter_labels
    return labels(atlas.territory, "theme") if column == "theme" else {}


def _calendar(now: Call) -> list[str]:
    """Tell the dates of the campaign that the territory knows, beside its deadline."""
    if now.dates is None:
        return []
    days = [wording.day(day) for day in sorted(now.dates.committees)]
    told = [f"ouverture le {wording.day(now.dates.opening)}"] if now.dates.opening else []
    if days:
        told.append(f"comité{'s' * (len(days) > 1)} : {wording.listing(days, most=12)}")
    return [f"Campagne {now.year} : {' ; '.join(told)}."] if told else []


def _sources(atlas: Atlas, selection: Selection, now: Call) -> None:
    programme = atlas.territory.programme(selection.programme)
    remarks = [f"Programme : {programme.label}. Dossiers de {now.year}.", *_calendar(now)]
    frame.sources(atlas, programme.datasets.values(), *remarks)
