"""What is held for many questions answers each of them as the store itself would."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hotspots import schema
from hotspots.analysis.held import HeldTown
from hotspots.analysis.recent import what_changed
from hotspots.analysis.situation import situation
from hotspots.demo import make_demo_workspace
from hotspots.layers.versions import place_anew
from hotspots.offences import OFFENCE_GROUPS
from hotspots.placement import (
    NOT_PLACED,
    OFF_RECORD,
    OUTSIDE,
    Placement,
    keep_on_record,
    locate_incidents,
    place_incidents,
)
from hotspots.selection import Selection
from hotspots.store import Store
from tests.counting import BOUNDARY, make_areas, make_incidents, source


@pytest.fixture(scope="module")
def town(tmp_path_factory):
    """The demonstration with the store open, and what is held of it."""
    workspace = make_demo_workspace(tmp_path_factory.mktemp("held") / "town")
    found = {}

    def remember(kind, read):
        if kind not in found:
            found[kind] = read()
        return found[kind]

    with Store.open(workspace) as store:
        yield workspace, store, HeldTown(store, remember=remember), found


KINDS = (schema.STREET, schema.SEGMENT, schema.DISTRICT, schema.LOCALITY, schema.MUNICIPALITY)
QUESTIONS = st.builds(
    Selection,
    by=st.sampled_from(KINDS),
    every=st.sampled_from(["week", "month", "year"]),
    sources=st.sampled_from([(), ("sample_assistants",), ("sample_police",)]),
    offences=st.lists(st.sampled_from(OFFENCE_GROUPS), max_size=2, unique=True).map(tuple),
    weekdays=st.sampled_from([(), (5, 6), (1, 2, 3)]),
    hours=st.sampled_from([None, (22, 6), (8, 16)]),
)


@settings(max_examples=60)
@given(selection=QUESTIONS)
def test_every_question_has_the_answer_of_the_store(town, selection):
    workspace, store, held, _found = town
    # The demonstration's positions are exact, so that all may be counted along streets.
    plain, quick = (
        situation(store, workspace, selection),
        situation(held, workspace, selection, held=held),
    )
    for name in ("counts", "full_counts", "off_areas", "too_coarse"):
        np.testing.assert_array_equal(getattr(quick.table, name), getattr(plain.table, name))
    assert quick.table.tally == plain.table.tally
    assert quick.finding == plain.finding
    assert (quick.left_out, quick.by_offence) == (plain.left_out, plain.by_offence)
    assert (quick.seen_by, quick.clock_unknown) == (plain.seen_by, plain.clock_unknown)
    np.testing.assert_array_equal(quick.clock, plain.clock)
    np.testing.assert_array_equal(quick.town, plain.town)
    pd.testing.assert_frame_equal(quick.table.areas, plain.table.areas)
    # As texts, since an unknown ratio (NaN) equals nothing.
    lately = what_changed(held, workspace, selection, held=held)
    assert repr(lately) == repr(what_changed(store, workspace, selection))


def test_each_kind_of_areas_is_searched_once(town, monkeypatch):
    workspace, store, _held, _found = town
    asked = []

    def locate(incidents, areas, **options):
        asked.append((len(incidents), areas[schema.KIND].iloc[0]))
        return locate_incidents(incidents, areas, **options)

    monkeypatch.setattr("hotspots.analysis.held.locate_incidents", locate)
    held = HeldTown(store)
    for by in (schema.DISTRICT, schema.STREET, schema.DISTRICT):
        situation(held, workspace, Selection(by=by), held=held)
        situation(held, workspace, Selection(by=by, offences=("theft",)), held=held)
    n = len(held.incidents)
    assert asked == [(n, schema.DISTRICT), (n, schema.STREET)]


def test_a_part_taken_lies_where_it_lay():
    # By hand: rows 0 to 4 lie in area 0, in areas 1 and 2, nowhere, off record, in area 2.
    whole = Placement(
        np.array([2, 2, 1, 2, 2], dtype=np.int8),
        np.array([0, 1, 1, 3, 4]),
        np.array([0, 1, 2, 0, 2]),
        np.array([-1, -1, -1, 0, -1]),
    )
    part = whole.take(np.array([1, 2, 4]))
    assert part.where.tolist() == [2, 1, 2]
    assert part.points.tolist() == [0, 0, 2]
    assert part.rows.tolist() == [1, 2, 2]
    assert part.kept_by.tolist() == [-1, -1, -1]
    none = whole.take(np.array([], dtype=np.int64))
    assert (len(none.where), len(none.points)) == (0, 0)


def test_what_is_off_record_is_taken_out_after_it_was_found():
    incidents = make_incidents(
        [
            ("2024-01-05", 50),
            ("2025-01-05", 50),
            ("2024-01-06", -50),
            ("2024-01-07", 0, {schema.X: np.nan, schema.Y: np.nan}),
        ]
    )
    areas = make_areas()
    record = {"police": source("police").record}
    found = locate_incidents(incidents, areas, boundary=BOUNDARY)
    kept = keep_on_record(found, incidents, record_by_source=record)
    assert kept.where.tolist() == [2, OFF_RECORD, OUTSIDE, NOT_PLACED]
    assert (kept.points.tolist(), kept.rows.tolist()) == ([0], [0])
    direct = place_incidents(incidents, areas, record_by_source=record, boundary=BOUNDARY)
    for name in ("where", "points", "rows", "kept_by"):
        np.testing.assert_array_equal(getattr(kept, name), getattr(direct, name))


def test_after_another_placement_the_answer_is_another(town):
    workspace, store, _held, _found = town
    place_anew(workspace)
    fresh = HeldTown(store)
    question = Selection(by=schema.STREET)
    quick = situation(fresh, workspace, question, held=fresh)
    assert quick.table.tally == situation(store, workspace, question).table.tally
