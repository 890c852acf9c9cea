"""Import of general points beside reading the same file with pandas and geopandas alone.

Prints rows per second, the ratio and the peak memory of each; both run in one go on one machine,
each in a process of its own. Run: python benchmarks/import_points.py [--rows N]
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

SEED = 20240305
COLUMNS = ["id", "when", "x", "y", "offence", "place", "note"]


def write_points(path: Path, n_rows: int) -> None:
    """Write `n_rows` made-up incidents in and around Jeseník, seeded."""
    rng = np.random.default_rng(SEED)
    start = np.datetime64("2016-01-01T00:00", "m")
    when = start + rng.integers(0, 9 * 365 * 24 * 60, n_rows)
    kinds = np.array(["loud noise at night", "bicycle stolen", "damaged bench", "drunken quarrel"])
    frame = pd.DataFrame(
        {
            "id": [f"MP-{n:08d}" for n in rng.permutation(n_rows)],
            "when": pd.Series(when).dt.strftime("%d.%m.%Y %H:%M"),
            "x": rng.normal(-543_455, 2_000, n_rows).round(2),
            "y": rng.normal(-1_050_795, 2_000, n_rows).round(2),
            "offence": kinds[rng.integers(0, len(kinds), n_rows)],
            "place": np.char.add("Lipovská ", rng.integers(1, 400, n_rows).astype(str)),
            "note": "",
        },
        columns=COLUMNS,
    )
    frame.to_csv(path, index=False, sep=";")


def run_peer(path: Path) -> int:
    """Read the file into points with pandas and geopandas; return their number."""
    import geopandas as gpd

    frame = pd.read_csv(path, sep=";")
    points = gpd.GeoDataFrame(
        frame, geometry=gpd.points_from_xy(frame["x"], frame["y"]), crs="EPSG:5514"
    )
    return len(points)


def run_ours(path: Path) -> int:
    """Import the file into a new workspace; return the number of incidents stored."""
    from hotspots.ingest.importer import import_file
    from hotspots.ingest.mapping import Mapping
    from hotspots.workspace_init import init_workspace

    mapping = Mapping.from_dict(
        {
            "source": "points",
            "kind": "municipal_police",
            "columns": {
                "source_ref": "id",
                "occurred": "when",
                "x": "x",
                "y": "y",
                "offence": "offence",
                "place_text": "place",
                "note": "note",
            },
            "values": {"crs": "EPSG:5514"},
            "offences": {
                "loud noise at night": "public_order",
                "bicycle stolen": "theft",
                "damaged bench": "property",
                "drunken quarrel": "coexistence",
            },
        }
    )
    workspace = init_workspace(path.parent / "workspace")
    began = time.perf_counter()
    account = import_file(workspace, path, mapping=mapping)
    print(json.dumps({"seconds": time.perf_counter() - began}), flush=True)
    account.check()
    return account.n_stored


def read_back(path: Path) -> int:
    """Read every stored incident; return their number."""
    from hotspots.settings import Workspace
    from hotspots.store import Store

    with Store.open(Workspace.open(path.parent / "workspace")) as store:
        return len(store.read_incidents())


RUNS = {"peer": run_peer, "ours": run_ours, "read": read_back}


def measure(name: str, path: Path) -> tuple[float, float, int]:
    """Run one of `RUNS` in its own process: seconds, peak memory [MB], rows."""
    done = subprocess.run(
        [sys.executable, __file__, "--run", name, "--file", str(path)],
        check=True,
        capture_output=True,
        text=True,
    )
    result = json.loads(done.stdout.splitlines()[-1])
    return result["seconds"], result["memory_mb"], result["rows"]


def main() -> None:
    """Write the points, run both, print the comparison."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--run", choices=sorted(RUNS))
    parser.add_argument("--file", type=Path)
    arguments = parser.parse_args()
    if arguments.run:
        began = time.perf_counter()
        rows = RUNS[arguments.run](arguments.file)
        seconds = time.perf_counter() - began
        memory_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(json.dumps({"seconds": seconds, "memory_mb": memory_mb, "rows": rows}))
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "points.csv"
        write_points(path, arguments.rows)
        size_mb = path.stat().st_size / 1e6
        print(f"{arguments.rows:,} rows, {size_mb:.0f} MB of CSV")
        found = {}
        for name, label in (
            ("peer", "pandas.read_csv + geopandas.points_from_xy"),
            ("ours", "hotspots import (checked, placed, stored)"),
            ("read", "reading all incidents back from the store"),
        ):
            found[name] = measure(name, path)
            seconds, memory_mb, rows = found[name]
            if rows != arguments.rows:
                raise SystemExit(f"{label}: {rows:,} rows instead of {arguments.rows:,}")
            print(
                f"{label:<44} {seconds:7.1f} s {rows / seconds:12,.0f} rows/s {memory_mb:7.0f} MB"
            )
        ratio = found["ours"][0] / found["peer"][0]
        print(f"our import takes {ratio:.1f} times the time of the peer")


if __name__ == "__main__":
    main()
