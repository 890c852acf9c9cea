"""The first rows of a file as an import with a mapping would understand them."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import pandas as pd

from hotspots import filetypes, schema
from hotspots.errors import HotspotsError
from hotspots.geocode import Geocoder
from hotspots.i18n import _, format_day, format_number
from hotspots.ingest.batch import REASON, ROW
from hotspots.ingest.mapping import Mapping
from hotspots.ingest.offence_table import OffenceTable
from hotspots.ingest.opening import open_reader, open_table
from hotspots.ingest.points import PointReader
from hotspots.offences import offence_label
from hotspots.settings import Workspace

SAMPLE_ROWS: Final = 5_000
NOTE_CHARACTERS: Final = 60
_CELL_CHARACTERS: Final = 80


@dataclass(frozen=True)
class PreviewRow:
    """One row: its cells as they stand, beside how they are understood.

    Attributes
    ----------
    row
        Number in the file, the header being row 1.
    raw
        Column that is mapped → its text, cut.
    when, offences, place, note, discovered_by
        What an import would keep, in words; a note is cut to `NOTE_CHARACTERS`.
    problem
        Why the row would be rejected; empty where it would not.
    """

    row: int
    raw: dict[str, str]
    when: str = ""
    offences: tuple[str, ...] = ()
    place: str = ""
    note: str = ""
    discovered_by: str = ""
    problem: str = ""


@dataclass(frozen=True)
class UnmappedOffence:
    """A text that means no known offence, the rows with it, and wordings that resemble it."""

    text: str
    n_rows: int
    suggestions: tuple[str, ...]
    is_part: bool


@dataclass(frozen=True)
class Preview:
    """What an import would make of a file.

    Attributes
    ----------
    rows
        The first rows.
    unmapped_offences
        Among the rows read, commonest first.
    warnings
        What was assumed, in sentences.
    n_read, n_rejected
        Rows read, and those of them that would be rejected.
    whole
        Whether these are all rows of the file.
    """

    rows: tuple[PreviewRow, ...]
    unmapped_offences: tuple[UnmappedOffence, ...]
    warnings: tuple[str, ...]
    n_read: int
    n_rejected: int
    whole: bool


def preview_file(workspace: Workspace, path: Path, mapping: Mapping, n_rows: int = 10) -> Preview:
    """Return the first rows of a file as they will be understood.

    The import's own reader reads at most the first 5,000 rows. Nothing is written.

    Parameters
    ----------
    workspace
        Its offence table and its layers are used.
    path
        A table of incidents.
    mapping
        What its columns mean; without a source, one is made up for the preview.
    n_rows
        Rows to show.

    Raises
    ------
    SourceError, SchemaError, CRSError, ParameterError
        As `hotspots.ingest.open_reader`.
    """
    path = Path(path)
    offences = OffenceTable.of_workspace(workspace)
    reader = open_reader(
        path,
        mapping=mapping,
        source=mapping.source or "preview",
        offences=offences,
        chunk_rows=SAMPLE_ROWS,
    )
    if not isinstance(reader, PointReader):  # a mapping always gives one
        raise TypeError(type(reader).__name__)
    chunks = reader.chunks()
    chunk = next(chunks, None)
    block = next(
        iter(open_table(path, filetypes.detect_format(path), mapping).blocks(SAMPLE_ROWS)), None
    )
    if chunk is None or block is None:
        return Preview((), (), tuple(reader.warnings), 0, 0, whole=True)
    whole = next(chunks, None) is None
    columns = {name: block.column(name) for name in dict.fromkeys(mapping.columns.values())}
    place_of = {int(row): at for at, row in enumerate(block.rows.tolist())}
    problems = dict(zip(chunk.rejected[ROW], chunk.rejected[REASON], strict=True))
    incident_of = {int(row): at for at, row in enumerate(chunk.rows.tolist())}
    geocoder = _geocoder(workspace)
    rows = []
    for number in sorted({*incident_of, *map(int, problems)})[:n_rows]:
        at = place_of.get(number)
        raw = (
            {}
            if at is None
            else {name: texts[at].as_py()[:_CELL_CHARACTERS] for name, texts in columns.items()}
        )
        if number in incident_of:
            rows.append(
                _understood(number, raw, chunk.incidents.iloc[incident_of[number]], geocoder)
            )
        else:
            rows.append(PreviewRow(number, raw, problem=str(problems[number])))
    unmapped: tuple[UnmappedOffence, ...] = ()
    name = mapping.columns.get(schema.OFFENCE)
    if name is not None:
        unmapped = _unmapped(
            offences, columns[name], chunk.incidents, chunk.rows, place_of, mapping
        )
    return Preview(
        tuple(rows),
        unmapped,
        tuple(reader.warnings),
        chunk.n_rows,
        len(chunk.rejected),
        whole=whole,
    )


def _unmapped(
    table: OffenceTable,
    texts: Any,
    incidents: pd.DataFrame,
    rows: Any,
    place_of: dict[int, int],
    mapping: Mapping,
) -> tuple[UnmappedOffence, ...]:
    """Return what the offence cells of the rows kept say that nobody knows."""
    kept = [place_of.get(int(row)) for row in rows.tolist()]
    pairs = [(at, i) for i, at in enumerate(kept) if at is not None]
    days = incidents[schema.OCCURRED_FROM].dt.tz_localize(None).to_numpy()[[i for _at, i in pairs]]
    read = table.read(texts.take([at for at, _i in pairs]), mapping.offences, days)
    whole = [
        UnmappedOffence(text, n, table.suggest(text), is_part=False)
        for text, n in read.unmapped.items()
    ]
    parts = [
        UnmappedOffence(text, n, table.suggest(text), is_part=True)
        for text, n in read.unmapped_parts.items()
    ]
    return tuple(sorted(whole + parts, key=lambda one: -one.n_rows))


def _geocoder(workspace: Workspace) -> Geocoder | None:
    """Return the geocoder; None where the workspace has no layers that can be read."""
    try:
        return Geocoder.of_workspace(workspace)
    except HotspotsError:
        return None


def _understood(
    number: int, raw: dict[str, str], incident: Any, geocoder: Geocoder | None
) -> PreviewRow:
    groups = str(incident[schema.OFFENCE_GROUPS]).split(";")
    leading = str(incident[schema.OFFENCE])
    ordered = [leading, *(group for group in groups if group != leading)]
    note = " ".join(str(incident[schema.NOTE] or "").split())
    return PreviewRow(
        number,
        raw,
        when=say_when(incident),
        offences=tuple(offence_label(group) for group in ordered),
        place=_say_place(incident, geocoder),
        note=note if len(note) <= NOTE_CHARACTERS else note[: NOTE_CHARACTERS - 1] + "…",
        discovered_by=str(incident[schema.DISCOVERED_BY]),
    )


def say_when(incident: Any) -> str:
    """Return when an incident happened, no finer than it is known."""
    start, end = incident[schema.OCCURRED_FROM], incident[schema.OCCURRED_TO]
    if pd.isna(start):
        return _("unknown")
    precision = str(incident[schema.TIME_PRECISION])
    if pd.isna(end) or start == end:
        return _moment(start)
    if precision == "day" and start.date() == end.date():
        return _("{day}, time unknown").format(day=format_day(start.date()))
    if start.date() == end.date():
        return f"{_moment(start)}–{end:%H:%M}"
    return f"{_moment(start)} – {_moment(end)}"


def _moment(moment: datetime) -> str:
    return f"{format_day(moment.date())} {moment:%H:%M}"


def _say_place(incident: Any, geocoder: Geocoder | None) -> str:
    text = str(incident[schema.PLACE_TEXT] or "")
    if not pd.isna(incident[schema.X]):
        x, y = float(incident[schema.X]), float(incident[schema.Y])
        near = "" if geocoder is None else geocoder.describe(x, y)
        said = _("coordinates, at {place}") if near else _("coordinates")
        return said.format(place=near)
    if not text:
        return _("no place given")
    if geocoder is None:
        return text
    found = geocoder.geocode(text)
    if found.place is None:
        return _("'{text}': waits for a person ({reason})").format(text=text, reason=found.reason)
    return _("'{text}': {place}, within {metres} m").format(
        text=text,
        place=found.place.matched,
        metres=format_number(round(found.place.precision_m)),
    )
