"""Published figures installed from a site, a mirror or a folder, and what the atlas then shows."""

import json
from urllib.parse import urlsplit

import pytest

import cli
from analysis.comparison import area_datasets
from geo.catalogue import condition
from store.atlas import Atlas
from store.listing import every_figure
from store.official import Installer
from tests.loopback import loopback, text_reply
from tests.official import archive
from tests.samples import DATA, SHARED, atlas

LE_CENTRE, FORMER = "QN06211M", "QP062011"
EDUC = f"CODGEO;LIBGEO;TX_NSNE_16A25;EFF_E6;RET_E6\r\n{FORMER};Le Centre;31,4;80;20\r\n"
DEMO = f"CODGEO;LIBGEO;POP_MUN;TX_F\r\n{FORMER};Le Centre;5\u202f111;56,2\r\n"
POP = f"codeQPV;libQPV;popMuniQPV;partPop15_24\r\n{LE_CENTRE};Le Centre;5042;13,1\r\n"
FILO = "CODGEO;LIBGEO;Q219;GI19;NEUF19\r\n62;Pas-de-Calais;19\u202f380;0,251;7\r\n"
FIGURES = {"EDUC_2019.csv": EDUC, "DEMO_2019.csv": DEMO, "pop_QPV24.csv": POP}
KEY = "figures_qpv"


def installer(tmp_path):
    return Installer(DATA, tmp_path / "official", atlas().territory.epci_siren)


def folder(tmp_path, files=FIGURES):
    place = tmp_path / "files"
    place.mkdir(exist_ok=True)
    for name, content in files.items():
        data = content.encode() if isinstance(content, str) else content
        (place / name).write_bytes(data)
    return str(place)


def install(tmp_path, files=FIGURES, key=KEY):
    (found,) = installer(tmp_path).fetch(folder(tmp_path, files), keys=[key])
    return found


def state_of(tmp_path):
    place = tmp_path / "official"
    return {path: path.read_bytes() for path in place.rglob("*") if path.is_file()}


def rows(one, indicator):
    table = every_figure(one, [LE_CENTRE], [indicator])
    return table.to_dict("records")


def test_an_indicator_absent_before_is_published_after(tmp_path):
    (before,) = rows(atlas(), "neet")
    assert before["status"] == "absent"
    found = install(tmp_path)
    assert found.state == "installed", found.words
    assert "7 chiffres" in found.words
    assert "3 fichiers : DEMO_2019.csv, EDUC_2019.csv, pop_QPV24.csv" in found.words
    assert "une partie seulement : 2 territoires" in found.words
    opened = Atlas(DATA, installed=tmp_path / "official")
    (after,) = rows(opened, "neet")
    assert (after["value"], after["status"], after["file_year"]) == (31.4, "published", 2019)
    assert "fichiers 2019" in after["source"]
    (late,) = [row for row in rows(opened, "late_sixieme") if row["status"] == "published"]
    assert late["value"] == 25, "computed from two published counts"
    (reading,) = [one for one in opened.readings if one.indicator.code == "neet"]
    assert reading.quarters.loc[LE_CENTRE, "value"] == 31.4
    assert opened.figure_faults == {}


def test_an_edition_installed_is_read_before_the_embedded_one_and_the_rest_stays(tmp_path):
    install(tmp_path)
    opened = Atlas(DATA, installed=tmp_path / "official")
    years = {
        row["file_year"]: row["value"] for row in rows(opened, "population") if row["file_year"]
    }
    embedded = {row["file_year"]: row["value"] for row in rows(atlas(), "population")}
    assert years[2019] == 5111 != embedded[2019]
    assert years[2021] == embedded[2021]
    assert rows(opened, "poverty_rate") == rows(atlas(), "poverty_rate")


def test_larger_areas_are_installed_from_an_archive_and_its_other_tables_left(tmp_path):
    address = {
        "filosofi_2019.zip": archive(FILO.encode(), "FILO2019_DISP_DEP.csv"),
    }
    files = {"indic.zip": b"", "meta_FILO2019_DISP_DEP.csv": "COD_VAR;LIB\r\nQ2;Mediane\r\n"}

    def reply(handler, request):
        found = address.get(urlsplit(request.path).path.rsplit("/", 1)[-1])
        text_reply(200 if found else 404, found or b"")(handler, request)

    with loopback(reply) as (url, _):
        (got,) = installer(tmp_path).fetch(url, keys=["filosofi_2019"])
        (other,) = installer(tmp_path).fetch(url, keys=["filosofi_2019_communes"])
    assert got.state == "installed", got.words
    assert any("NEUF19" in note for note in got.notes), "a column never met is told"
    assert other.state == "absent", "a mirror without figures is no fault"
    opened = Atlas(DATA, installed=tmp_path / "official")
    gini = opened.figures.query("dataset == 'filosofi_2019' and variable == 'GI'")
    assert list(gini["value"]) == [0.251]
    indicator = opened.indicators["gini"]
    assert area_datasets(indicator, opened.figures, 2019) == ["filosofi_2019"], "what is credited"
    assert area_datasets(indicator, opened.figures, 2018) == []
    left = install(tmp_path, files, "filosofi_2019")
    assert left.state == "absent", "the dictionary of a table is no table"


FAILURES = {
    "cells": (
        {"DEMO_2019.csv": DEMO.replace("56,2", "x"), "EDUC_2019.csv": EDUC.replace("80", "?")},
        ["2 défaut(s)", "« x »", "« ? »", "DEMO_2019.csv", "EDUC_2019.csv"],
    ),
    "a page": ({"DEMO_2019.csv": "<!DOCTYPE html><html></html>"}, ["c'est une page web"]),
    "two of one name": (
        {"DEMO_2019.csv": DEMO, "figures_qpv.zip": archive(b"CODGEO\n", "DEMO_2019.csv")},
        ["deux fichiers DEMO_2019.csv différents"],
    ),
    "nothing known": ({"figures_qpv.zip": archive(b"x", "a.csv")}, ["aucun fichier de chiffres"]),
    "a name that leaves": (
        {"figures_qpv.zip": archive(DEMO.encode(), "../DEMO_2019.csv")},
        ["archive refusée"],
    ),
    "a bomb": (
        {"figures_qpv.zip": archive(b" " * 60_000_000, "DEMO_2019.csv")},
        ["archive refusée"],
    ),
}


@pytest.mark.parametrize("case", FAILURES)
def test_a_fault_is_told_and_the_edition_in_use_stays_to_the_byte(tmp_path, case):
    install(tmp_path)
    before = state_of(tmp_path)
    for path in (tmp_path / "files").iterdir():
        path.unlink()
    files, words = FAILURES[case]
    found = install(tmp_path, files)
    assert found.failed
    for word in (*words, "reste en place"):
        assert word in found.words
    assert state_of(tmp_path) == before


def test_the_same_files_change_nothing_and_the_former_edition_can_be_put_back(tmp_path):
    install(tmp_path)
    tool = installer(tmp_path)
    first = tool.current(KEY)
    assert install(tmp_path).state == "unchanged"
    install(tmp_path, {"EDUC_2019.csv": EDUC.replace("31,4", "30,0")})
    assert tool.former(KEY) == first
    assert condition(tool.current(KEY)) == ("sound", "")
    tool.restore(KEY)
    opened = Atlas(DATA, installed=tmp_path / "official")
    assert rows(opened, "neet")[0]["value"] == 31.4
    opened.catalogue[KEY].path.write_bytes(b"x")
    broken = Atlas(DATA, installed=tmp_path / "official")
    assert list(broken.figure_faults) == [KEY], "told, and the embedded figures go on"
    assert rows(broken, "population") == rows(atlas(), "population")


def test_without_an_address_the_state_says_where_to_get_the_files(tmp_path):
    (found,) = installer(tmp_path).fetch(keys=[KEY])
    assert found.state == "absent"
    assert "insee.fr" in found.words
    assert "--from" in found.words


def test_the_command_installs_and_figures_then_shows_them(tmp_path, monkeypatch, capfd):
    monkeypatch.setenv("ATLAS_OFFICIAL_DIR", str(tmp_path / "official"))
    assert cli.main(["fetch", "--layer", KEY, "--from", folder(tmp_path)]) == 0
    out, err = capfd.readouterr()
    assert "installée, 7 chiffres" in out
    assert "année de la donnée non établie" in err
    assert cli.main(["figures", LE_CENTRE, "--indicator", "neet", "--format", "json"]) == 0
    assert json.loads(capfd.readouterr().out)[0]["value"] == 31.4


@pytest.mark.skipif(
    not (SHARED / "samples").exists(), reason="the files as published (../shared/samples)"
)
def test_the_files_as_published_agree_with_the_embedded_figures(tmp_path):
    names = ("DEMO_2021.csv", "IPRO_2020.csv", "REVN_2021.csv")
    install(tmp_path, {name: (SHARED / "samples/insee" / name).read_bytes() for name in names})
    opened = Atlas(DATA, installed=tmp_path / "official")
    key = ["quarter", "indicator", "data_year", "file_year"]
    before, after = (every_figure(one, [LE_CENTRE]).set_index(key) for one in (atlas(), opened))
    published = before[before["status"] == "published"]
    assert after.loc[published.index, "value"].equals(published["value"])
    assert (after["status"] == "absent").sum() < (before["status"] == "absent").sum()
