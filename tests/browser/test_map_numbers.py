"""The numbers of the map's script against Python's: every measure, window, position and class."""

import dataclasses
import json

import numpy as np
import pytest

from hotspots import schema
from hotspots.maps.assets import asset_text
from hotspots.maps.classes import class_breaks, classify
from hotspots.maps.payload import make_payload, to_json
from hotspots.maps.windows import list_windows, window_values
from hotspots.selection import COUNT, DENSITY, MEASURES, RATE
from tests.test_maps import make_layers, make_situation

pytestmark = pytest.mark.browser

N, M = 9, 26
ASK = """({data, measure, window, breaks}) => {
  const model = HotspotsMap.makeModel(data);
  const state = HotspotsMap.makeState(model);
  const length = window === "all" ? model.m : window;
  const found = [];
  for (let index = length - 1; index < model.m; index += 1) {
    state.set({ measure, window, index });
    const areas = Array.from({ length: model.n }, (_, area) => area);
    const values = areas.map((area) => model.value(area, measure, state.span()));
    found.push({ values, classes: values.map((value) => HotspotsMap.classOf(value, breaks)) });
  }
  return found;
}"""


@pytest.fixture(scope="module")
def situation():
    """Areas of odd sizes, some without a base; periods recorded, in part, and not at all."""
    rng = np.random.default_rng(11)
    record = rng.choice(
        [schema.RECORDED, schema.PARTIAL, schema.MISSING], size=M, p=[0.6, 0.25, 0.15]
    )
    record[4:12] = schema.MISSING
    counts = rng.poisson(rng.gamma(0.6, 6.0, (N, 1)), (N, M)) * (record != schema.MISSING)
    made = make_situation(counts, record=list(record), residents=500.0)
    areas = made.table.areas.copy()
    areas[schema.LENGTH_M] = [33.333333, 150.0, 1234.5678, np.nan, 7.7, 98.1, 0.0, 310.3, 61.0]
    areas[schema.RESIDENTS] = [100, 99, 377, np.nan, 1013, 0, 250, 7001, 333]
    days = np.where(record == schema.PARTIAL, rng.integers(0, 20, M), made.table.recorded_days)
    lost = rng.binomial(counts, 0.4) * (record == schema.PARTIAL)
    full = np.where(days > 0, counts - lost, 0)
    table = dataclasses.replace(made.table, areas=areas, full_counts=full, recorded_days=days)
    return dataclasses.replace(made, table=table)


@pytest.fixture(scope="module")
def data(situation):
    payload = make_payload(
        situation,
        make_layers(situation),
        measure=COUNT,
        window=1,
        index=M - 1,
        background="none",
        embedded=False,
    )
    assert payload["measures"] == MEASURES
    return json.loads(to_json(payload))


@pytest.fixture
def script(open_page):
    page = open_page("about:blank")
    for name in ("dom.js", "model.js"):
        page.add_script_tag(content=asset_text(name))
    return page


def in_python(found, breaks):
    classes = classify(found.values, breaks)
    return [
        {
            "values": [None if np.isnan(v) else v for v in found.values[:, k].tolist()],
            "classes": classes[:, k].tolist(),
        }
        for k in range(found.values.shape[1])
    ]


def ask(script, data, found, *, measure, window, breaks):
    """Assert that the script has Python's values and classes at every position."""
    told = script.evaluate(
        ASK, {"data": data, "measure": measure, "window": window, "breaks": list(breaks)}
    )
    assert told == in_python(found, breaks), (measure, window)
    return np.array([position["classes"] for position in told]).T


@pytest.mark.parametrize("measure", [COUNT, DENSITY, RATE])
def test_script_and_python_agree_to_the_last_bit(script, situation, data, measure):
    for window in list_windows(M):
        found = window_values(situation.table, schema.STREET, measure=measure, window=window)
        breaks = class_breaks(found.values, measure=measure)
        assert data["breaks"][measure][str(window)] == list(breaks)
        ask(script, data, found, measure=measure, window=window, breaks=breaks)


@pytest.mark.parametrize("measure", [COUNT, DENSITY, RATE])
def test_a_value_at_a_break_belongs_below_it(script, situation, data, measure):
    for window in list_windows(M):
        found = window_values(situation.table, schema.STREET, measure=measure, window=window)
        values = np.unique(found.values[found.values > 0])
        breaks = tuple(values[:: max(1, len(values) // 4)].tolist())
        classes = ask(script, data, found, measure=measure, window=window, breaks=breaks)
        at_break = np.isin(found.values, breaks)
        expected = 1 + np.array([breaks.index(v) for v in found.values[at_break]])
        np.testing.assert_array_equal(classes[at_break], expected)


def test_what_is_no_number_has_no_class(script):
    assert script.evaluate("[null, NaN, 0, 1].map((v) => HotspotsMap.classOf(v, [1, 2]))") == [
        -1,
        -1,
        0,
        1,
    ]
