"""Lines that cross too often to be a street or a border, found before any work is done on them.

Shapes of few vertices can cross millions of times, and every way to cut lines at their crossings
then takes hours and all memory. Here crossings are only counted, and counting stops at a limit.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from hotspots.errors import SchemaError
from hotspots.i18n import _, format_number

# Real streets and borders stay below a few hundred.
MAX_SELF_CROSSINGS: Final = 1_000
MAX_CROSSINGS: Final = 2_000  # of one street with all others
MAX_CROSSINGS_OF_TOWN: Final = 500_000
# Stretches whose bounding boxes overlap are looked at pair by pair: so many for each stretch…
_PAIRS_EACH: Final = 30
_PAIRS_FREE: Final = 100_000  # … and so many more for each shape
_FEW: Final = 40  # stretches that cannot cross more often than allowed
_AT_ONCE: Final = 2_000_000  # pairs in memory
_MOST_ASKED: Final = 8_192
_BRANCHES: Final = 3  # stretches that meet where a line branches

_Floats = npt.NDArray[np.float64]
_Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Tangle:
    """A shape that crosses too often.

    Attributes
    ----------
    row
        Which of the shapes.
    what
        What it does, to be put after its name, in the language in force.
    """

    row: int
    what: str


def is_tangled(shape: shapely.Geometry) -> bool:
    """Say whether a line, or the rings of a polygon, cross themselves over 1,000 times."""
    return find_tangle([shape]) is not None


def make_untangled_valid(shapes: npt.NDArray[np.object_]) -> npt.NDArray[np.object_]:
    """Return shapes made valid; those too tangled to be made so within bounds are empty."""
    left = np.asarray(shapes, dtype=object).copy()
    for i in np.flatnonzero(~shapely.is_valid(left) & ~shapely.is_missing(left)):
        if is_tangled(left[i]):
            left[i] = shapely.Polygon()
    return np.asarray(shapely.make_valid(left), dtype=object)


def check_streets(names: Sequence[str], lines: Sequence[shapely.Geometry]) -> None:
    """Raise `SchemaError` where streets cross themselves or each other too often to be streets.

    Over 1,000 crossings of a street with itself (a place where it branches counts as one), 2,000
    of one street with others, or 500,000 in all.

    Parameters
    ----------
    names
        n names, for the message.
    lines
        n lines in metres; points are passed over.
    """
    found = find_tangle(lines)
    if found is not None:
        raise SchemaError(
            _(
                "street {name}: its line {what}, as no street does; look at it in QGIS, it doubles "
                "back on itself or was drawn many times: draw it anew or leave it out"
            ).format(name=names[found.row], what=found.what)
        )


def find_tangle(shapes: Sequence[shapely.Geometry]) -> Tangle | None:
    """Return the first shape found to cross itself or the others too often; None if none does.

    Time and memory are bounded: about a microsecond for each pair of stretches that come near each
    other, 30 such pairs for each stretch at most.
    """
    ends, owner = _stretches(shapes)
    n = len(shapes)
    if len(owner) < _FEW:
        return None
    with_self, with_others = _count_meetings(ends, owner, n)
    near = np.zeros(n, dtype=np.int64)
    allowed = _PAIRS_EACH * np.bincount(owner, minlength=n) + _PAIRS_FREE
    for i, j in _near_pairs(ends):
        crossing = _cross(ends[i], ends[j])
        own = owner[i] == owner[j]
        near += np.bincount(owner[i[own]], minlength=n)
        with_self += np.bincount(owner[i[own & crossing]], minlength=n)
        for side in (i, j):
            with_others += np.bincount(owner[side[~own & crossing]], minlength=n)
            near += np.bincount(owner[side[~own]], minlength=n)
        found = _judge(with_self, with_others, near - allowed)
        if found is not None:
            return found
    return _judge(with_self, with_others, near - allowed)


def _judge(with_self: _Ints, with_others: _Ints, near: _Ints) -> Tangle | None:
    most = int(with_self.argmax())
    if with_self[most] > MAX_SELF_CROSSINGS:
        text = _("crosses itself more than {n} times")
        return Tangle(most, text.format(n=format_number(MAX_SELF_CROSSINGS)))
    most = int(with_others.argmax())
    if with_others[most] > MAX_CROSSINGS:
        text = _("crosses other lines more than {n} times")
        return Tangle(most, text.format(n=format_number(MAX_CROSSINGS)))
    if with_others.sum() > 2 * MAX_CROSSINGS_OF_TOWN:
        text = _("is one of lines that cross each other more than {n} times")
        return Tangle(most, text.format(n=format_number(MAX_CROSSINGS_OF_TOWN)))
    most = int(near.argmax())
    if near[most] > 0:
        text = _("lies over itself or other lines in more than {n} places")
        return Tangle(most, text.format(n=format_number(_PAIRS_FREE)))
    return None


def _stretches(shapes: Sequence[shapely.Geometry]) -> tuple[_Floats, _Ints]:
    """Return the ends of all different two-point stretches, shape (n, 4), and whose they are."""
    parts, part_owner = shapely.get_parts(np.asarray(shapes, dtype=object), return_index=True)
    rings, of_part = shapely.get_rings(parts, return_index=True)
    linear = np.isin(shapely.get_type_id(parts), (1, 2))
    lines = np.concatenate([parts[linear], rings])
    line_owner = np.concatenate([part_owner[linear], part_owner[of_part]])
    xy, of_line = shapely.get_coordinates(lines, return_index=True)
    one, other = xy[:-1], xy[1:]
    used = (of_line[:-1] == of_line[1:]) & (one != other).any(axis=1)
    used &= np.isfinite(one).all(axis=1) & np.isfinite(other).all(axis=1)
    one, other, owner = one[used], other[used], line_owner[of_line[:-1][used]].astype(np.int64)
    # Drawn twice, in whichever direction, is drawn once.
    turned = (one[:, 0] > other[:, 0]) | ((one[:, 0] == other[:, 0]) & (one[:, 1] > other[:, 1]))
    ends = np.where(turned[:, None], np.hstack([other, one]), np.hstack([one, other]))
    once = ~pd.DataFrame(ends).assign(owner=owner).duplicated().to_numpy()
    return ends[once], owner[once]


def _count_meetings(ends: _Floats, owner: _Ints, n: int) -> tuple[_Ints, _Ints]:
    """Count, for each shape, the vertices where it branches and those that others have too."""
    places = pd.DataFrame(np.vstack([ends[:, :2], ends[:, 2:]]), columns=["x", "y"])
    places["owner"] = np.concatenate([owner, owner])
    met = places.value_counts(["owner", "x", "y"], sort=False).reset_index()
    branches = met.loc[met["count"] >= _BRANCHES, "owner"]
    shared = met.loc[met.duplicated(["x", "y"], keep=False), "owner"]
    return (
        np.bincount(branches.to_numpy(), minlength=n),
        np.bincount(shared.to_numpy(), minlength=n),
    )


def _near_pairs(ends: _Floats) -> Iterator[tuple[_Ints, _Ints]]:
    """Yield all pairs of stretches i < j whose bounding boxes overlap, within bounded memory."""
    n = len(ends)
    tree = shapely.STRtree(shapely.linestrings(ends.reshape(n, 2, 2)))
    lines = tree.geometries
    # In random order each piece is like the next, so that its pairs can be foretold.
    order = np.random.default_rng(0).permutation(n)
    done, found = 0, 0
    size = int(np.clip(_AT_ONCE // n, 1, 64))
    while done < n:
        asked = order[done : done + size]
        at, j = tree.query(lines[asked])
        i = asked[at]
        found += len(i)
        done += len(asked)
        size = int(np.clip(_AT_ONCE * done // max(found, 1), 1, min(2 * size, _MOST_ASKED)))
        first = i < j
        yield i[first], j[first]


def _cross(a: _Floats, b: _Floats) -> npt.NDArray[np.bool_]:
    """Say which stretches of overlapping boxes meet elsewhere than at an end of both."""
    joined = np.zeros(len(a), dtype=bool)
    for p in (slice(0, 2), slice(2, 4)):
        for q in (slice(0, 2), slice(2, 4)):
            joined |= (a[:, p] == b[:, q]).all(axis=1)
    return ~joined & (_sides(a, b) <= 0) & (_sides(b, a) <= 0)


def _sides(a: _Floats, b: _Floats) -> _Floats:
    """Return a number that is negative where the ends of `b` lie on both sides of `a`."""
    along = a[:, 2:] - a[:, :2]
    to_one, to_other = b[:, :2] - a[:, :2], b[:, 2:] - a[:, :2]
    one = np.sign(along[:, 0] * to_one[:, 1] - along[:, 1] * to_one[:, 0])
    other = np.sign(along[:, 0] * to_other[:, 1] - along[:, 1] * to_other[:, 0])
    return np.asarray(one * other, dtype=np.float64)
