from itertools import pairwise

import geopandas as gpd
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import CRS
from shapely.geometry import box

from geo.crosswalk import (
    RELATIONS,
    TOLERANCE,
    carriers,
    overlap,
    read_cells,
    read_codes,
    relations_by_area,
    relations_by_code,
)
from geo.errors import ContractError, CrsError
from geo.readers import read_crosswalk
from tests.samples import atlas, copy_data, dataset, with_former_layer

# One 2015 quarter is split in two, one continues in one, one is new.
SPLIT = pd.DataFrame(
    {
        "qpv_code": ["QN00001A", "QN00002A", "QN00003A", "QN00004A"],
        "qpv_code_2015": ["QP000001", "QP000001", "QP000003", None],
        "status": "MODIFIE",
    }
).astype("str")
KNOWN = set(SPLIT["qpv_code"])


@pytest.mark.parametrize(
    ("cell", "codes", "translated", "unknown"),
    [
        ("QN00001A", ("QN00001A",), (), ()),
        ("QN00003A,QN00001A", ("QN00003A", "QN00001A"), (), ()),
        (
            " qn00001a ; QN00002A / QN00001A|QN00003A\n",
            ("QN00001A", "QN00002A", "QN00003A"),
            (),
            (),
        ),
        ("QP000003", ("QN00003A",), ("QP000003",), ()),
        ("QP000001", ("QN00001A", "QN00002A"), ("QP000001",), ()),
        ("QP000003 QN00003A", ("QN00003A",), ("QP000003",), ()),
        ("QN99999Z, QN00001A", ("QN00001A",), (), ("QN99999Z",)),
        ("tous", (), (), ("TOUS",)),
        (" ,; ", (), (), ()),
        (None, (), (), ()),
        (float("nan"), (), (), ()),
        (62, (), (), ()),
    ],
)
def test_a_cell_of_codes(cell, codes, translated, unknown):
    read = read_codes(cell, KNOWN, SPLIT)
    assert (read.codes, read.translated, read.unknown) == (codes, translated, unknown)


def test_a_2015_code_whose_successors_are_elsewhere_gives_nothing():
    assert read_codes("QP000001", {"QN00002A"}, SPLIT).codes == ("QN00002A",)


@given(
    st.lists(st.sampled_from(sorted(KNOWN)), max_size=6), st.sampled_from([",", ";", " / ", "|"])
)
def test_order_is_kept_and_repetitions_dropped(codes, separator):
    read = read_codes(separator.join(codes), KNOWN, SPLIT)
    assert read.codes == tuple(dict.fromkeys(codes))
    assert not read.unknown
    assert read_cells([None, separator.join(codes)], KNOWN, SPLIT)[1] == read


def test_figures_are_carried_one_for_one():
    crosswalk = atlas().crosswalk
    pairs = dict(zip(crosswalk["qpv_code"], crosswalk["qpv_code_2015"], strict=True))
    assert len(pairs) == 16
    assert carriers(crosswalk.sample(frac=1, random_state=1)) == pairs


def test_a_split_figure_is_given_to_nobody_and_a_new_quarter_has_none():
    found = carriers(SPLIT)
    assert {code for code, former in found.items() if former} == {"QN00003A"}
    assert found["QN00003A"] == "QP000003"
    assert set(found) < set(SPLIT["qpv_code"].dropna())


# By areas, where both layers are present.

LAMBERT = CRS.from_epsg(2154)


def quarters(prefix, *boxes):
    suffix = "" if prefix == "QP" else "A"
    width = 6 if prefix == "QP" else 5
    codes = [f"{prefix}{k:0{width}d}{suffix}" for k in range(1, len(boxes) + 1)]
    shapes = [box(600_000 + x, 7e6 + y, 600_000 + x2, 7e6 + y2) for x, y, x2, y2 in boxes]
    return gpd.GeoDataFrame({"qpv_code": codes}, geometry=shapes, crs=LAMBERT)


def relations_of(former, current):
    named = relations_by_area(overlap(quarters("QP", *former), quarters("QN", *current), LAMBERT))
    return {
        (row["qpv_code_2015"], row["qpv_code"]): row["relation"]
        for row in named.astype(object).where(named.notna(), None).to_dict("records")
    }


WHOLE, LEFT, RIGHT, FAR = (0, 0, 200, 100), (0, 0, 100, 100), (100, 0, 200, 100), (900, 0, 990, 90)


@pytest.mark.parametrize(
    ("former", "current", "expected"),
    [
        ([WHOLE], [WHOLE], {("QP000001", "QN00001A"): "identical"}),
        ([WHOLE], [(0, 0, 200, 99)], {("QP000001", "QN00001A"): "moved"}),
        (
            [WHOLE],
            [LEFT, RIGHT],
            {("QP000001", "QN00001A"): "split", ("QP000001", "QN00002A"): "split"},
        ),
        (
            [LEFT, RIGHT],
            [WHOLE],
            {("QP000001", "QN00001A"): "merged", ("QP000002", "QN00001A"): "merged"},
        ),
        (
            [WHOLE, (200, 0, 400, 100)],
            [LEFT, (100, 0, 400, 100)],
            {
                ("QP000001", "QN00001A"): "split",
                ("QP000001", "QN00002A"): "split_and_merged",
                ("QP000002", "QN00002A"): "merged",
            },
        ),
        ([WHOLE], [FAR], {("QP000001", None): "dropped", (None, "QN00001A"): "new"}),
        # A strip of 4 metres on the neighbour: a redrawn edge, not a merger.
        (
            [LEFT, RIGHT],
            [(0, 0, 104, 100), (104, 0, 200, 100)],
            {("QP000001", "QN00001A"): "moved", ("QP000002", "QN00002A"): "moved"},
        ),
        # A small new quarter wholly inside a large old one is a part of it, however small.
        ([WHOLE], [(0, 0, 5, 5)], {("QP000001", "QN00001A"): "moved"}),
    ],
)
def test_what_became_of_each_quarter_is_named(former, current, expected):
    assert relations_of(former, current) == expected


def test_the_sliver_threshold_is_data_and_says_its_reason():
    shared = overlap(quarters("QP", LEFT, RIGHT), quarters("QN", (0, 0, 104, 100)), LAMBERT)
    strict = TOLERANCE._replace(sliver=0.0)
    assert set(relations_by_area(shared)["relation"]) == {"moved", "dropped"}
    assert set(relations_by_area(shared, strict)["relation"]) == {"merged"}
    assert "5 %" in TOLERANCE.reason.replace("\u202f", " ")
    assert set(relations_by_area(shared)["relation"]) <= set(RELATIONS)


def test_the_layer_of_the_territory_is_identical_to_itself():
    metric = atlas().quarters_metric
    former = metric.assign(qpv_code=["QP" + code[2:7] + "0" for code in metric["qpv_code"]])
    named = relations_by_area(overlap(former, metric, atlas().territory.crs))
    assert len(named) == 16
    assert set(named["relation"]) == {"identical"}


def test_layers_in_degrees_are_refused():
    one = quarters("QP", WHOLE)
    with pytest.raises(CrsError, match="Couche des quartiers 2024"):
        overlap(one, one.to_crs(4326), LAMBERT)


cuts = st.lists(st.integers(1, 999), min_size=1, max_size=6, unique=True).map(sorted)


def strips(edges, low, high):
    ends = [0, *edges, 1000]
    return [(x, low, x2, high) for x, x2 in pairwise(ends) if (x + x2) % 3]


@settings(deadline=None)
@given(cuts, cuts, st.integers(-300, 300))
def test_the_shares_of_a_quarter_and_its_remainder_make_one(before, after, shift):
    former = strips(before, 0, 500) or [WHOLE]
    current = strips(after, shift, shift + 400) or [WHOLE]
    shared = overlap(quarters("QP", *former), quarters("QN", *current), LAMBERT)
    assert (shared["area_m2"] > 0).all()
    old, new = (shared.groupby(key)[share].sum() for key, share in
        (("qpv_code_2015", "share_of_old"), ("qpv_code", "share_of_new")))  # fmt: skip
    assert len(old) == len(former)
    assert len(new) == len(current)
    assert (old - 1).abs().max() < 1e-9
    assert (new - 1).abs().max() < 1e-9
    named = relations_by_area(shared)
    assert set(named["qpv_code"].dropna()) == set(new.index), "no quarter is left out"
    assert set(named["qpv_code_2015"].dropna()) == set(old.index)


# By codes, where only the correspondence is.

MERGED = pd.DataFrame(
    [
        ("QN00001A", "QP000001", "MODIFIE"),
        ("QN00001A", "QP000002", "MODIFIE"),
        ("QN00002A", "QP000003", "MODIFIE"),
        ("QN00003A", "QP000004", "INCHANGE"),
        ("QN00004A", "QP000005", "AUTRE"),
        ("QN00005A", None, "NOUVEAU"),
        (None, "QP000006", "SORTANT"),
    ],
    columns=["qpv_code", "qpv_code_2015", "status"],
).astype("str")


def test_relations_by_code_follow_the_pairs_then_the_status():
    named = relations_by_code(MERGED)
    assert dict(zip(named["qpv_code_2015"].fillna("-"), named["relation"], strict=True)) == {
        "QP000001": "merged",
        "QP000002": "merged",
        "QP000003": "moved",
        "QP000004": "identical",
        "QP000005": "continued",
        "-": "new",
        "QP000006": "dropped",
    }
    assert set(relations_by_code(SPLIT)["relation"]) == {"split", "moved", "new"}
    assert set(atlas().relations["relation"]) == {"moved"}
    assert not atlas().relations_are_measured


def test_a_merged_figure_is_given_to_nobody():
    assert carriers(MERGED) == {
        "QN00001A": None,
        "QN00002A": "QP000003",
        "QN00003A": "QP000004",
        "QN00004A": "QP000005",
    }


def test_a_dropped_quarter_is_known_and_serves_nobody():
    read = read_codes("QP000006, QP000002", set(MERGED["qpv_code"].dropna()), MERGED)
    assert (read.codes, read.translated, read.unknown) == (
        ("QN00001A",),
        ("QP000006", "QP000002"),
        (),
    )


def test_the_official_table_gives_every_predecessor(tmp_path):
    content = (
        "qp2024,statut,qp2015_1,label_qp2015_1,qp2015_2,qp2015_3\n"
        "QN00001A,MODIFIE,QP000001,Un,QP000002,QP000003\n"
        "QN00002A,NOUVEAU,,,,\n"
        ",SORTANT,QP000004,Quatre,,\n"
    )
    found = read_crosswalk(dataset(tmp_path / "c.csv", content))
    assert found["qpv_code_2015"].tolist()[:3] == ["QP000001", "QP000002", "QP000003"]
    named = relations_by_code(found)
    assert named["relation"].value_counts().to_dict() == {"merged": 3, "new": 1, "dropped": 1}
    broken = content + ",MODIFIE,,,,\nQN00002A,NOUVEAU,,,,\nQN00005A,modifié,QP1,,,\n"
    with pytest.raises(ContractError) as caught:
        read_crosswalk(dataset(tmp_path / "d.csv", broken))
    for fault in (
        "ligne 5, colonne « qp2024 » : cellule vide ; attendu : un code QPV 2024 ou 2015",
        "ligne 6, colonnes « qp2024 », « qp2015_1 » : répétées",
        "ligne 7, colonne « qp2015_1 » : « QP1 »",
        "ligne 7, colonne « statut » : « modifié »",
    ):
        assert fault in str(caught.value)


def test_a_territory_with_both_layers_measures_the_change(tmp_path):
    """The 2015 layer is made up here: the 2024 one with the first quarter cut in half."""
    data = copy_data(tmp_path)
    former = atlas().quarters.copy()
    pairs = atlas().crosswalk.set_index("qpv_code")["qpv_code_2015"]
    former["qpv_code"] = former["qpv_code"].map(pairs)
    x, y, x2, y2 = former.geometry[0].bounds
    former.loc[0, "geometry"] = former.geometry[0].intersection(box(x, y, (x + x2) / 2, y2))
    opened = with_former_layer(data, former)
    assert opened.relations_are_measured
    named = opened.relations.set_index("qpv_code")["relation"]
    first = opened.quarters["qpv_code"][0]
    assert named[first] == "moved"
    assert set(named.drop(first)) == {"identical"}
