"""Opening a file: recognised as Police ČR open data, or read through a mapping."""

from pathlib import Path

from hotspots import filetypes
from hotspots.errors import ParameterError, SchemaError
from hotspots.i18n import _
from hotspots.ingest.batch import CHUNK_ROWS, IncidentReader, SourceInfo
from hotspots.ingest.features import FeatureTable
from hotspots.ingest.layer import LayerTable
from hotspots.ingest.mapping import Mapping
from hotspots.ingest.offence_table import OffenceTable
from hotspots.ingest.points import PointReader
from hotspots.ingest.police import PoliceReader, is_police
from hotspots.ingest.police_archive import open_archive
from hotspots.ingest.propose import propose_mapping, slug_of
from hotspots.ingest.remembered import find_mapping, recall_mapping
from hotspots.ingest.table import Table
from hotspots.ingest.text import TextTable
from hotspots.ingest.workbook import WorkbookTable

_DEFAULT_KIND = "other"


class UnknownColumnsError(SchemaError):
    """No mapping says what the columns of a file mean; one can be proposed."""


def open_reader(
    path: Path,
    *,
    mapping: Mapping | None = None,
    source: str | None = None,
    types_file: Path | None = None,
    remembered: Path | None = None,
    offences: OffenceTable | None = None,
    chunk_rows: int = CHUNK_ROWS,
) -> IncidentReader:
    """Open a file of incidents.

    Parameters
    ----------
    path
        CSV, TSV, XLSX, GeoPackage, GeoJSON, or the monthly ZIP of the Police ČR crime map.
    mapping
        What the columns of a general point file mean. Without one only the Police ČR open data
        are understood, by the names of their columns, and files that a remembered mapping fits.
    source
        Id of the source; wins over the mapping's.
    types_file
        Police ČR code list (`types.csv` or `types.json`); by default the one beside the file or
        in the ZIP, else a built-in copy.
    remembered
        Directory of the mappings of earlier imports. Where no mapping is given, the one of
        `source` is taken, else the only one whose columns the file has; the reader says so.
    offences
        What offences mean where the mapping does not say it; None takes the table that comes with
        the program.
    chunk_rows
        Rows handed on at a time, above zero.

    Returns
    -------
    reader
        Nothing but the first rows has been read yet; `reader.chunks()` reads the rest and may
        still raise `SourceError` where the file turns out damaged.

    Raises
    ------
    SourceError
        The file is missing, empty, binary, damaged or too large.
    SchemaError
        Its columns are not understood, or the mapping names one it has not.
    CRSError
        A layer without a coordinate system.
    ParameterError
        No source is named, or an argument breaks its rule.
    """
    path = Path(path)
    if chunk_rows < 1:
        raise ParameterError(_("chunk_rows must be above zero, got {n}").format(n=chunk_rows))
    file_format = filetypes.detect_format(path)
    if file_format == filetypes.ZIP:
        if mapping is not None:
            raise ParameterError(
                _("{name}: a mapping applies to a single file; unpack the archive first").format(
                    name=path.name
                )
            )
        return open_archive(path, source=source, types_file=types_file, chunk_rows=chunk_rows)
    recalled = None
    if mapping is None and remembered is not None and source is not None:
        recalled = recall_mapping(remembered, source)
    table = open_table(path, file_format, mapping or recalled or Mapping())
    if mapping is None:
        if is_police(table):
            return PoliceReader(
                path,
                table,
                file_format=file_format,
                source=source,
                types_file=types_file,
                chunk_rows=chunk_rows,
            )
        if recalled is None and remembered is not None and source is None:
            recalled = find_mapping(remembered, table)
        if recalled is None:
            raise UnknownColumnsError(_unknown_columns(path, table, source))
        mapping = recalled
        table = open_table(path, file_format, mapping)
        table.warnings.append(
            _(
                "the mapping remembered for source {source} was used; to use another, choose it "
                "for this import"
            ).format(source=mapping.source)
        )
    return PointReader(
        path,
        table,
        mapping,
        _make_source(mapping, source),
        file_format=file_format,
        chunk_rows=chunk_rows,
        offences=offences,
    )


def open_table(path: Path, file_format: str, mapping: Mapping) -> Table:
    """Open a file as raw rows, the way the mapping's [file] table says."""
    if file_format == filetypes.CSV:
        return TextTable(path, delimiter=mapping.delimiter, encoding=mapping.encoding)
    if file_format == filetypes.XLSX:
        return WorkbookTable(path, sheet=mapping.sheet)
    if file_format == filetypes.GPKG:
        return LayerTable(path, layer=mapping.layer)
    return FeatureTable(path)


def _make_source(mapping: Mapping, source: str | None) -> SourceInfo:
    source_id = source or mapping.source
    if not source_id:
        fault = ParameterError(
            _("the source is not named: choose it, or write it at the top of the mapping")
        )
        fault.about = "source"
        raise fault
    return SourceInfo(
        source_id,
        mapping.kind or _DEFAULT_KIND,
        mapping.label or source_id,
        mapping.citation,
    )


def _unknown_columns(path: Path, table: Table, source: str | None) -> str:
    return _(
        "{name} is not the open data of the Police ČR, and no mapping says what its columns mean. "
        "Columns: {columns}.\nSave this as a TOML file, edit it and give it as the mapping:\n\n"
        "{proposal}"
    ).format(
        name=path.name,
        columns=", ".join(table.columns),
        proposal=propose_mapping(
            table.columns, source=source or slug_of(path), has_geometry=table.has_geometry
        ),
    )
