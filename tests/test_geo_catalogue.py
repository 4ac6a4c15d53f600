import pytest

from geo import readers
from geo.catalogue import RESTORE, load_catalogue, read_verified
from geo.errors import AtlasError, DataFileError
from store.atlas import Atlas
from tests.samples import copy_data


@pytest.fixture
def data(tmp_path):
    return copy_data(tmp_path)


def refusal(action):
    with pytest.raises(DataFileError) as caught:
        action()
    return str(caught.value)


BREAKS = {
    "missing": lambda path: path.unlink(),
    "truncated": lambda path: path.write_bytes(path.read_bytes()[:-100]),
    "altered": lambda path: path.write_bytes(path.read_bytes().replace(b"62", b"63", 1)),
    "emptied": lambda path: path.write_bytes(b""),
}


@pytest.mark.parametrize("way", BREAKS)
@pytest.mark.parametrize("key", ["qpv_2024", "insee_qpv", "demo_financements"])
def test_a_broken_file_is_named_with_the_way_to_restore_it(data, key, way):
    entry = load_catalogue(data)[key]
    BREAKS[way](entry.path)
    message = refusal(lambda: read_verified(entry))
    assert f"{entry.path.parent.name}/{entry.path.name}" in message
    assert entry.title in message
    assert "git restore data" in message
    if way != "missing":
        assert entry.sha256[:12] in message
        assert f"{len(entry.path.read_bytes())} octets" in message


def test_what_does_not_need_the_broken_file_still_works(data):
    layer = load_catalogue(data)["qpv_2024"].path
    layer.write_bytes(layer.read_bytes()[:1000])
    atlas = Atlas(data)
    for part in ("quarters", "quarters_metric", "bands", "quarter_labels"):
        assert "qpv_2024.geojson" in refusal(lambda name=part: getattr(atlas, name))
    refusal(lambda: atlas.programme("demo"))
    assert len(atlas.figures) > 3000
    assert len(atlas.communes) == 100
    assert atlas.years("demo") == [2025, 2024, 2023]
    assert atlas.population[1].notna().all()


def test_the_restored_file_heals_without_restart(data):
    entry = load_catalogue(data)["insee_qpv"]
    whole = entry.path.read_bytes()
    entry.path.write_bytes(whole[:-1])
    atlas = Atlas(data)
    for _ in range(2):
        refusal(lambda: atlas.programme("demo"))
    assert len(atlas.quarters) == 16
    entry.path.write_bytes(whole)
    assert len(atlas.programme("demo").ledger)


def test_a_broken_catalogue_is_named_and_heals(data):
    path = data / "qpv" / "catalogue.toml"
    whole = path.read_text(encoding="utf-8")
    atlas = Atlas(data)
    path.write_text(whole + "\n[[", encoding="utf-8")
    assert "qpv/catalogue.toml" in refusal(lambda: atlas.quarters)
    path.write_text(whole, encoding="utf-8")
    assert len(atlas.quarters) == 16


def test_a_catalogue_tells_missing_and_unknown_fields(data):
    path = data / "qpv" / "catalogue.toml"
    text = path.read_text(encoding="utf-8")
    text = text.replace('licence = "Licence', 'license = "Licence', 1).replace(
        "producer", "made", 1
    )
    path.write_text(text, encoding="utf-8")
    message = refusal(lambda: load_catalogue(data))
    for word in ("qpv_2024", "producer", "licence", "license", "made"):
        assert word in message
    path.write_text('qpv_2024 = "un nom"\n', encoding="utf-8")
    assert "absent(s) file" in refusal(lambda: load_catalogue(data))


def test_a_dataset_named_twice_is_refused(data):
    (data / "other").mkdir()
    catalogue = (data / "demo" / "catalogue.toml").read_bytes()
    (data / "other" / "catalogue.toml").write_bytes(catalogue)
    message = refusal(lambda: load_catalogue(data))
    assert "demo/" in message
    assert "other/" in message


def test_a_directory_without_catalogue_is_refused(tmp_path):
    assert "catalogue.toml" in refusal(lambda: load_catalogue(tmp_path))


def test_a_broken_indicator_catalogue_is_named(data):
    path = data / "indicators.toml"
    whole = path.read_text(encoding="utf-8")
    atlas = Atlas(data)
    for text in ("[", whole.replace("label =", "libelle =", 1), whole.replace("part =", "p =", 1)):
        path.write_text(text, encoding="utf-8")
        assert "indicators.toml" in refusal(lambda: atlas.indicators)
    path.unlink()
    message = refusal(lambda: atlas.indicators)
    assert "indicators.toml est absent" in message
    assert RESTORE in message
    assert str(data) not in message
    assert "Errno" not in message
    path.write_text(whole, encoding="utf-8")
    assert "population" in atlas.indicators


def test_a_missing_catalogue_is_named_and_heals(data):
    path = data / "qpv" / "catalogue.toml"
    whole = path.read_text(encoding="utf-8")
    path.unlink()
    atlas = Atlas(data)
    message = refusal(lambda: atlas.quarters)
    for word in ("qpv/catalogue.toml est absent", RESTORE, "qpv_2024"):
        assert word in message
    assert atlas.years("demo"), "the other catalogue is enough for it"
    path.write_text(whole, encoding="utf-8")
    assert len(atlas.quarters) == 16


def read_from(atlas):
    """The data set each indicator is read from; only those of which a figure is published."""
    found: dict[str, str] = {}
    for one in atlas.readings:
        published = (one.quarters["status"] == "published").any()
        assert published == (one.vintage is not None)
        if one.vintage is not None:
            found.setdefault(one.indicator.code, one.vintage.dataset)
    return found


@pytest.mark.parametrize("part", ["insee", "filosofi", "rpls", "comparators"])
def test_a_missing_set_of_figures_takes_only_its_own_indicators(data, part):
    atlas = Atlas(data)
    entry = atlas.dataset(part)
    whole = entry.path.read_bytes()
    before = read_from(atlas)
    entry.path.unlink()
    atlas = Atlas(data)
    assert list(atlas.figure_faults) == [part]
    assert entry.path.name in atlas.figure_faults[part]
    after = read_from(atlas)
    spared = {code: name for code, name in before.items() if name != entry.key}
    assert spared.items() <= after.items()
    assert entry.key not in after.values(), "absent, or read from the next source"
    assert len(after) < len(before) or part in ("filosofi", "comparators")
    if part == "insee":
        assert entry.path.name in refusal(lambda: atlas.programme("demo"))
    else:
        assert atlas.population[1].notna().all()
        assert len(atlas.programme("demo").ledger)
    entry.path.write_bytes(whole)
    assert atlas.figure_faults == {}
    assert read_from(atlas) == before


def test_without_any_figure_every_indicator_is_absent(data):
    atlas = Atlas(data)
    for part in ("insee", "filosofi", "rpls", "comparators"):
        atlas.dataset(part).path.unlink()
    assert len(atlas.figure_faults) == 4
    assert atlas.figures.empty
    assert {status for one in atlas.readings for status in one.quarters["status"]} == {"absent"}
    assert atlas.history("poverty_rate").empty


def test_a_territory_that_asks_for_an_unlisted_dataset_says_so(data):
    path = next((data / "territories").glob("*.toml"))
    text = path.read_text(encoding="utf-8").replace('"rpls_qpv"', '"rpls_ailleurs"')
    path.write_text(text, encoding="utf-8")
    atlas = Atlas(data)
    with pytest.raises(AtlasError, match="rpls_ailleurs"):
        _ = atlas.figures
    assert len(readers.read_quarters(atlas.dataset("quarters"))) == 16
