"""The statement of accessibility, and a row of a table chosen without a mouse."""

import pytest

from analysis.selection import Selection
from geo.errors import DataFileError
from store.accessibility import gaps
from store.tables import projects_of
from tests.samples import DATA, atlas
from tests.test_ui_projets import choose, show

DEMO = Selection("demo", 2025)


def test_the_shortcomings_of_streamlit_name_their_issue():
    for gap in gaps(DATA):
        assert gap.selector and gap.words
        assert gap.address == f"https://github.com/streamlit/streamlit/issues/{gap.issue}"


def test_a_damaged_list_of_shortcomings_is_named(tmp_path):
    (tmp_path / "accessibility.toml").write_text('[[streamlit]]\nrule = "x"\n', encoding="utf-8")
    with pytest.raises(DataFileError, match=r"accessibility\.toml"):
        gaps(tmp_path)


def test_a_row_is_chosen_in_the_list_and_the_last_gesture_wins():
    projects = projects_of(atlas(), DEMO)
    page = show(DEMO)
    pick = next(one for one in page.selectbox if one.label.startswith("Choisir une ligne"))
    assert len(pick.options) == len(projects)
    page = choose(page, 0, 3)
    assert page.subheader[0].value.replace("\\", "") == projects["title"].iloc[3]
    pick = next(one for one in page.selectbox if one.label.startswith("Choisir une ligne"))
    pick.select_index(5).run()
    assert page.subheader[0].value.replace("\\", "") == projects["title"].iloc[5]
