"""The analyst's package: made again to the byte, and what differs is named."""

import io
import json
import zipfile
from dataclasses import replace

import pytest

from analysis.selection import Selection
from geo.errors import AtlasError
from store.packages import MANIFEST, package, verify
from tests.samples import atlas

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


def test_what_differs_is_named(made):
    lines = verify(atlas(), repacked(made, "LICENCE.txt", lambda body: body + b"x"))
    assert any("LICENCE.txt" in line and "modifié" in line for line in lines)

    def other(body):
        manifest = json.loads(body)
        manifest["entrees"]["qpv_2024"] = "0" * 64
        return json.dumps(manifest).encode()

    assert any("qpv_2024" in line for line in verify(atlas(), repacked(made, MANIFEST, other)))


@pytest.mark.parametrize("body", [b"{}", b"[", b'{"edition": 2, "selection": 3}', b"\xff"])
def test_what_is_no_package_is_refused(made, body):
    with pytest.raises(AtlasError, match=MANIFEST):
        verify(atlas(), repacked(made, MANIFEST, lambda _: body))
