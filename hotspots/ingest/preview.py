"""The first rows of a file as an import with a mapping would understand them."""

from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import pandas as pd

from hotspots import filetypes, schema
from hotspots.errors import HotspotsError
from hotspots.geocode import Geocoded, Geocoder
from hotspots.i18n import _, format_day, format_number
from hotspots.ingest.account import method_labels
from hotspots.ingest.batch import REASON, ROW
from hotspots.ingest.mapping import Mapping
from hotspots.ingest.offence_table import OffenceTable
from hotspots.ingest.opening import open_reader, open_table
from hotspots.ingest.placing import Geocodes, Placer, needs_place
from hotspots.ingest.points import PointReader
from hotspots.offences import OFFENCE_GROUPS, offence_label
from hotspots.settings import Workspace
from hotspots.store import Store

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
    when, offences, note, discovered_by
        What an import would keep, in words; a note is cut to `NOTE_CHARACTERS`.
    said
        The offence as the file has it.
    words, place
        Where it happened as the file says it, and what that is taken for.
    waits
        Whether the place waits for a person.
    problem
        Why the row would be rejected; empty where it would not.
    """

    row: int
    raw: dict[str, str]
    when: str = ""
    offences: tuple[str, ...] = ()
    said: str = ""
    words: str = ""
    place: str = ""
    waits: bool = False
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
        What was assumed, in sentences; of a part of the file they count that part alone.
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
        mapping=replace(mapping, source=mapping.source or "preview"),
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
    whole = chunk.n_rows < SAMPLE_ROWS
    if whole:
        for _rest in chunks:  # only a reader that has come to its end has told all it assumed
            pass
    columns = {name: block.column(name) for name in dict.fromkeys(mapping.columns.values())}
    at_of = {int(row): at for at, row in enumerate(block.rows.tolist())}
    problems = dict(zip(chunk.rejected[ROW], chunk.rejected[REASON], strict=True))
    incident_of = {int(row): at for at, row in enumerate(chunk.rows.tolist())}
    numbers = sorted({*incident_of, *map(int, problems)})[:n_rows]
    shown = [number for number in numbers if number in incident_of]
    incidents = chunk.incidents.iloc[[incident_of[number] for number in shown]]
    incidents = incidents.reset_index(drop=True)
    places = _find_places(workspace, incidents)
    own = mapping.columns.get(schema.OFFENCE, "")
    rows = []
    for number in numbers:
        at = at_of.get(number)
        cells = {} if at is None else {name: texts[at].as_py() for name, texts in columns.items()}
        row = PreviewRow(number, {name: text[:_CELL_CHARACTERS] for name, text in cells.items()})
        if number in incident_of:
            which = shown.index(number)
            said = cells.get(own, "")
            rows.append(_understood(row, incidents.iloc[which], places[which], said))
        else:
            rows.append(replace(row, problem=str(problems[number])))
    unmapped: tuple[UnmappedOffence, ...] = ()
    if own:
        unmapped = _unmapped(offences, columns[own], chunk.incidents, chunk.rows, at_of, mapping)
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
    at_of: dict[int, int],
    mapping: Mapping,
) -> tuple[UnmappedOffence, ...]:
    """Return what the offence cells of the rows kept say that nobody knows."""
    kept = [at_of.get(int(row)) for row in rows.tolist()]
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


@dataclass(frozen=True)
class _Hearing:
    """A geocoder whose answers are kept in `heard`, for the reasons why a text waits."""

    geocoder: Geocodes
    heard: dict[str, Geocoded]

    def geocode(self, text: str) -> Geocoded:
        """Return what a text was taken for."""
        self.heard[text] = self.geocoder.geocode(text)
        return self.heard[text]


@dataclass(frozen=True)
class _Place:
    """Where an incident would be put, in words, and whether that waits for a person."""

    text: str
    waits: bool = False


def _find_places(workspace: Workspace, incidents: pd.DataFrame) -> list[_Place]:
    """Return where an import would put incidents: as persons decided, else as the geocoder says."""
    try:
        geocoder = Geocoder.of_workspace(workspace)
    except HotspotsError:  # no layers that can be read: what the file says is shown alone
        geocoder = None
    heard: dict[str, Geocoded] = {}
    wanted = needs_place(incidents)
    placings: dict[int, dict[Any, Any]] = {}
    if geocoder is not None and wanted.any():
        hearing = _Hearing(geocoder, heard)
        with Store.open(workspace) as store:
            placer = Placer(lambda: hearing, store.remembered_places())
        found = placer.place(incidents[wanted]).to_dict("records")
        placings = dict(zip(incidents.index[wanted].tolist(), found, strict=True))
    places = []
    for at, incident in enumerate(incidents.to_dict("records")):
        if not pd.isna(incident[schema.X]):
            x, y = float(incident[schema.X]), float(incident[schema.Y])
            near = "" if geocoder is None else geocoder.describe(x, y)
            said = _("coordinates, at {place}") if near else _("coordinates")
            places.append(_Place(said.format(place=near)))
        elif at in placings:
            text = str(incident[schema.PLACE_TEXT])
            reason = heard[text].reason if text in heard else ""
            places.append(_say_place(placings[at], reason))
        else:
            has_words = bool(str(incident[schema.PLACE_TEXT] or ""))
            places.append(_Place("" if has_words else _("no place given")))
    return places


def _say_place(placing: dict[Any, Any], reason: str) -> _Place:
    state = placing[schema.PLACE_STATE]
    if state in schema.WAITING_STATES:
        said = _("waits for a person")
        return _Place(f"{said} ({reason})" if reason else said, waits=True)
    if state == schema.GIVEN_UP:
        return _Place(_("cannot be placed"))
    method = method_labels().get(str(placing[schema.PLACE_METHOD]), "")
    metres = placing[schema.PLACE_PRECISION_M]
    if pd.isna(metres):
        return _Place(f"{placing[schema.PLACE_MATCHED]} ({method})")
    return _Place(
        _("{place} ({method}, within {metres} m)").format(
            place=placing[schema.PLACE_MATCHED],
            method=method,
            metres=format_number(round(metres)),
        )
    )


def _understood(row: PreviewRow, incident: Any, place: _Place, said: str) -> PreviewRow:
    groups = str(incident[schema.OFFENCE_GROUPS]).split(";")
    leading = str(incident[schema.OFFENCE])
    ordered = [leading, *(group for group in groups if group != leading)]
    note = " ".join(str(incident[schema.NOTE] or "").split())
    return replace(
        row,
        when=_say_when(incident),
        offences=tuple(offence_label(group) for group in ordered if group in OFFENCE_GROUPS),
        said=said,
        words=str(incident[schema.PLACE_TEXT] or ""),
        place=place.text,
        waits=place.waits,
        note=note if len(note) <= NOTE_CHARACTERS else note[: NOTE_CHARACTERS - 1] + "…",
        discovered_by=str(incident[schema.DISCOVERED_BY]),
    )


def _say_when(incident: Any) -> str:
    """Return when an incident happened, no finer than it is known."""
    start, end = incident[schema.OCCURRED_FROM], incident[schema.OCCURRED_TO]
    if pd.isna(start):
        reported = incident[schema.REPORTED_AT]
        if pd.isna(reported):
            return _("unknown")
        return _("reported {day}").format(day=format_day(reported.date()))
    precision = str(incident[schema.TIME_PRECISION])
    if precision == "minute" or pd.isna(end) or start == end:
        return _moment(start)
    same_day = start.date() == end.date()
    if precision in {"day", "month", "unknown"}:
        if same_day:
            return _("{day}, time unknown").format(day=format_day(start.date()))
        return f"{format_day(start.date())} – {format_day(end.date())}"
    if same_day:
        return f"{_moment(start)}–{end:%H:%M}"
    return f"{_moment(start)} – {_moment(end)}"


def _moment(moment: datetime) -> str:
    return f"{format_day(moment.date())} {moment:%H:%M}"
