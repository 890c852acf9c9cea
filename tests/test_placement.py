"""Incidents of former times keep the place they had in the layers of their time."""

from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapely.geometry import box

from hotspots import schema
from hotspots.aggregate import count_by_area
from hotspots.errors import CRSError
from hotspots.former import FormerAreas
from hotspots.periods import RecordCalendar, list_periods
from hotspots.placement import (
    IN_AREAS,
    IN_FORCE,
    NOT_PLACED,
    OFF_AREAS,
    OUTSIDE,
    KeptPlaces,
    kept_places,
    locate_incidents,
    place_incidents,
)
from tests.counting import BOUNDARY, QUARTER, X0, Y0, make_areas, make_incidents

FEBRUARY = date(2024, 2, 1)
MARCH = date(2024, 3, 1)


def moved_areas(*ids):
    """Areas of an earlier time: the strips of the small town from the west, named by `ids`."""
    areas = make_areas(tuple(f"then {i}" for i in ids), residents=(1,) * 9, length=(1,) * 9)
    areas[schema.AREA_ID] = [f"street:{i}" for i in ids]
    return areas


def former(until, *ids, version=1, boundary=BOUNDARY):
    return FormerAreas(version, until, moved_areas(*ids), boundary)


def place(incidents, *entries, **more):
    return place_incidents(
        incidents,
        make_areas(),
        record_by_source={"police": (QUARTER,)},
        boundary=BOUNDARY,
        former=entries,
        **more,
    )


def where_to(placement, n):
    """The row of each incident's area, or the code of where it went, negative."""
    found = [-int(code) for code in placement.where]
    for point, row in zip(placement.points.tolist(), placement.rows.tolist(), strict=True):
        found[point] = row
    assert len(found) == n
    return found


def test_an_incident_counts_in_the_area_it_had_in_its_time():
    # Streets 0 and 1 have changed places on 1 February.
    incidents = make_incidents(
        [("2024-01-31T23:59", 50), ("2024-02-01T00:00", 50), ("2024-01-05", 150), (None, 50)]
    )
    placement = place_incidents(
        incidents.iloc[:3],
        make_areas(),
        record_by_source={"police": (QUARTER,)},
        boundary=BOUNDARY,
        former=(former(FEBRUARY, 1, 0),),
    )
    assert where_to(placement, 3) == [1, 0, 0]
    assert placement.kept_by.tolist() == [0, IN_FORCE, 0]
    # Without a date the areas in force decide.
    undated = locate_incidents(
        incidents, make_areas(), boundary=BOUNDARY, former=(former(FEBRUARY, 1, 0),)
    )
    assert where_to(undated, 4) == [1, 0, 0, 0]


def test_an_area_that_is_gone_leaves_the_position_to_decide():
    # Then the strips were 7, 8, 2, 9; streets 0, 1, 2 are there now, and nothing lies at 350.
    incidents = make_incidents([("2024-01-05", x) for x in (50, 150, 250, 350)])
    placement = place(incidents, former(FEBRUARY, 7, 8, 2, 9))
    assert where_to(placement, 4) == [0, 1, 2, -OFF_AREAS]
    assert placement.kept_by.tolist() == [IN_FORCE, IN_FORCE, 0, IN_FORCE]


def test_one_whose_area_is_gone_lay_in_the_town_even_beyond_the_boundary_of_today():
    incidents = make_incidents([("2024-01-05", 1150), ("2024-03-05", 1150)])
    then = FormerAreas(
        1,
        FEBRUARY,
        moved_areas(9).set_geometry([box(X0 + 1100, Y0, X0 + 1200, Y0 + 1000)], crs=5514),
        BOUNDARY,
    )
    placement = place(incidents, then)
    assert where_to(placement, 2) == [-OFF_AREAS, -OUTSIDE]


def test_off_areas_and_outside_stay_as_then():
    small = box(X0, Y0, X0 + 200, Y0 + 1000)
    # One street, 0, stood in the west; the town reached to 200 m; today it reaches to 1000 m.
    incidents = make_incidents([("2024-01-05", x) for x in (50, 150, 250, np.nan)])
    placement = place(incidents, former(FEBRUARY, 0, boundary=small))
    assert where_to(placement, 4) == [0, -OFF_AREAS, -OUTSIDE, -NOT_PLACED]
    assert placement.tally().n_off_areas == 1
    assert kept_places(placement, (former(FEBRUARY, 0),)) == KeptPlaces(3, FEBRUARY, (1,))


def test_each_time_has_its_own_layers():
    incidents = make_incidents([(day, 50) for day in ("2024-01-31", "2024-02-01", "2024-03-01")])
    entries = (former(FEBRUARY, 1), former(MARCH, 2, version=4))
    placement = place(incidents, *entries)
    assert where_to(placement, 3) == [1, 2, 0]
    assert placement.kept_by.tolist() == [0, 1, IN_FORCE]
    assert kept_places(placement, entries) == KeptPlaces(2, MARCH, (1, 4))
    only_first = place(incidents.iloc[[0]], *entries)
    assert kept_places(only_first, entries) == KeptPlaces(1, FEBRUARY, (1,))
    assert kept_places(place(incidents), ()) is None


def test_a_village_that_had_no_streets_then():
    incidents = make_incidents([("2024-01-05", 50), ("2024-01-05", 1500)])
    entry = FormerAreas(1, FEBRUARY, make_areas().iloc[:0], BOUNDARY)
    assert where_to(place(incidents, entry), 2) == [-OFF_AREAS, -OUTSIDE]


def test_counts_and_reconciliation_follow():
    incidents = make_incidents(
        [("2024-01-05", 50), ("2024-02-05", 50), ("2024-03-05", 50), ("2024-01-05", 2000)]
    )
    table = count_by_area(
        incidents,
        make_areas(),
        periods=list_periods(QUARTER, every="month"),
        calendar=RecordCalendar.build(QUARTER, [(QUARTER,)]),
        record_by_source={"police": (QUARTER,)},
        boundary=BOUNDARY,
        former=(former(FEBRUARY, 2),),
    )
    assert table.counts.tolist() == [[0, 1, 1], [0, 0, 0], [1, 0, 0]]
    assert (table.tally.n_in_areas, table.tally.n_outside) == (3, 1)


def test_former_areas_are_checked_too():
    wrong = FormerAreas(1, FEBRUARY, moved_areas(0).to_crs(4326), BOUNDARY)
    with pytest.raises(CRSError, match="EPSG:5514 is needed"):
        place(make_incidents([("2024-01-05", 50)]), wrong)


rows = st.lists(
    st.tuples(
        st.sampled_from(["2024-01-05", "2024-01-31", "2024-02-01", "2024-03-31"]),
        st.sampled_from([-1, 0, 50, 100, 250, 300, 999, 1000, 1200, np.nan]),
    ),
    max_size=30,
)


@given(rows=rows)
def test_the_same_layers_then_as_now_change_nothing(rows):
    incidents = make_incidents(rows)
    plain = place(incidents)
    same = place(incidents, FormerAreas(1, FEBRUARY, make_areas(), BOUNDARY))
    assert np.array_equal(plain.where, same.where)
    assert np.array_equal(plain.points, same.points)
    assert np.array_equal(plain.rows, same.rows)


@given(rows=rows, seed=st.integers(0, 99))
def test_order_is_irrelevant_and_every_incident_goes_somewhere(rows, seed):
    incidents = make_incidents(rows)
    entries = (former(FEBRUARY, 2, 9, boundary=box(X0, Y0, X0 + 300, Y0 + 900)),)
    before = incidents.copy(deep=True)
    placement = place(incidents, *entries)
    assert incidents.equals(before)
    assert (np.diff(placement.points) > 0).all()
    assert len(placement.points) == (placement.where == IN_AREAS).sum()
    order = np.random.default_rng(seed).permutation(len(incidents))
    again = place(incidents.iloc[order], *entries)
    assert np.array_equal(again.where, placement.where[order])
    assert where_to(again, len(order)) == [where_to(placement, len(order))[i] for i in order]
