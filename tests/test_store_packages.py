"""The analyst's package: made again to the byte, and what differs is named."""

import io
import json
import zipfile
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analysis.selection import Selection
from geo.errors import AtlasError, DataFileError
from store.atlas import Atlas
from store.manifest import MANIFEST, read_manifest, refuse_unknown
from store.packages import package, territory_of, verify
from tests.samples import atlas, copy_data

DEMO = Selection("demo", 2025)
TIME = "2026-01-02T03:04:05+00:00"


@pytest.fixture(scope="module")
def made():
    return package(atlas(), replace(DEMO, themes=("1.1",)), TIME)


def repacked(body, name, change):
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        files = {one: archive.read(one) for one in archive.namelist()}
    files[name] = change(files[name])
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for one, content_ in files.items():
            archive.writestr(one, content_)
    return out.getvalue()


def test_a_package_is_made_again_to_the_byte(made):
    assert package(atlas(), replace(DEMO, themes=("1.1",)), TIME) == made
    assert verify(atlas(), made) == ()
    with zipfile.ZipFile(io.BytesIO(made)) as archive:
        manifest = json.loads(archive.read(MANIFEST))
        assert {"LICENCE.txt", "dictionnaire.csv"} <= set(archive.namelist())
    assert manifest["fictif"]["indicateurs"] == "rien" and manifest["date"] == TIME
    assert manifest["fictif"]["projets"] == "toutes les lignes"
    assert manifest["totaux_centimes"]["accorde"] > 0


def mended(body, **changes):
    """The package with other values in its manifest."""
    return repacked(body, MANIFEST, lambda one: json.dumps(json.loads(one) | changes).encode())


def manifest_of(body):
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        return json.loads(archive.read(MANIFEST))


def test_a_changed_byte_an_added_and_a_removed_file_are_named(made):
    lines = verify(atlas(), repacked(made, "LICENCE.txt", lambda body: body[:-1] + b"x"))
    assert lines == ("LICENCE.txt : modifié depuis que le paquet a été fait.",)
    (line,) = verify(atlas(), with_files(made, {"intrus.csv": b"a"}))
    assert line == "intrus.csv : ajouté au paquet ; le manifeste ne l'annonce pas."
    (line,) = verify(atlas(), with_files(made, {}, without="dictionnaire.csv"))
    assert line == "dictionnaire.csv : absent du paquet ; le manifeste l'annonce."


def with_files(body, more, without=""):
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        files = {one: archive.read(one) for one in archive.namelist() if one != without}
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for one, content in (files | more).items():
            archive.writestr(one, content)
    return out.getvalue()


def test_another_software_another_input_and_another_total_are_named(made):
    said = manifest_of(made)
    (line,) = verify(atlas(), mended(made, logiciel={"nom": "atlas-qpv", "version": "9.9.9"}))[:1]
    assert "9.9.9" in line and line.startswith("Logiciel")
    (line,) = verify(atlas(), mended(made, entrees=said["entrees"] | {"qpv_2024": "0" * 64}))[:1]
    assert line.startswith("Entrée changée : qpv_2024 (")
    (line,) = verify(atlas(), mended(made, totaux_centimes={"accorde": 1}))
    assert "totaux_centimes" in line
    (line,) = verify(atlas(), mended(made, fichiers=said["fichiers"] | {"LICENCE.txt": "0"}))[:1]
    assert line.startswith("LICENCE.txt")


def path_of(name):
    return atlas().directory / name


@pytest.mark.parametrize(
    ("name", "change", "made_again"),
    [
        ("qpv/insee_qpv_2015.csv", lambda body: body + b"\n", False),  # refused by its fingerprint
        ("columns.toml", lambda body: body + b"\n# autre\n", True),
        ("demo/funding.csv", None, False),
    ],
)
def test_the_input_that_changed_on_the_disk_is_named(made, tmp_path, name, change, made_again):
    data = copy_data(tmp_path)
    path = data / name
    path.chmod(0o644)
    if change:
        path.write_bytes(change(path.read_bytes()))
    else:
        path.unlink()
    lines = verify(Atlas(data), made)
    key = next((key for key, one in atlas().catalogue.items() if one.path == path_of(name)), name)
    assert lines[0].startswith(f"Entrée changée : {key} (")
    assert any("Impossible à refaire" in line for line in lines) == (not made_again)


def test_two_packages_of_one_selection_differ_by_their_time_alone(made):
    other = package(atlas(), replace(DEMO, themes=("1.1",)), "2027-01-01T00:00:00+00:00")
    first, second = manifest_of(made), manifest_of(other)
    assert {key for key in first if first[key] != second[key]} == {"date"}
    with zipfile.ZipFile(io.BytesIO(made)) as one, zipfile.ZipFile(io.BytesIO(other)) as two:
        assert all(one.read(name) == two.read(name) for name in one.namelist() if name != MANIFEST)


DEEP = b"[" * 1_100 + b"]" * 1_100
BODIES = {
    "empty": b"{}",
    "cut": b"[",
    "not text": b"\xff",
    "a list": b"[]",
    "null": b"null",
    "deep": b'{"edition": 2, "selection": ' + b'{"a":' * 1_100 + b"1" + b"}" * 1_101,
    "deeper": DEEP * 100,
    "former edition": b'{"edition": 1}',
    "nan": b'{"edition": 2, "date": NaN}',
    "half a character": b'{"edition": 2, "date": "\\ud800"}',
    "a long number": b'{"edition": ' + b"9" * 5_000 + b"}",
    "selection": b'{"edition": 2, "selection": 3}',
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_what_is_no_package_is_refused(made, body):
    with pytest.raises(DataFileError, match=r"manifest\.json"):
        verify(atlas(), repacked(made, MANIFEST, lambda _: body))
    with pytest.raises(DataFileError, match=r"manifest\.json"):
        territory_of(repacked(made, MANIFEST, lambda _: body))


@pytest.mark.parametrize(
    ("part", "changes"),
    [
        ("selection", {"year": "2025"}),
        ("selection", {"year": True}),
        ("selection", {"year": 10**400}),
        ("selection", {"year": 1999}),
        ("selection", {"programme": None}),
        ("selection", {"programme": "../demo"}),
        ("selection", {"themes": "1.1"}),
        ("selection", {"themes": [1.1]}),
        ("selection", {"themes": ["9.9"]}),
        ("selection", {"quarters": [["QN06208M"]]}),
        ("selection", {"rules": ["equal", "equal"]}),
        ("selection", {"rules": ["aucune"]}),
        ("selection", {"inconnu": 1}),
        ("options", {"crs": [4326]}),
        ("options", {"crs": "4326"}),
        ("options", {"crs": 3857}),
        ("options", {"dialect": {}}),
        ("options", {"indicator": []}),
        ("options", {"indicator": "inconnu"}),
    ],
)
def test_a_manifest_that_asks_what_does_not_exist_is_told(made, part, changes):
    body = mended(made, **{part: manifest_of(made)[part] | changes})
    try:
        lines = verify(atlas(), body)
    except DataFileError as error:
        lines = (str(error),)
    assert part in lines[-1] or lines[-1].startswith("Impossible à refaire")


@pytest.mark.parametrize("name", ["../dehors.csv", "/etc/x", "C:\\x.csv", "dedans.zip"])
def test_names_that_leave_the_archive_are_refused(made, name):
    with pytest.raises(DataFileError, match="refusée"):
        verify(atlas(), with_files(made, {name: b"a"}))


def test_a_bomb_and_damage_are_refused_before_they_unpack(made):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(MANIFEST, b"0" * 60_000_000)
    with pytest.raises(DataFileError, match="grossit"):
        verify(atlas(), out.getvalue())
    for place in range(30, len(made), len(made) // 12):
        damaged = bytearray(made)
        damaged[place] ^= 0xFF
        try:
            assert verify(atlas(), bytes(damaged)) != () or bytes(damaged) == made
        except AtlasError as error:
            assert "Paquet" in str(error)


WORDS = st.text(st.characters(codec="utf-8"), max_size=8)
ODD = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=6,
)


def places(content, path=()):
    """Every place of a manifest where another value may be put."""
    yield path
    if isinstance(content, dict | list):
        keys = content if isinstance(content, dict) else range(len(content))
        for key in keys:
            yield from places(content[key], (*path, key))


@settings(max_examples=50, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_any_other_manifest_is_read_or_refused_in_french(made, data):
    content = manifest_of(made)
    path = data.draw(st.sampled_from(sorted(places(content), key=str)))
    odd, target = data.draw(ODD), content
    for key in path[:-1]:
        target = target[key]
    if path:
        target[path[-1]] = odd
    body = json.dumps(content if path else odd).encode()
    try:
        refuse_unknown(atlas(), read_manifest({MANIFEST: body}))
    except DataFileError as error:
        assert MANIFEST in str(error)
