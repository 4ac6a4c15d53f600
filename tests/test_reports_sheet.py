"""The printed sheets, read back: two accessible pages that say what the engine says."""

import hashlib
import io
import re
import zipfile
from dataclasses import replace
from datetime import date

import pypdfium2
import pytest

import cli
from analysis import wording
from analysis.profile import KEYS, card
from analysis.programme import grand_total, totals
from analysis.selection import Selection
from analysis.vocabulary import labels
from reports import press
from reports.contract import territory
from reports.printing import EVERY, file_name, printed, zipped
from reports.sheet import quarter_pdf
from store.atlas import Atlas
from store.exports import export_bytes, quarter_files
from store.material import gather
from store.tables import quarter_table, selected
from tests.pdf import elements, flat, fonts, opened, text_of
from tests.samples import atlas, copy_data, rewrite

DAY = date(2026, 1, 31)
CENTRE, SECRET_AND_EMPTY = "QN06211M", "QN06206M"
SELECTION = Selection("demo", 2025)
CODES = list(atlas().quarters["qpv_code"])
each = pytest.mark.parametrize("code", CODES)


@pytest.fixture(scope="module")
def sheets():
    found = dict(printed(gather(atlas(), SELECTION, DAY), [EVERY]))
    return {code: found[file_name(atlas().territory, SELECTION, code)] for code in CODES}


@pytest.fixture(scope="module")
def documents():
    return list(dict(printed(gather(atlas(), SELECTION, DAY), ["territoire", "bilan"])).values())


@each
def test_a_sheet_is_two_tagged_pages_in_french(sheets, code):
    reader = opened(sheets[code])
    root = reader.trailer["/Root"]
    assert len(reader.pages) == 2
    assert root["/Lang"] == "fr-FR"
    assert root["/MarkInfo"]["/Marked"]
    assert root["/ViewerPreferences"]["/DisplayDocTitle"]
    assert code in reader.metadata.title
    xmp = reader.trailer["/Root"]["/Metadata"].get_object().get_data().decode()
    assert re.search(r"pdfuaid:part\W{1,2}1\b", xmp)


@each
def test_pictures_have_texts_and_tables_have_headers(sheets, code):
    nodes = elements(opened(sheets[code]))
    kinds = [str(node["/S"]) for node in nodes]
    figures = [node for node in nodes if node["/S"] == "/Figure"]
    assert len(figures) >= 6
    assert all(str(figure.get("/Alt", "")).strip() for figure in figures)
    assert "/H1" in kinds
    assert ("/TH" in kinds) == (code != SECRET_AND_EMPTY)


@pytest.mark.parametrize("word", [CENTRE, SECRET_AND_EMPTY, "territoire", "bilan"])
def test_what_a_screen_reader_needs_is_in_the_structure(sheets, documents, word):
    """What PDF/UA-1 asks and a reader can check here: order, headings, headers, letters, tabs."""
    others = dict(zip(("territoire", "bilan"), documents, strict=True))
    reader = opened({**sheets, **others}[word])
    nodes = elements(reader)
    kinds = [str(node["/S"]) for node in nodes]
    assert kinds.count("/Document") == 1
    assert kinds.count("/Title") == 1
    levels = [kind for kind in kinds if kind in ("/H1", "/H2", "/H3")]
    assert levels[0] == "/H1"
    assert "/H3" not in levels, "no level is jumped"
    assert kinds.index("/Title") < kinds.index("/H1")
    headers = [node for node in nodes if node["/S"] == "/TH"]
    scopes = [str(one.get("/Scope", "")) for node in headers for one in node["/A"]]
    assert scopes.count("/Column") == len(headers)
    assert kinds.count("/Table") == kinds.count("/THead")
    assert kinds.count("/LI") == kinds.count("/LBody")
    alts = [str(node["/Alt"]) for node in nodes if node["/S"] == "/Figure"]
    assert len(set(alts)) == len(alts), "no two pictures have the same text"
    assert all("/ToUnicode" in font for font in fonts(reader)), "letters can be read and copied"
    assert all(page["/Tabs"] == "/S" for page in reader.pages), "the keyboard follows the structure"
    assert reader.trailer["/Root"]["/Outlines"]["/Count"] == levels.count("/H1")


def test_the_map_comes_before_the_money_in_the_reading_order(sheets):
    nodes = elements(opened(sheets[CENTRE]))
    kinds = [str(node["/S"]) for node in nodes]
    alts = [str(node.get("/Alt", "")) for node in nodes]
    the_map = next(k for k, alt in enumerate(alts) if alt.startswith("Carte du quartier"))
    assert the_map < kinds.index("/Table")
    assert any(alt.startswith("Population de tous") for alt in alts[:the_map])


def test_every_font_is_embedded_and_is_the_screen_s(sheets):
    found = fonts(opened(sheets[CENTRE]))
    assert found
    for font in found:
        (descendant,) = font["/DescendantFonts"]
        descriptor = descendant.get_object()["/FontDescriptor"].get_object()
        assert "/FontFile3" in descriptor or "/FontFile2" in descriptor
        assert "SourceSansPro" in descriptor["/FontName"]


def test_nothing_is_smaller_than_eight_points(sheets):
    sizes = set()

    def note(text, cm, tm, font, size):
        if text.strip():
            scale = abs(tm[3] * cm[3]) or abs(tm[0] * cm[0])
            sizes.add(round(size * scale, 2))

    for page in opened(sheets[CENTRE]).pages:
        page.extract_text(visitor_text=note)
    assert sizes
    assert min(sizes) >= 7.9


@each
def test_the_figures_printed_are_the_engine_s(sheets, code):
    text = text_of(sheets[code])
    found = atlas().readings
    for word in KEYS:
        _, value, notes = card(found, word, code)
        assert flat(value) in text
        assert all(flat(note) in text for note in notes)
    rows = selected(atlas(), Selection("demo", 2025, quarters=(code,)))
    whole = grand_total(rows)
    table = quarter_table(atlas(), SELECTION)
    assert whole["granted_cents"] == table.at[code, "granted_cents"]
    assert flat(f": {wording.euros(whole['granted_cents'])}") in text
    for column in ("group", "funder"):
        words = labels(atlas().territory, column)
        cents = totals(rows, column)["granted_cents"].dropna()
        for key, value in cents[cents > 0].items():
            assert flat(words[str(key)]) in text
            assert flat(wording.euros(int(value))) in text


def test_a_secret_figure_stays_secret(sheets):
    text = text_of(sheets[SECRET_AND_EMPTY])
    assert "couvertparlesecretstatistique" in text
    assert "Cequartiern'estpascomparéauxautres:tauxdepauvreté:secret" in text
    assert "Cequartiern'estpascomparé" not in text_of(sheets[CENTRE])


def test_a_quarter_without_projects_says_so(sheets):
    text = text_of(sheets[SECRET_AND_EMPTY])
    assert text.count("aucunprojetdelasélectionnesertcequartier") == 1
    assert "Aucunprojetàdessinerici" in text


@each
def test_fiction_is_said_on_every_page(sheets, code):
    for page in opened(sheets[code]).pages:
        assert "Données fictives" in page.extract_text().replace("\u202f", " ")


def test_a_sheet_names_the_very_file_of_the_page_donnees(sheets):
    files = quarter_files(atlas(), SELECTION)
    assert list(files) == CODES
    for code, content in files.items():
        own = replace(SELECTION, quarters=(code,))
        assert content == export_bytes(atlas(), own, "projects", "csv")
        assert hashlib.sha256(content).hexdigest() in text_of(sheets[code])


def test_the_same_inputs_give_the_same_bytes(sheets):
    assert quarter_pdf(gather(atlas(), SELECTION, DAY), CENTRE) == sheets[CENTRE]
    other = quarter_pdf(gather(atlas(), SELECTION, date(2026, 2, 1)), CENTRE)
    assert other != sheets[CENTRE]


HOSTILE = '#let x = 1; $ ] * _ <script>alert(1)</script> #read("/etc/passwd") \\u{41} @a'


def test_hostile_and_endless_names_are_printed_letter_by_letter_on_two_pages(tmp_path):
    data = copy_data(tmp_path)
    layer = data / "qpv" / "qpv_2024.geojson"
    long = f"{HOSTILE} {'Cité des Grands Ensembles ' * 12}"
    escaped = long.replace("\\", "\\\\").replace('"', '\\"')
    source = layer.read_text(encoding="utf-8")
    assert '"Le Centre"' in source
    rewrite(layer, source.replace('"Le Centre"', f'"{escaped}"'))
    projects = data / "demo" / "projects.csv"
    cell = '"' + long.replace('"', '""') + '"'
    text = projects.read_text(encoding="utf-8")
    assert ",Bus santé des quartiers (fictif)," in text
    rewrite(projects, text.replace("Bus santé des quartiers (fictif)", cell))
    content = quarter_pdf(gather(Atlas(data), SELECTION, DAY), CENTRE)
    said = text_of(content)
    assert flat("#let x = 1; $ ] * _ <script>alert(1)</script>") in said
    assert len(opened(content).pages) == 2
    assert elements(opened(content))


def test_what_the_font_lacks_is_marked_and_a_word_without_end_is_cut(tmp_path):
    data = copy_data(tmp_path)
    projects = data / "demo" / "projects.csv"
    text = projects.read_text(encoding="utf-8")
    endless, foreign = "A" * 200, "مشروع الحي 😀 \u202eFête"
    for old, new in (("Bus santé des quartiers (fictif)", endless), ("Jardins partagés", foreign)):
        assert old in text
        text = text.replace(old, new)
    rewrite(projects, text)
    material = gather(Atlas(data), SELECTION, DAY)
    content = quarter_pdf(material, CENTRE)
    said = text_of(content)
    assert flat(press.UNWRITTEN) in said
    assert f"{press.LACK}Fête" in said
    assert press.LACK not in text_of(quarter_pdf(gather(atlas(), SELECTION, DAY), CENTRE))
    document = pypdfium2.PdfDocument(content)
    printed_page = document[1]
    letters = printed_page.get_textpage()
    rights = [
        letters.get_charbox(k)[2]
        for k in range(letters.count_chars())
        if letters.get_text_range(k, 2) in ("AA", "A\u200b")
    ]
    assert len(rights) > 40
    assert max(rights) < 0.4 * printed_page.get_width(), "it stays in the column of titles"
    for one in (letters, printed_page, document):
        one.close()
    assert len(opened(content).pages) == 2


def test_money_that_no_quarter_is_known_for_says_nothing_of_gaps():
    material = gather(atlas(), Selection("postes", 2023), DAY)
    known = dict(printed(material, [CENTRE, "territoire"]))
    for content in known.values():
        said = text_of(content)
        assert flat("rien ne dit ce qui manque à chacun") in said
        assert "0thèmes" not in said
        assert "Donnéesfictives" not in said


# The command and the zip


def run(capfd, *words):
    code = cli.main(["report", *words])
    out, err = capfd.readouterr()
    assert "Traceback" not in err
    return code, out, err


def test_the_command_writes_the_same_bytes(tmp_path, capfd, sheets):
    target = tmp_path / "fiches"
    code, _, err = run(capfd, CENTRE, "--out", str(target), "--date", "2026-01-31")
    assert code == 0, err
    (file,) = target.iterdir()
    assert file.name == f"fiche_{CENTRE}_{atlas().territory.code}_2025_fictif.pdf"
    assert file.read_bytes() == sheets[CENTRE]
    assert "Données fictives" in err


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["QN99999X", "--out", "x"], "QN99999X"),
        ([CENTRE], "--out est obligatoire"),
        ([CENTRE, "--out", "x", "--date", "31/01/2026"], "AAAA-MM-JJ"),
    ],
)
def test_the_command_refuses_what_it_does_not_know(tmp_path, monkeypatch, capfd, words, told):
    monkeypatch.chdir(tmp_path)
    code, _, err = run(capfd, *words)
    assert code == 2
    assert told in err
    assert not list(tmp_path.glob("x/*"))


def test_a_zip_holds_each_document_once_and_is_always_the_same(sheets):
    told: list[str] = []
    asked = [CENTRE, SECRET_AND_EMPTY, CENTRE]
    whole = zipped(printed(gather(atlas(), SELECTION, DAY), asked), told.append)
    assert whole == zipped(printed(gather(atlas(), SELECTION, DAY), asked))
    with zipfile.ZipFile(io.BytesIO(whole)) as archive:
        assert archive.namelist() == told
        assert [archive.read(name) for name in told] == [sheets[c] for c in asked[:2]]


def test_the_territory_and_the_year_are_tagged_french_and_fictitious(documents):
    for content in documents:
        reader = opened(content)
        root = reader.trailer["/Root"]
        assert (root["/Lang"], bool(root["/MarkInfo"]["/Marked"])) == ("fr-FR", True)
        xmp = root["/Metadata"].get_object().get_data().decode()
        assert re.search(r"pdfuaid:part\W{1,2}1\b", xmp)
        for page in reader.pages:
            assert "Donnéesfictives" in flat(page.extract_text())
        figures = [node for node in elements(reader) if node["/S"] == "/Figure"]
        assert all(str(figure.get("/Alt", "")).strip() for figure in figures)
    assert len(opened(documents[0]).pages) == 2


def test_the_map_of_the_territory_names_every_commune_that_bears_a_quarter(documents):
    text = text_of(documents[0])
    known = dict(atlas().communes[["commune_code", "commune_name"]].to_numpy())
    cells = atlas().quarters[["commune_codes", "commune_names"]].to_numpy()
    bearing = {
        pair
        for codes, names in cells
        for pair in zip(codes.split(", "), names.split(", "), strict=True)
    }
    drawn = territory(gather(atlas(), SELECTION, DAY))["map"]
    written = re.findall(r"font-style=\"italic\"[^>]*>([^<]+)<", drawn["svg"])
    assert len(bearing) > 15
    for code, name in bearing:
        if code in known:
            assert known[code] in written
        else:
            assert any(name in note for note in drawn["notes"]), "no point: told beside the map"
        assert flat(name) in text


def test_the_comparison_of_the_quarters_stays_on_one_page(documents):
    (page,) = [
        flat(one.extract_text())
        for one in opened(documents[1]).pages
        if f"Les{len(CODES)}quartiersen2025" in flat(one.extract_text())
    ]
    assert all(flat(label) in page for label in atlas().quarter_labels.values())
    assert "Ensemble(projetsdistincts)" in page


def test_no_heading_is_left_alone_at_the_foot_of_a_page(documents):
    for content in documents:
        titles = {"Sources", "Réserves", "Lesmoyens", "Cequimanque", "Retrouvercesdonnées"}
        for page in opened(content).pages:
            lines = [flat(line) for line in page.extract_text().splitlines() if line.strip()]
            foot = next(k for k, line in enumerate(lines) if line.startswith("Donnéesfictives"))
            assert lines[foot - 1] not in titles


def test_the_territory_and_the_year_say_the_engine_s_money_to_the_cent(documents):
    table = quarter_table(atlas(), SELECTION)
    whole = grand_total(selected(atlas(), SELECTION))
    territory, year = (text_of(content) for content in documents)
    for code, label in atlas().quarter_labels.items():
        granted = flat(wording.euros(int(table["granted_cents"][code])))
        assert granted in territory, label
        assert granted in year, label
    for column in ("requested_cents", "granted_cents"):
        assert flat(wording.euros(whole[column], 2)) in year
    assert flat(wording.euros(whole["granted_cents"], 2)) in territory


def test_the_year_lists_every_project_with_its_amounts(documents):
    year = text_of(documents[1])
    rows = selected(atlas(), SELECTION)
    granted = rows.groupby("project_id")["granted_cents"].sum(min_count=1).dropna()
    assert len(granted) > 100
    for cents in granted:
        assert flat(wording.euros(cents, 2)) in year
