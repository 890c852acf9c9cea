"""What would move if incidents of former times were placed anew, and that it then does."""

from datetime import date

import numpy as np
import pytest
from shapely.geometry import box

from hotspots import layers, schema
from hotspots.analysis.replacement import Moves, Replacement, say_gone, what_would_move
from hotspots.analysis.situation import situation
from hotspots.errors import NotFoundError
from hotspots.layers.versions import IMPORTED, place_anew, put_in_force
from hotspots.selection import Selection
from hotspots.settings import Settings, Workspace
from tests.counting import BOUNDARY, QUARTER, X0, Y0, FakeStore, make_areas, make_incidents, source

MARCH = date(2024, 3, 1)


def strip(first, last):
    return box(X0 + first, Y0, X0 + last, Y0 + 1000)


def layer(kind, *shapes):
    n = len(shapes)
    areas = make_areas(
        tuple(f"{kind} {i}" for i in range(n)), kind=kind, residents=(500,) * n, length=(400.0,) * n
    )
    return areas.set_geometry(list(shapes), crs=5514)


def town(*streets, districts=None):
    return {
        schema.MUNICIPALITY: layer(schema.MUNICIPALITY, BOUNDARY),
        schema.DISTRICT: layer(schema.DISTRICT, *(districts or (strip(0, 500), strip(500, 1000)))),
        schema.STREET: layer(schema.STREET, *streets),
    }


@pytest.fixture
def workspace(tmp_path):
    """Layers of before March and of since: streets 0 and 1 have moved 50 m to the east."""
    made = Workspace(tmp_path / "w", Settings())
    put_in_force(made, town(strip(0, 100), strip(100, 200)), made_by=IMPORTED, keep_layers=False)
    put_in_force(
        made,
        town(strip(50, 150), strip(150, 250), districts=(strip(0, 600), strip(600, 1000))),
        made_by=IMPORTED,
        keep_layers=False,
        since=MARCH,
    )
    return made


INCIDENTS = make_incidents(
    [
        ("2024-01-05", 20),  # leaves street 0
        ("2024-01-05", 70),  # stays in street 0
        ("2024-01-05", 120),  # from street 1 to street 0
        ("2024-02-29T23:59", 220),  # enters street 1
        ("2024-02-05", 550),  # from district 1 to district 0
        ("2024-02-05", 120, {"displaced": True}),  # of no account for streets
        ("2024-02-05", 560, {"displaced": True}),  # district 1 to 0
        ("2024-02-05", 120, {"counted": False}),
        ("2024-03-01", 120),  # of the time in force
        ("2024-02-05", np.nan),
        (None, 120),
        ("2024-02-05", 3000),  # outside then and now
    ]
)


def test_moves_are_counted_by_kind_and_once_in_all(workspace):
    found = what_would_move(FakeStore([source()], INCIDENTS), workspace)
    assert found == Replacement(
        kinds=(
            Moves(schema.STREET, n_changed=1, n_left=1, n_entered=1),
            Moves(schema.DISTRICT, n_changed=2, n_left=0, n_entered=0),
            Moves(schema.MUNICIPALITY, n_changed=0, n_left=0, n_entered=0),
        ),
        n_incidents=8,
        n_moved=5,
        since=(MARCH,),
    )
    assert [kind.n_moved for kind in found.kinds] == [3, 2, 0]


def test_counts_keep_the_time_and_move_when_placed_anew(workspace):
    store = FakeStore([source()], INCIDENTS)
    exact = Selection(exact_only=True)
    before = situation(store, workspace, exact)
    assert before.table.counts.sum(axis=1).tolist() == [3, 1]
    assert before.table.counts.tolist() == [[2, 0, 1], [1, 0, 0]]
    assert (
        "6 incidents before 1 Mar 2024 keep the place they had in the layers of their time "
        "(version 1); hotspots layers place puts them anew."
    ) in before.finding.notes
    assert "the layers of their time." in before.finding.method
    place_anew(workspace)
    after = situation(store, workspace, exact)
    assert after.table.counts.tolist() == [[2, 0, 1], [0, 1, 0]]
    assert not any("layers of their time" in note for note in after.finding.notes)
    assert "of their time" not in after.finding.method
    assert after.table.tally.n_selected == before.table.tally.n_selected
    nothing = what_would_move(store, workspace)
    assert nothing.since == ()
    assert (nothing.n_incidents, nothing.n_moved) == (0, 0)
    assert {kind.n_moved for kind in nothing.kinds} == {0}
    assert [kind.kind for kind in nothing.kinds] == ["street", "district", "municipality"]


def test_incidents_whose_area_is_gone_are_counted_by_kind(workspace):
    streets = town(strip(50, 150), strip(150, 250))
    streets[schema.STREET] = streets[schema.STREET].assign(area_id=["street:new", "street:1"])
    streets[schema.DISTRICT] = streets[schema.DISTRICT].iloc[:1]
    put_in_force(workspace, streets, made_by=IMPORTED, keep_layers=False, since=MARCH)
    found = what_would_move(FakeStore([source()], INCIDENTS), workspace)
    gone = {kind.kind: kind.n_gone for kind in found.kinds}
    assert gone == {"street": 2, "district": 2, "municipality": 0}
    assert say_gone(found) == (
        "streets: 2 of these incidents lay in areas that no longer exist; their position decides.",
        "districts (basic settlement units): 2 of these incidents lay in areas that no longer "
        "exist; their position decides.",
    )


def test_a_single_kept_incident_is_said_in_the_singular(workspace):
    store = FakeStore([source()], INCIDENTS.iloc[[1]])
    notes = situation(store, workspace, Selection()).finding.notes
    assert any(
        note.startswith("1 incident before 1 Mar 2024 keeps the place it had") for note in notes
    )


def test_the_towns_own_areas_and_the_grid_are_always_those_in_force(workspace):
    store = FakeStore([source()], INCIDENTS)
    put_in_force(
        workspace,
        {schema.QUARTER: layer(schema.QUARTER, strip(0, 700), strip(500, 1000))},
        made_by=IMPORTED,
        keep_layers=True,
    )
    for kind in (schema.QUARTER, schema.GRID):
        found = situation(store, workspace, Selection(by=kind, exact_only=True))
        assert not any("of their time" in note for note in found.finding.notes)
    quarters = situation(store, workspace, Selection(by=schema.QUARTER, exact_only=True))
    assert quarters.table.counts.sum(axis=1).tolist() == [6, 1]  # one lies in both
    assert quarters.table.tally.n_in_areas == 6
    assert quarters.finding.sentence.startswith("6 of 6 incidents in the town lie in quarters")
    assert "in every quarter" in quarters.finding.method
    assert schema.QUARTER not in [k.kind for k in what_would_move(store, workspace).kinds]


def test_nothing_is_stored(workspace):
    found = what_would_move(FakeStore([], make_incidents([])), workspace)
    assert (found.n_incidents, found.n_moved, found.since) == (0, 0, (MARCH,))


def test_without_layers_there_is_a_clear_error(tmp_path):
    empty = Workspace(tmp_path / "none", Settings())
    with pytest.raises(NotFoundError, match="has no layers yet"):
        what_would_move(FakeStore([], make_incidents([])), empty)


# --- which kinds there are -------------------------------------------------------------------
def test_a_layer_without_areas_is_no_kind_to_choose(tmp_path):
    village = Workspace(tmp_path / "v", Settings())
    frames = {
        **town(),
        schema.CADASTRAL_UNIT: layer(schema.CADASTRAL_UNIT, BOUNDARY),
    }
    del frames[schema.DISTRICT]
    put_in_force(village, frames, made_by=IMPORTED, keep_layers=False)
    assert layers.present_kinds(village) == ("cadastral_unit", "municipality", "grid")
    assert layers.default_kind(village) == schema.CADASTRAL_UNIT
    put_in_force(
        village,
        {schema.DISTRICT: layer(schema.DISTRICT, BOUNDARY)},
        made_by=IMPORTED,
        keep_layers=True,
    )
    assert layers.default_kind(village) == schema.DISTRICT
    store = FakeStore([source()], INCIDENTS)
    with pytest.raises(
        NotFoundError, match=r"have no streets \(street\); choose from: district, cad"
    ):
        situation(store, village, Selection(exact_only=True))
    with pytest.raises(NotFoundError, match=r"have no town parts \(town_part\); choose"):
        situation(store, village, Selection(by=schema.TOWN_PART, exact_only=True))
    with pytest.raises(NotFoundError, match="quarter"):
        situation(store, village, Selection(by=schema.QUARTER, exact_only=True))
    found = situation(store, village, Selection(by=schema.CADASTRAL_UNIT))
    assert found.span == QUARTER
    assert found.finding.sentence == "Cadastral unit cadastral_unit 0: 8 recorded incidents."
    assert found.finding.boundaries == ("made up",)
