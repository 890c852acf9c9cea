"""Candidates for being one event: worked by hand, found again, and whatever the order."""

import time

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hotspots import schema
from hotspots.errors import ParameterError, SchemaError
from hotspots.link import LinkOptions, count_near_duplicates, event_ids, find_pairs
from hotspots.link.evidence import Evidence
from hotspots.link.options import PROBABLE
from hotspots.link.records import make_records

X0, Y0 = -543_000.0, -1_051_000.0


def make(rows):
    """Rows of (id, time, east offset, and named exceptions)."""
    records = []
    for name, when, east, *more in rows:
        record = {
            schema.INCIDENT_ID: name,
            schema.SOURCE: name.partition(":")[0],
            schema.OCCURRED_FROM: when,
            schema.TIME_PRECISION: "minute",
            schema.OFFENCE_GROUPS: "public_order",
            schema.X: X0 + east,
            schema.Y: Y0,
            schema.PLACE_TEXT: "",
            schema.PLACE_METHOD: "coordinates",
            schema.PLACE_PRECISION_M: np.nan,
            schema.DISPLACED: False,
        }
        record.update(*more)
        record[schema.OCCURRED_TO] = record.pop("to", record[schema.OCCURRED_FROM])
        records.append(record)
    frame = pd.DataFrame(records)
    for column in (schema.OCCURRED_FROM, schema.OCCURRED_TO):
        frame[column] = pd.to_datetime(frame[column], format="ISO8601").astype("datetime64[s]")
    return frame


TWO = [("apk:1", "2024-03-05T22:15", 0.0), ("police:1", "2024-03-05T22:25", 20.0)]


def pairs_of(frame):
    return list(zip(frame[schema.INCIDENT_A], frame[schema.INCIDENT_B], strict=True))


def test_two_incidents_worked_by_hand():
    # One incident a source: a single pair beside the 1,000 of a usual town, so that
    # u = (what this pair adds + 1,000 · usual) / 1,001. A tenth of it is one event itself, the
    # rest comes evenly within 180 minutes; of far places it is no example, of offences it is one.
    day = 1_440
    # 10 minutes apart: the class of 5 to 15; a usual town has a week at least.
    u_time = (0.9 * (15 - 5) / 180 + 1000 * 2 * (15 - 5) / (7 * day)) / 1001
    m_time = np.exp(-5 / 30) - np.exp(-15 / 30)
    # 20 m apart, each off by 10 m and people by 30: the class up to 25 m.
    u_place = np.pi * 25**2 / 10e6
    m_place = 1 - np.exp(-(25**2) / (2 * (30**2 + 10**2 + 10**2)))
    u_offence = (1 + 1000 * 0.25) / 1001
    ratio = 1.0
    for m, u in ((m_time, u_time), (m_place, u_place), (0.75, u_offence)):
        ratio *= (0.98 * m + 0.02 * u) / u
    odds = 0.1 / 10 * ratio  # a source has ten incidents at least
    found = find_pairs(make(TWO))
    assert pairs_of(found) == [("apk:1", "police:1")]
    assert found[schema.LINK_SCORE].tolist() == pytest.approx([100 * odds / (1 + odds)])
    assert found[schema.DISTANCE_M].tolist() == [20.0]
    assert found[schema.GAP_MINUTES].tolist() == [10.0]
    assert found[schema.REASONS].tolist() == ["near;same_offence"]
    assert tuple(found.columns) == schema.PAIR_COLUMNS


def observed(name, when, east, words, **more):
    row = {schema.OFFENCE_GROUPS: "observation", schema.OFFENCE_DETAIL: words, **more}
    return (name, when, east, row)


def test_a_day_a_street_and_observations_of_different_things_are_no_probable_pair():
    coarse = {
        schema.TIME_PRECISION: "day",
        schema.PLACE_METHOD: "street",
        schema.PLACE_PRECISION_M: 150.0,
    }
    phone = observed("phone:1", "2024-03-05T08:00", 392.0, "záškoláctví")
    others = [
        observed(f"{source}:{n}", f"2024-03-{n:02d}T10:00", 150.0 * n, "nález věci")
        for source in ("apk", "phone")
        for n in (3, 9, 11, 14, 17)
    ]
    scores = {}
    for words in ("rada občanovi", "", "záškoláctví mládeže"):
        apk = observed("apk:1", "2024-03-05T00:00", 0.0, words, **coarse)
        for rows in ([apk, phone], [apk, phone, *others]):
            found = find_pairs(make(rows), options=LinkOptions(min_score=0))
            own = found[
                (found[schema.INCIDENT_A] == "apk:1") & (found[schema.INCIDENT_B] == "phone:1")
            ]
            scores.setdefault(words, []).append(own[schema.LINK_SCORE].iloc[0])
            how = {"": "related_offence", "rada občanovi": "other_offence"}.get(words)
            assert own[schema.REASONS].iloc[0] == f"overlap;{how or 'same_offence'}"
    assert max(max(of_words) for of_words in scores.values()) < PROBABLE
    assert max(scores["rada občanovi"]) < 20
    for number in (0, 1):
        rising = [of_words[number] for of_words in scores.values()]
        assert rising == sorted(rising)
        assert len(set(rising)) == 3


@pytest.mark.parametrize(
    ("one", "two", "reason"),
    [
        ("Záškoláctví", "zaskolactvi", "same_offence"),
        ("volně pobíhající pes", "pobíhající psi", "related_offence"),
        ("rada občanovi", "zlomená lavička", "other_offence"),
        ("", "rada řidiči", "related_offence"),
        ("?", "12", "related_offence"),
    ],
)
def test_observations_are_compared_by_their_words(one, two, reason):
    rows = [
        observed("apk:1", "2024-03-05T08:00", 0.0, one),
        observed("police:1", "2024-03-05T08:05", 0.0, two),
    ]
    found = find_pairs(make(rows), options=LinkOptions(min_score=0))
    assert found[schema.REASONS].iloc[0].endswith(reason)
    # What is an offence of a group on both sides is the same, whatever the words.
    theft = make(rows).assign(**{schema.OFFENCE_GROUPS: "observation;theft"})
    assert find_pairs(theft)[schema.REASONS].iloc[0].endswith("same_offence")


def test_further_apart_is_less_likely():
    base = [("apk:1", "2024-03-05T22:15", 0.0)]
    scores = []
    for minutes, east, groups in (
        ("22:15", 0.0, "public_order"),
        ("22:29", 0.0, "public_order"),
        ("23:59", 0.0, "public_order"),
        ("23:59", 90.0, "public_order"),
        ("23:59", 90.0, "coexistence"),
        ("23:59", 90.0, "traffic"),
    ):
        other = ("police:1", f"2024-03-05T{minutes}", east, {schema.OFFENCE_GROUPS: groups})
        found = find_pairs(make([*base, other]), options=LinkOptions(min_score=0))
        scores += found[schema.LINK_SCORE].tolist()
    assert len(scores) == 6
    assert scores == sorted(scores, reverse=True)
    assert len(set(scores)) == 6


def test_displaced_and_unknown_places_give_no_distance():
    for change in (
        {schema.DISPLACED: True},
        {schema.X: np.nan, schema.Y: np.nan, schema.PLACE_METHOD: "none"},
        {schema.PLACE_METHOD: "district"},
    ):
        moved = make([TWO[0], (*TWO[1], change)])
        found = find_pairs(moved)
        assert np.isnan(found[schema.DISTANCE_M]).all()
        assert found[schema.REASONS].tolist() == ["no_distance;same_offence"]
        # Nor does it matter where it says to be.
        far = make([TWO[0], ("police:1", "2024-03-05T22:25", 9_000.0, change)])
        assert find_pairs(far)[schema.LINK_SCORE].tolist() == found[schema.LINK_SCORE].tolist()
        assert found[schema.LINK_SCORE].iloc[0] < find_pairs(make(TWO))[schema.LINK_SCORE].iloc[0]


def test_vague_times_overlap_and_those_without_a_day_are_in_no_pair():
    span = {"to": "2024-03-06T01:00", schema.TIME_PRECISION: "span"}
    within = make([TWO[0], ("police:1", "2024-03-05T20:00", 0.0, span)])
    found = find_pairs(within)
    assert found[schema.GAP_MINUTES].tolist() == [0.0]
    assert found[schema.REASONS].tolist() == ["overlap;near;same_offence"]
    day = make([TWO[0], ("police:1", "2024-03-05T00:00", 0.0, {schema.TIME_PRECISION: "day"})])
    assert find_pairs(day)[schema.GAP_MINUTES].tolist() == [0.0]
    # The day says less than the span, and the span less than the minute.
    exact = find_pairs(make(TWO))[schema.LINK_SCORE].iloc[0]
    assert find_pairs(day)[schema.LINK_SCORE].iloc[0] < found[schema.LINK_SCORE].iloc[0] < exact
    for change in (
        {schema.TIME_PRECISION: "month"},
        {schema.TIME_PRECISION: "unknown"},
        {schema.OCCURRED_FROM: None, "to": None},
        {schema.TIME_PRECISION: "span", "to": "2024-03-20T01:00"},
    ):
        assert find_pairs(make([TWO[0], (*TWO[1], change)])).empty


def test_limits_of_distance_and_time():
    apart = make([TWO[0], ("police:1", "2024-03-05T22:15", 501.0)])
    assert find_pairs(apart, options=LinkOptions(min_score=0)).empty
    late = make([TWO[0], ("police:1", "2024-03-06T10:16", 0.0)])
    assert find_pairs(late, options=LinkOptions(min_score=0)).empty
    at_limit = make([TWO[0], ("police:1", "2024-03-06T10:15", 500.0)])
    assert len(find_pairs(at_limit, options=LinkOptions(min_score=0))) == 1


@pytest.mark.parametrize(
    ("wrong", "match"),
    [
        ({"max_distance_m": 0.0}, "max_distance_m must be above zero"),
        ({"max_distance_m": float("nan")}, "max_distance_m must be above zero"),
        ({"max_gap_minutes": -1.0}, "max_gap_minutes must lie between 0 and 1,440"),
        ({"min_score": 101.0}, "min_score must lie between 0 and 100"),
        ({"share_in_both": 1.0}, "share_in_both must lie between 0 and 1"),
    ],
)
def test_options_out_of_their_range(wrong, match):
    with pytest.raises(ParameterError, match=match):
        LinkOptions(**wrong)


def test_a_missing_column_is_named():
    with pytest.raises(SchemaError, match="lack the columns displaced"):
        find_pairs(make(TWO).drop(columns=[schema.DISPLACED]))


def crowd(n, source, seed, *, days=1_095):
    random = np.random.default_rng(seed)
    begin = np.datetime64("2022-01-01T00:00", "s")
    times = begin + (random.integers(0, days * 1_440, n) * 60).astype("timedelta64[s]")
    groups = random.choice(["public_order", "coexistence", "theft", "traffic"], n)
    return pd.DataFrame(
        {
            schema.INCIDENT_ID: pd.Series([f"{source}:{i:07d}" for i in range(n)], dtype="str"),
            schema.SOURCE: pd.Series([source] * n, dtype="str"),
            schema.OCCURRED_FROM: times,
            schema.OCCURRED_TO: times,
            schema.TIME_PRECISION: pd.Series(["minute"] * n, dtype="str"),
            schema.OFFENCE_GROUPS: pd.Series(groups, dtype="str"),
            schema.X: X0 + random.normal(0, 800, n),
            schema.Y: Y0 + random.normal(0, 800, n),
            schema.PLACE_TEXT: pd.Series([""] * n, dtype="str"),
            schema.PLACE_METHOD: pd.Series(["coordinates"] * n, dtype="str"),
            schema.PLACE_PRECISION_M: np.full(n, np.nan),
            schema.DISPLACED: False,
        }
    )


def test_true_pairs_are_found_among_thousands_and_few_others_with_them():
    n, n_true = 2_000, 100
    a, b = crowd(n, "apk", 1), crowd(n, "police", 2)
    random = np.random.default_rng(3)
    b.loc[: n_true - 1, schema.OFFENCE_GROUPS] = a[schema.OFFENCE_GROUPS].iloc[:n_true].to_numpy()
    for column in (schema.X, schema.Y):
        noise = random.normal(0, 25, n_true)
        b.loc[: n_true - 1, column] = a[column].iloc[:n_true].to_numpy() + noise
    late = (random.exponential(20, n_true) * 60).astype("timedelta64[s]")
    for column in (schema.OCCURRED_FROM, schema.OCCURRED_TO):
        b.loc[: n_true - 1, column] = a[schema.OCCURRED_FROM].iloc[:n_true].to_numpy() + late
    found = find_pairs(pd.concat([a, b], ignore_index=True))
    true = found[schema.INCIDENT_A].str[4:] == found[schema.INCIDENT_B].str[7:]
    probable = found[schema.LINK_SCORE] >= 70
    assert (true & probable).sum() >= 0.95 * n_true
    assert (~true & probable).sum() <= 0.05 * n_true


@settings(deadline=None, max_examples=15)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["apk", "police", "state"]),
            st.integers(0, 600),
            st.integers(0, 40),
            st.sampled_from(["minute", "hour", "day", "month"]),
            st.sampled_from(["public_order", "theft", "coexistence;theft", "observation"]),
            st.booleans(),
        ),
        max_size=14,
    ),
    st.randoms(use_true_random=False),
    st.booleans(),
)
def test_order_and_names_of_sources_are_irrelevant(rows, random, within):
    named = [
        (
            f"{source}:{number}",
            str(np.datetime64("2024-03-05T10:00") + np.timedelta64(minute, "m")),
            float(east),
            {
                schema.TIME_PRECISION: precision,
                schema.OFFENCE_GROUPS: groups,
                schema.DISPLACED: displaced,
            },
        )
        for number, (source, minute, east, precision, groups, displaced) in enumerate(rows)
    ]
    frame = make(named) if named else make(TWO).iloc[:0]
    before = frame.copy()
    options = LinkOptions(min_score=0)
    found = find_pairs(frame, within_source=within, options=options)
    pd.testing.assert_frame_equal(frame, before)
    shuffled = list(range(len(frame)))
    random.shuffle(shuffled)
    again = find_pairs(frame.iloc[shuffled], within_source=within, options=options)
    if not within:
        pd.testing.assert_frame_equal(found, again)
    assert (found[schema.INCIDENT_A] < found[schema.INCIDENT_B]).all()
    assert not found.duplicated([schema.INCIDENT_A, schema.INCIDENT_B]).any()
    assert found[schema.LINK_SCORE].between(0, 100).all()
    # Under other names the sources come in another order; the scores stay.
    turned = frame.assign(
        **{
            schema.SOURCE: frame[schema.SOURCE].replace({"apk": "zpk"}),
            schema.INCIDENT_ID: frame[schema.INCIDENT_ID].str.replace("apk:", "zpk:"),
        }
    )
    renamed = find_pairs(turned, within_source=within, options=options)
    assert sorted(renamed[schema.LINK_SCORE]) == pytest.approx(sorted(found[schema.LINK_SCORE]))


def test_evidence_is_the_same_both_ways():
    a, b = crowd(60, "apk", 4, days=20), crowd(80, "police", 5, days=20)
    one, two = make_records(a), make_records(b)
    options = LinkOptions()
    there, back = Evidence(one, two, options), Evidence(two, one, options)
    rows_a = np.repeat(np.arange(60), 80)
    rows_b = np.tile(np.arange(80), 60)
    apart = np.hypot(one.x[rows_a] - two.x[rows_b], one.y[rows_a] - two.y[rows_b])
    np.testing.assert_allclose(there.time(rows_a, rows_b), back.time(rows_b, rows_a))
    np.testing.assert_allclose(
        there.distance(rows_a, rows_b, apart), back.distance(rows_b, rows_a, apart)
    )
    np.testing.assert_allclose(there.offence(rows_a, rows_b), back.offence(rows_b, rows_a))


def test_near_duplicates_have_one_place_time_and_offence():
    when = "2024-03-05T22:15"
    text = {schema.X: np.nan, schema.Y: np.nan, schema.PLACE_METHOD: "none"}
    frame = make(
        [
            ("apk:1", when, 0.0),
            ("apk:2", when, 30.0),  # at the limit
            ("apk:3", when, 61.0),  # too far from both
            ("apk:4", when, 10.0, {schema.OFFENCE_GROUPS: "theft"}),
            ("apk:5", "2024-03-05T22:17", 5.0),
            ("apk:6", when, 0.0, text | {schema.PLACE_TEXT: "Lipovská 12"}),
            ("apk:7", when, 0.0, text | {schema.PLACE_TEXT: "lipovska  12"}),
            ("apk:8", when, 0.0, {schema.DISPLACED: True}),
            ("apk:9", when, 0.0, {schema.DISPLACED: True}),
            ("police:1", when, 0.0),
        ]
    )
    found = find_pairs(frame, within_source=True)
    assert pairs_of(found) == [("apk:1", "apk:2"), ("apk:6", "apk:7")]
    assert found[schema.LINK_SCORE].tolist() == [100.0, 80.0]
    assert count_near_duplicates(frame) == 2
    vague = frame.assign(**{schema.TIME_PRECISION: "day"})
    assert ("apk:1", "apk:5") in pairs_of(find_pairs(vague, within_source=True))


def test_three_of_one_event_are_two_near_duplicates():
    rows = [(f"apk:{n}", "2024-03-05T22:15", 3.0 * n) for n in range(3)]
    assert count_near_duplicates(make(rows)) == 2
    assert len(find_pairs(make(rows), within_source=True)) == 3
    assert count_near_duplicates(make(TWO).iloc[:0]) == 0


def test_many_lines_all_alike_are_told_in_bounded_time():
    frame = crowd(20_000, "apk", 6)
    for column in (schema.OCCURRED_FROM, schema.OCCURRED_TO):
        frame[column] = np.datetime64("2024-03-05T22:15", "s")
    frame[schema.X], frame[schema.Y], frame[schema.OFFENCE_GROUPS] = X0, Y0, "theft"
    began = time.process_time()
    assert count_near_duplicates(frame) == 19_999
    assert time.process_time() - began < 20


def test_events_are_what_confirmed_links_join():
    ids = pd.Series(["apk:1", "apk:2", "police:1", "police:2", "state:1"], dtype="str")
    links = pd.DataFrame(
        {
            schema.INCIDENT_A: ["apk:1", "apk:2", "apk:2"],
            schema.INCIDENT_B: ["gone:7", "gone:7", "police:2"],
            schema.LINK_STATE: ["confirmed", "confirmed", "dismissed"],
        }
    )
    # The two reports are linked to the same third incident, which is not asked for.
    assert event_ids(ids, links).tolist() == [0, 0, 2, 3, 4]
    assert event_ids(ids, links.iloc[:0]).tolist() == [0, 1, 2, 3, 4]
    assert event_ids(ids.iloc[:0], links).tolist() == []
    turned = event_ids(ids.iloc[::-1], links)
    assert turned.tolist() == [0, 1, 2, 3, 3]
