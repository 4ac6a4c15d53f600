"""Uploaded files: what is read, what is refused, and that refusing asks nothing of anyone."""

import io
import json
import resource
import socket
import subprocess
import sys
import threading
import zipfile
from datetime import datetime
from threading import get_ident

import geopandas as gpd
import openpyxl
import pandas as pd
import pytest
from shapely.geometry import Point

from geo.errors import AtlasError
from geo.sandbox import Limits, _environment, _far, frame_of, read_safely
from geo.uploads import DRIVERS, MOST_BYTES, read_upload

SECRET = "contenu-d-un-autre-fichier"  # noqa: S105 - what must not be shown, no password
TABLE = "référence;intitulé;montant\nDA1;Été, à Âne;1\u202f234,50 €\nDA2;Lire;12\n"


class Listener:
    """A port of this machine that counts whoever knocks."""

    def __init__(self):
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.socket.settimeout(0.1)
        self.url = f"http://127.0.0.1:{self.socket.getsockname()[1]}/a.json"
        self.calls, self.open = 0, True
        self.thread = threading.Thread(target=self.listen, daemon=True)
        self.thread.start()

    def listen(self):
        while self.open:
            try:
                self.socket.accept()[0].close()
                self.calls += 1
            except TimeoutError:
                continue

    def close(self):
        self.open = False
        self.thread.join()
        self.socket.close()


@pytest.fixture(scope="module")
def listener():
    one = Listener()
    yield one
    one.close()


@pytest.fixture(scope="module")
def victim(tmp_path_factory):
    """Another file of the machine, that no upload may show."""
    path = tmp_path_factory.mktemp("ailleurs") / "secret.csv"
    path.write_text(f"id,secret\n1,{SECRET}\n", encoding="utf-8")
    return path


def zipped(files, compression=zipfile.ZIP_DEFLATED):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", compression) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return packed.getvalue()


def layer(count=2):
    points = [Point(2.5 + k / 10, 50.5) for k in range(count)]
    return gpd.GeoDataFrame({"intitulé": ["Été", "Lire"][:count]}, geometry=points, crs=4326)


@pytest.fixture(scope="module")
def shapefile(tmp_path_factory):
    """The parts of a shapefile of two points, by suffix."""
    folder = tmp_path_factory.mktemp("shp")
    layer().rename(columns={"intitulé": "titre"}).to_crs(2154).to_file(folder / "a.shp")
    return {path.suffix: path.read_bytes() for path in folder.iterdir()}


def vrt(path):
    return (
        f'<OGRVRTDataSource><OGRVRTLayer name="secret"><SrcDataSource>{path}</SrcDataSource>'
        "</OGRVRTLayer></OGRVRTDataSource>"
    ).encode()


def geojson(*features, **members):
    return json.dumps({"type": "FeatureCollection", "features": list(features), **members}).encode()


def feature(coordinates=(2.5, 50.5)):
    geometry = {"type": "Point", "coordinates": list(coordinates)}
    return {"type": "Feature", "properties": {"a": 1, "b": 2}, "geometry": geometry}


def kml(head="", name="Action"):
    return (
        f'<?xml version="1.0"?>{head}<kml xmlns="http://www.opengis.net/kml/2.2"><Document>'
        f"<Placemark><name>{name}</name><Point><coordinates>2.5,50.5,0</coordinates></Point>"
        "</Placemark></Document></kml>"
    ).encode()


def with_shp(shapefile, **changed):
    parts = {f"a{suffix}": content for suffix, content in shapefile.items()}
    return zipped({**parts, **changed})


def pipeline(path):
    step = f"gdal vector pipeline ! read {path} ! write streamed"
    return json.dumps({"type": "gdal_streamed_alg", "command_line": step}).encode()


XXE = '<!DOCTYPE kml [<!ENTITY x SYSTEM "file://{}">]>'
LAUGHS = (
    '<!DOCTYPE kml [<!ENTITY a "ha">'
    + "".join(f'<!ENTITY {chr(98 + k)} "{f"&{chr(97 + k)};" * 10}">' for k in range(9))
    + "]>"
)

# name of the case: (name of the file, its bytes from (victim, listener, shapefile), words said)
HOSTILE = {
    "VRT named .csv": ("a.csv", lambda v, u, s: vrt(v), "n'est pas un KML"),
    "VRT named .geojson": ("a.geojson", lambda v, u, s: vrt(v), "n'est pas un KML"),
    "VRT named .gpkg": ("a.gpkg", lambda v, u, s: vrt(v), "n'est pas un KML"),
    "VRT zipped as .shp": (
        "a.zip",
        lambda v, u, s: with_shp(s, **{"a.shp": vrt(v)}),
        "n'est pas un shapefile",
    ),
    "VRT of a remote file": (
        "a.csv",
        lambda v, u, s: vrt(f"/vsicurl/{u.url}"),
        "n'est pas un KML",
    ),
    "GDAL pipeline": ("a.geojson", lambda v, u, s: pipeline(v), "n'est pas un GeoJSON lisible"),
    "WFS": (
        "a.gml",
        lambda v, u, s: f"<OGRWFSDataSource><URL>{u.url}</URL></OGRWFSDataSource>".encode(),
        "n'est pas un KML",
    ),
    "crs by address": (
        "a.geojson",
        lambda v, u, s: geojson(
            feature(), crs={"type": "link", "properties": {"href": u.url, "type": "proj4"}}
        ),
        "Une adresse n'est jamais suivie",
    ),
    "XXE": ("a.kml", lambda v, u, s: kml(XXE.format(v), "&x;"), "DOCTYPE"),
    "XXE by address": (
        "a.kml",
        lambda v, u, s: kml(f'<!DOCTYPE kml SYSTEM "{u.url}">'),
        "DOCTYPE",
    ),
    "billion laughs": ("a.kml", lambda v, u, s: kml(LAUGHS, "&j;"), "DOCTYPE"),
    "zip bomb": (
        "a.zip",
        lambda v, u, s: with_shp(s, **{"a.dbf": bytes(64 * 2**20)}),
        "elle grossit",
    ),
    "workbook bomb": (
        "a.xlsx",
        lambda v, u, s: zipped({"xl/workbook.xml": b"", "xl/sheet.xml": b" " * 64 * 2**20}),
        "elle grossit",
    ),
    "parent folder": (
        "a.zip",
        lambda v, u, s: with_shp(s, **{"../a.txt": b"x"}),
        "sort de l'archive",
    ),
    "absolute name": (
        "a.zip",
        lambda v, u, s: with_shp(s, **{"/etc/passwd": b"x"}),
        "sort de l'archive",
    ),
    "Windows path": (
        "a.zip",
        lambda v, u, s: with_shp(s, **{"C:\\a.txt": b"x"}),
        "sort de l'archive",
    ),
    "nested zip": (
        "a.zip",
        lambda v, u, s: with_shp(s, **{"b.zip": zipped({"a": b"a"})}),
        "archive dans l'archive",
    ),
    "no .prj": (
        "a.zip",
        lambda v, u, s: zipped({f"a{k}": one for k, one in s.items() if k != ".prj"}),
        ".prj",
    ),
    "no .dbf": (
        "a.zip",
        lambda v, u, s: zipped({f"a{k}": one for k, one in s.items() if k != ".dbf"}),
        ".dbf",
    ),
    "two layers": (
        "a.zip",
        lambda v, u, s: with_shp(s, **{f"b{k}": one for k, one in s.items()}),
        "2 couches",
    ),
    "executable": ("a.csv", lambda v, u, s: b"\x7fELF\x02\x01\x01" + bytes(64), "programme"),
    "script": ("a.csv", lambda v, u, s: b"#!/bin/sh\necho a;b;c\n", "programme"),
    "picture": ("a.csv", lambda v, u, s: b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "n'est pas un texte"),
    "empty": ("a.csv", lambda v, u, s: b"", "fichier vide"),
    "blank": ("a.csv", lambda v, u, s: b"\r\n \r\n", "une seule colonne"),
    "deep JSON": ("a.geojson", lambda v, u, s: b'{"a":' * 1100, "n'est pas un GeoJSON lisible"),
    "deep list": ("a.geojson", lambda v, u, s: b"[" * 100_000, "n'est pas un GeoJSON lisible"),
    "NaN": ("a.geojson", lambda v, u, s: geojson(feature((float("nan"), 1))), "GeoJSON lisible"),
    "Infinity": ("a.geojson", lambda v, u, s: geojson(feature((1, float("inf")))), "lisible"),
    "1e999": (
        "a.geojson",
        lambda v, u, s: geojson(feature((7.25, 1))).replace(b"7.25", b"1e999"),
        "entité(s) 1",
    ),
    "null geometry": (
        "a.geojson",
        lambda v, u, s: geojson(feature(), {**feature(), "geometry": None}),
        "entité 2 sans géométrie",
    ),
    "duplicate headers": (
        "a.csv",
        lambda v, u, s: b"titre;montant;titre\nx;1;y\n",
        "« titre » (A, C)",
    ),
    "markup in the name": (
        "<img src=x onerror=alert(1)>.csv",
        lambda v, u, s: b"",
        "<img src=x onerror=alert(1)>.csv : fichier vide",
    ),
    "macros": (
        "a.xlsx",
        lambda v, u, s: zipped({"xl/workbook.xml": b"", "xl/vbaProject.bin": b""}),
        "macros",
    ),
    "Parquet without shapes": (
        "a.csv",
        lambda v, u, s: pd.DataFrame({"a": [1]}).to_parquet(),
        "sans géométrie",
    ),
    "cut workbook": ("a.xls", lambda v, u, s: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "illisible"),
    "cut FlatGeobuf": ("a.fgb", lambda v, u, s: b"fgb\x03fgb\x00" + b"\1" * 90, "illisible"),
    "no heading": ("a.csv", lambda v, u, s: b"1;2;3\n4;5;6\n", "en-tête"),
    "a quote never closed": ("a.csv", lambda v, u, s: b'a;b\n1;2\n"' + b"x;" * 90_000, "guillemet"),
}


@pytest.mark.parametrize(("name", "make", "words"), HOSTILE.values(), ids=HOSTILE)
def test_hostile_file_is_refused_and_nothing_else_is_read(
    name, make, words, victim, listener, shapefile
):
    before = listener.calls
    with pytest.raises(AtlasError) as caught:
        read_upload(make(victim, listener, shapefile), name)
    assert words in str(caught.value)
    assert name in str(caught.value)
    assert SECRET not in str(caught.value)
    assert listener.calls == before


@pytest.mark.parametrize("case", ["VRT named .csv", "crs by address", "zip bomb", "XXE"])
def test_the_child_refuses_in_the_same_words(case, victim, listener, shapefile):
    name, make, words = HOSTILE[case]
    before = listener.calls
    with pytest.raises(AtlasError) as caught:
        read_safely(make(victim, listener, shapefile), name)
    assert words in str(caught.value)
    assert SECRET not in str(caught.value)
    assert listener.calls == before


def test_the_listener_would_have_heard():
    one = Listener()
    socket.create_connection(("127.0.0.1", int(one.url.rsplit(":", 1)[1].split("/")[0]))).close()
    while not one.calls:
        pass
    one.close()


def test_a_file_over_the_limit_is_refused_unread(monkeypatch):
    monkeypatch.setattr("geo.sandbox.subprocess.run", lambda *a, **k: pytest.fail("started"))
    with pytest.raises(AtlasError, match="101 Mo ; attendu : 100 Mo au plus"):
        read_safely(bytes(MOST_BYTES + 1), "a.csv")


def test_gdal_of_the_child_knows_three_drivers_and_no_network():
    program = "import pyogrio, json; print(json.dumps(list(pyogrio.list_drivers())))"
    command = [sys.executable, "-c", program]
    answer = subprocess.run(command, env=_environment(), capture_output=True, check=True)
    assert sorted(json.loads(answer.stdout)) == sorted(DRIVERS)


def test_a_memory_hog_is_stopped():
    # Two cells at the corners of a sheet: a reader that fills what lies between needs 400 GB.
    book, packed = openpyxl.Workbook(), io.BytesIO()
    sheet = book.create_sheet("Feuille", 0)
    sheet["A1"], sheet["XFD1048576"] = "a", "b"
    book.save(packed)
    with pytest.raises(AtlasError, match="trop de mémoire"):
        read_safely(packed.getvalue(), "a.xlsx", limits=Limits(memory_bytes=900 * 2**20))
    # The server is still there to read the next file.
    assert len(frame_of(read_safely(TABLE.encode(), "a.csv"))) == 2


def test_progress_is_told_in_the_reader_s_own_thread():
    told = []
    content = b"a;b;c\n" + b"1;2;3\n" * 21_000
    frame = frame_of(
        read_safely(content, "a.csv", progress=lambda s, _: told.append((s, get_ident())))
    )
    assert len(frame) == 21_000
    shares = [share for share, _ in told]
    assert shares == sorted(shares)
    assert len(shares) == 5
    assert shares[0] == 0
    assert 0.9 < shares[-1] <= 1
    assert {thread for _, thread in told} == {get_ident()}


@pytest.mark.parametrize("file", ["kml", "geojson"])
def test_the_steps_of_a_layer_are_told(file):
    content = kml() if file == "kml" else geojson(feature((2.5, 50.5)))
    told = []
    read_safely(content, "a", progress=lambda *far: told.append(far))
    assert told == [(0, "shapes"), (0.5, "table")]


def test_what_a_child_says_of_its_progress_is_a_share_and_a_known_step():
    lines = ["0.500 table\n", "7 <script>", "nan rows", "x\n", "", "-1 shapes"]
    told = [_far(line) for line in lines]
    assert told == [
        *((0.5, "table"), (1, "rows"), (0, "rows"), (0, "rows"), (0, "rows"), (0, "shapes")),
    ]


def test_who_is_told_the_progress_may_stop_the_reading():
    def leave(share: float, step: str) -> None:
        raise KeyboardInterrupt

    content = b"a;b;c\n" + b"1;2;3\n" * 5_000_000
    begun = process_time_of_children()
    with pytest.raises(KeyboardInterrupt):
        read_safely(content, "a.csv", progress=leave)
    assert process_time_of_children() - begun < 3  # read whole, it takes some ten seconds


def process_time_of_children() -> float:
    return sum(resource.getrusage(resource.RUSAGE_CHILDREN)[:2])


def test_an_endless_parse_is_stopped():
    content = b"a;b;c\n" + b"1;2;3\n" * 5_000_000
    for limits in (Limits(processor_s=1), Limits(clock_s=1)):
        with pytest.raises(AtlasError, match="trop de temps"):
            read_safely(content, "a.csv", limits=limits)


@pytest.mark.parametrize(
    ("encoding", "said"),
    [
        ("utf-8", "UTF-8."),
        ("utf-8-sig", "UTF-8 avec marque"),
        ("utf-16", "UTF-16"),
        ("cp1252", "Windows-1252"),
    ],
)
@pytest.mark.parametrize("separator", [";", ",", "\t", "|"])
def test_text_of_any_encoding_and_separator(encoding, said, separator):
    rows = [["référence", "intitulé", "montant"], ["DA1", "Été; à, l'âne", "1\u00a0234,50 €"]]
    text = "\r\n".join(separator.join(f'"{cell}"' for cell in row) for row in rows)
    upload = read_upload(text.encode(encoding), "a.csv")
    assert upload.table.column("intitulé").to_pylist() == ["Été; à, l'âne"]
    assert upload.table.column("montant").to_pylist() == ["1\u00a0234,50 €"]
    assert any(said in note for note in upload.notes)


def test_lines_are_those_of_the_file_and_blank_ones_are_left():
    content = "Export du 12/11/2024\n\nréférence;intitulé;montant\nDA1;x;1\n;;\nDA2;y;2;surplus\n"
    upload = read_upload(content.encode(), "a.csv")
    frame = frame_of(upload)
    assert frame.index.tolist() == [4, 6]
    assert upload.long_lines == (6,)
    assert any("ligne 3" in note for note in upload.notes)


def workbook(rows, merges=(), title="Feuille"):
    book = openpyxl.Workbook(write_only=False)
    book.remove(book.worksheets[0])
    sheet = book.create_sheet(title)
    for row in rows:
        sheet.append(row)
    for merge in merges:
        sheet.merge_cells(merge)
    book.create_sheet("Autre").append(["a", "b"])
    packed = io.BytesIO()
    book.save(packed)
    return packed.getvalue()


GROUPED: list[list[object]] = [
    ["Programmation 2025"],
    [],
    ["Référence", "Intitulé", "État", None, "CAF", None, "QPV"],
    [None, None, "Demandé", "Accordé", "Demandé", "Accordé", None],
    [12345, "Lire", 1500.5, 0, None, 20000, "QN06208M"],
]
NAMES = ["Référence", "Intitulé", "État – Demandé", "État – Accordé", "CAF – Demandé"]


def test_merged_header_rows_are_joined():
    merges = ["A1:G1", "A3:A4", "B3:B4", "C3:D3", "E3:F3", "G3:G4"]
    frame = frame_of(read_upload(workbook(GROUPED, merges), "a.xlsx"))
    assert frame.columns.tolist() == [*NAMES, "CAF – Accordé", "QPV"]
    assert frame.to_numpy().tolist()[0][:4] == ["12345", "Lire", "1500.5", "0"]


def test_grouped_header_without_merges_is_joined():
    text = "\n".join(";".join("" if cell is None else str(cell) for cell in row) for row in GROUPED)
    frame = frame_of(read_upload(text.encode(), "a.csv"))
    assert frame.columns.tolist() == [*NAMES, "CAF – Accordé", "QPV"]


def test_a_sheet_can_be_chosen_and_dates_are_dates():
    moment = datetime(2025, 4, 3)
    content = workbook([["titre", "début", "vrai"], ["x", moment, True]], title="Actions")
    upload = read_safely(content, "a.xlsx")
    assert (upload.kind, upload.sheet, upload.sheets) == ("XLSX", "Actions", ("Actions", "Autre"))
    assert frame_of(upload).iloc[0].tolist() == ["x", "2025-04-03", "oui"]
    with pytest.raises(AtlasError, match="feuilles trouvées : Actions, Autre"):
        read_safely(content, "a.xlsx", "Absente")


def written(kind):
    if kind == "GeoParquet":
        packed = io.BytesIO()
        layer().to_parquet(packed)
        return packed.getvalue()
    packed = io.BytesIO()
    layer().to_file(packed, driver=kind)
    return packed.getvalue()


@pytest.mark.parametrize("kind", ["GPKG", "FlatGeobuf", "GeoParquet", "GeoJSON"])
def test_layers_give_their_columns_and_positions(kind):
    frame = frame_of(read_safely(written(kind), "quelconque"))
    titles = dict(zip(frame["intitulé"].tolist(), frame["longitude"].tolist(), strict=True))
    assert titles == {"Été": "2.5000000", "Lire": "2.6000000"}
    assert set(frame["latitude"]) == {"50.5000000"}


def test_shapefile_and_kml_give_degrees(shapefile):
    frame = frame_of(read_safely(with_shp(shapefile), "a.zip"))
    assert frame["longitude"].astype(float).round(6).tolist() == [2.5, 2.6]
    assert frame["titre"].tolist() == ["Été", "Lire"]
    frame = frame_of(read_safely(kml(), "a.kml"))
    assert frame.iloc[0].tolist() == ["Action", "2.5000000", "50.5000000"]
