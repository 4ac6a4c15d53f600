import time

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.allocation import RULES, TARGETS, allocate, serve, split_cents
from analysis.programme import by_target, grand_total, ledger
from analysis.selection import Selection, apply
from analysis.vocabulary import SITUATION_WORDS
from geo.location import locate
from tests.samples import CENTS, atlas, funding_frame, project_frame, squares

CODES = ("QN00001A", "QN00002B", "QN00003C")
CROSSWALK = pd.DataFrame(
    {
        "qpv_code": CODES,
        "qpv_code_2015": ["QP000001", "QP000001", "QP000003"],
        "relation": "MODIFIE",
    }
).astype("str")
PEOPLE = {"QN00001A": 3000, "QN00002B": 1000, "QN00003C": 2000}


def located_frame(*rows):
    frame = pd.DataFrame(rows, columns=["location_status", "qpv_code"]).astype("str")
    return frame


def services_of(*projects, located=None):
    frame = project_frame(*projects)
    places = located_frame(*(located or [("not_located", None)] * len(projects)))
    return serve(frame, places, CROSSWALK).set_axis(frame["project_id"])


# Splitting.

WEIGHTS = st.lists(st.integers(0, 10_000), min_size=1, max_size=16).filter(any)
AMOUNT = st.integers(0, 10**11)


@given(AMOUNT, WEIGHTS)
def test_parts_add_up_and_stay_within_a_cent_of_the_exact_share(cents, weights):
    parts = split_cents(cents, weights)
    assert sum(parts) == cents
    assert parts == split_cents(cents, weights)
    for part, weight in zip(parts, weights, strict=True):
        assert abs(part * sum(weights) - cents * weight) < sum(weights)
        assert weight or not part


@given(AMOUNT, WEIGHTS, st.randoms(use_true_random=False))
def test_the_order_of_weights_moves_at_most_one_cent(cents, weights, random):
    order = list(range(len(weights)))
    random.shuffle(order)
    straight = split_cents(cents, weights)
    shuffled = split_cents(cents, [weights[k] for k in order])
    assert sorted(straight) == pytest.approx(sorted(shuffled), abs=1)
    assert all(abs(straight[k] - part) <= 1 for k, part in zip(order, shuffled, strict=True))


@given(st.integers(0, 10**9), st.integers(1, 16))
def test_equal_weights_give_parts_a_cent_apart_the_first_served_first(cents, count):
    parts = split_cents(cents, [1] * count)
    assert max(parts) - min(parts) <= 1
    assert list(parts) == sorted(parts, reverse=True)


def test_a_split_known_by_hand():
    assert split_cents(100, [1, 1, 1]) == (34, 33, 33)
    assert split_cents(1001, [3000, 1000]) == (751, 250)
    assert split_cents(0, [5, 0]) == (0, 0)


@pytest.mark.parametrize(("cents", "weights"), [(1, [0, 0]), (1, []), (-1, [1]), (1, [2, -1])])
def test_an_impossible_split_is_refused(cents, weights):
    with pytest.raises(ValueError, match="positive"):
        split_cents(cents, weights)


# Whom a project serves.


@pytest.mark.parametrize(
    ("project", "place", "expected"),
    [
        ({"scope": "territory"}, ("inside", "QN00001A"), ("territory", "territory", ())),
        (
            {"declared_qpv": "QN00001A, QN00003C"},
            ("not_located", None),
            ("several_codes", "quarter", ("QN00001A", "QN00003C")),
        ),
        (
            {"declared_qpv": "QP000001"},
            ("inside", "QN00002B"),
            ("split_code", "quarter", ("QN00001A", "QN00002B")),
        ),
        (
            {"declared_qpv": "QP000003"},
            ("inside", "QN00003C"),
            ("translated_code", "quarter", ("QN00003C",)),
        ),
        (
            {"declared_qpv": "QP000003"},
            ("inside", "QN00001A"),
            ("declared_elsewhere", "quarter", ("QN00003C",)),
        ),
        (
            {"declared_qpv": "QN00001A", "address": "1 rue X"},
            ("not_located", None),
            ("code_only", "quarter", ("QN00001A",)),
        ),
        (
            {"declared_qpv": "QN00001A"},
            ("inside", "QN00002B"),
            ("declared_elsewhere", "quarter", ("QN00001A",)),
        ),
        (
            {"declared_qpv": "QN00001A"},
            ("outside", None),
            ("declared_elsewhere", "quarter", ("QN00001A",)),
        ),
        (
            {"declared_qpv": "QN00001A"},
            ("undecided", None),
            ("declared", "quarter", ("QN00001A",)),
        ),
        ({"declared_qpv": "QN99999Z"}, ("inside", "QN00001A"), ("unknown_code", "unallocated", ())),
        (
            {"declared_qpv": "QN99999Z QN00001A"},
            ("inside", "QN00001A"),
            ("declared", "quarter", ("QN00001A",)),
        ),
        ({"scope": "commune"}, ("inside", "QN00001A"), ("commune", "unallocated", ())),
        (
            {"scope": "commune", "declared_qpv": "QN00001A"},
            ("not_located", None),
            ("code_only", "quarter", ("QN00001A",)),
        ),
        (
            {"address_kind": "seat", "address": "1 rue X"},
            ("inside", "QN00001A"),
            ("seat_address", "unallocated", ()),
        ),
        (
            {"address_kind": "seat", "declared_qpv": "QN00001A"},
            ("outside", None),
            ("code_only", "quarter", ("QN00001A",)),
        ),
        (
            {"address_kind": "seat", "scope": "territory"},
            ("outside", None),
            ("territory", "territory", ()),
        ),
        (
            {"address_kind": "activity"},
            ("inside", "QN00001A"),
            ("position", "quarter", ("QN00001A",)),
        ),
        (
            {"lon": 50.5, "lat": 2.6, "address": "1 rue X"},
            ("not_located", None),
            ("suspect_position", "unallocated", ()),
        ),
        ({}, ("inside", "QN00002B"), ("position", "quarter", ("QN00002B",))),
        ({}, ("outside", None), ("outside", "outside", ())),
        ({}, ("undecided", None), ("undecided", "undecided", ())),
        ({"address": "1 rue X"}, ("not_located", None), ("address_only", "unallocated", ())),
        ({}, ("not_located", None), ("nothing", "unallocated", ())),
    ],
)
def test_each_situation(project, place, expected):
    found = services_of(project, located=[place]).iloc[0]
    assert (found["situation"], found["target"], found["codes"]) == expected


def test_unknown_codes_are_kept_beside_the_known_ones():
    found = services_of({"declared_qpv": "QN99999Z QN00001A tous"})
    assert found["unknown_codes"].tolist() == ["QN99999Z, TOUS"]


def test_serving_keeps_every_project_and_its_index():
    frame = project_frame({}, {"scope": "territory"}, {}).set_axis([7, 7, 2])
    places = located_frame(*[("not_located", None)] * 3).set_axis(frame.index)
    pd.testing.assert_index_equal(serve(frame, places, CROSSWALK).index, frame.index)
    loaded = atlas().programme("demo")
    assert len(loaded.services) == len(loaded.located) == len(loaded.projects)
    assert set(loaded.ledger["project_id"]) == set(loaded.projects["project_id"])


# Euros to targets.


def test_several_quarters_are_shared_by_population():
    services = services_of({"declared_qpv": "QN00001A, QN00002B"})
    line = funding_frame({"project_id": "P0", "granted_cents": 1001, "requested_cents": 8})
    found = allocate(services, line, PEOPLE)
    assert found["qpv_code"].tolist() == ["QN00001A", "QN00002B"]
    assert found["granted_cents"].tolist() == [751, 250]
    assert found["requested_cents"].tolist() == [6, 2]
    assert found["previous_cents"].isna().all(), "missing stays missing"
    assert set(found["rule"]) == {"population"}


def test_every_situation_has_its_words():
    named = "declared declared_elsewhere translated_code split_code several_codes code_only commune"
    named += " territory seat_address address_only unknown_code suspect_position position outside"
    named += " undecided nothing no_rule lived_area"
    assert set(named.split()) <= set(SITUATION_WORDS)
    assert len(set(SITUATION_WORDS.values())) == len(SITUATION_WORDS)


def test_a_place_the_residents_use_counts_as_their_quarter():
    frame = project_frame({}, {}, {"declared_qpv": "QN00001A"}, {})
    places = located_frame(
        ("outside", None), ("outside", None), ("outside", None), ("undecided",) * 2
    )
    lived = pd.Series([("QN00002B",), (), ("QN00002B",), ("QN00002B",)])
    found = serve(frame, places, CROSSWALK, lived)
    assert found["situation"].tolist() == [
        "lived_area",
        "outside",
        "declared_elsewhere",
        "undecided",
    ]
    assert found["codes"].tolist() == [("QN00002B",), (), ("QN00001A",), ()]


# The rules, in order.

TWO = {"declared_qpv": "QN00001A, QN00002B"}


@pytest.mark.parametrize(
    ("said", "people", "rules", "expected", "rule"),
    [
        ({"declared_shares": "60, 40"}, PEOPLE, RULES, [601, 400], "declared"),
        ({"declared_shares": "33.33;66.67"}, {}, RULES, [334, 667], "declared"),
        ({"declared_shares": "0, 100"}, {}, RULES, [0, 1001], "declared"),
        ({"qpv_beneficiaries": "10, 90"}, PEOPLE, RULES, [100, 901], "beneficiaries"),
        ({"qpv_beneficiaries": "0, 0"}, PEOPLE, RULES, [751, 250], "population"),
        (
            {"declared_shares": "60, 40", "qpv_beneficiaries": "10, 90"},
            PEOPLE,
            ("beneficiaries", "declared"),
            [100, 901],
            "beneficiaries",
        ),
        ({"declared_shares": "60, 40"}, PEOPLE, ("population", "equal"), [751, 250], "population"),
        ({"declared_shares": "60, 40"}, PEOPLE, ("equal",), [501, 500], "equal"),
        ({}, {"QN00001A": 3000}, RULES, [501, 500], "equal"),
        ({}, {"QN00001A": 3000, "QN00002B": 0}, RULES, [501, 500], "equal"),
    ],
)
def test_the_first_rule_that_applies_shares_the_line(said, people, rules, expected, rule):
    line = funding_frame({"project_id": "P0", "granted_cents": 1001})
    found = allocate(services_of(TWO | said), line, people, rules)
    assert found["granted_cents"].tolist() == expected
    assert set(found["rule"]) == {rule}


@pytest.mark.parametrize(
    "rules", [(), ("declared",), ("population",), ("beneficiaries", "declared")]
)
def test_without_a_rule_that_applies_a_line_is_not_allocated(rules):
    lines = funding_frame(
        {"project_id": "P0", "granted_cents": 1001}, {"project_id": "P1", "granted_cents": 5}
    )
    found = allocate(services_of(TWO, {"declared_qpv": "QN00001A"}), lines, {}, rules)
    assert found["target"].tolist() == ["unallocated", "quarter"]
    assert found["situation"].tolist() == ["no_rule", "code_only"]
    assert found["granted_cents"].tolist() == [1001, 5]
    assert found["qpv_code"].isna().tolist() == [True, False]


@pytest.mark.parametrize(
    ("codes", "expected"),
    [
        ("QP000003, QN00001A", {"QN00003C": 6000, "QN00001A": 4000}),
        ("QN00003C, QP000003", {"QN00003C": 10_000}),
        ("QP000001, QN00003C", {}),
        ("QN00001A, QN99999Z", {}),
    ],
)
def test_a_declared_share_needs_a_word_that_is_one_quarter(codes, expected):
    found = services_of({"declared_qpv": codes, "declared_shares": "60, 40"})
    assert found["shares"].tolist() == [expected]


@pytest.mark.parametrize(("people", "rules"), [({"QN00001A": 3000}, RULES), (PEOPLE, ("equal",))])
def test_without_every_population_the_parts_are_equal(people, rules):
    services = services_of({"declared_qpv": "QN00001A, QN00002B"})
    line = funding_frame({"project_id": "P0", "granted_cents": 1001})
    found = allocate(services, line, people, rules)
    assert found["granted_cents"].tolist() == [501, 500]
    assert set(found["rule"]) == {"equal"}


def test_one_quarter_or_none_is_not_shared():
    services = services_of({"declared_qpv": "QN00001A"}, {"scope": "territory"})
    lines = funding_frame(
        {"project_id": "P0", "granted_cents": 5}, {"project_id": "P1", "granted_cents": 7}
    )
    found = allocate(services, lines, {})
    assert found["rule"].tolist() == ["single", "none"]
    assert found["granted_cents"].tolist() == [5, 7]
    assert found["qpv_code"].isna().tolist() == [False, True]


def test_no_line_gives_an_empty_allocation():
    found = allocate(services_of({}), funding_frame(), PEOPLE)
    assert len(found) == 0
    assert list(found.columns[-3:]) == CENTS


CELL = st.none() | st.integers(0, 10**9)
PROJECT = st.fixed_dictionaries(
    {
        "declared_qpv": st.none()
        | st.lists(st.sampled_from([*CODES, "QP000001", "X"])).map(" ".join),
        "scope": st.sampled_from([None, "quarters", "commune", "territory"]),
        "year": st.sampled_from([2024, 2025]),
        "theme": st.sampled_from([None, "1.1", "2.1"]),
        "dispositif": st.sampled_from([None, "pre"]),
        "declared_shares": st.sampled_from([None, "60, 40", "100", "50, 30, 20"]),
        "qpv_beneficiaries": st.sampled_from([None, "120, 80", "0, 0", "1, 1, 1"]),
        "address_kind": st.sampled_from([None, "activity", "seat"]),
    }
)
PLACE = st.sampled_from(
    [("inside", "QN00001A"), ("inside", "QN00003C"), ("outside", None), ("undecided", None)]
)
LINE = st.fixed_dictionaries(
    {
        "funder": st.sampled_from(["etat", "caf"]),
        "status": st.sampled_from(["granted", "refused", "pending"]),
        **dict.fromkeys(CENTS, CELL),
    }
)
PROGRAMME = st.lists(
    st.tuples(
        PROJECT, PLACE, st.lists(LINE, min_size=1, max_size=2, unique_by=lambda one: one["funder"])
    ),
    min_size=1,
    max_size=6,
)
CHOICE = st.fixed_dictionaries(
    {
        "themes": st.sampled_from([(), ("1.1",), ("none",)]),
        "funders": st.sampled_from([(), ("etat",)]),
        "statuses": st.sampled_from([(), ("granted", "pending")]),
        "dispositifs": st.sampled_from([(), ("pre",), ("none",)]),
        "quarters": st.sampled_from([(), ("QN00001A",), ("QN00002B", "QN00003C")]),
    }
)


@settings(max_examples=60, deadline=None)
@given(
    PROGRAMME,
    CHOICE,
    st.sampled_from([PEOPLE, {"QN00001A": 10}, {}]),
    st.lists(st.sampled_from(RULES), unique=True),
)
def test_nothing_is_lost_whatever_the_programme_the_filter_and_the_rules(
    programme, choice, people, rules
):
    projects = project_frame(*(project for project, _, _ in programme))
    places = located_frame(*(place for _, place, _ in programme))
    lived = pd.Series([(CODES[k % 3],) if k % 2 else () for k in range(len(projects))])
    services = serve(projects, places, CROSSWALK, lived).set_axis(projects["project_id"])
    funding = funding_frame(
        *(
            {"project_id": f"P{k}", **line}
            for k, (_, _, lines) in enumerate(programme)
            for line in lines
        )
    )
    allocation = allocate(services, funding, people, rules)
    assert set(allocation["rule"]) <= {*rules, "single", "none"}

    keys = ["project_id", "funder"]
    back = allocation.groupby(keys)[CENTS].sum(min_count=1)
    pd.testing.assert_frame_equal(
        back, funding.set_index(keys)[CENTS].sort_index(), check_like=True
    )
    assert set(allocation["target"]) <= set(TARGETS)
    assert (allocation["qpv_code"].notna() == (allocation["target"] == "quarter")).all()
    assert not allocation.duplicated([*keys, "target", "qpv_code"]).any()

    rows = apply(ledger(allocation, projects, {"1.1": "ecole"}), Selection("x", 2025, **choice))
    whole, parts = grand_total(rows), by_target(rows)
    for name in CENTS:
        assert parts[name].sum() == (0 if pd.isna(whole[name]) else whole[name])


def test_points_are_located_served_and_allocated_together():
    layer = squares()
    projects = project_frame(
        {"lon": 2.0, "lat": 40.0, "position_method": "surveyed"}, {"lon": None, "lat": None}
    )
    found = locate(projects, layer, layer.crs, {"surveyed": 5.0, "unknown": 100.0})
    services = serve(projects, found, CROSSWALK)
    assert services["target"].tolist() == ["outside", "unallocated"]


def test_ten_thousand_projects_are_allocated_in_two_seconds():
    codes = [f"QN{k:05d}A" for k in range(16)]
    crosswalk = pd.DataFrame({"qpv_code": codes, "qpv_code_2015": None, "relation": "X"})
    numbers = range(10_000)
    projects = project_frame(
        *({"declared_qpv": ", ".join(codes[k % 13 : k % 13 + 1 + k % 4])} for k in numbers)
    )
    places = located_frame(*[("not_located", None)] * len(numbers))
    funders = ("etat", "caf", "region", "ville", "bailleur")
    funding = funding_frame(
        *(
            {"project_id": f"P{k}", "funder": funder, "granted_cents": 1_000 + k * 7}
            for k in numbers
            for funder in funders
        )
    )
    start = time.process_time()
    services = serve(projects, places, crosswalk.astype("str"))
    found = allocate(services.set_axis(projects["project_id"]), funding, dict.fromkeys(codes, 9))
    assert time.process_time() - start <= 2
    assert found["granted_cents"].sum() == funding["granted_cents"].sum()
