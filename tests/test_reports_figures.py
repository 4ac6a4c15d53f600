"""What a sheet prints beside what the engine and the page Quartiers say: the same figures."""

import re
from datetime import date
from html import unescape

import pytest
from streamlit.testing.v1 import AppTest

from analysis import findings, wording
from analysis.profile import KEYS, TRENDS, card
from analysis.selection import Selection
from reports.printing import EVERY, file_name, printed
from store.coverage import grid, services
from store.equity import Choice, equity, export_equity
from store.material import gather
from tests.pdf import elements, flat, opened, text_of
from tests.samples import atlas
from ui import profile, support

SELECTION = Selection("demo", 2025)
CENTRE, MASKED, WITHOUT_PROJECT = "QN06211M", "QN06210M", "QN06206M"
CODES = list(atlas().quarters["qpv_code"])
each = pytest.mark.parametrize("code", CODES)


@pytest.fixture(scope="module")
def sheets():
    found = dict(printed(gather(atlas(), SELECTION, date(2026, 1, 31)), [EVERY]))
    return {code: found[file_name(atlas().territory, SELECTION, code)] for code in CODES}


@pytest.fixture(scope="module")
def need():
    """Need against effort as the page Besoins et moyens gives it away."""
    return export_equity(atlas(), SELECTION, Choice()).set_index("code_qpv")


@each
def test_need_and_effort_are_those_of_the_page_besoins(sheets, need, code):
    text, row = text_of(sheets[code]), need.loc[code]
    if isinstance(row["motif"], str):
        assert flat(f"n'est pas comparé aux autres : {row['motif']}.") in text
        assert "rangdubesoin" not in text
        return
    compared = need[need["motif"].isna()]
    rank = int((compared["besoin"] > row["besoin"]).sum()) + 1
    order = int((compared["par_habitant_eur"] > row["par_habitant_eur"]).sum()) + 1
    assert flat(f"Parmi les {len(compared)} quartiers comparés") in text
    assert re.search(rf"estau{rank}er?rangdubesoin", text)
    assert re.search(rf"etau{order}er?rangdescréditsaccordésparhabitant", text)
    assert flat(f"{wording.number(row['besoin'])} %)") in text.replace(",0%", "%")
    own = equity(atlas(), SELECTION, Choice()).table.loc[code]
    assert flat(f"({findings.per_person(own['per_inhabitant'])})") in text
    assert flat(f"réunit {wording.percent(own['share_population'], 0)}") in text
    assert flat(f"reçoit {wording.percent(own['share_cents'], 0)}") in text


@each
def test_the_trend_is_the_history_of_every_proven_year(sheets, code):
    alts = [flat(str(node.get("/Alt", ""))) for node in elements(opened(sheets[code]))]
    text = text_of(sheets[code])
    for word in TRENDS:
        indicator, every = atlas().indicators[word], atlas().history(word)
        own = every[every["qpv_code"] == code]
        assert len(own) > 5
        (alt,) = [one for one in alts if one.startswith(flat(f"{indicator.label} : 20"))]
        for year, value, status in own[["year", "value", "status"]].itertuples(index=False):
            said = indicator.in_year(int(year)).text(value, status)
            assert flat(f"{year} : {said}") in alt
            if status == "published":
                assert flat(said).rstrip("%€") in text


@each
def test_the_gaps_are_those_of_the_page_couverture(sheets, code):
    text, shown = text_of(sheets[code]), grid(atlas(), SELECTION)
    cells = shown.cells[shown.cells["qpv_code"] == code]
    empty = [shown.words[one] for one in cells["code"][cells["state"] == "empty"]]
    if empty:
        count = wording.plural(len(empty), "thème")
        assert flat(f"{count} sur {len(shown.words)} sans projet soutenu") in text
    assert all(flat(name) in text for name in empty[:5])
    table = services(atlas(), SELECTION)
    own = table[(table["qpv_code"] == code) & (table["state"] != "covered")]
    for label, metres in own[["label", "distance_m"]].itertuples(index=False):
        where = f"le plus proche à {wording.metres(metres)}" if metres else "se tient sur place"
        assert flat(f"{label} ({where}") in text


def test_the_three_kinds_of_quarters_are_among_them(need):
    assert isinstance(need.at[MASKED, "motif"], str)
    assert need.at[WITHOUT_PROJECT, "accorde_eur"] == 0
    assert need["motif"].isna().sum() > 10


def script(selection, atlas):
    import streamlit as st

    from ui import frame, navigation

    entry = next(entry for entry in navigation.PAGES if entry.word == "quartiers")
    st.navigation([*navigation.streamlit_pages(lambda _: None).values()], position="hidden")
    frame.draw_page(entry, atlas, selection)


@pytest.mark.parametrize("code", [CENTRE, MASKED, WITHOUT_PROJECT])
def test_the_page_quartiers_shows_what_its_sheet_prints(sheets, code):
    selection = Selection("demo", 2025, quarters=(code,))
    given = {"selection": selection, "atlas": atlas()}
    page = AppTest.from_function(script, kwargs=given, default_timeout=60).run()
    assert not page.exception
    screen = flat(unescape("".join(one.proto.body for one in page.get("html"))))
    printed_text = text_of(sheets[code])
    figures = [card(atlas().readings, word, code) for word in KEYS]
    said = [text for label, value, notes in figures for text in (label, value, *notes)]
    said.append(profile.sentence(atlas(), code))
    said.append(support.sentence(atlas(), selection))
    for text in said:
        assert flat(text) in screen
        assert flat(text) in printed_text
    for word in TRENDS:
        for text in profile._texts(atlas(), word, code).values():
            assert flat(text) in screen
