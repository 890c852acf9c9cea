"""Batches: an import inspected, exported as a table, and undone whole."""

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

from hotspots import schema
from hotspots.cells import defuse, printable
from hotspots.errors import ParameterError, SourceError
from hotspots.i18n import _, format_number, ngettext
from hotspots.ingest.account import list_spans
from hotspots.ingest.placing import Geocodes, Placer, needs_place
from hotspots.ingest.recording import Recording, retell_record
from hotspots.periods import Span
from hotspots.settings import Workspace
from hotspots.spreadsheet import MAX_ROWS, Sheet, write_workbook
from hotspots.store import Store
from hotspots.store.undoing import UndoTransaction

CSV: Final = ".csv"
XLSX: Final = ".xlsx"
_SECRET: Final = schema.NOTE


@dataclass(frozen=True)
class UndoneBatch:
    """What undoing an import did, or would do.

    Attributes
    ----------
    batch_id, source, file
        The import: its number, source and file name.
    withdrawn
        Incidents that only this import told of; they are no longer counted.
    restored
        Incidents that say again what an earlier import, or a later one, told of them.
    kept
        Incidents that stay as they are, because another import says the same.
    stored
        Incidents of the source afterwards.
    source_gone
        No import of the source holds any more, so it is not listed.
    record
        Periods of record of the source afterwards.
    warnings
        Sentences for a reader.
    dry_run
        Nothing was changed; this says what would be.
    """

    batch_id: int
    source: str
    file: str
    withdrawn: int
    restored: int
    kept: int
    stored: int
    source_gone: bool
    record: tuple[Span, ...]
    warnings: tuple[str, ...] = ()
    dry_run: bool = False

    def to_dict(self) -> dict[str, Any]:
        """Return it as values that JSON knows."""
        return {
            "batch": self.batch_id,
            "source": self.source,
            "file": self.file,
            "withdrawn": self.withdrawn,
            "restored": self.restored,
            "kept": self.kept,
            "stored": self.stored,
            "source_gone": self.source_gone,
            "record": [str(span) for span in self.record],
            "warnings": list(self.warnings),
            "dry_run": self.dry_run,
        }

    def lines(self) -> list[str]:
        """Return it as lines to print, in the language in force."""
        title = (
            _("Undoing import {number} ({file}, source {source}) would do this:")
            if self.dry_run
            else _("Import {number} ({file}, source {source}) is undone.")
        )
        lines = [
            title.format(number=self.batch_id, file=printable(self.file), source=self.source),
            ngettext(
                "  {n} incident that only this import told of is taken out.",
                "  {n} incidents that only this import told of are taken out.",
                self.withdrawn,
            ).format(n=format_number(self.withdrawn)),
        ]
        if self.restored:
            lines.append(
                ngettext(
                    "  {n} incident says again what another import told of it.",
                    "  {n} incidents say again what other imports told of them.",
                    self.restored,
                ).format(n=format_number(self.restored))
            )
        if self.kept:
            lines.append(
                ngettext(
                    "  {n} incident stays, because another import says the same.",
                    "  {n} incidents stay, because other imports say the same.",
                    self.kept,
                ).format(n=format_number(self.kept))
            )
        if self.source_gone:
            lines.append(_("  Source {source} is no longer listed.").format(source=self.source))
        else:
            lines.append(
                ngettext(
                    "  The source then holds {n} incident.",
                    "  The source then holds {n} incidents.",
                    self.stored,
                ).format(n=format_number(self.stored))
            )
        if self.record:
            lines.append(_("  Periods of record: {spans}").format(spans=list_spans(self.record)))
        lines += [_("Note: {text}").format(text=printable(text)) for text in self.warnings]
        return lines


class _OnlyTried(Exception):  # noqa: N818
    """Carries a trial's result out of its transaction, which must not be kept."""

    def __init__(self, undone: UndoneBatch) -> None:
        super().__init__()
        self.undone = undone


def undo_batch(
    workspace: Workspace,
    batch_id: int,
    *,
    user: str,
    dry_run: bool = False,
    geocoder: Geocodes | None = None,
) -> UndoneBatch:
    """Undo an import: afterwards the store reads as if its file had never been imported.

    Incidents that only this file told of are taken out; the others say what the imports that still
    hold told of them, in their order. Periods of record are what those imports, and what persons
    set between them, make of them. What a person decided about a place or a pair sleeps with its
    incident, and is valid again when the incident is imported again.

    Parameters
    ----------
    workspace
        Whose import.
    batch_id
        Number of the import.
    user
        Who undoes it.
    dry_run
        Say what would happen and change nothing.
    geocoder
        Looks up places of incidents that get a former text back; None takes the layers in force.

    Returns
    -------
    undone
        All was done in one transaction.

    Raises
    ------
    NotFoundError
        There is no such import.
    ParameterError
        It is undone already, or a later import made by an earlier version of the program hinders.
    StoreError
        No database, or an import is running.
    """
    with Store.open(workspace) as store:
        try:
            with store.undoing(batch_id, user=user) as transaction:
                warnings = _place_again(workspace, transaction, geocoder)
                recording, notes = _set_record(transaction)
                batch = transaction.batch
                undone = UndoneBatch(
                    batch_id=batch_id,
                    source=batch.source_id,
                    file=batch.file_name,
                    withdrawn=transaction.n_withdrawn,
                    restored=transaction.n_restored,
                    kept=transaction.n_kept,
                    stored=transaction.n_stored,
                    source_gone=not transaction.holding,
                    record=recording.record,
                    warnings=(*warnings, *notes),
                    dry_run=dry_run,
                )
                if dry_run:
                    raise _OnlyTried(undone)
                transaction.finish()
        except _OnlyTried as trial:
            return trial.undone
    return undone


def _place_again(
    workspace: Workspace, transaction: UndoTransaction, geocoder: Geocodes | None
) -> list[str]:
    restored = transaction.to_place()
    placer = Placer.of_workspace(workspace, transaction.remembered_places())
    if geocoder is not None:
        placer.open_geocoder = lambda: geocoder
    wanted = restored[needs_place(restored)]
    if len(wanted):
        transaction.place(placer.place(wanted))
    return [placer.problem] if placer.problem else []


def _set_record(transaction: UndoTransaction) -> tuple[Recording, list[str]]:
    """Tell the periods of record and the source's name again, from the imports that hold."""
    source_id = transaction.batch.source_id
    steps = transaction.record_steps()
    stands = Recording(*transaction.records(), "")
    told: Recording | None
    if not transaction.holding:
        told = Recording((), (), "")
    else:
        told = retell_record(steps, days_after=transaction.days_after)
    if told is None:
        return stands, [
            _(
                "the periods of record were left as they are, because an earlier version of the "
                "program did not note what made them; check them"
            )
        ]
    transaction.write_records(confirmed=told.confirmed, inferred=told.inferred)
    held = [step for _number, holds, step in steps if holds]
    if held and all(step is not None for step in held):
        labels = [step.label for step in held if step is not None and step.label]
        citations = [step.citation for step in held if step is not None and step.citation]
        transaction.name_source(
            label=labels[-1] if labels else source_id, citation=citations[-1] if citations else ""
        )
    notes = []
    mine = next(n for n, step in enumerate(steps) if step[0] == transaction.batch.batch_id)
    set_since = any(step is not None and step.set_after is not None for *_b, step in steps[mine:])
    if set_since and told.record:
        notes.append(
            _(
                "A person has set the periods of record since this import; what they set stays. "
                "Check it."
            )
        )
    elif told.inferred and told.inferred != stands.inferred:
        notes.append(
            _(
                "The periods of record were inferred anew from the incidents that are left: check "
                "and confirm them"
            )
        )
    return told, notes


# --- export ------------------------------------------------------------------------------------
def export_batch(
    workspace: Workspace, batch_id: int, path: Path, *, with_notes: bool = False
) -> int:
    """Write the incidents of an import's file as a table.

    Every text is kept from running as a formula: one that would gets an apostrophe before it.

    Parameters
    ----------
    workspace
        Whose import.
    batch_id
        Number of the import; one that is undone can be exported too.
    path
        CSV (UTF-8 with a mark, semicolons) or XLSX, by its ending. An older file is replaced, and
        only once the new one is complete.
    with_notes
        Write the column `note` too, which may hold personal data.

    Returns
    -------
    n_rows
        Incidents written: all that the file held, once each, those stored before too; positions
        in EPSG:5514 [m], as found or decided since.

    Raises
    ------
    NotFoundError
        There is no such import.
    ParameterError
        The ending is neither, or there are more incidents than a sheet has rows.
    SourceError
        The file cannot be written.
    """
    path = Path(path)
    ending = path.suffix.casefold()
    if ending not in {CSV, XLSX}:
        raise ParameterError(
            _("{name}: an export is .csv or .xlsx; give the file one of these endings").format(
                name=path.name
            )
        )
    with Store.open(workspace) as store:
        incidents = store.read_batch_incidents(batch_id)
    if not with_notes:
        incidents = incidents.drop(columns=[_SECRET])
    if ending == XLSX and len(incidents) >= MAX_ROWS:
        raise ParameterError(
            _("{n} incidents do not fit into one sheet; export them as .csv").format(
                n=format_number(len(incidents))
            )
        )
    draft = path.with_name(path.name + ".part")
    try:
        if ending == CSV:
            _write_csv(incidents, draft)
        else:
            write_workbook(draft, [Sheet(f"import {batch_id}", _rows(incidents))])
        draft.replace(path)
    except OSError as error:
        raise SourceError(
            _("{path} cannot be written: {reason}").format(
                path=path, reason=error.strerror or error
            )
        ) from error
    finally:
        draft.unlink(missing_ok=True)
    return len(incidents)


def _rows(incidents: pd.DataFrame) -> Iterator[list[Any]]:
    """Yield the header and the rows, with values that a spreadsheet takes for what they are."""
    columns: list[Iterable[Any]] = []
    for name in incidents.columns:
        values = incidents[name]
        if pd.api.types.is_datetime64_any_dtype(values):
            # Beside strftime, numpy writes them in a tenth of the time.
            wall = values.dt.tz_localize(None).to_numpy().astype("datetime64[s]")
            texts = np.char.replace(np.datetime_as_string(wall, unit="s"), "T", " ")
            texts[np.isnat(wall)] = ""
            columns.append(texts.tolist())
        elif pd.api.types.is_bool_dtype(values):
            columns.append([int(value) for value in values])
        elif pd.api.types.is_numeric_dtype(values):
            columns.append([None if missing else value for value, missing in _marked(values)])
        else:
            # Few texts are distinct; each is made safe once.
            codes, distinct = pd.factorize(values, use_na_sentinel=False)
            safe = [defuse(printable(str(text))) for text in distinct]
            columns.append([safe[code] for code in codes.tolist()])
    yield list(incidents.columns)
    yield from (list(row) for row in zip(*columns, strict=True))


def _marked(values: "pd.Series[Any]") -> Iterable[tuple[Any, bool]]:
    return zip(values.tolist(), values.isna().tolist(), strict=True)


def _write_csv(incidents: pd.DataFrame, path: Path) -> None:
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file, delimiter=";", lineterminator="\r\n")
        for row in _rows(incidents):
            writer.writerow(["" if value is None else value for value in row])
