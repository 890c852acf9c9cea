"""Ten rows of a file as they will be understood, and the offences that nobody knows yet."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import pandas as pd
import pyarrow as pa

from hotspots import filetypes, schema
from hotspots.errors import HotspotsError
from hotspots.i18n import _, format_day, format_number, ngettext
from hotspots.ingest.account import method_labels
from hotspots.ingest.batch import REASON, ROW, Chunk
from hotspots.ingest.mapping import Mapping
from hotspots.ingest.offence_table import OffenceTable
from hotspots.ingest.opening import open_reader, open_table
from hotspots.ingest.placing import Placer
from hotspots.offences import OFFENCE_GROUPS, offence_label
from hotspots.settings import Workspace
from hotspots.store import Store
from web import texts

N_ROWS: Final = 10
SAMPLE_ROWS: Final = 5_000
_NOTE_CHARS: Final = 60
_VALUE_CHARS: Final = 200


@dataclass(frozen=True)
class PreviewRow:
    """One row as it will be understood; `problem` says why it would not be used."""

    number: int
    when: str = ""
    where: str = ""
    placed: str = ""
    is_waiting: bool = False
    offences: tuple[str, ...] = ()
    said: str = ""
    note: str = ""
    problem: str = ""


@dataclass(frozen=True)
class Preview:
    """The first rows, and what was noticed in the sample.

    Attributes
    ----------
    rows
        Ten at most.
    unmapped
        Values of the offence column that mean no group, with their number, commonest first.
    n_sample, is_whole
        Rows looked through, and whether they are the whole file.
    warnings
        Sentences for a reader.
    problem
        Why nothing can be shown; empty where it can.
    """

    rows: tuple[PreviewRow, ...] = ()
    unmapped: tuple[tuple[str, int], ...] = ()
    n_sample: int = 0
    is_whole: bool = True
    warnings: tuple[str, ...] = ()
    problem: str = ""


def make_preview(workspace: Workspace, path: Path, mapping: Mapping) -> Preview:
    """Return how the first rows of a file will be understood; a problem is told, not raised."""
    try:
        table = OffenceTable.of_workspace(workspace)
        reader = open_reader(
            path,
            mapping=replace(mapping, source=mapping.source or "new"),
            offences=table,
            chunk_rows=SAMPLE_ROWS,
        )
        chunks = reader.chunks()
        chunk = next(chunks, None)
        if chunk is None or not chunk.n_rows:
            return Preview(problem=_("The file holds no rows below its header."))
        own = _own_words(path, mapping)
        is_whole = chunk.n_rows < SAMPLE_ROWS
        if is_whole:
            for _rest in chunks:  # complete the warnings
                pass
    except HotspotsError as error:
        return Preview(problem=str(error))
    return Preview(
        rows=_rows(workspace, chunk, own),
        unmapped=_unmapped(chunk, own, mapping, table),
        n_sample=chunk.n_rows,
        is_whole=is_whole,
        warnings=tuple(texts.sentence(text) for text in reader.warnings) if is_whole else (),
    )


def sample_sentence(preview: Preview) -> str:
    """Return which rows were looked through for offences."""
    if preview.is_whole:
        return _("The whole file was looked through.")
    return ngettext(
        "The first {n} row was looked through; the trial reads all.",
        "The first {n} rows were looked through; the trial reads all.",
        preview.n_sample,
    ).format(n=format_number(preview.n_sample))


def _own_words(path: Path, mapping: Mapping) -> dict[int, str]:
    """Return row → the text of the offence column, for the rows of the sample."""
    name = mapping.columns.get(schema.OFFENCE)
    if name is None:
        return {}
    table = open_table(path, filetypes.detect_format(path), mapping)
    block = next(iter(table.blocks(SAMPLE_ROWS)), None)
    if block is None:
        return {}
    return dict(zip(block.rows.tolist(), block.column(name).to_pylist(), strict=True))


def _unmapped(
    chunk: Chunk, own: dict[int, str], mapping: Mapping, table: OffenceTable
) -> tuple[tuple[str, int], ...]:
    """Return the values that mean no group on their day, commonest first."""
    if not own:
        return ()
    numbers = chunk.rows.tolist()
    words = pa.array([own.get(number, "") for number in numbers], pa.string())
    days = chunk.incidents[schema.OCCURRED_FROM].to_numpy().astype("datetime64[D]")
    found = table.read(words, mapping.offences, days).unmapped
    return tuple(
        (value, n) for value, n in found.items() if value.strip() and len(value) <= _VALUE_CHARS
    )


def _rows(workspace: Workspace, chunk: Chunk, own: dict[int, str]) -> tuple[PreviewRow, ...]:
    rejected = {
        int(row): PreviewRow(int(row), problem=texts.sentence(str(reason)))
        for row, reason in zip(
            chunk.rejected[ROW].tolist(), chunk.rejected[REASON].tolist(), strict=True
        )
    }
    numbers = sorted([*chunk.rows.tolist()[:N_ROWS], *sorted(rejected)[:N_ROWS]])[:N_ROWS]
    shown = [n for n, row in enumerate(chunk.rows.tolist()) if row in set(numbers)]
    incidents = chunk.incidents.iloc[shown].reset_index(drop=True)
    placed = _placed(workspace, incidents)
    understood = {
        int(chunk.rows[at]): _row(int(chunk.rows[at]), one, placed, own)
        for at, one in zip(shown, incidents.to_dict("records"), strict=True)
    }
    return tuple(understood.get(number) or rejected[number] for number in numbers)


def _placed(workspace: Workspace, incidents: pd.DataFrame) -> dict[str, dict[Any, Any]]:
    """Return what the import would make of the places in words, by source reference."""
    try:
        with Store.open(workspace) as store:
            placer = Placer.of_workspace(workspace, store.remembered_places())
        found = placer.place(incidents)
    except HotspotsError:
        return {}
    return {str(row[schema.SOURCE_REF]): dict(row) for row in found.to_dict("records")}


def _row(
    number: int,
    incident: dict[Any, Any],
    placed: dict[str, dict[Any, Any]],
    own: dict[int, str],
) -> PreviewRow:
    where = str(incident[schema.PLACE_TEXT])
    has_position = not pd.isna(incident[schema.X])
    place = placed.get(incident[schema.SOURCE_REF])
    said, is_waiting = "", False
    if has_position:
        said = _("by its coordinates")
    elif place is None:
        said = _("no place") if not where else ""
    elif place[schema.PLACE_STATE] in schema.WAITING_STATES:
        said, is_waiting = _("waits for a person"), True
    elif place[schema.PLACE_STATE] == schema.GIVEN_UP:
        said = _("cannot be placed")
    else:
        method = method_labels().get(str(place[schema.PLACE_METHOD]), "")
        said = f"{place[schema.PLACE_MATCHED]} ({method})" if method else ""
    note = str(incident[schema.NOTE])
    return PreviewRow(
        number,
        when=_when(incident),
        where=where,
        placed=said,
        is_waiting=is_waiting,
        offences=tuple(
            offence_label(group)
            for group in str(incident[schema.OFFENCE_GROUPS]).split(";")
            if group in OFFENCE_GROUPS
        ),
        said=own.get(number, ""),
        note=note if len(note) <= _NOTE_CHARS else note[:_NOTE_CHARS].rstrip() + " …",
    )


def _when(incident: dict[Any, Any]) -> str:
    """Write when an incident occurred, as exactly as it is known."""
    start, end = incident[schema.OCCURRED_FROM], incident[schema.OCCURRED_TO]
    if pd.isna(start):
        reported = incident[schema.REPORTED_AT]
        return "" if pd.isna(reported) else _("reported {day}").format(day=format_day(reported))
    precision = incident[schema.TIME_PRECISION]
    day = format_day(start)
    if precision == "minute":
        return f"{day} {start:%H:%M}"
    if precision in {"day", "month", "unknown"} or pd.isna(end):
        last = format_day(end) if not pd.isna(end) else day
        if precision == "month":
            return f"{day} – {last}"
        return _("{day}, time not known").format(day=day)
    if start.date() == end.date():
        return f"{day} {start:%H:%M}–{end:%H:%M}"
    return f"{day} {start:%H:%M} – {format_day(end)} {end:%H:%M}"
