"""General point files in tests: written, mapped, read to their end."""

import pandas as pd

from hotspots.ingest import Mapping, open_reader
from hotspots.ingest.batch import CHUNK_COLUMNS

X, Y = -543455.674, -1050795.374
LON, LAT = 17.2046, 50.2294
COLUMNS = {"source_ref": "id", "occurred": "d", "x": "x", "y": "y"}


def mapping(**options):
    options = {"source": "town", "crs": "EPSG:5514", "columns": COLUMNS} | options
    return Mapping.from_options(values={"offence": "theft"}, **options)


def write(directory, content, *, name="file.csv", encoding="utf-8"):
    path = directory / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
    return path


def read_all(path, chosen, **options):
    reader = open_reader(path, mapping=chosen, **options)
    chunks = list(reader.chunks())
    for chunk in chunks:
        assert tuple(chunk.incidents.columns) == CHUNK_COLUMNS
        assert chunk.n_rows == len(chunk.incidents) + len(chunk.rejected)
        assert len(chunk.rows) == len(chunk.incidents)
        assert chunk.incidents.index.tolist() == list(range(len(chunk.incidents)))
    incidents = pd.concat([chunk.incidents for chunk in chunks], ignore_index=True)
    rejected = pd.concat([chunk.rejected for chunk in chunks], ignore_index=True)
    return incidents, rejected, reader
