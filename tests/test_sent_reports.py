"""Assistants' reports as the pages list them: whose, since when, how complete, what waits."""

from datetime import UTC, date, datetime, timedelta

import pytest

from hotspots.analysis.reports import (
    GIVEN_UP,
    PLACED,
    WAITING,
    count_since,
    list_reports,
    summarise,
    week_of,
)
from hotspots.ingest.batches import undo_batch
from hotspots.ingest.report_content import Report
from hotspots.ingest.reports import FORMAT, save_report
from hotspots.record_inference import PRAGUE
from hotspots.store import Store

# A Wednesday; the week began on 9 March.
TODAY = date(2026, 3, 11)
NOW = datetime(2026, 3, 11, 20, 0, tzinfo=UTC)


def uuid_of(number):
    return f"00000000-0000-4000-8000-{number:012d}"


def make_report(number, *, days_ago=0, **fields):
    written = NOW.astimezone(PRAGUE).replace(tzinfo=None) - timedelta(days=days_ago)
    values = {
        "things": ("night_noise",),
        "occurred_from": written,
        "occurred_to": written,
        "precision": "minute",
        "placed_by": "text",
        "place_text": "Lipovská 12",
    }
    return Report(report_id=uuid_of(number), reported_at=written, **(values | fields))


@pytest.fixture
def town(new_town, tmp_path):
    return new_town(tmp_path / "town")


def send(workspace, report, user, **options):
    return save_report(workspace, report, user=user, now=NOW, **options)


def listed(workspace, **options):
    with Store.open(workspace) as store:
        return list_reports(store, batch_format=FORMAT, **options)


def test_each_sees_their_own_last_sent_first_and_what_is_taken_back_is_gone(town):
    first = send(town, make_report(1, days_ago=3), "petra")
    send(town, make_report(2), "karel")
    send(town, make_report(3, place_text="někde za městem u lesa"), "petra")
    assert [one.report_id for one in listed(town)] == [uuid_of(3), uuid_of(2), uuid_of(1)]
    own = listed(town, user="petra")
    assert [(one.report_id, one.state) for one in own] == [
        (uuid_of(3), WAITING),
        (uuid_of(1), PLACED),
    ]
    assert listed(town, user="nobody") == []
    undo_batch(town, first.batch_id, user="petra")
    assert [one.report_id for one in listed(town, user="petra")] == [uuid_of(3)]


def test_a_correction_keeps_the_moment_of_the_first_sending(town):
    before = send(town, make_report(1), "petra")
    first = listed(town)[0]
    after = send(town, make_report(1, note="Parta."), "petra", correct=True)
    now = listed(town)
    assert len(now) == 1
    assert (now[0].batch_id, now[0].has_note) == (after.batch_id, True)
    assert before.batch_id != after.batch_id
    assert (now[0].first_sent_at, first.has_note) == (first.first_sent_at, False)


def test_a_report_that_cannot_be_placed_does_not_wait(town):
    saved = send(town, make_report(1, place_text="kdesi za rohem"), "petra")
    with Store.open(town) as store:
        store.decide_place([saved.incident_id], None, user="velitel")
    assert listed(town)[0].state == GIVEN_UP


def test_summary_of_each_assistant_worked_by_hand(town):
    send(town, make_report(1, measures=("advice",), discovered_by="patrol"), "petra")  # Wednesday
    send(town, make_report(2, days_ago=2, precision="day"), "petra")  # Monday
    send(town, make_report(3, days_ago=3, place_text="u lesa kdesi"), "petra")  # Sunday
    send(town, make_report(4, days_ago=9), "petra")  # Monday of the week before
    send(town, make_report(5, days_ago=10), "petra")  # Sunday before that
    send(town, make_report(6, days_ago=27), "petra")  # first of the 28 days
    send(town, make_report(7, days_ago=28, place_text="kdesi jinde"), "petra")  # too early
    lines = summarise(listed(town), today=TODAY, users=("karel",))
    assert [line.user_name for line in lines] == ["karel", "petra"]
    none, petra = lines
    assert (none.n_this_week, none.n_complete_of, none.n_waiting) == (0, 0, 0)
    assert (petra.n_this_week, petra.n_last_week, petra.n_complete_of) == (2, 2, 6)
    assert (petra.n_with_place, petra.n_with_time) == (5, 5)
    assert (petra.n_with_measure, petra.n_with_discovery) == (1, 1)
    assert petra.n_waiting == 2


def test_weeks_begin_on_monday_and_both_ends_count(town):
    assert week_of(TODAY) == date(2026, 3, 9)
    assert week_of(date(2026, 3, 9)) == date(2026, 3, 9)
    for number, days_ago in enumerate((0, 2, 3), start=1):
        send(town, make_report(number, days_ago=days_ago), "petra")
    reports = listed(town)
    assert count_since(reports, date(2026, 3, 9), TODAY) == 2
    assert count_since(reports, date(2026, 3, 8), date(2026, 3, 8)) == 1
