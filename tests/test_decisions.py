"""Decisions of persons: laid over what files say, remembered by text, undone exactly."""

import numpy as np
import pandas as pd
import pytest

from hotspots import schema
from hotspots.errors import NotFoundError, ParameterError
from hotspots.settings import Settings, Workspace
from hotspots.store import ImportBatch, Place, Store
from tests.storing import make_incidents, put

LIPOVSKA = Place(-543_400.0, -1_050_700.0, "manual", None, "by hand")


def found(refs, state, *, key="lipovska", x=np.nan, y=np.nan, method="none"):
    n = len(refs)
    return pd.DataFrame(
        {
            schema.SOURCE_REF: refs,
            schema.X: np.full(n, x),
            schema.Y: np.full(n, y),
            schema.PLACE_METHOD: [method] * n,
            schema.PLACE_PRECISION_M: np.full(n, 120.0 if method != "none" else np.nan),
            schema.PLACE_SCORE: np.full(n, 71.0),
            schema.PLACE_MATCHED: [""] * n,
            schema.PLACE_STATE: [state] * n,
            schema.PLACE_KEY: [key] * n,
        }
    )


@pytest.fixture
def store(tmp_path):
    with Store.create(Workspace(tmp_path, Settings())) as made:
        yield made


@pytest.fixture
def unplaced(store):
    """Three incidents without a position: one placed by its street, two waiting."""
    incidents = make_incidents(["1", "2", "3"])
    incidents[[schema.X, schema.Y]] = np.nan
    put(store, incidents)
    with store.import_batch(batch(store), kind="other", label="", citation="") as writing:
        writing.place(
            found(["1"], schema.AUTOMATIC, key="a", x=-543_000.0, y=-1_050_000.0, method="street")
        )
        writing.place(found(["2", "3"], schema.DOUBTFUL))
        writing.finish("{}")
    return [f"{store.sources()[0].source_id}:{ref}" for ref in ("1", "2", "3")]


def batch(store):
    return ImportBatch(store.sources()[0].source_id, "more.csv", "0" * 64, "csv")


def positions(store):
    return store.read_incidents(
        columns=[schema.X, schema.Y, schema.PLACE_METHOD, schema.PLACE_PRECISION_M]
    ).values.tolist()


def test_what_the_program_found_is_laid_over_the_file(store, unplaced):
    first, second, _third = positions(store)
    assert first == [-543_000.0, -1_050_000.0, "street", 120.0]
    assert np.isnan(second[0])
    assert set(store.read_placings()[schema.PLACE_STATE]) == {"automatic", "doubtful"}


def test_a_decision_is_remembered_for_the_same_text_and_undone_whole(store, unplaced):
    before = positions(store)
    key = store.decide_place([unplaced[1]], LIPOVSKA, user="eva", text="Lipovská!", remember=True)
    assert [row[0] for row in positions(store)] == [-543_000.0, LIPOVSKA.x, LIPOVSKA.x]
    assert store.remembered_places()["lipovska"].place == LIPOVSKA
    (decision,) = store.decisions()
    assert (decision.n_incidents, decision.subject, decision.decided_by) == (2, "Lipovská!", "eva")
    store.undo_decision(key, user="eva")
    assert np.array_equal(
        np.array([row[0] for row in positions(store)]),
        np.array([row[0] for row in before]),
        equal_nan=True,
    )
    assert store.remembered_places() == {}
    assert store.decisions()[0].undone_by == "eva"
    with pytest.raises(ParameterError, match="undone already"):
        store.undo_decision(key, user="eva")


def test_a_person_who_gives_up_wins_over_the_program(store, unplaced):
    store.decide_place([unplaced[0]], None, user="eva")
    assert np.isnan(positions(store)[0][0])
    with store.import_batch(batch(store), kind="other", label="", citation="") as writing:
        kept = writing.place(found(["1", "2"], schema.AUTOMATIC, x=1.0, y=2.0, method="street"))
        writing.finish("{}")
    assert kept == ["1"]
    assert np.isnan(positions(store)[0][0])
    assert positions(store)[1][0] == 1.0


def test_only_the_last_decision_about_an_incident_can_be_undone(store, unplaced):
    first = store.decide_place([unplaced[1]], LIPOVSKA, user="eva")
    second = store.decide_place([unplaced[1]], None, user="jan")
    with pytest.raises(ParameterError, match="later decision about the same incident"):
        store.undo_decision(first, user="eva")
    store.undo_decision(second, user="jan")
    assert positions(store)[1][0] == LIPOVSKA.x
    store.undo_decision(first, user="eva")
    assert np.isnan(positions(store)[1][0])


def test_links_are_confirmed_dismissed_and_taken_back(store, unplaced):
    one, two, _three = unplaced
    linked = store.decide_links([(two, one, 88.0)], state="confirmed", user="eva")
    (row,) = store.read_links().to_dict("records")
    assert (row[schema.INCIDENT_A], row[schema.INCIDENT_B]) == (one, two)
    assert (row[schema.LINK_STATE], row[schema.LINK_SCORE]) == ("confirmed", 88.0)
    released = store.decide_links([(one, two, None)], state=None, user="jan")
    assert store.read_links().empty
    with pytest.raises(ParameterError, match="later decision"):
        store.undo_decision(linked, user="eva")
    store.undo_decision(released, user="jan")
    assert len(store.read_links(states=["confirmed"])) == 1
    store.undo_decision(linked, user="eva")
    assert store.read_links().empty


def test_wrong_decisions_change_nothing(store, unplaced):
    version = store.version()
    with pytest.raises(NotFoundError, match="there is no incident 'nobody:9'"):
        store.decide_place([unplaced[1], "nobody:9"], LIPOVSKA, user="eva")
    with pytest.raises(ParameterError, match="cannot be linked to itself"):
        store.decide_links([(unplaced[0], unplaced[0], None)], state="confirmed", user="eva")
    with pytest.raises(ParameterError, match="'maybe' is unknown"):
        store.decide_links([(unplaced[0], unplaced[1], None)], state="maybe", user="eva")
    with pytest.raises(ParameterError, match="only for a text"):
        store.decide_place([unplaced[1]], LIPOVSKA, user="eva", remember=True)
    with pytest.raises(NotFoundError, match="no decision 7"):
        store.undo_decision(7, user="eva")
    with pytest.raises(ParameterError, match="method 'none' is unknown"):
        Place(1.0, 2.0, "none", None, "")
    assert store.version() == version
    assert store.decisions() == []
