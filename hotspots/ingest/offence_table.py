"""The offence table: which paragraph, police code or wording means which offence group."""

import csv
import io
from collections import Counter
from collections.abc import Mapping as AnyMapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from rapidfuzz import fuzz, process

from hotspots.cells import defuse
from hotspots.errors import ParameterError, SourceError
from hotspots.files import replacing
from hotspots.i18n import _
from hotspots.ingest.offence_reading import Reader, Said
from hotspots.ingest.offence_rows import (
    HEADER,
    POLICE_TYPE,
    WORDING,
    OffenceRow,
    kind_of,
)
from hotspots.ingest.police_types import built_in_codes
from hotspots.offences import OTHER_OFFENCE
from hotspots.place_text import fold
from hotspots.settings import Workspace

FILE_NAME: Final = "offences.csv"
# Laws by which a bare "§ 50" may be meant: the first day, and the last one, on which it held.
ERAS: Final = np.array(["2010-01-01", "2017-05-31", "2017-07-01"], dtype="datetime64[D]")
_NO_ERA: Final = len(ERAS) + 1
_MIN_LIKENESS: Final = 72.0  # of 100, from which a wording is suggested
_FILE_LIMIT: Final = 5_000_000  # bytes


@dataclass(frozen=True)
class OffenceColumn:
    """What the offence cells of n rows mean.

    Attributes
    ----------
    leading
        Arrow string array, shape (n,): the group that stands first on pages.
    groups
        Arrow string array, shape (n,): all groups, sorted, joined by ";".
    codes
        Arrow string array, shape (n,): the paragraphs, codes and wordings of the table by which
        the groups were found, joined by "; "; empty where none was.
    unmapped
        Cell of which nothing is known, taken as `other_offence` → rows with it.
    unmapped_parts
        Unknown part of a cell of which another part is known → rows with it.
    """

    leading: Any
    groups: Any
    codes: Any
    unmapped: dict[str, int]
    unmapped_parts: dict[str, int]


class OffenceTable:
    """Rows of the table in force: the town's own first, then those that come with the program.

    Parameters
    ----------
    rows
        A town's own rows replace shipped ones of the same kind, pattern and law.
    """

    def __init__(self, rows: tuple[OffenceRow, ...]) -> None:
        by_key: dict[tuple[str, ...], OffenceRow] = {}
        for row in sorted(rows, key=lambda r: not r.own):
            by_key.setdefault(row.key, row)
        self.rows: tuple[OffenceRow, ...] = tuple(by_key.values())

    @classmethod
    def shipped(cls) -> "OffenceTable":
        """Return the table that comes with the program."""
        return _shipped()

    @classmethod
    def of_workspace(cls, workspace: Workspace) -> "OffenceTable":
        """Return the shipped table with the rows of `<workspace>/offences.csv` over it.

        Raises
        ------
        SourceError
            The file cannot be read, or a row of it breaks a rule; the message names the row.
        """
        own = read_own(workspace.path / FILE_NAME)
        return cls((*own, *_shipped().rows)) if own else _shipped()

    @cached_property
    def _reader(self) -> Reader:
        return Reader(self.rows, {})

    def read(
        self,
        texts: Any,
        own: AnyMapping[str, str] | None = None,
        days: npt.NDArray[np.datetime64] | None = None,
        told: npt.NDArray[np.bool_] | None = None,
    ) -> OffenceColumn:
        """Return what offence cells mean; each distinct cell is read once.

        Parameters
        ----------
        texts
            Arrow string array of n cells.
        own
            The mapping's [offences]: wording → group. Wins over the table.
        days
            Shape (n,): days of the incidents, NaT where unknown. A paragraph without its law is
            looked up among the laws of its day, and is unmapped where they disagree.
        told
            Shape (n,): cells counted where they are unmapped; None counts all.
        """
        reader = Reader(self.rows, dict(own)) if own else self._reader
        encoded = texts.dictionary_encode()
        if isinstance(encoded, pa.ChunkedArray):
            encoded = encoded.combine_chunks()
        n_eras = _NO_ERA + 1
        eras = _eras(days, len(encoded))
        keys = encoded.indices.to_numpy(zero_copy_only=False).astype(np.int64) * n_eras + eras
        distinct, places = np.unique(keys, return_inverse=True)
        counts = np.bincount(places if told is None else places[told], minlength=len(distinct))
        values = encoded.dictionary.to_pylist()
        unmapped: Counter[str] = Counter()
        parts: Counter[str] = Counter()
        leading, groups, codes = [], [], []
        for key, n in zip(distinct.tolist(), counts.tolist(), strict=True):
            value, era = values[key // n_eras], key % n_eras
            said = reader.read(value, None if era == _NO_ERA else era)
            if not n:
                pass
            elif not said.groups:
                unmapped[value] += n
            else:
                parts.update(dict.fromkeys(said.unknown, n))
            found = said.groups or (OTHER_OFFENCE,)
            leading.append(found[0])
            groups.append(";".join(sorted(found)))
            codes.append("; ".join(said.by))
        return OffenceColumn(
            pa.array(leading, pa.string()).take(pa.array(places)),
            pa.array(groups, pa.string()).take(pa.array(places)),
            pa.array(codes, pa.string()).take(pa.array(places)),
            dict(unmapped.most_common()),
            dict(parts.most_common()),
        )

    def match(self, text: str, *, day: np.datetime64 | None = None) -> Said:
        """Return what one cell means, and what in it is unknown."""
        era = int(_eras(None if day is None else np.array([day], dtype="datetime64[D]"), 1)[0])
        return self._reader.read(text, None if era == _NO_ERA else era)

    def suggest(self, text: str, limit: int = 3) -> tuple[str, ...]:
        """Return wordings of the table that resemble an unknown text; for a person to judge."""
        if not text.strip():
            return ()
        likes = process.extract(
            fold(text)[:200],
            self._spoken,
            scorer=fuzz.token_sort_ratio,
            score_cutoff=_MIN_LIKENESS,
            limit=limit,
        )
        return tuple(self._spoken_rows[at].pattern for _like, _score, at in likes)

    @cached_property
    def _spoken_rows(self) -> tuple[OffenceRow, ...]:
        return tuple(r for r in self.rows if r.kind == WORDING and "*" not in r.pattern)

    @cached_property
    def _spoken(self) -> list[str]:
        return [fold(row.pattern) for row in self._spoken_rows]

    def to_csv(self, group: str = "") -> bytes:
        """Return the rows as CSV (UTF-8 with BOM, ";"), safe to open in a spreadsheet."""
        return rows_to_csv(tuple(r for r in self.rows if group in ("", r.group)))


def rows_to_csv(rows: tuple[OffenceRow, ...]) -> bytes:
    """Return rows as CSV (UTF-8 with BOM, ";"); no cell begins a formula."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter=";", lineterminator="\r\n")
    writer.writerow(HEADER)
    for row in rows:
        cells = (row.kind, row.pattern, row.law, row.group, row.note)
        writer.writerow([defuse(cell) for cell in cells])
    return out.getvalue().encode("utf-8-sig")


def read_own(path: Path) -> tuple[OffenceRow, ...]:
    """Return the rows of a town's own table; none where there is no such file.

    Raises
    ------
    SourceError
        The file cannot be read, or a row breaks a rule; the message names the row and the cure.
    """
    if not path.is_file():
        return ()
    try:
        if path.stat().st_size > _FILE_LIMIT:
            raise SourceError(
                _("{path} is too large for an offence table; keep it below 5 MB").format(path=path)
            )
        data = path.read_bytes()
    except OSError as error:
        raise SourceError(
            _("{path} cannot be opened: {reason}").format(path=path, reason=error.strerror)
        ) from error
    return parse_rows(data, name=str(path), own=True)


def set_own(
    path: Path, pattern: str, group: str, *, law: str = "", note: str = "", kind: str = ""
) -> OffenceRow:
    """Keep a row in a town's own table, in place of a former one of the same pattern.

    Parameters
    ----------
    path
        The town's file; made where it is missing.
    pattern, group, law, note
        As in the table. A pattern with "§" is a paragraph, another one a wording.
    kind
        One of `KINDS`; empty means: told by the pattern.

    Raises
    ------
    ParameterError
        The pattern or the group breaks its rule.
    SourceError
        The file as it is cannot be read.
    """
    try:
        row = OffenceRow.make(
            kind or kind_of(pattern), pattern, law=law, group=group, note=note, own=True
        )
    except ValueError as error:
        raise ParameterError(str(error)) from error
    kept = tuple(one for one in read_own(path) if one.key != row.key)
    with replacing(path) as draft:
        draft.write_bytes(rows_to_csv((*kept, row)))
    return row


def remove_own(path: Path, pattern: str) -> OffenceRow:
    """Take a row out of a town's own table; a shipped one of the same pattern holds again.

    Raises
    ------
    ParameterError
        The town has no row with that pattern.
    """
    rows = read_own(path)
    wanted = " ".join(fold(pattern).split())
    found = [row for row in rows if " ".join(fold(row.pattern).split()) == wanted]
    if not found:
        raise ParameterError(
            _(
                "'{pattern}' is no row of {path}; only the town's own rows can be removed. "
                "To change the meaning of a shipped one: hotspots offences set PATTERN GROUP"
            ).format(pattern=pattern, path=path)
        )
    with replacing(path) as draft:
        draft.write_bytes(rows_to_csv(tuple(row for row in rows if row not in found)))
    return found[0]


def parse_rows(data: bytes, *, name: str, own: bool) -> tuple[OffenceRow, ...]:
    """Read rows from a CSV file's content; see `read_own`."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise SourceError(
            _("{path} is not in UTF-8; save it as CSV UTF-8").format(path=name)
        ) from error
    lines = list(csv.reader(io.StringIO(text), delimiter=";"))
    head = tuple(cell.strip().casefold() for cell in lines[0]) if lines else ()
    if head[: len(HEADER)] != HEADER:
        raise SourceError(
            _("{path}, row 1: the header must be {header}, got {got}").format(
                path=name, header=";".join(HEADER), got=";".join(head)[:80] or _("(empty)")
            )
        )
    rows: dict[tuple[str, ...], OffenceRow] = {}
    for number, cells in enumerate(lines[1:], start=2):
        if not any(cell.strip() for cell in cells):
            continue
        kind, pattern, law, group, note = [*(c.strip() for c in cells), "", "", "", "", ""][:5]
        try:
            row = OffenceRow.make(
                kind, pattern.removeprefix("'"), law=law, group=group, note=note, own=own
            )
        except ValueError as error:
            raise SourceError(
                _("{path}, row {row}: {reason}").format(path=name, row=number, reason=error)
            ) from error
        held = rows.get(row.key)
        if held is not None and held.group != row.group:
            raise SourceError(
                _(
                    "{path}, row {row}: '{pattern}' already has the group {group}; keep one of "
                    "the two rows"
                ).format(path=name, row=number, pattern=pattern, group=held.group)
            )
        rows[row.key] = row
    return tuple(rows.values())


def _eras(days: npt.NDArray[np.datetime64] | None, n: int) -> npt.NDArray[np.int64]:
    """Return for each day the number of boundaries before it; `_NO_ERA` where it is unknown."""
    if days is None:
        return np.full(n, _NO_ERA, dtype=np.int64)
    given = days.astype("datetime64[D]")
    found = np.searchsorted(ERAS, given, side="right").astype(np.int64)
    return np.where(np.isnat(given), _NO_ERA, found)


@lru_cache(maxsize=1)
def _shipped() -> OffenceTable:
    data = files("hotspots.ingest").joinpath(FILE_NAME).read_bytes()
    rows = list(parse_rows(data, name=FILE_NAME, own=False))
    codes = built_in_codes()
    for code, label in codes.labels.items():
        group = codes.group_of(code)
        rows.append(OffenceRow.make(POLICE_TYPE, str(code), group=group, note=label))
    return OffenceTable(tuple(rows))
