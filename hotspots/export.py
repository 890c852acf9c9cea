"""Count tables as files: CSV, XLSX, GeoJSON, GeoPackage, GeoParquet, by the name's ending.

CSV and XLSX hold the long form (`schema.COUNT_COLUMNS`, one row per area and period). The three
geographic formats hold one feature per area with a count per period (`n_2024-03`), empty where
the period has no record; the GeoPackage adds the long form as a table without geometry.
"""

import csv
import json
from collections.abc import Callable
from dataclasses import asdict
from itertools import chain
from pathlib import Path
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow.parquet
import pyogrio
import shapely
from pyogrio.errors import DataSourceError, FeatureError

from hotspots import crs, schema
from hotspots.aggregate import CountTable
from hotspots.analysis.credits import list_citations
from hotspots.analysis.words import span_text
from hotspots.cells import defuse
from hotspots.errors import ParameterError
from hotspots.files import cannot_write, replacing
from hotspots.finding import Finding
from hotspots.i18n import _
from hotspots.spreadsheet import MAX_ROWS, Sheet, write_workbook

DEGREE_DIGITS: Final = 1e-7  # about 1 cm
COUNT_PREFIX: Final = "n_"
AREAS_LAYER: Final = "areas"
COUNTS_LAYER: Final = "counts"
ATTRIBUTION_KEY: Final = "ATTRIBUTION"  # of the metadata of GeoPackage and Parquet


def write_counts(table: CountTable, path: Path, *, finding: Finding | None = None) -> None:
    """Write a count table to a file, whole or not at all.

    Parameters
    ----------
    table
        What to write.
    path
        Its ending chooses the format, upper or lower case:

        ``.csv``
            Long form, UTF-8 with BOM, separated by ``;``, decimal point, ISO dates, empty where
            missing: for programs. Spreadsheets in Czech should open the XLSX instead.
        ``.xlsx``
            Long form on the first sheet, on the second the totals and the finding.
        ``.geojson``
            WGS84 (RFC 7946), one feature per area, counts per period among its properties,
            ``null`` where missing; members ``attribution`` (whom to credit for the geometry),
            ``tally`` and ``finding`` beside the features.
        ``.gpkg``
            EPSG:5514; layer ``areas`` as in GeoJSON, table ``counts`` in long form; the
            attribution is in the metadata of the file.
        ``.parquet``
            GeoParquet in EPSG:5514, one row per area as in GeoJSON; the attribution is in the
            metadata of the schema.

        Every row names the source of its area (`layer_source`), in CSV also that of the boundary.
        An existing file is replaced. In CSV and XLSX a text that a spreadsheet would take for a
        formula gets an apostrophe before it.
    finding
        Printed on the second sheet of XLSX and in GeoJSON; its `boundaries` join the attribution.

    Raises
    ------
    ParameterError
        Unknown ending; the directory is missing; too many rows for XLSX.
    StoreError
        The file cannot be written.
    """
    path = Path(path)
    suffix = path.suffix.lower()
    writer = WRITERS.get(suffix)
    if writer is None:
        raise ParameterError(
            _("'{name}' has no known ending; choose from: {known}").format(
                name=path.name, known=", ".join(WRITERS)
            )
        )
    with replacing(path) as draft:
        try:
            writer(table, draft, finding)
        except (DataSourceError, FeatureError) as error:  # a full disk, as GDAL says it
            raise cannot_write(path, error) from error


def wide_areas(table: CountTable) -> gpd.GeoDataFrame:
    """Return one row per area with its totals and a column of counts per period.

    Returns
    -------
    areas
        n rows in EPSG:5514: the columns of `CountTable.total_by_area`, ``n_<period>`` (Int64,
        <NA> where the period is missing) for each period, `geometry`.
    """
    totals = table.total_by_area()
    periods = {}
    for column, (period, state) in enumerate(zip(table.periods, table.record, strict=True)):
        values = pd.Series(table.counts[:, column], dtype="Int64")
        if state == schema.MISSING:
            values[:] = pd.NA
        periods[f"{COUNT_PREFIX}{period.label}"] = values
    frame = pd.concat([totals, pd.DataFrame(periods)], axis=1)
    return gpd.GeoDataFrame(
        frame, geometry=np.asarray(table.areas.geometry.array, dtype=object), crs=crs.EPSG
    )


def _write_csv(table: CountTable, path: Path, finding: Finding | None) -> None:
    frame = table.to_frame()
    # The file has no other place for the credit of the boundary.
    own = set(list_citations([table.areas]))
    town = [text for text in (finding.boundaries if finding else ()) if text not in own]
    frame[schema.LAYER_SOURCE] = ["; ".join((str(s), *town)) for s in frame[schema.LAYER_SOURCE]]
    for column in frame.columns:
        if pd.api.types.is_string_dtype(frame[column]):
            frame[column] = [defuse(str(value)) for value in frame[column]]
    frame.to_csv(
        path,
        sep=";",
        index=False,
        encoding="utf-8-sig",
        date_format="%Y-%m-%d",
        lineterminator="\r\n",
        quoting=csv.QUOTE_MINIMAL,
    )


def _write_xlsx(table: CountTable, path: Path, finding: Finding | None) -> None:
    frame = table.to_frame()
    if len(frame) >= MAX_ROWS:
        raise ParameterError(
            _(
                "{n} rows are more than an XLSX file can hold; "
                "write .csv or .parquet, or choose longer periods"
            ).format(n=len(frame))
        )
    for column in (schema.PERIOD_FROM, schema.PERIOD_TO):
        frame[column] = frame[column].dt.date
    rows = frame.astype(object).itertuples(index=False, name=None)
    about = Sheet(
        _("Finding"),
        _about(table, finding),
        has_header=False,
        has_labels=True,
        widths=(28, 100),
    )
    write_workbook(path, [Sheet(_("Counts"), chain([frame.columns], rows)), about])


def _about(table: CountTable, finding: Finding | None) -> list[tuple[str, Any]]:
    """Return what a reader needs to trust the numbers, line by line."""
    tally = table.tally
    lines: list[tuple[str, Any]] = []
    if finding is not None:
        lines += [
            (_("Finding"), finding.sentence),
            (_("Totals"), finding.detail),
            (_("Days"), finding.period_text),
            (_("Kind of areas"), finding.area_kind),
            (_("Method"), finding.method),
        ]
        lines += [(_("Source"), source) for source in finding.sources]
        lines += [(_("No record"), span_text(gap)) for gap in finding.gaps]
        lines += [(_("Note"), note) for note in finding.notes]
    lines += [(_("Boundaries"), citation) for citation in _citations(table, finding)]
    lines += [
        (_("Incidents selected"), tally.n_selected),
        (_("in areas"), tally.n_in_areas),
        (_("in the town, in no area"), tally.n_off_areas),
        (_("outside the municipality"), tally.n_outside),
        (_("placed too coarsely for these areas"), tally.n_too_coarse),
        (_("without a position"), tally.n_not_placed),
        (_("off record"), tally.n_off_record),
    ]
    return lines


def _write_geojson(table: CountTable, path: Path, finding: Finding | None) -> None:
    areas = wide_areas(table)
    turned = shapely.orient_polygons(
        shapely.set_precision(
            np.asarray(areas.to_crs(crs.WGS84).geometry.array, dtype=object),
            DEGREE_DIGITS,
            mode="pointwise",
        ),
        exterior_cw=False,
    )
    properties = areas.drop(columns=schema.GEOMETRY).astype(object)
    properties = properties.where(properties.notna(), None)
    begin: dict[str, Any] = {"type": "FeatureCollection", "name": AREAS_LAYER}
    begin["attribution"] = "; ".join(_citations(table, finding))
    if finding is not None:
        begin["finding"] = _finding_member(finding)
    begin["tally"] = asdict(table.tally)
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.write(json.dumps(begin, ensure_ascii=False)[:-1] + ', "features": [')
        rows = properties.to_dict(orient="records")
        for i, (geometry, row) in enumerate(zip(shapely.to_geojson(turned), rows, strict=True)):
            feature = json.dumps(row, ensure_ascii=False, default=_plain, allow_nan=False)
            file.write(
                f'{"," if i else ""}\n{{"type": "Feature", "properties": {feature}, '
                f'"geometry": {geometry or "null"}}}'
            )
        file.write("\n]}\n")


def _finding_member(finding: Finding) -> dict[str, Any]:
    """Return the finding as plain values; the keys do not depend on the language."""
    return {
        "sentence": finding.sentence,
        "detail": finding.detail,
        "from": finding.span.start.isoformat(),
        "to": finding.span.end.isoformat(),
        "method": finding.method,
        "sources": list(finding.sources),
        "boundaries": list(finding.boundaries),
        "gaps": [[gap.start.isoformat(), gap.end.isoformat()] for gap in finding.gaps],
        "notes": list(finding.notes),
        "approximate": finding.approximate,
    }


def _citations(table: CountTable, finding: Finding | None) -> tuple[str, ...]:
    """Return whom to credit for the geometry.

    The areas name their own source; the finding adds that of the boundary at which streets and
    grid cells are cut off.
    """
    own = list_citations([table.areas])
    return tuple(dict.fromkeys((*own, *(finding.boundaries if finding else ()))))


def _plain(value: Any) -> Any:
    """Return a numpy scalar as the Python number it is."""
    return value.item()


def _write_gpkg(table: CountTable, path: Path, finding: Finding | None) -> None:
    path.unlink()
    pyogrio.write_dataframe(wide_areas(table), path, layer=AREAS_LAYER, driver="GPKG")
    counts = table.to_frame()
    for column in (schema.PERIOD_FROM, schema.PERIOD_TO):
        counts[column] = counts[column].dt.strftime("%Y-%m-%d")
    pyogrio.write_dataframe(
        counts,
        path,
        layer=COUNTS_LAYER,
        driver="GPKG",
        append=True,
        dataset_metadata={ATTRIBUTION_KEY: "; ".join(_citations(table, finding))},
    )


def _write_parquet(table: CountTable, path: Path, finding: Finding | None) -> None:
    wide_areas(table).to_parquet(path, index=False, compression="zstd")
    written = pyarrow.parquet.read_table(path)
    credit = {ATTRIBUTION_KEY: "; ".join(_citations(table, finding))}
    credited = written.replace_schema_metadata({**(written.schema.metadata or {}), **credit})
    pyarrow.parquet.write_table(credited, path, compression="zstd")


WRITERS: Final[dict[str, Callable[[CountTable, Path, Finding | None], None]]] = {
    ".csv": _write_csv,
    ".xlsx": _write_xlsx,
    ".geojson": _write_geojson,
    ".gpkg": _write_gpkg,
    ".parquet": _write_parquet,
}
