"""How much time, place and offence speak for two incidents being one event.

Fellegi & Sunter (1969): each comparison adds the logarithm of m/u, where m is how often it comes
out so for one event noted twice, after a stated model of errors, and u how often for unrelated
incidents, estimated from the incidents themselves. Fellegi & Sunter, "A theory for record
linkage", JASA 64, doi:10.1080/01621459.1969.10501049.
"""

from typing import Final

import numpy as np
import numpy.typing as npt

from hotspots.link.blocking import gaps
from hotspots.link.options import LinkOptions
from hotspots.link.records import DAY, FloatArray, IntArray, Records
from hotspots.offences import (
    ACCIDENT,
    ALCOHOL_DRUGS,
    BURGLARY,
    COEXISTENCE,
    OBSERVATION,
    ORDINANCE,
    OTHER_OFFENCE,
    PROPERTY,
    PUBLIC_ORDER,
    THEFT,
    TRAFFIC,
    VIOLENCE,
)

GAP_EDGES: Final = (5.0, 15.0, 60.0, 180.0, 720.0, 1_440.0)  # [min]
DISTANCE_EDGES: Final = (25.0, 50.0, 100.0, 200.0, 500.0)  # [m]
SAME, RELATED, UNLIKE = 0, 1, 2
# Of groups that may be anything: whether it is the same is told by the sources' own words.
BY_WORDS: Final = 3
# How often one event noted twice gets the same, a related or an unlike offence.
OFFENCE_M: Final = (0.75, 0.17, 0.08)
# Offences for which one and the same event is easily taken.
RELATED_GROUPS: Final = (
    frozenset({PUBLIC_ORDER, COEXISTENCE, ALCOHOL_DRUGS, ORDINANCE}),
    frozenset({COEXISTENCE, VIOLENCE}),
    frozenset({PUBLIC_ORDER, VIOLENCE}),
    frozenset({PUBLIC_ORDER, PROPERTY}),
    frozenset({PROPERTY, THEFT, BURGLARY}),
    frozenset({TRAFFIC, ACCIDENT}),
)
# What is said in so general a way that it may be anything.
_GENERAL: Final = frozenset({OBSERVATION, OTHER_OFFENCE})
# So large a share of the words of both together must be in both to tell the same.
_WORDS_SHARED: Final = 0.5
# Few incidents say little of what is usual: so many pairs of a usual town are added, in which
# incidents are spread evenly over the time and the land that both sources span together, at most
# a year and ten square kilometres, at least a week and a quarter of one.
USUAL_PAIRS: Final = 1_000.0
_USUAL_MINUTES: Final = (7 * DAY, 365 * DAY)
_USUAL_M2: Final = (0.25e6, 10e6)
_FEWEST: Final = 10  # fewer incidents do not tell how large a source or a town is
_USUAL_OFFENCE: Final = (0.25, 0.35, 0.40)
# Pairs of which one is moved by whole weeks are unrelated, and keep the hours and weekdays.
_WEEKS: Final = (-4, -3, -2, -1, 1, 2, 3, 4)
_HALF_WEEK: Final = 3.5 * DAY
_EVEN: Final = 180.0
_KNOTS: Final = np.array([0.0, 1, 5, 15, 60, _EVEN, 720, 1_440, 2_880, _HALF_WEEK])
_SAMPLE_TIMES: Final = 4_000
_SAMPLE_PLACES: Final = 1_000
_UNRELATED: Final = 2 * DAY  # apart [min], pairs of places are of unrelated incidents
_LOCAL_M: Final = 50.0  # side of the cells in which places are counted


class Evidence:
    """The weights of pairs of two sources.

    Parameters
    ----------
    a, b
        Incidents of the two sources; the result is the same when they are exchanged.
    options
        The model of errors.
    """

    def __init__(self, a: Records, b: Records, options: LinkOptions) -> None:
        self._a, self._b, self._options = a, b, options
        self._n_pairs = float(len(a)) * len(b)
        self.time_share = self._time_share()
        self.distance_share = self._distance_share()
        self._local_a, self._local_b = _local_shares(a, b)
        self._relation = _relations(a.groups, b.groups)
        self._offence_u = self._offence_shares()
        self._words_u = self._word_shares()

    def prior(self) -> float:
        """Return the odds that two incidents are one event before anything is known of them."""
        return self._options.share_in_both / max(len(self._a), len(self._b), _FEWEST)

    def time(self, row_a: IntArray, row_b: IntArray) -> FloatArray:
        """Return m/u of the gap between the times of pairs, in the class it falls in."""
        # Times with a gap of g lie with their middles g and half their lengths apart.
        half = (self._a.length[row_a] + self._b.length[row_b]) / 2 - 1
        low, high = _bounds(gaps(self._a, self._b, row_a, row_b), GAP_EDGES)
        first = low <= 0
        low, high = low + half, high + half
        error = self._options.time_error_minutes
        m = np.where(first, 1.0, np.exp(-low / error)) - np.exp(-high / error)
        u = self._unrelated_time(high) - np.where(first, 0.0, self._unrelated_time(low))
        return self._ratio(m, u)

    def distance(self, row_a: IntArray, row_b: IntArray, distance_m: FloatArray) -> FloatArray:
        """Return m/u of the distance of pairs [m]; 1 where it is not known (NaN)."""
        ratio = np.ones(len(distance_m))
        known = np.flatnonzero(np.isfinite(distance_m))
        row_a, row_b = row_a[known], row_b[known]
        low, high = _bounds(distance_m[known], DISTANCE_EDGES)
        spread2 = (
            self._options.place_error_m**2 + self._a.off_m[row_a] ** 2 + self._b.off_m[row_b] ** 2
        )
        m = np.exp(-(low**2) / (2 * spread2)) - np.exp(-(high**2) / (2 * spread2))
        edges = np.array([0.0, *DISTANCE_EDGES, np.inf])
        shares = np.concatenate([[0.0], self.distance_share, [1.0]])
        u = np.interp(high, edges[:-1], shares[:-1]) - np.interp(low, edges[:-1], shares[:-1])
        u = np.where(np.isinf(high), 1.0 - shares[-2], u)
        # Where incidents crowd, two of them lie close together by chance more often.
        usual = np.interp(_LOCAL_M * 3 / np.sqrt(np.pi), edges[:-1], shares[:-1])
        local = (self._local_a[row_a] + self._local_b[row_b]) / 2
        u = np.minimum(u * np.maximum(1.0, local / usual), 1.0)
        ratio[known] = self._ratio(m, u)
        return ratio

    def relation(self, row_a: IntArray, row_b: IntArray) -> IntArray:
        """Return how alike the offences of pairs are: `SAME`, `RELATED` or `UNLIKE`."""
        found = self._relation[self._a.group[row_a], self._b.group[row_b]]
        asked = np.flatnonzero(found == BY_WORDS)
        if len(asked):
            own, others = self._a.words, self._b.words
            code = self._a.word[row_a[asked]] * np.int64(len(others)) + self._b.word[row_b[asked]]
            codes, where = np.unique(code, return_inverse=True)
            told = [_compare_words(own[c // len(others)], others[c % len(others)]) for c in codes]
            found[asked] = np.array(told, dtype=np.int64)[where]
        return found

    def offence(self, row_a: IntArray, row_b: IntArray) -> FloatArray:
        """Return m/u of how alike the offences of pairs are."""
        group_a, group_b = self._a.group[row_a], self._b.group[row_b]
        relation = self.relation(row_a, row_b)
        u = self._offence_u[relation, group_a, group_b]
        told = (self._relation[group_a, group_b] == BY_WORDS) & (relation == SAME)
        u_words = (
            self._words_u[0][self._a.word[row_a]] + self._words_u[1][self._b.word[row_b]]
        ) / 2
        u = np.where(told, np.minimum(u, u_words), u)
        return self._ratio(np.array(OFFENCE_M)[relation], u)

    def _ratio(self, m: FloatArray, u: FloatArray) -> FloatArray:
        mistaken = self._options.mistake_share
        u = np.maximum(u, 1e-12)
        return np.asarray(((1 - mistaken) * m + mistaken * u) / u, dtype=np.float64)

    def _unrelated_time(self, apart: FloatArray) -> FloatArray:
        return np.interp(apart, _KNOTS, self.time_share)

    def _time_share(self) -> FloatArray:
        """Return the share of unrelated pairs whose middles lie within each knot [min]."""
        a, b = np.sort(self._a.middle), np.sort(self._b.middle)
        if len(a) > len(b):
            a, b = b, a
        a = a[:: max(1, len(a) // _SAMPLE_TIMES)]
        moved = np.zeros(len(_KNOTS))
        for weeks in _WEEKS:
            moved += [_count_within(a + weeks * 7 * DAY, b, apart) for apart in _KNOTS]
        # Some of the pairs that are close are one event, and say nothing of unrelated ones.
        fewest = min(len(a), len(b))
        if moved[-1] > 0:
            expected = self._options.share_in_both * fewest
            near = max(_count_within(a, b, _HALF_WEEK) - expected, 0.0)
            found = near * moved / moved[-1]
        else:  # all within a few weeks, nothing to move them by
            expected = self._options.share_in_both * fewest
            close = [_count_within(a, b, apart) - expected for apart in _KNOTS]
            found = np.maximum(np.array(close, dtype=np.float64), 0.0)
            # Among the closest those of one event are many: unrelated ones come evenly there.
            found = np.where(_KNOTS < _EVEN, found[_KNOTS == _EVEN] * _KNOTS / _EVEN, found)
        share = found / max(float(len(a)) * len(b), 1.0)
        usual = np.minimum(2 * _KNOTS / self._usual_minutes(), 1.0)
        return self._with_usual(share, usual)

    def _usual_minutes(self) -> float:
        """Return over how long incidents of a usual town are spread [min]."""
        times = np.concatenate([self._a.middle, self._b.middle])
        return float(np.clip(np.ptp(times), *_USUAL_MINUTES))

    def _usual_m2(self) -> float:
        """Return over how much land places of a usual town are spread [m²]."""
        placed = [records.take(np.flatnonzero(records.is_placed)) for records in (self._a, self._b)]
        x, y = (np.concatenate([getattr(one, axis) for one in placed]) for axis in "xy")
        if len(x) < _FEWEST:
            return _USUAL_M2[1]
        # The land on which evenly spread places lie as close as normally distributed ones do.
        return float(np.clip(4 * np.pi * x.std() * y.std(), *_USUAL_M2))

    def _distance_share(self) -> FloatArray:
        """Return the share of unrelated pairs within each of `DISTANCE_EDGES`."""
        usual = np.minimum(np.pi * np.square(DISTANCE_EDGES) / self._usual_m2(), 1.0)
        one, two = (_sampled(records) for records in (self._a, self._b))
        if not (len(one) and len(two)):
            return self._with_usual(np.zeros(len(DISTANCE_EDGES)), usual, n_pairs=0.0)
        a, b = self._a, self._b
        apart = np.hypot(a.x[one][:, None] - b.x[two], a.y[one][:, None] - b.y[two])
        unrelated = np.abs(a.middle[one][:, None] - b.middle[two]) > _UNRELATED
        n = int(unrelated.sum())
        found = np.array([((apart <= edge) & unrelated).sum() for edge in DISTANCE_EDGES])
        return self._with_usual(found / max(n, 1), usual, n_pairs=float(n))

    def _offence_shares(self) -> FloatArray:
        """Return how often unrelated incidents are as alike in offence as each two of groups."""
        n_a = np.bincount(self._a.group, minlength=len(self._a.groups)) / max(len(self._a), 1)
        n_b = np.bincount(self._b.group, minlength=len(self._b.groups)) / max(len(self._b), 1)
        shares = np.zeros((len(_USUAL_OFFENCE), *self._relation.shape))
        by_words = self._relation == BY_WORDS
        for relation, usual in zip((SAME, RELATED, UNLIKE), _USUAL_OFFENCE, strict=True):
            # Pairs that words decide may come out as any of the three.
            is_so = (self._relation == relation) | by_words
            # Two of a rare offence are less often met by chance than two of a common one.
            share = ((is_so @ n_b)[:, None] + (n_a @ is_so)[None, :]) / 2
            mixed = self._with_usual(share, np.full(share.shape, usual))
            # That both are of a group that may be anything speaks for nothing, however rare it is.
            weak = by_words & (relation == RELATED)
            shares[relation] = np.where(weak, np.maximum(mixed, OFFENCE_M[RELATED]), mixed)
        return shares

    def _word_shares(self) -> tuple[FloatArray, FloatArray]:
        """Return, for the words of each source, how often the other's share half of them."""
        usual = _USUAL_OFFENCE[SAME]
        found = []
        for here, other in ((self._a, self._b), (self._b, self._a)):
            n = np.bincount(other.word, minlength=len(other.words)).tolist()
            per_word: dict[str, int] = {}
            for words, count in zip(other.words, n, strict=True):
                for word in words:
                    per_word[word] = per_word.get(word, 0) + count
            # No more can share half than hold any, nor than the words found make up halves.
            sums = [sum(per_word.get(word, 0) for word in words) for words in here.words]
            halves = [max(1.0, len(words) * _WORDS_SHARED) for words in here.words]
            share = np.minimum(np.array(sums) / np.array(halves) / max(len(other), 1), 1.0)
            found.append(self._with_usual(share, np.full(len(share), usual)))
        return found[0], found[1]

    def _with_usual(
        self, share: FloatArray, usual: FloatArray, *, n_pairs: float | None = None
    ) -> FloatArray:
        n = self._n_pairs if n_pairs is None else n_pairs
        mixed: FloatArray = (share * n + usual * USUAL_PAIRS) / (n + USUAL_PAIRS)
        return mixed


def _bounds(values: FloatArray, edges: tuple[float, ...]) -> tuple[FloatArray, FloatArray]:
    """Return the class of each value as its lower and upper edge; above the last it is open."""
    below = np.array([0.0, *edges])
    above = np.array([*edges, np.inf])
    number = np.searchsorted(np.array(edges), values, side="left")
    return below[number], above[number]


def _count_within(a: FloatArray, b: FloatArray, apart: float) -> int:
    """Return how many pairs of two sorted arrays differ by at most `apart`."""
    high = np.searchsorted(b, a + apart, side="right")
    return int((high - np.searchsorted(b, a - apart, side="left")).sum())


def _sampled(records: Records) -> IntArray:
    """Return every k-th of the placed records, of which there are about `_SAMPLE_PLACES`."""
    placed = np.flatnonzero(records.is_placed)
    return placed[:: max(1, len(placed) // _SAMPLE_PLACES)]


def _local_shares(a: Records, b: Records) -> tuple[FloatArray, FloatArray]:
    """Return the share of the other source's places around each record, the pair itself aside.

    Around are nine cells of 50 m with the record's own in the middle.
    """
    return _share_around(a, b), _share_around(b, a)


def _share_around(here: Records, other: Records) -> FloatArray:
    share = np.zeros(len(here))
    own, others = np.flatnonzero(here.is_placed), np.flatnonzero(other.is_placed)
    if not (len(own) and len(others)):
        return share
    width = np.int64(2**31)
    names, n = np.unique(
        np.floor(other.x[others] / _LOCAL_M).astype(np.int64) * width
        + np.floor(other.y[others] / _LOCAL_M).astype(np.int64),
        return_counts=True,
    )
    column = np.floor(here.x[own] / _LOCAL_M).astype(np.int64)
    row = np.floor(here.y[own] / _LOCAL_M).astype(np.int64)
    found = np.zeros(len(own), dtype=np.int64)
    for dx in (-1, 0, 1):
        for dy in (-1, 0, 1):
            wanted = (column + dx) * width + row + dy
            at = np.searchsorted(names, wanted).clip(0, len(names) - 1)
            found += np.where(names[at] == wanted, n[at], 0)
    share[own] = np.maximum(found - 1, 0) / (len(others) + USUAL_PAIRS / 10)
    return share


def _relations(
    ones: tuple[frozenset[str], ...], twos: tuple[frozenset[str], ...]
) -> npt.NDArray[np.int64]:
    """Return how alike each two sets of offence groups are: one of the four."""
    found = np.full((len(ones), len(twos)), UNLIKE, dtype=np.int64)
    for i, one in enumerate(ones):
        for j, two in enumerate(twos):
            if one & two:
                found[i, j] = SAME if (one & two) - _GENERAL else BY_WORDS
            elif (one | two) & _GENERAL or any(one & r and two & r for r in RELATED_GROUPS):
                found[i, j] = RELATED
    return found


def _compare_words(one: frozenset[str], two: frozenset[str]) -> int:
    """Return how alike two things of a general group are by the words in which they are told."""
    if one and two and not one & two:
        return UNLIKE
    return SAME if (one & two) and len(one & two) >= _WORDS_SHARED * len(one | two) else RELATED
