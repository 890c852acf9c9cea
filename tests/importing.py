"""Imports in tests: chunks as if read from a file, and a workspace to take them."""

import numpy as np
import shapely

from hotspots.ingest.batch import Chunk, SourceInfo, make_rejected
from hotspots.ingest.importer import import_incidents
from hotspots.settings import Settings, Workspace
from hotspots.store import Store
from tests.storing import make_incidents

BOUNDARY = shapely.box(-545_000, -1_052_000, -542_000, -1_049_000)
OUTSIDE_X = -600_000.0
EMPTY = make_rejected([], [], [])


class FakeReader:
    """Chunks given by a test, as if read from `path`."""

    def __init__(
        self, path, chunks, *, kind="other", stated=(), file_format="csv", municipality=None
    ):
        self.municipality = municipality
        self.path = path
        self.format = file_format
        self.source = SourceInfo("accidents", kind, "Accidents", "Police")
        self.stated_record = stated
        self.warnings = []
        self._chunks = chunks
        if not path.exists():
            path.write_text("header\n", encoding="utf-8")

    def chunks(self):
        yield from self._chunks


def make_chunk(incidents, *, first_row=2, rejected=EMPTY, n_merged=0):
    rows = np.arange(first_row, first_row + len(incidents), dtype=np.int64)
    return Chunk(incidents, rows, rejected, len(incidents) + len(rejected) + n_merged, n_merged)


def make_workspace(folder):
    made = Workspace(folder, Settings())
    made.path.mkdir()
    made.write_settings()
    Store.create(made).close()
    return made


def make_runner(workspace, folder):
    """Return a function that imports chunks, or what a reader reads, into the workspace."""

    def run(*chunks, name="points.csv", reader=None, **options):
        reader = reader or FakeReader(folder / name, chunks)
        return import_incidents(workspace, reader, boundary=BOUNDARY, **options)

    return run


def read(workspace):
    with Store.open(workspace) as store:
        return store.read_incidents()


def parts(account):
    return {
        name: n
        for name in (
            "new",
            "unchanged",
            "updated",
            "duplicates",
            "outside",
            "not_placed",
            "rejected",
        )
        if (n := getattr(account, name))
    }


def rejecting(n=2, *, raw="=cmd()"):
    rejected = make_rejected(list(range(5, 5 + n)), ["no date"] * n, [raw] * n)
    return make_chunk(make_incidents(["1"]), rejected=rejected)
