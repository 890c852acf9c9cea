"""What was left out of official files and why, one sentence each."""

from collections.abc import Iterator, Mapping, Sequence

from hotspots.i18n import _, ngettext
from hotspots.layers.official.frames import is_area

Rows = Mapping[str, Sequence[tuple[object, ...]]]

_AREAS = ("municipality", "cadastral_units", "districts", "electoral_districts")
# Frames of which one note says what they lack.
NOTED = (_AREAS, ("streets",), ("addresses",), ("buildings",))


def missing_notes(file: str, rows: Rows) -> Iterator[str]:
    """Yield what geometry the rows of a file lack; `rows` by frame, geometry last."""
    n = sum(not is_area(row[-1]) for frame in _AREAS for row in rows.get(frame, ()))
    if n:
        yield ngettext(
            "{name}: {n} unit has no boundary, at most a point.",
            "{name}: {n} units have no boundary, at most a point.",
            n,
        ).format(name=file, n=n)
    n = _n_missing(rows, "streets")
    if n:
        yield ngettext(
            "{name}: {n} street has no line.", "{name}: {n} streets have no line.", n
        ).format(name=file, n=n)
    n = _n_missing(rows, "addresses")
    if n:
        yield ngettext(
            "{name}: {n} address has no position.", "{name}: {n} addresses have no position.", n
        ).format(name=file, n=n)
    n = _n_missing(rows, "buildings")
    if n:
        yield ngettext(
            "{name}: {n} building has no position.", "{name}: {n} buildings have no position.", n
        ).format(name=file, n=n)


def reading_notes(file: str, *, n_ended: int, n_generalised: int) -> Iterator[str]:
    """Yield what was passed over while reading a VFR file."""
    if n_ended:
        yield ngettext(
            "{name}: {n} thing that has ended was left out.",
            "{name}: {n} things that have ended were left out.",
            n_ended,
        ).format(name=file, n=n_ended)
    if n_generalised:
        yield _(
            "{name}: boundaries are generalised; the file whose name ends in UKSH has the "
            "original ones."
        ).format(name=file)


def _n_missing(rows: Rows, frame: str) -> int:
    return sum(row[-1] is None for row in rows.get(frame, ()))
