"""The atlas: page configuration, shared selection, navigation."""

import streamlit as st

from geo.errors import AtlasError
from ui import cache, filters, frame, navigation, state

NAME = "Atlas des quartiers prioritaires"

st.set_page_config(
    page_title=NAME,
    page_icon="🗺️",
    layout="wide",
    initial_sidebar_state="auto",
)
st.html(frame.STYLE)
frame.speak_french()

try:
    atlas = cache.get_atlas()
    direct = state.start(atlas)
except AtlasError as error:
    st.error(frame.plain(str(error)), icon=":material/error:")
    st.stop()


def draw(entry: navigation.Entry) -> None:
    """Draw one page with the selection of the session, and keep the URL in step with it."""
    selection = state.current()
    lacking = state.write_url(selection, entry.word)
    st.set_page_config(page_title=f"{entry.title} – {NAME}")
    frame.complete_address(lacking)
    frame.draw_page(entry, atlas, selection)


pages = navigation.streamlit_pages(draw)
# In another site (?embed=true) the view stands alone: no menu, no filter.
embedded = st.context.is_embedded
menus = navigation.sections(pages)
menus[""] += navigation.again(draw)
page = st.navigation(menus, position="hidden" if embedded else "top")
word = page.url_path or navigation.PAGES[0].word
if direct and word == "carte":
    st.switch_page(pages["quartiers"])
state.follow_url(atlas, word)
if not embedded:
    filters.render(atlas)
page.run()
