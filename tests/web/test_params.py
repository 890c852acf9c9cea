"""The query string of a page: read strictly, written in one form."""

from datetime import date
from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.datastructures import MultiDict

from hotspots import i18n, periods, schema
from hotspots.errors import ParameterError
from hotspots.offences import OFFENCE_GROUPS
from hotspots.periods import Span
from hotspots.selection import MEASURES
from web.params import ALL, MAX_INDEX, MONTHS, WINDOWS, PageParams, parse_params

FIELDS = (
    *("by", "every", "when", "from", "to", "offence", "source", "weekday", "hours"),
    *("measure", "window", "index", "lang", "hour_from", "hour_to", "consequence"),
)


def parse(query):
    return parse_params(MultiDict(parse_qsl(query, keep_blank_values=True)))


@st.composite
def states(draw):
    when = draw(st.sampled_from(["all", "months", "own"]))
    days = sorted(draw(st.tuples(*[st.dates(date(2000, 1, 1), date(2059, 12, 31))] * 2)))
    first = days[0] if when == "own" and draw(st.booleans()) else None
    last = days[1] if when == "own" and (first is None or draw(st.booleans())) else None
    groups = draw(st.sets(st.sampled_from(OFFENCE_GROUPS)))
    hours = draw(st.none() | st.tuples(st.integers(0, 23), st.integers(0, 24)))
    if hours and (hours[0] == hours[1] or hours == (0, 24)):
        hours = None
    return PageParams(
        by=draw(st.sampled_from(schema.AREA_KINDS)),
        every=draw(st.sampled_from(periods.EVERY)),
        months=draw(st.sampled_from(MONTHS)) if when == "months" else None,
        first=first,
        last=last,
        offences=tuple(group for group in OFFENCE_GROUPS if group in groups),
        sources=tuple(sorted(draw(st.sets(st.from_regex(r"[a-z0-9_-]{1,40}", fullmatch=True))))),
        weekdays=tuple(sorted(draw(st.sets(st.integers(0, 6), max_size=6)))),
        hours=hours,
        with_consequence=draw(st.booleans()),
        measure=draw(st.sampled_from(MEASURES)),
        window=draw(st.sampled_from(WINDOWS)),
        index=draw(st.none() | st.integers(0, MAX_INDEX)),
        lang=draw(st.sampled_from([None, *i18n.LANGUAGES])),
    )


@given(states())
def test_a_state_survives_the_round_trip_through_its_query_string(state):
    assert parse(state.to_query()) == state


@given(states())
def test_the_query_string_has_one_form(state):
    query = state.to_query()
    assert parse(query).to_query() == query


@given(st.text(max_size=300))
def test_any_text_is_either_read_or_refused(text):
    try:
        state = parse(text)
    except ParameterError:
        return
    assert parse(state.to_query()) == state


@given(
    st.sampled_from(
        [
            "by",
            "every",
            "when",
            "from",
            "to",
            "offence",
            "source",
            "weekday",
            "hours",
            "measure",
            "window",
            "index",
            "lang",
            "hour_from",
            "hour_to",
        ]
    ),
    st.text(max_size=60),
)
def test_any_value_of_a_field_is_either_read_or_refused(field, value):
    try:
        state = parse_params(MultiDict([(field, value)]))
    except ParameterError:
        return
    assert parse(state.to_query()) == state


def test_nothing_asked_is_the_default():
    assert parse("") == PageParams()
    assert PageParams().to_query() == ""


def test_without_a_kind_of_area_the_town_decides():
    village = parse_params(MultiDict(), default_by=schema.DISTRICT)
    assert village == PageParams(by=schema.DISTRICT)
    assert parse(village.to_query()) == village
    assert parse_params(MultiDict([("by", "grid")]), default_by=schema.DISTRICT).by == schema.GRID


@pytest.mark.parametrize("kind", ["cadastral_unit", "patrol_beat", "quarter"])
def test_only_areas_that_are_not_too_fine_count_displaced_positions(kind):
    assert parse(f"by={kind}").selection(None).exact_only == (kind != "cadastral_unit")


def test_the_form_and_the_short_form_mean_the_same():
    form = parse(
        "offence=property&offence=theft&when=own&from=2024-01&to=2024-03&every=month&weekday=5"
        "&weekday=6&hours=own&hour_from=20&hour_to=4&by=district&measure=count&source=b&source=a"
    )
    assert form == parse(
        "offence=theft,property&from=2024-01-01&to=2024-03-31&weekday=sat,sun&hours=20-4"
        "&by=district&source=a,b"
    )
    assert form.to_query() == (
        "offence=property,theft&from=2024-01&to=2024-03&weekday=sat,sun&hours=20-4"
        "&by=district&source=a,b"
    )


def test_a_preset_outweighs_dates_left_in_the_form():
    assert parse("when=12&from=2020-01&to=2020-02") == PageParams(months=12)
    assert parse("when=all&from=2020-01&to=2020-02") == PageParams()


def test_unknown_fields_are_ignored():
    assert parse("utm_source=mail&fbclid=1") == PageParams()


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("by=house", "“by” cannot be “house”. Allowed: street, segment, district"),
        ("every=day", "“every” cannot be “day”. Allowed: week, month, quarter, year"),
        ("when=13", "“when” cannot be “13”. Allowed: 12, 36, all, own"),
        ("from=2024-13", "“from” cannot be “2024-13”. Allowed: a month as 2024-03"),
        ("to=31.12.2024", "“to” cannot be “31.12.2024”"),
        ("from=2024-05&to=2024-04", "“to” cannot be “2024-04”. Allowed: a day on or after"),
        ("from=٢٠٢٤", "“from” cannot be"),
        ("offence=murder", "“offence” cannot be “murder”. Allowed: public_order"),
        ("source=a%20b", "“source” cannot be “a b”"),
        ("weekday=8", "“weekday” cannot be “8”. Allowed: mon, tue"),
        ("hours=8", "“hours” cannot be “8”. Allowed: two different hours"),
        ("hours=8-8", "“hours” cannot be “8-8”"),
        ("hours=own&hour_from=25", "“hours” cannot be “25-24”"),
        ("measure=hot", "“measure” cannot be “hot”. Allowed: count, density, rate"),
        ("window=2", "“window” cannot be “2”. Allowed: 1, 3, 6, 12, all"),
        ("index=-1", "“index” cannot be “-1”. Allowed: a whole number from 0 to 20000"),
        ("index=99999", "“index” cannot be"),
        ("lang=de", "“lang” cannot be “de”. Allowed: cs, en"),
    ],
)
def test_a_wrong_value_names_field_value_and_what_is_allowed(query, message):
    with pytest.raises(ParameterError, match=message.replace("(", r"\(")):
        parse(query)


def test_lengths_are_bounded():
    with pytest.raises(ParameterError, match="longer than 4000"):
        parse("source=" + "a," * 3000)
    with pytest.raises(ParameterError, match="at most 60 values"):
        parse("source=" + ",".join(f"s{i}" for i in range(61)))
    with pytest.raises(ParameterError, match=r"“by” cannot be “x{80}…”") as refused:
        parse("by=" + "x" * 3000)
    assert len(str(refused.value)) < 300


RECORD = Span(date(2020, 1, 10), date(2024, 10, 3))


@pytest.mark.parametrize(
    ("query", "span"),
    [
        ("", None),
        ("when=12", Span(date(2023, 11, 1), date(2024, 10, 3))),
        ("when=36", Span(date(2021, 11, 1), date(2024, 10, 3))),
        ("from=2024-01", Span(date(2024, 1, 1), date(2024, 10, 3))),
        ("to=2020-12", Span(date(2020, 1, 10), date(2020, 12, 31))),
        ("from=2022&to=2022", Span(date(2022, 1, 1), date(2022, 12, 31))),
    ],
)
def test_the_period_is_taken_from_the_record(query, span):
    assert parse(query).selection(RECORD).span == span


def test_twelve_months_up_to_the_last_day_of_a_month_are_twelve():
    selection = parse("when=12").selection(Span(date(2016, 1, 1), date(2025, 12, 31)))
    assert selection.span == Span(date(2025, 1, 1), date(2025, 12, 31))


@pytest.mark.parametrize(
    "query", ["from=1950&to=2020", "from=1900&every=week&by=segment", "to=2199", "from=1950"]
)
def test_the_period_looked_at_is_bounded_however_it_is_given(query):
    with pytest.raises(ParameterError, match="too long; at most 60 years"):
        parse(query).selection(RECORD)


@pytest.mark.parametrize("query", ["from=2024-03-05&to=2024-06", "from=2024-03&to=2024-06-11"])
def test_a_day_stays_a_day(query):
    assert parse(query).to_query() == query


def test_a_period_before_all_record_is_refused():
    with pytest.raises(ParameterError, match="before it starts"):
        parse("to=2019-12").selection(RECORD)


def test_only_fine_areas_leave_displaced_positions_out():
    assert parse("by=segment").selection(None).exact_only
    assert not parse("by=district").selection(None).exact_only


def test_the_window_names_all_periods():
    assert parse("window=all").window == ALL
    assert parse("window=0").window == ALL
    assert parse("window=12").window == 12


def test_refusals_speak_czech():
    with i18n.use_language("cs"), pytest.raises(ParameterError, match="Povoleno: count, density"):
        parse("measure=x")
