"""Incidents made up for tests of the store and of imports, and a way to store them."""

import numpy as np
import pandas as pd

from hotspots import schema
from hotspots.store import ImportBatch
from hotspots.store.frames import hash_content


def make_incidents(refs, *, source="accidents", **columns):
    n = len(refs)
    frame = pd.DataFrame(
        {name: pd.Series([""] * n, dtype="str") for name in schema.INCIDENT_COLUMNS}
    )
    frame[schema.SOURCE_REF] = pd.Series(refs, dtype="str")
    frame[schema.SOURCE] = pd.Series([source] * n, dtype="str")
    frame[schema.INCIDENT_ID] = pd.Series([f"{source}:{ref}" for ref in refs], dtype="str")
    for name in (schema.OCCURRED_FROM, schema.OCCURRED_TO, schema.REPORTED_AT):
        frame[name] = np.full(n, np.datetime64("2024-03-05T22:15:00", "s"))
    for name, value in (
        (schema.TIME_PRECISION, "minute"),
        (schema.OFFENCE, "theft"),
        (schema.OFFENCE_GROUPS, "theft"),
        (schema.DISCOVERED_BY, "unknown"),
        (schema.PLACE_METHOD, "coordinates"),
    ):
        frame[name] = pd.Series([value] * n, dtype="str")
    frame[schema.X] = -543455.674
    frame[schema.Y] = -1050795.374
    frame[schema.PLACE_PRECISION_M] = np.nan
    frame[schema.DISPLACED] = False
    frame[schema.COUNTED] = True
    for name, value in columns.items():
        frame[name] = value
    return frame.drop(columns=[schema.BATCH_ID])


def put(store, incidents, *, source="accidents", kind="other", label="Accidents"):
    batch = ImportBatch(source, "points.csv", "00", "csv", user_name="eva", mapping="m")
    with store.import_batch(batch, kind=kind, label=label, citation="Police") as transaction:
        transaction.insert(incidents, hash_content(incidents))
        transaction.renew_totals()
        transaction.finish('{"new": 1}')
