"""Official layers installed from a site, a mirror or a folder; whatever fails, nothing is lost."""

import gzip
import hashlib
import json
import re
import time
import zipfile
from io import BytesIO
from urllib.parse import parse_qs, urlsplit

import pytest

from geo.catalogue import condition, load_catalogue
from geo.errors import DataFileError
from geo.layers import read_layer
from geo.readers import read_communes
from store.official import Installer
from tests.loopback import cut, drip, hang_up, loopback, slow, text_reply
from tests.official import FIRST, QUARTERS, SECOND, archive, communes, mirror, quarters
from tests.samples import DATA

LAYER = "qpv_2024"
GOOD = mirror(FIRST)
OTHER = archive(quarters(lib_qp="Un autre nom"))


class Places(Installer):
    """The layers that say where things are; those of figures have tests of their own."""

    def fetch(self, origin="", *, keys=(), progress=None):
        places = [key for key, one in self.official.layers.items() if one.kind != "figures"]
        return super().fetch(origin, keys=keys or places, progress=progress)


def installer(tmp_path, siren=FIRST, data=DATA):
    return Places(data, tmp_path / "official", siren)


def folder(tmp_path, files=GOOD, name="files"):
    place = tmp_path / name
    place.mkdir(exist_ok=True)
    for file, content in files.items():
        (place / file).write_bytes(content)
    return str(place)


def served(files):
    """A mirror: content by the name of the file, else 404; a reply of its own may be given."""

    def reply(handler, request):
        found = files.get(urlsplit(request.path).path.rsplit("/", 1)[-1])
        if callable(found):
            found(handler, request)
        else:
            text_reply(200 if found else 404, found or b"")(handler, request)

    return loopback(reply)


def outcome(found, key=LAYER):
    return next(one for one in found if one.layer.key == key)


def state_of(tmp_path):
    """Every byte of the installed data, the hidden folders of a transfer included."""
    return {
        str(path.relative_to(tmp_path)): path.read_bytes()
        for path in sorted((tmp_path / "official").rglob("*"))
        if path.is_file()
    }


def quick(tmp_path, **limits):
    """A copy of the list of layers with other limits."""
    text = (DATA / "official.toml").read_text(encoding="utf-8")
    for name, value in limits.items():
        text = re.sub(rf"(?m)^{name} = .*$", f"{name} = {value}", text)
    place = tmp_path / "data"
    place.mkdir()
    (place / "official.toml").write_text(text, encoding="utf-8")
    (place / "qpv").symlink_to(DATA / "qpv")
    return place


def test_a_mirror_gives_every_layer_and_each_replaces_the_embedded_one(tmp_path):
    steps = []
    with served(GOOD) as (url, asked):
        found = installer(tmp_path).fetch(
            url, progress=lambda title, done, total: steps.append((title, done, total))
        )
    assert [one.state for one in found] == ["installed"] * 3
    assert sorted(request.path for request in asked) == [f"/search/{name}" for name in sorted(GOOD)]
    assert (
        outcome(found).layer.title,
        len(GOOD["qpv_2024.zip"]),
        len(GOOD["qpv_2024.zip"]),
    ) in steps
    known = load_catalogue(DATA, tmp_path / "official")
    layer = known[LAYER]
    assert layer.sha256 == hashlib.sha256(GOOD["qpv_2024.zip"]).hexdigest()
    assert layer.installed
    assert condition(layer) == ("sound", "")
    assert list(read_layer(layer)[0]["qpv_code"]) == [row[0] for row in QUARTERS]
    assert list(read_communes(known[f"communes_{FIRST}"], FIRST)["commune_name"]) == ["Essai-Haut"]
    assert load_catalogue(DATA)[LAYER].sha256 != layer.sha256


def test_the_communes_come_with_their_postcodes_asked_of_their_address(tmp_path):
    tool = installer(tmp_path)
    key = f"communes_{FIRST}"
    assert "codesPostaux" in parse_qs(urlsplit(tool.official.layers[key].url).query)["fields"][0]
    with served(GOOD) as (url, _):
        tool.fetch(url, keys=[key])
    installed = read_communes(load_catalogue(DATA, tmp_path / "official")[key], FIRST)
    assert installed["postcodes"].tolist() == ["21990, 21991"]
    # Editions without them, and the embedded table, say nothing of postcodes.
    without = communes(FIRST).replace(b"codesPostaux", b"autre")
    tool.fetch(folder(tmp_path, {f"{key}.geojson": without}), keys=[key])
    assert read_communes(tool.current(key), FIRST)["postcodes"].isna().all()


@pytest.mark.parametrize("wrong", [b'["2199"]', b"[21990, null]", b'"tous"', b'[["21990"]]'])
def test_postcodes_that_are_none_leave_the_edition_in_use(tmp_path, wrong):
    tool, key = installer(tmp_path), f"communes_{FIRST}"
    tool.fetch(folder(tmp_path), keys=[key])
    before = state_of(tmp_path)
    bad = communes(FIRST).replace(b'["21990", "21991"]', wrong)
    with served({f"{key}.geojson": bad}) as (url, _):
        (found,) = tool.fetch(url, keys=[key])
    assert found.failed
    assert "postcodes" in found.words
    assert "codes postaux de 5 chiffres" in found.words
    assert state_of(tmp_path) == before


def test_the_outcome_says_counts_fingerprint_and_that_a_layer_is_only_a_part(tmp_path):
    words = outcome(installer(tmp_path).fetch(folder(tmp_path))).words
    assert words.startswith("4 entités ; empreinte ")
    assert "couche partielle : 4 quartiers, environ 1500 dans la couche nationale" in words


def test_the_same_file_again_changes_nothing(tmp_path):
    tool, place = installer(tmp_path), folder(tmp_path)
    tool.fetch(place)
    before = state_of(tmp_path)
    assert [one.state for one in tool.fetch(place)] == ["unchanged"] * 3
    assert state_of(tmp_path) == before
    assert tool.former(LAYER) is None


def test_the_former_edition_is_kept_and_can_be_put_back_and_forth(tmp_path):
    tool, place = installer(tmp_path), folder(tmp_path)
    tool.fetch(place)
    first = tool.current(LAYER)
    tool.fetch(folder(tmp_path, {"qpv_2024.zip": OTHER}))
    second = tool.current(LAYER)
    assert tool.former(LAYER) == first
    assert second.sha256 == hashlib.sha256(OTHER).hexdigest()
    assert tool.restore(LAYER).state == "installed"
    assert (tool.current(LAYER), tool.former(LAYER)) == (first, second)
    tool.restore(LAYER)
    assert (tool.current(LAYER), tool.former(LAYER)) == (second, first)


def test_without_a_former_edition_or_a_sound_one_nothing_is_put_back(tmp_path):
    tool = installer(tmp_path)
    tool.fetch(folder(tmp_path))
    with pytest.raises(DataFileError, match="aucune version précédente"):
        tool.restore(LAYER)
    tool.fetch(folder(tmp_path, {"qpv_2024.zip": OTHER}))
    tool.former(LAYER).path.write_bytes(b"x")
    before = state_of(tmp_path)
    with pytest.raises(DataFileError, match="n'est pas celui du catalogue"):
        tool.restore(LAYER)
    assert state_of(tmp_path) == before


def test_an_altered_installed_file_is_seen_and_installed_again(tmp_path):
    tool, place = installer(tmp_path), folder(tmp_path)
    tool.fetch(place)
    tool.current(LAYER).path.write_bytes(GOOD["qpv_2024.zip"][:-1])
    state, words = condition(tool.current(LAYER))
    assert state == "altered"
    assert "« cli.py fetch »" in words
    assert "git restore" not in words
    assert outcome(tool.fetch(place)).state == "installed"
    assert condition(tool.current(LAYER)) == ("sound", "")


def bomb():
    return archive(b" " * 60_000_000)


def escaping():
    return archive(quarters(), "../../evil.geojson")


FAILURES = {
    "404": (None, "le site a répondu par une erreur 404"),
    "500": (text_reply(500, b"oops"), "erreur 500"),
    "truncated archive": (GOOD["qpv_2024.zip"][:-40], "archive"),
    "cut on the way": (cut, "téléchargement coupé avant la fin"),
    "hung up": (hang_up, "téléchargement coupé avant la fin"),
    "a page named .zip": (b"<!DOCTYPE html><html>bonjour</html>", "c'est une page web"),
    "another format": (b"\x7fELF" + b"\0" * 100, "format de fichier non reconnu"),
    "other columns": (
        archive(
            b'{"type":"FeatureCollection","features":[{"type":"Feature","properties":'
            b'{"siren_epci":"299900001"},"geometry":null}]}'
        ),
        "géométrie illisible",
    ),
    "no code": (archive(quarters(code_qp=None)), "code_qp"),
    "no quarter": (archive(b'{"type":"FeatureCollection","features":[]}'), "aucun quartier"),
    "none of the territory": (archive(quarters(siren_epci="299900009")), "aucun quartier de l'int"),
    "zip bomb": (bomb(), "archive refusée"),
    "a name that leaves": (escaping(), "archive refusée"),
    "another generation": (
        archive(
            b'{"type":"FeatureCollection","features":[]}'.replace(
                b"[]",
                b"["
                + json.dumps(
                    {
                        "type": "Feature",
                        "properties": {"code_qp": "QP021001", "lib_qp": "x", "siren_epci": FIRST},
                        "geometry": json.loads(quarters())["features"][0]["geometry"],
                    }
                ).encode()
                + b"]",
            )
        ),
        "quartiers de 2015 ; attendu : ceux de 2024",
    ),
    "sent elsewhere": (
        text_reply(302, b"", Location="http://example.org/x.zip"),
        "redirection refusée vers http://example.org",
    ),
    "sent to an unknown host": (
        text_reply(302, b"", Location="https://data.gouv.fr.example.org/x.zip"),
        "redirection refusée vers https://data.gouv.fr.example.org",
    ),
    "sent to a file": (text_reply(302, b"", Location="file:///etc/passwd"), "redirection refusée"),
}


@pytest.mark.parametrize("case", FAILURES)
def test_a_failure_is_told_and_the_edition_in_use_stays_to_the_byte(tmp_path, case):
    content, message = FAILURES[case]
    tool = installer(tmp_path)
    tool.fetch(folder(tmp_path))
    before = state_of(tmp_path)
    with served({"qpv_2024.zip": content}) as (url, _):
        (found,) = tool.fetch(url, keys=[LAYER])
    assert found.failed
    assert message in found.words
    assert "reste en place" in found.words
    assert state_of(tmp_path) == before


@pytest.mark.parametrize(
    ("reply", "limits", "message"),
    [
        (slow, {"seconds": 0.3}, "n'a pas répondu à temps"),
        (drip, {"seconds": 0.3}, "n'a pas répondu à temps"),
        (text_reply(200, b" " * 2_000_000), {"most_mb": 1}, "fichier de plus de 1 Mo"),
        (
            text_reply(200, gzip.compress(b" " * 20_000_000), Content_Encoding="gzip"),
            {"most_mb": 1},
            "fichier de plus de 1 Mo",
        ),
    ],
    ids=["slow", "drip", "too big", "too big once unpacked"],
)
def test_time_and_size_are_bounded_while_bytes_come(tmp_path, reply, limits, message):
    data, started = quick(tmp_path, **limits), time.monotonic()
    with served({"qpv_2024.zip": reply}) as (url, _):
        (found,) = installer(tmp_path, data=data).fetch(url, keys=[LAYER])
    assert found.failed
    assert message in found.words
    assert "les données embarquées restent en place" in found.words
    assert state_of(tmp_path) == {}
    assert time.monotonic() - started < 5


def test_offline_the_embedded_data_go_on(tmp_path, free_port):
    found = installer(tmp_path).fetch(f"http://127.0.0.1:{free_port}/")
    assert {one.state for one in found} == {"kept"}
    assert "peut-être pas internet ; les données embarquées restent" in outcome(found).words
    assert load_catalogue(DATA, tmp_path / "official") == load_catalogue(DATA)


def test_a_redirection_within_the_mirror_is_followed(tmp_path):
    files = {**GOOD, "qpv_2024.zip": text_reply(302, b"", Location="/deep/real.zip")}
    with served({**files, "real.zip": GOOD["qpv_2024.zip"]}) as (url, _):
        assert outcome(installer(tmp_path).fetch(url)).state == "installed"


def test_an_endless_redirection_ends(tmp_path):
    with served({"qpv_2024.zip": text_reply(302, b"", Location="qpv_2024.zip")}) as (url, asked):
        (found,) = installer(tmp_path).fetch(url, keys=[LAYER])
    assert "redirection refusée" in found.words
    assert len(asked) == 6


def test_one_edition_may_be_asked_for_and_no_other(tmp_path):
    data = quick(tmp_path)
    listed = data / "official.toml"
    pinned = hashlib.sha256(GOOD["qpv_2024.zip"]).hexdigest()
    text = listed.read_text(encoding="utf-8")
    listed.write_text(text.replace("[layers.qpv_2024]", f'[layers.qpv_2024]\nsha256 = "{pinned}"'))
    tool = installer(tmp_path, data=data)
    refused = outcome(tool.fetch(folder(tmp_path, {**GOOD, "qpv_2024.zip": OTHER})))
    assert refused.failed
    assert f"attendu : {pinned[:12]}…" in refused.words
    assert outcome(tool.fetch(folder(tmp_path))).state == "installed"


def test_a_folder_gives_files_by_their_published_names(tmp_path):
    files = {"QP2024_France.geojson": quarters(), f"communes_{FIRST}.geojson": communes(FIRST)}
    found = installer(tmp_path).fetch(folder(tmp_path, files))
    assert [one.state for one in found] == ["installed", "absent", "installed"]
    assert "aucun fichier communes_epci.csv" in found[1].words
    assert (tmp_path / "files/QP2024_France.geojson").exists()
    nowhere = installer(tmp_path).fetch("nulle-part")
    assert all("n'est ni un dossier ni une adresse http(s)" in one.words for one in nowhere)


def test_a_layer_without_lists_of_epci_is_kept_by_the_communes(tmp_path):
    files = {**mirror(SECOND), "qpv_2024.zip": archive(quarters())}
    bare = json.loads(quarters())
    for feature in bare["features"]:
        del feature["properties"]["siren_epci"]
    files["qpv_2024.zip"] = archive(json.dumps(bare).encode())
    tool = installer(tmp_path, SECOND)
    assert {one.state for one in tool.fetch(folder(tmp_path, files))} == {"installed"}
    assert sorted(tool.commune_codes()) == ["21911", "21912"]
    assert tool.communes_key() == f"communes_{SECOND}"


def test_what_has_no_direct_address_is_said_and_not_asked(tmp_path):
    layers = installer(tmp_path).official.layers
    (found,) = installer(tmp_path).fetch(keys=["communes_epci"])
    assert found.state == "absent"
    assert "insee.fr" in found.words
    assert all(one.url.startswith("https://") for one in layers.values() if one.url)
    assert state_of(tmp_path) == {}


def test_a_full_disk_or_a_folder_one_may_not_write_changes_nothing(tmp_path):
    (tmp_path / "official").write_text("a file where a folder should be")
    found = installer(tmp_path).fetch(folder(tmp_path))
    assert {one.state for one in found} == {"kept"}
    assert "écriture impossible" in found[0].words
    assert (tmp_path / "official").read_text() == "a file where a folder should be"


def test_the_archive_itself_is_kept_as_published(tmp_path):
    installer(tmp_path).fetch(folder(tmp_path))
    path = load_catalogue(DATA, tmp_path / "official")[LAYER].path
    with zipfile.ZipFile(BytesIO(path.read_bytes())) as kept:
        assert kept.namelist() == ["GEOJSON/QP2024_France_Hexagonale_Outre_Mer_WGS84.geojson"]
