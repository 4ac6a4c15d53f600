"""What is read once for everyone: the atlas of a territory, which no session may modify."""

from pathlib import Path

import streamlit as st

from geo.catalogue import data_directory, edition_of, installed_directory
from geo.territory import territory_code
from store.atlas import Atlas, open_atlas
from store.database import database_url


def get_atlas() -> Atlas:
    """Return the atlas of the configured data, territory and journal, shared by all sessions.

    Raises AtlasError when the territory cannot be read; the next call tries again.
    """
    official = edition_of(installed_directory())
    atlas = _open(str(data_directory()), territory_code(), database_url(), official)
    atlas.refresh()
    return atlas


@st.cache_resource(show_spinner="Lecture des données du territoire…")
def _open(directory: str, code: str | None, database: str, official: str) -> Atlas:
    # ``official`` is the edition of the installed layers: another one is another atlas.
    return open_atlas(Path(directory), code, database)
