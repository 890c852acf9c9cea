"""The real accidents of Jeseník, month by month, against counts made without this program."""

import geopandas as gpd
import pandas as pd
import pytest

from hotspots import layers, schema
from hotspots.analysis.situation import situation
from hotspots.ingest.importer import import_file
from hotspots.ingest.mapping import Mapping
from hotspots.maps.layers import read_map_layers
from hotspots.maps.time_map import write_map
from hotspots.periods import Span
from hotspots.selection import Selection
from hotspots.store import Store
from hotspots.workspace_init import init_workspace

from .test_map_page import LIVE, read_table, state_of

pytestmark = [pytest.mark.browser, pytest.mark.reference]
RECORD = (
    Span.parse("2016-01..2020-09"),
    Span.parse("2021-01..2021-08"),
    Span.parse("2023-01-01..2024-10-03"),
)


@pytest.fixture(scope="module")
def workspace(shared, tmp_path_factory):
    made = init_workspace(tmp_path_factory.mktemp("accidents") / "w")
    mapping = Mapping.from_options(
        source="accidents",
        kind="state_police",
        columns={
            "source_ref": "p1",
            "date": "date",
            "time": "time",
            "x": "x_jtsk",
            "y": "y_jtsk",
        },
        values={"offence": "accident"},
        crs="EPSG:5514",
    )
    file = shared / "data/jesenik/jesenik_nehody_2016_2024.gpkg"
    account = import_file(made, file, mapping=mapping, record=RECORD)
    assert (account.rows_read, account.new, account.outside) == (983, 981, 2)
    return made


@pytest.fixture(scope="module")
def by_hand(shared, workspace):
    """Incidents by month and street name, joined by geopandas alone."""
    points = gpd.read_file(shared / "data/jesenik/jesenik_nehody_2016_2024.gpkg").to_crs(5514)
    streets = layers.read_areas(workspace, schema.STREET)
    joined = gpd.sjoin(points, streets[[schema.AREA_ID, schema.GEOMETRY]], predicate="within")
    month = pd.to_datetime(joined["date"]).dt.to_period("M").astype(str)
    return joined.groupby([month, joined[schema.AREA_ID]]).size()


def test_the_real_accidents_play_month_by_month(workspace, by_hand, tmp_path, open_page):
    with Store.open(workspace) as store:
        result = situation(store, workspace, Selection())
    target = tmp_path / "accidents.html"
    write_map(result, read_map_layers(workspace, schema.STREET), target, language="en", index=0)
    page = open_page(target.as_uri())
    page.wait_for_selector(LIVE)
    slider = page.get_by_role("slider")
    slider.focus()
    slider.press("Home")
    table = result.table
    ids = table.areas[schema.AREA_ID].to_list()
    missing = 0
    for index, period in enumerate(table.periods):
        assert state_of(page)[0] == index
        shown = read_table(page)[0]
        if period.label == "2020-10" or table.record[index] == schema.MISSING:
            missing += 1
            assert set(shown.values()) == {"no record"}, period.label
        else:
            wanted = by_hand.get(period.label, pd.Series(dtype=int))
            assert shown == {
                str(row): str(int(wanted.get(area_id, 0))) for row, area_id in enumerate(ids)
            }, period.label
        slider.press("ArrowRight")
    assert missing == 3 + 16
