"""Counting 2,000,000 points in 6,258 polygons: geopandas' own way and ours, in one run.

The polygons are Voronoi cells whose shared borders are made wiggly (about 190 vertices each), so
that neighbours share every vertex, as the layers of a town do. Both ways get the same frame and
the same coordinates and must give identical counts.

    python benchmarks/count_points.py [--points N] [--areas N] [--seed N]
"""

import argparse
import time

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely
from scipy.spatial import Voronoi

from hotspots import crs, schema
from hotspots.join import AreaIndex

SIDE_M = 40_000.0
LEFT_M, BOTTOM_M = -560_000.0, -1_070_000.0
VERTICES = 190


def wiggly_line(
    start: npt.NDArray[np.float64], end: npt.NDArray[np.float64], n: int, rng: np.random.Generator
) -> npt.NDArray[np.float64]:
    """Return n + 1 points from start to end that sway about the straight line, ends kept."""
    along = np.linspace(0.0, 1.0, n + 1)
    across = np.array([start[1] - end[1], end[0] - start[0]])
    phase = rng.uniform(0, 2 * np.pi, 3)
    size = rng.uniform(0.2, 1.0, 3) * [0.02, 0.01, 0.005]
    sway = sum(
        a * np.sin(f * np.pi * along + p)
        - a * np.sin(p) * (1 - along)
        - a * np.sin(f * np.pi + p) * along
        for a, f, p in zip(size, (2, 5, 11), phase, strict=True)
    )
    return start + along[:, None] * (end - start) + np.asarray(sway)[:, None] * across


def make_areas(n: int, *, seed: int) -> gpd.GeoDataFrame:
    """Return n polygons that share wiggly borders and cover a square."""
    rng = np.random.default_rng(seed)
    sites = rng.uniform(0, 1, (n, 2))
    mirrored = np.concatenate(
        [
            sites,
            sites * [-1, 1],
            sites * [1, -1],
            [2, 0] + sites * [-1, 1],
            [0, 2] + sites * [1, -1],
        ]
    )
    cells = Voronoi(mirrored)
    per_edge = max(1, round(VERTICES / 6))
    lines: dict[tuple[int, int], npt.NDArray[np.float64]] = {}
    polygons = []
    for site in range(n):
        ring = cells.regions[cells.point_region[site]]
        parts = []
        for a, b in zip(ring, ring[1:] + ring[:1], strict=True):
            key = (min(a, b), max(a, b))
            if key not in lines:
                lines[key] = wiggly_line(
                    cells.vertices[key[0]], cells.vertices[key[1]], per_edge, rng
                )
            line = lines[key] if key == (a, b) else lines[key][::-1]
            parts.append(line[:-1])
        polygons.append(shapely.Polygon(np.concatenate(parts) * SIDE_M + [LEFT_M, BOTTOM_M]))
    geometry = np.array(polygons, dtype=object)
    valid = shapely.is_valid(geometry)
    if not valid.all():
        raise SystemExit(
            f"{(~valid).sum()} of the made polygons cross themselves; take another seed"
        )
    return gpd.GeoDataFrame(
        {schema.AREA_ID: [f"cell:{i:05d}" for i in range(n)]}, geometry=geometry, crs=crs.EPSG
    )


def main() -> None:
    """Run both ways and print what each took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--points", type=int, default=2_000_000)
    parser.add_argument("--areas", type=int, default=6_258)
    parser.add_argument("--seed", type=int, default=20250101)
    options = parser.parse_args()
    areas = make_areas(options.areas, seed=options.seed)
    rng = np.random.default_rng(options.seed)
    x = rng.uniform(LEFT_M, LEFT_M + SIDE_M, options.points)
    y = rng.uniform(BOTTOM_M, BOTTOM_M + SIDE_M, options.points)
    vertices = shapely.get_num_coordinates(areas.geometry.array).mean()
    print(f"{options.points:,} points, {options.areas:,} polygons of {vertices:.0f} vertices")

    begun = time.perf_counter()
    index = AreaIndex(areas)
    made = time.perf_counter()
    rows = index.locate(x, y)
    ours = np.bincount(rows[rows >= 0], minlength=len(areas))
    first = time.perf_counter()
    again = np.bincount(index.locate(x, y) + 1, minlength=len(areas) + 1)[1:]
    warm = time.perf_counter() - first
    cold = first - begun
    print(
        f"hotspots.join: {cold:.2f} s with the index ({made - begun:.2f} s before the grid), "
        f"{warm:.2f} s with the index made"
    )

    begun = time.perf_counter()
    points = gpd.GeoDataFrame(geometry=gpd.points_from_xy(x, y), crs=crs.EPSG)
    with_points = time.perf_counter()
    joined = gpd.sjoin(points, areas, predicate="intersects")
    theirs = joined.groupby(schema.AREA_ID).size().reindex(areas[schema.AREA_ID], fill_value=0)
    ended = time.perf_counter()
    peer = ended - with_points
    print(
        f"geopandas.sjoin + groupby: {peer:.2f} s, and {with_points - begun:.2f} s to make points"
    )

    if not (np.array_equal(ours, theirs.to_numpy()) and np.array_equal(ours, again)):
        raise SystemExit("the counts differ")
    print(f"identical counts, {int(ours.sum()):,} points in areas")
    print(
        f"ratio: {peer / cold:.1f} x with the index, {peer / warm:.1f} x with the index made "
        "(points of the peer not charged)"
    )


if __name__ == "__main__":
    main()
