import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.crosswalk import carry, read_cells, read_codes
from tests.samples import atlas

# One 2015 quarter is split in two, one continues in one, one is new.
SPLIT = pd.DataFrame(
    {
        "qpv_code": ["QN00001A", "QN00002A", "QN00003A", "QN00004A"],
        "qpv_code_2015": ["QP000001", "QP000001", "QP000003", None],
        "relation": "MODIFIE",
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


def test_values_are_carried_one_for_one():
    crosswalk = atlas().crosswalk
    values = pd.Series(range(16), index=crosswalk["qpv_code_2015"].sample(frac=1, random_state=1))
    carried = carry(values, crosswalk)
    pairs = dict(zip(crosswalk["qpv_code"], crosswalk["qpv_code_2015"], strict=True))
    assert set(carried.index) == set(pairs)
    assert all(carried[code] == values[before] for code, before in pairs.items())


def test_a_split_figure_is_given_to_nobody():
    carried = carry(pd.Series({"QP000001": 10.0, "QP000003": 3.0}), SPLIT)
    assert carried.to_dict() == {"QN00003A": 3.0}


def test_a_quarter_without_a_figure_is_missing_not_zero():
    carried = carry(pd.Series({"QP000009": 1.0}, name="poverty"), SPLIT)
    assert carried.isna().all()
    assert carried.name == "poverty"
