"""Import of one table as CSV and as XLSX beside reading the same files with pandas and openpyxl.

Writing the XLSX is compared too, with openpyxl's write-only mode. Prints seconds, peak memory and
ratios; all runs follow each other on one machine, each in a process of its own.
Run: python benchmarks/import_tables.py [--rows N]
"""

import argparse
import csv
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import openpyxl
import pandas as pd
from import_points import run_ours, write_points

from hotspots.spreadsheet import Sheet, write_workbook

NUMBERS = {"x", "y"}


def typed_rows(path: Path) -> Iterator[list[str | float]]:
    """Yield the rows of a CSV file, its positions as numbers, the header first."""
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.reader(file, delimiter=";")
        header = next(reader)
        yield list(header)
        numbers = [name in NUMBERS for name in header]
        for row in reader:
            yield [
                float(text) if number else text for text, number in zip(row, numbers, strict=True)
            ]


def write_ours(path: Path) -> int:
    """Write the workbook with our writer; return the number of rows."""
    write_workbook(path.with_suffix(".xlsx"), [Sheet("points", typed_rows(path))])
    return sum(1 for _row in typed_rows(path)) - 1


def write_peer(path: Path) -> int:
    """Write the workbook with openpyxl; return the number of rows."""
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("points")
    n_rows = -1
    for row in typed_rows(path):
        sheet.append(row)
        n_rows += 1
    book.save(path.with_name("peer.xlsx"))
    return n_rows


def read_csv_peer(path: Path) -> int:
    """Read the CSV with pandas; return the number of rows."""
    return len(pd.read_csv(path, sep=";"))


def read_xlsx_peer(path: Path) -> int:
    """Read the values of the XLSX with openpyxl; return the number of rows."""
    sheet = openpyxl.load_workbook(path.with_suffix(".xlsx"), read_only=True).active
    return sum(1 for _row in sheet.iter_rows(values_only=True)) - 1


def import_csv(path: Path) -> int:
    """Import the CSV into a new workspace; return the number of incidents stored."""
    return _import(path, "csv")


def import_xlsx(path: Path) -> int:
    """Import the XLSX into a new workspace; return the number of incidents stored."""
    return _import(path.with_suffix(".xlsx"), "xlsx")


def _import(path: Path, name: str) -> int:
    folder = path.parent / name
    folder.mkdir()
    return run_ours(path.rename(folder / path.name))


RUNS = {
    "write_xlsx": (write_peer, write_ours, "openpyxl write-only", "XLSX written"),
    "csv": (read_csv_peer, import_csv, "pandas.read_csv", "CSV imported (checked, stored)"),
    "xlsx": (read_xlsx_peer, import_xlsx, "openpyxl read-only", "XLSX imported (checked, stored)"),
}


def measure(name: str, which: int, path: Path) -> tuple[float, float, int]:
    """Run one side of `RUNS` in its own process: seconds, peak memory [MB], rows."""
    done = subprocess.run(
        [sys.executable, __file__, "--run", name, "--side", str(which), "--file", str(path)],
        check=True,
        capture_output=True,
        text=True,
    )
    result = json.loads(done.stdout.splitlines()[-1])
    return result["seconds"], result["memory_mb"], result["rows"]


def main() -> None:
    """Write the table, run each pair, print the comparison."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--run", choices=sorted(RUNS))
    parser.add_argument("--side", type=int, choices=(0, 1), default=0)
    parser.add_argument("--file", type=Path)
    arguments = parser.parse_args()
    if arguments.run:
        began = time.perf_counter()
        rows = RUNS[arguments.run][arguments.side](arguments.file)
        seconds = time.perf_counter() - began
        memory_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(json.dumps({"seconds": seconds, "memory_mb": memory_mb, "rows": rows}))
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "points.csv"
        write_points(path, arguments.rows)
        print(f"{arguments.rows:,} rows, {path.stat().st_size / 1e6:.0f} MB of CSV")
        for name, (_peer, _ours, *labels) in RUNS.items():
            seconds = []
            for which, label in enumerate(labels):
                took, memory_mb, rows = measure(name, which, path)
                if rows != arguments.rows:
                    raise SystemExit(f"{label}: {rows:,} rows instead of {arguments.rows:,}")
                seconds.append(took)
                print(f"{label:<34} {took:7.1f} s {memory_mb:7.0f} MB")
            print(f"  ours takes {seconds[1] / seconds[0]:.2f} times the time of the peer")


if __name__ == "__main__":
    main()
