"""Why a polygon is no area, in words."""

import pytest
import shapely
from shapely import wkt

from hotspots.validity import say_invalid


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("POLYGON((0 0,1 1,1 0,0 1,0 0))", "crosses itself at 0.50000 0.50000"),
        ("POLYGON((0 0,2000 2000,2000 0,0 2000,0 0))", "crosses itself at 1000 1000"),
        (
            "POLYGON((0 0,10 0,10 10,0 10,0 0),(20 20,21 20,21 21,20 20))",
            "has a hole outside its border at 20.00000 20.00000",
        ),
        (
            "POLYGON((0 0,5 0,5 5,10 0,10 10,5 5,0 10,0 0))",
            "touches itself at 5.00000 5.00000",
        ),
        (
            "MULTIPOLYGON(((0 0,10 0,10 10,0 10,0 0)),((1 1,2 1,2 2,1 1)))",
            "has a part within a part at 1.00000 1.00000",
        ),
        ("POLYGON((0 0,1 0,1 1,0 0))", ""),
    ],
)
def test_reasons_are_words_with_the_place(text, said):
    assert say_invalid(wkt.loads(text)) == said


def test_a_corner_that_is_no_position():
    shape = shapely.polygons([(0, 0), (1, 0), (float("inf"), 1), (0, 0)])
    assert say_invalid(shape) == "has a corner that is no position"


def test_a_reason_that_is_not_known_is_given_as_it_is(monkeypatch):
    monkeypatch.setattr(shapely, "is_valid_reason", lambda _shape: "Odd[1 2]")
    assert say_invalid(wkt.loads("POLYGON((0 0,1 1,1 0,0 1,0 0))")) == "Odd[1 2]"
