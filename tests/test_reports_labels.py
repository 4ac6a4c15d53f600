"""Names on a map: never over one another, nor over what they must keep off."""

from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import Point, Polygon, box

from reports.labels import Names, width_of

WIDTH, HEIGHT = 372.0, 255.0
places = st.tuples(st.floats(0, WIDTH), st.floats(0, HEIGHT))
words = st.text("abcdé -'ÉM", min_size=1, max_size=30)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(places, words, st.booleans()), max_size=25))
def test_names_cover_nothing_and_stay_in_the_picture(asked):
    corner = box(WIDTH - 28, 0, WIDTH, 36)
    names = Names(WIDTH, HEIGHT, Polygon())
    names.keep_off(corner)
    done = [names.write(at, text, led=led) for at, text, led in asked]
    assert len(names.plates) == sum(done)
    assert names.missing == [text for (_, text, _), ok in zip(asked, done, strict=True) if not ok]
    for rank, plate in enumerate(names.plates):
        assert names.frame.contains(plate)
        assert not plate.intersects(corner)
        assert not any(plate.intersects(other) for other in names.plates[:rank])


def test_a_crowd_is_written_around_its_place_with_lines_that_lead_back():
    names = Names(WIDTH, HEIGHT, Polygon())
    places = [(160 + 6 * k, 110 + 4 * k) for k in range(12)]
    names.keep_off(*(Point(place).buffer(1) for place in places))
    assert all(names.write(place, f"Commune {k}") for k, place in enumerate(places))
    assert sum("<circle" in mark for mark in names.marks) > 0
    assert names.missing == []


def test_a_name_leaves_the_quarters_uncovered_while_there_is_room():
    quarter = box(150, 100, 200, 140)
    names = Names(WIDTH, HEIGHT, quarter)
    assert names.write((175, 120), "Barlin")
    assert not names.plates[0].intersects(quarter)
    everywhere = Names(WIDTH, HEIGHT, box(0, 0, WIDTH, HEIGHT))
    assert everywhere.write((175, 120), "Barlin")


def test_a_name_without_room_is_told():
    names = Names(60, 40, Polygon())
    assert not names.write((30, 20), "Un nom plus long que toute la carte")
    assert names.missing == ["Un nom plus long que toute la carte"]
    assert names.marks == []


def test_the_width_of_a_text_is_not_underrated():
    """Widths in points of Source Sans, italic, at 8 points, as Typst measures them."""
    measured = {"Cauchy-à-la-Tour": 56.4, "BRUAY-LA-BUISSIÈRE": 67.5, "Auchy-les-Mines": 52.1}
    for text, width in measured.items():
        assert width < width_of(text) < 1.35 * width
