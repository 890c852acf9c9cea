"""A small town for the tests of counting: two streets and a square, worked by hand."""

from dataclasses import dataclass
from datetime import date

import geopandas as gpd
import numpy as np
import pandas as pd
from shapely.geometry import box

from hotspots import crs, schema
from hotspots.analysis.filters import COLUMNS_READ
from hotspots.analysis.held import HeldTown
from hotspots.periods import Span
from hotspots.store.source import Source

X0, Y0 = -543_000.0, -1_051_000.0
# 2024 is a leap year: January 31 days, February 29, March 31.
QUARTER = Span(date(2024, 1, 1), date(2024, 3, 31))
BOUNDARY = box(X0, Y0, X0 + 1000, Y0 + 1000)


def make_areas(
    names=("Dlouhá", "Krátká", "Nová"),
    *,
    kind=schema.STREET,
    residents=(500, 0, np.nan),
    length=(400.0, 100.0, np.nan),
    derived=True,
):
    """Rows of 100 m × 1000 m from the west; further area is off streets."""
    n = len(names)
    return gpd.GeoDataFrame(
        {
            schema.AREA_ID: [f"{kind}:{i}" for i in range(n)],
            schema.NAME: list(names),
            schema.KIND: kind,
            schema.RESIDENTS: np.array(residents, dtype=float)[:n],
            schema.RESIDENTS_YEAR: 2011.0,
            schema.AREA_KM2: 0.1,
            schema.LENGTH_M: np.array(length, dtype=float)[:n],
            schema.DERIVED: derived,
            schema.PRECISION_M: 20.0,
            schema.LAYER_SOURCE: "made up",
        },
        geometry=[box(X0 + 100 * i, Y0, X0 + 100 * i + 100, Y0 + 1000) for i in range(n)],
        crs=crs.EPSG,
    )


def make_incidents(rows):
    """Rows of (day or time text, column 0… or x offset, and named exceptions)."""
    records = []
    for when, offset, *more in rows:
        record = {
            schema.INCIDENT_ID: f"police:{len(records)}",
            schema.SOURCE: "police",
            schema.OCCURRED_FROM: when,
            schema.OCCURRED_TO: None,
            schema.TIME_PRECISION: "minute",
            schema.OFFENCE_GROUPS: "public_order",
            schema.X: X0 + offset,
            schema.Y: Y0 + 500,
            schema.PLACE_METHOD: "coordinates",
            schema.PLACE_PRECISION_M: np.nan,
            schema.DISPLACED: False,
            schema.RELEVANCE: "",
            schema.COUNTED: True,
        }
        record.update(*more)
        record[schema.OCCURRED_TO] = record.pop("to", when)
        records.append(record)
    columns = [
        "incident_id",
        "source",
        "occurred_from",
        "occurred_to",
        "time_precision",
        "offence_groups",
        "x",
        "y",
        "place_method",
        "place_precision_m",
        "displaced",
        "relevance",
        "counted",
    ]
    frame = pd.DataFrame(records, columns=columns)
    for column in (schema.OCCURRED_FROM, schema.OCCURRED_TO):
        times = pd.to_datetime(frame[column], format="ISO8601")
        frame[column] = times.astype("datetime64[s]")
    for column in (schema.X, schema.Y, schema.PLACE_PRECISION_M):
        frame[column] = frame[column].astype(float)
    for column in (schema.DISPLACED, schema.COUNTED):
        frame[column] = frame[column].astype(bool)
    return frame


def source(name="police", kind="municipal_police", record=(QUARTER,), state="confirmed"):
    return Source(name, kind, f"Label of {name}", f"Citation of {name}", tuple(record), state)


@dataclass
class FakeStore:
    """What `situation` asks of a store."""

    known: list
    incidents: pd.DataFrame
    links: tuple = ()  # of (incident, incident), confirmed

    def sources(self):
        return self.known

    def read_incidents(self, *, sources=(), columns=None):
        frame = self.incidents
        if sources:
            frame = frame[frame[schema.SOURCE].isin(sources)]
        return frame[list(columns)].reset_index(drop=True)

    def read_links(self, *, states=()):
        assert states == (schema.CONFIRMED_LINK,)
        return pd.DataFrame(
            list(self.links), columns=[schema.INCIDENT_A, schema.INCIDENT_B], dtype="str"
        )


def hold(incidents):
    """Return incidents as `HeldTown` keeps them, without a store."""
    held = HeldTown.__new__(HeldTown)
    held._keep(incidents[list(COLUMNS_READ)].reset_index(drop=True))
    return held
