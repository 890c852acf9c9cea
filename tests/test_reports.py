"""Reports of assistants: what they must say, kept once, placed, taken back, days of record."""

import shutil
import threading
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest

from hotspots import crs, offences, schema
from hotspots.errors import ParameterError
from hotspots.i18n import use_language
from hotspots.ingest import report_things
from hotspots.ingest.batches import undo_batch
from hotspots.ingest.report_things import GROUPS, MEASURES, THINGS
from hotspots.ingest.reports import (
    SOURCE_ID,
    Report,
    ReportConflictError,
    ReportWithdrawnError,
    find_report,
    make_report_incident,
    save_report,
    say_measures,
    stated_days,
)
from hotspots.periods import Span
from hotspots.settings import Workspace
from hotspots.store import Store
from hotspots.store.source import Source
from hotspots.workspace_init import init_workspace

ID = "3f2b8c1e-5a7d-4e0f-9b6a-1c2d3e4f5a6b"
NOW = datetime(2026, 3, 10, 20, 0, tzinfo=UTC)  # 21:00 in Prague
LON, LAT = 17.2046, 50.2294


def clock(text):
    """Return a wall clock's time."""
    return datetime.fromisoformat(text)


def report(**changes):
    """Return a report of noise at night, now, found by GPS, but for `changes`."""
    fields = {
        "report_id": ID,
        "things": ("night_noise",),
        "occurred_from": clock("2026-03-10 20:55"),
        "occurred_to": clock("2026-03-10 20:55"),
        "precision": "minute",
        "reported_at": clock("2026-03-10 20:56"),
        "placed_by": "gps",
        "lon": LON,
        "lat": LAT,
        "accuracy_m": 12.0,
        "discovered_by": "patrol",
        "measures": ("calmed", "police"),
    }
    return Report(**{**fields, **changes})


@pytest.fixture(scope="module")
def town(tmp_path_factory):
    return init_workspace(tmp_path_factory.mktemp("reports") / "town")


@pytest.fixture
def workspace(town, tmp_path):
    shutil.copytree(town.path, tmp_path / "town")
    return Workspace.open(tmp_path / "town")


def incidents(workspace):
    with Store.open(workspace) as store:
        return store.read_incidents()


def batches(workspace):
    with Store.open(workspace) as store:
        return store.batches()


# --- what a report says --------------------------------------------------------------------------


def test_a_report_becomes_the_incident_it_tells_of(workspace):
    saved = save_report(workspace, report(note="Hlasitá hudba"), now=NOW, user="Jana")
    assert saved.is_new
    assert saved.incident_id == f"{SOURCE_ID}:{ID}"
    kept = incidents(workspace).iloc[0]
    assert kept[schema.OFFENCE] == "public_order"
    assert kept[schema.OFFENCE_CODES] == "night_noise"
    assert kept[schema.OFFENCE_DETAIL] != ""
    assert kept[schema.TIME_PRECISION] == "minute"
    assert kept[schema.OCCURRED_FROM] == np.datetime64("2026-03-10T20:55")
    assert kept[schema.REPORTED_AT] == np.datetime64("2026-03-10T20:56")
    assert kept[schema.PLACE_METHOD] == "coordinates"
    assert kept[schema.PLACE_PRECISION_M] == 12.0
    assert kept[schema.DISCOVERED_BY] == "patrol"
    assert kept[schema.STATUS] == "calmed;police"
    assert kept[schema.NOTE] == "Hlasitá hudba"
    lon, lat = crs.to_wgs84(np.array([kept[schema.X]]), np.array([kept[schema.Y]]))
    assert (lon[0], lat[0]) == pytest.approx((LON, LAT), abs=1e-6)
    batch = batches(workspace)[0]
    assert (batch.user_name, batch.format, batch.file_name) == (
        "Jana",
        "report",
        f"report-{ID}.json",
    )
    assert batch.batch_id == saved.batch_id
    assert saved.account.new == 1


def test_several_things_lead_by_the_order_of_the_groups():
    one = report(things=("needle", "fight", "quarrel"), other="rozbitá lahev")
    assert one.groups == ("coexistence", "violence", "other_offence", "observation")
    frame = make_report_incident(one, language="en")
    assert frame[schema.OFFENCE].iloc[0] == "coexistence"
    assert frame[schema.OFFENCE_GROUPS].iloc[0] == "coexistence;observation;other_offence;violence"
    assert frame[schema.OFFENCE_CODES].iloc[0] == "needle;fight;quarrel;other"
    assert (
        frame[schema.OFFENCE_DETAIL].iloc[0]
        == "Discarded syringe; Fight; Quarrel of neighbours; rozbitá lahev"
    )


def test_a_tap_on_the_map_is_placed_by_hand_and_good_for_25_m():
    frame = make_report_incident(report(placed_by="map", accuracy_m=None), language="en")
    assert frame[schema.PLACE_METHOD].iloc[0] == "manual"
    assert frame[schema.PLACE_PRECISION_M].iloc[0] == 25.0


def test_a_place_in_words_has_no_position_of_its_own():
    words = report(placed_by="text", lon=None, lat=None, accuracy_m=None, place_text="Lipovská 12")
    frame = make_report_incident(words, language="en")
    assert np.isnan(frame[schema.X].iloc[0])
    assert frame[schema.PLACE_METHOD].iloc[0] == "none"
    assert frame[schema.PLACE_TEXT].iloc[0] == "Lipovská 12"


def test_every_thing_measure_and_way_has_words_in_a_known_group():
    with use_language("en"):
        words = [report_things.thing_words(thing.code) for thing in THINGS]
        words += [report_things.group_words(group) for group in GROUPS]
        words += [report_things.measure_words(code) for code in MEASURES]
        words += [report_things.discovered_words(c) for c in schema.DISCOVERED_BY_VALUES]
        assert say_measures("calmed;police") == "Calmed down, Handed to police"
    assert all(words)
    assert {thing.group for thing in THINGS} <= set(offences.OFFENCE_GROUPS)
    assert len({thing.code for thing in THINGS}) == len(THINGS)


TEXT_ONLY = {"placed_by": "text", "lon": None, "lat": None, "accuracy_m": None}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"report_id": "1"}, "report_id must be a UUID"),
        ({"report_id": ID.upper()}, "report_id must be a UUID"),
        ({"things": ("nonsense",)}, "'nonsense' is nothing that can be reported"),
        ({"things": ()}, "Choose what happened"),
        ({"precision": "second"}, "precision 'second' is unknown"),
        ({"placed_by": "guess"}, "placed_by 'guess' is unknown"),
        ({"discovered_by": "drone"}, "discovered_by 'drone' is unknown"),
        ({"measures": ("shot",)}, "measures 'shot' is unknown"),
        ({"measures": ("none", "police")}, "cannot be chosen together"),
        ({"lon": None}, "position is missing"),
        ({"lon": float("nan")}, "position is missing"),
        ({"lon": float("inf")}, "position is missing"),
        ({"lon": 2.35, "lat": 48.85}, r"48\.85, 2\.35 is not in Czechia"),
        ({"lon": LAT, "lat": LON}, "is not in Czechia"),
        ({"accuracy_m": 9_000.0}, "off by up to 9,000 m"),
        ({"accuracy_m": -1.0}, "must be above 0 m"),
        ({"accuracy_m": 1e308}, r"off by up to 1e\+308 m"),
        ({"lon": 1e308}, r"1e\+308 is not in Czechia"),
        ({**TEXT_ONLY, "place_text": ""}, "Say where it happened"),
        ({**TEXT_ONLY, "place_text": "Lipovská", "lon": LON}, "no coordinates"),
        ({"note": "x" * 1_001}, "Note is too long: 1,001 characters, at most 1,000"),
        ({"other": "x" * 201}, "What happened is too long"),
        ({"note": "a\x00b"}, "no text"),
        ({"note": "\ud800"}, "no text"),
        ({"note": "muž 850101/1233"}, "Note seems to hold a birth number"),
        ({**TEXT_ONLY, "place_text": "u 850101/1233"}, "Where seems to hold a birth number"),
        ({"occurred_from": None, "occurred_to": None}, "Say when it happened"),
        ({"occurred_to": None}, "needs both its ends"),
        ({"occurred_to": clock("2026-03-10 20:00")}, "The end lies before the beginning"),
    ],
)
def test_what_is_wrong_is_said(changes, message):
    with use_language("en"), pytest.raises(ParameterError, match=message):
        report(**changes)


def at(moment, **changes):
    return report(occurred_from=moment, occurred_to=moment, **changes)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (at(clock("2026-03-10 21:11")), r"10\. 3\. 2026 21:11 has not been yet"),
        (report(reported_at=clock("2026-03-10 21:11")), "clock is ahead"),
        (report(reported_at=clock("2025-03-09 00:00")), "more than a year ago; write it anew"),
        (at(clock("2025-03-09 00:00")), "more than a year ago; confirm"),
        (
            report(precision="span", occurred_to=clock("2026-03-10 22:00")),
            "22:00 has not been yet",
        ),
    ],
)
def test_times_that_cannot_be_are_refused_and_nothing_is_kept(workspace, wrong, message):
    with use_language("en"), pytest.raises(ParameterError, match=message):
        save_report(workspace, wrong, now=NOW)
    assert len(incidents(workspace)) == 0
    assert batches(workspace) == []


def test_a_clock_ten_minutes_ahead_and_an_old_day_that_is_confirmed_pass(workspace):
    assert save_report(workspace, at(clock("2026-03-10 21:09")), now=NOW).is_new
    old = at(clock("2025-01-05 12:00"), report_id="00000000-0000-4000-8000-000000000001")
    assert save_report(workspace, old, now=NOW, confirmed_old=True).is_new


# --- once ----------------------------------------------------------------------------------------


def test_the_same_report_again_is_already_there(workspace):
    first = save_report(workspace, report(), now=NOW)
    again = save_report(workspace, report(), now=NOW + timedelta(days=3))
    assert not again.is_new
    assert (again.incident_id, again.batch_id) == (first.incident_id, first.batch_id)
    assert len(incidents(workspace)) == 1
    assert len(batches(workspace)) == 1


@pytest.mark.parametrize(
    "changes", [{"note": "jinak"}, {"lat": LAT + 0.001}, {"things": ("fight",)}]
)
def test_the_same_id_with_another_content_is_refused_unless_it_corrects(workspace, changes):
    save_report(workspace, report(), now=NOW)
    with use_language("en"), pytest.raises(ReportConflictError, match="said something else"):
        save_report(workspace, report(**changes), now=NOW)
    assert len(batches(workspace)) == 1
    corrected = save_report(workspace, report(**changes), now=NOW, correct=True)
    assert corrected.is_new
    assert corrected.account.updated == 1
    assert len(incidents(workspace)) == 1


def test_two_sent_at_once_are_one(workspace):
    barrier = threading.Barrier(4)
    results, errors = [], []

    def send():
        barrier.wait()
        try:
            results.append(save_report(workspace, report(), now=NOW))
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=send) for _number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert sorted(result.is_new for result in results) == [False, False, False, True]
    assert len(incidents(workspace)) == 1
    assert len(batches(workspace)) == 1


def test_a_report_taken_back_does_not_come_again_by_itself(workspace):
    saved = save_report(workspace, report(), now=NOW)
    other = replace(report(), report_id="00000000-0000-4000-8000-000000000002")
    save_report(workspace, other, now=NOW)
    undo_batch(workspace, saved.batch_id, user="test")
    assert find_report(workspace, ID) is None
    assert len(incidents(workspace)) == 1
    with use_language("en"), pytest.raises(ReportWithdrawnError, match="taken back"):
        save_report(workspace, report(), now=NOW)
    assert save_report(workspace, report(), now=NOW, correct=True).is_new
    assert len(incidents(workspace)) == 2


def test_words_are_those_of_the_workspace_whoever_sends(workspace):
    with use_language("en"):
        save_report(workspace, report(), now=NOW)
    with use_language("cs"):
        assert not save_report(workspace, report(), now=NOW).is_new


# --- days of record ------------------------------------------------------------------------------


def source(*spans):
    return Source(SOURCE_ID, "apk", "", "", tuple(spans), "confirmed", 1, 0)


DAY = date(2026, 3, 10)


@pytest.mark.parametrize(
    ("known", "occurred", "expected"),
    [
        (None, clock("2026-03-10 20:00"), (Span(DAY, DAY),)),
        (None, clock("2026-03-08 20:00"), (Span(date(2026, 3, 8), DAY),)),
        (None, clock("2026-02-01 20:00"), (Span(DAY, DAY),)),
        (None, None, (Span(DAY, DAY),)),
        (source(Span(date(2026, 1, 1), date(2026, 3, 1))), None, (Span(date(2026, 3, 1), DAY),)),
        (source(Span(date(2026, 1, 1), DAY)), None, ()),
        (source(Span(date(2026, 1, 1), date(2026, 12, 31))), None, ()),
        # a pause of more than 31 days is no time without incidents
        (source(Span(date(2025, 1, 1), date(2026, 1, 1))), None, (Span(DAY, DAY),)),
    ],
)
def test_which_days_of_record_a_report_adds(known, occurred, expected):
    times = {"occurred_from": occurred, "occurred_to": occurred}
    precision = "unknown" if occurred is None else "minute"
    assert stated_days(report(**times, precision=precision), known) == expected


def test_the_record_runs_from_the_first_report_to_the_last(workspace):
    for number, day in enumerate((1, 12, 8)):
        moment = clock(f"2026-03-{day:02d} 20:00")
        one = at(
            moment, report_id=f"00000000-0000-4000-8000-00000000000{number}", reported_at=moment
        )
        save_report(workspace, one, now=datetime(2026, 3, 13, tzinfo=UTC))
    with Store.open(workspace) as store:
        kept = store.source(SOURCE_ID)
    assert kept.record == (Span(date(2026, 3, 1), date(2026, 3, 12)),)
    assert kept.record_state == "confirmed"
    assert kept.kind == "apk"
