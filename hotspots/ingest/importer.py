"""A file into the store: every row accounted for, all of it kept or nothing."""

import hashlib
import json
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import shapely

from hotspots import filetypes, layers
from hotspots.errors import SourceError
from hotspots.i18n import _, format_number, ngettext
from hotspots.ingest.account import Account
from hotspots.ingest.batch import CHUNK_ROWS, IncidentReader, SourceInfo
from hotspots.ingest.limits import cut_stated, reject_older
from hotspots.ingest.mapping import Mapping
from hotspots.ingest.offence_table import OffenceTable
from hotspots.ingest.opening import open_reader
from hotspots.ingest.placing import Geocodes, Placer
from hotspots.ingest.points import PointReader
from hotspots.ingest.recording import (
    Recording,
    ignore_silence,
    keep_record,
    renew_inference,
    state_record,
)
from hotspots.ingest.rejects import SUFFIX, Rejects
from hotspots.ingest.remembered import remember_mapping
from hotspots.ingest.sheets import count_rows
from hotspots.ingest.sorting import Sorting
from hotspots.ingest.stepping import Progress, Stepping
from hotspots.periods import Span, merge_spans
from hotspots.settings import Workspace
from hotspots.store import ImportBatch, ImportTransaction, Source, Store
from hotspots.store.reading import StoredIncidents
from hotspots.users import current_user

_NAME_BYTES: Final = 200
# Rows of a file that is slow to read: a person who stops an import should not wait for long.
_SLOW_ROWS: Final = 5_000
_FAST: Final = frozenset({filetypes.CSV, filetypes.ZIP})
_TYPED: Final = "report"  # format of reports of the form: no file that comes again
# What begins or ends a row, and so tells about how many there are.
_MARKS: Final = {filetypes.CSV: b"\n", filetypes.GEOJSON: b'"Feature"'}


def import_file(
    workspace: Workspace,
    path: Path,
    *,
    mapping: Mapping | Path | None = None,
    source: str | None = None,
    record: Sequence[Span] = (),
    types_file: Path | None = None,
    dry_run: bool = False,
    progress: Progress | None = None,
    rejects_path: Path | None = None,
    boundary: Any = None,
    mapping_name: str = "",
    geocoder: Geocodes | None = None,
    user: str = "",
) -> Account:
    """Read a file and store its incidents: all of them, or nothing.

    Parameters
    ----------
    workspace
        Where to.
    path
        Police ČR open data (CSV, GeoJSON, ZIP) or a general point file (CSV, XLSX, GeoPackage,
        GeoJSON).
    mapping
        Column mapping of a general point file, or the TOML file that holds it. It is remembered in
        the workspace, and taken for later files of the source that come without one.
    source
        Id of the source; None takes the mapping's or the format's own.
    record
        Days that the file covers, confirmed by the user; empty takes what mapping or file state,
        else they are inferred from the data. A file that names another municipality than the
        workspace's, or has no incident in the study area though it names the same, states nothing.
    types_file
        Police code list (`types.csv` or `types.json`).
    dry_run
        Account for the file and change nothing.
    progress
        Called after each chunk, and now and then while places are looked up, with the share read,
        0 to 1. It may raise `hotspots.progress.CancelledError`: nothing is stored then. It is not
        called any more once the import is kept.
    rejects_path
        Where rejected rows are listed; None means beside the file, or in the workspace where that
        directory cannot be written.
    boundary
        Study area, shapely geometry in EPSG:5514; None reads the workspace's in force, whatever
        the day of an incident: the account tells of the file as the town is now, while counts
        keep each time's own boundary (`hotspots.placement`). A point on its edge is inside.
    mapping_name
        Name under which the mapping is remembered; empty takes the id of the source.
    geocoder
        Looks up places given in words; None takes the layers in force.
    user
        Who brings it; empty takes the user who runs the program.

    Returns
    -------
    account
        Where every row went.

    Raises
    ------
    SourceError
        The file cannot be read as what it claims to be, or holds no incident at all.
    ParameterError
        The mapping is wrong.
    StoreError
        No database, another import is running, or the disk is full.
    """
    if isinstance(mapping, Path):
        mapping = Mapping.read(mapping)
    reader = open_reader(
        path,
        mapping=mapping,
        source=source,
        types_file=types_file,
        remembered=workspace.mappings,
        offences=OffenceTable.of_workspace(workspace),
        chunk_rows=CHUNK_ROWS if filetypes.detect_format(path) in _FAST else _SLOW_ROWS,
    )
    used = reader.mapping if isinstance(reader, PointReader) else None
    account = import_incidents(
        workspace,
        reader,
        record=record,
        mapping_text="" if used is None else used.to_toml(),
        mapping_name="" if used is None else (mapping_name or reader.source.source_id),
        dry_run=dry_run,
        progress=progress,
        rejects_path=rejects_path,
        boundary=boundary,
        geocoder=geocoder,
        user=user,
    )
    if used is not None and not dry_run:
        try:
            remember_mapping(
                workspace.mappings, used, source=reader.source.source_id, name=mapping_name
            )
        except OSError as error:
            text = _("the mapping could not be remembered: {reason}")
            warning = text.format(reason=error.strerror or error)
            account = replace(account, warnings=(*account.warnings, warning))
    return account


def import_incidents(
    workspace: Workspace,
    reader: IncidentReader,
    *,
    record: Sequence[Span] = (),
    mapping_text: str = "",
    dry_run: bool = False,
    progress: Progress | None = None,
    rejects_path: Path | None = None,
    boundary: Any = None,
    user: str = "",
    mapping_name: str = "",
    geocoder: Geocodes | None = None,
) -> Account:
    """Store what a reader reads; parameters, result and errors are those of `import_file`.

    `user` is who brings it; empty takes the user who runs the program. `geocoder` looks up places
    given in words; None takes the layers in force.
    """
    if boundary is None:
        boundary = layers.read_boundary(workspace)
    shapely.prepare(boundary)
    sha256, n_marks = _fingerprint(reader.path, mark=_MARKS.get(reader.format, b""))
    steps = Stepping(progress, n_marks or _expected_rows(reader))
    with Rejects() as rejects:
        with ExitStack() as stack:
            store = stack.enter_context(Store.open(workspace))
            stored: StoredIncidents
            transaction: ImportTransaction | None = None
            if dry_run:
                stored = stack.enter_context(store.stored(reader.source.source_id))
            else:
                batch = ImportBatch(
                    source_id=reader.source.source_id,
                    file_name=reader.path.name,
                    sha256=sha256,
                    format=reader.format,
                    user_name=user or current_user(),
                    mapping=mapping_text,
                )
                stored = transaction = stack.enter_context(
                    store.import_batch(
                        batch,
                        kind=reader.source.kind,
                        label=_own_label(reader.source),
                        citation=reader.source.citation,
                    )
                )
            _require_kind(stored.source, reader)
            placer = Placer.of_workspace(workspace, stored.remembered_places())
            if geocoder is not None:
                placer.open_geocoder = lambda: geocoder
            placer.open_geocoder = steps.between_texts(placer.open_geocoder)
            typed = reader.format == _TYPED
            sorting = Sorting(stored, transaction, boundary, placer, is_typed=typed)
            limit = stored.limit(sha256)
            for chunk in (reject_older(chunk, limit) for chunk in reader.chunks()):
                sorting.take(chunk)
                rejects.add(chunk.rejected)
                steps.take_rows(chunk.n_rows)
            places = _places_for_rejects(workspace, reader.path, rejects_path)
            _require_incidents(sorting, rejects, reader, [] if dry_run else places)
            municipality = workspace.settings.municipality
            # Days that the user states count all the same: a person vouches for them.
            foreign = not record and _is_foreign(sorting, reader, municipality=municipality)
            record, cut = cut_stated([*record] or [*reader.stated_record], limit)
            recording = _record(sorting, reader, record, municipality=municipality, foreign=foreign)
            n_stored = sorting.n_stored_after()
            account = Account(
                file=reader.path.name,
                source=reader.source.source_id,
                format=reader.format,
                rows_read=sorting.rows_read,
                new=sorting.new,
                unchanged=sorting.unchanged,
                updated=sorting.updated,
                duplicates=sorting.duplicates,
                outside=sorting.outside,
                not_placed=sorting.not_placed,
                rejected=rejects.n_rows,
                n_counted_out=sorting.counted_out,
                n_stored=n_stored,
                record=recording.record,
                record_state=recording.state,
                inferred_record=recording.inferred,
                proposed_record=recording.proposed,
                rejected_rows=tuple(rejects.sample),
                placed_by=dict(sorted(sorting.placed_by.items())),
                waiting=sorting.waiting,
                personal_notes=sorting.personal_notes,
                near_duplicates=sorting.near_duplicates(),
                mapping_name=mapping_name,
                warnings=(
                    *reader.warnings,
                    *sorting.warnings(municipality_named=foreign),
                    *recording.warnings,
                    *cut,
                ),
                dry_run=dry_run,
                batch_id=0 if transaction is None else transaction.batch_id,
            )
            account.check()
            if transaction is not None:
                transaction.write_records(
                    confirmed=recording.confirmed,
                    inferred=recording.inferred,
                    kind=recording.kind,
                    stated=recording.stated,
                )
                account = replace(account, rejects_file=rejects.prepare(places))
            steps.end()  # the last moment to stop: what comes now is kept
            if transaction is not None:
                transaction.finish(json.dumps(account.to_dict(), ensure_ascii=False))
        # Only now is the import kept, so only now may its list stand beside the file.
        if transaction is not None:
            account = replace(account, rejects_file=rejects.publish())
    return account


def _expected_rows(reader: IncidentReader) -> int:
    """Return about how many rows a workbook or GeoPackage holds; 0 where that is not known."""
    mapping = reader.mapping if isinstance(reader, PointReader) else Mapping()
    return count_rows(reader.path, reader.format, mapping.sheet or mapping.layer)


def _own_label(source: SourceInfo) -> str:
    """Return the label that the file states; one that only repeats the id states nothing."""
    return "" if source.label == source.source_id else source.label


def _require_kind(known: Source | None, reader: IncidentReader) -> None:
    if known is not None and known.kind != reader.source.kind:
        raise SourceError(
            _(
                "{file}: source {source} is registered as {known}, but the file says {kind}; "
                "state the kind {known}, or give the file a source of its own"
            ).format(
                file=reader.path.name,
                source=known.source_id,
                known=known.kind,
                kind=reader.source.kind,
            )
        )


def _record(
    sorting: Sorting,
    reader: IncidentReader,
    stated: Sequence[Span],
    *,
    municipality: str,
    foreign: bool,
) -> Recording:
    confirmed, inferred = sorting.stored.records()
    former = Recording(confirmed, inferred, "")
    if foreign:
        return ignore_silence(
            former=former,
            file=reader.path.name,
            stated=reader.municipality or "",
            own=municipality,
        )
    if stated:
        return state_record(
            merge_spans([*stated]),
            former=former,
            file_days=sorting.file_days(),
        )
    if confirmed and not inferred:
        return keep_record(former=former, file_days=sorting.file_days())
    return renew_inference(former=former, all_days=sorting.all_days())


def _is_foreign(sorting: Sorting, reader: IncidentReader, *, municipality: str) -> bool:
    """Return whether a file that names its municipality says nothing about the workspace's."""
    return reader.municipality is not None and (
        reader.municipality != municipality or sorting.all_outside()
    )


def _require_incidents(
    sorting: Sorting, rejects: Rejects, reader: IncidentReader, places: list[Path]
) -> None:
    """Raise `SourceError` where a file held rows and none was an incident."""
    if sorting.rows_read == 0:
        raise SourceError(
            _("{file} holds no rows; nothing was stored").format(file=reader.path.name)
        )
    if rejects.n_rows < sorting.rows_read:
        return
    written = rejects.publish() if places and rejects.prepare(places) else None
    text = ngettext(
        "{file}: the only row was rejected, so nothing was stored: {reason}",
        "{file}: all {n} rows were rejected, so nothing was stored; the commonest reason: {reason}",
        rejects.n_rows,
    ).format(
        file=reader.path.name, n=format_number(rejects.n_rows), reason=rejects.commonest_reason()
    )
    if written is not None:
        text += " " + _("(the rows are listed in {path})").format(path=written)
    raise SourceError(text)


def _places_for_rejects(workspace: Workspace, path: Path, chosen: Path | None) -> list[Path]:
    if chosen is not None:
        return [chosen]
    # No file system takes names of more than 255 bytes, the draft's ending included.
    short = path.name.encode("utf-8", "replace")[:_NAME_BYTES].decode("utf-8", "ignore")
    return [path.with_name(path.name + SUFFIX), workspace.path / (short + SUFFIX)]


def _fingerprint(path: Path, *, mark: bytes) -> tuple[str, int]:
    """Return the file's SHA-256, and how often it holds `mark`; the empty one is not counted."""
    digest = hashlib.sha256()
    n_marks = 0
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
            n_marks += block.count(mark) if mark else 0
    return digest.hexdigest(), n_marks
