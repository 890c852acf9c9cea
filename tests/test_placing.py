"""Places given in words: found at import, decided by persons, looked up again."""

import numpy as np
import pytest

from hotspots import schema
from hotspots.errors import SourceError
from hotspots.geocode import Candidate, Geocoded
from hotspots.ingest.batches import undo_batch
from hotspots.ingest.placing import place_waiting
from hotspots.place_text import place_key
from hotspots.store import Place, Store
from tests.importing import make_chunk, make_runner, make_workspace, parts
from tests.storing import make_incidents

STREET = (-543_400.0, -1_050_700.0)
FAR = (-600_000.0, -1_050_700.0)
PLACES = {"lipovska": STREET, "zlate hory": FAR}
BY_HAND = Place(-543_000.0, -1_050_000.0, "manual", None, "by hand")


class FakeGeocoder:
    """Knows the places given; texts that begin with "asi" are doubtful."""

    def __init__(self, places=PLACES):
        self.places = places
        self.asked = []

    def geocode(self, text):
        self.asked.append(text)
        place = self.places.get(place_key(text))
        doubtful = text.startswith("asi")
        if place is None and not doubtful:
            return Geocoded(text, schema.NOT_FOUND)
        x, y = place or STREET
        found = Candidate(x, y, "street", 120.0, 97.0, "Lipovská", "street:1")
        state = schema.DOUBTFUL if doubtful else schema.AUTOMATIC
        return Geocoded(text, state, (found,))


@pytest.fixture
def workspace(tmp_path):
    return make_workspace(tmp_path / "town")


@pytest.fixture
def geocoder():
    return FakeGeocoder()


@pytest.fixture
def run(workspace, tmp_path, geocoder):
    runner = make_runner(workspace, tmp_path)
    return lambda *chunks, **options: runner(*chunks, **{"geocoder": geocoder} | options)


def worded(**texts):
    """Incidents without coordinates, by reference and text of the place."""
    return make_incidents(
        list(texts),
        x=np.nan,
        y=np.nan,
        place_text=list(texts.values()),
        place_method="none",
    )


def placings(workspace):
    with Store.open(workspace) as store:
        frame = store.read_placings()
    return dict(zip(frame[schema.SOURCE_REF], frame[schema.PLACE_STATE], strict=True))


def xs(workspace):
    with Store.open(workspace) as store:
        frame = store.read_incidents(columns=[schema.SOURCE_REF, schema.X])
    return dict(zip(frame[schema.SOURCE_REF], frame[schema.X], strict=True))


def decide(workspace, ref, place, *, text="", remember=False):
    with Store.open(workspace) as store:
        return store.decide_place(
            [f"accidents:{ref}"], place, user="eva", text=text, remember=remember
        )


# --- at import ---------------------------------------------------------------------------------
def test_texts_are_placed_and_classed_by_where_they_are(run, workspace, geocoder):
    account = run(
        make_chunk(
            worded(a="Lipovská", b="LIPOVSKA!", c="Zlaté Hory", d="asi Lipovská", e="nikde", f="")
        )
    )
    assert parts(account) == {"new": 2, "outside": 1, "not_placed": 3}
    assert (account.placed_by, account.waiting) == ({"street": 3}, 3)
    assert placings(workspace) == {
        "a": "automatic",
        "b": "automatic",
        "c": "automatic",
        "d": "doubtful",
        "e": "not_found",
    }
    assert xs(workspace)["a"] == STREET[0]
    text = "\n".join(account.lines())
    assert "3 incidents are placed by the words of their file: street 3." in text
    assert "3 incidents wait for a person to say their place" in text
    assert account.to_dict()["placed_by"] == {"street": 3}
    asked = len(geocoder.asked)
    again = run(make_chunk(worded(a="Lipovská", b="LIPOVSKA!", e="nikde")))
    assert parts(again) == {"unchanged": 3}
    assert (again.placed_by, again.waiting, len(geocoder.asked)) == ({}, 0, asked)


def test_a_trial_says_what_the_import_does(run, workspace):
    chunk = make_chunk(worded(a="Lipovská", b="Zlaté Hory", c="nikde"))
    trial = run(chunk, dry_run=True)
    assert placings(workspace) == {}
    done = run(chunk)
    for name in ("placed_by", "waiting", "new", "outside", "not_placed"):
        assert getattr(trial, name) == getattr(done, name)


def test_each_text_is_looked_up_once_and_coordinates_never(run, geocoder):
    run(make_chunk(worded(a="Lipovská", b="Lipovská")), make_chunk(worded(c="Lipovská")))
    assert geocoder.asked == ["Lipovská"]
    run(make_chunk(make_incidents(["x"], place_text="Lipovská")))
    moved = worded(y="Lipovská")
    moved[schema.DISPLACED] = True
    account = run(make_chunk(moved))
    assert (account.not_placed, account.waiting) == (1, 0)
    assert geocoder.asked == ["Lipovská"]


def test_a_file_that_now_has_coordinates_wins_over_what_was_found(run, workspace):
    run(make_chunk(worded(a="Lipovská", b="nikde")))
    account = run(make_chunk(make_incidents(["a", "b"])))
    assert parts(account) == {"updated": 2}
    assert placings(workspace) == {}
    assert set(xs(workspace).values()) == {-543455.674}


def test_a_changed_text_is_looked_up_and_a_changed_note_is_not(run, workspace, geocoder):
    run(make_chunk(worded(a="nikde", b="Lipovská")))
    changed = worded(a="Lipovská", b="Lipovská")
    changed.loc[1, schema.NOTE] = "corrected"
    asked = len(geocoder.asked)
    account = run(make_chunk(changed))
    assert (account.updated, account.placed_by) == (2, {"street": 1})
    assert len(geocoder.asked) == asked + 1
    assert placings(workspace) == {"a": "automatic", "b": "automatic"}
    run(make_chunk(worded(a="", b="Lipovská")))
    assert placings(workspace) == {"b": "automatic"}


# --- persons -----------------------------------------------------------------------------------
def test_a_persons_place_stays_and_the_account_says_where_the_file_differs(run, workspace):
    run(make_chunk(worded(a="nikde", b="nikde", c="nikde")))
    for ref in "abc":
        decide(workspace, ref, BY_HAND, text="nikde")
    changed = worded(a="Lipovská", b="nikde", c="nikde")
    changed.loc[1, schema.NOTE] = "corrected"
    changed.loc[2, [schema.X, schema.Y]] = STREET
    account = run(make_chunk(changed))
    assert account.updated == 3
    (warning,) = [text for text in account.warnings if "person" in text]
    assert warning.startswith("2 incidents that a person placed have another place in the file")
    assert warning.endswith("Rows: 2, 4")
    assert set(xs(workspace).values()) == {BY_HAND.x}


def test_a_remembered_decision_places_later_files(run, workspace, geocoder):
    run(make_chunk(worded(a="u Nováků")))
    key = decide(workspace, "a", BY_HAND, text="u Nováků", remember=True)
    asked = len(geocoder.asked)
    account = run(make_chunk(worded(b="U NOVÁKŮ")))
    assert (account.new, account.placed_by, account.waiting) == (1, {"manual": 1}, 0)
    assert len(geocoder.asked) == asked
    assert placings(workspace) == {"a": "by_person", "b": "by_person"}
    with Store.open(workspace) as store:
        assert set(store.read_placings()[schema.DECIDED_BY]) == {"eva"}
        store.undo_decision(key, user="jan")
    assert placings(workspace) == {"a": "not_found", "b": "not_found"}
    assert np.isnan(xs(workspace)["b"])


def test_a_text_given_up_does_not_wait(run, workspace):
    run(make_chunk(worded(a="kdesi")))
    decide(workspace, "a", None, text="kdesi", remember=True)
    account = run(make_chunk(worded(b="kdesi")))
    assert (account.not_placed, account.waiting) == (1, 0)
    assert placings(workspace)["b"] == "given_up"


# --- without layers, and again -----------------------------------------------------------------
def test_without_layers_all_texts_wait(run, workspace):
    account = run(make_chunk(worded(a="Lipovská", b="nikde")), geocoder=None)
    assert (account.not_placed, account.waiting) == (2, 2)
    assert any("could not be looked up" in text for text in account.warnings)
    retried = place_waiting(workspace)
    assert (retried.placed, retried.waiting) == (0, 2)
    assert any("could not be looked up" in text for text in retried.warnings)


def test_what_waits_is_looked_up_again(run, workspace, geocoder):
    run(make_chunk(worded(a="Lipovská", b="nová", c="nikde")), geocoder=None)
    decide(workspace, "c", BY_HAND, text="nikde", remember=False)
    geocoder.places = PLACES | {"nova": STREET}
    said = []
    retried = place_waiting(
        workspace, geocoder=geocoder, report=lambda text, share: said.append(share)
    )
    assert retried.to_dict() == {
        "asked": 2,
        "placed": 2,
        "placed_by": {"street": 2},
        "moved": 0,
        "lost": 0,
        "waiting": 0,
        "warnings": [],
    }
    assert said[-1] == 1.0
    assert placings(workspace) == {"a": "automatic", "b": "automatic", "c": "by_person"}
    assert place_waiting(workspace, geocoder=geocoder).asked == 0
    geocoder.places = {"lipovska": (STREET[0] + 5, STREET[1])}
    again = place_waiting(workspace, geocoder=geocoder, again=True)
    assert (again.asked, again.moved, again.lost, again.waiting) == (2, 1, 1, 1)
    assert xs(workspace)["a"] == STREET[0] + 5
    assert xs(workspace)["c"] == BY_HAND.x


def test_looking_up_that_fails_changes_nothing(run, workspace, geocoder):
    run(make_chunk(worded(a="nová", b="Lipovská")))
    before = xs(workspace)

    def stop(_text, share):
        raise SourceError("stopped")

    with pytest.raises(SourceError, match="stopped"):
        place_waiting(workspace, geocoder=geocoder, report=stop, again=True)
    assert xs(workspace) == pytest.approx(before, nan_ok=True)


# --- undoing -----------------------------------------------------------------------------------
def test_undoing_an_update_places_the_former_text_again(run, workspace, geocoder):
    run(make_chunk(worded(a="Lipovská", b="Lipovská", c="nikde")))
    changed = worded(a="Zlaté Hory", b="Lipovská", c="nikde")
    changed.loc[1, schema.NOTE] = "corrected"
    changed.loc[2, [schema.X, schema.Y]] = STREET
    run(make_chunk(changed))
    assert xs(workspace)["a"] == FAR[0]
    undo_batch(workspace, 2, user="eva", geocoder=geocoder)
    assert xs(workspace) == pytest.approx(
        {"a": STREET[0], "b": STREET[0], "c": np.nan}, nan_ok=True
    )
    assert placings(workspace) == {"a": "automatic", "b": "automatic", "c": "not_found"}
    undo_batch(workspace, 1, user="eva", geocoder=geocoder)
    assert placings(workspace) == {}


# --- notes and near-duplicates -----------------------------------------------------------------
def test_notes_with_personal_data_and_incidents_alike_are_counted(run):
    frame = make_incidents(["1", "2", "3"], note=["volal 777 123 456", "nic", ""])
    account = run(make_chunk(frame))
    assert account.personal_notes == 1
    assert account.near_duplicates >= 2
    text = "\n".join(account.lines())
    assert "seems to hold personal data" in text
    assert "777" not in text
    assert "777" not in str(account.to_dict())
