"""Several official files of one municipality become one `TownData`."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum

from hotspots import schema
from hotspots.errors import SourceError
from hotspots.i18n import _
from hotspots.layers.official.frames import is_area, make_frame
from hotspots.layers.official.notes import NOTED, missing_notes, reading_notes
from hotspots.layers.town_data import COLUMNS, TownData

_Row = tuple[object, ...]
_POINTS = frozenset({"addresses", "buildings", "town_parts"})


class FileKind(IntEnum):
    """Kinds of official files, the most trusted first."""

    MUNICIPALITY = 0
    STATE = 1
    ADDRESSES = 2


@dataclass(frozen=True)
class OfficialFile:
    """What one file says: `data`, and of which kind and type (``OB_UKSH``) it is."""

    kind: FileKind
    file_type: str
    data: TownData

    @property
    def name(self) -> str:
        """Name of the file."""
        return self.data.sources[0].name


def merge(files: Sequence[OfficialFile]) -> TownData:
    """Return what several files say of one municipality.

    A thing that stands in several files counts once. The municipality's own VFR goes before the
    state's, VFR before CSV, among the same kind the newer; later files add what is missing and
    fill positions, boundaries and texts that a thing has not. Of two files of the same type the
    older is left out. Every file lists all things of a kind or none: what only a file older than
    another list has is left out and noted, whichever of them goes before, since it has ended.

    Parameters
    ----------
    files
        One at least, in the order read.

    Raises
    ------
    SourceError
        They are of different municipalities.
    """
    _require_one_town(files)
    used, notes = _choose(sorted(files, key=_rank))
    ended: Counter[str] = Counter()
    rows = {frame: _merged_rows(frame, used, ended) for frame in COLUMNS}
    for name, n in ended.items():
        notes.extend(reading_notes(name, n_ended=n, n_generalised=0))
    return TownData(
        code=files[0].data.code,
        name=next((file.data.name for file in used if file.data.name), ""),
        valid_on=next((file.data.valid_on for file in used if file.data.valid_on), None),
        sources=tuple(
            source
            for file in files
            if any(file is chosen for chosen in used)
            for source in file.data.sources
        ),
        notes=(*_notes(files, used, rows), *notes),
        generalised=next((f.data.generalised for f in used if len(f.data.municipality)), False),
        **{frame: make_frame(frame, rows[frame]) for frame in COLUMNS},
    )


def _choose(ranked: Sequence[OfficialFile]) -> tuple[list[OfficialFile], list[str]]:
    """Return one file of each type, the first, and what to say of the others."""
    used: dict[str, OfficialFile] = {}
    notes = []
    for file in ranked:
        other = used.setdefault(file.file_type, file)
        if other is not file:
            notes.append(
                _("{name} was left out: {other} is of the same kind and no older.").format(
                    name=file.name, other=other.name
                )
            )
    return list(used.values()), notes


def _notes(
    files: Sequence[OfficialFile], used: Sequence[OfficialFile], rows: dict[str, list[_Row]]
) -> list[str]:
    """Return what the files' notes say, with what is missing counted after merging."""
    if len(files) == 1:
        return list(files[0].data.notes)
    notes = [
        note
        for file in used
        for note in file.data.notes
        if note not in set(missing_notes(file.name, _rows_of(file)))
    ]
    for frames in NOTED:
        names = [f.name for f in used if any(missing_notes("", _only(frames, _rows_of(f))))]
        notes.extend(missing_notes(" + ".join(names), _only(frames, rows)))
    return notes + _days_note(used)


def _only(frames: Sequence[str], rows: Mapping[str, Sequence[_Row]]) -> dict[str, Sequence[_Row]]:
    return {frame: rows.get(frame, ()) for frame in frames}


def _rows_of(file: OfficialFile) -> dict[str, list[_Row]]:
    return {frame: _table_rows(file, frame) for frame in COLUMNS}


def _table_rows(file: OfficialFile, frame: str) -> list[_Row]:
    table = getattr(file.data, frame)[list(COLUMNS[frame])]
    return list(table.itertuples(index=False, name=None))


def _require_one_town(files: Sequence[OfficialFile]) -> None:
    first = files[0]
    for file in files[1:]:
        if file.data.code != first.data.code:
            raise SourceError(
                _(
                    "{one} is of the municipality {code} and {other} of {other_code}; "
                    "bring files of one municipality"
                ).format(
                    one=first.name,
                    code=first.data.code,
                    other=file.name,
                    other_code=file.data.code,
                )
            )


def _rank(file: OfficialFile) -> tuple[int, int, int]:
    day = file.data.valid_on
    # Original boundaries (H) go before generalised ones (G) of the same day.
    detail = "HG".find(file.file_type[-1])
    return file.kind, -day.toordinal() if day else 0, detail if detail >= 0 else 2


def _merged_rows(frame: str, files: Sequence[OfficialFile], ended: Counter[str]) -> list[_Row]:
    """Return the rows of several files, counting in `ended` what only older files list."""
    listed = [(file, _table_rows(file, frame)) for file in files]
    newest = max(
        (f.data.valid_on for f, table in listed if table and f.data.valid_on), default=None
    )
    # A file that does not say its day may be as new as any.
    standing = {
        row[0] for file, table in listed if file.data.valid_on in {None, newest} for row in table
    }
    rows: dict[object, _Row] = {}
    for file, table in listed:
        for row in table:
            known = rows.get(row[0])
            if known is not None:
                rows[row[0]] = _filled(frame, known, row)
            elif row[0] in standing:
                rows[row[0]] = row
            else:
                ended[file.name] += 1
    return list(rows.values())


def _filled(frame: str, known: _Row, row: _Row) -> _Row:
    """Return `known` with the texts and the geometry that only `row` has."""
    cells = [mine if mine != "" else other for mine, other in zip(known, row, strict=True)]
    areal = frame not in _POINTS and frame != "streets"
    if (areal and not is_area(known[-1]) and is_area(row[-1])) or known[-1] is None:
        cells[-1] = row[-1]
        if schema.LAYER_SOURCE in COLUMNS[frame] and row[-1] is not None:
            at = COLUMNS[frame].index(schema.LAYER_SOURCE)
            cells[at] = row[at]
    else:
        cells[-1] = known[-1]
    return tuple(cells)


def _days_note(files: Sequence[OfficialFile]) -> list[str]:
    days = {file.data.valid_on for file in files}
    if len(days - {None}) < 2:
        return []
    return [
        _("The files stand for different days: {files}.").format(
            files=", ".join(f"{file.name} ({file.data.valid_on or '?'})" for file in files)
        )
    ]
