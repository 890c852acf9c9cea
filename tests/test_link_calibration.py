"""Scores against the truth of simulated towns: what is called 90 must be one event in about 90 %.

The towns crowd in place and in time, and half of one source is noted without the hour and at the
middle of a street. `python -m tests.test_link_calibration` prints the table of docs/links.md.
"""

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

from hotspots import schema
from hotspots.link import LinkOptions, find_pairs
from hotspots.link.options import PROBABLE

BINS = (10, 20, 35, 50, 70, 90, 100)
STREETS = 60
STREET_OFF_M = 150.0
GROUPS = ("public_order", "coexistence", "theft", "traffic", "observation")
GROUP_SHARES = (0.3, 0.2, 0.15, 0.1, 0.25)
SEEN = ("rada občanovi", "záškoláctví", "volně pobíhající pes", "vrak vozidla", "nález věci")


def simulate(seed, *, n_a, n_b, days, share, coarse=0.5):
    """Return two sources of a town, and the pairs of ids that are one event.

    `share` of the smaller is in the other too; `coarse` of the first is known to the day and the
    street only. Events crowd in the evening, at weekends and around five places.
    """
    random = np.random.default_rng(seed)
    n_both = round(share * min(n_a, n_b))
    n = n_a + n_b - n_both
    hours = np.arange(24)
    by_hour = 1 + 2 * np.exp(-((hours - 21) ** 2) / 18) + np.exp(-((hours - 10) ** 2) / 18)
    by_day = np.where(np.arange(days) % 7 >= 5, 2.0, 1.0)
    day = random.choice(days, n, p=by_day / by_day.sum())
    minute = day * 1_440.0 + random.choice(24, n, p=by_hour / by_hour.sum()) * 60
    minute += random.integers(0, 60, n)
    centres = random.normal(0, 700, (5, 2))
    at = random.integers(0, 5, n)
    spread = np.where(random.random(n) < 0.5, 120.0, 700.0)[:, None]
    place = np.where(spread < 200, centres[at], 0.0) + random.normal(0, 1, (n, 2)) * spread
    group = random.choice(GROUPS, n, p=GROUP_SHARES)
    seen = random.choice(SEEN, n, p=(0.4, 0.2, 0.2, 0.1, 0.1))
    streets = random.normal(0, 700, (STREETS, 2))
    a = noted("apk", np.arange(n_a), random, minute, place, group, seen)
    b = noted("police", np.arange(n_a - n_both, n), random, minute, place, group, seen)
    vague = random.random(n_a) < coarse
    for column in (schema.OCCURRED_FROM, schema.OCCURRED_TO):
        days_of = a[column].to_numpy().astype("datetime64[D]").astype("datetime64[s]")
        a[column] = np.where(vague, days_of, a[column].to_numpy())
    a.loc[vague, schema.TIME_PRECISION] = "day"
    a.loc[vague, schema.PLACE_METHOD] = "street"
    a.loc[vague, schema.PLACE_PRECISION_M] = STREET_OFF_M
    xy = a[[schema.X, schema.Y]].to_numpy()
    apart = np.hypot(*(xy[:, None, :] - streets[None, :, :]).transpose(2, 0, 1))
    middle = streets[apart.argmin(axis=1)]
    a[schema.X], a[schema.Y] = np.where(vague[:, None], middle, xy).T
    for frame in (a, b):
        frame[schema.X] += -543_000.0
        frame[schema.Y] += -1_051_000.0
    both = {(f"apk:{e:06d}", f"police:{e:06d}") for e in range(n_a - n_both, n_a)}
    return pd.concat([a, b], ignore_index=True), both


def noted(source, events, random, minute, place, group, seen):
    """What one source writes of events: late by up to an hour or so, off by some metres."""
    n = len(events)
    late = np.round(random.exponential(15, n))
    times = np.datetime64("2024-01-01T00:00", "s") + (
        (minute[events] + late).astype(np.int64) * 60
    ).astype("timedelta64[s]")
    off = random.normal(0, 20, (n, 2))
    otherwise = random.random(n)
    groups = np.where(otherwise < 0.1, random.choice(GROUPS, n, p=GROUP_SHARES), group[events])
    words = np.where(groups == "observation", seen[events], "")
    return pd.DataFrame(
        {
            schema.INCIDENT_ID: pd.Series([f"{source}:{e:06d}" for e in events], dtype="str"),
            schema.SOURCE: pd.Series([source] * n, dtype="str"),
            schema.OCCURRED_FROM: times,
            schema.OCCURRED_TO: times,
            schema.TIME_PRECISION: pd.Series(["minute"] * n, dtype="str"),
            schema.OFFENCE_GROUPS: pd.Series(groups, dtype="str"),
            schema.OFFENCE_DETAIL: pd.Series(words, dtype="str"),
            schema.X: place[events, 0] + off[:, 0],
            schema.Y: place[events, 1] + off[:, 1],
            schema.PLACE_TEXT: pd.Series([""] * n, dtype="str"),
            schema.PLACE_METHOD: pd.Series(["coordinates"] * n, dtype="str"),
            schema.PLACE_PRECISION_M: np.full(n, np.nan),
            schema.DISPLACED: False,
        }
    )


# Incidents of both, days, share of the smaller in both.
TOWNS = {
    "3 years": (1_500, 4_000, 1_095, 0.1),
    "half a year": (300, 900, 180, 0.1),
    "a month": (60, 100, 30, 0.1),
    "a week": (20, 25, 7, 0.1),
    "half a year, 3 % in both": (300, 900, 180, 0.03),
    "half a year, 30 % in both": (300, 900, 180, 0.3),
}


def compare(town, *, seeds):
    """Return scores, whether the pairs are true, and whether coarse, of simulated towns."""
    parts = []
    for seed in seeds:
        n_a, n_b, days, share = TOWNS[town]
        frame, both = simulate(seed, n_a=n_a, n_b=n_b, days=days, share=share)
        found = find_pairs(frame, options=LinkOptions(min_score=BINS[0]))
        keys = zip(found[schema.INCIDENT_A], found[schema.INCIDENT_B], strict=True)
        day = set(frame.loc[frame[schema.TIME_PRECISION] == "day", schema.INCIDENT_ID])
        parts.append(
            pd.DataFrame(
                {
                    "score": found[schema.LINK_SCORE],
                    "true": [key in both for key in keys],
                    "coarse": found[schema.INCIDENT_A].isin(day),
                }
            )
        )
    return pd.concat(parts, ignore_index=True)


def table(found):
    """Return rows of (from, to, pairs, mean score, share of true pairs in per cent)."""
    rows = []
    for low, high in pairwise(BINS):
        own = found[(found["score"] >= low) & (found["score"] < high + (high == 100))]
        if len(own):
            rows.append((low, high, len(own), own["score"].mean(), 100 * own["true"].mean()))
    return rows


@pytest.mark.parametrize(("town", "n_towns"), [("a week", 60), ("half a year", 6)])
def test_scores_are_about_the_share_of_true_pairs(town, n_towns):
    found = compare(town, seeds=range(n_towns))
    for coarse in (False, True):
        own = found[found["coarse"] == coarse]
        probable = own[own["score"] >= PROBABLE]
        assert probable["true"].mean() >= 0.7
        assert probable["score"].mean() / 100 - probable["true"].mean() <= 0.1
    assert found.loc[found["score"] >= 90, "true"].mean() >= 0.9
    # A record of the day and the street only is hardly ever called probable, and never sure.
    assert own["score"].max() < 95


def main():
    """Print the table."""
    bins = " | ".join(f"{low}–{high}" for low, high in pairwise(BINS))
    print(f"| towns | first source knows | {bins} |\n|---|---|" + "---|" * (len(BINS) - 1))
    for name, (n_a, *_rest) in TOWNS.items():
        found = compare(name, seeds=range(max(6, 6_000 // n_a)))
        for coarse in (False, True):
            kind = "day, street" if coarse else "minute, place"
            cells = {row[0]: row for row in table(found[found["coarse"] == coarse])}
            told = [
                f"{cells[low][4]:.0f} % of {cells[low][2]}" if low in cells else "–"
                for low in BINS[:-1]
            ]
            print(f"| {name} | {kind} | " + " | ".join(told) + " |")


if __name__ == "__main__":
    main()
