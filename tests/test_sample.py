"""Sample incidents: made up, the same for a seed, and like a town."""

import json

import numpy as np
import pandas as pd
import pytest
import shapely

from hotspots import layers, offences, schema
from hotspots.demo import LOCALITY_NAME, example_locality, make_demo_workspace
from hotspots.errors import ParameterError
from hotspots.ingest.mapping import Mapping
from hotspots.sample import (
    SPAN,
    STREAMS,
    street_weights,
    write_sample,
)
from hotspots.sample_intake import SHARED_EVENTS
from hotspots.store import Store
from hotspots.workspace_init import init_workspace


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    return make_demo_workspace(tmp_path_factory.mktemp("sample") / "demo")


@pytest.fixture(scope="module")
def incidents(demo):
    with Store.open(demo) as store:
        return store.read_incidents()


def test_every_row_is_accounted_for(demo):
    with Store.open(demo) as store:
        batches = store.batches()
        stored = sum(source.n_incidents for source in store.sources())
    accounts = [json.loads(batch.account) for batch in batches]
    assert len(accounts) == len(STREAMS)
    assert all(account["rejected"] == 0 for account in accounts)
    assert all(account["duplicates"] == 0 for account in accounts)
    assert sum(account["rows_read"] for account in accounts) == stored
    assert all(account["not_placed"] > 0 for account in accounts)


def test_everything_says_that_it_is_made_up(demo, incidents):
    assert demo.settings.sample
    with Store.open(demo) as store:
        assert all(source.label.startswith("UKÁZKA") for source in store.sources())
        assert all("vymyšlené" in source.citation for source in store.sources())
        assert {s.source_id for s in store.sources()} == {"sample_police", "sample_assistants"}
    assert set(incidents[schema.NOTE]) == {"vymyšlená událost"}
    locality = layers.read_areas(demo, schema.LOCALITY)
    assert len(locality) == 1
    assert LOCALITY_NAME in locality[schema.NAME].iloc[0]


def test_the_same_seed_gives_the_same_files(tmp_path):
    workspace = init_workspace(tmp_path / "w")
    locality = example_locality(workspace)
    texts = []
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        directory = tmp_path / name
        directory.mkdir()
        files = write_sample(workspace, directory, locality=locality, seed=seed)
        texts.append([file.data.read_bytes() for file in files])
    assert texts[0] == texts[1]
    assert texts[0] != texts[2]


def test_mappings_are_read_as_written(demo):
    for stream in STREAMS:
        mapping = Mapping.read(demo.path / "sample" / f"{stream.source_id}.toml")
        assert mapping.source == stream.source_id
        assert tuple(mapping.record) == stream.record


def test_incidents_fall_only_on_days_with_record(incidents):
    for stream in STREAMS:
        own = incidents[incidents[schema.SOURCE] == stream.source_id]
        days = own[schema.OCCURRED_FROM].dt.date
        covered = sum(((days >= span.start) & (days <= span.end)).sum() for span in stream.record)
        assert covered == len(own) > 500
        assert days.min() >= SPAN.start
        assert days.max() <= SPAN.end


def test_yearly_amounts_are_those_of_a_comparable_town(incidents):
    police = incidents[incidents[schema.SOURCE] == "sample_police"]
    years = STREAMS[0].record[0].n_days / 365.25 + STREAMS[0].record[1].n_days / 365.25
    for group, yearly in STREAMS[0].yearly.items():
        n = int((police[schema.OFFENCE] == group).sum())
        expected = yearly * years
        assert abs(n - expected) < 4 * np.sqrt(expected), group
    assert not (police[schema.OFFENCE] == offences.OBSERVATION).any()


def test_disorder_comes_on_summer_evenings_and_at_weekends(incidents):
    timed = incidents[incidents[schema.TIME_PRECISION] == "minute"]
    disorder = timed[timed[schema.OFFENCE] == offences.PUBLIC_ORDER][schema.OCCURRED_FROM]
    traffic = timed[timed[schema.OFFENCE] == offences.TRAFFIC][schema.OCCURRED_FROM]
    late = lambda times: ((times.dt.hour >= 18) | (times.dt.hour < 4)).mean()  # noqa: E731
    assert late(disorder) > 0.7 > 0.2 > late(traffic)
    assert disorder.dt.month.isin([5, 6, 7, 8]).mean() > 1.2 * 4 / 12
    assert disorder.dt.day_of_week.isin([4, 5, 6]).mean() > 1.1 * 3 / 7


def test_a_few_streets_hold_much_of_it(demo, incidents):
    placed = incidents[incidents[schema.X].notna()]
    counts = placed[schema.PLACE_TEXT].value_counts()
    assert counts.head(8).sum() > 0.3 * len(placed)
    assert len(counts) > 50
    axes = layers.read_axes(demo, schema.STREET)
    nearest = shapely.distance(
        shapely.points(placed[schema.X], placed[schema.Y]),
        shapely.union_all(axes.geometry.to_numpy()),
    )
    assert 0.85 < (nearest < 30).mean() < 0.99


def test_some_have_no_time_and_some_no_place(incidents):
    assert 0.02 < (incidents[schema.TIME_PRECISION] == "day").mean() < 0.12
    assert 0.005 < incidents[schema.X].isna().mean() < 0.05
    assert not incidents[schema.DISPLACED].any()


def test_the_example_locality_is_where_nobody_lives(demo):
    locality = layers.read_areas(demo, schema.LOCALITY).geometry.iloc[0]
    streets = shapely.union_all(layers.read_axes(demo, schema.STREET).geometry.to_numpy())
    assert shapely.distance(locality, streets) > 500
    assert shapely.contains(layers.read_boundary(demo), locality)


def test_street_weights_are_heavy_tailed_shares(demo):
    axes = layers.read_axes(demo, schema.STREET)
    weights = street_weights(axes, rng=np.random.default_rng(3))
    assert weights.sum() == pytest.approx(1)
    assert (weights > 0).all()
    assert pd.Series(weights).nlargest(len(axes) // 10).sum() > 0.25


def test_a_directory_in_use_is_left_alone(tmp_path):
    (tmp_path / "mine.txt").write_text("kept", encoding="utf-8")
    with pytest.raises(ParameterError, match="is not empty"):
        make_demo_workspace(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_places_without_coordinates_are_told_in_words(demo, incidents):
    with Store.open(demo) as store:
        placings = store.read_placings()
    assert 20 < len(placings) < 150
    states = placings[schema.PLACE_STATE].value_counts()
    assert states.get(schema.AUTOMATIC, 0) > 10
    assert states.get(schema.DOUBTFUL, 0) + states.get(schema.NOT_FOUND, 0) > 5
    by_text = incidents[incidents[schema.PLACE_METHOD] == "street"]
    assert by_text[schema.X].notna().all()


def test_some_events_are_seen_by_both_sources(incidents):
    timed = incidents[(incidents[schema.TIME_PRECISION] == "minute") & incidents[schema.X].notna()]
    police = timed[timed[schema.SOURCE] == "sample_police"]
    near = 0
    for one in timed[timed[schema.SOURCE] == "sample_assistants"].itertuples():
        apart = np.hypot(police[schema.X] - one.x, police[schema.Y] - one.y)
        minutes = (police[schema.OCCURRED_FROM] - one.occurred_from).dt.total_seconds().abs() / 60
        near += bool(
            ((apart < 50) & (minutes <= 12) & (police[schema.OFFENCE] == one.offence)).any()
        )
    assert SHARED_EVENTS * 0.8 <= near <= SHARED_EVENTS * 1.3
