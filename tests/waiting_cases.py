"""Incidents that wait for a place, made up for tests of the queue."""

import numpy as np
import pandas as pd

from hotspots import schema
from hotspots.place_text import place_key
from hotspots.store import ImportBatch
from hotspots.store.frames import hash_content
from tests.storing import make_incidents

HOSTILE = "<script>alert('x')</script>\"&"
# In the order in which the queue lists them: most incidents first, then the latest.
TEXTS = ("u lávky", "Lipovska", "Masarykovo náměstí", HOSTILE, "za garážemi")
COUNTS = (4, 3, 2, 1, 1)


def waiting_rows(texts, *, source="reports", start=0, note="Volala paní Nováková"):
    """Return incidents without coordinates, one for each text, a day apart from the last back."""
    n = len(texts)
    rows = make_incidents([str(start + k) for k in range(n)], source=source)
    rows[[schema.X, schema.Y]] = np.nan
    rows[schema.PLACE_METHOD] = "none"
    rows[schema.PLACE_TEXT] = pd.Series(list(texts), dtype="str")
    rows[schema.NOTE] = note
    days = np.datetime64("2024-06-30T22:15:00", "s") - np.arange(n).astype("timedelta64[D]")
    for name in (schema.OCCURRED_FROM, schema.OCCURRED_TO):
        rows[name] = days.astype("datetime64[s]")
    return rows


def placings_of(rows, state=schema.NOT_FOUND):
    """Return what an import says of incidents that it could not place."""
    n = len(rows)
    states = [state] * n if isinstance(state, str) else list(state)
    return pd.DataFrame(
        {
            schema.SOURCE_REF: rows[schema.SOURCE_REF].tolist(),
            schema.X: np.full(n, np.nan),
            schema.Y: np.full(n, np.nan),
            schema.PLACE_METHOD: ["none"] * n,
            schema.PLACE_PRECISION_M: np.full(n, np.nan),
            schema.PLACE_SCORE: np.full(n, np.nan),
            schema.PLACE_MATCHED: [""] * n,
            schema.PLACE_STATE: states,
            schema.PLACE_KEY: [place_key(text) for text in rows[schema.PLACE_TEXT]],
        }
    )


def put_waiting(store, rows, *, state=schema.NOT_FOUND, source="reports"):
    """Store incidents with their placings as one import."""
    batch = ImportBatch(source, "reports.csv", "00", "csv", user_name="eva", mapping="m")
    with store.import_batch(batch, kind="apk", label="Reports", citation="Reports") as writing:
        writing.insert(rows, hash_content(rows))
        writing.place(placings_of(rows, state))
        writing.renew_totals()
        writing.finish("{}")


def put_usual(store):
    """Store four texts and one incident without any: twelve incidents in six items."""
    texts = [text for text, n in zip(TEXTS, COUNTS, strict=True) for _k in range(n)]
    put_waiting(store, waiting_rows([*texts, ""]))
