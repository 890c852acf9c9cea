"""Finding pairs of two sources against comparing every incident with every other in numpy.

The peer compares all pairs by time and distance only, in chunks; finding them scores them too.
Printed are seconds and the ratio. Run: python -m benchmarks.links
"""

import time

import numpy as np
import pandas as pd

from hotspots import schema
from hotspots.link import find_pairs

N = 20_000
DAYS = 3 * 365
CHUNK = 200
SEED = 20_240


def make_source(name: str, random: np.random.Generator) -> pd.DataFrame:
    """Return N incidents over three years around one point."""
    minutes = random.integers(0, DAYS * 1_440, N)
    times = np.datetime64("2022-01-01T00:00", "s") + (minutes * 60).astype("timedelta64[s]")
    groups = random.choice(["public_order", "coexistence", "theft", "traffic"], N)
    return pd.DataFrame(
        {
            schema.INCIDENT_ID: [f"{name}:{number:07d}" for number in range(N)],
            schema.SOURCE: name,
            schema.OCCURRED_FROM: times,
            schema.OCCURRED_TO: times,
            schema.TIME_PRECISION: "minute",
            schema.OFFENCE_GROUPS: groups,
            schema.X: -543_000 + random.normal(0, 800, N),
            schema.Y: -1_051_000 + random.normal(0, 800, N),
            schema.PLACE_TEXT: "",
            schema.PLACE_METHOD: "coordinates",
            schema.PLACE_PRECISION_M: np.nan,
            schema.DISPLACED: False,
        }
    )


def compare_all(a: pd.DataFrame, b: pd.DataFrame) -> int:
    """Return how many pairs lie within 500 m and 12 hours, comparing all."""
    x, y = b[schema.X].to_numpy(), b[schema.Y].to_numpy()
    when = b[schema.OCCURRED_FROM].to_numpy(dtype="datetime64[s]").astype(np.int64)
    own = a[schema.OCCURRED_FROM].to_numpy(dtype="datetime64[s]").astype(np.int64)
    found = 0
    for start in range(0, len(a), CHUNK):
        part = slice(start, start + CHUNK)
        close = np.abs(own[part, None] - when) <= 12 * 3_600
        east = a[schema.X].to_numpy()[part, None] - x
        north = a[schema.Y].to_numpy()[part, None] - y
        found += int((close & (np.hypot(east, north) <= 500)).sum())
    return found


def main() -> None:
    """Time both and print the ratio."""
    random = np.random.default_rng(SEED)
    a, b = make_source("apk", random), make_source("police", random)
    both = pd.concat([a, b], ignore_index=True)
    began = time.perf_counter()
    n_pairs = len(find_pairs(both))
    found_s = time.perf_counter() - began
    began = time.perf_counter()
    n_close = compare_all(a, b)
    naive_s = time.perf_counter() - began
    print(f"{N} × {N} incidents (seed {SEED}): {n_close} close pairs, {n_pairs} with a score")
    print(f"find_pairs {found_s:.2f} s, all pairs {naive_s:.2f} s, ratio {naive_s / found_s:.1f}")


if __name__ == "__main__":
    main()
