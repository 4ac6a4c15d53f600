"""The file someone drops, read in its own process and kept in this session only."""

import hashlib
from dataclasses import dataclass
from datetime import date

import streamlit as st

from analysis import wording
from analysis.fields import Vocabulary
from geo.errors import AtlasError
from geo.uploads import ACCEPTED, MOST_BYTES
from store.atlas import Atlas
from store.bringing import DEFAULT_LABEL, programme_code
from store.intake import Received, likely_year, load_vocabulary, receive
from ui import frame

_KEPT = "import_received"


@dataclass(frozen=True)
class Job:
    """A file being imported: what was read, its fingerprint, the year and programme wanted.

    ``key`` is unique to the file and sheet: the widgets of its columns carry it.
    """

    key: str
    received: Received
    sha256: str
    words: Vocabulary
    year: int
    label: str

    @property
    def programme(self) -> str:
        """Return the code of the programme wanted."""
        return programme_code(self.label)


def render(atlas: Atlas) -> Job | None:
    """Draw the drop zone, then sheet, year and programme; None until a file is read."""
    file = st.file_uploader(
        "Fichier de programmation",
        key="import_file",
        help=f"{ACCEPTED} ; {MOST_BYTES // 2**20} Mo au plus. Le format est reconnu au contenu.",
    )
    if file is None:
        st.session_state.pop(_KEPT, None)
        st.info(f"Formats acceptés : {ACCEPTED}.", icon=":material/upload_file:")
        return None
    words = load_vocabulary(atlas)
    kept = _read(file.getvalue(), file.name, None)
    if kept is None:
        return None
    key, received, sha256 = kept
    if len(received.upload.sheets) > 1:
        names = list(received.upload.sheets)
        sheet = st.selectbox(
            "Feuille", names, index=names.index(received.upload.sheet), key=f"sheet_{sha256[:12]}"
        )
        kept = _read(file.getvalue(), file.name, sheet)
        if kept is None:
            return None
        key, received, sha256 = kept
    rows = wording.plural(len(received.cells), received.upload.row)
    columns = wording.plural(received.cells.shape[1], "colonne")
    notes = " ".join(received.upload.notes)
    st.caption(
        frame.plain(f"{received.name} · {received.upload.kind} · {rows}, {columns}. {notes}")
    )
    return _wanted(atlas, key, received, sha256, words)


def _read(content: bytes, name: str, sheet: str | None) -> tuple[str, Received, str] | None:
    """Read a file once; what is read stays in the session, never in a cache others share."""
    sha256 = hashlib.sha256(content).hexdigest()
    wanted = (sha256, name)
    held = st.session_state.get(_KEPT)
    if held and held[0] == wanted and sheet in (None, held[1].upload.sheet):
        received = held[1]
    else:
        bar = st.progress(0.0, f"Lecture de {frame.plain(name)}…")
        try:
            received = receive(content, name, sheet, frame.teller(bar))
        except AtlasError as error:
            st.error(frame.plain(str(error)), icon=":material/error:")
            return None
        finally:
            bar.empty()
        st.session_state[_KEPT] = (wanted, received)
    tail = hashlib.sha256(received.upload.sheet.encode()).hexdigest()[:6]
    return f"{sha256[:12]}{tail}", received, sha256


def _wanted(atlas: Atlas, key: str, received: Received, sha256: str, words: Vocabulary) -> Job:
    left, right = st.columns(2)
    year = left.number_input(
        "Exercice",
        min_value=2000,
        max_value=max(2100, date.today().year),
        value=likely_year(received, words),
        key=f"year_{key}",
        help="Un exercice à la fois : les lignes d'une autre année sont laissées de côté.",
    )
    label = right.text_input(
        "Programme",
        value=DEFAULT_LABEL,
        max_chars=60,
        key="import_programme",
        help="Un nouveau nom crée un programme ; un nom connu le met à jour.",
    )
    return Job(key, received, sha256, words, int(year), label.strip() or DEFAULT_LABEL)
